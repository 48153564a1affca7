/** What the invariants of a replicated log remember: of each index what was first seen there, as long as it matters. */

const droppedAtOnce = 1024;

/** By index of the log, growing; old ones go when every node has them in a snapshot. */
export class Ledger<Item> {
  #items: (Item | undefined)[] = [];
  #first = 1;

  get first(): number {
    return this.#first;
  }

  get(index: number): Item | undefined {
    const at = index - this.#first;
    // Engines are slow to read beside an array.
    return at >= 0 && at < this.#items.length ? this.#items[at] : undefined;
  }

  set(index: number, item: Item): void {
    // A gap would make the array slow: indexes may be skipped only where a snapshot covers them.
    while (this.#items.length < index - this.#first) this.#items.push(undefined);
    if (index >= this.#first) this.#items[index - this.#first] = item;
  }

  /** Drops what is before `index`, now and then. */
  dropBefore(index: number): void {
    if (index - this.#first < droppedAtOnce) return;
    this.#items.splice(0, index - this.#first);
    this.#first = index;
  }
}

/** The index up to which no node may still have an entry. A node that is down may come back with what it had. */
export class Snapshots {
  readonly #indexes: number[];

  constructor(nodeIds: readonly string[]) {
    this.#indexes = nodeIds.map(() => 0);
  }

  /** Returns the least of all nodes' snapshots, or undefined when it is what it was. */
  observe(node: number, snapshotIndex: number): number | undefined {
    if (this.#indexes[node] === snapshotIndex) return undefined;
    this.#indexes[node] = snapshotIndex;
    return Math.min(...this.#indexes);
  }
}
