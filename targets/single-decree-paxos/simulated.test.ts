/** Single-decree Paxos in the simulator: the correct one keeps its promises, and each bug is convicted. */
import { describe, expect, test } from 'vitest';
import type { NodeSystem } from '../../protocol/system.ts';
import { runOnRaft } from '../../workloads/testing/on-raft.ts';
import { bugs } from './bugs.ts';
import { singleDecreePaxos } from './system.ts';

const system = singleDecreePaxos as unknown as NodeSystem;
const workload = 'consensus';

describe('under partitions, kills, and pauses, the correct protocol is valid', () => {
  test.each([2, 3, 4, 5, 7])('%i nodes', async (nodes) => {
    for (const seed of [1, 2, 3, 4]) {
      const nemesis = ['partition', 'kill', 'pause'];
      const { results } = await runOnRaft({ system, workload, nodes, seed, nemesis, nemesisIntervalMs: 700 });
      expect([seed, results.valid]).toEqual([seed, true]);
    }
  });

  test('one node alone is killed and paused', async () => {
    const run = { system, workload, nodes: 1, seed: 3, nemesis: ['kill', 'pause'], nemesisIntervalMs: 700 };
    expect((await runOnRaft(run)).results.valid).toBe(true);
  });

  test('clocks that are wrong change nothing', async () => {
    const run = { system, workload, seed: 5, nemesis: ['partition', 'clock', 'kill'], nemesisIntervalMs: 700 };
    expect((await runOnRaft(run)).results.valid).toBe(true);
  });

  test('what is shared is not changed: the same history when all of it is frozen', async () => {
    const run = { system, workload, seed: 6, timeLimitMs: 5000 };
    const sha256 = async (options = {}) => (await runOnRaft({ ...run, options })).results.history.sha256;
    expect(await sha256({ paranoid: 'true' })).toBe(await sha256());
  });
});

describe('a bug is convicted within a few seeds', () => {
  test.each(bugs.map(({ name }) => name))('%s, by partition and kill', async (bug) => {
    for (let seed = 1; seed <= 30; seed++) {
      const { results } = await runOnRaft({ system, workload, nemesis: ['partition', 'kill'], bug, seed });
      if (results.checkers.invariants?.valid === false || results.checkers.consensus?.valid === false) return;
    }
    expect.fail('30 seeds were valid');
  });

  test.each([
    'forgets-acceptance',
    'ignores-accepted-value',
    'highest-by-arrival',
    'accepts-below-promise',
    'reused-ballot',
    'minority-quorum',
    'skips-phase-1',
    'learns-from-one',
    'learns-from-report',
    'learns-alone',
  ])('%s, by what clients saw', async (bug) => {
    for (let seed = 1; seed <= 30; seed++) {
      const { results } = await runOnRaft({ system, workload, nemesis: ['partition', 'kill'], bug, seed });
      if (results.checkers.consensus?.valid === false) return;
    }
    expect.fail('30 seeds were valid');
  });
});
