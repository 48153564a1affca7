/** The orders that transactions are in apart from what they read and wrote: that of each process, and that of real time. */
import { int32Column } from './columns.ts';
import { type Graph, type Order, PROCESS, REALTIME } from './graph.ts';
import { COMMITTED, type Transactions } from './transactions.ts';
import type { WantedOrder } from './verdict.ts';

/**
 * Real time: a transaction that returned precedes all that were invoked on later lines, those included that nobody knows
 * whether they happened. What has not returned precedes nothing: it may take effect at any later time. Linear.
 */
export function realTimeOrder({ length, invocation, completion, fate }: Transactions): Order {
  const sequence = int32Column(length);
  const after = int32Column(length).fill(length);
  const lines = completion.length === 0 ? 0 : Math.max(invocation[length - 1]!, maxOf(completion)) + 1;
  const completes = int32Column(lines).fill(-1);
  for (let t = 0; t < length; t++) {
    sequence[t] = t;
    if (fate[t] === COMMITTED) completes[completion[t]!] = t;
  }
  for (let line = 0, invoked = 0; line < lines; line++) {
    if (invoked < length && invocation[invoked] === line) invoked++;
    if (completes[line]! >= 0) after[completes[line]!] = invoked;
  }
  return { kind: REALTIME, sequence, place: sequence, after, end: int32Column(length).fill(length) };
}

function maxOf(column: Int32Array): number {
  let max = -1;
  for (const value of column) if (value > max) max = value;
  return max;
}

/**
 * The order of each process: a transaction that returned precedes all that its process invoked later. Real time has all of
 * this. Linear but for a sort.
 */
export function processOrder({ length, process, fate }: Transactions): Order {
  const sequence = int32Column(length);
  for (let t = 0; t < length; t++) sequence[t] = t;
  sequence.sort((a, b) => process[a]! - process[b]! || a - b);
  const place = int32Column(length);
  const after = int32Column(length);
  const end = int32Column(length);
  for (let laneStart = 0; laneStart < length; ) {
    let laneEnd = laneStart + 1;
    while (laneEnd < length && process[sequence[laneEnd]!] === process[sequence[laneStart]!]) laneEnd++;
    for (let p = laneStart; p < laneEnd; p++) {
      const t = sequence[p]!;
      place[t] = p;
      after[t] = fate[t] === COMMITTED ? p + 1 : laneEnd;
      end[t] = laneEnd;
    }
    laneStart = laneEnd;
  }
  return { kind: PROCESS, sequence, place, after, end };
}

/** The order in time that cycles may need; undefined where none is wanted. */
export function orderOf(transactions: Transactions, wanted: WantedOrder): Order | undefined {
  if (wanted === undefined) return undefined;
  return wanted === 'realtime' ? realTimeOrder(transactions) : processOrder(transactions);
}

/** Whether any transaction precedes another. */
export const hasSteps = ({ kind, order }: Graph): boolean =>
  kind.length > 0 || (order?.after.some((after, transaction) => after < order.end[transaction]!) ?? false);
