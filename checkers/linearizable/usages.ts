/** Multisets of crashed ops that have been used, by class: interned, so that equal ones have one number. 0 is the empty one. */

/** Above the number of classes of crashed ops that any history has: lines are counted in 32 bits. */
const CLASSES_MAX = 2 ** 21;

export class Usages {
  /** Of each a list of class and count, sorted by class. */
  private readonly lists: number[][] = [[]];
  private readonly totals: number[] = [0];
  private readonly next = new Map<number, number>();
  private readonly byText = new Map<string, number>([['', 0]]);

  /** How many ops were used, all classes together. */
  total(usage: number): number {
    return this.totals[usage]!;
  }

  countOf(usage: number, number: number): number {
    const list = this.lists[usage]!;
    for (let i = 0; i < list.length; i += 2) if (list[i] === number) return list[i + 1]!;
    return 0;
  }

  /** The usage with one more of this class. */
  withOne(usage: number, number: number): number {
    const key = usage * CLASSES_MAX + number;
    const known = this.next.get(key);
    if (known !== undefined) return known;
    const list = this.lists[usage]!.slice();
    let at = 0;
    while (at < list.length && list[at]! < number) at += 2;
    if (list[at] === number) list[at + 1]!++;
    else list.splice(at, 0, number, 1);
    const id = this.intern(list, this.totals[usage]! + 1);
    this.next.set(key, id);
    return id;
  }

  /** Whether `one` is no more than `other` in every class. */
  isWithin(one: number, other: number): boolean {
    if (one === other || one === 0) return true;
    if (this.totals[one]! >= this.totals[other]!) return false;
    const less = this.lists[one]!;
    const more = this.lists[other]!;
    let at = 0;
    for (let i = 0; i < less.length; i += 2) {
      while (at < more.length && more[at]! < less[i]!) at += 2;
      if (at >= more.length || more[at] !== less[i] || more[at + 1]! < less[i + 1]!) return false;
    }
    return true;
  }

  /** Of each class the smaller count. */
  meet(one: number, other: number): number {
    if (one === other) return one;
    const list: number[] = [];
    let total = 0;
    const counts = this.lists[one]!;
    for (let i = 0; i < counts.length; i += 2) {
      const count = Math.min(counts[i + 1]!, this.countOf(other, counts[i]!));
      if (count === 0) continue;
      list.push(counts[i]!, count);
      total += count;
    }
    return this.intern(list, total);
  }

  get size(): number {
    return this.lists.length;
  }

  /** The counts by class: class, count, class, count, ascending. */
  listOf(usage: number): readonly number[] {
    return this.lists[usage]!;
  }

  /** A usage of another table, less `base`, which it contains. */
  adopt(list: readonly number[], base: readonly number[]): number {
    const rest: number[] = [];
    let total = 0;
    let at = 0;
    for (let i = 0; i < list.length; i += 2) {
      const taken = base[at] === list[i] ? base[at + 1]! : 0;
      if (base[at] === list[i]) at += 2;
      const count = list[i + 1]! - taken;
      if (count === 0) continue;
      rest.push(list[i]!, count);
      total += count;
    }
    return this.intern(rest, total);
  }

  private intern(list: number[], total: number): number {
    const text = list.join();
    const known = this.byText.get(text);
    if (known !== undefined) return known;
    const id = this.lists.push(list) - 1;
    this.totals.push(total);
    this.byText.set(text, id);
    return id;
  }
}
