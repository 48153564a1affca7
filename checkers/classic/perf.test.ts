import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History } from '../../history/history.ts';
import type { Op, OpType } from '../../history/op.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { checkPerf, perf } from './perf.ts';
import { quantilesOf } from './quantiles.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 2000);

describe('the perf checker', () => {
  test('measures each kind of op in all, and in windows', () => {
    const history = historyOf(`
      0 invoke read
      0 ok     read
      0 invoke write
      1 invoke read
      0 ok     write
      1 fail   read
      2 invoke read
      2 info   read
      3 invoke read
      4 invoke read
      4 ok     read
    `);
    const instant = { min: 1e8, p50: 1e8, p95: 1e8, p99: 1e8, max: 1e8 };
    expect(checkPerf(history, { windowNs: 5e8 })).toEqual({
      valid: true,
      durationNs: 1e9,
      byF: {
        read: { ok: 2, fail: 1, info: 2, okPerSecond: 2, latencyNs: instant },
        write: {
          ok: 1,
          fail: 0,
          info: 0,
          okPerSecond: 1,
          latencyNs: { min: 2e8, p50: 2e8, p95: 2e8, p99: 2e8, max: 2e8 },
        },
      },
      windowNs: 5e8,
      windows: [
        {
          fromNs: 0,
          byF: {
            read: { ok: 1, fail: 1, info: 0, okPerSecond: 2, latencyNs: instant },
            write: { ok: 1, fail: 0, info: 0, okPerSecond: 2, latencyNs: expect.objectContaining({ max: 2e8 }) },
          },
        },
        { fromNs: 5e8, byF: { read: { ok: 1, fail: 0, info: 2, okPerSecond: 2, latencyNs: instant } } },
      ],
    });
  });

  test('is unknown where nothing was ok, and gives no rates where there are no times', () => {
    expect(checkPerf(historyOf('0 invoke read\n0 fail read'))).toMatchObject({
      valid: 'unknown',
      reason: 'no op succeeded (1 invoked), so nothing was tested',
    });
    expect(perf().check(historyOf('')).valid).toBe('unknown');
    const op = (type: OpType): Op => ({ index: 0, time: Number.NaN, process: 0, type, f: 'read', value: null });
    expect(checkPerf(History.from([op('invoke'), op('ok')]))).toEqual({
      valid: true,
      durationNs: 0,
      byF: { read: { ok: 1, fail: 0, info: 0 } },
      windowNs: 10e9,
      windows: [],
    });
  });

  test('has no more than a thousand windows', () => {
    const op = (type: OpType, time: number): Op => ({ index: 0, time, process: 0, type, f: 'read', value: null });
    const history = History.from([op('invoke', 0), op('ok', 1e14), op('invoke', 1e14), op('ok', 1e14)]);
    expect(checkPerf(history, { windowNs: 1 })).toMatchObject({ windows: [{ fromNs: 0 }, {}] });
    expect(checkPerf(history, { windowNs: 1 }).windowNs).toBeGreaterThan(1e11);
    expect(() => checkPerf(history, { windowNs: 0 })).toThrow('a window cannot be 0 ns long');
  });

  test('counts each op in one window, by when it began', () => {
    const op = fc.record({
      at: fc.nat(1e6),
      lasts: fc.nat(1e5),
      f: fc.constantFrom('a', 'b'),
      ends: fc.constantFrom<OpType>('ok', 'fail', 'info'),
    });
    fc.assert(
      fc.property(
        fc.array(op, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 2000, max: 1e6 }),
        (given, windowNs) => {
          const lines = given.flatMap(({ at, lasts, f, ends }, process): Op[] => [
            { index: 0, time: at, process, type: 'invoke', f, value: null },
            { index: 0, time: at + lasts, process, type: ends, f, value: null },
          ]);
          const { windows, byF } = checkPerf(History.from(lines), { windowNs });
          const start = Math.min(...given.map(({ at }) => at));
          for (const f of ['a', 'b']) {
            const latencies = given.filter((each) => each.f === f && each.ends === 'ok').map(({ lasts }) => lasts);
            expect(byF[f]?.latencyNs).toEqual(quantilesOf(latencies));
            for (const { fromNs, byF: measures } of windows) {
              const inside = given.filter((each) => each.f === f && each.at >= fromNs && each.at < fromNs + windowNs);
              const { ok, fail, info } = measures[f] ?? { ok: 0, fail: 0, info: 0 };
              for (const [ends, count] of [
                ['ok', ok],
                ['fail', fail],
                ['info', info],
              ] as const) {
                expect(count).toBe(inside.filter((each) => each.ends === ends).length);
              }
            }
          }
          expect(windows.map(({ fromNs }) => (fromNs - start) % windowNs)).toEqual(windows.map(() => 0));
        },
      ),
      { numRuns },
    );
  });

  test('takes the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(quantilesOf(hundred)).toEqual({ min: 1, p50: 50, p95: 95, p99: 99, max: 100 });
    expect(quantilesOf([])).toBeUndefined();
  });
});
