/**
 * The dependencies between transactions that append to lists and read them (Alvaro and Kingsbury 2020, section 4.2), from the orders of
 * versions. The reason of an edge is a micro-op: of ww and rw the append that came later, of wr the read, and of rw into a
 * junction the read that came first.
 *
 * What was appended and never read comes after the longest read of its key: that holds all that were there before. If the transaction
 * happened: where its completion does not say so, that is known from reads of what else it wrote, which may have been
 * reads of what never was committed.
 */
import { int32Column } from '../columns.ts';
import { BY_COMMITTED_READS, GraphBuilder, ONWARD, RW, WR, WW } from '../graph.ts';
import { ABORTED, APPEND, COMMITTED, READ, type Transactions } from '../transactions.ts';
import { type AppendIndex, NOBODY } from './append-index.ts';
import { UNPLACED, type VersionOrders } from './version-orders.ts';

/** From so many pairs of readers and appenders on, a junction stands between them. */
const pairsMax = 16;

/**
 * The graph without any order in time. A key to which an element was appended twice has no edges. Linear in the micro-ops.
 */
export function dependenciesOf(
  transactions: Transactions,
  appends: AppendIndex,
  { start, writer, place, deviates, repeats }: VersionOrders,
): GraphBuilder {
  const { microOps, keys, fate, length } = transactions;
  const { kind, key, value, size, transaction } = microOps;
  const builder = new GraphBuilder(length);
  const mayHaveHappened = (m: number): boolean => m !== NOBODY && fate[transaction[m]!] !== ABORTED;

  // A state of a key is a version, or that before the first: state start[k] + k is the first of key k.
  const readerStart = int32Column(start[keys.length]! + keys.length + 1);
  const stateRead = (m: number): number => {
    if (kind[m] !== READ || size[m]! < 0 || appends.ambiguous.has(key[m]!)) return UNPLACED;
    if (deviates?.[m] !== 1 && repeats[key[m]!] === 0) return start[key[m]!]! + key[m]! + size[m]!;
    const last = appends.find(key[m]!, value[m]!);
    return last === NOBODY || place[last] === UNPLACED ? UNPLACED : place[last]! + key[m]! + 1;
  };
  for (let m = 0; m < microOps.length; m++) {
    const state = stateRead(m);
    if (state !== UNPLACED) readerStart[state + 1]!++;
  }
  for (let state = 0; state + 1 < readerStart.length; state++) readerStart[state + 1]! += readerStart[state]!;
  const readers = int32Column(readerStart[readerStart.length - 1]!);
  const free = readerStart.slice();
  for (let m = 0; m < microOps.length; m++) {
    const state = stateRead(m);
    if (state !== UNPLACED) readers[free[state]!++] = m;
  }

  for (let m = 0; m < microOps.length; m++) {
    if (kind[m] !== READ || size[m]! <= 0 || appends.ambiguous.has(key[m]!)) continue;
    const last = appends.find(key[m]!, value[m]!);
    if (mayHaveHappened(last)) builder.add(transaction[last]!, transaction[m]!, WR, m);
  }

  const unplaced = unplacedByKey(transactions, place);
  for (let k = 0; k < keys.length; k++) {
    if (appends.ambiguous.has(k)) continue;
    for (let at = start[k]!; at < start[k + 1]!; at++) {
      const m = writer[at]!;
      if (!mayHaveHappened(m)) continue;
      const before = at === start[k] ? NOBODY : writer[at - 1]!;
      if (mayHaveHappened(before)) builder.add(transaction[before]!, transaction[m]!, WW, m);
      for (let i = readerStart[at + k]!; i < readerStart[at + k + 1]!; i++) {
        builder.add(transaction[readers[i]!]!, transaction[m]!, RW, m);
      }
    }
    const later = unplaced.get(k);
    if (later === undefined) continue;
    const before = start[k] === start[k + 1] ? NOBODY : writer[start[k + 1]! - 1]!;
    if (mayHaveHappened(before)) {
      for (const m of later) {
        const isSure = fate[transaction[m]!] === COMMITTED;
        builder.add(transaction[before]!, transaction[m]!, isSure ? WW : WW | BY_COMMITTED_READS, m);
      }
    }
    const lastState = start[k + 1]! + k;
    const lastReaders = readers.subarray(readerStart[lastState]!, readerStart[lastState + 1]!);
    if (lastReaders.length * later.length <= Math.max(pairsMax, lastReaders.length + later.length)) {
      for (const reader of lastReaders) {
        for (const m of later) builder.add(transaction[reader]!, transaction[m]!, RW, m);
      }
    } else {
      const own = onlyCommon(transaction, lastReaders, later);
      const junction = builder.junction();
      for (const reader of lastReaders) {
        if (transaction[reader] !== own) builder.add(transaction[reader]!, junction, RW, reader);
        else for (const m of later) builder.add(own, transaction[m]!, RW, m);
      }
      for (const m of later) builder.add(junction, transaction[m]!, ONWARD);
    }
  }
  return builder;
}

/**
 * The transaction that has micro-ops of both kinds, where there is just one; else -1. Over a junction it would seem to precede itself; where there
 * are several, they do, over each other.
 */
function onlyCommon(transaction: Int32Array, readers: Int32Array, appends: readonly number[]): number {
  const appending = new Set(appends.map((m) => transaction[m]!));
  const common = new Set<number>();
  for (const reader of readers) if (appending.has(transaction[reader]!)) common.add(transaction[reader]!);
  const [first] = common;
  return common.size === 1 ? first! : -1;
}

/** The appends that may have happened and that no longest read has, by key. */
function unplacedByKey({ microOps, fate }: Transactions, place: Int32Array): Map<number, number[]> {
  const byKey = new Map<number, number[]>();
  for (let m = 0; m < microOps.length; m++) {
    if (microOps.kind[m] !== APPEND || place[m] !== UNPLACED || fate[microOps.transaction[m]!] === ABORTED) continue;
    const key = microOps.key[m]!;
    const others = byKey.get(key);
    if (others === undefined) byKey.set(key, [m]);
    else others.push(m);
  }
  return byKey;
}
