/**
 * Numbers for long vectors of integers of which each differs from the last in few places: equal ones have one number. Each is a binary
 * tree of which the inner nodes are pairs, stored once however many vectors share them (Blom, Lisser, van de Pol, and Weber 2009;
 * Laarman, van de Pol, and Weber 2011). Exact: no hash stands for a vector. A number costs, for each place that changed since
 * the last one, the logarithm of the length.
 */
export class Configurations {
  private readonly places: number;
  /** The tree of the present vector as a heap: the root at 1, the places from `places` on. */
  private readonly tree: Int32Array;
  /** The inner nodes to bring up to date, for each level, the lowest first. */
  private readonly stale: number[][] = [];
  private readonly isStale: Uint8Array;

  // Pairs by number, with open addressing over them.
  private left = new Int32Array(1 << 10);
  private right = new Int32Array(1 << 10);
  private table = new Int32Array(1 << 11).fill(-1);
  private pairs = 0;

  /** With a first present vector. */
  constructor(vector: Int32Array) {
    let places = 2;
    while (places < vector.length) places *= 2;
    this.places = places;
    this.tree = new Int32Array(2 * places).fill(-1);
    this.tree.set(vector, places);
    this.isStale = new Uint8Array(places);
    for (let size = places / 2; size >= 1; size /= 2) this.stale.push([]);
    for (let node = places / 2; node < places; node++) this.touch(node, 0);
  }

  /** How many pairs there are: above every number so far. */
  get size(): number {
    return this.pairs;
  }

  /** Changes one place of the present vector. */
  set(place: number, value: number): void {
    const node = this.places + place;
    if (this.tree[node] === value) return;
    this.tree[node] = value;
    this.touch(node >>> 1, 0);
  }

  /** The number of the present vector. */
  present(): number {
    const { tree, stale, isStale } = this;
    for (let level = 0; level < stale.length; level++) {
      for (const node of stale[level]!) {
        isStale[node] = 0;
        const pair = this.pair(tree[2 * node]!, tree[2 * node + 1]!);
        if (tree[node] === pair) continue;
        tree[node] = pair;
        if (node > 1) this.touch(node >>> 1, level + 1);
      }
      stale[level]!.length = 0;
    }
    return tree[1]!;
  }

  private touch(node: number, level: number): void {
    if (this.isStale[node] === 1) return;
    this.isStale[node] = 1;
    this.stale[level]!.push(node);
  }

  private pair(left: number, right: number): number {
    const { table } = this;
    const mask = table.length - 1;
    let slot = hash(left, right) & mask;
    for (let found = table[slot]!; found >= 0; found = table[slot]!) {
      if (this.left[found] === left && this.right[found] === right) return found;
      slot = (slot + 1) & mask;
    }
    const number = this.pairs++;
    if (number === this.left.length) this.grow();
    this.left[number] = left;
    this.right[number] = right;
    this.table[this.freeSlot(left, right)] = number;
    return number;
  }

  private freeSlot(left: number, right: number): number {
    const mask = this.table.length - 1;
    let slot = hash(left, right) & mask;
    while (this.table[slot]! >= 0) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const { left, right } = this;
    const capacity = left.length * 2;
    this.left = new Int32Array(capacity);
    this.right = new Int32Array(capacity);
    this.left.set(left);
    this.right.set(right);
    this.table = new Int32Array(capacity * 2).fill(-1);
    for (let pair = 0; pair < left.length; pair++) this.table[this.freeSlot(left[pair]!, right[pair]!)] = pair;
  }
}

function hash(left: number, right: number): number {
  let mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right + 0x7f4a7c15, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
  return mixed ^ (mixed >>> 13);
}
