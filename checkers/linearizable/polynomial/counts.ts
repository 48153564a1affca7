/** Numbers on a line, changed over ranges, of which those that have come down to zero are asked for. */

/** Above every count. */
const UNHEEDED = 1 << 29;

/**
 * A segment tree of minima whose additions stay where they are made. Building is linear, all else logarithmic.
 */
export class Counts {
  private readonly leaves: number;
  /** Of each node the least count below it, without what was added above it. */
  private readonly least: Int32Array;
  /** What was added to all below a node. */
  private readonly added: Int32Array;

  /** Heeds all, or as yet none. */
  constructor(counts: Int32Array, heeded: boolean) {
    let leaves = 1;
    while (leaves < counts.length) leaves *= 2;
    this.leaves = leaves;
    this.least = new Int32Array(2 * leaves).fill(UNHEEDED);
    this.added = new Int32Array(leaves);
    this.least.set(heeded ? counts : counts.map((count) => count + UNHEEDED), leaves);
    for (let node = leaves - 1; node > 0; node--) this.least[node] = this.leastOfChildren(node);
  }

  /** Adds to all from `from` to `to`, exclusive. */
  add(from: number, to: number, amount: number): void {
    if (from >= to) return;
    let left = from + this.leaves;
    let right = to + this.leaves;
    for (; left < right; left >>= 1, right >>= 1) {
      if ((left & 1) === 1) this.addBelow(left++, amount);
      if ((right & 1) === 1) this.addBelow(--right, amount);
    }
    this.update(from + this.leaves);
    this.update(to - 1 + this.leaves);
  }

  /** The last place at which the count is zero or less, which from now on is not heeded; -1 where there is none. */
  takeLast(): number {
    if (this.least[1]! > 0) return -1;
    let node = 1;
    for (let above = 0; node < this.leaves; ) {
      above += this.added[node]!;
      node = 2 * node + (this.least[2 * node + 1]! + above <= 0 ? 1 : 0);
    }
    const at = node - this.leaves;
    this.add(at, at + 1, UNHEEDED);
    return at;
  }

  /** Heeds one that is not. */
  heed(at: number): void {
    this.add(at, at + 1, -UNHEEDED);
  }

  private addBelow(node: number, amount: number): void {
    this.least[node]! += amount;
    if (node < this.leaves) this.added[node]! += amount;
  }

  private update(leaf: number): void {
    for (let node = leaf >> 1; node > 0; node >>= 1) this.least[node] = this.leastOfChildren(node) + this.added[node]!;
  }

  private leastOfChildren(node: number): number {
    return Math.min(this.least[2 * node]!, this.least[2 * node + 1]!);
  }
}
