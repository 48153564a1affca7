/**
 * A node's simulated disk. Fault model: writes reach memory at once and the platter when synced, in order; a crash
 * keeps a drawn prefix of what was not synced, and of the last write that it keeps, if that is an append, a drawn part
 * of its entries (the torn record). What was synced is never lost or changed.
 */
import type { Random } from '../../harness/random.ts';
import type { Json } from '../../protocol/message.ts';
import type { Durable, Effect } from '../../protocol/node.ts';

export type Write = Extract<Effect, { readonly type: 'put' | 'append' | 'truncate' | 'compact' }>;

interface Log {
  first: number;
  entries: Json[];
}

export class Disk {
  readonly #values = new Map<string, Json>();
  readonly #logs = new Map<string, Log>();
  #unsynced: Write[] = [];

  write(write: Write): void {
    this.#unsynced.push(write);
  }

  /** Writes that a crash could lose now. */
  get unsyncedWrites(): number {
    return this.#unsynced.length;
  }

  /** Makes the oldest `count` unsynced writes durable. */
  sync(count: number): void {
    const unsynced = this.#unsynced;
    for (let i = 0; i < count; i++) this.#apply(unsynced[i] as Write);
    if (count === unsynced.length) this.#unsynced = [];
    else unsynced.splice(0, count);
  }

  /** The machine dies: a drawn prefix of the unsynced writes survives, the last of them perhaps torn. */
  crash(random: Random): void {
    const kept = random.below(this.#unsynced.length + 1);
    for (let i = 0; i < kept - 1; i++) this.#apply(this.#unsynced[i] as Write);
    const last = kept > 0 ? this.#unsynced[kept - 1] : undefined;
    if (last?.type === 'append') {
      this.#apply({ ...last, entries: last.entries.slice(0, random.below(last.entries.length + 1)) });
    } else if (last !== undefined) {
      this.#apply(last);
    }
    this.#unsynced = [];
  }

  /** What a node finds when it starts. A copy: the disk goes on changing. */
  read(): Durable {
    const logs = new Map<string, Log>();
    for (const [name, log] of this.#logs) logs.set(name, { first: log.first, entries: [...log.entries] });
    return { values: new Map(this.#values), logs };
  }

  #apply(write: Write): void {
    if (write.type === 'put') {
      this.#values.set(write.key, write.value);
      return;
    }
    let log = this.#logs.get(write.log);
    if (log === undefined) {
      log = { first: 1, entries: [] };
      this.#logs.set(write.log, log);
    }
    switch (write.type) {
      case 'append':
        for (const entry of write.entries) log.entries.push(entry);
        break;
      case 'truncate':
        log.entries.length = Math.max(0, Math.min(log.entries.length, write.from - log.first));
        break;
      case 'compact':
        if (write.before > log.first) {
          log.entries.splice(0, write.before - log.first);
          log.first = write.before;
        }
        break;
    }
  }
}
