import { describe, expect, test } from 'vitest';
import { SpecError } from '../../harness/spec.ts';
import type { ServiceName } from '../../protocol/service.ts';
import { outcomeOf } from './system-answers.ts';

const txn = [
  ['r', 1, null],
  ['append', 1, 2],
];

/** What is asked, what may come for a value, and what may not. */
const cases: readonly [ServiceName, f: string, asked: unknown, good: readonly unknown[], bad: readonly unknown[]][] = [
  ['register', 'read', null, [5, null, 'x', { a: [true] }], [undefined, 5n, NaN, new Date(0), { a: () => 5 }]],
  [
    'txn',
    'txn',
    txn,
    [
      [
        ['r', 1, [7]],
        ['append', 1, 2],
      ],
    ],
    [
      undefined,
      null,
      [7],
      [['r', 1, [7]]],
      [
        ['r', 2, [7]],
        ['append', 1, 2],
      ],
      [
        ['r', 1],
        ['append', 1, 2],
      ],
    ],
  ],
  ['bank', 'read', null, [{ 0: 3 }], [undefined, null, [3], 3]],
  ['queue', 'dequeue', null, [3, null], [undefined]],
  ['set', 'read', null, [[], [3]], [undefined, null, '3']],
  ['counter', 'read', null, [0, -3], [undefined, null, '3', 0.5]],
  ['lock', 'acquire', { client: 'a' }, [{ client: 'a', token: 3 }], [undefined, { client: 'a' }, 3]],
  ['unique-ids', 'generate', null, [3, 'x'], [undefined, null]],
  ['rows', 'add', null, [{ val: 1, sts: '2' }], [undefined, null, [1]]],
  ['rows', 'read', null, [[], [{ val: 1, sts: '2' }]], [undefined, null, { val: 1 }]],
  ['rows', 'read', [7, [1, 0]], [[7, [null, 0]]], [undefined, [7, [0]], [null, 0]]],
  ['log', 'send', [['send', 'k', 3]], [[['send', 'k', [0, 3]]]], [undefined, 0, [], [['send', 'k', 3]]]],
  [
    'log',
    'poll',
    [['poll', null, {}]],
    [[['poll', {}]], [['poll', { k: [[0, 3]] }]]],
    [undefined, {}, [['poll', { k: [3] }]]],
  ],
  ['atomic-commit', 'inspect', null, [{ vote: 'yes', decision: null }], [undefined, null, { vote: 'yes' }]],
  ['consensus', 'propose', 3, [{ proposed: 3, decided: 4 }], [undefined, 4, { proposed: 3 }]],
  ['consensus', 'learn', null, [3, null], [undefined]],
  ['echo', 'echo', 'x', ['x', 'y'], [undefined]],
];

describe('an answer', () => {
  test.each(cases)('of %s to %s must have the value that it found', (service, f, asked, good, bad) => {
    const op = { f, value: asked };
    for (const value of good) {
      expect(outcomeOf('toy', service, op, { type: 'ok', value })).toEqual({ type: 'ok', value });
    }
    for (const value of bad) {
      const answer = { type: 'ok', value } as const;
      expect(() => outcomeOf('toy', service, op, answer), String(value)).toThrow(SpecError);
      expect(outcomeOf('toy', service, op, { ...answer, type: 'info' })).toEqual({ type: 'info', value: asked });
    }
  });

  test('of an op that was not ok has an error in words', () => {
    const error: Error & { self?: unknown } = new Error('no', { cause: new Error('reset') });
    error.self = error;
    const op = { f: 'write', value: 3 };
    const outcome = outcomeOf('toy', 'register', op, { type: 'info', error });
    expect(outcome).toEqual({ type: 'info', value: 3, error: 'no: reset' });
    const worded = outcomeOf('toy', 'register', op, { type: 'fail', error: ['code', 7] });
    expect(worded).toEqual({ type: 'fail', value: 3, error: ['code', 7] });
  });

  test.each<[ServiceName, f: string, asked: unknown]>([
    ['register', 'write', 3],
    ['register', 'cas', [3, 4]],
    ['bank', 'transfer', { from: 0, to: 1, amount: 2 }],
    ['queue', 'enqueue', 3],
    ['set', 'add', 3],
    ['counter', 'add', 3],
    ['lock', 'release', { client: 'a' }],
    ['rows', 'insert', [7, [1, null]]],
    ['log', 'assign', ['k']],
    ['atomic-commit', 'transact', []],
  ])('of %s to %s needs none', (service, f, value) => {
    for (const answered of [undefined, null, 'OK']) {
      const outcome = outcomeOf('toy', service, { f, value }, { type: 'ok', value: answered });
      expect(outcome).toEqual({ type: 'ok', value });
    }
  });
});
