import { describe, expect, test } from 'vitest';
import { History } from '../../history/history.ts';
import type { Op, OpType } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import { classicCheckers } from './index.ts';

const line = (process: Op['process'], type: OpType, f: string, value: Value = null): Op => {
  return { index: 0, time: Number.NaN, process, type, f, value };
};

describe.each([...classicCheckers])('the %s checker', (name, checker) => {
  test('goes by its name', () => {
    expect(checker.name).toBe(name);
  });

  test('is unknown, with a reason, where there is nothing to judge', () => {
    const histories = {
      empty: [],
      crashed: [line(0, 'invoke', 'read'), line(0, 'info', 'read')],
      failed: [line(0, 'invoke', 'write', 1), line(0, 'fail', 'write', 1)],
      open: [line(0, 'invoke', 'read'), line(1, 'invoke', 'add', 7)],
      nemesis: [line('nemesis', 'info', 'kill'), line('nemesis', 'info', 'kill', 'done')],
      unpaired: [line(0, 'ok', 'read', 3)],
    };
    for (const [what, ops] of Object.entries(histories)) {
      const verdict = checker.check(History.from(ops));
      expect(verdict, what).toMatchObject({ valid: 'unknown', reason: expect.stringMatching(/./) });
    }
  });

  test('does not convict ops of another kind, and does not fail on them', () => {
    if (name === 'availability' || name === 'perf') return;
    for (const value of [null, 7, 'a', [], [1], [[1, 2]], { a: 1 }, [[['w', 1, 2]]]] as Value[]) {
      const verdict = checker.check(History.from([line(0, 'invoke', 'fly', value), line(0, 'ok', 'fly', value)]));
      expect(verdict).toMatchObject({ valid: 'unknown', reason: expect.stringContaining('fly') });
    }
  });
});
