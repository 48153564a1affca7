import { describe, expect, test } from 'vitest';
import { History } from '../history/history.ts';
import type { Op, OpType } from '../history/op.ts';
import { checkRecovery, recovery } from './recovery.ts';

const phase = (timeMs: number, value: string): Op => ({
  index: 0,
  time: timeMs * 1e6,
  process: 'nemesis',
  type: 'info',
  f: 'phase',
  value,
});
const op = (timeMs: number, process: number, type: OpType): Op => {
  return { index: 0, time: timeMs * 1e6, process, type, f: 'read', value: null, node: `n${(process % 2) + 1}` };
};

const check = (...ops: Op[]) => checkRecovery(History.from(ops), { concurrency: 2, recoveryMs: 100 });

describe('the recovery checker', () => {
  test('is valid when every thread has an ok op in time, and says when the last had', () => {
    const verdict = check(
      phase(1000, 'recovery'),
      phase(1000, 'recovery'),
      op(1000, 0, 'invoke'),
      op(1010, 0, 'ok'),
      op(1020, 0, 'ok'),
      op(1000, 1, 'invoke'),
      op(1100, 1, 'ok'),
    );
    expect(verdict).toEqual({ valid: true, recoveredAfterMs: 100, notRecovered: [] });
  });

  test('counts the successor of a crashed process for its thread', () => {
    const verdict = check(phase(0, 'recovery'), op(1, 0, 'ok'), op(2, 1, 'info'), op(3, 3, 'ok'));
    expect(verdict).toMatchObject({ valid: true, recoveredAfterMs: 3 });
  });

  test('is false when a thread has none, and names it with its node', () => {
    const verdict = check(
      op(5, 1, 'ok'),
      phase(10, 'recovery'),
      op(11, 0, 'ok'),
      op(12, 1, 'invoke'),
      op(50, 1, 'info'),
    );
    expect(verdict).toEqual({
      valid: false,
      reason: 'client thread 1 (n2) had no op succeed within 100 ms of the end of all faults',
      notRecovered: [1],
    });
  });

  test('is false when a thread has no op of a kind that is asked for', () => {
    const ops = [phase(0, 'recovery'), op(1, 0, 'ok'), op(2, 1, 'ok'), { ...op(3, 0, 'ok'), f: 'write' }];
    const judged = (...more: Op[]) =>
      checkRecovery(History.from([...ops, ...more]), { concurrency: 2, recoveryMs: 100, fs: ['read', 'write'] });
    expect(judged()).toEqual({
      valid: false,
      reason:
        'client thread 1 (n2) had not every kind of op (read, write) succeed within 100 ms of the end of all faults',
      notRecovered: [1],
    });
    expect(judged({ ...op(9, 1, 'ok'), f: 'write' })).toMatchObject({ valid: true, recoveredAfterMs: 9 });
  });

  test('is false when a thread comes too late, and says how late', () => {
    const verdict = check(phase(0, 'recovery'), op(1, 0, 'ok'), op(101, 1, 'ok'));
    expect(verdict).toMatchObject({ valid: false, recoveredAfterMs: 101, notRecovered: [1] });
    expect(verdict.reason).toMatch(/only after 101 ms$/);
  });

  test('is unknown without a recovery phase', () => {
    expect(recovery({ concurrency: 2 }).check(History.from([phase(0, 'faults'), op(1, 0, 'ok')])).valid).toBe(
      'unknown',
    );
  });
});
