/** What two-phase commit can be told. `correct` is the protocol as it should be; a bug changes some of it. */
import type { Offer } from './offers.ts';

/** Rules of the protocol that a node can be made to break, one at a time; bugs.ts says what each means. */
export type Mistake =
  | 'unilateral-abort'
  | 'unilateral-commit'
  | 'prepare-not-durable'
  | 'decision-not-logged'
  | 'commit-before-all-votes'
  | 'early-lock-release'
  | 'forgets-prepared-on-restart'
  | 'lost-decision-presumed-commit'
  | 'ends-before-acknowledged'
  | 'votes-yes-when-unknown'
  | 'no-read-locks';

export interface CommitConfig {
  readonly offer: Offer;
  /** How often a node looks at what is open. The following are numbers of such looks. */
  readonly tickMs: number;
  /** How long a coordinator waits for the steps to be carried out, locks included, before it aborts. */
  readonly executionTicks: number;
  /** How long a coordinator waits for votes before it aborts. */
  readonly votingTicks: number;
  /** How long a participant keeps locks for a transaction on which it has not voted, before it aborts alone. */
  readonly unvotedTicks: number;
  /** How often a participant that has voted yes asks for the decision, and a coordinator repeats a commit. */
  readonly repeatTicks: number;
  /** How often a transaction that was wounded is tried again. */
  readonly attemptsMax: number;
  /** A checkpoint is taken after so many records, or as many as there are transactions remembered, if those are more. */
  readonly checkpointRecords: number;
  /** So many transactions are remembered when they are over. */
  readonly verdictsMax: number;
  readonly mistake: Mistake | null;
}

export const correct = (offer: Offer): CommitConfig => ({
  offer,
  tickMs: 100,
  executionTicks: 10,
  votingTicks: 5,
  unvotedTicks: 20,
  repeatTicks: 5,
  attemptsMax: 20,
  checkpointRecords: 1000,
  verdictsMax: 100_000,
  mistake: null,
});
