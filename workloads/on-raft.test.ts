/** Every workload on Raft: a correct one passes under faults, and one with a named bug is convicted. */
import { describe, expect, test } from 'vitest';
import type { StatsVerdict } from '../checkers/stats.ts';
import type { NodeSystem } from '../protocol/system.ts';
import { bankMachine } from '../targets/machines/bank.ts';
import type { StateMachine } from '../targets/machines/machine.ts';
import { correct } from '../targets/raft/config.ts';
import { raft } from '../targets/raft/system.ts';
import { workloads } from './index.ts';
import { firstConviction, runOnRaft } from './testing/on-raft.ts';

const replicated = [...workloads.values()]
  .filter(({ service }) => raft.services.includes(service))
  .map(({ name }) => name);

describe.each(replicated)('%s', (workload) => {
  test('is valid under partitions and kills, and each kind of op succeeded often', async () => {
    for (const seed of [1, 2, 3]) {
      const { results } = await runOnRaft({ workload, seed });
      expect(Object.entries(results.checkers).filter(([, { valid }]) => valid !== true)).toEqual([]);
      const { byF } = results.checkers.stats as StatsVerdict;
      for (const [f, { ok }] of Object.entries(byF)) expect([seed, f, ok >= 3]).toEqual([seed, f, true]);
      expect(results.stats.ok).toBeGreaterThan(100);
    }
  });

  test('gives the same history for the same seed, also when what is shared is frozen', async () => {
    const sha256 = async (seed: number, options = {}) =>
      (await runOnRaft({ workload, seed, timeLimitMs: 3000, options })).results.history.sha256;
    expect(await sha256(1)).toBe(await sha256(1, { paranoid: 'true' }));
    expect(await sha256(1)).not.toBe(await sha256(2));
  });

  test.each([
    { nodes: 1, concurrency: 1 },
    { nodes: 2, concurrency: 3 },
    { nodes: 7, concurrency: 30 },
    { nodes: 3, concurrency: 1 },
  ])('is valid on $nodes nodes with $concurrency clients', async ({ nodes, concurrency }) => {
    const { results, history } = await runOnRaft({ workload, nodes, concurrency, timeLimitMs: 3000, nemesis: [] });
    expect([results.valid, results.checkers.stats]).toMatchObject([true, { info: 0 }]);
    const used = new Set(history.clientInvocations().map((line) => history.processes[line]!));
    expect(used.size).toBe(concurrency);
  });
});

/** Bugs of Raft that show in what the workload sees. */
const convictions: readonly { workload: string; bug: string; checker: string }[] = [
  { workload: 'list-append', bug: 'stale-read', checker: 'list-append' },
  { workload: 'list-append', bug: 'minority-quorum', checker: 'list-append' },
  { workload: 'rw-register', bug: 'stale-read', checker: 'rw-register' },
  { workload: 'rw-register', bug: 'minority-quorum', checker: 'rw-register' },
  { workload: 'queue', bug: 'duplicate-apply', checker: 'total-queue' },
  { workload: 'queue', bug: 'no-truncate', checker: 'linearizable' },
  { workload: 'set', bug: 'snapshot-loses-tail', checker: 'set' },
  { workload: 'set-full', bug: 'stale-read', checker: 'set-full' },
  { workload: 'set-full', bug: 'stale-read', checker: 'linearizable' },
  { workload: 'counter', bug: 'duplicate-apply', checker: 'counter' },
  { workload: 'counter', bug: 'stale-read', checker: 'counter' },
  { workload: 'lock', bug: 'minority-quorum', checker: 'lock-ownership' },
  { workload: 'lock', bug: 'minority-quorum', checker: 'linearizable' },
  { workload: 'long-fork', bug: 'no-log-check', checker: 'long-fork' },
  { workload: 'unique-ids', bug: 'minority-quorum', checker: 'unique-ids' },
  { workload: 'write-skew', bug: 'minority-quorum', checker: 'write-skew' },
  { workload: 'monotonic', bug: 'reads-from-followers', checker: 'monotonic' },
  { workload: 'sequential', bug: 'minority-quorum', checker: 'sequential' },
  { workload: 'causal', bug: 'reads-from-followers', checker: 'causal' },
  { workload: 'causal-reverse', bug: 'no-truncate', checker: 'causal-reverse' },
  { workload: 'kafka', bug: 'no-log-check', checker: 'kafka' },
  { workload: 'consensus', bug: 'minority-quorum', checker: 'consensus' },
];

test.each(convictions)('$workload convicts $bug: $checker', async ({ workload, bug, checker }) => {
  expect(await firstConviction({ workload, bug, nodes: 3 }, checker, 8)).toBeDefined();
});

/** Raft with another machine than the one that it should replicate. */
const replicating = (machine: StateMachine): NodeSystem =>
  ({ ...raft, configure: () => correct(machine), invariants: [] }) as unknown as NodeSystem;

/** Transfers are single commands here, so that nothing that Raft does wrong changes the total: the machine must. */
const brokenBanks: readonly (readonly [string, StateMachine])[] = [
  [
    'reads one account after the other, while transfers go on',
    (() => {
      // What accounts held when the last read came by.
      let earlier: Record<string, number> = {};
      const machine = bankMachine as unknown as StateMachine;
      return {
        ...machine,
        query(state, query) {
          const reply = machine.query(state, query);
          const now = reply.value as unknown as Record<string, number>;
          const torn = { ...now, ...Object.fromEntries(Object.entries(earlier).filter(([account]) => account < '4')) };
          earlier = now;
          return { ...reply, value: torn };
        },
      } satisfies StateMachine;
    })(),
  ],
  [
    'lends money',
    {
      ...(bankMachine as unknown as StateMachine),
      apply(state, { from, to, amount }) {
        const balances = state as Map<string, number>;
        balances.set(String(from), balances.get(String(from))! - (amount as number));
        balances.set(String(to), balances.get(String(to))! + (amount as number));
        return { type: 'transfer_ok' };
      },
    },
  ],
];

test.each(brokenBanks)('bank convicts one that %s', async (_, machine) => {
  expect(await firstConviction({ workload: 'bank', system: replicating(machine), nodes: 3 }, 'bank', 3)).toBeDefined();
});
