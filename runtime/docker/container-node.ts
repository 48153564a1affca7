/** A node's container across its lives: made once, in the network of its pod, and started again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { DamagedFile, FileDamage } from '../../harness/fault.ts';
import { attach } from './attached.ts';
import { damageFileOf } from './damage.ts';
import { ask, askOfGone, DockerFailed } from './engine.ts';
import type { Pod } from './pod.ts';

/** So many lines of a node's log are remembered, for what is said about it. */
const lastLinesMax = 20;

/** What Docker gives for a container that a SIGKILL has ended. */
const killedCode = 137;

const freezeTriesMax = 5;
const freezePauseMs = 100;

/** What a node says of itself. */
export interface Description {
  readonly role: string;
  readonly term: number;
  readonly primary: boolean;
}

/** What a node needs of the cluster around it. */
export interface Surroundings {
  /** Files of this node were damaged: from now on it may end by itself, and stay down. */
  isDamaged(node: ContainerNode): boolean;
  log(node: ContainerNode, line: string): void;
  /** What `role` says has changed, or the description. */
  changed(node: ContainerNode): void;
  /** The node has ended, and nobody had killed it. */
  endedByItself(node: ContainerNode, code: number): void;
  /** The run cannot go on. */
  fail(error: Error): void;
}

export interface Volume {
  readonly name: string;
  /** Where it is in the node's container. */
  readonly folder: string;
}

export interface ContainerOptions {
  readonly id: string;
  readonly docker: Docker;
  readonly pod: Pod;
  /** Of the container. */
  readonly name: string;
  readonly configuration: Docker.ContainerCreateOptions;
  readonly volumes: readonly Volume[];
}

/** From a start of the container to its end. */
export interface Life {
  /** Resolves when the container has ended and all it said has been heard. */
  readonly ended: Promise<void>;
  /** It has ended, or is being killed. */
  over: boolean;
}

type State = Docker.ContainerInspectInfo['State'];

export abstract class ContainerNode {
  readonly id: string;
  readonly volumes: readonly Volume[];
  readonly #options: ContainerOptions;
  readonly #surroundings: Surroundings;
  #container: Docker.Container | undefined;
  #life: Life | undefined;
  #lastLines: string[] = [];

  /** It serves, and has not been killed since. */
  up = false;
  paused = false;
  /** What it last said of itself in this life. */
  description: Description | undefined;

  constructor(options: ContainerOptions, surroundings: Surroundings) {
    this.id = options.id;
    this.volumes = options.volumes;
    this.#options = options;
    this.#surroundings = surroundings;
  }

  get pod(): Pod {
    return this.#options.pod;
  }

