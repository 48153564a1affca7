import { describe, expect, test } from 'vitest';
import { History } from '../history/history.ts';
import type { Op, OpType } from '../history/op.ts';
import { checkStats, stats } from './stats.ts';

const op = (process: number, type: OpType, f: string, timeNs = 0): Op => ({
  index: 0,
  time: timeNs,
  process,
  type,
  f,
  value: null,
});

const ended = (count: number, f: string, type: OpType): Op[] =>
  Array.from({ length: count }, () => [op(0, 'invoke', f), op(0, type, f)]).flat();

describe('the stats checker', () => {
  test("counts how clients' ops ended, by f, an open one as info, and the nemesis not at all", () => {
    const verdict = checkStats(
      History.from([
        ...ended(3, 'read', 'ok'),
        ...ended(2, 'write', 'fail'),
        ...ended(1, 'write', 'info'),
        ...ended(1, 'write', 'ok'),
        { index: 0, time: 0, process: 'nemesis', type: 'info', f: 'heal', value: null },
        op(1, 'invoke', 'read'),
      ]),
    );
    expect(verdict).toMatchObject({ valid: true, invoke: 8, ok: 4, fail: 2, info: 2 });
    expect(verdict.byF.read).toMatchObject({ invoke: 4, ok: 3, fail: 0, info: 1 });
    expect(verdict.byF.write).toMatchObject({ invoke: 4, ok: 1, fail: 2, info: 1 });
  });

  test('is unknown where nothing succeeded, also of an empty history', () => {
    expect(stats().check(History.from(ended(3, 'read', 'fail')))).toMatchObject({
      valid: 'unknown',
      reason: 'no op succeeded (3 invoked), so nothing was tested',
    });
    expect(checkStats(History.from([])).valid).toBe('unknown');
  });

  test('says which error was the commonest where nothing succeeded', () => {
    const failed = (process: number, error: string) =>
      ended(process, 'read', 'fail').map((line) => (line.type === 'fail' ? { ...line, error } : line));
    const history = History.from(
      [...failed(1, 'timeout'), ...failed(2, 'bad url'), ...failed(1, 'bad url')].map((line, index) => ({
        ...line,
        index,
      })),
    );
    expect(checkStats(history).reason).toBe(
      'no op succeeded (4 invoked, most often with the error "bad url"), so nothing was tested',
    );
  });

  test('is unknown where one f never succeeded in ten tries, and not before', () => {
    const reads = ended(1, 'read', 'ok');
    expect(checkStats(History.from([...reads, ...ended(9, 'cas', 'fail')])).valid).toBe(true);
    expect(checkStats(History.from([...reads, ...ended(10, 'cas', 'fail')]))).toMatchObject({
      valid: 'unknown',
      reason: 'no cas succeeded (10 invoked)',
    });
  });

  test('gives latencies of ok ops only, by nearest rank', () => {
    const ops = Array.from({ length: 100 }, (_, i) => [op(0, 'invoke', 'read', 0), op(0, 'ok', 'read', i + 1)]).flat();
    const verdict = checkStats(History.from([...ops, op(0, 'invoke', 'read', 0), op(0, 'fail', 'read', 5000)]));
    expect(verdict.byF.read?.latencyNs).toEqual({ p50: 50, p95: 95, p99: 99, max: 100 });
  });

  test('gives no latencies where the history has no times', () => {
    const verdict = checkStats(History.from([op(0, 'invoke', 'read', Number.NaN), op(0, 'ok', 'read', Number.NaN)]));
    expect(verdict.byF.read).toEqual({ invoke: 1, ok: 1, fail: 0, info: 0 });
  });
});
