/** A node of the cluster across its lives: a container in the network of its pod, started again and again. */
import type Docker from 'dockerode';
import type { Body, Message } from '../../protocol/message.ts';
import { NodeClock } from '../host/clock.ts';
import { type ClockBody, type DescribeBody, harnessId, initClientId, parseMessage } from '../process/wire.ts';
import { attach, hostDefaults, stdinOf } from './attached.ts';
import { ask, askOfGone, DockerFailed } from './engine.ts';
import type { Labels } from './labels.ts';
import { greet, type LineSocket } from './line-socket.ts';
import type { Delay } from './peer-link.ts';
import type { Pod } from './pod.ts';
import type { AddressedInitBody, DelaysBody } from './tcp.ts';

/** A node has this long to answer `init`, in milliseconds. */
const initTimeoutMs = 30_000;

/** So many lines of a node's log go into an error about it. */
const lastLinesMax = 20;

const initMsgId = 1;

/** Where the volume of a node is mounted, and its own directory on it. */
export const dataFolder = '/data';

/** What a node needs of the cluster around it. */
export interface Surroundings {
  /** It said something, to a client or to the harness. */
  said(node: DockerNode, message: Message): void;
  log(node: DockerNode, line: string): void;
  /** What `role` says has changed. */
  changed(node: DockerNode): void;
  /** Nothing more will come from this life, which the harness ended. */
  died(node: DockerNode): void;
  /** The run cannot go on. */
  fail(error: Error): void;
}

export interface NodeOptions {
  readonly id: string;
  readonly nodeIds: readonly string[];
  readonly docker: Docker;
  readonly pod: Pod;
  readonly image: string;
  readonly command: readonly string[];
  /** Of the container and of the volume. */
  readonly name: string;
  readonly labels: Labels;
}

interface Life {
  link: LineSocket | undefined;
  /** Resolves when the container has ended and all it said has been heard. */
  readonly ended: Promise<void>;
  over: boolean;
}

export class DockerNode {
  readonly id: string;
  readonly #options: NodeOptions;
  readonly #surroundings: Surroundings;
  /** By node id; known when every pod has its address. */
  addresses: Readonly<Record<string, string>> = {};
  /** What its host's clock is, kept here because a clock outlives a life. */
  readonly #clock = new NodeClock();
  #delays: Readonly<Record<string, Delay>> = {};
  #container: Docker.Container | undefined;
  #life: Life | undefined;
  #lastLines: string[] = [];

  /** It has answered `init` and has not been killed since. */
  up = false;
  paused = false;
  /** What it last said of itself in this life. */
  description: DescribeBody | undefined;

  constructor(options: NodeOptions, surroundings: Surroundings) {
    this.id = options.id;
    this.#options = options;
    this.#surroundings = surroundings;
  }

  get pod(): Pod {
    return this.#options.pod;
  }

  /** Makes the container and its volume. */
  async create(): Promise<void> {
    const { docker, name, labels } = this.#options;
    await ask(`create the volume ${name}`, docker.createVolume({ Name: name, Labels: labels }));
    this.#container = await ask(`create the container ${name}`, docker.createContainer(configuration(this.#options)));
  }

