/** Lists of transactions: what clients ask of a database. */
import fc from 'fast-check';
import type { Value } from '../history/value.ts';
import { manyOf, severalOf } from './lists.ts';
import { happensIn } from './timeline.ts';

/** `list-append`: each write appends an element to a list. `rw-register`: each write replaces the value of a register. */
export type TransactionWorkload = 'list-append' | 'rw-register';

/** `["append", key, element]`, `["w", key, value]`, or `["r", key, null]`. */
export type MicroOp = readonly ['append' | 'w' | 'r', string, Value];

export type Transaction = readonly MicroOp[];

export interface TransactionShape {
  readonly workload: TransactionWorkload;
  /** Default 12. */
  readonly transactionsMax?: number;
  /** Keys in use at a time, from 1 to 30. Default 3. */
  readonly keyCount?: number;
  /** `exponential`, as in Elle's generators: each key is used twice as often as the next one. Default `uniform`. */
  readonly keyDistribution?: 'uniform' | 'exponential';
  /** A key that was written so often is replaced by a fresh one. Default 32. */
  readonly writesPerKeyMax?: number;
  /** Micro-ops of a transaction, both included. Default 1 to 4. */
  readonly lengthMin?: number;
  readonly lengthMax?: number;
  /** How many of a hundred micro-ops are reads. Default 50. */
  readonly readPercent?: number;
}

/** A micro-op that does not yet know which key it has: one of the keys in use. */
export interface MicroOpShape {
  readonly slot: number;
  readonly writes: boolean;
}

/**
 * Lists of transactions with distinct values: the writes of a key write 1, 2, 3, and so on, in the order of the list. Keys are called
 * `x`, `y`, `z`, `a`, `b`, and so on. Shrinks to fewer transactions, fewer micro-ops, and reads of `x`. Linear in the micro-ops.
 */
export const transactions = (shape: TransactionShape): fc.Arbitrary<Transaction[]> =>
  manyOf(microOpsOf(shape), shape.transactionsMax ?? transactionsMaxDefault).map((shapes) => numbered(shapes, shape));

export const transactionsMaxDefault = 12;

const keyCountMax = 30;

/** The micro-ops of one transaction, each as `microOp` makes it of its shape. */
export function microOpsOf(shape: TransactionShape): fc.Arbitrary<MicroOpShape[]> {
  const { lengthMin = 1, lengthMax = 4, readPercent = 50 } = shape;
  const microOp = fc.record({ slot: slots(shape), writes: happensIn(100 - readPercent) });
  return severalOf(microOp, lengthMin, lengthMax);
}

function slots({ keyCount = 3, keyDistribution = 'uniform' }: TransactionShape): fc.Arbitrary<number> {
  if (!Number.isInteger(keyCount) || keyCount < 1 || keyCount > keyCountMax) {
    throw new RangeError(`keyCount should be a whole number from 1 to ${keyCountMax}, but is ${keyCount}`);
  }
  if (keyDistribution === 'uniform') return fc.nat({ max: keyCount - 1 });
  const shares = 2 ** keyCount - 1;
  return fc.nat({ max: shares - 1 }).map((drawn) => keyCount - 32 + Math.clz32(shares - drawn));
}

/** With their keys and values. */
export function numbered(
  shapes: readonly (readonly MicroOpShape[])[],
  { workload, keyCount = 3, writesPerKeyMax = 32 }: TransactionShape,
): Transaction[] {
  const write = workload === 'list-append' ? 'append' : 'w';
  const inUse = Array.from({ length: keyCount }, (_, slot) => ({ key: slot, written: 0 }));
  let keys = keyCount;
  return shapes.map((microOps) =>
    microOps.map(({ slot, writes }): MicroOp => {
      const of = inUse[slot]!;
      if (!writes) return ['r', nameOfKey(of.key), null];
      if (of.written === writesPerKeyMax) {
        of.key = keys++;
        of.written = 0;
      }
      return [write, nameOfKey(of.key), ++of.written];
    }),
  );
}

const letters = 'xyzabcdefghijklmnopqrstuvw';

/** `x` to `w`, then `x1` to `w1`, and so on. */
function nameOfKey(number: number): string {
  const round = Math.floor(number / letters.length);
  return `${letters[number % letters.length]!}${round === 0 ? '' : round}`;
}
