/** A node of the cluster across its lives, as the harness sees it from its end of the pipes. */
import type { DamagedFile, FileDamage } from '../../harness/fault.ts';
import type { Body, Message } from '../../protocol/message.ts';
import { NodeClock } from '../host/clock.ts';
import { damageFileIn } from './damage.ts';
import { type Command, NodeProcess } from './node-process.ts';
import { type ClockBody, type DescribeBody, harnessId, type InitBody, initClientId, parseMessage } from './wire.ts';

/** A node has this long to answer `init`, in milliseconds; a JVM on a busy machine needs several seconds. */
const initTimeoutMs = 30_000;

/** So many lines of a node's log go into an error about it. */
const lastLinesMax = 20;

const initMsgId = 1;

/** What a node needs of the cluster around it. */
export interface Surroundings {
  /** It said something, to whomever. */
  said(node: ClusterNode, line: string, message: Message): void;
  log(node: ClusterNode, line: string): void;
  /** What `role` says has changed. */
  changed(node: ClusterNode): void;
  /** Nothing more will come from this life, which the harness ended. */
  died(node: ClusterNode): void;
  watch(group: number): void;
  forget(group: number): void;
  /** Files of this node were damaged: from now on it may end by itself, and stay down. */
  isDamaged(node: ClusterNode): boolean;
  /** The run cannot go on: `failure` rejects. */
  fail(error: Error): void;
  readonly failure: Promise<never>;
}

export interface NodeOptions {
  readonly id: string;
  readonly nodeIds: readonly string[];
  /** Its own, where its files are. */
  readonly folder: string;
  readonly command: Command;
}

export class ClusterNode {
  readonly id: string;
  readonly #options: NodeOptions;
  readonly #surroundings: Surroundings;
  /** What its host's clock is, kept here because a clock outlives a process. */
  readonly #clock = new NodeClock();
  #life: NodeProcess | undefined;
  #initOk = (): void => {};
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

  /** Begins a life, and resolves when the node has answered `init`; false if it runs already. Rejects with the cluster. */
  async start(): Promise<boolean> {
    if (this.#life !== undefined) return false;
    this.#lastLines = [];
    const life = this.#spawn();
    if (life.group !== undefined) this.#surroundings.watch(life.group);
    this.#life = life;
    if (this.#clock.driftPpm !== 0 || this.#clock.skewMs() !== 0) this.#sendClock();
    const answered = new Promise<void>((resolve) => {
      this.#initOk = resolve;
    });
    const timeout = setTimeout(() => this.#isLate(life), initTimeoutMs);
    this.#send<InitBody>(initClientId, {
      type: 'init',
      msg_id: initMsgId,
      node_id: this.id,
      node_ids: this.#options.nodeIds,
    });
    try {
      await Promise.race([answered, life.ended, this.#surroundings.failure]);
    } finally {
      clearTimeout(timeout);
    }
    this.up = this.#life === life;
    if (this.up) this.#surroundings.changed(this);
    return this.up;
  }

  /** Ends this life at once, and resolves when all it said has been heard; false if it is down already, or has just ended by itself. */
  async kill(): Promise<boolean> {
    const life = this.#life;
    if (life === undefined) return false;
    this.#life = undefined;
    this.up = false;
    this.paused = false;
    life.signal('SIGKILL');
    const { how, killed } = await life.ended;
    if (!killed) {
      this.#hasEndedByItself(how);
      return false;
    }
    this.description = undefined;
    this.#surroundings.died(this);
    this.#surroundings.changed(this);
    return true;
  }

  pause(): boolean {
    if (this.#life === undefined || this.paused) return false;
    this.paused = true;
    this.#life.signal('SIGSTOP');
    this.#surroundings.changed(this);
    return true;
  }

  resume(): boolean {
    if (this.#life === undefined || !this.paused) return false;
    this.paused = false;
    this.#life.signal('SIGCONT');
    this.#surroundings.changed(this);
    return true;
  }

  /** Damages one of its files; undefined where it is not down, or has none. */
  async damage(fault: FileDamage): Promise<DamagedFile | undefined> {
    return this.#life === undefined ? damageFileIn(this.#options.folder, this.id, fault) : undefined;
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

  /** Gives it a message, as the line that it is. */
  deliver(line: string): void {
    this.#life?.write(line);
  }

  /** `down`, `paused`, or what the node says; a foreign program that says nothing is `up`. */
  get role(): string {
    if (this.#life === undefined) return 'down';
    return this.paused ? 'paused' : (this.description?.role ?? 'up');
  }

  #spawn(): NodeProcess {
    const life: NodeProcess = new NodeProcess(this.#options.command, {
      line: (line) => this.#hear(line),
      log: (line) => {
        this.#lastLines.push(line);
        if (this.#lastLines.length > lastLinesMax) this.#lastLines.shift();
        this.#surroundings.log(this, line);
      },
      exited: ({ how }) => {
        if (life.group !== undefined) this.#surroundings.forget(life.group);
        // Of one that is being killed, `kill` says so.
        if (this.#life !== life) return;
        this.#life = undefined;
        this.up = false;
        this.paused = false;
        this.#hasEndedByItself(how);
      },
    });
    return life;
  }

  #hasEndedByItself(how: string): void {
    this.description = undefined;
    this.#surroundings.log(this, `${this.id} ${how}`);
    // First: what clients are told when it died makes them go on, and the run must not.
    if (!this.#surroundings.isDamaged(this)) this.#fail(`${this.id} ${how}, and nobody had killed it`);
    this.#surroundings.died(this);
    this.#surroundings.changed(this);
  }

  /** It has not answered init for so long that it never will. */
  #isLate(life: NodeProcess): void {
    const late = `${this.id} has not answered init within ${initTimeoutMs / 1000} s`;
    if (!this.#surroundings.isDamaged(this)) this.#fail(late);
    else if (this.#life === life) life.signal('SIGKILL');
  }

  #hear(line: string): void {
    const message = parseMessage(line);
    if (message === undefined) {
      this.#fail(`${this.id} must write messages on stdout, a JSON object a line, and wrote: ${line.slice(0, 200)}`);
    } else if (message.src !== this.id) {
      this.#fail(`${this.id} wrote a message whose src is not its own id: ${line.slice(0, 200)}`);
    } else if (message.dest === initClientId) {
      this.#hearInitReply(message.body, line);
    } else {
      this.#surroundings.said(this, line, message);
    }
  }

  #hearInitReply(body: Body, line: string): void {
    if (body.in_reply_to !== initMsgId) return;
    if (body.type === 'init_ok') this.#initOk();
    else this.#fail(`${this.id} must answer init with init_ok, and answered: ${line.slice(0, 200)}`);
  }

  #sendClock(): void {
    const { driftPpm } = this.#clock;
    this.#send<ClockBody>(harnessId, { type: 'clock', skew_ms: this.#clock.skewMs(), drift_ppm: driftPpm });
  }

  #send<B extends Body>(src: string, body: B): void {
    this.deliver(JSON.stringify({ src, dest: this.id, body }));
  }

  #fail(reason: string): void {
    const words =
      this.#lastLines.length === 0 ? 'Its stderr is empty.' : `The end of its stderr:\n${this.#lastLines.join('\n')}`;
    this.#surroundings.fail(new Error(`${reason}. ${words}`));
  }
}
