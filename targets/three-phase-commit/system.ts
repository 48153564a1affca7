/** Three-phase commit as a NodeSystem. */
import type { NodeSystem } from '../../protocol/system.ts';
import { agreement } from '../two-phase-commit/invariants.ts';
import { bugs } from './bugs.ts';
import { correct, type ThreePhaseConfig } from './config.ts';
import type { ThreePhaseBody } from './messages.ts';
import { ThreePhaseCommit, type ThreePhaseDescription } from './three-phase-commit.ts';

const except = 'delays above its timeouts, and faults that lose or change what was synced to disk';

export const threePhaseCommit: NodeSystem<ThreePhaseCommit, ThreePhaseConfig, ThreePhaseBody, ThreePhaseDescription> = {
  name: 'three-phase-commit',
  summary: 'Three-phase commit: never blocked by crashes, and wrong under partitions, as its author says.',
  sources: [
    'Dale Skeen: Nonblocking Commit Protocols (SIGMOD, 1981)',
    'Philip Bernstein, Vassos Hadzilacos, Nathan Goodman: Concurrency Control and Recovery in Database Systems (1987), section 7.5',
  ],
  services: ['atomic-commit'],
  defaultWorkload: 'atomic-commit',
  configure(service) {
    if (service !== 'atomic-commit') {
      throw new RangeError(`three-phase-commit offers the service atomic-commit, not ${service}`);
    }
    return correct;
  },
  create: (boot) => new ThreePhaseCommit(boot),
  step: (node, event) => node.step(event),
  describe: (node) => node,
  bugs,
  invariants: agreement,
  promises: [
    { property: 'atomic-commitment', under: ['kill', 'bump'], except },
    { property: 'invariants', under: ['kill', 'bump'], except },
    { property: 'recovery', under: 'all', except },
  ],
  marks: {
    'voted-no': 'A site voted no.',
    'vote-missing': 'A coordinator aborted because a vote did not come in time.',
    'acknowledgement-missing': 'Whoever led committed without the sites that had failed.',
    'took-over': 'A site that heard nothing any more took over as coordinator.',
    'terminated-by-commit': 'A new coordinator found a site in precommit, and brought the others there.',
    'aborted-before-vote': 'A site was asked about a transaction that it knew nothing of, and aborted it.',
    recovering: 'A site that restarted found a transaction on its log of which it did not know the decision.',
    'decided-after-total-failure': 'All sites had failed, and decided together when all were back.',
    forgotten: 'A site forgot the oldest decisions, when every site had said that it needs them no more.',
    'checkpoint-taken': 'A node replaced its log by a checkpoint.',
  },
};
