/** What a node has on disk, in memory: writes go in, and the Durable of the next life comes out. */
import type { Json } from '../../protocol/message.ts';
import type { Durable, Effect } from '../../protocol/node.ts';

export type Write = Extract<Effect, { readonly type: 'put' | 'append' | 'truncate' | 'compact' }>;

interface Log {
  first: number;
  entries: Json[];
}

export class DurableImage {
  readonly #values = new Map<string, Json>();
  readonly #logs = new Map<string, Log>();

  apply(write: Write): void {
    if (write.type === 'put') {
      this.#values.set(write.key, write.value);
      return;
    }
    const log = this.#log(write.log);
    switch (write.type) {
      case 'append':
        for (const entry of write.entries) log.entries.push(entry);
        break;
      case 'truncate':
        log.entries.length = Math.max(0, Math.min(log.entries.length, write.from - log.first));
        break;
      case 'compact':
        if (write.before <= log.first) break;
        log.entries.splice(0, write.before - log.first);
        log.first = write.before;
        break;
    }
  }

  /** A copy: the image goes on changing. */
  read(): Durable {
    const logs = new Map<string, Log>();
    for (const [name, log] of this.#logs) logs.set(name, { first: log.first, entries: [...log.entries] });
    return { values: new Map(this.#values), logs };
  }

  /** The fewest writes that make an empty image equal to this one. */
  writes(): Write[] {
    const writes: Write[] = [];
    for (const [key, value] of this.#values) writes.push({ type: 'put', key, value });
    for (const [name, log] of this.#logs) {
      writes.push({ type: 'compact', log: name, before: log.first });
      if (log.entries.length > 0) writes.push({ type: 'append', log: name, entries: [...log.entries] });
    }
    return writes;
  }

  #log(name: string): Log {
    let log = this.#logs.get(name);
    if (log === undefined) {
      log = { first: 1, entries: [] };
      this.#logs.set(name, log);
    }
    return log;
  }
}
