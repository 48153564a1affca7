/** Which elements of a stack may lie at its bottom. */
import { Counts } from './counts.ts';
import type { Elements } from './elements.ts';
import { Intervals } from './intervals.ts';
import { Marks } from './marks.ts';

/** Which element seems to lie lowest: the one that is certainly inside for longest, or the one that is so until last. */
export type Lowest = 'longest' | 'last';

/**
 * Takes out one element after another that may lie at the bottom of the rest (Lee and Mathur, "Efficient
 * decrease-and-conquer linearizability monitoring", 2025, for calls that all returned).
 *
 * Calls happen in the gaps between events. In a gap an element is certainly inside if its push has returned and its pop
 * is not yet invoked. (One whose push returned after its pop was invoked can come and go at one time, on top of anything:
 * it is not looked at.) An element may lie at the bottom if in some gap in which it can be pushed none of the rest is
 * certainly inside, and in some gap in which it can be popped, unless it is never popped.
 *
 * - Where there is a linearization, the element that is pushed first may lie at the bottom, and without any one element
 *   there is one too. So there is none for those that are left in the end, nor for all.
 * - Where there is one without an element that may lie at the bottom, there is one with it: of the others let those come
 *   and go before its push that can, of the rest those before its pop that can, and then the rest, in the order of the
 *   given one. None is certainly inside in those two gaps, so each has the time. So if none is left, there is a
 *   linearization.
 *
 * Where pops crashed: an element that no call returned is certainly inside from the return of its push on, unless a
 * crashed pop took it. By any gap crashed pops can have taken as many as have been invoked, so it counts as clear if the
 * pushes of no more of those that are not yet taken out have returned. With that the first argument holds, since each had
 * a pop of its own. For the second, a clear gap in which some of them must be out has a price: a *deadline* for each of
 * these, by which its pop must be invoked. If until any time as many crashed pops were invoked as there are deadlines,
 * the first pop can take the element with the first deadline, and so on, and the linearization stands. If not, nothing is
 * shown, since other gaps might have done. So gaps without a price are used first; where there are none, one element
 * pays, the one that seems to lie lowest, and then gaps without a price are used again.
 *
 * Time n log n for n elements.
 */
export class StackBottoms {
  /** Those that are looked at; everything below has their places in this. */
  private readonly elements: Int32Array;
  private readonly size: number;
  private readonly isReturned: Uint8Array;
  /** Something may begin or cease to be certainly inside at these events. The gaps between two of them are a stretch. */
  private readonly changes: Int32Array;
  private readonly stretches: number;
  /** The stretches in which an element is certainly inside: from, and to, exclusive. */
  private readonly insideFrom: Int32Array;
  private readonly insideTo: Int32Array;
  /**
   * Of each stretch how many elements are certainly inside that a call returned; where it is none, the stretch is heeded
   * in what follows.
   */
  private readonly returned: Counts;
  /** Of each stretch how many of the other elements have been pushed. */
  private readonly unreturned: Counts;
  /**
   * The same, less the crashed pops that have been invoked. Undefined where there are none, as are all fields below that
   * have to do with a price.
   */
  private readonly untakeable: Counts | undefined;
  private readonly popsUntil: Int32Array;
  /** Of each element the stretches in which it can be pushed; then of each those in which it can be popped. */
  private readonly chances: Intervals;
  private readonly chancesAtPrice: Intervals | undefined;
  /** Of each of these the stretch that it got; -1 at first. */
  private readonly got: Int32Array;
  /** How many chances an element still needs, and how many if it pays. None: it is taken out. */
  private readonly needs: Uint8Array;
  private readonly needsAtPrice: Uint8Array;
  /** Elements that can be taken out if they pay, by rank. */
  private readonly payers: Marks;
  private readonly ranked: Int32Array;
  private readonly rank: Int32Array;
  /** Stretches in which something was pushed or popped at the bottom. */
  private readonly used: Marks;
  /** Of each stretch how many elements it is the deadline of. */
  private readonly deadlines: Int32Array;