  /** Makes the container and its volumes. */
  async create(): Promise<void> {
    const { docker, name, configuration, volumes } = this.#options;
    const { Labels = {} } = configuration;
    for (const volume of volumes) {
      await ask(`create the volume ${volume.name}`, docker.createVolume({ Name: volume.name, Labels }));
    }
    this.#container = await ask(
      `create the container ${name}`,
      docker.createContainer({
        ...configuration,
        name,
        HostConfig: {
          ...configuration.HostConfig,
          NetworkMode: `container:${this.pod.id}`,
          Mounts: [
            // Labelled here too: where the volume is gone when the container is made, Docker makes another.
            ...volumes.map(({ name: Source, folder: Target }) => ({
              Type: 'volume' as const,
              Source,
              Target,
              VolumeOptions: { NoCopy: false, Labels, DriverConfig: { Name: '', Options: {} } },
            })),
            ...(configuration.HostConfig?.Mounts ?? []),
          ],
        },
      }),
    );
  }

  /** Begins a life, and resolves when the node serves; false if it runs already or has not got so far. */
  async start(): Promise<boolean> {
    if (this.#life !== undefined) return false;
    const { docker, name } = this.#options;
    const container = this.#container as Docker.Container;
    this.#lastLines = [];
    const attached = await attach(docker, container, (line) => this.log(line));
    const life: Life = { ended: attached.ended, over: false };
    this.#life = life;
    const settled = attached.ended.then(() => this.#ended(life)).catch((error) => this.#surroundings.fail(error));
    await this.starting();
    await ask(`start the container ${name}`, container.start());
    await this.started(container);
    const serves = await this.serves(life);
    // It may have ended by itself: whoever comes next finds it down.
    if (!serves && life.over) await settled;
    this.up = serves && this.#life === life;
    if (this.up) this.changed();
    return this.up;
  }

  /** Ends this life at once, and resolves when all it said has been heard; false if it is down already, or has just ended by itself. */
  async kill(): Promise<boolean> {
    const life = this.#life;
    if (life === undefined) return false;
    this.#life = undefined;
    life.over = true;
    this.up = false;
    this.paused = false;
    const container = this.#container as Docker.Container;
    await askOfGone(`kill ${this.id}`, container.kill({ signal: 'SIGKILL' }));
    const { StatusCode: code } = await ask(`wait for the end of ${this.id}`, container.wait());
    await ask(`hear the last of ${this.id}`, Promise.all([life.ended, this.lastHeard()]));
    await this.#expect((state) => !state.Running, 'killed');
    if (code !== killedCode) {
      this.#hasEndedByItself(code);
      return false;
    }
    this.description = undefined;
    this.died();
    this.changed();
    return true;
  }

  /** False where it is down, or paused already, or has just ended. */
  async pause(): Promise<boolean> {
    if (this.#life === undefined || this.paused) return false;
    this.paused = true;
    this.changed();
    await this.#freeze(this.#container as Docker.Container);
    if (!(await this.#expect((state) => state.Paused || !state.Running, 'paused')).Running) this.paused = false;
    return this.paused;
  }

  /** False where it is not paused. */
  async resume(): Promise<boolean> {
    if (this.#life === undefined || !this.paused) return false;
    await askOfGone(`resume ${this.id}`, (this.#container as Docker.Container).unpause());
    await this.#expect((state) => !state.Paused, 'resumed');
    this.paused = false;
    this.changed();
    return true;
  }

  /** Damages one of its files; undefined where it is not down, or has none. */
  async damage(fault: FileDamage): Promise<DamagedFile | undefined> {
    if (this.#life !== undefined) return undefined;
    const folders = this.volumes.map(({ folder }) => folder);
    return damageFileOf(this.#container as Docker.Container, folders, this.id, fault);
  }

  abstract bump(deltaMs: number): void | Promise<void>;
  abstract drift(partsPerMillion: number): void | Promise<void>;
  abstract resetClock(): void | Promise<void>;

  /** A line for its log. */
  log(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > lastLinesMax) this.#lastLines.shift();
    this.#surroundings.log(this, line);
  }

  /** `down`, `paused`, or what the node says. */
  get role(): string {
    if (this.#life === undefined) return 'down';
    return this.paused ? 'paused' : (this.description?.role ?? 'up');
  }

  /** The end of its log. */
  get lastLines(): readonly string[] {
    return [...this.#lastLines];
  }

  /** The same as part of what is said about it. */
  get lastWords(): string {
    const lines = this.#lastLines;
    return lines.length === 0 ? 'Its log is empty.' : `The end of its log:\n${lines.join('\n')}`;
  }

  /** Called before the container is started. */
  protected starting(): Promise<void> {
    return Promise.resolve();
  }

  /** Called when it has been. */
  protected started(_container: Docker.Container): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves with true when the node of this life serves; with false when it never will. */
  protected abstract serves(life: Life): Promise<boolean>;

  /** Resolves when what a node that has been killed said on other ways than its log has been heard. */
  protected lastHeard(): Promise<unknown> {
    return Promise.resolve();
  }

  /** Nothing more will come from the life that has ended. */
  protected died(): void {}

  /** Whether this life is the one that goes on now. */
  protected isNow(life: Life): boolean {
    return this.#life === life && !life.over;
  }

  /** Its container while it runs and is not paused. */
  protected get running(): Docker.Container | undefined {
    return this.#life === undefined || this.#life.over || this.paused ? undefined : this.#container;
  }

  protected changed(): void {
    this.#surroundings.changed(this);
  }

  /** The container has ended: because it was killed, or by itself. */
  async #ended(life: Life): Promise<void> {
    life.over = true;
    if (this.#life !== life) return;
    const { StatusCode: code } = await ask(`wait for ${this.id}`, (this.#container as Docker.Container).wait());
    if (this.#life !== life) return;
    this.#life = undefined;
    this.up = false;
    this.paused = false;
    this.#hasEndedByItself(code);
  }

  #hasEndedByItself(code: number): void {
    this.description = undefined;
    this.#surroundings.log(this, `${this.id} ended with code ${code}`);
    this.changed();
    this.#surroundings.endedByItself(this, code);
    this.died();
  }

  /** A process that is busy may escape the freezer; Docker then gives up, and leaves it running. */
  async #freeze(container: Docker.Container): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await askOfGone(`pause ${this.id}`, container.pause());
      } catch (error) {
        if (tries === freezeTriesMax) throw error;
        await sleep(freezePauseMs);
      }
    }
  }

  /** The state that a fault was to bring about is there, or the run cannot go on. */
  async #expect(isSo: (state: State) => boolean, what: string): Promise<State> {
    const { State: state } = await ask(`inspect ${this.id}`, (this.#container as Docker.Container).inspect());
    if (!isSo(state)) throw new DockerFailed(`${this.id} was ${what}, but Docker says that it is ${state.Status}`);
    return state;
  }
}
