import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SpecError } from '../harness/spec.ts';
import type { Op } from '../history/op.ts';
import { ask, type Imagined, invocations, partsOf, probed } from './testing/imagined.ts';

type MicroOp = readonly [f: string, key: number, value: number | null];

const transactionsIn = (history: readonly Op[]): (readonly MicroOp[])[] =>
  invocations(history).map(({ value }) => value as unknown as readonly MicroOp[]);
const load = (settings: Imagined = {}, workload = 'list-append') => transactionsIn(ask(workload, settings).load);

/** How often each key occurs, of all micro-ops; the keys of the pool are never replaced. */
function shares(options: Record<string, string>): number[] {
  const keys = load({ ops: 4000, options: { 'max-writes-per-key': '1000000', ...options } })
    .flat()
    .map(([, key]) => key);
  const counts: number[] = [];
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return Array.from(counts, (count = 0) => count / keys.length);
}

const near = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  for (const [i, share] of expected.entries()) expect(Math.abs(actual[i]! - share)).toBeLessThan(0.015);
};

describe('transactions', () => {
  test('have 1 to 4 micro-ops, each as often, half of them reads', () => {
    const txns = load({ ops: 4000 });
    for (const length of [1, 2, 3, 4]) {
      expect(txns.filter((txn) => txn.length === length).length / txns.length).toBeCloseTo(0.25, 1);
    }
    const microOps = txns.flat();
    expect(microOps.filter(([f]) => f === 'r').length / microOps.length).toBeCloseTo(0.5, 1);
    expect(new Set(microOps.map(([f]) => f))).toEqual(new Set(['r', 'append']));
    expect(new Set(load({}, 'rw-register').flatMap((txn) => txn.map(([f]) => f)))).toEqual(new Set(['r', 'w']));
  });

  test('are as long as asked for', () => {
    const lengths = load({ options: { 'min-txn-length': '3', 'max-txn-length': '9' } }).map(({ length }) => length);
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([3, 9]);
    expect(load({ options: { 'min-txn-length': '7' } }).every(({ length }) => length === 7)).toBe(true);
  });

  test('of the ten keys of the pool each is twice as likely as the one before', () => {
    near(
      shares({}),
      Array.from({ length: 10 }, (_, place) => 2 ** place / 1023),
    );
  });

  test('keys may be of another number, base, or distribution', () => {
    near(shares({ 'key-count': '3', 'key-dist-base': '4' }), [1 / 21, 4 / 21, 16 / 21]);
    near(shares({ 'key-dist': 'uniform' }), [1 / 3, 1 / 3, 1 / 3]);
    near(shares({ 'key-dist': 'zipf', 'key-count': '4' }), [12 / 25, 6 / 25, 4 / 25, 3 / 25]);
  });

  test('write 1, 2, 3, … to each key, up to 32, and then leave it for a fresh one', () => {
    const microOps = load({ ops: 4000 }).flat();
    const written = new Map<number, number>();
    for (const [f, key, value] of microOps) {
      if (f !== 'append') continue;
      expect(value).toBe((written.get(key) ?? 0) + 1);
      written.set(key, value as number);
    }
    expect(Math.max(...written.values())).toBe(32);
    expect([...written.values()].filter((count) => count < 32).length).toBeLessThanOrEqual(10);
    const last = new Map(microOps.map(([, key], i) => [key, i]));
    const full = [...written].filter(([, count]) => count === 32).map(([key]) => last.get(key)!);
    expect(Math.min(...full)).toBeLessThan(microOps.length / 10);
  });

  test('are the same for the same seed, also from the same parts again', () => {
    expect(load({ seed: 5 })).toEqual(load({ seed: 5 }));
    expect(load({ seed: 5 })).not.toEqual(load({ seed: 6 }));
  });

  test('keep to whatever is asked for', () => {
    const options = fc.record({
      count: fc.integer({ min: 1, max: 12 }),
      least: fc.integer({ min: 1, max: 5 }),
      more: fc.integer({ min: 0, max: 5 }),
      writes: fc.integer({ min: 1, max: 5 }),
      distribution: fc.constantFrom('exponential', 'uniform', 'zipf'),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(options, ({ count, least, more, writes, distribution, seed }) => {
        const txns = load({
          ops: 50,
          seed,
          options: {
            'key-count': `${count}`,
            'min-txn-length': `${least}`,
            'max-txn-length': `${least + more}`,
            'max-writes-per-key': `${writes}`,
            'key-dist': distribution,
          },
        });
        expect(txns.every(({ length }) => length >= least && length <= least + more)).toBe(true);
        const values = new Set<string>();
        for (const [f, key, value] of txns.flat()) {
          if (f === 'r') {
            expect(value).toBe(null);
            continue;
          }
          expect(value).toBeLessThanOrEqual(writes);
          expect(values).not.toContain(`${key} ${value}`);
          values.add(`${key} ${value}`);
        }
      }),
      { numRuns: Number(process.env.FTEST_NUM_RUNS ?? 100) },
    );
  });
});

describe('options that make no sense are refused', () => {
  test.each([
    [{ 'key-dist': 'unifrom' }, 'unknown distribution of keys "unifrom": did you mean uniform?'],
    [{ 'key-count': '0' }, 'key-count must be a whole number from 1 to 1000, not 0'],
    [{ 'key-count': 'ten' }, 'key-count must be a whole number from 1 to 1000, not ten'],
    [{ 'key-count': '40' }, '40 keys, each 2 times as likely as the one before, are too many to draw from'],
    [{ 'key-dist-base': '1' }, 'key-dist-base must be a whole number from 2 to 1000, not 1'],
    [{ 'min-txn-length': '5', 'max-txn-length': '4' }, 'max-txn-length must be a whole number from 5 to 1000, not 4'],
    [{ 'max-writes-per-key': '1.5' }, 'max-writes-per-key must be a whole number from 1 to 1000000, not 1.5'],
  ])('%o', (options, message) => {
    expect(() => partsOf('list-append', { options: options as Record<string, string> })).toThrow(
      new SpecError(message),
    );
  });

  test('40 keys that are equally likely are not too many', () => {
    expect(() => partsOf('list-append', { options: { 'key-count': '40', 'key-dist': 'uniform' } })).not.toThrow();
  });
});

describe('the final reads', () => {
  test('read the last 64 keys, in transactions of up to 4, on 3 nodes', () => {
    const asked = ask('list-append', { ops: 4000 });
    const used = Math.max(
      ...transactionsIn(asked.load)
        .flat()
        .map(([, key]) => key),
    );
    const txns = transactionsIn(asked.final);
    expect(txns.flat().every(([f]) => f === 'r')).toBe(true);
    expect(Math.max(...txns.map(({ length }) => length))).toBe(4);
    const keys = [...new Set(txns.flat().map(([, key]) => key))];
    expect(keys).toHaveLength(64);
    expect(Math.max(...keys)).toBeGreaterThanOrEqual(used);
    expect(txns.flat()).toHaveLength(64 * 3);
    expect(new Set(invocations(asked.final).map(({ node }) => node)).size).toBe(3);
  });

  test('of a run that did nothing are none', () => {
    expect(ask('list-append', { ops: 0 }).final).toEqual([]);
  });
});

test('the probes write a key that the load does not use, each another value, and read it', () => {
  for (const [workload, write] of [
    ['list-append', 'append'],
    ['rw-register', 'w'],
  ] as const) {
    const [ops] = probed(workload, 20);
    const written = ops!.map(({ value }) => {
      const [[f, key, of], read] = value as unknown as readonly [readonly unknown[], readonly unknown[]];
      expect([f, key, read]).toEqual([write, 'recovery', ['r', 'recovery', null]]);
      return of;
    });
    expect(new Set(written).size).toBe(20);
  }
});
