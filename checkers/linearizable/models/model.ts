/** Models: what an object may do when it is used by one process at a time. Each turns the calls on an object into an Automaton. */
import type { Value } from '../../../history/value.ts';
import type { Problem } from '../automaton.ts';
import type { Calls } from '../calls.ts';
import type { Rules } from '../rules.ts';

/** What may be said of an object beyond its kind. */
export interface ModelOptions {
  /** What it holds before anything happens. */
  readonly initial?: Value;
  /** A read of nil says nothing, as in the models of Knossos. */
  readonly nilReadIsUnknown?: boolean;
}

export interface Model {
  readonly name: string;
  /** One line, for lists. */
  readonly summary: string;
  /** Those that it was made with: with them and its name another thread makes it again (createModel). Absent on users' own. */
  readonly options?: ModelOptions;
  /** Whether what an object holds at first is not given, but inferred from its calls: of fewer of them, less is known. */
  readonly infersInitial?: boolean;
  /** The words of its ops. */
  readonly fs: readonly string[];
  readonly words: Words;
  /**
   * The automaton for these calls, and no others.
   *
   * @throws ModelMismatch where a call is none that the model knows
   */
  compile(calls: Calls, rules?: Rules): Problem;
  /**
   * Objects within this one that can be judged apart (P-compositionality: Horn and Kroening 2015), each the numbers of its calls,
   * ascending; undefined where it is one.
   */
  parts?(calls: Calls): readonly (readonly number[])[] | undefined;
  /** The answer in polynomial time, where these calls allow it; undefined where they do not, or some call is none that the model knows. */
  decide?(calls: Calls): Decision | undefined;
}

/** An answer found without a search. */
export type Decision =
  | { readonly linearizable: true /** An order that shows it. */; order?(): ArrayLike<number> }
  | {
      readonly linearizable: false;
      /** Numbers of calls, ascending, that are not linearizable as a history of their own; as few as are easily found. */
      readonly core: readonly number[];
    };

/** Calls in words, for stories. */
export interface Words {
  /** After a possessive: `write of 5`, in "process 3's write of 5". */
  noun(calls: Calls, call: number): string;
  /** After a subject: `wrote 5`, in "process 3 wrote 5". Of a call that returned or was refused. */
  past(calls: Calls, call: number): string;
  /** The value that the object must hold for the call to happen as it did; undefined where it does not look, or was refused. */
  expects?(calls: Calls, call: number): Value | undefined;
  /** The value that the call leaves, if it happens; undefined where it leaves all as it is. */
  leaves?(calls: Calls, call: number): Value | undefined;
  /** A sentence that shows by counting alone that these calls are impossible; undefined where counting does not. */
  tally?(calls: Calls): string | undefined;
}

/** A call that the model does not know. */
export class ModelMismatch extends Error {
  override readonly name = 'ModelMismatch';
  /** Position of its invocation in the history. */
  readonly index: number;

  constructor(index: number, message: string) {
    super(message);
    this.index = index;
  }
}
