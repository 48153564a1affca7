/** Intervals, of which those that contain a point are asked for. */

/** A segment tree, by where they begin, of where they end. Building is linear, all else logarithmic. */
export class Intervals {
  private readonly leaves: number;
  /** The intervals by where they begin. */
  private readonly order: Int32Array;
  /** How many begin at or before each point. */
  private readonly begun: Int32Array;
  /** Of each node the greatest end below it; -1 where none is left. */
  private readonly greatest: Int32Array;

  /** Interval i contains the points from `from[i]` to `to[i]`, exclusive; those are below `points`. */
  constructor(from: Int32Array, to: Int32Array, points: number) {
    const count = from.length;
    this.begun = new Int32Array(points + 1);
    for (const point of from) this.begun[point + 1]!++;
    for (let point = 0; point < points; point++) this.begun[point + 1]! += this.begun[point]!;
    this.order = new Int32Array(count);
    const next = this.begun.slice();
    from.forEach((point, interval) => {
      this.order[next[point]!++] = interval;
    });
    let leaves = 1;
    while (leaves < count) leaves *= 2;
    this.leaves = leaves;
    this.greatest = new Int32Array(2 * leaves).fill(-1);
    this.order.forEach((interval, index) => {
      this.greatest[leaves + index] = to[interval]!;
    });
    for (let node = leaves - 1; node > 0; node--) this.greatest[node] = this.greatestOfChildren(node);
  }

  /** Takes out an interval that contains the point; -1 where none does. */
  takeAt(point: number): number {
    // Among the first so many by where they begin: the first that ends after the point.
    const leaf = this.firstEndingAfter(point);
    if (leaf < 0 || leaf - this.leaves >= this.begun[point + 1]!) return -1;
    this.greatest[leaf] = -1;
    for (let node = leaf >> 1; node > 0; node >>= 1) this.greatest[node] = this.greatestOfChildren(node);
    return this.order[leaf - this.leaves]!;
  }

  private firstEndingAfter(point: number): number {
    if (this.greatest[1]! <= point) return -1;
    let node = 1;
    while (node < this.leaves) node = 2 * node + (this.greatest[2 * node]! > point ? 0 : 1);
    return node;
  }

  private greatestOfChildren(node: number): number {
    return Math.max(this.greatest[2 * node]!, this.greatest[2 * node + 1]!);
  }
}
