/** Members of etcd as processes of this machine, on loopback and in a temporary folder: as the containers are, without Docker. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '../../../../harness/container-system.ts';
import { etcd } from '../system.ts';

export const etcdBinary = (process.env.PATH ?? '')
  .split(':')
  .map((folder) => join(folder, 'etcd'))
  .find((path) => existsSync(path));

const ports = [2379, 2380, 2381] as const;

export class LocalCluster {
  readonly #folder: string;
  readonly #members: readonly Member[];

  static async start(size: number): Promise<LocalCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'ftest-etcd-'));
    const free = await freePorts(size * ports.length);
    const members = Array.from({ length: size }, (_, i): Member => {
      const id = `n${i + 1}`;
      const own = Object.fromEntries(ports.map((port, j) => [port, free[i * ports.length + j] as number]));
      return { id, ports: own, process: undefined };
    });
    const cluster = new LocalCluster(folder, members);
    try {
      for (const { id } of members) cluster.run(id);
      await etcd.setUp?.(cluster.endpoints, {});
      return cluster;
    } catch (error) {
      await cluster.end();
      throw error;
    }
  }

  private constructor(folder: string, members: readonly Member[]) {
    this.#folder = folder;
    this.#members = members;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#members.map(({ id, ports }) => ({ node: id, host: '127.0.0.1', ports }));
  }

  endpoint(id: string): Endpoint {
    return this.endpoints.find(({ node }) => node === id) as Endpoint;
  }

  /** Starts a member that does not run. */
  run(id: string): void {
    const member = this.#member(id);
    const child = spawn(etcdBinary as string, this.#argumentsOf(member), { stdio: 'ignore' });
    const killToo = (): void => void child.kill('SIGKILL');
    process.on('exit', killToo);
    child.once('exit', () => process.off('exit', killToo));
    member.process = child;
  }

  /** Ends a member at once, and resolves when it has gone. */
  async kill(id: string): Promise<void> {
    const child = this.#member(id).process;
    this.#member(id).process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Resolves when the member has stopped, each of its threads: a signal takes its time. */
  async pause(id: string): Promise<void> {
    const { pid } = this.#member(id).process as ChildProcess;
    process.kill(pid as number, 'SIGSTOP');
    while (!hasStopped(pid as number)) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  resume(id: string): void {
    this.#member(id).process?.kill('SIGCONT');
  }

  async ready(id: string): Promise<void> {
    const signal = AbortSignal.timeout(30_000);
    while (!(await etcd.ready?.(this.endpoint(id), signal))) {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The member that leads, as all say who are asked. */
  async leader(among: readonly string[] = this.#members.map(({ id }) => id)): Promise<string> {
    const signal = AbortSignal.timeout(30_000);
    while (true) {
      for (const id of among) {
        const status = await etcd.status?.(this.endpoint(id), signal);
        if (status?.primary) return id;
      }
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#members.filter(({ process }) => process !== undefined).map(({ id }) => this.kill(id)));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #member(id: string): Member {
    return this.#members.find((member) => member.id === id) as Member;
  }

  /** What the plan says, with loopback for the addresses, and ports and folders that are free here. */
  #argumentsOf(member: Member): readonly string[] {
    const { command = [] } = etcd.plan({
      id: member.id,
      address: '127.0.0.1',
      members: this.#members.map(({ id }) => ({ id, address: `${id}.here` })),
      options: {},
    });
    const withPorts = (argument: string): string => {
      const peers = this.#members.reduce(
        (text, { id, ports }) => text.replace(`${id}.here:2380`, `127.0.0.1:${ports[2380]}`),
        argument.replace('/var/lib/etcd', join(this.#folder, member.id)),
      );
      return ports.reduce<string>(
        (text, port) => text.replace(`127.0.0.1:${port}`, `127.0.0.1:${member.ports[port]}`),
        peers.replace('0.0.0.0', '127.0.0.1'),
      );
    };
    // Later than the plan says: tests run beside each other on a busy machine, and one member needs no election.
    const electionMs = this.#members.length > 1 ? 2000 : 1000;
    return [...command.map(withPorts), `--election-timeout=${electionMs}`];
  }
}

/** The state of a thread is the first word after its name, which is in parentheses (proc(5)). */
function hasStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  return readdirSync(threads).every((thread) => /\) T/.test(readFileSync(join(threads, thread, 'stat'), 'utf8')));
}

interface Member {
  readonly id: string;
  readonly ports: Readonly<Record<number, number>>;
  process: ChildProcess | undefined;
}

/** Ports of loopback that nobody listens on now. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const found = servers.map((server) => (server.address() as { readonly port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return found;
}
