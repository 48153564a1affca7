/**
 * Short random schedules of transactions of several steps on a few keys of all nodes. Messages arrive in any order, often twice, and are lost;
 * nodes die. What clients were told is judged by trying every order of the transactions, without any of the harness's checkers.
 */
import { randomStream } from '../../../harness/random.ts';
import type { Body, Json } from '../../../protocol/message.ts';
import type { Step } from '../steps.ts';
import type { Cluster } from './cluster.ts';

/** A transaction as its client saw it. Times are positions in the schedule. */
export interface Transaction {
  readonly steps: readonly Step[];
  readonly invoked: number;
  /** Infinite where there was no answer: then it may have happened or not. */
  completed: number;
  /** What its reads gave, where it was answered with success; else null, and it is `failed` or without an answer. */
  results: readonly Json[] | null;
  isFailed: boolean;
}

const keys = [0, 1, 2];
const transactionsMax = 8;

/** Carries out random steps until all transactions are begun and some time has passed, then lets everybody come back and settle. */
export function runTransactions(
  cluster: Cluster,
  settle: (cluster: Cluster) => void,
  seed: number,
): readonly Transaction[] {
  const random = randomStream(seed, 'transactions');
  const { nodeIds, network } = cluster;
  const transactions: Transaction[] = [];
  const open = new Map<string, Transaction>();

  function begin(node: string, now: number): void {
    const number = transactions.length;
    const steps = Array.from({ length: 1 + random.below(4) }, (): Step => {
      const key = random.pick(keys);
      return random.chance(1, 2) ? ['r', key, null] : ['append', key, number];
    });
    const transaction = { steps, invoked: now, completed: Number.POSITIVE_INFINITY, results: null, isFailed: false };
    transactions.push(transaction);
    open.set(`c${number}`, transaction);
    cluster.txn(`c${number}`, node, steps);
  }

  function listen(now: number): void {
    for (const { dest, body } of cluster.replies.splice(0)) {
      const transaction = open.get(dest);
      if (transaction === undefined || !open.delete(dest)) continue;
      transaction.completed = now;
      const { txn } = body as Body & { readonly txn?: readonly Step[] };
      if (txn === undefined) transaction.isFailed = true;
      else transaction.results = txn.map(([, , value]) => value);
    }
  }

  function step(now: number): void {
    const id = random.pick(nodeIds);
    const node = cluster.node(id);
    const choice = random.below(1000);
    if (choice < 550 && network.length > 0) {
      const place = random.below(network.length);
      const { src, dest, body } = network[place]!;
      // What is wounded unheard, and carried out again by a late copy, is what locks do not protect: so these come often.
      const isLost = src !== dest && (random.chance(1, 30) || (body.type === 'wounded' && random.chance(3, 4)));
      if (isLost) network.splice(place, 1);
      else cluster.deliver(place, body.type === 'execute' ? random.chance(2, 3) : random.chance(1, 10));
    } else if (choice < 760) cluster.sync(id);
    else if (node.state === undefined) cluster.start(id);
    else if (choice < 800 && transactions.length < transactionsMax) begin(id, now);
    else if (choice < 840) cluster.wait(id, 1);
    else if (choice < 844) cluster.crash(id, random.below(node.unsynced.length + 1));
    listen(now);
  }

  for (let now = 0; now < 400; now++) step(now);
  for (const { id, state } of cluster.nodes) if (state === undefined) cluster.start(id);
  settle(cluster);
  listen(400);
  return transactions;
}

/** What all keys hold in the end, as the nodes say that own them. */
export const heldInTheEnd = (cluster: Cluster): readonly Json[] =>
  keys.map((key) => cluster.held(cluster.nodeIds[key % cluster.nodeIds.length]!, key) ?? null);

/**
 * Whether some order of the transactions gives what clients were told and what is held in the end, and has no transaction before one that had
 * ended when it began (Papadimitriou, The Serializability of Concurrent Database Updates, Journal of the ACM, 1979, strict serializability).
 * Tries all orders; exponential in their number.
 */
export function isStrictlySerializable(transactions: readonly Transaction[], held: readonly Json[]): boolean {
  const candidates = transactions.filter(({ isFailed }) => !isFailed);
  const dead = new Set<string>();

  function goesOn(done: number, contents: readonly Json[]): boolean {
    const left = candidates.filter((_, i) => (done & (1 << i)) === 0);
    if (left.every(({ results }) => results === null) && same(contents, held)) return true;
    const situation = `${done} ${JSON.stringify(contents)}`;
    if (dead.has(situation)) return false;
    dead.add(situation);
    const firstEnd = Math.min(...left.map(({ completed }) => completed));
    return candidates.some((transaction, i) => {
      if ((done & (1 << i)) !== 0 || transaction.invoked > firstEnd) return false;
      const after = carriedOut(transaction, contents);
      return after !== undefined && goesOn(done | (1 << i), after);
    });
  }

  return goesOn(
    0,
    keys.map(() => null),
  );
}

/** What keys hold after a transaction; undefined where its reads would have given something else. */
function carriedOut({ steps, results }: Transaction, before: readonly Json[]): readonly Json[] | undefined {
  const contents = [...before];
  for (const [i, [f, key, value]] of steps.entries()) {
    const place = key as number;
    if (f === 'append') contents[place] = [...((contents[place] as readonly Json[] | null) ?? []), value];
    else if (results !== null && !same(results[i]!, contents[place]!)) return undefined;
  }
  return contents;
}

const same = (a: Json | readonly Json[], b: Json | readonly Json[]): boolean => JSON.stringify(a) === JSON.stringify(b);
