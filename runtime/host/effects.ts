/**
 * The effect queue of a node, across its steps, in real time. Writes stay in this process's memory until a sync
 * carries them to the disk: a kill of the process loses exactly what was not synced. A send waits for every sync
 * queued before it. Syncs that are asked for while one runs are merged into the next.
 */
import type { Body } from '../../protocol/message.ts';
import type { Effect } from '../../protocol/node.ts';
import type { Write } from './durable.ts';
import type { Timers } from './timers.ts';

/** Where effects leave the node. */
export interface Outlet {
  send(to: string, body: Body): void;
  log(text: string): void;
  mark(name: string): void;
}

interface WaitingSend {
  readonly to: string;
  readonly body: Body;
  /** The number of the last sync queued before it. */
  readonly afterSync: number;
}

export class EffectQueue {
  readonly #commit: (writes: readonly Write[]) => Promise<void>;
  readonly #timers: Timers;
  readonly #outlet: Outlet;
  readonly #diskFailed: (error: unknown) => void;
  /** Written and not followed by a sync. */
  #unsynced: Write[] = [];
  /** Followed by a sync that has not begun. */
  #due: Write[] = [];
  #syncsRequested = 0;
  #syncsDone = 0;
  #syncing = false;
  #waiting: WaitingSend[] = [];

  constructor(options: {
    /** Makes writes durable, in order; called again only when it has resolved. */
    readonly commit: (writes: readonly Write[]) => Promise<void>;
    readonly timers: Timers;
    readonly outlet: Outlet;
    /** A commit failed. What waits for it is never sent. */
    readonly diskFailed: (error: unknown) => void;
  }) {
    this.#commit = options.commit;
    this.#timers = options.timers;
    this.#outlet = options.outlet;
    this.#diskFailed = options.diskFailed;
  }

  perform(effects: readonly Effect[]): void {
    for (const effect of effects) this.#performOne(effect);
  }

  #performOne(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        if (this.#syncsDone === this.#syncsRequested) this.#outlet.send(effect.to, effect.body);
        else this.#waiting.push({ to: effect.to, body: effect.body, afterSync: this.#syncsRequested });
        break;
      case 'put':
      case 'append':
      case 'truncate':
      case 'compact':
        this.#unsynced.push(effect);
        break;
      case 'sync':
        this.#requestSync();
        break;
      case 'set-timer':
        this.#timers.set(effect.name, effect.minMs, effect.maxMs);
        break;
      case 'clear-timer':
        this.#timers.clear(effect.name);
        break;
      case 'log':
        this.#outlet.log(effect.text);
        break;
      case 'mark':
        this.#outlet.mark(effect.name);
        break;
    }
  }

  #requestSync(): void {
    // All that was written is durable already, or about to be.
    if (this.#unsynced.length === 0) return;
    this.#due.push(...this.#unsynced);
    this.#unsynced = [];
    this.#syncsRequested++;
    if (!this.#syncing) this.#sync().catch(this.#diskFailed);
  }

  async #sync(): Promise<void> {
    this.#syncing = true;
    while (this.#syncsDone < this.#syncsRequested) {
      const satisfied = this.#syncsRequested;
      const writes = this.#due;
      this.#due = [];
      await this.#commit(writes);
      this.#release(satisfied);
    }
    this.#syncing = false;
  }

  /** Lets the sends go that waited for a sync up to this one. */
  #release(satisfied: number): void {
    this.#syncsDone = satisfied;
    const firstHeld = this.#waiting.findIndex((send) => send.afterSync > satisfied);
    const released = this.#waiting.splice(0, firstHeld === -1 ? this.#waiting.length : firstHeld);
    for (const send of released) this.#outlet.send(send.to, send.body);
  }
}
