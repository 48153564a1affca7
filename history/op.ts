/** The words of a history: one Op is one line. Jepsen's, everywhere. */
import type { Value } from './value.ts';

/**
 * - `invoke`: a process begins an op.
 * - `ok`: it happened.
 * - `fail`: it certainly did not happen.
 * - `info`: it may or may not have happened, now or at any later time. For the nemesis: both ways.
 */
export type OpType = 'invoke' | 'ok' | 'fail' | 'info';

/** A client is a number, single-threaded; after an `info` its successor is process + concurrency. */
export type Process = number | 'nemesis';

export interface Op {
  /** Position in the history, from 0, without gaps. Order is the order of lines. */
  readonly index: number;
  /** Nanoseconds since the run began; for display only. */
  readonly time: number;
  readonly process: Process;
  readonly type: OpType;
  readonly f: string;
  /** The independent object, where the workload has several. */
  readonly key?: Value;
  readonly value: Value;
  readonly error?: Value;
  /** The node that was asked. */
  readonly node?: string;
}
