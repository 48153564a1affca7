/** Whatever the contract allows: messages in any order, twice, or never; timers early and late; nodes that die at any moment. */
import { describe, expect, test } from 'vitest';
import { runSchedule } from '../machines/testing/schedule.ts';
import type { CommitConfig } from './config.ts';
import { Cluster } from './testing/cluster.ts';
import { heldInTheEnd, isStrictlySerializable, runTransactions, type Transaction } from './testing/transactions.ts';

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

describe('transactions of several steps on shared keys', () => {
  const marks = new Map<string, number>();
  const succeeded: Transaction[] = [];

  function runOne(seed: number, nodes: number, config: Partial<CommitConfig>, bug?: string) {
    const cluster = new Cluster({ nodes, config, ...(bug === undefined ? {} : { bug }) });
    const transactions = runTransactions(cluster, settle, seed);
    return { cluster, transactions, isSerializable: isStrictlySerializable(transactions, heldInTheEnd(cluster)) };
  }

  for (const nodes of [1, 2, 3, 4]) {
    test(`${nodes} nodes: the outcome is that of some order, which keeps to real time`, () => {
      for (let seed = 1; seed <= 2000; seed++) {
        const { cluster, transactions, isSerializable } = runOne(seed, nodes, { checkpointRecords: 4 + (seed % 40) });
        expect([seed, [...cluster.broken], isSerializable]).toEqual([seed, [], true]);
        for (const [name, times] of cluster.marks) marks.set(name, (marks.get(name) ?? 0) + times);
        succeeded.push(...transactions.filter(({ results }) => results !== null));
      }
    });
  }

  test('and many went through, under all that can happen to them', () => {
    const [few, many] = [50, 1500];
    expect(succeeded.filter(({ steps }) => steps.length > 1).length).toBeGreaterThan(many);
    const expected = ['wounded', 'read-only-vote', 'commit-resumed', 'prepared-restored', 'checkpoint-taken'];
    expect(expected.filter((mark) => !((marks.get(mark) ?? 0) > few))).toEqual([]);
  });

  test.each(['early-lock-release', 'no-read-locks', 'votes-yes-when-unknown'])('%s is found', (bug) => {
    const seeds = Array.from({ length: 600 }, (_, i) => i + 1);
    expect(seeds.some((seed) => !runOne(seed, 3, {}, bug).isSerializable)).toBe(true);
  });
});

test('the order of transactions is judged', () => {
  const done = (invoked: number, completed: number, steps: Transaction['steps'], results: Transaction['results']) => ({
    steps,
    invoked,
    completed,
    results,
    isFailed: false,
  });
  const append = done(1, 2, [['append', 1, 7]], [7]);
  const stale = done(3, 4, [['r', 1, null]], [null]);
  const overlapping = done(1, 4, [['r', 1, null]], [null]);
  const held = [null, [7], null];
  const nothing = [null, null, null];
  expect(isStrictlySerializable([append, overlapping], held)).toBe(true);
  expect(isStrictlySerializable([append, stale], held)).toBe(false);
  expect(isStrictlySerializable([append], nothing)).toBe(false);
  const unanswered = { ...append, completed: Number.POSITIVE_INFINITY, results: null };
  expect(isStrictlySerializable([unanswered, stale], held)).toBe(true);
  expect(isStrictlySerializable([unanswered], nothing)).toBe(true);
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