  /** Of the elements given those, and `emptyIn` gaps in which nothing may be inside. */
  constructor(
    { invoked, returned, put, take, lost }: Elements,
    among: Int32Array,
    { emptyIn = [], lowest = 'longest' }: { readonly emptyIn?: readonly number[]; readonly lowest?: Lowest } = {},
  ) {
    this.elements = among.filter(
      (element) => take[element]! < 0 || returned[put[element]!]! < invoked[take[element]!]!,
    );
    const size = this.elements.length;
    this.size = size;
    this.isReturned = Uint8Array.from(this.elements, (element) => (take[element]! < 0 ? 0 : 1));
    const others = this.isReturned.reduce((count, is) => count + 1 - is, 0);
    const pops = lost.subarray(0, others).map((call) => invoked[call]!);

    this.changes = new Int32Array(2 * size - others + pops.length);
    let at = 0;
    for (const element of this.elements) {
      this.changes[at++] = returned[put[element]!]!;
      if (take[element]! >= 0) this.changes[at++] = invoked[take[element]!]!;
    }
    this.changes.set(pops, at);
    this.changes.sort();
    this.stretches = this.changes.length + 1;

    this.insideFrom = new Int32Array(size);
    this.insideTo = new Int32Array(size).fill(this.stretches);
    const from = new Int32Array(2 * size);
    const to = new Int32Array(2 * size);
    const returnedIn = new Int32Array(this.stretches);
    const unreturnedIn = new Int32Array(this.stretches);
    this.popsUntil = new Int32Array(this.stretches);
    this.elements.forEach((element, index) => {
      const push = put[element]!;
      const pop = take[element]!;
      from[index] = this.stretchOf(invoked[push]!);
      to[index] = this.stretchOf(returned[push]!);
      this.insideFrom[index] = to[index]!;
      if (pop < 0) {
        unreturnedIn[to[index]!]!++;
        return;
      }
      from[size + index] = this.stretchOf(invoked[pop]!);
      to[size + index] = this.stretchOf(returned[pop]!) + 1;
      this.insideTo[index] = from[size + index]!;
      returnedIn[this.insideFrom[index]!]!++;
      returnedIn[this.insideTo[index]!]!--;
    });
    for (const pop of pops) this.popsUntil[this.stretchOf(pop)]!++;
    for (let stretch = 1; stretch < this.stretches; stretch++) {
      returnedIn[stretch]! += returnedIn[stretch - 1]!;
      unreturnedIn[stretch]! += unreturnedIn[stretch - 1]!;
      this.popsUntil[stretch]! += this.popsUntil[stretch - 1]!;
    }

    this.returned = new Counts(returnedIn, true);
    this.unreturned = new Counts(unreturnedIn, false);
    this.chances = new Intervals(from, to, this.stretches);
    this.got = new Int32Array(2 * size).fill(-1);
    this.needs = this.isReturned.map((is) => 1 + is);
    this.used = new Marks(this.stretches);
    this.deadlines = new Int32Array(this.stretches + 1);
    for (const gap of emptyIn) this.used.mark(this.stretchOf(gap));

    const hasPrices = pops.length > 0;
    if (hasPrices) {
      this.untakeable = new Counts(
        unreturnedIn.map((count, stretch) => count - this.popsUntil[stretch]!),
        false,
      );
      this.chancesAtPrice = new Intervals(from, to, this.stretches);
    }
    this.needsAtPrice = this.needs.slice();
    this.payers = new Marks(hasPrices ? size : 0);
    const height = (index: number): number =>
      lowest === 'last' ? -this.insideTo[index]! : this.insideFrom[index]! - this.insideTo[index]!;
    this.ranked = Int32Array.from(hasPrices ? this.elements.keys() : []).sort((a, b) => height(a) - height(b) || a - b);
    this.rank = new Int32Array(this.ranked.length);
    this.ranked.forEach((index, rank) => {
      this.rank[index] = rank;
    });
  }

  /** Takes out what it can; those that are left. */
  takeOut(): Int32Array {
    while (this.heedOne() || this.useOne() || this.offerOne() || this.payForOne());
    return this.elements.filter((_, index) => this.needs[index]! > 0);
  }

  /** Once none is left: whether there are crashed pops for all deadlines. */
  meetsDeadlines(): boolean {
    let due = 0;
    for (let stretch = 0; stretch < this.stretches; stretch++) {
      due += this.deadlines[stretch]!;
      if (due > this.popsUntil[stretch]!) return false;
    }
    return true;
  }

  private heedOne(): boolean {
    const stretch = this.returned.takeLast();
    if (stretch < 0) return false;
    this.unreturned.heed(stretch);
    this.untakeable?.heed(stretch);
    return true;
  }

  /** A stretch without a price. */
  private useOne(): boolean {
    const stretch = this.unreturned.takeLast();
    if (stretch < 0) return false;
    for (let chance = this.chances.takeAt(stretch); chance >= 0; chance = this.chances.takeAt(stretch)) {
      const index = chance % this.size;
      if (this.needs[index] === 0) continue;
      this.got[chance] = stretch;
      this.needs[index]!--;
      if (this.needs[index] === 0) this.take(index);
    }
    return true;
  }

  /** A stretch that has a price, or none. */
  private offerOne(): boolean {
    const stretch = this.untakeable?.takeLast() ?? -1;
    if (stretch < 0 || this.chancesAtPrice === undefined) return false;
    const { chancesAtPrice } = this;
    for (let chance = chancesAtPrice.takeAt(stretch); chance >= 0; chance = chancesAtPrice.takeAt(stretch)) {
      const index = chance % this.size;
      if (this.got[chance] === -1) this.got[chance] = stretch;
      this.needsAtPrice[index]!--;
      if (this.needsAtPrice[index] === 0) this.payers.mark(this.rank[index]!);
    }
    return true;
  }

  private payForOne(): boolean {
    const rank = this.payers.firstFrom(0, -1);
    if (rank < 0) return false;
    this.payers.unmark(rank);
    const index = this.ranked[rank]!;
    if (this.needs[index]! > 0) {
      this.needs[index] = 0;
      this.take(index);
    }
    return true;
  }

  private take(index: number): void {
    const from = this.insideFrom[index]!;
    const to = this.insideTo[index]!;
    if (this.isReturned[index] === 1) {
      this.returned.add(from, to, -1);
      this.used.mark(this.got[this.size + index]!);
    } else {
      this.unreturned.add(from, to, -1);
      this.untakeable?.add(from, to, -1);
      this.deadlines[this.used.firstFrom(from, this.stretches)]!++;
    }
    this.used.mark(this.got[index]!);
  }

  private stretchOf(gap: number): number {
    let low = 0;
    let high = this.changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.changes[middle]! <= gap) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
