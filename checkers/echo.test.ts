import { describe, expect, test } from 'vitest';
import { History } from '../history/history.ts';
import type { Op, OpType } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { echo } from './echo.ts';

const line = (process: number, type: OpType, value: Value): Omit<Op, 'index'> => ({
  time: 0,
  process,
  type,
  f: 'echo',
  value,
});
const historyOf = (...lines: Omit<Op, 'index'>[]): History =>
  History.from(lines.map((op, index) => ({ index, ...op })));

describe('the echo checker', () => {
  test('finds equal values valid, however they overlap and whatever they are', () => {
    const history = historyOf(
      line(0, 'invoke', { a: [1, 'x'] }),
      line(1, 'invoke', 'b'),
      line(0, 'ok', { a: [1, 'x'] }),
      line(1, 'ok', 'b'),
    );
    expect(echo.check(history)).toEqual({ valid: true, ops: 2, mismatches: [] });
  });

  test('finds another value invalid and shows where', () => {
    const history = historyOf(line(0, 'invoke', 'a'), line(1, 'invoke', 'b'), line(1, 'ok', 'a'), line(0, 'ok', 'a'));
    expect(echo.check(history)).toEqual({
      valid: false,
      reason: '1 of 2 echoes came back changed, first "b" as "a"',
      ops: 2,
      mismatches: [{ invocation: 1, completion: 2, sent: '"b"', received: '"a"' }],
    });
  });

  test('says nothing of echoes that failed, are unknown, or never ended', () => {
    const history = historyOf(
      line(0, 'invoke', 'a'),
      line(0, 'fail', null),
      line(1, 'invoke', 'b'),
      line(1, 'info', null),
      line(2, 'invoke', 'c'),
    );
    expect(echo.check(history)).toEqual({ valid: true, ops: 0, mismatches: [] });
  });

  test('shows ten mismatches and counts them all', () => {
    const lines = Array.from({ length: 12 }, (_, i) => [line(0, 'invoke', i), line(0, 'ok', -1)]).flat();
    const verdict = echo.check(historyOf(...lines));
    expect(verdict.mismatches).toHaveLength(10);
    expect(verdict.reason).toContain('12 of 12');
  });
});
