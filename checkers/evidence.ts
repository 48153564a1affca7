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
  /** Of each object that is linearizable an order that shows it, where it was asked for. */
  readonly linearizations?: readonly Linearization[];
}

/** An order of the ops on one object in which each does what it did. */
export interface Linearization {
  /** null where the workload has a single object. */
  readonly key: Value;
  /** Invocation lines in the order of linearization. Crashed ops that never happened are not among them. */
  readonly order: readonly number[];
  /** What the object holds after each of them. */
  readonly states: readonly string[];
}

export interface KeyFailure {
  /** null where the workload has a single object. */
  readonly key: Value;
  /** Index of the line by which the op completed that could not be linearized. */
  readonly completion: number;
  /**
   * Indexes of the invocation lines of a sub-history that is not linearizable either, while it is without any one of its ops.
   * Empty where it was too costly to find.
   */
  readonly minimal: readonly number[];
  /**
   * What to show to people: invocation lines, ascending, of the few ops that contradict each other whatever became of the
   * others near them (see conflictOf), and of the last ops that may have left the values that they saw. Unlike
   * `minimal` it names the write whose value a stale read returned. Absent where it was too costly to find, or is no handful.
   */
  readonly conflict?: readonly number[];
  /**
   * First and last line of the smallest stretch of the history found that shows it: whatever came before, where that can be
   * summed up (see CallsUntil); else the stretch of the ops that contradict each other, by what they alone say.
   */
  readonly window: Stretch;
  /**
   * What `prefix`, `configurations`, and `paths` are of: the whole history up to `completion`; the window, before which the object
   * may have held whatever any op could have left; or a few of the calls, taken as a history of their own.
   */
  readonly basis: 'history' | 'window' | 'core';
  /** Invocation lines of the longest linearizable prefix found, in the order of linearization; the last 100 at most. */
  readonly prefix: readonly number[];
  /** What the object could have been just before, and why each possibility dies: at most twenty. */
  readonly configurations: readonly {
    readonly state: string;
    /** Invocation lines of ops that were pending and not yet linearized. */
    readonly pending: readonly number[];
    readonly whyDead: string;
  }[];
  /** The longest partial linearizations, the longest first, each once: at most twenty. */
  readonly paths: readonly Path[];
  /** Sentences for people, the contradiction last. */
  readonly story: readonly string[];
}

/** Lines of a history, both included. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** A partial linearization, and the op that cannot come next. */
export interface Path {
  /** Steps before the first one given; of longer paths only the last hundred steps are. */
  readonly skipped: number;
  /** What the object holds before the first step given. */
  readonly start: string;
  /** Invocation line of each op in order, and what the object holds after it. */
  readonly steps: readonly { readonly op: number; readonly state: string }[];
  /** Invocation line of the op that cannot be placed, and why. */
  readonly dies: { readonly op: number; readonly why: string };
}
