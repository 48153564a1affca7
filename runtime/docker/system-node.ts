/** A node of a system of others: a container of which is known what its author says of it. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { type ContainerSystem, type Endpoint, mainPortOf } from '../../harness/container-system.ts';
import { askSystem, wordsOf } from './ask-system.ts';
import { ContainerNode, type ContainerOptions, type Life, type Surroundings } from './container-node.ts';
import { ask, DockerFailed } from './engine.ts';
import type { FakeClock } from './faketime.ts';
import { followLogs, type LogReaderOptions } from './log-reader.ts';

/** At its first start a node has this long to get ready. */
const readyTimeoutMs = 60_000;
/** Between a question whether it is ready and the next. */
const readyEveryMs = 100;
/** A node that comes back may wait for others that cannot be reached: after so long it counts as up in any case. */
const restartTimeoutMs = 10_000;

/** How long an answer may take. */
const answerTimeoutMs = 2000;
const statusEveryMs = 500;

/** Docker takes connections for a port on which nobody listens, and closes them within less. */
const holdsMs = 200;

export interface SystemNodeOptions extends ContainerOptions {
  readonly logs: Omit<LogReaderOptions, 'volumes'>;
  /** Where its clock is to be faked. */
  readonly clock: FakeClock | undefined;
}

export class SystemNode extends ContainerNode {
  readonly endpoint: Endpoint;
  readonly #system: ContainerSystem;
  readonly #options: SystemNodeOptions;
  readonly #surroundings: Surroundings;
  #hasServed = false;
  #retired = false;

  constructor(system: ContainerSystem, options: SystemNodeOptions, surroundings: Surroundings) {
    super(options, surroundings);
    this.endpoint = { node: options.id, host: '127.0.0.1', ports: options.pod.ports };
    this.#system = system;
    this.#options = options;
    this.#surroundings = surroundings;
  }

  override async create(): Promise<void> {
    await super.create();
    const { docker, logs, volumes } = this.#options;
    if (logs.files.length > 0) await followLogs(docker, { ...logs, volumes }, (line) => this.log(line));
  }

  async bump(deltaMs: number): Promise<void> {
    await this.#setClock((clock) => clock.bump(deltaMs));
  }

  async drift(partsPerMillion: number): Promise<void> {
    await this.#setClock((clock) => clock.drift(partsPerMillion));
  }

  async resetClock(): Promise<void> {
    if (this.#options.clock !== undefined) await this.#setClock((clock) => clock.reset());
  }

  /** Nothing more is asked of it. */
  retire(): void {
    this.#retired = true;
  }

  protected override async starting(): Promise<void> {
    await this.#options.clock?.started(Date.now());
  }

  protected override async started(container: Docker.Container): Promise<void> {
    const { clock } = this.#options;
    if (clock === undefined) return;
    const { State } = await ask(`inspect ${this.id}`, container.inspect());
    await clock.started(Date.parse(State.StartedAt));
  }

  protected async serves(life: Life): Promise<boolean> {
    const serves = this.#hasServed ? await this.#comesBack(life) : await this.#getsReady(life);
    if (!serves) return false;
    this.#hasServed = true;
    this.#watch(life).catch((error) => this.#surroundings.fail(error));
    return true;
  }

  /** For the first time: as the system says, or when it takes connections. */
  async #getsReady(life: Life): Promise<boolean> {
    const ready = this.#system.ready?.bind(this.#system);
    const due = performance.now() + readyTimeoutMs;
    let reason = `it takes no connections on port ${mainPortOf(this.#system, this.id)}`;
    while (this.isNow(life) && !this.#retired) {
      try {
        const isReady =
          ready === undefined
            ? await this.#takesConnections()
            : await askSystem(answerTimeoutMs, (signal) => ready(this.endpoint, signal));
        if (isReady) return this.isNow(life);
        if (ready !== undefined) reason = 'it says that it is not';
      } catch (error) {
        reason = wordsOf(error);
      }
      if (performance.now() >= due) {
        const message = `${this.id} was not ready within ${readyTimeoutMs / 1000} s: ${reason}. ${this.lastWords}`;
        this.#surroundings.fail(new DockerFailed(message));
        return false;
      }
      await sleep(readyEveryMs);
    }
    return false;
  }

  /** Later: without a majority it may not be ready before the heal, and the heal must not wait for it. */
  async #comesBack(life: Life): Promise<boolean> {
    const due = performance.now() + restartTimeoutMs;
    while (this.isNow(life) && !this.#retired) {
      if (await this.#takesConnections()) return this.isNow(life);
      if (performance.now() >= due) {
        this.log(`${this.id} takes no connections ${restartTimeoutMs / 1000} s after its start, and counts as up`);
        return this.isNow(life);
      }
      await sleep(readyEveryMs);
    }
    return false;
  }

  /** On its first port, without closing them at once. */
  #takesConnections(): Promise<boolean> {
    const { host, ports } = this.endpoint;
    const port = ports[mainPortOf(this.#system, this.id)] as number;
    return new Promise((resolve) => {
      const socket = connect({ host, port });
      let timer: NodeJS.Timeout | undefined;
      const end = (takes: boolean): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve(takes);
      };
      socket.on('connect', () => {
        timer = setTimeout(() => end(true), holdsMs);
      });
      socket.on('error', () => end(false));
      socket.on('close', () => end(false));
      socket.resume();
    });
  }

  /** Asks the node what it is, for as long as this life goes on. */
  async #watch(life: Life): Promise<void> {
    const status = this.#system.status?.bind(this.#system);
    if (status === undefined) return;
    while (this.isNow(life) && !this.#retired) {
      if (!this.paused) {
        const answer = await askSystem(answerTimeoutMs, (signal) => status(this.endpoint, signal)).catch(
          () => undefined,
        );
        if (this.isNow(life) && !this.paused && !this.#retired) {
          this.description = answer;
          this.changed();
        }
      }
      await sleep(statusEveryMs, undefined, { ref: false });
    }
  }

  /** The clock is then as it was set, or the run cannot go on. */
  async #setClock(set: (clock: FakeClock) => Promise<void>): Promise<void> {
    const { clock } = this.#options;
    if (clock === undefined) throw new Error(`nobody fakes the clock of ${this.id}`);
    await set(clock);
    if (this.running !== undefined) await clock.verify(this.running);
  }
}
