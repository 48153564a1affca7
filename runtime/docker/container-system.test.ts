/**
 * Systems of others in containers: a register of a few lines, run by the host's node binary. Where no Docker answers, all
 * of it is skipped; runtime.test.ts says so.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ContainerPlan, ContainerSystem, SystemClient } from '../../harness/container-system.ts';
import type { Journal } from '../../harness/ports.ts';
import { runTest } from '../../harness/run.ts';
import { defaultSpec, type TestSpec } from '../../harness/spec.ts';
import { type Registry, resolveTest } from '../../harness/test.ts';
import type { Op } from '../../history/op.ts';
import { nemeses } from '../../nemesis/index.ts';
import { services } from '../../protocol/services/index.ts';
import { workloads } from '../../workloads/index.ts';
import { type Bundle, bundle } from '../testing/bundle.ts';
import { runsOf, whyNoDocker } from '../testing/docker.ts';
import { connectEngine } from './engine.ts';
import { findLibfaketime } from './faketime.ts';
import { ensureImageOf } from './image-sources.ts';
import { runLabel } from './labels.ts';
import { dockerRuntime } from './runtime.ts';

const port = 8080;

/** Keeps all keys on the first node, in a file that it writes before it answers; the others ask it. */
const program = `
const { createServer, request } = require('node:http');
const fs = require('node:fs');
const [id, primary, folder, mode] = process.argv.slice(-4);
const file = folder + '/values.json';
if (mode === 'broken') {
  console.error('cannot find my keys');
  process.exit(7);
}
let asked = 0;
function mayDie() {
  if (mode !== 'mortal' || id !== 'n2' || ++asked < 10 || fs.existsSync(folder + '/died')) return;
  fs.writeFileSync(folder + '/died', '');
  console.error('enough');
  process.exit(3);
}
const values = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
fs.appendFileSync(folder + '/node.log', id + ' has ' + Object.keys(values).length + ' keys\\n');
console.log('listening');
function keep() {
  if (mode === 'forgetful') return;
  fs.writeFileSync(file + '.new', JSON.stringify(values), { flush: true });
  fs.renameSync(file + '.new', file);
}
function answer({ f, key, value }) {
  const now = values[key] ?? null;
  if (f === 'read') return { type: 'ok', value: now };
  if (f === 'cas' && now !== value[0]) return { type: 'fail', value, error: 'precondition-failed' };
  values[key] = f === 'cas' ? value[1] : value;
  keep();
  return { type: 'ok', value };
}
createServer((req, res) => {
  if (req.url === '/status') return res.end(JSON.stringify({ role: id === primary ? 'holder' : 'asker', term: 1, primary: id === primary }));
  mayDie();
  if (id !== primary) {
    const onward = request({ host: primary, port: ${port}, method: 'POST' }, (from) => from.pipe(res));
    onward.on('error', () => res.destroy());
    req.pipe(onward);
    return;
  }
  let body = '';
  req.on('data', (data) => { body += data; });
  req.on('end', () => res.end(JSON.stringify(answer(JSON.parse(body)))));
}).listen(${port});
`;

const url = ({ host, ports }: { readonly host: string; readonly ports: Readonly<Record<number, number>> }): string =>
  `http://${host}:${ports[port]}`;

const client = (to: string): SystemClient => ({
  async invoke({ f, key, value }, signal) {
    const response = await fetch(to, { method: 'POST', body: JSON.stringify({ f, key, value }), signal });
    return (await response.json()) as Awaited<ReturnType<SystemClient['invoke']>>;
  },
  close() {},
});

const machineNode = { programs: [{ name: 'node', debianPackage: 'nodejs' }] };

function register(changes: Partial<ContainerSystem> = {}, plan: Partial<ContainerPlan> = {}): ContainerSystem {
  return {
    name: 'tiny-register',
    summary: 'A register that one node keeps.',
    sources: [],
    services: ['register'],
    defaultWorkload: 'register',
    bugs: [],
    invariants: [],
    promises: [{ property: 'linearizable', under: 'all' }],
    options: [{ name: 'mode', values: ['sound', 'forgetful', 'mortal', 'broken'], summary: 'what is wrong with it' }],
    clientPorts: [port],
    peerPorts: [port],
    plan: ({ id, members, options }) => ({
      image: machineNode,
      command: ['node', '-e', program, id, members[0]?.id as string, '/data', options.mode as string],
      volumes: ['/data'],
      logFiles: ['/data/node.log'],
      ...plan,
    }),
    async status(endpoint, signal) {
      const response = await fetch(`${url(endpoint)}/status`, { signal });
      return (await response.json()) as { role: string; term: number; primary: boolean };
    },
    clients: { register: ({ endpoint }) => client(url(endpoint)) },
    ...changes,
  };
}

