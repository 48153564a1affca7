/** What `ftest check` judges a history by: what was done, and what that is held to. */
import type { Verdict } from '../checkers/checker.ts';
import type { ModelOptions } from '../checkers/linearizable/models/model.ts';
import type { History } from '../history/history.ts';

/** How far to go, and whom to tell. */
export interface Effort {
  readonly observeFailedCas: boolean;
  /** What the searches may look at: configurations for each object, or edges between transactions; the checker's own bound where absent. */
  readonly budget?: number;
  readonly workers?: number;
  /** Whether an order of the ops is to be given where there is one. */
  readonly linearization: boolean;
  /** Told now and then how much has been done, in whatever unit. */
  readonly onProgress: (done: number, total: number) => void;
  /** Asked now and then; once true, what is not decided stays undecided. */
  readonly isOverdue: () => boolean;
}

/** What is known of the objects and of the registers of transactions, beyond what the ops say. */
export interface Given {
  readonly objects: ModelOptions;
  readonly transactions: {
    readonly sequentialKeys?: boolean;
    readonly linearizableKeys?: boolean;
    readonly writesFollowReads?: boolean;
    readonly inference?: boolean;
  };
}

/** A workload whose histories can be judged. */
export interface JudgedWorkload {
  readonly name: string;
  /** Single objects; transactions on several keys; or what one of Jepsen's other checkers is made for. */
  readonly kind: 'object' | 'transactions' | 'classic';
  readonly summary: string;
  readonly fs: readonly string[];
  /** The models that it can be held to; none where it says itself what must hold. */
  readonly models: readonly string[];
  /** Refuses what is given of other workloads by a BadInput. Without models, it is held to the strongest one. */
  judge(models: readonly string[], given: Given): Judge;
}

export interface Judge {
  readonly workload: string;
  /** What it is held to; null where the workload says all. */
  readonly model: string | null;
  /** After "checked for". */
  readonly property: string;
  /** After what violates it, as "key 7". */
  readonly breach: string;
  /** Whether it heeds which op of one process came before which of another. */
  readonly realTime: boolean;
  /** The ops that it knows. */
  readonly fs: readonly string[];
  /** Throws a ModelMismatch for an op that it does not know. */
  check(history: History, effort: Effort): Verdict | Promise<Verdict>;
  /** What an invalid verdict found, and which models that rules out. */
  ruledOut(verdict: Verdict): RuledOut;
}

export interface RuledOut {
  /** Elle's names, where it has one. */
  readonly anomalies: readonly string[];
  /** The weakest models that do not hold; then all that are stronger. */
  readonly not: readonly string[];
  readonly alsoNot: readonly string[];
}
