/**
 * The versions of registers: each value that was written to a key or read from it by a transaction that certainly happened. Who
 * installed a version, and who read it, in columns of about 20 bytes a version and 17 a micro-op.
 */
import { int32Column, uint8Column } from '../columns.ts';
import { ABORTED, NIL, READ, type Transactions, UNKNOWN, WRITE } from '../transactions.ts';

export const NOBODY = -1;
export const NO_VERSION = -1;

export interface RegisterVersions {
  readonly length: number;
  /** By version, the number of its key. */
  readonly key: Int32Array;
  /** By version, the number of its value. */
  readonly value: Int32Array;
  /** By micro-op, the version that it wrote or read; NO_VERSION where that is not known. */
  readonly of: Int32Array;
  /** By key, the version that is its value nil: what a key holds at first. NO_VERSION where nobody read or wrote nil. */
  readonly initial: Int32Array;
  /**
   * By version, the write of the transaction that installed it if it happened: the transaction's last to the key, and it did not certainly
   * abort. NOBODY where there is no such write.
   */
  readonly installer: Int32Array;
  /** By version that has no installer, a write of it that its transaction overwrote itself, else one of a transaction that aborted; or NOBODY. */
  readonly otherWriter: Int32Array;
  /** Versions that may be of either of two transactions: the writes, of which the initial version's is one. */
  readonly ambiguous: ReadonlyMap<number, readonly [number, number]>;
  /**
   * Version v was read first of its key, before any write to it in the same transaction, by the micro-ops
   * readers[readerStart[v]] to readers[readerStart[v + 1] - 1].
   */
  readonly readerStart: Int32Array;
  readonly readers: Int32Array;
  /** By micro-op, the one before it on the same key in the same transaction; -1 where there is none. */
  readonly previous: Int32Array;
  /** By micro-op, whether it is a write after which its transaction wrote the key no more. */
  readonly isLast: Uint8Array;
}

/** Linear. */
export function versionsOf(transactions: Transactions): RegisterVersions {
  const { microOps, keys, fate } = transactions;
  const { length, kind, key, value, transaction } = microOps;
  const previous = int32Column(length).fill(-1);
  const isLast = uint8Column(length);
  const latest = new Int32Array(keys.length).fill(-1);
  const latestWrite = new Int32Array(keys.length).fill(-1);
  const counts = new Int32Array(keys.length);
  for (let m = 0; m < length; m++) {
    const k = key[m]!;
    const before = latest[k]!;
    if (before >= 0 && transaction[before] === transaction[m]) previous[m] = before;
    latest[k] = m;
    counts[k]!++;
    if (kind[m] !== WRITE) continue;
    const write = latestWrite[k]!;
    if (write >= 0 && transaction[write] === transaction[m]) isLast[write] = 0;
    latestWrite[k] = m;
    isLast[m] = 1;
  }

  const table = new VersionTable(counts);
  const of = int32Column(length).fill(NO_VERSION);
  for (let m = 0; m < length; m++) if (value[m] !== UNKNOWN) of[m] = table.of(key[m]!, value[m]!);
  const versions = table.length;
  const initial = new Int32Array(keys.length).fill(NO_VERSION);
  for (let v = 0; v < versions; v++) if (table.value[v] === NIL) initial[table.key[v]!] = v;

  const installer = int32Column(versions).fill(NOBODY);
  const otherWriter = int32Column(versions).fill(NOBODY);
  const ambiguous = new Map<number, readonly [number, number]>();
  const readerStart = int32Column(versions + 1);
  const isFirstRead = (m: number): boolean => kind[m] === READ && of[m] !== NO_VERSION && previous[m]! < 0;
  for (let m = 0; m < length; m++) {
    const v = of[m]!;
    if (kind[m] === READ) {
      if (isFirstRead(m)) readerStart[v + 1]!++;
      continue;
    }
    const isAborted = fate[transaction[m]!] === ABORTED;
    const other = otherWriter[v]!;
    if (isAborted) {
      if (other === NOBODY) otherWriter[v] = m;
      continue;
    }
    const known = installer[v]! !== NOBODY ? installer[v]! : other;
    if (value[m] === NIL) ambiguous.set(v, [m, m]);
    else if (known !== NOBODY && transaction[known] !== transaction[m] && fate[transaction[known]!] !== ABORTED) {
      if (!ambiguous.has(v)) ambiguous.set(v, [known, m]);
    }
    if (isLast[m] === 1) installer[v] = m;
    else if (other === NOBODY || fate[transaction[other]!] === ABORTED) otherWriter[v] = m;
  }
  for (let v = 0; v < versions; v++) readerStart[v + 1]! += readerStart[v]!;
  const readers = int32Column(readerStart[versions]!);
  const free = readerStart.slice();
  for (let m = 0; m < length; m++) if (isFirstRead(m)) readers[free[of[m]!]!++] = m;

  return {
    length: versions,
    key: table.key.subarray(0, versions),
    value: table.value.subarray(0, versions),
    of,
    initial,
    installer,
    otherWriter,
    ambiguous,
    readerStart,
    readers,
    previous,
    isLast,
  };
}

/** Hash tables by open addressing, those of all keys next to each other: what is looked up together is mostly of one key. */
class VersionTable {
  length = 0;
  readonly key: Int32Array;
  readonly value: Int32Array;
  private readonly start: Int32Array;
  private readonly table: Int32Array;

  /** At most so many versions of each key. */
  constructor(counts: Int32Array) {
    this.start = new Int32Array(counts.length + 1);
    let total = 0;
    for (let k = 0; k < counts.length; k++) {
      total += counts[k]!;
      this.start[k + 1] = this.start[k]! + (counts[k] === 0 ? 0 : 4 << (31 - Math.clz32(counts[k]!)));
    }
    this.key = int32Column(total);
    this.value = int32Column(total);
    this.table = int32Column(this.start[counts.length]!).fill(NO_VERSION);
  }

  of(key: number, value: number): number {
    const start = this.start[key]!;
    const mask = this.start[key + 1]! - start - 1;
    for (let probe = Math.imul(value, 0x9e3779b1) >>> 7; ; probe++) {
      const slot = start + (probe & mask);
      const there = this.table[slot]!;
      if (there === NO_VERSION) {
        this.key[this.length] = key;
        this.value[this.length] = value;
        this.table[slot] = this.length;
        return this.length++;
      }
      if (this.value[there] === value) return there;
    }
  }
}
