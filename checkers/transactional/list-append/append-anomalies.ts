/**
 * What is wrong with what transactions read, apart from cycles (Alvaro and Kingsbury 2020, sections 4.3 and 5). Only reads of
 * transactions that certainly happened count.
 */

import { formatValue, type Json, toJson, type Value, valueKey, valuesEqual } from '../../../history/value.ts';
import { int32Column, uint8Column } from '../columns.ts';
import { linesOf } from '../cycle-evidence.ts';
import type { Evidence } from '../evidence.ts';
import { ABORTED, APPEND, COMMITTED, INDETERMINATE, listRead, READ, type Transactions } from '../transactions.ts';
import { type AppendIndex, NOBODY } from './append-index.ts';
import { UNPLACED, type VersionOrders } from './version-orders.ts';

/** Of each anomaly so many cases are shown, the first ones. */
const casesMax = 8;

/** Of two reads that differ so many elements are shown, around the first difference. */
const elementsMax = 100;

type Found = Map<string, Evidence[]>;

/** Linear in the elements of all reads, but for a sort of strings where reads deviate from each other. */
export function appendAnomalies(transactions: Transactions, appends: AppendIndex, orders: VersionOrders): Found {
  const found: Found = new Map();
  const search = new Search(transactions, appends, orders, found);
  search.reads();
  search.withinTransactions();
  search.ownOrders();
  search.dirtyUpdates();
  search.lostUpdates();
  return found;
}

class Search {
  private readonly transactions: Transactions;
  private readonly appends: AppendIndex;
  private readonly orders: VersionOrders;
  private readonly found: Found;
  /** Of each micro-op, the one before it on the same key in the same transaction; -1 where there is none. */
  private readonly previous: Int32Array;
  /** Of each append, whether its transaction appended to the key again. */
  private readonly isIntermediate: Uint8Array;

  constructor(transactions: Transactions, appends: AppendIndex, orders: VersionOrders, found: Found) {
    this.transactions = transactions;
    this.appends = appends;
    this.orders = orders;
    this.found = found;
    const { length, kind, key, transaction } = transactions.microOps;
    this.previous = int32Column(length).fill(-1);
    this.isIntermediate = uint8Column(length);
    const last = int32Column(transactions.keys.length).fill(-1);
    const lastAppend = int32Column(transactions.keys.length).fill(-1);
    for (let m = 0; m < length; m++) {
      const before = last[key[m]!]!;
      if (before >= 0 && transaction[before] === transaction[m]) this.previous[m] = before;
      last[key[m]!] = m;
      if (kind[m] !== APPEND) continue;
      const append = lastAppend[key[m]!]!;
      if (append >= 0 && transaction[append] === transaction[m]) this.isIntermediate[append] = 1;
      lastAppend[key[m]!] = m;
    }
  }

  /** G1a, G1b, garbage-read, duplicate-elements, incompatible-order. */
  reads(): void {
    const { transactions, appends, orders } = this;
    const { microOps } = transactions;
    const shownKeys = new Set<number>();
    for (let m = 0; m < microOps.length; m++) {
      const size = microOps.size[m]!;
      if (microOps.kind[m] !== READ || size <= 0) continue;
      const k = microOps.key[m]!;
      const last = appends.find(k, microOps.value[m]!);
      if (last !== NOBODY && this.isIntermediate[last] === 1 && !this.isOwn(last, m) && !appends.ambiguous.has(k)) {
        this.note('G1b', () => this.intermediateRead(m, last));
      }
      if (orders.deviates?.[m] === 1) {
        this.flawsOf(m);
        if (!shownKeys.has(k)) {
          shownKeys.add(k);
          this.note('incompatible-order', () => this.incompatible(k, m));
        }
        continue;
      }
      if (size >= orders.flaws.aborted[k]!) this.note('G1a', () => this.abortedRead(m));
      if (size >= orders.flaws.garbage[k]!) this.note('garbage-read', () => this.garbageRead(m));
      if (size >= orders.flaws.duplicate[k]! && !appends.ambiguous.has(k)) {
        this.note('duplicate-elements', () => this.duplicate(m));
      }
    }
  }

  /** Of a read that is no prefix of the longest of its key. */
  private flawsOf(m: number): void {
    const writers = this.writersOf(m);
    if (writers.some((writer) => this.isAborted(writer))) this.note('G1a', () => this.abortedRead(m));
    if (writers.includes(NOBODY)) this.note('garbage-read', () => this.garbageRead(m));
    const isAmbiguous = this.appends.ambiguous.has(this.transactions.microOps.key[m]!);
    if (!isAmbiguous && repeatedIn(listRead(this.transactions, m)) !== undefined) {
      this.note('duplicate-elements', () => this.duplicate(m));
    }
  }

