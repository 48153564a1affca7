/** Where a search that keeps only the best configurations goes back to when none is left, and how many it keeps from there on. */

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
  readonly classOpen: readonly number[];
}

/** Events between snapshots, and how many are kept. */
const interval = 64;
const snapshotsMax = 64;

/** How often it goes back from one place, each time further and four times as wide. */
const attemptsMax = 5;

export class Retries {
  private readonly width: number;
  private snapshots: Snapshot[] = [];
  /** The furthest event at which none was left, and how often it has gone back from there. */
  private deadAt = -1;
  private attempts = 0;

  constructor(width: number) {
    this.width = width;
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
    if (++this.attempts > attemptsMax) return undefined;
    const from = at - interval * 2 ** this.attempts;
    while (this.snapshots.length > 1 && this.snapshots.at(-1)!.at > from) this.snapshots.pop();
    return this.snapshots.pop();
  }
}
