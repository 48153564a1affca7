/**
 * A run of the register workload against five Raft nodes in containers, without faults: `ftest raft --runtime docker`, but for the
 * reports. In a process of its own, with the options that `ftest` runs with: a RaftCase as JSON in, a RaftResult out.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistry } from '../cli/registry.ts';
import type { Execution, Session } from '../harness/ports.ts';
import { runTest } from '../harness/run.ts';
import { defaultSpec, type TestSpec } from '../harness/spec.ts';
import { resolveTest } from '../harness/test.ts';
import { createRun } from '../reports/store.ts';
import { cpuSecondsOf, type Load, LoadMeter, latenciesMs, ownCpuSeconds, pidsWith } from './harness-load.ts';

export interface RaftCase {
  readonly rate: number;
  readonly concurrency: number;
  readonly timeLimitMs: number;
}

/** With the CPU time of the `harness`, of all `nodes`, of the `proxies` by which Docker publishes their ports, and of the `machine`. */
export interface RaftResult extends Load {
  readonly latenciesMs: readonly number[];
  readonly valid: boolean | 'unknown';
}

interface ProcessIds {
  readonly nodes: readonly number[];
  readonly proxies: readonly string[];
}

interface InspectedContainer {
  readonly State: { readonly Pid: number };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

const docker = (...args: readonly string[]): string => execFileSync('docker', args, { encoding: 'utf8' });

/** Of the containers that this process has made; others may have some too. */
function processIds(): ProcessIds {
  const rows = docker('ps', '--format', '{{.ID}} {{.Label "ftest.owner"}}').trim().split('\n');
  const owned = rows.map((row) => row.split(' ')).filter(([, , , owner]) => Number(owner) === process.pid);
  const ours = JSON.parse(docker('inspect', ...owned.map(([id]) => id as string))) as readonly InspectedContainer[];
  const addresses = ours.flatMap(({ NetworkSettings }) =>
    Object.values(NetworkSettings.Networks).map(({ IPAddress }) => IPAddress),
  );
  return {
    nodes: ours.map(({ State }) => State.Pid),
    proxies: addresses.flatMap((address) => pidsWith('docker-proxy', `${address} `)),
  };
}

function machineCpuSeconds(): number {
  const ms = cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq);
  return ms.reduce((sum, each) => sum + each, 0) / 1000;
}

async function carryOut({ rate, concurrency, timeLimitMs }: RaftCase, folder: string): Promise<RaftResult> {
  const spec: TestSpec = {
    ...defaultSpec('raft', 'register', 1),
    runtime: 'docker',
    concurrency,
    rate,
    timeLimitMs,
  };
  const run = createRun(folder, {
    spec,
    versions: { ftest: '', node: process.versions.node },
    commandLine: '',
    startedAt: new Date().toISOString(),
  });
  let pids: ProcessIds = { nodes: [], proxies: [] };
  const meter = new LoadMeter(run, () => ({
    harness: ownCpuSeconds(),
    nodes: cpuSecondsOf(pids.nodes),
    proxies: cpuSecondsOf(pids.proxies),
    machine: machineCpuSeconds(),
  }));
  const registry = createRegistry();
  const runtime = await registry.runtimes.get('docker')!();
  const execute = (session: Session): Promise<Execution> =>
    runtime.execute({
      ...session,
      begin(view) {
        pids = processIds();
        return session.begin(view);
      },
    });
  const { results, history } = await runTest(resolveTest(spec, registry), { ...runtime, execute }, meter);
  run.close();
  return { ...meter.load, latenciesMs: latenciesMs(history), valid: results.valid };
}

const folder = await mkdtemp(join(tmpdir(), 'ftest-bench-'));
try {
  console.log(JSON.stringify(await carryOut(JSON.parse(process.argv[2]!) as RaftCase, folder)));
} finally {
  await rm(folder, { recursive: true, force: true });
}
