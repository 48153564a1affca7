/** What the nodes say to each other, and what they write down. Types, not interfaces: all of it must be JSON. */
import type { Body, Json } from '../../protocol/message.ts';
import type { Reply } from '../machines/machine.ts';
import type { Scalar } from '../machines/requests.ts';
import type { Step } from './steps.ts';

export type Decision = 'commit' | 'abort';

/** How old a transaction is, for wound-wait: it keeps its age when it is tried again. Of two of one `clock` the lesser `id` is older. */
export type Age = { readonly clock: number; readonly id: string };

/** Take the locks, carry the steps out, and say what they gave. */
export type Execute = {
  readonly type: 'execute';
  readonly tx: string;
  readonly age: Age;
  /** The name under which a client may ask for the transaction. */
  readonly name: Scalar | null;
  readonly steps: readonly Step[];
  /** Nobody else takes part and nothing is written: what was read is the whole transaction, and no lock is kept. */
  readonly isWhole: boolean;
};

export type Executed = {
  readonly type: 'executed';
  readonly tx: string;
  /** The participant's incarnation and a counter: should it carry the steps out again, that is another execution. */
  readonly execution: string;
  readonly results: readonly Json[];
};

/** The steps cannot be done, for a reason that is the client's to know. */
export type Refused = { readonly type: 'refused'; readonly tx: string; readonly reply: Reply };

/** An older transaction took the locks. */
export type Wounded = { readonly type: 'wounded'; readonly tx: string };

/** Will you commit what this execution of the steps gave? */
export type Prepare = { readonly type: 'prepare'; readonly tx: string; readonly execution: string };

/** `read-only` is a yes of a participant that has nothing to write, and need not know the decision. */
export type Vote = { readonly type: 'vote'; readonly tx: string; readonly vote: 'yes' | 'no' | 'read-only' };

export type Decide = { readonly type: 'decide'; readonly tx: string; readonly decision: Decision };

/** The commit is on the participant's disk: the coordinator may forget. */
export type Acknowledge = { readonly type: 'acknowledge'; readonly tx: string };

/** What became of the transaction? */
export type Inquire = { readonly type: 'inquire'; readonly tx: string };

export type CommitMessage = Execute | Executed | Refused | Wounded | Prepare | Vote | Decide | Acknowledge | Inquire;

/** Everything else comes from clients, or goes to them. */
export type CommitBody = CommitMessage | (Body & { readonly type: string });

/** A participant has voted yes, and can still do either: what it would write, and the locks it holds. */
export type Prepared = {
  readonly type: 'prepared';
  readonly tx: string;
  readonly coordinator: string;
  readonly age: Age;
  readonly name: Scalar | null;
  readonly reads: readonly Scalar[];
  readonly writes: readonly (readonly [key: Scalar, value: Json])[];
  /** Keys that it has locked for writing, also those that it did not write in the end. */
  readonly locked: readonly Scalar[];
};

/** What a participant was told. */
export type Decided = { readonly type: 'decided'; readonly tx: string; readonly decision: Decision };

/** The coordinator's decision. Aborts are presumed, and not written. */
export type Committing = { readonly type: 'committing'; readonly tx: string; readonly participants: readonly string[] };

/** All participants have the commit on disk. */
export type Ended = { readonly type: 'ended'; readonly tx: string };

export type LogRecord = Prepared | Decided | Committing | Ended;

/** What a participant knows of a transaction it has voted on. */
export type Verdict = {
  readonly tx: string;
  readonly name: Scalar | null;
  readonly vote: 'yes' | 'no';
  readonly decision: Decision;
};

/** What the log up to the record before `next` comes to. */
export type Checkpoint = {
  readonly next: number;
  readonly contents: readonly (readonly [key: Scalar, value: Json])[];
  readonly prepared: readonly Prepared[];
  readonly committing: readonly Committing[];
  readonly verdicts: readonly Verdict[];
};