class MemoryJournal implements Journal {
  readonly ops: Op[] = [];
  readonly logs: string[] = [];
  record(op: Op): void {
    this.ops.push(op);
  }
  log(node: string, _time: number, text: string): void {
    this.logs.push(`${node}: ${text}`);
  }
  flush(): void {}
}

let proxies: Bundle | undefined;
const runtime = () => dockerRuntime({ program: 'none', ...(proxies && { proxyProgram: proxies.path }) });

async function run(
  system: ContainerSystem,
  settings: Partial<TestSpec>,
  journal: Journal = new MemoryJournal(),
  signal?: AbortSignal,
) {
  const targets = new Map([[system.name, system]]);
  const registry: Registry = { targets, services, workloads, nemeses, runtimes: new Map([['docker', runtime]]) };
  const spec: TestSpec = {
    ...defaultSpec(system.name, system.defaultWorkload, 7, 3),
    runtime: 'docker',
    timeLimitMs: 6000,
    opTimeoutMs: 1000,
    nemesisIntervalMs: 1000,
    ...settings,
  };
  return (await runTest(resolveTest(spec, registry), await runtime(), journal, signal)).results;
}

const ownRuns = () => runsOf((pid) => pid === process.pid);
const mode = (name: string) => ({ 'target-option': `mode=${name}` });

