/** Where a search that keeps only the best configurations goes back to when none is left, and how many it keeps from there on. */

import type { Usages } from './usages.ts';

/** All that a search has come to before the event `at`. */
export interface Snapshot {
  readonly at: number;
  readonly configurations: Int32Array;
  readonly slots: number;
  readonly freeSlots: readonly number[];
  readonly slotOp: readonly number[];
  readonly slotCall: readonly number[];
  readonly slotReturn: readonly number[];
  readonly movingSlots: readonly number[];
  readonly readingSlots: readonly number[];
  readonly classSizes: readonly number[];
  readonly classBase: readonly number[];
  readonly classOpen: readonly number[];
  readonly usages: Usages;
}

/** Events between snapshots, and how many are kept. */
const interval = 64;
const snapshotsMax = 64;

export class Retries {
  private readonly width: number;
  private readonly attemptsMax: number;
  private snapshots: Snapshot[] = [];
  /** The furthest event at which none was left, and how often it has gone back from there. */
  private deadAt = -1;
  private attempts = 0;

  /** It goes back up to `attemptsMax` times from one place, each time twice as far and to keep four times as many. */
  constructor(width: number, attemptsMax: number) {
    this.width = width;
    this.attemptsMax = attemptsMax;
  }

  /** Whether a snapshot should be taken before the event `at`; `classes` is how large one is, beside the configurations. */
  isDue(at: number, classes: number): boolean {
    const last = this.snapshots.at(-1);
    return last === undefined || at - last.at >= Math.max(interval, classes);
  }

  push(snapshot: Snapshot): void {
    this.snapshots.push(snapshot);
    if (this.snapshots.length > snapshotsMax) this.snapshots.shift();
  }

  /** Wider until the place is passed. */
  widthAt(at: number): number {
    return at > this.deadAt ? this.width : this.width * 4 ** this.attempts;
  }

  /** None was left at the event `at`: where to begin again, if that has not been tried often enough. */
  after(at: number): Snapshot | undefined {
    if (at > this.deadAt) {
      this.deadAt = at;
      this.attempts = 0;
    }
    if (++this.attempts > this.attemptsMax) return undefined;
    const from = at - interval * 2 ** this.attempts;
    while (this.snapshots.length > 1 && this.snapshots.at(-1)!.at > from) this.snapshots.pop();
    return this.snapshots.pop();
  }
}
