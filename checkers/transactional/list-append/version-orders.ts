/**
 * The order of the versions of each key, as reads show it: what a read returned, every earlier version is a prefix of, so that the longest
 * read of a key has them all (Alvaro and Kingsbury 2020, section 4.2.1). Only reads of transactions that certainly
 * happened count.
 */

import { type Value, valueKey, valuesEqual } from '../../../history/value.ts';
import { int32Column, uint8Column } from '../columns.ts';
import { ABORTED, listRead, READ, type Transactions } from '../transactions.ts';
import { type AppendIndex, NOBODY } from './append-index.ts';
import { takesFirst } from './same-length.ts';

/** Not in the order. */
export const UNPLACED = -1;

export interface VersionOrders {
  /** The longest read of each key, a micro-op; -1 where every read was of the empty list. Of reads as long, see same-length.ts. */
  readonly longest: Int32Array;
  /**
   * Key k has its versions at the places [start[k], start[k + 1]), each element once. Readers of the empty list, before its first
   * version, are told by the key.
   */
  readonly start: Int32Array;
  /** By place, the micro-op that appended the version's last element; NOBODY where nobody did. */
  readonly writer: Int32Array;
  /** By micro-op, the place of what it appended; UNPLACED where the longest read has it not. */
  readonly place: Int32Array;
  /**
   * Of each read, whether what it returned is no prefix of the longest read of the key; undefined where all are, so that there is one order
   * for each key.
   */
  readonly deviates: Uint8Array | undefined;
  /** By key, whether the longest read has an element twice, so that how long a read is does not tell its version. */
  readonly repeats: Uint8Array;
  /** By key, how many elements a prefix of the longest read must have to hold something that is wrong with it; Infinity where nothing is. */
  readonly flaws: {
    /** An element whose transaction certainly did not happen. */
    readonly aborted: Float64Array;
    /** An element that nobody appended. */
    readonly garbage: Float64Array;
    /** An element for the second time. */
    readonly duplicate: Float64Array;
  };
}

/** Finds the longest read of each key as reads are seen one by one. Linear in their elements. */
export class LongestReads {
  /** By key, a micro-op and what it read. */
  readonly reads: number[] = [];
  readonly lists: (readonly Value[] | undefined)[] = [];
  /** Keys of which some read is not how the longest begins. */
  readonly split = new Set<number>();

  see(microOp: number, key: number, list: readonly Value[]): void {
    const known = this.lists[key];
    if (known === undefined) {
      while (this.lists.length <= key) this.reads[this.lists.push(undefined) - 1] = -1;
      this.reads[key] = microOp;
      this.lists[key] = list;
      return;
    }
    const isLonger = list.length > known.length;
    if (!(isLonger ? isPrefix(known, list) : isPrefix(list, known))) this.split.add(key);
    else if (!isLonger) return;
    if (!isLonger && (list.length < known.length || !takesFirst(list, known))) return;
    this.reads[key] = microOp;
    this.lists[key] = list;
  }
}

/** Linear in the elements of the longest reads, and of all reads of keys whose reads do not fit together. */
export function versionOrdersOf(
  transactions: Transactions,
  appends: AppendIndex,
  { reads, lists, split }: LongestReads,
): VersionOrders {
  const { microOps, keys, fate, numberOf } = transactions;
  const { length, kind, key, size, transaction } = microOps;
  const longest = Int32Array.from({ length: keys.length }, (_, k) => reads[k] ?? -1);
  const start = int32Column(keys.length + 1);
  const place = int32Column(length).fill(UNPLACED);
  const repeats = uint8Column(keys.length);
  const none = () => new Float64Array(keys.length).fill(Number.POSITIVE_INFINITY);
  const flaws = { aborted: none(), garbage: none(), duplicate: none() };
  const note = (flaw: Float64Array, k: number, elements: number): void => {
    if (elements < flaw[k]!) flaw[k] = elements;
  };
  let total = 0;
  for (const list of lists) total += list?.length ?? 0;
  const writer = int32Column(total);
  for (let k = 0, places = 0; k < keys.length; k++) {
    const list = lists[k] ?? [];
    const garbage = new Set<string>();
    for (let i = 0; i < list.length; i++) {
      const m = appends.find(k, numberOf(list[i]!));
      if (m === NOBODY) {
        note(flaws.garbage, k, i + 1);
        const name = valueKey(list[i]!);
        if (garbage.has(name)) {
          note(flaws.duplicate, k, i + 1);
          repeats[k] = 1;
          continue;
        }
        garbage.add(name);
      } else if (fate[transaction[m]!] === ABORTED) note(flaws.aborted, k, i + 1);
      if (m !== NOBODY && place[m] !== UNPLACED) {
        note(flaws.duplicate, k, i + 1);
        repeats[k] = 1;
        continue;
      }
      if (m !== NOBODY) place[m] = places;
      writer[places++] = m;
    }
    start[k + 1] = places;
  }

  let deviates: Uint8Array | undefined;
  if (split.size > 0) {
    deviates = uint8Column(length);
    for (let m = 0; m < length; m++) {
      if (kind[m] !== READ || size[m]! <= 0 || !split.has(key[m]!)) continue;
      if (!isPrefix(listRead(transactions, m), lists[key[m]!]!)) deviates[m] = 1;
    }
  }
  return { longest, start, writer, place, deviates, repeats, flaws };
}

/** Whether a list, no longer than the other, is how the other begins. */
function isPrefix(list: readonly Value[], other: readonly Value[]): boolean {
  for (let i = 0; i < list.length; i++) {
    const element = list[i]!;
    if (element !== other[i] && !valuesEqual(element, other[i]!)) return false;
  }
  return true;
}
