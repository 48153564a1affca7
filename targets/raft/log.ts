/** A node's log in memory: the entries after some index that a snapshot covers. Indexes begin at 1. */
import type { Entry } from './messages.ts';

export class RaftLog {
  #entries: Entry[] = [];
  /** The index of the first entry that is there, or would be. */
  firstIndex = 1;
  lastIndex = 0;
  /** The last entry that the node's snapshot covers; 0 without one. Never before `firstIndex - 1`. */
  snapshotIndex = 0;
  snapshotTerm = 0;
  /** Changes whenever entries are removed from the end: while it stays, the log only grows there. */
  revision = 0;

  get lastTerm(): number {
    return this.termAt(this.lastIndex) as number;
  }

  /** The term of the entry at an index; 0 at index 0; undefined where the log ends before or begins after it. */
  termAt(index: number): number | undefined {
    if (index === this.snapshotIndex) return this.snapshotTerm;
    return this.entryAt(index)?.term;
  }

  entryAt(index: number): Entry | undefined {
    // Engines are slow to read beside an array.
    if (index < this.firstIndex || index > this.lastIndex) return undefined;
    return this.#entries[index - this.firstIndex];
  }

  /** At most `count` entries from an index on. */
  entriesFrom(index: number, count: number): readonly Entry[] {
    const start = index - this.firstIndex;
    return this.#entries.slice(start, start + count);
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) this.#entries.push(entry);
    this.lastIndex += entries.length;
  }

  /** Removes the entries from `index` on. */
  truncate(index: number): void {
    this.#entries.length = index - this.firstIndex;
    this.lastIndex = index - 1;
    this.revision++;
  }

  /** Notes a snapshot that covers a prefix of this log, and removes all but the last `tail` entries that it covers. */
  compact(index: number, term: number, tail: number): void {
    this.snapshotIndex = index;
    this.snapshotTerm = term;
    const before = index + 1 - tail;
    if (before <= this.firstIndex) return;
    this.#entries.splice(0, before - this.firstIndex);
    this.firstIndex = before;
  }

  /** Removes everything: the log goes on after a snapshot. */
  reset(index: number, term: number): void {
    this.#entries = [];
    this.firstIndex = index + 1;
    this.lastIndex = index;
    this.snapshotIndex = index;
    this.snapshotTerm = term;
    this.revision++;
  }

  /**
   * What a disk has: a snapshot and a log. Returns false, and keeps none of the entries, when the log is not the
   * snapshot's: the node died while it replaced the one with the other.
   */
  restore(snapshotIndex: number, snapshotTerm: number, firstIndex: number, entries: readonly Entry[]): boolean {
    this.reset(snapshotIndex, snapshotTerm);
    const covered = entries[snapshotIndex - firstIndex];
    if (firstIndex !== snapshotIndex + 1 && covered?.term !== snapshotTerm) return false;
    this.firstIndex = firstIndex;
    this.lastIndex = firstIndex - 1;
    this.append(entries);
    return true;
  }

  /** The first index, after `floor`, of the run of entries of one term that ends at `index`. */
  firstOfTerm(index: number, floor: number): number {
    const term = this.termAt(index);
    while (index - 1 > floor && this.termAt(index - 1) === term) index--;
    return index;
  }

  /** The last index, at most `index`, of an entry of this term; undefined when there is none. */
  lastOfTerm(term: number, index: number): number | undefined {
    for (let i = Math.min(index, this.lastIndex); i >= this.firstIndex; i--) {
      const found = this.termAt(i) as number;
      if (found === term) return i;
      if (found < term) return undefined;
    }
    return undefined;
  }
}
