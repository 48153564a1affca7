/**
 * What only the Docker runtime does: faults by the kernel, containers without privileges, a Docker that goes away, and
 * leaving nothing behind. Where no Docker answers, all of it is skipped, and a line on stderr says so.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Journal } from '../../harness/ports.ts';
import { runTest } from '../../harness/run.ts';
import { defaultSpec } from '../../harness/spec.ts';
import { type Registry, resolveTest } from '../../harness/test.ts';
import { nemeses } from '../../nemesis/index.ts';
import { services } from '../../protocol/services/index.ts';
import { targets } from '../../targets/index.ts';
import { workloads } from '../../workloads/index.ts';
import { type Bundle, bundle } from '../testing/bundle.ts';
import { runsOf, whyNoDocker } from '../testing/docker.ts';
import { tag } from '../testing/puppet.ts';
import { begin, inject, perform, recall, recallUntil, runScript, type Script, wait } from '../testing/script.ts';
import { connectEngine, DockerFailed } from './engine.ts';
import { ensureImageOf } from './image-sources.ts';
import { ensureNodeImage, nodeBinary } from './images.ts';
import { runLabel } from './labels.ts';
import { ofRun, remove } from './leftovers.ts';
import { dockerRuntime } from './runtime.ts';

if (whyNoDocker !== undefined) process.stderr.write(`tests of the Docker runtime are skipped: ${whyNoDocker}\n`);

vi.mock('./leftovers.ts', async (original) => {
  const actual = await original<typeof import('./leftovers.ts')>();
  return { ...actual, remove: vi.fn(actual.remove) };
});

const link = (from: string, to: string) => ({ from, to });

describe.skipIf(whyNoDocker !== undefined)('in containers', () => {
  let puppets: Bundle;
  let docker: Docker;
  beforeAll(async () => {
    puppets = await bundle('runtime/testing/puppet-node.ts');
    docker = (await connectEngine()).docker;
  });
  afterAll(() => puppets.remove());

  const puppetRuntime = () => dockerRuntime({ program: puppets.path });

  const ownRuns = () => runsOf((pid) => pid === process.pid);

  /** Containers of the run that a script is part of. */
  async function ownContainers(): Promise<readonly Docker.ContainerInspectInfo[]> {
    const label = [...(await ownRuns())].map((run) => `${runLabel}=${run}`);
    const list = await docker.listContainers({ all: true, filters: { label } });
    return Promise.all(list.map(({ Id }) => docker.getContainer(Id).inspect()));
  }

  /** Lets a script wait for a promise. */
  function* until<Result>(promise: Promise<Result>): Script<Result> {
    let settled: { readonly result: Result } | undefined;
    let failure: unknown;
    promise.then(
      (result) => {
        settled = { result };
      },
      (error: unknown) => {
        failure = error;
      },
    );
    while (settled === undefined) {
      if (failure !== undefined) throw failure;
      yield* wait(20);
    }
    return settled.result;
  }

  test('Raft is linearizable and recovers while it is cut, killed, and paused', async () => {
    const program = await bundle('cli/node.ts');
    const runtime = () => dockerRuntime({ program: program.path });
    const registry: Registry = { targets, services, workloads, nemeses, runtimes: new Map([['docker', runtime]]) };
    const spec = {
      ...defaultSpec('raft', 'register', 7, 3),
      runtime: 'docker' as const,
      nemesis: ['partition', 'kill', 'pause'],
      timeLimitMs: 10_000,
      opTimeoutMs: 1000,
      nemesisIntervalMs: 1000,
    };
    const journal: Journal = { record() {}, log() {}, flush() {} };
    const { results } = await runTest(resolveTest(spec, registry), await runtime(), journal);
    await program.remove();
    const { checkers, stats, faults, valid } = results;
    expect({ valid, checkers }).toMatchObject({ valid: true });
    expect(stats.ok).toBeGreaterThan(20);
    for (const fault of ['partition', 'kill', 'pause']) expect(faults[fault], fault).toBeGreaterThan(0);
  });

  test('ftest runs its nodes in an image of somebody else too, whatever that one would start, and as whom', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ftest-dockerfile-'));
    const dockerfile = join(folder, 'Dockerfile');
    const words = 'ENV PATH=/elsewhere:/bin\nUSER 1000\nENTRYPOINT ["/none"]\nCMD ["none"]\n';
    await writeFile(dockerfile, `FROM ${await ensureNodeImage(docker)}\n${words}`);
    const { name: image } = await ensureImageOf(docker, { dockerfile }, () => {});
    const program = await bundle('cli/node.ts');
    const runtime = () => dockerRuntime({ program: program.path });
    const registry: Registry = { targets, services, workloads, nemeses, runtimes: new Map([['docker', runtime]]) };
    const journal: Journal = { record() {}, log() {}, flush() {} };
    for (const options of [{ image }, { dockerfile }]) {
      const spec = { ...defaultSpec('raft', 'register', 7, 1), runtime: 'docker' as const, timeLimitMs: 500, options };
      const { results } = await runTest(resolveTest(spec, registry), await runtime(), journal);
      expect(results.stats.ok).toBeGreaterThan(0);
    }
    await program.remove();
    await docker.getImage(image).remove();
    await rm(folder, { recursive: true });
  });

  test('no container is privileged, mounts the socket, or listens beyond 127.0.0.1; only pods may touch the network', async () => {
    let inspected: readonly Docker.ContainerInspectInfo[] = [];
    await runScript(await puppetRuntime(), 2, function* () {
      inspected = yield* until(ownContainers());
      const ports = inspected.flatMap(({ NetworkSettings }) =>
        Object.values(NetworkSettings.Ports ?? {}).flatMap((bindings) => bindings ?? []),
      );
      expect(ports).toHaveLength(2);
      const listening = yield* until(listeningSockets());
      for (const { HostIp, HostPort } of ports) {
        expect(HostIp).toBe('127.0.0.1');
        expect(listening.get(Number(HostPort))).toEqual(['0100007F']);
      }
    });
    const pods = inspected.filter(({ Name }) => Name.endsWith('-pod'));
    expect([pods.length, inspected.length]).toEqual([2, 4]);
    for (const { Name, HostConfig, Mounts, State } of inspected) {
      expect(State.Running, Name).toBe(true);
      expect(HostConfig.Privileged, Name).toBe(false);
      expect(HostConfig.CapDrop, Name).toEqual(['ALL']);
      const added = (HostConfig.CapAdd ?? []).map((name: string) => name.replace('CAP_', ''));
      expect(added, Name).toEqual(Name.endsWith('-pod') ? ['NET_ADMIN'] : []);
      expect(HostConfig.SecurityOpt, Name).toContain('no-new-privileges');
      expect(HostConfig.Devices ?? [], Name).toEqual([]);
      expect([HostConfig.PidMode, HostConfig.IpcMode, HostConfig.UsernsMode], Name).not.toContain('host');
      expect(HostConfig.NetworkMode, Name).not.toBe('host');
      expect(
        Mounts.map(({ Type, Destination }) => [Type, Destination]),
        Name,
      ).toEqual(Name.endsWith('-pod') ? [] : [['volume', '/data']]);
    }
    expect(await ownRuns()).toEqual(new Set());
  });

  test('rules outlive a kill, and loss, rates, and delays come and go', async () => {
    await runScript(await puppetRuntime(), 2, function* () {
      yield* inject({ f: 'partition', shape: 'one', direction: 'both', cut: [link('n1', 'n2'), link('n2', 'n1')] });
      yield* inject({ f: 'kill', nodes: ['n2'] });
      yield* inject({ f: 'start', nodes: ['n2'] });
      yield* perform('n1', { effects: [tag('n2', 'cut')] });
      yield* wait(2500);
      yield* inject({ f: 'heal' });
      yield* inject({ f: 'loss', links: [link('n1', 'n2')], percent: 20 });
      yield* inject({ f: 'rate', links: [link('n1', 'n2')], bitsPerSecond: 1_000_000 });
      yield* inject({ f: 'restore-packets' });
      yield* inject({ f: 'delay', links: [link('n1', 'n2')], timeMs: 300, jitterMs: 0 });
      yield* perform('n1', { effects: [tag('n2', 'late')] });
      expect((yield* recall('n2')).received).toEqual([]);
      yield* recallUntil('n2', ({ received }) => received.includes('n1 late'));
      yield* inject({ f: 'restore-packets' });
      yield* perform('n1', { effects: [tag('n2', 'again')] });
      const { received } = yield* recallUntil('n2', (memory) => memory.received.includes('n1 again'));
      expect(received).toEqual(['n1 late', 'n1 again']);
    });
  });

  test('a node that ends by itself ends the run, with the end of its log', async () => {
    const run = runScript(await puppetRuntime(), 2, function* () {
      yield* begin('n2', 'crash');
      yield* wait(20_000);
      yield* recall('n1');
    });
    await expect(run).rejects.toThrow(
      /^n2 ended with code 1, and nobody had killed it\. The end of its log:\nError: the puppet was told to crash/,
    );
  });

  test('what cannot be removed stops no run, before it or at its end, and is said', async () => {
    vi.mocked(remove).mockRejectedValueOnce(new DockerFailed('Docker could not remove a network: too busy'));
    const Image = await ensureNodeImage(docker);
    const Cmd = [nodeBinary, '-e', 'setInterval(() => {}, 1000)'];
    let stranger: Docker.Container | undefined;
    const words: string[] = [];
    const announce = (said: string): void => {
      words.push(said);
    };
    await runScript(await dockerRuntime({ program: puppets.path, announce }), 1, function* () {
      const [run] = yield* until(ownRuns());
      // Of somebody else's: Docker removes no network that something is on.
      const HostConfig = { NetworkMode: `ftest-${run}-net` };
      stranger = yield* until(docker.createContainer({ Image, Cmd, HostConfig }));
      yield* until(stranger.start());
    });
    expect(words).toEqual([
      'what earlier runs left could not all be removed, and stays until ftest clean can (Docker could not remove a network: too busy)\n',
      expect.stringMatching(/^not all of this run could be removed: ftest clean --run \w+ .*active endpoints\)\n$/),
    ]);
    await stranger?.remove({ force: true });
    for (const run of await ownRuns()) await remove(docker, ofRun(run));
  });

  test('an error is not hidden by what cannot be removed', async () => {
    const nothing = { containers: 0, volumes: 0, networks: 0 };
    vi.mocked(remove).mockResolvedValueOnce(nothing).mockRejectedValueOnce(new DockerFailed('too busy'));
    const run = runScript(await puppetRuntime(), 1, function* () {
      yield* inject({ f: 'enospc', nodes: ['n1'] });
    });
    await expect(run).rejects.toThrow('containers cannot enospc');
    for (const each of await ownRuns()) await remove(docker, ofRun(each));
  });

  test('what it cannot do it refuses with the reason', async () => {
    const runtime = await puppetRuntime();
    expect(runtime.refuses('corrupt')).toContain('TCP');
    expect(runtime.refuses('partition')).toBeUndefined();
    const run = runScript(runtime, 1, function* () {
      yield* inject({ f: 'enospc', nodes: ['n1'] });
    });
    await expect(run).rejects.toThrow('containers cannot enospc: the nodes write to an ordinary volume');
  });

  test('what is kept goes on, and no later run removes it', async () => {
    let words = '';
    const kept = (said: string): void => {
      words = said;
    };
    await runScript(await dockerRuntime({ program: puppets.path, kept }), 1, function* () {});
    await runScript(await puppetRuntime(), 1, function* () {});
    const containers = await ownContainers();
    expect(containers.map(({ State }) => State.Running)).toEqual([true, true]);
    const [run] = await ownRuns();
    for (const { Name } of containers) expect(words).toContain(`docker exec -it ${Name.slice(1)}`);
    await remove(docker, ofRun(run as string));
    expect(await ownRuns()).toEqual(new Set());
  });

  test('a Docker that goes away in mid run is a clear error, and what was left can be removed', async () => {
    const proxy = new SocketProxy();
    vi.stubEnv('DOCKER_HOST', await proxy.listen());
    const runtime = await puppetRuntime();
    vi.unstubAllEnvs();
    const run = runScript(runtime, 2, function* () {
      proxy.die();
      yield* perform('n1', { effects: [], reply: 'never' });
    });
    await expect(run).rejects.toThrow(/^Docker has stopped answering in mid run/);
    const left = await ownRuns();
    expect(left.size).toBe(1);
    for (const each of left) await remove(docker, ofRun(each));
    expect(await ownRuns()).toEqual(new Set());
  });
});

