import type { NodeSystem } from '../../protocol/system.ts';
import { bugs } from './bugs.ts';
import { invariants } from './invariants.ts';
import type { RaftBody } from './messages.ts';
import { type RaftConfig, type RaftDescription, RaftNode } from './raft.ts';

/** Raft, replicating a state machine chosen by the service. */
export const raft: NodeSystem<RaftNode, RaftConfig, RaftBody, RaftDescription> = {
  name: 'raft',
  summary: 'Raft: a replicated log with elections, snapshots, client sessions, and reads by ReadIndex',
  sources: ['Diego Ongaro, Consensus: Bridging Theory and Practice, Stanford University, 2014'],
  services: ['register'],
  defaultWorkload: 'register',
  configure: () => ({
    machine: 'register',
    electionTimeoutMsMin: 150,
    electionTimeoutMsMax: 300,
    heartbeatMs: 50,
    entriesPerMessageMax: 64,
    snapshotEvery: 200,
    snapshotTail: 50,
    preVote: true,
    checkQuorum: true,
    mistakes: {},
  }),
  create: (boot) => new RaftNode(boot),
  step: (node, event) => node.step(event),
  describe: (node) => node,
  bugs,
  invariants,
  promises: [
    { property: 'linearizable', under: 'all', except: 'faults that lose or change what was synced to disk' },
    { property: 'recovery', under: 'all', except: 'faults that lose or change what was synced to disk' },
  ],
  marks: {
    'election-won': 'a candidate became leader',
    'pre-vote-refused': 'a node refused to back an election that could not be won or was not needed (§9.6)',
    'stepped-down-without-quorum': 'a leader gave up because no majority answered it (§6.2)',
    'log-truncated': "a follower dropped entries that conflicted with the leader's (§3.5)",
    'snapshot-taken': 'a node replaced the applied part of its log by a snapshot (§5.1)',
    'snapshot-sent': 'a leader sent its snapshot to a follower whose next entry it no longer had (§5.3)',
    'snapshot-installed': 'a follower installed a snapshot in place of its log (§5.3)',
    'command-deduplicated': 'a retried command was recognised and not applied again (§6.3)',
    'read-index': 'a leader served a read after confirming that it still led (§6.4)',
  },
};
