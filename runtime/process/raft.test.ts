/** The main job on real processes: a Raft cluster that is cut, killed, paused, healed, and judged. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Journal } from '../../harness/ports.ts';
import { runTest } from '../../harness/run.ts';
import { defaultSpec } from '../../harness/spec.ts';
import { type Registry, resolveTest } from '../../harness/test.ts';
import { nemeses } from '../../nemesis/index.ts';
import { services } from '../../protocol/services/index.ts';
import { targets } from '../../targets/index.ts';
import { workloads } from '../../workloads/index.ts';
import { type Bundle, bundle } from '../testing/bundle.ts';
import { hostedBy, processRuntime } from './runtime.ts';

let nodeProgram: Bundle;
/** Where runs put their nodes' files. */
let folder: string;
beforeAll(async () => {
  nodeProgram = await bundle('cli/node.ts');
  folder = await mkdtemp(join(tmpdir(), 'ftest-raft-'));
  vi.stubEnv('TMPDIR', folder);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await nodeProgram.remove();
  await rm(folder, { recursive: true });
});

const runtime = () => processRuntime(hostedBy(nodeProgram.path));
const registry: Registry = { targets, services, workloads, nemeses, runtimes: new Map([['process', runtime]]) };

const memory = (): Journal => ({ record() {}, log() {}, flush() {} });

/** Raft on three processes for some seconds of real time. */
const raftTest = (nemesis: readonly string[], timeLimitMs: number) =>
  resolveTest(
    {
      ...defaultSpec('raft', 'register', 7, 3),
      runtime: 'process',
      nemesis,
      timeLimitMs,
      opTimeoutMs: 1000,
      nemesisIntervalMs: 600,
    },
    registry,
  );

test('Raft is linearizable and recovers while it is cut, killed, and paused', async () => {
  const { results } = await runTest(raftTest(['partition', 'kill', 'pause'], 6000), await runtime(), memory());
  const { checkers, stats, faults, valid } = results;
  expect({ valid, checkers }).toMatchObject({ valid: true });
  expect(stats.ok).toBeGreaterThan(50);
  for (const fault of ['partition', 'kill', 'pause']) expect(faults[fault], fault).toBeGreaterThan(0);
  expect(results.nodeChanges.map(({ role }) => role)).toEqual(expect.arrayContaining(['leader', 'down', 'paused']));
});

test('an interrupt heals, stops every process, and leaves a verdict', async () => {
  const controller = new AbortController();
  const journal = memory();
  let oks = 0;
  const { results } = await runTest(
    raftTest(['kill'], 3_600_000),
    await runtime(),
    {
      ...journal,
      record(op) {
        if (op.type === 'ok' && ++oks === 20) controller.abort();
      },
    },
    controller.signal,
  );
  expect(results.valid).toBe('unknown');
  expect(results.interrupted).toBe(true);
  expect(results.stats.ok).toBeGreaterThan(0);
  expect(await readdir(folder)).toEqual([]);
});
