/** What three-phase commit can be told. `correct` is the protocol as it should be; a bug changes some of it. */

/** Rules of the protocol that a node can be made to break, one at a time; bugs.ts says what each means. */
export type Mistake =
  | 'no-precommit'
  | 'recovers-by-abort'
  | 'wait-not-durable'
  | 'precommit-aborts'
  | 'commits-from-wait';

/**
 * Who does not answer in time has failed: that is what the protocol rests on. In the simulator a message takes up to 30 ms, a sync up to 60 ms,
 * and a message may have to wait for the sync that is under way and for its own: so a question is answered within 300 ms, the
 * sender's own disk included.
 */
export interface ThreePhaseConfig {
  /** How often a node looks at what is open. The following are numbers of such looks. */
  readonly tickMs: number;
  /** Who has not answered whoever leads by then has failed. */
  readonly answerTicks: number;
  /** Who has not heard from whoever leads by then takes over: longer than that one waits for answers, and a message to come. */
  readonly silenceTicks: number;
  /** The same where somebody else has taken over, who waits for answers twice. */
  readonly terminationTicks: number;
  /** How often a site that has recovered asks what became of a transaction. */
  readonly inquireTicks: number;
  /** A checkpoint is taken after so many records, or as many as there are decisions, if those are more. */
  readonly checkpointRecords: number;
  /** So many transactions are remembered when they are over; beyond that, those that some site may still ask for. */
  readonly decidedMax: number;
  /** So many are forgotten at once. */
  readonly forgetAtOnce: number;
  readonly mistake: Mistake | null;
}

export const correct: ThreePhaseConfig = {
  tickMs: 50,
  answerTicks: 8,
  silenceTicks: 16,
  terminationTicks: 26,
  inquireTicks: 6,
  checkpointRecords: 1000,
  decidedMax: 100_000,
  forgetAtOnce: 1000,
  mistake: null,
};
