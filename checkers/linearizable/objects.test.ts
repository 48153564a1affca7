import { describe, expect, test } from 'vitest';
import { History } from '../../history/history.ts';
import type { Op } from '../../history/op.ts';
import { Keyword } from '../../history/value.ts';
import { CRASHED, REFUSED, RETURNED } from './calls.ts';
import { objectsOf } from './objects.ts';
import { historyOf } from './testing/history-of.ts';

describe('the objects of a history', () => {
  test('are its keys, each with its own calls in the order of lines', () => {
    const { keys, calls, ops } = objectsOf(
      historyOf(`
        0 invoke write 1 "x"
        1 invoke read null "y"
        0 ok write 1 "x"
        1 ok read 7 "y"
        nemesis info heal
        2 invoke read null "x"
        2 ok read 1 "x"`),
    );
    expect(keys).toEqual(['x', 'y']);
    expect(ops).toBe(3);
    expect([...calls[0]!.invocation]).toEqual([0, 5]);
    expect([...calls[0]!.completion]).toEqual([2, 6]);
    expect([...calls[0]!.events]).toEqual([0, 1, 2, 3]);
    expect(calls[0]!.f).toEqual(['write', 'read']);
    expect(calls[0]!.output).toEqual([1, 1]);
    expect(calls[1]!.output).toEqual([7]);
  });

  test('leave out what failed, keep what crashed without a return, and what never completed', () => {
    const { calls, ops } = objectsOf(
      historyOf(`
        0 invoke write 1
        0 fail write 1
        0 invoke write 2
        0 info write 2
        1 invoke write 3
        2 invoke read
        2 ok read 3`),
    );
    expect(ops).toBe(4);
    expect([...calls[0]!.fate]).toEqual([CRASHED, CRASHED, RETURNED]);
    expect([...calls[0]!.completion]).toEqual([3, -1, 6]);
    expect([...calls[0]!.events]).toEqual([0, 2, 4, 5]);
  });

  test('keep a cas refused with precondition-failed only when asked to', () => {
    const refused = historyOf(`
      0 invoke cas [1,2]
      0 fail cas [1,2]`);
    expect(objectsOf(refused).calls[0]!.length).toBe(0);
    expect([...objectsOf(refused, true).calls[0]!.fate]).toEqual([REFUSED]);
  });

  test('take a keyword for the error too, never another error, and never of another op', () => {
    const failed = (f: string, error: Op['error']): History => {
      const op = { index: 0, time: 0, process: 0, f, value: [1, 2] };
      return History.from([
        { ...op, type: 'invoke' },
        { ...op, type: 'fail', ...(error === undefined ? {} : { error }) },
      ]);
    };
    expect(objectsOf(failed('cas', Keyword.of('precondition-failed')), true).calls[0]!.length).toBe(1);
    for (const error of [undefined, 'timeout', 'key-does-not-exist', 22]) {
      expect(objectsOf(failed('cas', error), true).calls[0]!.length, String(error)).toBe(0);
    }
    expect(objectsOf(failed('write', 'precondition-failed'), true).calls[0]!.length).toBe(0);
  });

  test('are none where no client did anything', () => {
    expect(objectsOf(historyOf('nemesis info heal'))).toEqual({ keys: [], calls: [], ops: 0 });
  });
});