  /** The appends of the elements of a list that was read, NOBODY for those of garbage. */
  private writersOf(read: number): number[] {
    const { transactions, appends } = this;
    const k = transactions.microOps.key[read]!;
    return listRead(transactions, read).map((element) => appends.find(k, transactions.numberOf(element)));
  }

  private isAborted(writer: number): boolean {
    return writer !== NOBODY && this.fateOf(writer) === ABORTED;
  }

  /** internal, future-read. */
  withinTransactions(): void {
    const { transactions, previous } = this;
    const { microOps } = transactions;
    let broken = -1;
    for (let m = 0; m < microOps.length; m++) {
      if (previous[m]! < 0) continue;
      const t = microOps.transaction[m]!;
      if (microOps.kind[m] === APPEND) {
        const early = this.appends.ambiguous.has(microOps.key[m]!) ? -1 : this.readBefore(m);
        if (early >= 0) this.note('future-read', () => this.futureRead(early, m));
      } else if (broken !== t && microOps.size[m]! >= 0 && !this.isInOrder(m)) {
        const expected = this.expected(m);
        if (agrees(listRead(transactions, m), expected)) continue;
        broken = t;
        this.note('internal', () => this.internal(m, expected));
      }
    }
  }

  /**
   * Whether a read returned what its transaction had done to the key, as far as places tell: the last versions it saw are those that the
   * transaction appended since it read the key before, and that read ended where they begin.
   */
  private isInOrder(read: number): boolean {
    const { orders, previous } = this;
    const { kind, key, size } = this.transactions.microOps;
    const k = key[read]!;
    if (orders.repeats[k] === 1 || orders.deviates?.[read] === 1) return false;
    let at = orders.start[k]! + size[read]!;
    for (let m = previous[read]!; m >= 0; m = previous[m]!) {
      if (kind[m] === APPEND) {
        if (orders.place[m] === UNPLACED || orders.place[m] !== --at) return false;
      } else if (size[m]! >= 0) {
        return orders.deviates?.[m] !== 1 && orders.start[k]! + size[m]! === at;
      }
    }
    return true;
  }

  /** The first micro-op of the same transaction that read what this one appended later; -1 where none did. */
  private readBefore(append: number): number {
    const { transactions, orders, previous } = this;
    const { microOps, values } = transactions;
    const element = values[microOps.value[append]!]!;
    const k = microOps.key[append]!;
    const isPlain = orders.repeats[k] === 0;
    const elementsMin =
      orders.place[append] === UNPLACED ? Number.POSITIVE_INFINITY : orders.place[append]! - orders.start[k]!;
    let early = -1;
    for (let m = previous[append]!; m >= 0; m = previous[m]!) {
      if (microOps.kind[m] !== READ) continue;
      const has =
        isPlain && orders.deviates?.[m] !== 1
          ? microOps.size[m]! > elementsMin
          : listRead(transactions, m).some((one) => valuesEqual(one, element));
      if (has) early = m;
    }
    return early;
  }

  /** What a read should have returned by what its transaction did to the key before: a list, or how one ends. */
  private expected(read: number): Expected {
    const { transactions, previous } = this;
    const { microOps, values } = transactions;
    const appended: Value[] = [];
    for (let m = previous[read]!; m >= 0; m = previous[m]!) {
      if (microOps.kind[m] === APPEND) appended.push(values[microOps.value[m]!]!);
      else if (microOps.size[m]! >= 0) {
        return { list: [...listRead(transactions, m), ...appended.reverse()], isWhole: true };
      }
    }
    return { list: appended.reverse(), isWhole: false };
  }

  /** incompatible-order too: a transaction appended in another order than the longest read has it. */
  ownOrders(): void {
    const { transactions, appends, orders, previous } = this;
    const { kind, key, length } = transactions.microOps;
    for (let m = 0; m < length; m++) {
      if (kind[m] !== APPEND || orders.place[m] === UNPLACED || this.fateOf(m) === ABORTED) continue;
      let before = previous[m]!;
      while (before >= 0 && kind[before] !== APPEND) before = previous[before]!;
      if (before < 0 || orders.place[before]! < orders.place[m]! || appends.ambiguous.has(key[m]!)) continue;
      const [first, second] = [before, m];
      this.note('incompatible-order', () => this.reversed(first, second));
    }
  }

