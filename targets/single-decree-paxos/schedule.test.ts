/**
 * Whatever the contract allows: messages in any order, twice, or never; timers early and late; nodes that die at any
 * moment.
 */
import { describe, expect, test } from 'vitest';
import { runSchedule } from './testing/schedule.ts';

const steps = 4000;

describe('whatever happens', () => {
  const marks = new Map<string, number>();
  let acknowledged = 0;

  for (const nodes of [1, 2, 3, 4, 5]) {
    test(`${nodes} nodes keep every invariant, tell clients the truth, and agree in the end`, () => {
      for (let seed = 1; seed <= 24; seed++) {
        const outcome = runSchedule(seed, steps, { nodes });
        expect([seed, [...outcome.cluster.broken], outcome.lies]).toEqual([seed, [], []]);
        for (const [name, times] of outcome.cluster.marks) marks.set(name, (marks.get(name) ?? 0) + times);
        acknowledged += outcome.acknowledged;
      }
    });
  }

  test('and the schedules were no bed of roses', () => {
    const expected = [
      'accept-repeated',
      'acceptor-restored',
      'learned-by-proposing',
      'nothing-chosen',
      'preempted',
      'prepare-repeated',
      'unavailable',
      'value-adopted',
    ];
    expect([...marks.keys()].sort()).toEqual(expected);
    expect(acknowledged).toBeGreaterThan(5000);
  });
});

describe('a schedule finds what is wrong', () => {
  test.each([
    'forgets-promise',
    'forgets-acceptance',
    'forgets-ballot',
    'replies-before-sync',
    'ignores-accepted-value',
    'highest-by-arrival',
    'accepts-below-promise',
    'reused-ballot',
    'minority-quorum',
    'skips-phase-1',
    'learns-from-one',
    'learns-from-report',
    'learns-alone',
  ])('%s', (bug) => {
    const found = Array.from({ length: 60 }, (_, seed) => seed).some((seed) => {
      const { cluster, lies } = runSchedule(seed, steps, { nodes: 3, bug });
      return cluster.broken.size > 0 || lies.length > 0;
    });
    expect(found).toBe(true);
  });
});
