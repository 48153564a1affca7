/** Numbers that are marked, of which the first from some number on is asked for. */

/** Bits, with a bit above each 32 of them, and so on. All operations are logarithmic, to the base 32. */
export class Marks {
  private readonly levels: Int32Array[] = [];

  /** For numbers below `size`. */
  constructor(size: number) {
    for (let words = size; ; ) {
      words = (words + 31) >>> 5;
      this.levels.push(new Int32Array(words));
      if (words <= 1) break;
    }
  }

  mark(number: number): void {
    for (const level of this.levels) {
      level[number >>> 5]! |= 1 << (number & 31);
      number >>>= 5;
    }
  }

  unmark(number: number): void {
    for (const level of this.levels) {
      level[number >>> 5]! &= ~(1 << (number & 31));
      if (level[number >>> 5] !== 0) return;
      number >>>= 5;
    }
  }

  /** The first marked number that is not less; `none` where there is none. */
  firstFrom(number: number, none: number): number {
    for (let height = 0; height < this.levels.length; height++) {
      const level = this.levels[height]!;
      const word = number >>> 5;
      const rest = word < level.length ? level[word]! & (-1 << (number & 31)) : 0;
      if (rest !== 0) return this.firstBelow(height, word * 32 + lowestBit(rest));
      number = word + 1;
    }
    return none;
  }

  private firstBelow(height: number, number: number): number {
    for (let level = height - 1; level >= 0; level--) number = number * 32 + lowestBit(this.levels[level]![number]!);
    return number;
  }
}

const lowestBit = (word: number): number => 31 - Math.clz32(word & -word);
