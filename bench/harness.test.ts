import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { HistoryBuilder } from '../history/history.ts';
import type { Op, OpType, Process } from '../history/op.ts';
import type { AtOnceRound } from './harness-at-once.ts';
import { LoadMeter, latenciesMs } from './harness-load.ts';

const bench = join(import.meta.dirname, '../dist/bench');

/** A history in which each phase is one op of the nemesis. */
function lines(...rows: readonly (readonly [seconds: number, process: Process, type: OpType, phase?: string])[]): Op[] {
  return rows.map(([seconds, process, type, phase], index) => ({
    index,
    time: seconds * 1e9,
    process,
    type,
    f: phase === undefined ? 'write' : 'phase',
    value: phase ?? 1,
  }));
}

const run = lines(
  [0, 'nemesis', 'info', 'faults'],
  [0, 'nemesis', 'info', 'faults'],
  [4.9, 0, 'invoke'],
  [5.2, 0, 'ok'],
  [5.2, 0, 'invoke'],
  [5.3, 1, 'invoke'],
  [5.4, 1, 'fail'],
  [5.5, 0, 'ok'],
  [5.6, 1, 'invoke'],
  [5.61, 1, 'ok'],
  [6, 'nemesis', 'info', 'recovery'],
  [6, 'nemesis', 'info', 'recovery'],
  [6.1, 0, 'invoke'],
  [6.2, 0, 'ok'],
);

test('a load is what ends between the first phase and the second', () => {
  const cpu = [1, 3];
  const journal = { record() {}, log() {}, flush() {}, digest: () => ({ lines: 0, sha256: '' }) };
  const meter = new LoadMeter(journal, () => ({ node: cpu.shift() as number }));
  expect(() => meter.load).toThrow('no load');
  for (const op of run) meter.record(op);
  expect(meter.load).toMatchObject({ ops: 4, notOk: 1, cpu: { node: 2 } });
});

test('latencies are those of ok ops, invoked five seconds after the load began or later', () => {
  const builder = new HistoryBuilder();
  for (const op of run) builder.push(op);
  expect(latenciesMs(builder.build()).map(Math.round)).toEqual([10, 300]);
});

test('a round against a node that answers at once is a run, and valid', async () => {
  const one = { concurrency: 3, rounds: 1, timeLimitMs: 100 };
  const { stdout } = await execa(process.execPath, [join(bench, 'harness-at-once.js'), JSON.stringify(one)]);
  const [round] = JSON.parse(stdout) as [AtOnceRound];
  expect(round.valid).toBe(true);
  expect(round.ops).toBeGreaterThan(0);
  expect(Object.keys(round.cpu)).toEqual(['harness', 'node']);
});
