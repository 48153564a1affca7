/** Raft as a NodeSystem. */
import type { NodeSystem } from '../../protocol/system.ts';
import { machineFor, machines } from '../machines/index.ts';
import { replicatedPromises } from '../machines/promises.ts';
import { bugs } from './bugs.ts';
import { correct, type RaftConfig } from './config.ts';
import { invariants } from './invariants.ts';
import type { RaftBody } from './messages.ts';
import { Raft, type RaftDescription } from './raft.ts';

export const raft: NodeSystem<Raft, RaftConfig, RaftBody, RaftDescription> = {
  name: 'raft',
  summary: 'Raft: a replicated log with elections, snapshots, client sessions, and linearizable reads by ReadIndex.',
  sources: [
    'Diego Ongaro: Consensus: Bridging Theory and Practice (Stanford University, 2014)',
    'Diego Ongaro, John Ousterhout: In Search of an Understandable Consensus Algorithm (USENIX ATC 2014)',
  ],
  services: [...machines.keys()],
  defaultWorkload: 'register',
  configure: (service) => correct(machineFor('raft', service)),
  create: (boot) => new Raft(boot),
  step: (node, event) => node.step(event),
  describe: (node) => node,
  bugs,
  invariants,
  promises: replicatedPromises,
  marks: {
    'election-won': 'A candidate became leader (§3.4).',
    'split-vote': 'A candidate neither won nor lost its election in time, and stood again (§3.4).',
    'pre-vote-refused': 'A node refused to back an election that was not needed, or not to be won (§9.6).',
    'stepped-down-check-quorum': 'A leader that no majority answered stepped down (§6.2).',
    'backed-up': "A leader went back in a follower's log to where the two agree (§3.5).",
    'log-truncated': "A follower removed entries that conflicted with the leader's (§3.5).",
    'snapshot-taken': 'A node replaced a prefix of its log by a snapshot (§5.1).',
    'snapshot-installed': "A follower took over the leader's snapshot (§5.3).",
    'read-index': 'A leader began a round of heartbeats to confirm reads (§6.4).',
    'request-retried': 'A node sent a request to the leader again, having had no answer.',
    'command-deduplicated': 'A command that had been applied came again, and was not applied again (§6.3).',
    unavailable: 'A request that certainly had no effect was given up: no leader, or no answer to a read.',
  },
};