describe.skipIf(whyNoDocker !== undefined)('a system of others', () => {
  let docker: Docker;
  let folder: string;
  beforeAll(async () => {
    docker = (await connectEngine()).docker;
    folder = await mkdtemp(join(tmpdir(), 'ftest-system-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  afterEach(async () => expect(await ownRuns()).toEqual(new Set()));

  async function ownContainers(): Promise<readonly Docker.ContainerInspectInfo[]> {
    const label = [...(await ownRuns())].map((each) => `${runLabel}=${each}`);
    const list = await docker.listContainers({ all: true, filters: { label } });
    return Promise.all(list.map(({ Id }) => docker.getContainer(Id).inspect()));
  }

  test('is linearizable and recovers while it is cut, killed, and paused; its logs are kept', async () => {
    const journal = new MemoryJournal();
    const nemesis = ['partition', 'kill', 'pause'];
    const { checkers, valid, faults, stats, nodeChanges } = await run(
      register(),
      { nemesis, timeLimitMs: 10_000 },
      journal,
    );
    expect({ valid, checkers }).toMatchObject({ valid: true, checkers: { nodes: { valid: true } } });
    expect(stats.ok).toBeGreaterThan(20);
    for (const fault of nemesis) expect(faults[fault], fault).toBeGreaterThan(0);
    expect(nodeChanges).toContainEqual(expect.objectContaining({ node: 'n1', role: 'holder', term: 1, primary: true }));
    expect(journal.logs).toContain('n2: listening');
    expect(journal.logs).toContain('n2: n2 has 0 keys');
  });

  test('is linearizable while its packets are late and lost, between nodes that are cut', async () => {
    proxies = await bundle('cli/proxy.ts');
    const { checkers, valid, faults } = await run(register(), {
      nemesis: ['partition', 'packet'],
      timeLimitMs: 10_000,
      opTimeoutMs: 3000,
    });
    expect({ valid, checkers }).toMatchObject({ valid: true });
    expect(faults.delay).toBeGreaterThan(0);
    await proxies.remove();
    proxies = undefined;
  });

  test.skipIf(findLibfaketime() === undefined)(
    'is linearizable while clocks jump and drift, and nodes die',
    async () => {
      const system = register({}, { clock: 'libfaketime' });
      const { checkers, valid, faults } = await run(system, { nemesis: ['clock', 'kill'], timeLimitMs: 8000 });
      expect({ valid, checkers }).toMatchObject({ valid: true });
      expect((faults.bump ?? 0) + (faults.drift ?? 0)).toBeGreaterThan(0);
    },
  );

  test('that forgets what it acknowledged when it is killed is convicted', async () => {
    const { checkers } = await run(register(), {
      nemesis: ['kill'],
      timeLimitMs: 8000,
      nemesisIntervalMs: 500,
      options: mode('forgetful'),
    });
    expect(checkers.linearizable).toMatchObject({ valid: false });
    expect(checkers.nodes).toEqual({ valid: true });
  });

  test('of which a node ends by itself goes on, and is convicted of that; the heal starts the node again', async () => {
    const journal = new MemoryJournal();
    const { checkers, nodeChanges, valid } = await run(
      register(),
      { nemesis: ['kill'], nemesisIntervalMs: 60_000, options: mode('mortal') },
      journal,
    );
    expect(valid).toBe(false);
    const { reason } = checkers.nodes as { reason: string };
    expect(reason).toMatch(
      /^n2 ended with code 3 at \d+\.\d s, and nobody had killed it\. The end of its log: .*\benough/,
    );
    expect(checkers.nodes).toMatchObject({ exits: [{ node: 'n2', code: 3 }] });
    expect(checkers.linearizable).toMatchObject({ valid: true });
    expect(checkers.recovery).toMatchObject({ valid: true });
    expect(nodeChanges).toContainEqual(expect.objectContaining({ node: 'n2', role: 'down' }));
    expect(journal.logs).toContain('n2: n2 ended with code 3');
  });

  test('that does not start says so with the end of its log', async () => {
    await expect(run(register(), { options: mode('broken') })).rejects.toThrow(
      /^n[123] ended with code 7 before it served\. The end of its log:\ncannot find my keys/,
    );
  });

  test('that is never ready is given up, with its reason and the end of its log', async () => {
    const now = performance.now.bind(performance);
    const aMinuteOn = vi.spyOn(performance, 'now');
    const never = register({
      async ready() {
        aMinuteOn.mockImplementation(() => now() + 60_000);
        throw new Error('there is no leader');
      },
    });
    await expect(run(never, {})).rejects.toThrow(/^n[123] was not ready within 60 s: there is no leader\. /);
    aMinuteOn.mockRestore();
  });

  test('that is never ready may be interrupted, and leaves no verdict but that', async () => {
    const controller = new AbortController();
    const never = register({
      async ready() {
        controller.abort();
        return false;
      },
    });
    const { valid, interrupted, checkers, stats } = await run(never, {}, new MemoryJournal(), controller.signal);
    expect({ valid, interrupted, ops: stats.invoke }).toEqual({ valid: 'unknown', interrupted: true, ops: 0 });
    expect(checkers.run).toEqual({ valid: 'unknown', reason: 'interrupted' });
  });

  test('is interrupted while it is set up', async () => {
    const controller = new AbortController();
    const slow = register({
      setUp() {
        controller.abort();
        return new Promise(() => {});
      },
    });
    const { valid, interrupted } = await run(slow, { nodes: 1 }, new MemoryJournal(), controller.signal);
    expect({ valid, interrupted }).toEqual({ valid: 'unknown', interrupted: true });
  });

  test('that cannot be set up says why', async () => {
    const unwilling = register({ setUp: () => Promise.reject(new Error('no room')) });
    await expect(run(unwilling, {})).rejects.toThrow(/^tiny-register could not be set up: no room$/);
  });

  test('made of machine programs has no privileges, and no other has any over the network', async () => {
    let inspected: readonly Docker.ContainerInspectInfo[] = [];
    const setUp = async (): Promise<void> => {
      inspected = await ownContainers();
    };
    const of = (ending: string) => inspected.filter(({ Name }) => Name.endsWith(ending));
    const privilegesOf = ({ HostConfig }: Docker.ContainerInspectInfo) => ({
      add: HostConfig.CapAdd ?? [],
      drop: HostConfig.CapDrop ?? [],
      readOnly: HostConfig.ReadonlyRootfs,
    });
    await run(register({ setUp }), { nodes: 2, timeLimitMs: 500 });
    expect(inspected).toHaveLength(6);
    for (const container of inspected) checkIsolation(container);
    for (const node of ['-n1', '-n2'].flatMap(of)) {
      expect(privilegesOf(node)).toEqual({ add: [], drop: ['ALL'], readOnly: true });
      expect(node.Mounts.map(({ Type, Destination }) => [Type, Destination])).toEqual([['volume', '/data']]);
    }
    const readers = of('-logs');
    expect(readers).toHaveLength(2);
    for (const reader of readers) {
      expect(privilegesOf(reader)).toEqual({ add: ['DAC_READ_SEARCH'], drop: ['ALL'], readOnly: true });
      expect(reader.HostConfig.NetworkMode).toBe('none');
      expect(reader.Mounts.map(({ RW }) => RW)).toEqual([false]);
    }
    const { name: image } = await ensureImageOf(docker, machineNode, () => {});
    await run(register({ setUp }, { image: { image } }), { nodes: 1, timeLimitMs: 500 });
    for (const container of inspected) checkIsolation(container);
    expect(of('-n1').map(privilegesOf)).toEqual([{ add: [], drop: ['NET_RAW'], readOnly: false }]);
  });

  test('is built of a Dockerfile once, without what .dockerignore names', async () => {
    const { name: base } = await ensureImageOf(docker, machineNode, () => {});
    await writeFile(
      join(folder, 'server.js'),
      `console.log('secret: ' + require('fs').existsSync('/app/secret'));${program}`,
    );
    await writeFile(join(folder, 'secret'), 'unseen');
    await writeFile(join(folder, '.dockerignore'), 'secret\n');
    await writeFile(join(folder, 'Dockerfile'), `FROM ${base}\nCOPY . /app\nWORKDIR /app\nENTRYPOINT ["node"]\n`);
    const image = { dockerfile: join(folder, 'Dockerfile') };
    const words: string[] = [];
    const built = await ensureImageOf(docker, image, (said) => words.push(said));
    expect(await ensureImageOf(docker, image, (said) => words.push(said))).toEqual(built);
    expect(words).toHaveLength(1);
    const journal = new MemoryJournal();
    const command = ['server.js', 'n1', 'n1', '/data', 'sound'];
    const { valid } = await run(register({}, { image, command }), { nodes: 1, timeLimitMs: 1000 }, journal);
    expect(journal.logs).toContain('n1: secret: false');
    expect(valid).toBe(true);
    await docker.getImage(built.name).remove();
  });

  test('of an image that is nowhere says so', async () => {
    const nowhere = register({}, { image: { image: 'localhost:1/ftest-nowhere:1' } });
    await expect(run(nowhere, {})).rejects.toThrow(
      /^this machine has no image localhost:1\/ftest-nowhere:1, and Docker could not pull it: /,
    );
    const without = register({}, { image: { programs: [{ name: 'ftest-none', debianPackage: 'none-server' }] } });
    await expect(run(without, {})).rejects.toThrow(/apt-get install none-server, or name an image with --image$/);
  });

  test('is asked only for faults that it can take', async () => {
    const { refuses } = await runtime();
    expect(refuses('bump')).toBeUndefined();
    expect(refuses('bump', register())).toContain('clock');
    expect(refuses('delay', register())).toBeUndefined();
    expect(refuses('delay', register({ peerPorts: [] }))).toContain('peerPorts');
    expect(refuses('partition', register())).toBeUndefined();
    await expect(run(register(), { nemesis: ['clock'] })).rejects.toThrow(/cannot inject the fault bump/);
  });
});

/** Docker may put a word before them. */
const capabilities = (names: readonly string[] | undefined): readonly string[] =>
  (names ?? []).map((name) => name.replace('CAP_', ''));

/** Of every container of ftest's. */
function checkIsolation({ Name, HostConfig, NetworkSettings, Mounts }: Docker.ContainerInspectInfo): void {
  expect(HostConfig.Privileged, Name).toBe(false);
  expect(HostConfig.SecurityOpt, Name).toContain('no-new-privileges');
  expect(HostConfig.Devices ?? [], Name).toEqual([]);
  expect([HostConfig.PidMode, HostConfig.IpcMode, HostConfig.UsernsMode, HostConfig.NetworkMode], Name).not.toContain(
    'host',
  );
  expect(Mounts.every(({ Type }) => Type === 'volume')).toBe(true);
  const mayBreakNetwork = capabilities(HostConfig.CapAdd).includes('NET_ADMIN');
  expect(mayBreakNetwork, Name).toBe(Name.endsWith('-pod'));
  const bindings = Object.values(NetworkSettings.Ports ?? {}).flatMap((each) => each ?? []);
  expect(bindings.map(({ HostIp }) => HostIp)).toEqual(Name.endsWith('-pod') ? ['127.0.0.1'] : []);
}
