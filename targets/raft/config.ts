/** What a Raft can be told. `correct` is the protocol as its author describes it; a bug changes some of it. */
import type { StateMachine } from '../machines/machine.ts';

/** Rules of the protocol that a node can be made to break, one at a time; bugs.ts says what each means. */
export type Mistake =
  | 'no-log-check'
  | 'commit-old-term'
  | 'forgets-vote'
  | 'ack-before-sync'
  | 'split-vote-double'
  | 'no-truncate'
  | 'snapshot-loses-tail'
  | 'read-index-before-noop'
  | 'duplicate-apply'
  | 'minority-quorum'
  | 'commit-beyond-match'
  | 'truncate-without-conflict';

/**
 * How queries are answered. Only `read-index` (§6.4) is linearizable. `lease` (§6.4.1) trusts the wall clock; with
 * `leader-state` whoever takes itself for the leader answers from what it has applied, with `any-state` everybody does.
 */
export type Reads = 'read-index' | 'lease' | 'leader-state' | 'any-state';

export interface RaftConfig {
  readonly machine: StateMachine;
  /** Both included. A follower that hears from no leader for so long asks for votes. */
  readonly electionTimeoutMinMs: number;
  readonly electionTimeoutMaxMs: number;
  /** How long a leader is silent at most. */
  readonly heartbeatMs: number;
  readonly maxEntriesPerMessage: number;
  /** Whether entries leave as soon as they are there, and not only with the next heartbeat. */
  readonly sendsAtOnce: boolean;
  /** A snapshot is taken when this many entries have been applied since the last. */
  readonly snapshotThreshold: number;
  /** So many entries before a snapshot stay in the log, for followers that lag a little. */
  readonly snapshotTail: number;
  /** Clients whose last command and reply are remembered. */
  readonly sessionsMax: number;
  /** Unanswered requests are looked at this often; those that have waited longer than this are sent again. */
  readonly retryMs: number;
  /** After so many looks, a request that certainly had no effect fails: temporarily unavailable. */
  readonly unavailableAfterRetries: number;
  /** After so many looks, nothing more is done for a request; its client has long given up. */
  readonly forgottenAfterRetries: number;
  /** §9.6: ask whether an election could be won before disturbing anybody with a new term. */
  readonly preVote: boolean;
  /** §4.2.3: who has heard from a leader within the minimum election timeout helps nobody to depose it. */
  readonly leaderStickiness: boolean;
  /** §6.2: a leader that a majority does not answer for an election timeout steps down. */
  readonly checkQuorum: boolean;
  /** §6.4: a leader's first entry is one without a command, which commits all those before it. */
  readonly noOp: boolean;
  readonly reads: Reads;
  readonly mistake: Mistake | null;
}

export const correct = (machine: StateMachine): RaftConfig => ({
  machine,
  electionTimeoutMinMs: 150,
  electionTimeoutMaxMs: 300,
  heartbeatMs: 50,
  maxEntriesPerMessage: 64,
  sendsAtOnce: true,
  snapshotThreshold: 200,
  snapshotTail: 20,
  sessionsMax: 1000,
  retryMs: 250,
  unavailableAfterRetries: 4,
  forgottenAfterRetries: 40,
  preVote: true,
  leaderStickiness: true,
  checkQuorum: true,
  noOp: true,
  reads: 'read-index',
  mistake: null,
});
