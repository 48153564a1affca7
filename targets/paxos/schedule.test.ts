import { describe, expect, test } from 'vitest';
import { runSchedule } from './testing/schedule.ts';

const steps = 4000;
const small = { snapshotThreshold: 8, snapshotTail: 2, maxPValuesPerMessage: 3 };

describe('whatever happens', () => {
  const marks = new Map<string, number>();
  let acknowledged = 0;

  for (const nodes of [1, 2, 3, 4, 5]) {
    test(`${nodes} nodes keep every invariant and tell clients the truth`, () => {
      for (let seed = 1; seed <= 24; seed++) {
        const config = seed % 3 === 0 ? {} : seed % 3 === 1 ? small : { ...small, sessionsMax: 2 };
        const outcome = runSchedule(seed, steps, { nodes, config });
        expect([seed, [...outcome.cluster.broken], outcome.lies]).toEqual([seed, [], []]);
        for (const [name, times] of outcome.cluster.marks) marks.set(name, (marks.get(name) ?? 0) + times);
        acknowledged += outcome.acknowledged;
      }
    });
  }

  test('and the schedules were no bed of roses', () => {
    const expected = [
      'ballot-confirmed',
      'command-deduplicated',
      'leader-elected',
      'preempted',
      'prepare-ignored',
      'prepare-repeated',
      'request-retried',
      'slots-resent',
      'snapshot-installed',
      'snapshot-taken',
      'stepped-down',
      'unavailable',
      'value-adopted',
    ];
    // It takes a message that is lost, a later one that is not, and a leader that dies meanwhile: seldom.
    marks.delete('gap-filled');
    expect([...marks.keys()].sort()).toEqual(expected);
    expect(acknowledged).toBeGreaterThan(5000);
  });

  test('afterwards all nodes have applied the same', () => {
    for (let seed = 100; seed < 120; seed++) {
      const { cluster } = runSchedule(seed, steps, { nodes: 3, config: small });
      const leader = cluster.nodes.find(({ state }) => state?.role === 'leader')?.state;
      expect(leader, `seed ${seed}`).toBeDefined();
      expect(cluster.nodes.map(({ state }) => state?.applied)).toEqual(Array(3).fill(leader?.chosen));
    }
  });
});

describe('a schedule finds what is wrong', () => {
  for (const bug of [
    'forgets-promise',
    'ignores-accepted-value',
    'accepts-below-promise',
    'minority-quorum',
    'learns-from-one',
    'gap-skipped',
    'quorum-read-without-confirm',
  ]) {
    test(bug, () => {
      const found = Array.from({ length: 100 }, (_, seed) => seed).some((seed) => {
        const { cluster, lies } = runSchedule(seed, steps, { nodes: 3, bug, config: small });
        return cluster.broken.size > 0 || lies.length > 0;
      });
      expect(found).toBe(true);
    });
  }
});
