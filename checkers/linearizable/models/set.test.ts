import { describe, expect, test } from 'vitest';
import { ValueSet } from '../../../history/value.ts';
import { RETURNED } from '../calls.ts';
import { refusalOf, sequential, statesOf, verdictOf, wordsOf } from '../testing/verdict-of.ts';
import { set } from './set.ts';

describe('a set', () => {
  test('has what was added, until it is removed', () => {
    const added = sequential(['add', 1, 1]);
    const removed = `${added}\n${sequential(['remove', 1, 1])}`;
    const looks = (answer: boolean): string => sequential(['contains', 1, answer]);
    expect(verdictOf(set(), looks(false))).toBe(true);
    expect(verdictOf(set(), looks(true))).toBe(false);
    expect(verdictOf(set(), `${added}\n${looks(true)}`)).toBe(true);
    expect(verdictOf(set(), `${added}\n${looks(false)}`)).toBe(false);
    expect(verdictOf(set(), `${removed}\n${looks(false)}`)).toBe(true);
    expect(verdictOf(set(), `${removed}\n${looks(true)}`)).toBe(false);
    expect(verdictOf(set(), `${added}\n${sequential(['contains', 1, [1, false]])}`)).toBe(false);
  });

  test('is read whole, in any order, as a list or a set', () => {
    const read = (elements: readonly number[]): string =>
      sequential(['add', 1, 1], ['add', 2, 2], ['read', null, elements]);
    expect(verdictOf(set(), read([1, 2]))).toBe(true);
    expect(verdictOf(set(), read([2, 1]))).toBe(true);
    expect(verdictOf(set(), read([2]))).toBe(false);
    expect(verdictOf(set(), read([1, 2, 3]))).toBe(false);
    expect(verdictOf(set(), read([1, 2, 2]))).toBe(false);
    const { automaton, op } = set().compile({
      length: 2,
      invocation: Int32Array.of(0, 2),
      completion: Int32Array.of(1, 3),
      fate: Uint8Array.of(RETURNED, RETURNED),
      process: Int32Array.of(0, 0),
      f: ['add', 'read'],
      input: [1, null],
      output: [1, new ValueSet([1])],
      events: Int32Array.of(0, 1, 2, 3),
    });
    const added = automaton.step(automaton.initial, op[0]!);
    expect(automaton.step(added, op[1]!)).toBe(added);
  });

  test('is changed only by what says so, or does not say', () => {
    expect(verdictOf(set(), sequential(['add', 1, true], ['add', 1, false]))).toBe(true);
    expect(verdictOf(set(), sequential(['add', 1, true], ['add', 1, true]))).toBe(false);
    expect(verdictOf(set(), sequential(['add', 1, 1], ['add', 1, 1]))).toBe(true);
    expect(verdictOf(set(), sequential(['remove', 1, false], ['add', 1, null], ['remove', 1, true]))).toBe(true);
    expect(verdictOf(set(), sequential(['remove', 1, true]))).toBe(false);
    expect(verdictOf(set(), sequential(['remove', 1, 1]))).toBe(true);
    expect(verdictOf(set(), sequential(['add', true, true], ['add', true, true]))).toBe(true);
  });

  test('may have been changed by crashed ops at any later time', () => {
    const crashedRemove = `
      0 invoke add 1
      0 ok add 1
      1 invoke remove 1
      1 info remove 1
      0 invoke read
      0 ok read []
      0 invoke add 1
      0 ok add 1
      0 invoke read
      0 ok read [1]`;
    expect(verdictOf(set(), crashedRemove)).toBe(true);
    const again = `${crashedRemove}
      0 invoke read
      0 ok read []`;
    expect(verdictOf(set(), again)).toBe(false);
    const crashedAdd = `
      1 invoke add 2
      0 invoke contains 2
      0 ok contains false
      0 invoke contains 2
      0 ok contains true
      0 invoke contains 2
      0 ok contains false`;
    expect(verdictOf(set(), crashedAdd)).toBe(false);
  });

  test('says what it holds', () => {
    const text = sequential(['add', 1, 1], ['add', 'b', null], ['remove', 1, 1], ['read', null, ['b']]);
    expect(statesOf(set(), text)).toEqual(['#{1}', '#{1 "b"}', '#{"b"}', '#{"b"}']);
    const many = Array.from({ length: 22 }, (_, i) => ['add', i, i] as const);
    expect(statesOf(set(), sequential(...many, ['read', null, []]))[21]).toMatch(/^#\{0 1 .* 19 …\}$/);
  });

  test('says what calls did', () => {
    const text = sequential(
      ['add', 1, 1],
      ['add', 1, true],
      ['add', 1, false],
      ['remove', 1, false],
      ['remove', 1, [1, true]],
      ['contains', 1, true],
      ['contains', 1, false],
      ['read', null, [1]],
    );
    expect(wordsOf(set(), `${text}\n1 invoke read`)).toEqual({
      nouns: [
        'add of 1',
        'add of 1',
        'add of 1',
        'remove of 1',
        'remove of 1',
        'contains of 1',
        'contains of 1',
        'read of [1]',
        'read',
      ],
      pasts: [
        'added 1',
        'added 1, which changed the set',
        'found 1 there already',
        'found no 1 to remove',
        'removed 1, which changed the set',
        'found 1 there',
        'found 1 missing',
        'read [1]',
      ],
    });
  });

  test('refuses what it does not know', () => {
    expect(refusalOf(set(), sequential(['push', 1, 1]))).toBe(
      'op 0 is a push; the set model knows add, remove, contains, read: choose another model',
    );
    expect(refusalOf(set(), sequential(['read', null, 3]))).toBe(
      'op 0 read 3 from a set; expected a list or a set of all elements',
    );
    expect(refusalOf(set(), sequential(['contains', 1, null]))).toBe(
      'op 0, contains of 1, returned nil; expected true or false',
    );
  });
});
