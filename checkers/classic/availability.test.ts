import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History } from '../../history/history.ts';
import type { Op, OpType } from '../../history/op.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { availability, checkAvailability } from './availability.ts';
import { plainOps } from './testing/made-up.ts';
import { readable } from './testing/readable.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

describe('the availability checker', () => {
  const run = historyOf(`
    0 invoke read
    0 ok     read
    nemesis info kill null
    1 invoke read
    nemesis info kill null
    1 ok     read
    0 invoke read
    0 fail   read
    1 invoke read
    1 info   read
    2 invoke read
    nemesis info phase "heal"
    0 invoke read
    0 ok     read
  `);

  test('gives the share of ops that were ok between the acts of the nemesis', () => {
    expect(checkAvailability(run)).toEqual({
      valid: true,
      ok: 3,
      fail: 1,
      info: 2,
      share: 0.5,
      phases: [
        { after: null, from: 0, to: 3, ok: 2, fail: 0, info: 0, share: 1, durationNs: 4e8 },
        { after: 'kill', from: 4, to: 10, ok: 0, fail: 1, info: 2, share: 0, durationNs: 7e8 },
        { after: 'heal', from: 11, to: 13, ok: 1, fail: 0, info: 0, share: 1, durationNs: 2e8 },
      ],
      longestOutage: { from: 6, to: 13, durationNs: 7e8 },
    });
  });

  test('is invalid where fewer were ok than asked', () => {
    expect(checkAvailability(run, { atLeast: 0.5 }).valid).toBe(true);
    expect(checkAvailability(run, { atLeast: 0.51 })).toMatchObject({
      valid: false,
      reason: '3 of 6 ops were ok, 50 %, which is less than 51 %',
    });
    const none = historyOf('0 invoke read\n0 fail read');
    expect(checkAvailability(none, { atLeast: 0.1 }).valid).toBe(false);
    expect(checkAvailability(none)).toMatchObject({
      valid: 'unknown',
      reason: 'no op succeeded (1 invoked), so nothing was tested',
    });
    expect(checkAvailability(historyOf(''), { atLeast: 1 })).toMatchObject({
      valid: 'unknown',
      share: null,
      phases: [],
    });
  });

  test('takes the second line of a fault for what was done', () => {
    const verdict = checkAvailability(
      historyOf(`
        nemesis info kill
        nemesis info start
        0 invoke read
        nemesis info start
        0 ok     read
        1 invoke read
        1 ok     read
      `),
    );
    expect(verdict.phases).toMatchObject([
      { after: null, from: 0, to: 2, ok: 1 },
      { after: 'start', from: 3, to: 6, ok: 1 },
    ]);
  });

  test('takes no time for an outage in which nothing was asked for', () => {
    const at = (seconds: number, type: OpType): Op => ({
      index: 0,
      time: seconds * 1e9,
      process: 0,
      type,
      f: 'read',
      value: null,
    });
    const verdict = checkAvailability(History.from([at(0, 'invoke'), at(1, 'ok'), at(100, 'invoke'), at(102, 'ok')]));
    expect(verdict.longestOutage).toEqual({ from: 2, to: 3, durationNs: 2e9 });
  });

  test('counts lines where there are no times', () => {
    const op = (type: OpType): Op => ({ index: 0, time: Number.NaN, process: 0, type, f: 'read', value: null });
    const verdict = checkAvailability(
      History.from([op('invoke'), op('ok'), op('invoke'), op('fail'), op('invoke'), op('ok')]),
    );
    expect(verdict.longestOutage).toEqual({ from: 2, to: 5 });
    expect(verdict.phases).toMatchObject([{ ok: 2, fail: 1 }]);
  });

  const line = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ process: fc.nat(2), ends: fc.constantFrom<OpType>('ok', 'ok', 'fail', 'info') }),
    },
    { weight: 1, arbitrary: fc.constantFrom('kill', 'start') },
  );

  test('agrees with looking at each phase', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 40, size: 'max' }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (lines, atLeast) => {
          const history = readable(historyFrom(lines));
          const ops = plainOps(history);
          fc.pre(ops.length > 0);
          const verdict = checkAvailability(history, { atLeast });
          const ok = ops.filter(({ ends }) => ends === 'ok');
          expect(verdict.share).toBe(ok.length / ops.length);
          const isEnough = ok.length / ops.length >= atLeast;
          expect(verdict.valid).toBe(isEnough ? (ok.length > 0 ? true : 'unknown') : false);
          expect(availability({ atLeast }).check(history).valid).toBe(verdict.valid);
          expect(verdict.phases.reduce((sum, phase) => sum + phase.ok + phase.fail + phase.info, 0)).toBe(ops.length);
          for (const { from, to, ...phase } of verdict.phases) {
            const inside = ops.filter(({ began }) => from <= began && began <= to);
            for (const ends of ['ok', 'fail', 'info'] as const) {
              expect(phase[ends]).toBe(inside.filter((op) => op.ends === ends).length);
            }
          }
          const oks = [-1, ...ok.map(({ ended }) => ended).sort((a, b) => a - b), history.length - 1];
          const gaps = oks.slice(1).flatMap((end, i) => {
            const before = oks[i]!;
            const isWaitedFor = ops.some(({ began }) => {
              const ended = history.completionOf(began);
              return began < before && (ended < 0 || ended > before);
            });
            const next = ops.map(({ began }) => began).find((began) => began > before);
            const start = isWaitedFor ? before : next;
            return start === undefined || start > end ? [] : [history.time(end) - history.time(start)];
          });
          expect(verdict.longestOutage?.durationNs).toBe(Math.max(...gaps));
        },
      ),
      { numRuns },
    );
  });
});

function historyFrom(lines: readonly (string | { process: number; ends: OpType })[]): History {
  const open = new Map<number, number>();
  const processOf = [0, 1, 2];
  return History.from(
    lines.map((each, index): Op => {
      const op = { index, time: index * index, f: 'read', value: null };
      if (typeof each === 'string') return { ...op, process: 'nemesis', type: 'info', f: each };
      const { process: thread, ends } = each;
      const isOpen = open.delete(thread);
      const process = processOf[thread]!;
      if (!isOpen) open.set(thread, index);
      else if (ends === 'info') processOf[thread]! += 3;
      return { ...op, process, type: isOpen ? ends : 'invoke' };
    }),
  );
}
