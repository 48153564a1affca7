/**
 * The classic mistakes of Paxos. Where another safeguard would hide a mistake, or where it would hardly ever matter, its
 * configuration also takes that safeguard away or sets a parameter; the summary says so.
 */
import type { Bug } from '../../protocol/system.ts';
import type { PaxosConfig } from './config.ts';

const simple = 'Lamport 2001 (Paxos Made Simple)';
const live = 'Chandra, Griesemer, and Redstone 2007 (Paxos Made Live)';
const moderate = 'van Renesse and Altinbuken 2015 (Paxos Made Moderately Complex)';

/** Every timeout becomes a phase 1, and several nodes begin one at once. */
const contested = { leaderStickiness: false, leaderTimeoutMaxMs: 160 };

export const bugs: readonly Bug<PaxosConfig>[] = [
  {
    name: 'forgets-promise',
    summary:
      'Promises are kept in memory only: a node that restarts accepts what it had promised not to, and may use a ballot of its own again; contested ballots, without check-quorum.',
    source: `${simple}, §2.5; ${live}, §5.1`,
    config: { mistake: 'forgets-promise', checkQuorum: false, ...contested },
  },
  {
    name: 'ignores-accepted-value',
    summary: 'A new leader proposes its own commands where acceptors have reported values.',
    source: `${simple}, §2.2 (P2c)`,
    config: { mistake: 'ignores-accepted-value' },
  },
  {
    name: 'highest-by-arrival',
    summary:
      'Of the values that acceptors report for a slot, a new leader takes the last that arrives, not the one with the highest ballot; contested ballots.',
    source: `${simple}, §2.2 (phase 2a)`,
    config: { mistake: 'highest-by-arrival', ...contested },
  },
  {
    name: 'accepts-below-promise',
    summary: 'An acceptor accepts proposals whose ballots are below its promise.',
    source: `${simple}, §2.2 (P1a)`,
    config: { mistake: 'accepts-below-promise' },
  },
  {
    name: 'reused-ballot',
    summary: 'Ballots are rounds without a node, so that two proposers can have one in common; contested ballots.',
    source: `${simple}, §2.5; ${moderate}, §2.2`,
    config: { mistake: 'reused-ballot', ...contested },
  },
  {
    name: 'minority-quorum',
    summary: 'Half of the nodes, less than a majority, are a quorum in both phases.',
    source: `${simple}, §2.2`,
    config: { mistake: 'minority-quorum' },
  },
  {
    name: 'learns-from-one',
    summary: 'A leader takes a value for chosen when one acceptor has accepted it.',
    source: `${simple}, §2.3`,
    config: { mistake: 'learns-from-one' },
  },
  {
    name: 'gap-skipped',
    summary: 'Slots that are empty when a later one is chosen are skipped, by a new leader and by those that apply.',
    source: `${simple}, §3; ${moderate}, §2.1`,
    config: { mistake: 'gap-skipped' },
  },
  {
    name: 'stale-lease-read',
    summary:
      'Reads are answered under a lease that is measured on the wall clock, without a bound on its drift; without check-quorum.',
    source: `${live}, §5.2`,
    config: { reads: 'lease', checkQuorum: false },
  },
  {
    name: 'quorum-read-without-confirm',
    summary:
      'A leader answers reads from its own state because a quorum once promised, without asking it again; without check-quorum.',
    source: `${live}, §5.2; ${moderate}, §4`,
    config: { reads: 'leader-state', checkQuorum: false },
  },
];
