import { describe, expect, test } from 'vitest';
import { ProgressTracker, plainProgress, progressLine } from './progress.ts';
import { sampleRun } from './testing/sample.ts';

function track(until: number) {
  const { spec, history, results } = sampleRun();
  const tracker = new ProgressTracker(spec);
  for (const op of history.ops) if (op.time <= until) tracker.onOp(op);
  return { spec, results, snapshot: tracker.snapshot() };
}

describe('the tracker', () => {
  test('counts what the results count', () => {
    const { snapshot, results } = track(Number.POSITIVE_INFINITY);
    const { ok, fail, info, invoke } = snapshot.counts;
    expect({ invoke, ok, fail, info }).toEqual(results.stats);
    expect(snapshot.counts.pending).toBe(0);
  });

  test('knows the faults that act now', () => {
    expect(track(4e9).snapshot.activeFaults).toEqual([]);
    expect(track(7e9).snapshot.activeFaults).toEqual(['partition halves']);
    expect(track(12e9).snapshot.activeFaults).toEqual([]);
  });

  test('has a rate for each whole second, and none for the second under way', () => {
    const { snapshot, results } = track(30.5e9);
    expect(snapshot.throughputPerSecond).toHaveLength(30);
    const total = snapshot.throughputPerSecond.reduce((sum, rate) => sum + rate, 0);
    expect(total).toBeGreaterThan(0);
    expect(total).toBeLessThan(results.stats.ok);
  });
});

test('a plain line says how far the run is and what acts', () => {
  const { spec, snapshot } = track(7e9);
  expect(progressLine(snapshot, spec)).toMatch(/^[67] s of 60 s: \d+ ok, \d+ fail, \d+ info; partition halves$/);
});

test('plain lines come after two seconds, then every five at most', () => {
  const { spec, snapshot } = track(7e9);
  let now = 0;
  const written: number[] = [];
  const progress = plainProgress(
    () => written.push(now),
    spec,
    () => now,
  );
  for (; now <= 12_500; now += 500) progress.update(snapshot);
  progress.stop();
  expect(written).toEqual([2000, 7000, 12_000]);
});
