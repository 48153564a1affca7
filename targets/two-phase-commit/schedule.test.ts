/** Whatever the contract allows: messages in any order, twice, or never; timers early and late; nodes that die at any moment. */
import { describe, expect, test } from 'vitest';
import { runSchedule } from '../machines/testing/schedule.ts';
import type { CommitConfig } from './config.ts';
import { Cluster } from './testing/cluster.ts';

const steps = 4000;
const timerChances = { tick: 12 };

/** Everybody is up, and half a second passes a few times: decisions are told again, and asked for. */
function settle(cluster: Cluster): void {
  for (let i = 0; i < 8; i++) {
    for (const id of cluster.nodeIds) cluster.wait(id, 5);
    cluster.settle();
  }
}

function run(seed: number, nodes: number, config: Partial<CommitConfig>, bug?: string) {
  const cluster = new Cluster({ nodes, config, ...(bug === undefined ? {} : { bug }) }, 'register');
  const outcome = runSchedule(cluster, { timerChances, settle: () => settle(cluster) }, seed, steps);
  return { ...outcome, cluster };
}

describe('whatever happens', () => {
  const marks = new Map<string, number>();
  let acknowledged = 0;

  for (const nodes of [1, 2, 3, 4, 5]) {
    test(`${nodes} nodes keep every invariant, tell clients the truth, and are not blocked in the end`, () => {
      for (let seed = 1; seed <= 20; seed++) {
        const outcome = run(seed, nodes, seed % 2 === 0 ? {} : { checkpointRecords: 8 });
        expect([seed, [...outcome.cluster.broken], outcome.lies]).toEqual([seed, [], []]);
        for (const { state } of outcome.cluster.nodes)
          expect([state?.role, state?.uncertain]).toEqual(['participant', []]);
        for (const [name, times] of outcome.cluster.marks) marks.set(name, (marks.get(name) ?? 0) + times);
        acknowledged += outcome.acknowledged;
      }
    });
  }

  test('and the schedules were no bed of roses', () => {
    const expected = [
      'abort-presumed',
      'checkpoint-taken',
      'commit-repeated',
      'commit-resumed',
      'coordinator-timed-out',
      'decision-inquired',
      'participant-timed-out',
      'prepared-restored',
      'voted-no',
      'waited-for-lock',
      'wounded',
    ];
    expect([...marks.keys()].sort()).toEqual(expected);
    expect(acknowledged).toBeGreaterThan(1000);
  });
});

describe('a schedule finds what is wrong', () => {
  test.each([
    'unilateral-abort',
    'prepare-not-durable',
    'decision-not-logged',
    'forgets-prepared-on-restart',
    'ends-before-acknowledged',
  ])('%s', (bug) => {
    const found = Array.from({ length: 40 }, (_, seed) => seed).some((seed) => {
      const { cluster, lies } = run(seed, 3, {}, bug);
      return cluster.broken.size > 0 || lies.length > 0;
    });
    expect(found).toBe(true);
  });
});
