import { describe, expect, test } from 'vitest';
import { History } from '../../history/history.ts';
import type { Op, OpType } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import { judgeObjects, type KeyedVerdict, type ObjectCalls, Unjudgeable, Untested } from './object-checker.ts';

/** One op for each key, which completes so. */
function historyOf(ends: Readonly<Record<string, OpType>>): History {
  const line = (type: OpType, key: string, process: number): Op => {
    return { index: 0, time: 0, process, type, f: 'do', key, value: null };
  };
  return History.from(
    Object.entries(ends).flatMap(([key, type], process) => [line('invoke', key, process), line(type, key, process)]),
  );
}

/** What becomes of an object is its key. */
function judge({ key }: ObjectCalls) {
  const word = key as string;
  if (word.startsWith('unknown op')) throw new Unjudgeable(`${word} cannot be judged`);
  if (word.startsWith('untested')) throw new Untested(`${word} was not read`);
  if (word.startsWith('wrong')) return { valid: false, reason: `${word} is wrong`, findings: [] } as const;
  if (word.startsWith('crash')) throw new Error('a mistake');
  return { valid: true, findings: [] } as const;
}

const verdictOn = (...keys: readonly string[]) =>
  judgeObjects(historyOf(Object.fromEntries(keys.map((key) => [key, 'ok']))), judge) as KeyedVerdict<never>;

const keysOf = ({ results }: KeyedVerdict<never>): readonly Value[] => results.map(({ key }) => key);

describe('objects judged apart', () => {
  test('are as bad as the worst of them', () => {
    expect(verdictOn('right 1', 'right 2')).toEqual({ valid: true, keys: 2, untestedKeys: 0, results: [] });
    const verdict = verdictOn('right', 'unknown op', 'wrong 1', 'wrong 2');
    expect(verdict).toMatchObject({ valid: false, keys: 4, reason: 'key "wrong 1" (and 1 more): wrong 1 is wrong' });
    expect(keysOf(verdict)).toEqual(['wrong 1', 'wrong 2', 'unknown op']);
    expect(verdictOn('right', 'unknown op')).toMatchObject({
      valid: 'unknown',
      reason: 'key "unknown op": unknown op cannot be judged',
    });
  });

  test('count where they were tested, unless none was', () => {
    const verdict = verdictOn('right', 'untested 1', 'untested 2');
    expect(verdict).toEqual({ valid: true, keys: 3, untestedKeys: 2, results: [] });
    expect(verdictOn('untested 1', 'untested 2')).toMatchObject({
      valid: 'unknown',
      untestedKeys: 2,
      reason: 'key "untested 1" (and 1 more): untested 1 was not read',
    });
  });

  test('are not tested where no op on them succeeded', () => {
    expect(judgeObjects(historyOf({ right: 'ok', 'wrong 1': 'fail', 'wrong 2': 'info' }), judge)).toEqual({
      valid: true,
      keys: 3,
      untestedKeys: 2,
      results: [],
    });
    expect(judgeObjects(historyOf({ right: 'fail', 'wrong 1': 'info' }), judge)).toEqual({
      valid: 'unknown',
      reason: 'no op succeeded (2 invoked), so nothing was tested',
      untested: true,
    });
  });

  test('are not wrapped where there is one only', () => {
    expect(verdictOn('wrong')).toEqual({ valid: false, reason: 'wrong is wrong', findings: [] });
  });

  test('show ten of them at most', () => {
    expect(verdictOn(...Array.from({ length: 12 }, (_, i) => `wrong ${i}`)).results).toHaveLength(10);
  });

  test("do not hide a checker's own mistakes", () => {
    expect(() => verdictOn('crash')).toThrow('a mistake');
  });
});
