/** The evidence a verdict on transactions carries: JSON, drawn by reports, printed by the terminal. */
import type { Json } from '../../history/value.ts';
import type { Verdict } from '../checker.ts';

export interface TransactionalVerdict extends Verdict {
  /** What was asked for. */
  readonly models: readonly string[];
  readonly transactions: number;
  /** Anomalies found that the models asked for do not have, sorted; and `empty-transaction-graph` where nothing depends on anything. */
  readonly anomalies: readonly string[];
  /** Anomalies found that they may have, sorted. */
  readonly otherAnomalies: readonly string[];
  /** The weakest models that are ruled out; none where the verdict is valid. */
  readonly not: readonly string[];
  /** All stronger ones, which are ruled out with them. */
  readonly alsoNot: readonly string[];
  /** Anomalies that the models asked for do not have, of which the budget left it open whether they are there. */
  readonly undecided: readonly string[];
  /** By the name of an anomaly, also of those that are allowed, a few cases of it. */
  readonly evidence: Readonly<Record<string, readonly Evidence[]>>;
}

export interface Evidence {
  /** Invocation lines of the transactions that matter. The story calls the first T1, the second T2, and so on. */
  readonly ops: readonly number[];
  /**
   * Invocation lines, ascending, of a history that is as bad by itself: the ops, and the reads that show orders of versions.
   * What others appended is garbage there.
   */
  readonly minimal: readonly number[];
  /** Sentences for people, the contradiction last. */
  readonly story: readonly string[];
  /** The key that it is about, where it is about one. */
  readonly key?: Json;
  /** Of a cycle: its steps, the last of which leads back to the first op; of a very long one the first and the last. */
  readonly steps?: readonly StepEvidence[];
  /** Of a cycle: how many transactions it has. */
  readonly length?: number;
  /** Of a cycle: whether no shorter one of its class goes through its component. */
  readonly shortest?: boolean;
  /** Of incompatible orders: two reads neither of which is how the other begins. */
  readonly reads?: readonly ReadEvidence[];
}

/** Why one transaction precedes another. */
export interface StepEvidence {
  /** Invocation lines. */
  readonly from: number;
  readonly to: number;
  readonly kind: StepKind;
  /** Where the dependency holds only if the order of a process, or real time, is kept. */
  readonly restsOn?: 'process' | 'realtime';
  /** `T1 < T2, because T2 read 5, which T1 appended to key 3` */
  readonly because: string;
  readonly key?: Json;
}

export type StepKind = 'ww' | 'wr' | 'rw' | 'process' | 'realtime';

export interface ReadEvidence {
  /** Line of the invocation. */
  readonly op: number;
  /** A hundred elements at most. */
  readonly value: Json;
  /** How many elements were left out before these, where the list is longer. */
  readonly from?: number;
}
