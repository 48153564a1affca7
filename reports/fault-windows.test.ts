import { describe, expect, test } from 'vitest';
import type { Fault } from '../harness/fault.ts';
import type { Op } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { describeCut, readFaults } from './fault-windows.ts';
import { linesOf } from './testing/sample.ts';

const nodeIds = ['n1', 'n2', 'n3', 'n4', 'n5'];

/** Each fault takes two lines: at its time, and one nanosecond later. */
function history(faults: readonly { at: number; fault: Fault; error?: string }[], end = 100): Op[] {
  const ops: Op[] = faults.flatMap(({ at, fault, error }) =>
    [at, at + 1].map((time, i) => ({
      index: 0,
      time,
      process: 'nemesis' as const,
      type: 'info' as const,
      f: fault.f,
      value: fault as unknown as Value,
      ...(i === 1 && error !== undefined ? { error } : {}),
    })),
  );
  return [...ops, { index: 0, time: end, process: 0, type: 'invoke', f: 'read', value: null }];
}

const windows = (...faults: Parameters<typeof history>[0]) =>
  readFaults(linesOf(history(faults)), nodeIds).windows.map(({ label, startNs, endNs, healed }) => ({
    label,
    startNs,
    endNs,
    healed,
  }));

const cut = [
  { from: 'n1', to: 'n2' },
  { from: 'n2', to: 'n1' },
];

describe('a fault lasts', () => {
  test('from its invocation to the completion of its inverse', () => {
    expect(
      windows(
        { at: 10, fault: { f: 'partition', shape: 'one', direction: 'both', cut } },
        { at: 30, fault: { f: 'heal' } },
      ),
    ).toEqual([{ label: 'partition one', startNs: 10, endNs: 31, healed: true }]);
  });

  test('until the end when nothing undoes it', () => {
    expect(windows({ at: 10, fault: { f: 'pause', nodes: ['n1'] } })).toEqual([
      { label: 'pause n1', startNs: 10, endNs: 100, healed: false },
    ]);
  });

  test('until the last of its nodes is back', () => {
    expect(
      windows(
        { at: 10, fault: { f: 'kill', nodes: ['n1', 'n2'] } },
        { at: 20, fault: { f: 'start', nodes: ['n1'] } },
        { at: 30, fault: { f: 'start', nodes: ['n2'] } },
      ),
    ).toEqual([{ label: 'kill n1 n2', startNs: 10, endNs: 31, healed: true }]);
  });

  test('not at all when it could not be carried out', () => {
    expect(windows({ at: 10, fault: { f: 'kill', nodes: ['n1'] }, error: 'no such process' })).toEqual([]);
  });

  test('until it is stopped, as other tools call it', () => {
    const fault = (f: string) => ({ f, nodes: [] }) as unknown as Fault;
    expect(windows({ at: 10, fault: fault('start-partition') }, { at: 20, fault: fault('stop-partition') })).toEqual([
      { label: 'start-partition', startNs: 10, endNs: 21, healed: true },
    ]);
    expect(windows({ at: 20, fault: fault('stop-partition') })).toEqual([]);
  });

  test('from line to line', () => {
    const ops = history([
      { at: 10, fault: { f: 'partition', shape: 'one', direction: 'both', cut } },
      { at: 30, fault: { f: 'heal' } },
    ]).map((op, index) => ({ ...op, index }));
    expect(readFaults(linesOf(ops), nodeIds).windows).toMatchObject([{ from: 0, to: 3 }]);
  });

  test('beyond the inverse of another fault', () => {
    expect(windows({ at: 10, fault: { f: 'kill', nodes: ['n1'] } }, { at: 30, fault: { f: 'heal' } })).toEqual([
      { label: 'kill n1', startNs: 10, endNs: 100, healed: false },
    ]);
  });
});

test('phases end where the next begins', () => {
  const phase = (time: number, value: string): Op => ({
    index: 0,
    time,
    process: 'nemesis',
    type: 'info',
    f: 'phase',
    value,
  });
  const { phases } = readFaults(
    linesOf([phase(0, 'faults'), phase(1, 'faults'), phase(60, 'heal'), phase(70, 'recovery')]),
    nodeIds,
  );
  expect(phases).toEqual([
    { name: 'faults', startNs: 0, endNs: 60 },
    { name: 'heal', startNs: 60, endNs: 70 },
    { name: 'recovery', startNs: 70, endNs: 70 },
  ]);
});

describe('a cut is described', () => {
  const between = (side: string[], other: string[]) =>
    side.flatMap((a) =>
      other.flatMap((b) => [
        { from: a, to: b },
        { from: b, to: a },
      ]),
    );

  test('by its sides, where there are sides', () => {
    expect(describeCut(between(['n1', 'n4'], ['n2', 'n3', 'n5']), nodeIds)).toBe('n1 n4 | n2 n3 n5');
  });

  test('by who does not hear whom, where it is one-way', () => {
    expect(
      describeCut(
        [
          { from: 'n1', to: 'n2' },
          { from: 'n3', to: 'n2' },
        ],
        nodeIds,
      ),
    ).toBe('n2 does not hear n1 and n3');
  });

  test('by who does not hear whom, where a bridge is left', () => {
    expect(describeCut(between(['n1'], ['n2']), ['n1', 'n2', 'n3'])).toBe('n1 does not hear n2; n2 does not hear n1');
  });
});
