/** The places of a schedule from which no order goes on, as far as a search has shown. */
import type { Schedule } from './schedule.ts';

interface DeadEnd<Why> {
  /** How many optional ops of each class had happened. */
  readonly used: Int32Array;
  readonly why: Why;
  readonly next: DeadEnd<Why> | undefined;
}

/** Beyond so many pairs of the places' vectors nothing is added: some 200 MB. */
const pairsMax = 1 << 23;

/** Of the dead ends at one place no more are compared. */
const comparedMax = 32;

/**
 * Where as many ops of each chain have happened, each object is in the same state, and no fewer optional ops of each class have
 * happened, there is no more that could go on.
 */
export class DeadEnds<Why> {
  private readonly schedule: Schedule;
  private readonly lists = new Map<number, DeadEnd<Why>>();

  constructor(schedule: Schedule) {
    this.schedule = schedule;
  }

  /** The present place is one. */
  add(why: Why): void {
    const { place, used } = this.schedule;
    if (place.size > pairsMax) return;
    const at = place.present();
    this.lists.set(at, { used: used.length === 0 ? used : used.slice(), why, next: this.lists.get(at) });
  }

  /** What was said of a dead end that the present place is no better than; undefined where it is better than any that is known. */
  find(): { readonly why: Why } | undefined {
    if (this.lists.size === 0) return undefined;
    let known = this.lists.get(this.schedule.place.present());
    for (let compared = 0; known !== undefined && compared < comparedMax; compared++) {
      if (known.used.every((count, index) => count <= this.schedule.used[index]!)) return known;
      known = known.next;
    }
    return undefined;
  }
}
