/**
 * Hosts one node in the simulator: its life, its effect queue, its timers, its disk, and its clocks. The cluster
 * moves messages and time.
 */
import type { Random } from '../../harness/random.ts';
import type { Body, Message } from '../../protocol/message.ts';
import type { Description, Effect, Event } from '../../protocol/node.ts';
import type { NodeSystem } from '../../protocol/system.ts';
import type { NodeClock } from './clock.ts';
import { Disk } from './disk.ts';
import { syncLatency } from './latency.ts';

/** What buffering one write adds to the sync that makes it durable. */
const writeLatencyNs = 10_000;

/** A node's timer. Lives in the agenda at `scheduledAt`, which may be before its deadline: then it is put off. */
export interface Timer {
  readonly name: string;
  /** On the node's monotonic clock. */
  deadlineNs: number;
  active: boolean;
  /** When the agenda will look at it, in simulated time; Infinity when it is not on the agenda. */
  scheduledAt: number;
}

/** A sync on its way to the platter. */
export interface RunningSync {
  readonly incarnation: number;
  /** How many unsynced writes it makes durable. */
  readonly writes: number;
  /** The `sync` effects it satisfies: all up to this one, counted from the start of this life. */
  readonly satisfies: number;
}

type Deferred =
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'timer'; readonly timer: Timer }
  | { readonly type: 'synced'; readonly satisfies: number };

interface WaitingSend {
  readonly to: string;
  readonly body: Body;
  readonly afterSync: number;
}

/** What a host needs of the cluster around it. Times are simulated nanoseconds. */
export interface Surroundings {
  readonly now: number;
  transmit(node: NodeHost, to: string, body: Body): void;
  scheduleTimer(node: NodeHost, timer: Timer, at: number): void;
  scheduleSync(node: NodeHost, sync: RunningSync, at: number): void;
  log(node: NodeHost, text: string): void;
  mark(name: string): void;
  /** After each step, when all its effects have been taken. */
  stepped(node: NodeHost, description: Description): void;
  /** The node was killed, and what it had not synced is decided. */
  died(node: NodeHost): void;
}

/** Freezes a value and all that is in it: whoever changes it later throws. */
function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
}

export class NodeHost {
  readonly index: number;
  readonly id: string;
  readonly clock: NodeClock;
  readonly #system: NodeSystem;
  readonly #config: unknown;
  readonly #nodeIds: readonly string[];
  readonly #surroundings: Surroundings;
  readonly #timerRandom: Random;
  readonly #diskRandom: Random;
  readonly #paranoid: boolean;
  readonly #disk = new Disk();

  alive = false;
  paused = false;
  incarnation = 0;
  /** What a running node was after its last step; undefined while it is down. */
  description: Description | undefined;

  #state: unknown;
  #timers = new Map<string, Timer>();
  #syncsRequested = 0;
  #syncsDone = 0;
  #syncRunning = false;
  #wroteSinceSync = false;
  #waitingSends: WaitingSend[] = [];
  #deferred: Deferred[] = [];
  /** Killed, but allowed to die in the middle of its next step. */
  #dying = false;

  constructor(options: {
    readonly index: number;
    readonly nodeIds: readonly string[];
    readonly system: NodeSystem;
    readonly config: unknown;
    readonly clock: NodeClock;
    readonly timerRandom: Random;
    readonly diskRandom: Random;
    readonly surroundings: Surroundings;
    /** Freeze whatever leaves the node, so that a node that changes it afterwards is found out. */
    readonly paranoid: boolean;
  }) {
    this.index = options.index;
    this.id = options.nodeIds[options.index] as string;
    this.clock = options.clock;
    this.#nodeIds = options.nodeIds;
    this.#system = options.system;
    this.#config = options.config;
    this.#timerRandom = options.timerRandom;
    this.#diskRandom = options.diskRandom;
    this.#surroundings = options.surroundings;
    this.#paranoid = options.paranoid;
  }

