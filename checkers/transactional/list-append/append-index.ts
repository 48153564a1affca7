/**
 * Who appended an element to a key, as far as the history tells: elements are to be appended once to a key. Where one transaction certainly did
 * not happen and another appended the same, as clients do that try again, it is the other's.
 */
import { int32Column } from '../columns.ts';
import { ABORTED, APPEND, type Transactions } from '../transactions.ts';

export const NOBODY = -1;

/**
 * Hash tables by open addressing, those of all keys next to each other in one column, because what is looked up together is mostly
 * of one key. Up to 16 bytes an append.
 */
export class AppendIndex {
  /**
   * Keys to which some element was appended more than once, so that it cannot be told whose it is: the micro-ops of two of the appends. What
   * certainly was not appended does not count.
   */
  readonly ambiguous = new Map<number, readonly [number, number]>();
  private readonly value: Int32Array;
  private readonly tableStart: Int32Array;
  private readonly table: Int32Array;

  constructor({ microOps, keys, fate }: Transactions) {
    const { length, kind, key, value, transaction } = microOps;
    const isAborted = (m: number): boolean => fate[transaction[m]!] === ABORTED;
    this.value = value;
    const counts = int32Column(keys.length);
    for (let m = 0; m < length; m++) if (kind[m] === APPEND) counts[key[m]!]!++;
    this.tableStart = int32Column(keys.length + 1);
    for (let k = 0; k < keys.length; k++) {
      const size = counts[k] === 0 ? 0 : 4 << (31 - Math.clz32(counts[k]!));
      this.tableStart[k + 1] = this.tableStart[k]! + size;
    }
    this.table = int32Column(this.tableStart[keys.length]!).fill(NOBODY);
    for (let m = 0; m < length; m++) {
      if (kind[m] !== APPEND) continue;
      const slot = this.slotOf(key[m]!, value[m]!);
      const other = this.table[slot]!;
      if (other === NOBODY || (isAborted(other) && !isAborted(m))) this.table[slot] = m;
      else if (!isAborted(m) && !this.ambiguous.has(key[m]!)) this.ambiguous.set(key[m]!, [other, m]);
    }
  }

  /** The micro-op that appended the element of this number; NOBODY where none did. */
  find(key: number, element: number): number {
    if (element < 0 || this.tableStart[key] === this.tableStart[key + 1]) return NOBODY;
    return this.table[this.slotOf(key, element)]!;
  }

  /** Where the element stands, or would; there is always a free slot. */
  private slotOf(key: number, element: number): number {
    const start = this.tableStart[key]!;
    const mask = this.tableStart[key + 1]! - start - 1;
    for (let probe = Math.imul(element, 0x9e3779b1) >>> 7; ; probe++) {
      const slot = start + (probe & mask);
      const there = this.table[slot]!;
      if (there === NOBODY || this.value[there] === element) return slot;
    }
  }
}
