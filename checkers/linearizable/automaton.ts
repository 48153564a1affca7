/** What the search knows of an object: states and ops as small integers, and a step from one state to the next. */

/** A call that constrains nothing, whatever the others do: the search leaves it out. */
export const UNCONSTRAINED = -1;

/** The object cannot do this op in this state. */
export const ILLEGAL = -1;

/** States and ops are integers from 0; equal ops (same f, input, and result, and process where it matters) have one number. */
export interface Automaton {
  readonly initial: number;
  /** How many different ops there are. */
  readonly ops: number;
  /** The state after `op`, or ILLEGAL. Pure. Not asked of ops that are `branching`. */
  step(state: number, op: number): number;
  /** Whether `op` may leave one of several states. Absent: none does. */
  branching?(op: number): boolean;
  /** All states that a branching op may leave, each once; none where it is illegal. Pure. */
  branches?(state: number, op: number): readonly number[];
  /** Whether `op` changes no state in any state in which it is legal (not merely in the present one). */
  readOnly(op: number): boolean;
  /** Whether `op` is legal in every state, whatever it leaves, and shows nothing of the state (a write, an enqueue). */
  total(op: number): boolean;
  /** Whether `op` is total, and leaves one state whatever there was before (a write): what it follows at once is never seen. */
  overwrites(op: number): boolean;
  /** For people. */
  describe(state: number): string;
}

/** To the end of the history. */
export const ALWAYS = 0x7fffffff;

/** The calls on one object, as the search sees them. */
export interface Problem {
  readonly automaton: Automaton;
  /** Op of each call, or UNCONSTRAINED. */
  readonly op: Int32Array;
  /**
   * Of each op the position of the last event at which what it leaves may still be looked at, or ALWAYS. After it a
   * crashed op can be taken out of any order that it is in.
   */
  readonly matters: Int32Array;
  /** Invocations and returns in order: twice the number of the call, plus 1 for a return. A call without return has crashed. */
  readonly events: Int32Array;
}