  /** dirty-update: a version that certainly was not committed, and one that was built on it. */
  dirtyUpdates(): void {
    const { transactions, appends, orders } = this;
    for (let k = 0; k < transactions.keys.length; k++) {
      if (orders.flaws.aborted[k] === Number.POSITIVE_INFINITY || appends.ambiguous.has(k)) continue;
      let aborted = NOBODY;
      for (let at = orders.start[k]!; at < orders.start[k + 1]!; at++) {
        const writer = orders.writer[at]!;
        const fate = writer === NOBODY ? INDETERMINATE : this.fateOf(writer);
        if (fate === ABORTED && aborted === NOBODY) aborted = writer;
        if (fate !== COMMITTED) continue;
        const under = aborted;
        if (under !== NOBODY) this.note('dirty-update', () => this.dirtyUpdate(under, writer));
        aborted = NOBODY;
      }
    }
  }

  /** lost-update: two committed transactions read the same version of a key before they appended to it. */
  lostUpdates(): void {
    const { transactions, orders, previous } = this;
    const { microOps, keys } = transactions;
    const firstAt = int32Column(orders.start[keys.length]! + keys.length).fill(-1);
    const firstDeviating = new Map<string, number>();
    const shown = new Set<number>();
    for (let m = 0; m < microOps.length; m++) {
      const before = previous[m]!;
      if (microOps.kind[m] !== APPEND || before < 0 || this.fateOf(m) !== COMMITTED) continue;
      const read = this.firstReadBefore(m);
      if (read < 0) continue;
      const k = microOps.key[m]!;
      let first: number;
      if (orders.deviates?.[read] === 1 || orders.repeats[k] === 1) {
        const version = `${k} ${valueKey(listRead(transactions, read))}`;
        first = firstDeviating.get(version) ?? -1;
        if (first < 0) firstDeviating.set(version, m);
      } else {
        const version = orders.start[k]! + k + microOps.size[read]!;
        first = firstAt[version]!;
        if (first < 0) firstAt[version] = m;
      }
      if (first < 0 || shown.has(first)) continue;
      shown.add(first);
      this.note('lost-update', () => this.lostUpdate(first, m, read));
    }
  }

  /**
   * The read with which the transaction began on the key, where this is its first append to it; else -1. What it read of it later does not
   * matter: the cycle of this rw and a ww, all on one key, is Adya's G-cursor.
   */
  private firstReadBefore(append: number): number {
    const { previous } = this;
    const { kind, size } = this.transactions.microOps;
    let first = -1;
    for (let m = previous[append]!; m >= 0; m = previous[m]!) {
      if (kind[m] === APPEND) return -1;
      if (size[m]! >= 0) first = m;
    }
    return first;
  }

  private note(anomaly: string, evidence: () => Evidence): void {
    const cases = this.found.get(anomaly);
    if (cases === undefined) this.found.set(anomaly, [evidence()]);
    else if (cases.length < casesMax) cases.push(evidence());
  }

  private fateOf(microOp: number): number {
    return this.transactions.fate[this.transactions.microOps.transaction[microOp]!]!;
  }

  private isOwn(one: number, other: number): boolean {
    const { transaction } = this.transactions.microOps;
    return transaction[one] === transaction[other];
  }

  private evidence(
    microOps: readonly number[],
    story: readonly string[],
    more: Partial<Evidence> = {},
    witnesses: readonly number[] = [],
  ): Evidence {
    const { transactions } = this;
    const { transaction, key } = transactions.microOps;
    return {
      ops: microOps.map((m) => transactions.invocation[transaction[m]!]!),
      minimal: linesOf(
        transactions,
        [...microOps, ...witnesses].map((m) => transaction[m]!),
      ),
      story,
      key: toJson(transactions.keys[key[microOps[0]!]!]!),
      ...more,
    };
  }

  private keyName(microOp: number): string {
    return `key ${formatValue(this.transactions.keys[this.transactions.microOps.key[microOp]!]!, 40)}`;
  }

  private element(append: number): string {
    return formatValue(this.transactions.values[this.transactions.microOps.value[append]!]!, 40);
  }

  private list(read: number): string {
    return formatValue(listRead(this.transactions, read), 120);
  }

  private abortedRead(read: number): Evidence {
    const writer = this.writersOf(read).find((one) => this.isAborted(one))!;
    return this.evidence(
      [writer, read],
      [
        'T1 failed, so it appended nothing.',
        `T2 read ${this.list(read)} from ${this.keyName(read)}, with ${this.element(writer)}, which T1 would have appended.`,
      ],
    );
  }

  private intermediateRead(read: number, writer: number): Evidence {
    return this.evidence(
      [writer, read],
      [
        `T1 appended ${this.element(writer)} to ${this.keyName(read)}, and later more.`,
        `T2 read ${this.list(read)}, which ends with ${this.element(writer)}: a state from the middle of T1.`,
      ],
    );
  }

