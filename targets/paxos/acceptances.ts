/**
 * What an acceptor has accepted: by slot, the proposal with the highest ballot; and the journal of all acceptances as
 * they are on disk, oldest first, from which the former can be made again. Slots begin at 1, and may be missing.
 */
import type { PValue } from './messages.ts';

const noPValues: readonly PValue[] = [];

export class Acceptances {
  /** By slot, from `firstSlot` on. */
  #slots: (PValue | undefined)[] = [];
  /** The first slot that is kept. */
  firstSlot = 1;
  #journal: PValue[] = [];
  /** The position of the journal's first entry that is kept; the very first has 1. */
  #journalFirst = 1;

  /** The last slot for which something was accepted; `firstSlot - 1` when there is none. */
  get lastSlot(): number {
    return this.firstSlot + this.#slots.length - 1;
  }

  at(slot: number): PValue | undefined {
    const position = slot - this.firstSlot;
    // Engines are slow to read beside an array.
    return position >= 0 && position < this.#slots.length ? this.#slots[position] : undefined;
  }

  /** What was accepted for slots from `slot` on, in their order. */
  from(slot: number): readonly PValue[] {
    if (slot > this.lastSlot) return noPValues;
    return this.#slots.slice(Math.max(0, slot - this.firstSlot)).filter((pvalue) => pvalue !== undefined);
  }

  add(pvalue: PValue): void {
    this.#journal.push(pvalue);
    this.#set(pvalue);
  }

  #set(pvalue: PValue): void {
    const position = pvalue.slot - this.firstSlot;
    if (position < 0) return;
    while (this.#slots.length < position) this.#slots.push(undefined);
    this.#slots[position] = pvalue;
  }

  /** How many acceptances there have been, those of earlier lives that are on disk included. */
  get count(): number {
    return this.#journalFirst + this.#journal.length - 1;
  }

  /** An acceptance by its position in the journal, from 1; undefined when it is no longer, or not yet, there. */
  accepted(position: number): PValue | undefined {
    const index = position - this.#journalFirst;
    return index >= 0 && index < this.#journal.length ? this.#journal[index] : undefined;
  }

  /**
   * Forgets what was accepted for slots before `slot`. Returns the position before which nothing of the journal is
   * needed any more: of entries that lie between needed ones, none is dropped.
   */
  forgetBefore(slot: number): number {
    if (slot > this.firstSlot) {
      this.#slots.splice(0, slot - this.firstSlot);
      this.firstSlot = slot;
    }
    let needless = 0;
    while (needless < this.#journal.length && (this.#journal[needless] as PValue).slot < slot) needless++;
    this.#journal.splice(0, needless);
    this.#journalFirst += needless;
    return this.#journalFirst;
  }

  /** What a disk has, without the slots before `slot`. For each slot the last acceptance is the highest. */
  restore(slot: number, journalFirst: number, journal: readonly PValue[]): void {
    this.firstSlot = slot;
    this.#journalFirst = journalFirst;
    for (const pvalue of journal) this.add(pvalue);
  }
}
