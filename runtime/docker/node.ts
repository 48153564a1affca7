/** A node of ftest's own: its host answers on the port of its pod, and takes what it is told about clock and links. */
import type Docker from 'dockerode';
import type { Body, Message } from '../../protocol/message.ts';
import { NodeClock } from '../host/clock.ts';
import { type ClockBody, harnessId, initClientId, parseMessage } from '../process/wire.ts';
import { hostDefaults, stdinOf } from './attached.ts';
import { ContainerNode, type ContainerOptions, type Life, type Surroundings } from './container-node.ts';
import type { Labels } from './labels.ts';
import { greet, type LineSocket } from './line-socket.ts';
import type { Delay } from './peer-link.ts';
import type { AddressedInitBody, DelaysBody } from './tcp.ts';

/** A node has this long to answer `init`, in milliseconds. */
const initTimeoutMs = 30_000;

const initMsgId = 1;

/** Where the volume of a node is mounted, and its own directory on it. */
export const dataFolder = '/data';

/** On which nodes listen, in their own networks. */
export const nodePort = 7000;

/** What is told of a node of ftest's own. */
export interface OwnSurroundings extends Surroundings {
  /** It said something, to a client or to the harness. */
  said(node: DockerNode, message: Message): void;
  /** Nothing more will come from the life that has ended. */
  died(node: DockerNode): void;
}

export interface NodeOptions extends ContainerOptions {
  /** All nodes by id: `172.18.0.2:7000`. */
  readonly addresses: Readonly<Record<string, string>>;
}

export class DockerNode extends ContainerNode {
  readonly #addresses: Readonly<Record<string, string>>;
  readonly #surroundings: OwnSurroundings;
  /** What its host's clock is, kept here because a clock outlives a life. */
  readonly #clock = new NodeClock();
  #delays: Readonly<Record<string, Delay>> = {};
  #link: LineSocket | undefined;

  constructor(options: NodeOptions, surroundings: OwnSurroundings) {
    super(options, surroundings);
    this.#addresses = options.addresses;
    this.#surroundings = surroundings;
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
    this.#link?.write(line);
  }

  /** It has answered `init`. */
  protected async serves(life: Life): Promise<boolean> {
    const link = await this.#greet(life);
    if (link === undefined && this.isNow(life)) {
      if (this.#surroundings.isDamaged(this)) await this.kill();
      else this.#fail(`${this.id} has not answered init within 30 s`);
    }
    if (link === undefined || !this.isNow(life)) return false;
    this.#link = link;
    link.closed.then(() => this.#cutOff(life)).catch(() => {});
    return true;
  }

  protected override async lastHeard(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await link?.closed;
  }

  protected override died(): void {
    this.#surroundings.died(this);
  }

  async #greet(life: Life): Promise<LineSocket | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise((resolve) => {
      timer = setTimeout(resolve, initTimeoutMs);
    });
    const over = Promise.race([life.ended, timeout]);
    const hear = (line: string, answered: () => void): void => this.#hear(line, answered);
    try {
      return await greet(this.pod.publishedPort(nodePort), this.#greeting(), hear, over);
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
      node_ids: Object.keys(this.#addresses),
      addresses: this.#addresses,
    };
    return [
      this.#line(harnessId, this.#clockBody()),
      this.#line(initClientId, init),
      this.#line(harnessId, this.#delaysBody()),
    ].join('\n');
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

  /** The connection is gone and the node, it seems, is not. */
  async #cutOff(life: Life): Promise<void> {
    await Promise.race([life.ended, new Promise((resolve) => setTimeout(resolve, 5000))]);
    if (this.isNow(life)) this.#fail(`${this.id} has closed its connection to the harness`);
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
    this.#surroundings.fail(new Error(`${reason}. ${this.lastWords}`));
  }
}

/** Of a node's container: no privileges, its volume on `/data`, and the end of its stdin is the end of it. */
export const ownConfiguration = (
  image: string,
  [program, ...args]: readonly string[],
  labels: Labels,
): Docker.ContainerCreateOptions => ({
  ...stdinOf(labels),
  Image: image,
  // Of an image that somebody else made, whatever it would do and be otherwise.
  Entrypoint: [program as string],
  Cmd: args,
  User: '0:0',
  Labels: labels,
  HostConfig: hostDefaults(),
});
