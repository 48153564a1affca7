/**
 * Runs of the register workload against one node that answers at once, as `ftest --runtime docker` makes them but for the container: the
 * same generators, interpreter, driver, clients, and sockets, every line in history.jsonl before it is carried out. The
 * rate asked for is beyond what the machine can do: how many clients wait for answers bounds it.
 *
 * In a process of its own, with the options that `ftest` runs with: an AtOnceCase as JSON in, its rounds as JSON out.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistry } from '../cli/registry.ts';
import { driveRealTime } from '../harness/drive.ts';
import type { Execution, Runtime, Session } from '../harness/ports.ts';
import { runTest } from '../harness/run.ts';
import { defaultSpec, type TestSpec } from '../harness/spec.ts';
import { resolveTest } from '../harness/test.ts';
import { createRun } from '../reports/store.ts';
import { greet } from '../runtime/docker/line-socket.ts';
import { machineNs, Observer } from '../runtime/observer.ts';
import { Clients } from '../runtime/process/clients.ts';
import { initClientId, parseMessage } from '../runtime/process/wire.ts';
import { cpuSecondsOf, type Load, LoadMeter, ownCpuSeconds } from './harness-load.ts';

export interface AtOnceCase {
  readonly concurrency: number;
  /** Those that count: one more comes before them, to warm up. */
  readonly rounds: number;
  /** Of each round. */
  readonly timeLimitMs: number;
}

/** With the CPU time of `harness` and `node`. */
export interface AtOnceRound extends Load {
  readonly valid: boolean | 'unknown';
}

const nodeId = 'n1';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** One node on a port, spoken to as the docker runtime speaks to its nodes. */
function atOnceRuntime(port: number): Runtime {
  const execute = async ({ test, journal, begin }: Session): Promise<Execution> => {
    const clients = new Clients(test.service);
    const observer = new Observer(journal);
    const init = { type: 'init', msg_id: 1, node_id: nodeId, node_ids: [nodeId], addresses: {} };
    const greeting = JSON.stringify({ src: initClientId, dest: nodeId, body: init });
    const hear = (line: string, answered: () => void): void => {
      const message = parseMessage(line)!;
      if (message.dest === initClientId) answered();
      else clients.reply(message);
    };
    const link = (await greet(port, greeting, hear, new Promise(() => {})))!;
    observer.begin();
    const duration = await driveRealTime({
      decider: begin({ nodeIds: [nodeId], primaries: () => [nodeId] }),
      journal,
      clock: machineNs,
      invoke: async (op) => clients.ask(op, nodeId, (message) => link.write(JSON.stringify(message))),
    });
    link.close();
    return { duration, ...observer.observed() };
  };
  return { name: 'docker', refuses: () => undefined, execute };
}

async function round(seed: number, { concurrency, timeLimitMs }: AtOnceCase, folder: string): Promise<AtOnceRound> {
  const spec: TestSpec = {
    ...defaultSpec('raft', 'register', seed, 1),
    runtime: 'docker',
    concurrency,
    rate: 1_000_000,
    timeLimitMs,
  };
  const port = await freePort();
  const program = join(import.meta.dirname, 'harness-at-once-node.js');
  const node = spawn(process.execPath, [program, `${port}`, join(folder, 'node')], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const run = createRun(join(folder, 'store'), {
    spec,
    versions: { ftest: '', node: process.versions.node },
    commandLine: '',
    startedAt: new Date().toISOString(),
  });
  const meter = new LoadMeter(run, () => ({ harness: ownCpuSeconds(), node: cpuSecondsOf([node.pid!]) }));
  const { results } = await runTest(resolveTest(spec, createRegistry()), atOnceRuntime(port), meter);
  node.stdin.end();
  await once(node, 'exit');
  run.close();
  return { ...meter.load, valid: results.valid };
}

const one = JSON.parse(process.argv[2]!) as AtOnceCase;
const rounds: AtOnceRound[] = [];
for (let seed = 0; seed <= one.rounds; seed++) {
  const folder = await mkdtemp(join(tmpdir(), 'ftest-bench-'));
  try {
    rounds.push(await round(seed, one, folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
console.log(JSON.stringify(rounds.slice(1)));
