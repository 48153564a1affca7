import { expect, test } from 'vitest';
import { createRegistry } from '../../cli/registry.ts';
import type { Journal } from '../../harness/ports.ts';
import { runTest } from '../../harness/run.ts';
import { defaultSpec, type TestSpec } from '../../harness/spec.ts';
import { resolveTest } from '../../harness/test.ts';
import type { Op } from '../../history/op.ts';
import type { NodeSystem } from '../../protocol/system.ts';
import { echo } from '../../targets/echo/echo.ts';
import { simRuntime } from './runtime.ts';

const journal: Journal = { record() {}, log() {}, flush() {} };

function runWith(system: NodeSystem, settings: Partial<TestSpec> = {}) {
  const registry = { ...createRegistry(), targets: new Map([[system.name, system]]) };
  const spec = { ...defaultSpec(system.name, system.defaultWorkload, 1), timeLimitMs: 5000, ...settings };
  return runTest(resolveTest(spec, registry), simRuntime(), journal);
}

const echoing = echo as NodeSystem;

test('a node that throws ends the run, with its name, the time, and the event', async () => {
  const throwing: NodeSystem = {
    ...echoing,
    step(state, event) {
      if (event.type === 'message' && event.message.src === 'c3') throw new Error('no third client');
      return echoing.step(state, event);
    },
  };
  await expect(runWith(throwing)).rejects.toThrow(/^n3 of echo threw at [\d.]+ s, on echo: no third client$/);
});

test('--paranoid finds a node that changes what it has sent', async () => {
  const sent: Record<string, unknown>[] = [];
  const meddling: NodeSystem = {
    ...echoing,
    step(state, event) {
      for (const body of sent) body.echo = 'changed';
      const effects = echoing.step(state, event);
      for (const effect of effects)
        if (effect.type === 'send') sent.push(effect.body as unknown as Record<string, unknown>);
      return effects;
    },
  };
  await expect(runWith(meddling, { options: { paranoid: 'true' } })).rejects.toThrow('read only');
});

test('a raft that is frozen deeply gives the same history', async () => {
  const settings = { target: 'raft', workload: 'register', nemesis: ['partition', 'kill', 'pause', 'clock'] };
  const sha256 = async (options: TestSpec['options']) => {
    const spec: TestSpec = { ...defaultSpec('raft', 'register', 3), ...settings, nemesisIntervalMs: 1000, options };
    const { results } = await runTest(resolveTest(spec, createRegistry()), simRuntime(), journal);
    expect(results.valid).toBe(true);
    return results.history.sha256;
  };
  expect(await sha256({ paranoid: 'true' })).toBe(await sha256({}));
});

test('a broken invariant is told with the node, the time, and the reason, once', async () => {
  const watched: NodeSystem = {
    ...echoing,
    invariants: [
      {
        name: 'no-second-node',
        summary: 'Node 2 makes no step.',
        source: 'this test',
        monitor: () => ({ observe: (changed) => (changed === 1 ? 'node 2 made a step' : undefined) }),
      },
    ],
  };
  const { results } = await runWith(watched);
  expect(results.valid).toBe(false);
  expect(results.brokenInvariants).toEqual([
    { name: 'no-second-node', time: 0, node: 'n2', reason: 'node 2 made a step' },
  ]);
});

test('crashes fall between write and sync, and between two effects', async () => {
  const spec: TestSpec = { ...defaultSpec('raft', 'register', 5), nemesis: ['kill'], nemesisIntervalMs: 500 };
  const { results } = await runTest(resolveTest(spec, createRegistry()), simRuntime(), journal);
  expect(results.marks['crash-between-write-and-sync']).toBeGreaterThan(0);
  expect(results.marks['crash-between-effects']).toBeGreaterThan(0);
});

test('what happens before the first fault does not depend on which faults will come', async () => {
  const record = async (nemesis: readonly string[]) => {
    const ops: Op[] = [];
    const spec: TestSpec = { ...defaultSpec('raft', 'register', 3), timeLimitMs: 20_000, nemesis };
    await runTest(resolveTest(spec, createRegistry()), simRuntime(), { ...journal, record: (op) => ops.push(op) });
    return ops;
  };
  const quiet = await record([]);
  for (const nemesis of [['partition'], ['kill', 'pause'], ['clock']]) {
    const faulty = await record(nemesis);
    const first = faulty.findIndex((op) => op.process === 'nemesis' && op.f !== 'phase');
    expect(first).toBeGreaterThan(100);
    expect(faulty.slice(0, first)).toEqual(quiet.slice(0, first));
  }
});
