/** Multi-Paxos in the simulator: the correct one keeps its promises, and each bug is convicted. */
import { describe, expect, test } from 'vitest';
import type { NodeSystem } from '../../protocol/system.ts';
import { runOnRaft } from '../../workloads/testing/on-raft.ts';
import { bugs } from './bugs.ts';
import { paxos } from './system.ts';

const system = paxos as unknown as NodeSystem;

const workloads = ['register', 'list-append', 'queue', 'lock', 'rw-register', 'bank'];

describe('under partitions, kills, and pauses, the correct protocol is valid', () => {
  for (const [position, workload] of workloads.entries()) {
    test(workload, async () => {
      for (const nodes of [2, 3, 4, 5, 7]) {
        const seed = nodes * 100 + position;
        const nemesis = ['partition', 'kill', 'pause'];
        const { results } = await runOnRaft({ system, workload, nodes, seed, nemesis, nemesisIntervalMs: 700 });
        expect([nodes, seed, results.valid]).toEqual([nodes, seed, true]);
      }
    });
  }

  test('one node alone is killed and paused', async () => {
    const run = { system, nodes: 1, seed: 3, nemesis: ['kill', 'pause'], nemesisIntervalMs: 700 };
    for (const workload of workloads) expect((await runOnRaft({ ...run, workload })).results.valid).toBe(true);
  });
});

describe('a bug is convicted within a few seeds', () => {
  for (const { name } of bugs) {
    const isOfClocks = name === 'stale-lease-read';
    const nemesis = isOfClocks ? ['partition', 'clock'] : ['partition', 'kill'];
    test(`${name}, by ${nemesis.join(' and ')}`, async () => {
      const timeLimitMs = isOfClocks ? 60_000 : 10_000;
      for (let seed = 1; seed <= 30; seed++) {
        const { results } = await runOnRaft({ system, workload: 'register', nemesis, bug: name, seed, timeLimitMs });
        if (results.checkers.invariants?.valid === false || results.checkers.linearizable?.valid === false) return;
      }
      expect.fail('30 seeds were valid');
    });
  }
});