  start(): void {
    if (this.alive) return;
    this.alive = true;
    this.incarnation++;
    this.#state = this.#system.create({ id: this.id, nodeIds: this.#nodeIds, config: this.#config });
    const durable = this.#disk.read();
    if (this.#paranoid) for (const log of durable.logs.values()) deepFreeze(log.entries);
    this.#step({ type: 'start', nowMs: this.#nowMs(), incarnation: this.incarnation, durable });
  }

  receive(message: Message): void {
    if (this.paused) this.#deferred.push({ type: 'message', message });
    else this.#step({ type: 'message', nowMs: this.#nowMs(), message });
  }

  /** The agenda has come to a timer; it fires if it is set and due, and is put off if its deadline has moved. */
  timerDue(timer: Timer): void {
    // It was put on the agenda again for an earlier time: this entry is left over.
    if (timer.scheduledAt !== this.#surroundings.now) return;
    timer.scheduledAt = Number.POSITIVE_INFINITY;
    if (!timer.active) return;
    if (this.clock.monotonicNs(this.#surroundings.now) < timer.deadlineNs) {
      this.#schedule(timer);
    } else if (this.paused) {
      this.#deferred.push({ type: 'timer', timer });
    } else {
      this.#fire(timer);
    }
  }

  #fire(timer: Timer): void {
    timer.active = false;
    this.#step({ type: 'timer', nowMs: this.#nowMs(), name: timer.name });
  }

  synced(sync: RunningSync): void {
    if (sync.incarnation !== this.incarnation || !this.alive) return;
    this.#disk.sync(sync.writes);
    this.#syncRunning = false;
    if (this.paused) this.#deferred.push({ type: 'synced', satisfies: sync.satisfies });
    else this.#release(sync.satisfies);
    if (this.#syncsRequested > sync.satisfies) this.#startSync();
  }

  pause(): void {
    this.paused = true;
  }

  /** Goes on where it stopped: what came in the meantime happens now, in order. */
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const event of deferred) {
      if (!this.alive) return;
      if (event.type === 'message') this.receive(event.message);
      else if (event.type === 'synced') this.#release(event.satisfies);
      else if (event.timer.active && this.clock.monotonicNs(this.#surroundings.now) >= event.timer.deadlineNs) {
        this.#fire(event.timer);
      } else if (event.timer.active) this.#schedule(event.timer);
    }
  }

  /** Dies in the middle of its next step that has several effects; `kill` ends it for certain. */
  killInNextStep(): void {
    this.#dying = true;
  }

  /** If it was killed and has not died yet, it dies now. */
  finishDying(): void {
    if (this.#dying) this.kill();
  }

  /** Dies now. What was not synced is lost, but for a drawn prefix. */
  kill(): void {
    if (!this.alive) return;
    if (this.#disk.unsyncedWrites > 0) this.#surroundings.mark('crash-between-write-and-sync');
    this.#disk.crash(this.#diskRandom);
    this.alive = false;
    this.paused = false;
    this.description = undefined;
    this.#dying = false;
    this.#state = undefined;
    for (const timer of this.#timers.values()) timer.active = false;
    this.#timers = new Map();
    this.#syncsRequested = 0;
    this.#syncsDone = 0;
    this.#syncRunning = false;
    this.#wroteSinceSync = false;
    this.#waitingSends = [];
    this.#deferred = [];
    this.#surroundings.died(this);
  }

  drift(partsPerMillion: number): void {
    this.clock.drift(partsPerMillion, this.#surroundings.now);
    this.#rescheduleTimers();
  }

  resetClock(): void {
    this.clock.reset(this.#surroundings.now);
    this.#rescheduleTimers();
  }

  #rescheduleTimers(): void {
    for (const timer of this.#timers.values()) if (timer.active) this.#schedule(timer);
  }

  #nowMs(): number {
    return this.clock.wallMs(this.#surroundings.now);
  }

  #step(event: Event): void {
    const effects = this.#stepOrThrow(event);
    const count = effects.length;
    if (this.#dying && count > 1) {
      this.#surroundings.mark('crash-between-effects');
      this.#perform(effects, 1 + this.#diskRandom.below(count - 1));
      this.kill();
      return;
    }
    if (count > 0) this.#perform(effects, count);
    this.description = this.#system.describe(this.#state);
    this.#surroundings.stepped(this, this.description);
  }

  #stepOrThrow(event: Event): readonly Effect[] {
    try {
      return this.#system.step(this.#state, event);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const what = event.type === 'message' ? event.message.body.type : event.type === 'timer' ? event.name : 'start';
      const seconds = this.#surroundings.now / 1e9;
      throw new Error(`${this.id} of ${this.#system.name} threw at ${seconds} s, on ${what}: ${message}`, {
        cause: error,
      });
    }
  }

  /** Carries out the first `count` effects. */
  #perform(effects: readonly Effect[], count: number): void {
    if (this.#paranoid) deepFreeze(effects);
    for (let i = 0; i < count; i++) {
      const effect = effects[i] as Effect;
      switch (effect.type) {
        case 'send':
          if (this.#syncsRequested === this.#syncsDone) this.#surroundings.transmit(this, effect.to, effect.body);
          else this.#waitingSends.push({ to: effect.to, body: effect.body, afterSync: this.#syncsRequested });
          break;
        case 'put':
        case 'append':
        case 'truncate':
        case 'compact':
          this.#disk.write(effect);
          this.#wroteSinceSync = true;
          break;
        case 'sync':
          this.#requestSync();
          break;
        case 'set-timer':
          this.#setTimer(effect.name, effect.minMs, effect.maxMs);
          break;
        case 'clear-timer': {
          const timer = this.#timers.get(effect.name);
          if (timer !== undefined) timer.active = false;
          break;
        }
        case 'log':
          this.#surroundings.log(this, effect.text);
          break;
        case 'mark':
          this.#surroundings.mark(effect.name);
          break;
      }
    }
  }

  /** A sync with nothing new to make durable is satisfied by those before it. */
  #requestSync(): void {
    if (!this.#wroteSinceSync) return;
    this.#wroteSinceSync = false;
    this.#syncsRequested++;
    if (!this.#syncRunning) this.#startSync();
  }

  /** One sync for all that have been asked for so far. */
  #startSync(): void {
    this.#syncRunning = true;
    const writes = this.#disk.unsyncedWrites;
    const latencyNs = syncLatency.draw(this.#diskRandom) + writes * writeLatencyNs;
    const sync = { incarnation: this.incarnation, writes, satisfies: this.#syncsRequested };
    this.#surroundings.scheduleSync(this, sync, this.#surroundings.now + latencyNs);
  }

  /** Lets the sends go that waited for a sync up to this one. */
  #release(satisfied: number): void {
    this.#syncsDone = satisfied;
    const waiting = this.#waitingSends;
    let count = 0;
    while (count < waiting.length) {
      const send = waiting[count] as WaitingSend;
      if (send.afterSync > satisfied) break;
      count++;
      this.#surroundings.transmit(this, send.to, send.body);
    }
    if (count === waiting.length) this.#waitingSends = [];
    else waiting.splice(0, count);
  }

  #setTimer(name: string, minMs: number, maxMs: number): void {
    let timer = this.#timers.get(name);
    if (timer === undefined) {
      timer = { name, deadlineNs: 0, active: false, scheduledAt: Number.POSITIVE_INFINITY };
      this.#timers.set(name, timer);
    }
    const delayUs = minMs * 1000 + this.#timerRandom.below((maxMs - minMs) * 1000 + 1);
    timer.deadlineNs = this.clock.monotonicNs(this.#surroundings.now) + delayUs * 1000;
    timer.active = true;
    this.#schedule(timer);
  }

  /** Puts a timer on the agenda, unless the agenda looks at it early enough anyway. */
  #schedule(timer: Timer): void {
    const at = this.clock.whenMonotonic(timer.deadlineNs, this.#surroundings.now);
    if (at >= timer.scheduledAt) return;
    timer.scheduledAt = at;
    this.#surroundings.scheduleTimer(this, timer, at);
  }
}
