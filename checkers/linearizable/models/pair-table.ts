/** Not in the table. */
export const ABSENT = -2;

/** A map from pairs of 32-bit integers to integers from -1, by open addressing in one typed array. It only grows. */
export class PairTable {
  private entries = new Int32Array(8 * 3);
  private mask = 7;
  private count = 0;

  /** ABSENT where there is none. */
  get(a: number, b: number): number {
    const entry = this.placeOf(a, b);
    return this.entries[entry + 2]! + ABSENT;
  }

  set(a: number, b: number, value: number): void {
    const entry = this.placeOf(a, b);
    if (this.entries[entry + 2] === 0) this.count++;
    this.entries[entry] = a;
    this.entries[entry + 1] = b;
    this.entries[entry + 2] = value - ABSENT;
    if (this.count * 2 > this.mask) this.grow();
  }

  /** Where the pair stands, or would. The third integer of an entry is 0 where it is free. */
  private placeOf(a: number, b: number): number {
    const { entries, mask } = this;
    let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let index = (hash ^ (hash >>> 13)) & mask;
    for (;;) {
      const entry = index * 3;
      if (entries[entry + 2] === 0 || (entries[entry] === a && entries[entry + 1] === b)) return entry;
      index = (index + 1) & mask;
    }
  }

  private grow(): void {
    const { entries } = this;
    this.mask = this.mask * 2 + 1;
    this.entries = new Int32Array((this.mask + 1) * 3);
    for (let from = 0; from < entries.length; from += 3) {
      if (entries[from + 2] === 0) continue;
      this.entries.set(entries.subarray(from, from + 3), this.placeOf(entries[from]!, entries[from + 1]!));
    }
  }
}
