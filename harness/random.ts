/**
 * Randomness out of one seed: xoshiro128** (Blackman and Vigna, 2018), split into named streams, so that removing
 * one consumer of randomness does not reshuffle the others. Integers only, so that every engine draws the same.
 */
export interface Random {
  /** A whole number in [0, 2^32). */
  uint32(): number;
  /** A whole number in [0, bound); bound from 1 to 2^32. Multiply-shift: its bias is below bound / 2^32. */
  below(bound: number): number;
  /** A whole number in [min, max], both included; max - min below 2^32. */
  between(min: number, max: number): number;
  /** True with a chance of numerator / denominator. */
  chance(numerator: number, denominator: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** A new array with the items in random order (Fisher and Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

class Xoshiro128 implements Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(a: number, b: number, c: number, d: number) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#d = d | 0;
  }

  uint32(): number {
    const b = this.#b;
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const t = b << 9;
    this.#c ^= this.#a;
    this.#d ^= b;
    this.#b = b ^ this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  below(bound: number): number {
    // A product below 2^53 is exact; above, split into halves so that no engine rounds.
    const draw = this.uint32();
    if (bound <= 0x200000) return Math.floor((draw * bound) / 0x100000000);
    const high = Math.floor(bound / 0x10000);
    const low = bound % 0x10000;
    return Math.floor((draw * high + Math.floor((draw * low) / 0x10000)) / 0x10000);
  }

  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  chance(numerator: number, denominator: number): boolean {
    return this.below(denominator) < numerator;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('cannot pick from an empty list');
    return items[this.below(items.length)] as T;
  }

  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const swapped = result[i] as T;
      result[i] = result[j] as T;
      result[j] = swapped;
    }
    return result;
  }
}

/** splitmix32's finalizer: spreads a counter over all 32 bits. */
function mix32(value: number): number {
  let z = value | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}

/** FNV-1a over the UTF-16 units of a name. */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash;
}

/** The stream `name` of a seed (0 to 2^32-1). The same two give the same numbers on any machine. */
export function randomStream(seed: number, name: string): Random {
  let state = mix32(seed ^ 0x9e3779b9) ^ mix32(hashName(name));
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    return mix32(state);
  };
  return new Xoshiro128(next(), next(), next(), next() | 1);
}
