/** What the nodes say to each other, and what they write down. Types, not interfaces: all of it must be JSON. */
import type { Body } from '../../protocol/message.ts';
import type { Scalar } from '../machines/requests.ts';
import type { Decision } from '../two-phase-commit/messages.ts';

/** The states of a site that has voted yes and does not know the decision. Before its vote it is in `initial`. */
export type Undecided = 'wait' | 'precommit';

export type VoteRequest = {
  readonly type: 'vote-request';
  readonly tx: string;
  /** The name under which a client may ask for the transaction. */
  readonly name: Scalar;
  /** Nodes that are to vote no. */
  readonly against: readonly string[];
};

export type Vote = { readonly type: 'vote'; readonly tx: string; readonly vote: 'yes' | 'no' };

export type Precommit = { readonly type: 'precommit'; readonly tx: string };

export type Acknowledge = { readonly type: 'acknowledge'; readonly tx: string };

export type Decide = { readonly type: 'decide'; readonly tx: string; readonly decision: Decision };

/** A site's message to itself, which waits for its disk: from now on its decision is there to stay. */
export type DecisionDurable = { readonly type: 'decision-durable'; readonly tx: string; readonly decision: Decision };

/** A site that takes over asks for the state of every operational site. */
export type Poll = { readonly type: 'poll'; readonly tx: string };

export type State = { readonly type: 'state'; readonly tx: string; readonly state: Undecided };

/** A site that has recovered asks what became of the transaction. */
export type Inquire = { readonly type: 'inquire'; readonly tx: string };

/** The answer of a site that has recovered as well, and does not know either. */
export type Standing = { readonly type: 'standing'; readonly tx: string; readonly state: Undecided };

/** By coordinator and incarnation, the number of a transaction of theirs. */
export type Numbers = readonly (readonly [life: string, number: number])[];

/** A site would forget how transactions up to these were decided. Is any of them still open at the other? */
export type MayForget = { readonly type: 'may-forget'; readonly batch: string; readonly upTo: Numbers };

/** None of them is. */
export type Forgettable = { readonly type: 'forgettable'; readonly batch: string };

export type ThreePhaseMessage =
  | VoteRequest
  | Vote
  | Precommit
  | Acknowledge
  | Decide
  | DecisionDurable
  | Poll
  | State
  | Inquire
  | Standing
  | MayForget
  | Forgettable;

/** Everything else comes from clients, or goes to them. */
export type ThreePhaseBody = ThreePhaseMessage | (Body & { readonly type: string });

/** A change of state: the last one counts. */
export type StateRecord = { readonly tx: string; readonly name: Scalar | null; readonly state: Undecided };

/** The end of a transaction, as this site knows it. Who voted no, or was never asked, has aborted. */
export type DecisionRecord = {
  readonly tx: string;
  readonly name: Scalar | null;
  readonly vote: 'yes' | 'no' | null;
  readonly decision: Decision;
};

export type LogRecord = StateRecord | DecisionRecord;

/** What the log up to the record before `next` comes to. */
export type Checkpoint = {
  readonly next: number;
  readonly undecided: readonly StateRecord[];
  readonly decided: readonly DecisionRecord[];
  /** The highest that were forgotten. */
  readonly forgotten: Numbers;
};
