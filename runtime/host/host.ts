/** Hosts one node in real time, on real files: what a process and a container do alike. */
import type { Message } from '../../protocol/message.ts';
import type { Description, Event } from '../../protocol/node.ts';
import type { NodeSystem } from '../../protocol/system.ts';
import type { NodeClock } from './clock.ts';
import { EffectQueue, type Outlet } from './effects.ts';
import { Storage } from './storage.ts';
import { Timers } from './timers.ts';

/** What a host needs of the program around it. */
export interface Surroundings extends Outlet {
  /** Role, term, or primary have changed. */
  described(description: Description): void;
  /** The disk failed, or the node's step threw: the node must not go on. */
  failed(error: unknown): void;
}

export interface HostOptions {
  readonly system: NodeSystem;
  readonly config: unknown;
  readonly id: string;
  readonly nodeIds: readonly string[];
  /** The node's own directory. */
  readonly directory: string;
  readonly clock: NodeClock;
  readonly surroundings: Surroundings;
}

export class NodeHost {
  readonly #system: NodeSystem;
  readonly #clock: NodeClock;
  readonly #surroundings: Surroundings;
  readonly #timers: Timers;
  readonly #effects: EffectQueue;
  readonly #state: unknown;
  #described = '';
  #failed = false;

  private constructor(options: HostOptions, storage: Storage) {
    const { system, config, id, nodeIds, clock, surroundings } = options;
    this.#system = system;
    this.#clock = clock;
    this.#surroundings = surroundings;
    this.#timers = new Timers(clock, (name) => this.#step({ type: 'timer', nowMs: clock.wallMs(), name }));
    this.#effects = new EffectQueue({
      commit: (writes) => storage.commit(writes),
      timers: this.#timers,
      outlet: surroundings,
      diskFailed: (error) => this.#fail(error),
    });
    this.#state = system.create({ id, nodeIds, config });
  }

  /** Reads back what is durable, counts the life, and gives the node its `start` event. */
  static async start(options: HostOptions): Promise<NodeHost> {
    const storage = await Storage.open(options.directory);
    if (storage.tornBytes > 0) {
      options.surroundings.log(`the journal ended in ${storage.tornBytes} bytes of a torn record, which are cut off`);
    }
    const host = new NodeHost(options, storage);
    const { incarnation } = storage;
    host.#step({ type: 'start', nowMs: options.clock.wallMs(), incarnation, durable: storage.read() });
    return host;
  }

  receive(message: Message): void {
    this.#step({ type: 'message', nowMs: this.#clock.wallMs(), message });
  }

  /** To be called when the clock's rate has changed. */
  rescheduleTimers(): void {
    this.#timers.reschedule();
  }

  #step(event: Event): void {
    if (this.#failed) return;
    try {
      const effects = this.#system.step(this.#state, event);
      // First, so that whoever hears of what the step did already knows what the node has become.
      this.#describe();
      this.#effects.perform(effects);
    } catch (error) {
      this.#fail(error);
    }
  }

  #describe(): void {
    const description = this.#system.describe(this.#state);
    const { role, term, primary } = description;
    const described = `${role} ${term} ${primary}`;
    if (described === this.#described) return;
    this.#described = described;
    this.#surroundings.described(description);
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#timers.clearAll();
    this.#surroundings.failed(error);
  }
}
