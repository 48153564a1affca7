/** What a Multi-Paxos can be told. `correct` is the protocol as its authors describe it; a bug changes some of it. */
import type { StateMachine } from '../machines/machine.ts';

/** Rules of the protocol that a node can be made to break, one at a time; bugs.ts says what each means. */
export type Mistake =
  | 'forgets-promise'
  | 'ignores-accepted-value'
  | 'highest-by-arrival'
  | 'accepts-below-promise'
  | 'reused-ballot'
  | 'minority-quorum'
  | 'learns-from-one'
  | 'gap-skipped';

/**
 * How the leader answers queries. Only `confirm` is linearizable: it asks a quorum whether its ballot still holds.
 * `lease` trusts the wall clock; with `leader-state` whoever takes itself for the leader answers at once.
 */
export type Reads = 'confirm' | 'lease' | 'leader-state';

export interface PaxosConfig {
  readonly machine: StateMachine;
  /** Both included. A node that hears from no leader for so long begins phase 1. */
  readonly leaderTimeoutMinMs: number;
  readonly leaderTimeoutMaxMs: number;
  /** Both included. A proposer that met a higher ballot waits so long before it tries a higher one itself. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** How long a leader is silent at most. */
  readonly heartbeatMs: number;
  readonly maxPValuesPerMessage: number;
  /** A snapshot is taken when this many slots have been applied since the last. */
  readonly snapshotThreshold: number;
  /** So many slots before a snapshot are kept in memory, for followers that lag a little. */
  readonly snapshotTail: number;
  /** Clients whose last command and reply are remembered. */
  readonly sessionsMax: number;
  /** Unanswered requests are looked at this often; those that have waited longer than this are sent again. */
  readonly retryMs: number;
  /** After so many looks, a request that certainly had no effect fails: temporarily unavailable. */
  readonly unavailableAfterRetries: number;
  /** After so many looks, nothing more is done for a request; its client has long given up. */
  readonly forgottenAfterRetries: number;
  /** Who has heard from a leader within the minimum timeout promises nothing to others. */
  readonly leaderStickiness: boolean;
  /** A leader that no quorum answers for a whole timeout steps down. */
  readonly checkQuorum: boolean;
  readonly reads: Reads;
  readonly mistake: Mistake | null;
}

export const correct = (machine: StateMachine): PaxosConfig => ({
  machine,
  leaderTimeoutMinMs: 150,
  leaderTimeoutMaxMs: 300,
  backoffMinMs: 10,
  backoffMaxMs: 60,
  heartbeatMs: 50,
  maxPValuesPerMessage: 64,
  snapshotThreshold: 200,
  snapshotTail: 20,
  sessionsMax: 1000,
  retryMs: 250,
  unavailableAfterRetries: 4,
  forgottenAfterRetries: 40,
  leaderStickiness: true,
  checkQuorum: true,
  reads: 'confirm',
  mistake: null,
});
