import { describe, expect, test } from 'vitest';
import { objectsOf } from '../objects.ts';
import { allRules } from '../rules.ts';
import { historyOf } from '../testing/history-of.ts';
import { refusalOf, sequential, statesOf, verdictOf, wordsOf } from '../testing/verdict-of.ts';
import { kv } from './kv.ts';

describe('a key-value map', () => {
  test('has what was put, and what was appended to it', () => {
    const got = (text: string | null): string =>
      sequential(['put', 'a', 'a'], ['append', 'bc', 'bc'], ['get', null, text]);
    expect(verdictOf(kv(), got('abc'))).toBe(true);
    expect(verdictOf(kv(), got('bc'))).toBe(false);
    expect(verdictOf(kv(), got('ab'))).toBe(false);
    expect(verdictOf(kv(), got(null))).toBe(false);
  });

  test('has the empty string where nothing was put', () => {
    expect(verdictOf(kv(), sequential(['get', null, '']))).toBe(true);
    expect(verdictOf(kv(), sequential(['get', null, null]))).toBe(true);
    expect(verdictOf(kv(), sequential(['append', 'a', 'a'], ['get', null, 'a']))).toBe(true);
  });

  test('is an object for each key', () => {
    const text = (got: string): string => `
      0 invoke put "a" "x"
      0 ok put "a" "x"
      0 invoke get null "y"
      0 ok get "${got}" "y"`;
    expect(verdictOf(kv(), text(''))).toBe(true);
    expect(verdictOf(kv(), text('a'))).toBe(false);
  });

  test('takes appends in any order where they are concurrent, each once', () => {
    const text = (got: string): string => `
      0 invoke append "a"
      1 invoke append "b"
      2 invoke append "c"
      2 info append "c"
      1 ok append "b"
      0 ok append "a"
      3 invoke get
      3 ok get "${got}"`;
    for (const got of ['ab', 'ba', 'abc', 'bca', 'cab']) expect(verdictOf(kv(), text(got)), got).toBe(true);
    for (const got of ['a', 'abb', 'acbc', 'c', '']) expect(verdictOf(kv(), text(got)), got).toBe(false);
  });

  test('says what it holds, and what calls did', () => {
    const text = sequential(['put', 'ab', null], ['append', 'c', null], ['get', null, 'abc'], ['append', 'd', null]);
    expect(statesOf(kv(), text)).toEqual(['"ab"', '"abc"', '"abc"', 'a string that no get returns']);
    expect(wordsOf(kv(), `${text}\n1 invoke get`)).toEqual({
      nouns: ['put of "ab"', 'append of "c"', 'get of "abc"', 'append of "d"', 'get'],
      pasts: ['put "ab"', 'appended "c"', 'got "abc"', 'appended "d"'],
    });
    const calls = objectsOf(historyOf(text)).calls[0]!;
    const { automaton, op } = kv().compile(calls, { ...allRules, mergeUnobserved: false });
    const last = [...op].reduce((state, number) => automaton.step(state, number), automaton.initial);
    expect(automaton.describe(last)).toBe('"abcd"');
  });

  test('holds anything where nothing is appended to', () => {
    expect(verdictOf(kv(), sequential(['get', null, ''], ['put', 5, 5], ['get', null, 5], ['put', [1], null]))).toBe(
      true,
    );
    expect(verdictOf(kv(), sequential(['get', null, null], ['put', 5, 5], ['get', null, null]))).toBe(false);
    expect(verdictOf(kv(), sequential(['put', 5, 5], ['put', 6, 6], ['get', null, 5]))).toBe(false);
    expect(verdictOf(kv(), sequential(['put', 5, 5], ['put', '', ''], ['get', null, null]))).toBe(true);
  });

  test('refuses what it does not know', () => {
    expect(refusalOf(kv(), sequential(['write', 'a', 'a']))).toBe(
      'op 0 is a write; the kv model knows get, put, append: choose another model',
    );
    const appended = ['append', 'a', 'a'] as const;
    expect(refusalOf(kv(), sequential(['put', 1, 1], appended))).toBe('op 0 is a put of 1; expected a string');
    expect(refusalOf(kv(), sequential(['get', null, 1], appended))).toBe('op 0 is a get of 1; expected a string');
  });
});
