/**
 * Histories of transactions for measuring checkers: recorded from a simulated database on which every client is always busy. At each
 * step one client, drawn at random, takes its pending transaction one step further: it begins and commits (at once where the database
 * is strict-serializable, in two steps under snapshot isolation), or is answered, and the client at once invokes the next.
 *
 * Transactions are as Elle generates them: one to four micro-ops, reads and writes half each, on ten active keys, each twice as likely as the one
 * before; a key that was written 32 times is retired, and a fresh one takes its place.
 */
import { type Random, randomStream } from '../harness/random.ts';
import { type History, HistoryBuilder } from '../history/history.ts';
import type { Value } from '../history/value.ts';

export interface TransactionShape {
  readonly workload: 'list-append' | 'rw-register';
  /**
   * Under snapshot isolation a transaction reads what was committed when it began, and fails if another wrote one of its keys
   * since: there is write skew all over.
   */
  readonly isolation: 'strict-serializable' | 'snapshot-isolation';
  /**
   * What goes wrong, three times after 90 % of the transactions: one sees of all its keys what was there three versions before. With
   * `stale-reads` it only reads, with `lost-updates` it writes what it has read, over what it did not see.
   */
  readonly flaw: 'none' | 'stale-reads' | 'lost-updates';
  readonly transactions: number;
  readonly concurrency: number;
  /** Of a thousand transactions so many are never answered, some of them after they took effect. */
  readonly crashedPerMille: number;
  readonly seed: number;
}

interface Key {
  readonly name: number;
  written: number;
  /** The value after each committed write; of a list its elements. */
  readonly versions: number[];
}

interface MicroOp {
  readonly key: Key;
  /** What it writes; undefined of a read. */
  readonly written: number | undefined;
}

interface Pending {
  readonly process: number;
  readonly microOps: readonly MicroOp[];
  readonly asked: Value;
  /** How many versions of the key of each micro-op it sees, once it has begun. */
  seen: readonly number[] | undefined;
  answer: Value;
  committed: boolean;
  aborted: boolean;
}

const activeKeys = 10;
const writesMax = 32;
const microOpsMax = 4;
const nsPerLine = 100_000;
const flawsMax = 3;
/** How many of the last versions are not seen. */
const staleBy = 3;

/** The same shape gives the same history. */
export function generateTransactions(shape: TransactionShape): History {
  const { workload, isolation, flaw, transactions, concurrency, crashedPerMille, seed } = shape;
  const random = randomStream(seed, `transactions ${workload} ${isolation}`);
  const builder = new HistoryBuilder();
  const keys = new ActiveKeys(random);
  const clients: (Pending | undefined)[] = [];
  const writes = workload === 'list-append' ? 'append' : 'w';
  const isSnapshot = isolation === 'snapshot-isolation';
  let flawsLeft = flaw === 'none' ? 0 : flawsMax;
  let invoked = 0;

  const push = (process: number, type: 'invoke' | 'ok' | 'fail' | 'info', value: Value): void => {
    builder.push({ time: (builder.length + 1) * nsPerLine, process, type, f: 'txn', value });
  };
  const invoke = (client: number, process: number): void => {
    const microOps = Array.from({ length: random.between(1, microOpsMax) }, () => keys.microOp());
    const asked = microOps.map(
      ({ key, written }): Value => (written === undefined ? ['r', key.name, null] : [writes, key.name, written]),
    );
    clients[client] = { process, microOps, asked, seen: undefined, answer: null, committed: false, aborted: false };
    push(process, 'invoke', asked);
    invoked++;
  };

  const begin = (pending: Pending): void => {
    const { microOps } = pending;
    const unseen = isFlawed(microOps) ? staleBy : 0;
    const seen = microOps.map(({ key }) => key.versions.length - unseen);
    pending.seen = seen;
    pending.answer = microOps.map(({ key, written }, i): Value => {
      if (written !== undefined) return [writes, key.name, written];
      const own = microOps.slice(0, i).filter((earlier) => earlier.key === key && earlier.written !== undefined);
      if (workload === 'list-append') {
        return ['r', key.name, [...key.versions.slice(0, seen[i]), ...own.map((earlier) => earlier.written!)]];
      }
      return ['r', key.name, own.at(-1)?.written ?? key.versions[seen[i]! - 1] ?? null];
    });
  };
  const commit = (pending: Pending): void => {
    const { microOps, seen } = pending;
    const overtaken = ({ key, written }: MicroOp, i: number): boolean =>
      written !== undefined && key.versions.length !== seen![i];
    if (isSnapshot && microOps.some(overtaken)) {
      pending.aborted = true;
      return;
    }
    for (const { key, written } of microOps) {
      if (written !== undefined) key.versions.push(written);
    }
    pending.committed = true;
  };
  const isFlawed = (microOps: readonly MicroOp[]): boolean => {
    if (flawsLeft === 0 || invoked < transactions * 0.9) return false;
    const isRead = ({ written }: MicroOp): boolean => written === undefined;
    const isUpdate = (one: MicroOp, i: number): boolean =>
      !isRead(one) && microOps.slice(0, i).some((earlier) => earlier.key === one.key && isRead(earlier));
    const fits = flaw === 'stale-reads' ? microOps.every(isRead) : microOps.some(isUpdate);
    if (!fits || microOps.some(({ key }) => key.versions.length < staleBy)) return false;
    flawsLeft--;
    return true;
  };

  for (let client = 0; client < concurrency; client++) invoke(client, client);
  for (let idle = 0; idle < concurrency; ) {
    const client = random.below(concurrency);
    const pending = clients[client];
    if (pending === undefined) continue;
    const { process, asked } = pending;
    let next = process;
    if (random.below(isSnapshot ? 3000 : 2000) < crashedPerMille) {
      push(process, 'info', asked);
      next = process + concurrency;
    } else if (pending.seen === undefined) {
      begin(pending);
      if (!isSnapshot) commit(pending);
      continue;
    } else if (!pending.committed && !pending.aborted) {
      commit(pending);
      continue;
    } else if (pending.committed) push(process, 'ok', pending.answer);
    else push(process, 'fail', asked);
    if (invoked < transactions) invoke(client, next);
    else {
      clients[client] = undefined;
      idle++;
    }
  }
  return builder.build();
}

/** Draws keys, and retires them. */
class ActiveKeys {
  readonly #random: Random;
  readonly #keys: Key[];
  #names = activeKeys;

  constructor(random: Random) {
    this.#random = random;
    this.#keys = Array.from({ length: activeKeys }, (_, name) => ({ name, written: 0, versions: [] }));
  }

  microOp(): MicroOp {
    const at = 31 - Math.clz32(1 + this.#random.below(2 ** activeKeys - 1));
    const key = this.#keys[at]!;
    if (this.#random.below(2) === 0) return { key, written: undefined };
    const written = ++key.written;
    if (written === writesMax) this.#keys[at] = { name: this.#names++, written: 0, versions: [] };
    return { key, written };
  }
}
