import { describe, expect, test } from 'vitest';
import { randomStream } from './random.ts';

describe('a stream', () => {
  test('gives the numbers it has always given', () => {
    const draw = (seed: number, name: string) => {
      const random = randomStream(seed, name);
      return [random.uint32(), random.uint32(), random.uint32(), random.uint32()];
    };
    expect(draw(0, 'network')).toMatchInlineSnapshot(`
      [
        1922611073,
        1242411001,
        858477772,
        1793852486,
      ]
    `);
    expect(draw(7, 'generator')).toMatchInlineSnapshot(`
      [
        3985215788,
        2258063411,
        2627098203,
        2584069990,
      ]
    `);
    expect(draw(2 ** 32 - 1, '')).toMatchInlineSnapshot(`
      [
        4014178252,
        2719600855,
        2634549091,
        699113451,
      ]
    `);
  });

  test('is decided by seed and name', () => {
    const first = (seed: number, name: string) => randomStream(seed, name).uint32();
    expect(first(1, 'a')).toBe(first(1, 'a'));
    const drawn = new Set<number>();
    for (let seed = 0; seed < 500; seed++) for (const name of ['a', 'b', 'n1', 'n2']) drawn.add(first(seed, name));
    // Among 2,000 draws out of 2^32 a pair of equal ones has a chance of 1 in 2,000.
    expect(drawn.size).toBeGreaterThanOrEqual(1999);
  });

  test('is not correlated with that of the next seed or of another name', () => {
    const equalBits = (a: number, b: number) => {
      let equal = 0;
      for (let bits = ~(a ^ b); bits !== 0; bits &= bits - 1) equal++;
      return equal;
    };
    for (const [left, right] of [
      [randomStream(1, 'a'), randomStream(2, 'a')],
      [randomStream(1, 'a'), randomStream(1, 'b')],
    ] as const) {
      let equal = 0;
      for (let i = 0; i < 10_000; i++) equal += equalBits(left.uint32(), right.uint32());
      // 320,000 coins: the standard deviation is 283.
      expect(Math.abs(equal - 160_000)).toBeLessThan(5 * 283);
    }
  });
});

describe('below', () => {
  test('draws every number about equally often', () => {
    const random = randomStream(3, 'below');
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const drawn = random.below(10);
      counts[drawn] = (counts[drawn] as number) + 1;
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    // 9 degrees of freedom: above 33.7 with a chance of 1 in 10,000.
    expect(chiSquare).toBeLessThan(33.7);
  });

  test('stays below its bound, whatever the bound', () => {
    const random = randomStream(4, 'below');
    for (const bound of [1, 2, 3, 1000, 0x1fffff, 0x200000, 0x200001, 0x7fffffff, 0xffffffff, 0x100000000]) {
      for (let i = 0; i < 2000; i++) {
        const drawn = random.below(bound);
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < bound).toBe(true);
      }
    }
  });

  test('is exactly floor(draw · bound / 2^32), for large bounds too', () => {
    const drawn = randomStream(5, 'x');
    const raw = randomStream(5, 'x');
    for (const bound of [10, 1_000_003, 0x200001, 0x12345678, 0xfffffffb, 0x100000000]) {
      for (let i = 0; i < 500; i++) {
        expect(BigInt(drawn.below(bound))).toBe((BigInt(raw.uint32()) * BigInt(bound)) >> 32n);
      }
    }
  });
});

test('between includes both ends', () => {
  const random = randomStream(6, 'between');
  const drawn = new Set(Array.from({ length: 200 }, () => random.between(-1, 2)));
  expect([...drawn].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
});

test('chance is never at 0 and always at 1', () => {
  const random = randomStream(7, 'chance');
  for (let i = 0; i < 1000; i++) {
    expect(random.chance(0, 10)).toBe(false);
    expect(random.chance(10, 10)).toBe(true);
  }
  let hits = 0;
  for (let i = 0; i < 10_000; i++) if (random.chance(1, 4)) hits++;
  expect(Math.abs(hits - 2500)).toBeLessThan(5 * 44);
});

test('pick refuses an empty list', () => {
  expect(() => randomStream(8, 'pick').pick([])).toThrow('cannot pick from an empty list');
});

test('shuffle gives every order about equally often and leaves its input alone', () => {
  const random = randomStream(9, 'shuffle');
  const items = [1, 2, 3] as const;
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = random.shuffle(items).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(items).toEqual([1, 2, 3]);
  expect(counts.size).toBe(6);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
});