  private garbageRead(read: number): Evidence {
    const element = listRead(this.transactions, read)[this.writersOf(read).indexOf(NOBODY)]!;
    return this.evidence(
      [read],
      [`T1 read ${this.list(read)} from ${this.keyName(read)}, but nobody appended ${formatValue(element, 40)} to it.`],
    );
  }

  private duplicate(read: number): Evidence {
    const element = repeatedIn(listRead(this.transactions, read))!;
    const writer = this.appends.find(this.transactions.microOps.key[read]!, this.transactions.numberOf(element));
    if (writer === NOBODY) {
      const twice = `T1 read ${this.list(read)} from ${this.keyName(read)}, with ${formatValue(element, 40)} more than once.`;
      return this.evidence([read], [twice]);
    }
    return this.evidence(
      [writer, read],
      [
        `T1 appended ${this.element(writer)} to ${this.keyName(read)}, once.`,
        `T2 read ${this.list(read)} from it, with ${this.element(writer)} more than once.`,
      ],
    );
  }

  private incompatible(key: number, read: number): Evidence {
    const { transactions, orders } = this;
    const longest = orders.longest[key]!;
    const lists = [longest, read].map((m) => listRead(transactions, m));
    const differs = lists[1]!.findIndex((element, i) => !valuesEqual(element, lists[0]![i] ?? null));
    const from = lists.some(({ length }) => length > elementsMax) ? Math.max(0, differs - elementsMax / 2) : 0;
    const reads = [longest, read].map((m, i) => ({
      op: transactions.invocation[transactions.microOps.transaction[m]!]!,
      value: toJson(lists[i]!.slice(from, from + elementsMax)) as Json,
      ...(lists[i]!.length > elementsMax && { from }),
    }));
    return this.evidence(
      [longest, read],
      [
        `T1 read ${this.list(longest)} from ${this.keyName(read)}, and T2 read ${this.list(read)}.`,
        'Neither is how the other begins, so no order of the appends explains both.',
      ],
      { reads },
    );
  }

  private reversed(first: number, second: number): Evidence {
    const { orders, transactions } = this;
    const longest = orders.longest[transactions.microOps.key[first]!]!;
    return this.evidence(
      [first, longest],
      [
        `T1 appended ${this.element(first)} to ${this.keyName(first)} before it appended ${this.element(second)}.`,
        `T2 read ${this.list(longest)}, which has them the other way round.`,
      ],
    );
  }

  private futureRead(read: number, append: number): Evidence {
    return this.evidence(
      [read],
      [
        `T1 read ${this.list(read)} from ${this.keyName(read)}, with ${this.element(append)}, which it appended itself, but later.`,
      ],
    );
  }

  private internal(read: number, { list, isWhole }: Expected): Evidence {
    const expected = isWhole
      ? `read ${formatValue(list, 120)}`
      : `read a list that ends with ${formatValue(list, 120)}`;
    return this.evidence(
      [read],
      [
        `T1 read ${this.list(read)} from ${this.keyName(read)}, but by what it had done to the key before it should have ${expected}.`,
      ],
    );
  }

  private dirtyUpdate(aborted: number, committed: number): Evidence {
    return this.evidence(
      [aborted, committed],
      [
        'T1 failed, so it appended nothing.',
        `T2, which was ok, appended ${this.element(committed)} to ${this.keyName(committed)} after T1's ${this.element(aborted)}.`,
      ],
      {},
      [this.orders.longest[this.transactions.microOps.key[aborted]!]!],
    );
  }

  private lostUpdate(first: number, second: number, read: number): Evidence {
    return this.evidence(
      [first, second],
      [
        `T1 and T2 both read ${this.list(read)} from ${this.keyName(read)} before they appended to it.`,
        `After that read T1 appended ${this.element(first)}, and T2 ${this.element(second)}.`,
      ],
    );
  }
}

interface Expected {
  readonly list: readonly Value[];
  /** Whether it is the whole list, or only its end. */
  readonly isWhole: boolean;
}

function agrees(list: readonly Value[], { list: expected, isWhole }: Expected): boolean {
  const offset = list.length - expected.length;
  if (offset < 0 || (isWhole && offset > 0)) return false;
  return expected.every((element, i) => valuesEqual(element, list[offset + i]!));
}

/** The first element that is in the list for the second time. */
function repeatedIn(list: readonly Value[]): Value | undefined {
  const seen = new Set<string>();
  return list.find((element) => {
    const name = valueKey(element);
    if (seen.has(name)) return true;
    seen.add(name);
    return false;
  });
}