  /** Begins a life, and resolves when the node has answered `init`; false if it runs already or has not got so far. */
  async start(): Promise<boolean> {
    if (this.#life !== undefined) return false;
    const { docker, name } = this.#options;
    const container = this.#container as Docker.Container;
    this.#lastLines = [];
    const attached = await attach(docker, container, (line) => this.#log(line));
    const life: Life = { link: undefined, ended: attached.ended, over: false };
    this.#life = life;
    attached.ended.then(() => this.#ended(life)).catch((error) => this.#surroundings.fail(error));
    await ask(`start the container ${name}`, container.start());
    life.link = await this.#greet(life);
    if (life.link === undefined && !life.over) this.#fail(`${this.id} has not answered init within 30 s`);
    this.up = life.link !== undefined && this.#life === life;
    if (!this.up) return false;
    life.link?.closed.then(() => this.#cutOff(life)).catch(() => {});
    this.#surroundings.changed(this);
    return true;
  }

  /** Ends this life at once, and resolves when all it said has been heard; false if it is down already. */
  async kill(): Promise<boolean> {
    const life = this.#life;
    if (life === undefined) return false;
    this.#life = undefined;
    life.over = true;
    this.up = false;
    this.paused = false;
    const container = this.#container as Docker.Container;
    await askOfGone(`kill ${this.id}`, container.kill({ signal: 'SIGKILL' }));
    await ask(`wait for the end of ${this.id}`, container.wait());
    await ask(`hear the last of ${this.id}`, Promise.all([life.ended, life.link?.closed]));
    await this.#expect((state) => !state.Running, 'killed');
    this.description = undefined;
    this.#surroundings.died(this);
    this.#surroundings.changed(this);
    return true;
  }

  async pause(): Promise<boolean> {
    if (this.#life === undefined || this.paused) return false;
    this.paused = true;
    this.#surroundings.changed(this);
    await ask(`pause ${this.id}`, (this.#container as Docker.Container).pause());
    await this.#expect((state) => state.Paused, 'paused');
    return true;
  }

  async resume(): Promise<boolean> {
    if (this.#life === undefined || !this.paused) return false;
    await ask(`resume ${this.id}`, (this.#container as Docker.Container).unpause());
    await this.#expect((state) => !state.Paused, 'resumed');
    this.paused = false;
    this.#surroundings.changed(this);
    return true;
  }

  bump(deltaMs: number): void {
    this.#clock.set(this.#clock.skewMs() + deltaMs, this.#clock.driftPpm);
    this.#sendClock();
  }

  drift(partsPerMillion: number): void {
    this.#clock.set(this.#clock.skewMs(), partsPerMillion);
    this.#sendClock();
  }

  resetClock(): void {
    this.#clock.set(0, 0);
    this.#sendClock();
  }

  /** What it sends to these peers is held back; to others no more. */
  setDelays(delays: Readonly<Record<string, Delay>>): void {
    this.#delays = delays;
    this.#send(harnessId, this.#delaysBody());
  }

  /** Gives it a message, as the line that it is. */
  deliver(line: string): void {
    this.#life?.link?.write(line);
  }

  /** `down`, `paused`, or what the node says. */
  get role(): string {
    if (this.#life === undefined) return 'down';
    return this.paused ? 'paused' : (this.description?.role ?? 'up');
  }

  /** The state that a fault was to bring about is there, or the run cannot go on. */
  async #expect(isSo: (state: Docker.ContainerInspectInfo['State']) => boolean, what: string): Promise<void> {
    const { State } = await ask(`inspect ${this.id}`, (this.#container as Docker.Container).inspect());
    if (!isSo(State)) throw new DockerFailed(`${this.id} was ${what}, but Docker says that it is ${State.Status}`);
  }

  async #greet(life: Life): Promise<LineSocket | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise((resolve) => {
      timer = setTimeout(resolve, initTimeoutMs);
    });
    const over = Promise.race([life.ended, timeout]);
    const hear = (line: string, answered: () => void): void => this.#hear(line, answered);
    try {
      return await greet(this.pod.publishedPort, this.#greeting(), hear, over);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What a life hears first: its clock, the links, and who it is. */
  #greeting(): string {
    const init: AddressedInitBody = {
      type: 'init',
      msg_id: initMsgId,
      node_id: this.id,
      node_ids: this.#options.nodeIds,
      addresses: this.addresses,
    };
    return [
      this.#line(harnessId, this.#clockBody()),
      this.#line(initClientId, init),
      this.#line(harnessId, this.#delaysBody()),
    ].join('\n');
  }

  #log(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > lastLinesMax) this.#lastLines.shift();
    this.#surroundings.log(this, line);
  }

  #hear(line: string, answered: () => void): void {
    const message = parseMessage(line);
    if (message === undefined || message.src !== this.id) {
      this.#fail(`${this.id} must send messages of its own, a JSON object a line, and sent: ${line.slice(0, 200)}`);
    } else if (message.dest === initClientId) {
      if (message.body.type === 'init_ok') answered();
    } else {
      this.#surroundings.said(this, message);
    }
  }

  /** The container has ended: because it was killed, or by itself. */
  async #ended(life: Life): Promise<void> {
    life.over = true;
    if (this.#life !== life) return;
    const { StatusCode: code } = await ask(`wait for ${this.id}`, (this.#container as Docker.Container).wait());
    if (this.#life !== life) return;
    this.#life = undefined;
    this.up = false;
    this.#surroundings.log(this, `${this.id} exited with code ${code}`);
    this.#surroundings.changed(this);
    this.#fail(`${this.id} exited with code ${code}, and nobody had killed it`);
  }

  /** The connection is gone and the node, it seems, is not. */
  async #cutOff(life: Life): Promise<void> {
    await Promise.race([life.ended, new Promise((resolve) => setTimeout(resolve, 5000))]);
    if (!life.over && this.#life === life) this.#fail(`${this.id} has closed its connection to the harness`);
  }

  #sendClock(): void {
    this.#send(harnessId, this.#clockBody());
  }

  #clockBody(): ClockBody {
    return { type: 'clock', skew_ms: this.#clock.skewMs(), drift_ppm: this.#clock.driftPpm };
  }

  #delaysBody(): DelaysBody {
    return { type: 'delays', delays: this.#delays };
  }

  #send(src: string, body: Body): void {
    this.deliver(this.#line(src, body));
  }

  #line(src: string, body: Body): string {
    return JSON.stringify({ src, dest: this.id, body });
  }

  #fail(reason: string): void {
    const words =
      this.#lastLines.length === 0 ? 'Its log is empty.' : `The end of its log:\n${this.#lastLines.join('\n')}`;
    this.#surroundings.fail(new Error(`${reason}. ${words}`));
  }
}

const configuration = ({ name, image, command, labels, pod }: NodeOptions): Docker.ContainerCreateOptions => ({
  ...stdinOf(labels),
  name,
  Image: image,
  Cmd: [...command],
  Labels: labels,
  HostConfig: {
    ...hostDefaults(),
    NetworkMode: `container:${pod.id}`,
    Mounts: [{ Type: 'volume', Source: name, Target: dataFolder }],
  },
});
