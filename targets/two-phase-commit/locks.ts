/** The locks of one shard: a key is read by many transactions or written by one. Costs are those of the keys a transaction has. */
import type { Scalar } from '../machines/requests.ts';

export interface LockOwner {
  /** Keys that it only reads. */
  readonly reads: readonly Scalar[];
  readonly writes: readonly Scalar[];
}

interface Lock<Owner> {
  writer: Owner | undefined;
  readonly readers: Set<Owner>;
}

export class Locks<Owner extends LockOwner> {
  readonly #locks = new Map<Scalar, Lock<Owner>>();

  /** Those that hold a lock that keeps the owner from its own. Each once. */
  against(owner: Owner): readonly Owner[] {
    const holders = new Set<Owner>();
    for (const key of owner.reads) {
      const writer = this.#locks.get(key)?.writer;
      if (writer !== undefined) holders.add(writer);
    }
    for (const key of owner.writes) {
      const lock = this.#locks.get(key);
      if (lock === undefined) continue;
      if (lock.writer !== undefined) holders.add(lock.writer);
      for (const reader of lock.readers) holders.add(reader);
    }
    holders.delete(owner);
    return [...holders];
  }

  /** Takes all its locks; nobody may hold one against it. */
  take(owner: Owner): void {
    for (const key of owner.reads) this.#lockOf(key).readers.add(owner);
    for (const key of owner.writes) this.#lockOf(key).writer = owner;
  }

  release(owner: Owner): void {
    for (const key of owner.reads) {
      const lock = this.#locks.get(key);
      if (lock?.readers.delete(owner)) this.#tidy(key, lock);
    }
    for (const key of owner.writes) {
      const lock = this.#locks.get(key);
      if (lock === undefined || lock.writer !== owner) continue;
      lock.writer = undefined;
      this.#tidy(key, lock);
    }
  }

  #lockOf(key: Scalar): Lock<Owner> {
    let lock = this.#locks.get(key);
    if (lock === undefined) {
      lock = { writer: undefined, readers: new Set() };
      this.#locks.set(key, lock);
    }
    return lock;
  }

  #tidy(key: Scalar, { writer, readers }: Lock<Owner>): void {
    if (writer === undefined && readers.size === 0) this.#locks.delete(key);
  }
}

/** Whether one of the two would write what the other has. */
export const wouldConflict = (a: LockOwner, b: LockOwner): boolean =>
  a.writes.some((key) => b.writes.includes(key) || b.reads.includes(key)) ||
  b.writes.some((key) => a.reads.includes(key));
