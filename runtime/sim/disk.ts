/**
 * A node's simulated disk. Fault model: writes reach memory at once and the platter when synced, in order; a crash
 * keeps a drawn prefix of what was not synced, and of the last write that it keeps, if that is an append, a drawn part
 * of its entries (the torn record). What was synced is never lost or changed.
 */
import type { Random } from '../../harness/random.ts';
import type { Durable } from '../../protocol/node.ts';
import { DurableImage, type Write } from '../host/durable.ts';

export class Disk {
  readonly #synced = new DurableImage();
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
    for (let i = 0; i < count; i++) this.#synced.apply(unsynced[i] as Write);
    if (count === unsynced.length) this.#unsynced = [];
    else unsynced.splice(0, count);
  }

  /** The machine dies: a drawn prefix of the unsynced writes survives, the last of them perhaps torn. */
  crash(random: Random): void {
    const kept = random.below(this.#unsynced.length + 1);
    for (let i = 0; i < kept - 1; i++) this.#synced.apply(this.#unsynced[i] as Write);
    const last = kept > 0 ? this.#unsynced[kept - 1] : undefined;
    if (last?.type === 'append') {
      this.#synced.apply({ ...last, entries: last.entries.slice(0, random.below(last.entries.length + 1)) });
    } else if (last !== undefined) {
      this.#synced.apply(last);
    }
    this.#unsynced = [];
  }

  /** What a node finds when it starts. A copy: the disk goes on changing. */
  read(): Durable {
    return this.#synced.read();
  }
}
