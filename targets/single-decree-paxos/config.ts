/**
 * What single-decree Paxos can be told. `correct` is the protocol as Lamport describes it; a bug changes some of it.
 */

/** Rules of the protocol that a node can be made to break, one at a time; bugs.ts says what each means. */
export type Mistake =
  | 'forgets-promise'
  | 'forgets-acceptance'
  | 'forgets-ballot'
  | 'replies-before-sync'
  | 'ignores-accepted-value'
  | 'highest-by-arrival'
  | 'accepts-below-promise'
  | 'reused-ballot'
  | 'minority-quorum'
  | 'skips-phase-1'
  | 'learns-from-one'
  | 'learns-from-report'
  | 'learns-alone';

export interface SingleDecreeConfig {
  /** Both included. A proposer that no quorum has answered asks again, in the same ballot, after so long. */
  readonly repeatMinMs: number;
  readonly repeatMaxMs: number;
  /** Both included. A proposer that met a higher ballot waits so long before it tries one that is higher still. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** The longest wait doubles with each ballot that was in vain, so many times at most. */
  readonly backoffDoublingsMax: number;
  /** Requests that wait are looked at this often. */
  readonly lookMs: number;
  /** After so many looks, a request that certainly had no effect fails: temporarily unavailable. */
  readonly unavailableAfterLooks: number;
  /** After so many looks, nothing more is done for a request; its client has long given up. */
  readonly forgottenAfterLooks: number;
  readonly mistake: Mistake | null;
}

export const correct: SingleDecreeConfig = {
  repeatMinMs: 100,
  repeatMaxMs: 200,
  backoffMinMs: 10,
  backoffMaxMs: 60,
  backoffDoublingsMax: 4,
  lookMs: 250,
  unavailableAfterLooks: 4,
  forgottenAfterLooks: 40,
  mistake: null,
};
