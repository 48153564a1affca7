/** A list of 32-bit integers that grows; 0 wherever nothing was set. */
export class IntList {
  private array = new Int32Array(16);
  private count = 0;

  get length(): number {
    return this.count;
  }

  at(index: number): number {
    return this.array[index] ?? 0;
  }

  /** Returns the index of the new item. */
  push(item: number): number {
    this.set(this.count, item);
    return this.count - 1;
  }

  set(index: number, item: number): void {
    if (index >= this.array.length) {
      const larger = new Int32Array(Math.max(index + 1, this.array.length * 2));
      larger.set(this.array);
      this.array = larger;
    }
    this.array[index] = item;
    if (index >= this.count) this.count = index + 1;
  }
}
