/** Histories of anything, and what is none. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkSafely } from '../checkers/checker.ts';
import { stats } from '../checkers/stats.ts';
import { validatePairing } from '../history/history.ts';
import { encodeOp } from '../history/jsonl.ts';
import { MalformedHistory } from '../history/malformed.ts';
import { parseHistory } from '../history/read.ts';
import { isArray } from '../history/value.ts';
import { histories, malformedHistories } from './histories.ts';
import { mutated } from './mutated.ts';
import { textOf } from './readable.ts';
import { transactions } from './transactions.ts';
import { values } from './values.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 500);

test('any history is well-formed, and is read as it was written', () => {
  fc.assert(
    fc.property(histories(), (history) => {
      validatePairing(history);
      for (const i of history.clientInvocations()) {
        const completion = history.completionOf(i);
        if (completion < 0) continue;
        expect(history.f(completion)).toBe(history.f(i));
        expect(history.keyIds[completion]).toBe(history.keyIds[i]);
      }
      const text = [...history.ops()].map((op) => `${encodeOp(op)}\n`).join('');
      expect(textOf(parseHistory(text))).toBe(textOf(history));
    }),
    { numRuns },
  );
});

test('a checker does not crash on any history, mutated or not', () => {
  fc.assert(
    fc.property(fc.oneof(histories(), mutated(histories())), (history) => {
      validatePairing(history);
      expect(checkSafely(stats(), history).reason ?? '').not.toContain('checker failed');
    }),
    { numRuns },
  );
});

test('a malformed history is refused', () => {
  fc.assert(
    fc.property(malformedHistories(), (text) => {
      expect(() => parseHistory(text)).toThrow(MalformedHistory);
    }),
    { numRuns },
  );
});

test('histories hold values of every kind', () => {
  const kinds = new Set(fc.sample(values(), { numRuns: 2000, seed: 1 }).map((value) => kindOf(value)));
  expect([...kinds].sort()).toEqual(
    [
      'Keyword',
      'Literal',
      'Tagged',
      'ValueMap',
      'ValueSet',
      'array',
      'bigint',
      'boolean',
      'map',
      'nil',
      'number',
      'string',
    ].sort(),
  );
});

function kindOf(value: unknown): string {
  if (value === null) return 'nil';
  if (typeof value !== 'object') return typeof value;
  if (isArray(value as never)) return 'array';
  return value.constructor === Object ? 'map' : value.constructor.name;
}

test('transactions write each value once, and have the lengths asked for', () => {
  const shape = { workload: 'rw-register', lengthMin: 2, lengthMax: 5, keyCount: 4, writesPerKeyMax: 3 } as const;
  fc.assert(
    fc.property(transactions({ ...shape, transactionsMax: 30 }), (all) => {
      expect(all.length).toBeLessThanOrEqual(30);
      for (const { length } of all) expect(length >= 2 && length <= 5).toBe(true);
      const written = all.flat().filter(([f]) => f === 'w');
      expect(new Set(written.map(([, key, value]) => `${key} ${value}`)).size).toBe(written.length);
      for (const [, , value] of written) expect(value).toBeLessThanOrEqual(3);
    }),
    { numRuns },
  );
});

test('of exponential keys each is used about twice as often as the next', () => {
  const all = fc.sample(
    transactions({
      workload: 'list-append',
      keyCount: 3,
      keyDistribution: 'exponential',
      transactionsMax: 100,
      writesPerKeyMax: 1000,
    }),
    { numRuns: 100, seed: 1 },
  );
  const uses = (name: string): number => all.flat(2).filter(([, key]) => key === name).length;
  for (const [one, other] of [
    ['x', 'y'],
    ['y', 'z'],
  ] as const) {
    expect(uses(one) / uses(other)).toBeGreaterThan(1.8);
    expect(uses(one) / uses(other)).toBeLessThan(2.2);
  }
});

test.each([0, 31, 1.5])('%d keys are refused', (keyCount) => {
  expect(() => transactions({ workload: 'list-append', keyCount })).toThrow(RangeError);
});

test('a property that does not hold shrinks to one op', () => {
  const result = fc.check(
    fc.property(histories(), (history) => history.length < 2),
    { numRuns: 100, seed: 1 },
  );
  expect(textOf(result.counterexample![0]).split('\n')).toHaveLength(2);
});