test('where no Docker answers, that is said before anything starts', async () => {
  vi.stubEnv('DOCKER_HOST', 'unix:///nonexistent/docker.sock');
  await expect(dockerRuntime({ program: 'none' })).rejects.toThrow(
    'Docker must answer, and does not (connect ENOENT /nonexistent/docker.sock)',
  );
  vi.unstubAllEnvs();
});

/** Local addresses, in the kernel's hexadecimal, by the port that this machine listens on. */
async function listeningSockets(): Promise<ReadonlyMap<number, readonly string[]>> {
  const listening = '0A';
  const sockets = new Map<number, string[]>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of (await readFile(file, 'utf8')).split('\n').slice(1)) {
      const [, local, , state] = line.trim().split(/\s+/);
      if (state !== listening) continue;
      const [address, port] = (local as string).split(':') as [string, string];
      const number = Number.parseInt(port, 16);
      sockets.set(number, [...(sockets.get(number) ?? []), address]);
    }
  }
  return sockets;
}

/** Between the harness and Docker, and gone when it is told to be. */
class SocketProxy {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  /** Gives what DOCKER_HOST is to be. */
  async listen(): Promise<string> {
    const path = join(tmpdir(), `ftest-docker-${process.pid}.sock`);
    const server = createServer({ allowHalfOpen: true }, (from) => {
      const to = connect({ path: '/var/run/docker.sock', allowHalfOpen: true });
      from.pipe(to).pipe(from);
      for (const socket of [from, to]) this.#sockets.add(socket.on('error', () => {}));
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return `unix://${path}`;
  }

  die(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
