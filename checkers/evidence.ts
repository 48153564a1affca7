/** The evidence a linearizability verdict carries: JSON, drawn by reports, printed by the terminal. */
import type { Value } from '../history/value.ts';
import type { Verdict } from './checker.ts';

export interface LinearizableVerdict extends Verdict {
  /** Independent objects checked. */
  readonly keys: number;
  readonly ops: number;
  /** Objects whose history is not linearizable, the earliest first; at most ten. */
  readonly failures: readonly KeyFailure[];
  /** Objects that the budget did not suffice for. */
  readonly undecided: readonly { readonly key: Value; readonly reason: string }[];
}

export interface KeyFailure {
  /** null where the workload has a single object. */
  readonly key: Value;
  /** Index of the line by which the op completed that could not be linearized. */
  readonly completion: number;
  /** Indexes of the invocation lines of a minimal sub-history that is not linearizable either. */
  readonly minimal: readonly number[];
  /**
   * What to show to people: invocation lines, ascending, of the few ops that contradict each other even if each of the others
   * happened any number of times, or never, within its own time; and of the last ops that may have left the values that
   * they saw. Unlike `minimal` it names the write whose value a stale read returned. Absent where it was too costly to find.
   */
  readonly conflict?: readonly number[];
  /** Invocation lines of the longest linearizable prefix found, in the order of linearization; the last 100 at most. */
  readonly prefix: readonly number[];
  /** What the object could have been just before, and why each possibility dies: at most twenty. */
  readonly configurations: readonly {
    readonly state: string;
    /** Invocation lines of ops that were pending and not yet linearized. */
    readonly pending: readonly number[];
    readonly whyDead: string;
  }[];
  /** Sentences for people, the contradiction last. */
  readonly story: readonly string[];
}
