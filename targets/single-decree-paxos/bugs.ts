/** The classic mistakes of Paxos for a single value, each by the rule of Paxos Made Simple that it breaks. */
import type { Bug } from '../../protocol/system.ts';
import type { SingleDecreeConfig } from './config.ts';

const simple = 'Lamport 2001 (Paxos Made Simple)';

export const bugs: readonly Bug<SingleDecreeConfig>[] = [
  {
    name: 'forgets-promise',
    summary:
      'Promises are kept in memory only: an acceptor that restarts accepts what it had promised not to, and its proposer may use a ballot again.',
    source: `${simple}, §2.2 and §2.5`,
    config: { mistake: 'forgets-promise' },
  },
  {
    name: 'forgets-acceptance',
    summary: 'Acceptances are kept in memory only: an acceptor that restarts has accepted nothing.',
    source: `${simple}, §2.2 and §2.5`,
    config: { mistake: 'forgets-acceptance' },
  },
  {
    name: 'forgets-ballot',
    summary:
      'A proposer does not write down the ballot that it is about to use, and may use it again, for another value, when it has restarted.',
    source: `${simple}, §2.5`,
    config: { mistake: 'forgets-ballot' },
  },
  {
    name: 'replies-before-sync',
    summary: 'An acceptor sends its response, and writes it down afterwards.',
    source: `${simple}, §2.5`,
    config: { mistake: 'replies-before-sync' },
  },
  {
    name: 'ignores-accepted-value',
    summary: 'A proposer proposes its own value where acceptors have reported one.',
    source: `${simple}, §2.2 (P2c)`,
    config: { mistake: 'ignores-accepted-value' },
  },
  {
    name: 'highest-by-arrival',
    summary:
      'Of the proposals that acceptors report, a proposer takes the last that arrives, not the one with the highest ballot.',
    source: `${simple}, §2.2 (phase 2a)`,
    config: { mistake: 'highest-by-arrival' },
  },
  {
    name: 'accepts-below-promise',
    summary: 'An acceptor accepts proposals whose ballots are below its promise.',
    source: `${simple}, §2.2 (P1a)`,
    config: { mistake: 'accepts-below-promise' },
  },
  {
    name: 'reused-ballot',
    summary: 'Ballots are rounds without a node, so that two proposers can have one in common.',
    source: `${simple}, §2.5`,
    config: { mistake: 'reused-ballot' },
  },
  {
    name: 'minority-quorum',
    summary: 'Half of the nodes, less than a majority, are a quorum in both phases.',
    source: `${simple}, §2.2`,
    config: { mistake: 'minority-quorum' },
  },
  {
    name: 'skips-phase-1',
    summary:
      'A proposer that was preempted in phase 2 proposes its value again in a higher ballot without asking acceptors first.',
    source: `${simple}, §2.2 (P2c)`,
    config: { mistake: 'skips-phase-1' },
  },
  {
    name: 'learns-from-one',
    summary: 'A proposer takes its value for chosen when one acceptor has accepted it.',
    source: `${simple}, §2.3`,
    config: { mistake: 'learns-from-one' },
  },
  {
    name: 'learns-from-report',
    summary:
      'A proposer takes what acceptors report for chosen, without having a majority accept it in its own ballot.',
    source: `${simple}, §2.3`,
    config: { mistake: 'learns-from-report' },
  },
  {
    name: 'learns-alone',
    summary: 'Who is asked for the decision and knows of none says that there is none, without asking anybody.',
    source: `${simple}, §2.3`,
    config: { mistake: 'learns-alone' },
  },
];
