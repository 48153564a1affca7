import { describe, expect, test } from 'vitest';
import { refusalOf, sequential, statesOf, verdictOf, wordsOf } from '../testing/verdict-of.ts';
import { counter } from './counter.ts';

describe('a counter', () => {
  test('shows the sum of what was added', () => {
    const sum = (read: number): string =>
      sequential(
        ['add', 5, 5],
        ['inc', null, null],
        ['decrement', 2, 2],
        ['dec', null, null],
        ['increment', 3, 3],
        ['read', null, read],
      );
    expect(verdictOf(counter(), sum(6))).toBe(true);
    expect(verdictOf(counter(), sum(5))).toBe(false);
    expect(verdictOf(counter({ initial: -1 }), sum(5))).toBe(true);
  });

  test('shows any sum of what is being added, and crashed adds at any later time, once', () => {
    const reads = (...values: readonly number[]): string => `
      1 invoke add 1
      1 info add 1
      2 invoke add 2
      ${sequential(...values.map((value) => ['read', null, value] as const))}
      2 ok add 2`;
    expect(verdictOf(counter(), reads(0, 1, 3))).toBe(true);
    expect(verdictOf(counter(), reads(2, 3))).toBe(true);
    expect(verdictOf(counter(), reads(1, 2))).toBe(false);
    expect(verdictOf(counter(), reads(4))).toBe(false);
  });

  test('is exact beyond 2^53', () => {
    const text = (read: string): string => `
      0 invoke add 9007199254740991
      0 ok add 9007199254740991
      0 invoke add 9007199254740991
      0 ok add 9007199254740991
      0 invoke add 1
      0 ok add 1
      0 invoke add -9007199254740991
      0 ok add -9007199254740991
      0 invoke read
      0 ok read ${read}`;
    expect(verdictOf(counter(), text('9007199254740992'))).toBe(true);
    expect(verdictOf(counter(), text('9007199254740991'))).toBe(false);
  });

  test('says what it holds, and what calls did', () => {
    const text = sequential(['add', 5, 5], ['dec', null, null], ['read', null, 4]);
    expect(statesOf(counter(), text)).toEqual(['5', '4', '4']);
    expect(wordsOf(counter(), `${text}\n1 invoke read`)).toEqual({
      nouns: ['add of 5', 'dec', 'read of 4', 'read'],
      pasts: ['added 5', 'subtracted 1', 'read 4'],
    });
  });

  test('refuses what it does not know', () => {
    expect(refusalOf(counter(), sequential(['write', 1, 1]))).toMatch(
      /^op 0 is a write; the counter model knows add, inc, /,
    );
    expect(refusalOf(counter(), sequential(['add', 1.5, 1.5]))).toBe('op 0 is an add of 1.5; expected a whole number');
    expect(refusalOf(counter(), sequential(['add', null, null]))).toBe(
      'op 0 is an add of nil; expected a whole number',
    );
    expect(refusalOf(counter(), sequential(['add', 1, 1], ['read', null, null]))).toBe(
      'op 2 read nil from a counter; expected a whole number',
    );
    expect(() => counter({ initial: 'a' })).toThrow('a counter cannot begin at "a"; expected a whole number');
  });
});
