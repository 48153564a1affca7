/**
 * Transactions on which all nodes vote: a third of the ops begin one, and in every fifth of those some node votes no; the others ask
 * nodes what they know of the transactions begun last. In the end nodes are asked about those whose outcome came late or was not seen, and those begun last,
 * about what they have not decided again and again.
 */
import { atomicCommitment } from '../checkers/classic/atomic-commitment.ts';
import { each, eachThread, sequence, sleep } from '../harness/combinators.ts';
import type { Context, Emission, Generator, OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';
import type { Op, Process } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { runMemory, stream } from './run-memory.ts';

/** Nodes are asked about so many of those begun last. */
const recentMax = 10;

/** In the end nodes are also asked about so many of those begun last. */
const latestMax = 300;

/** Where nothing is wrong, the outcome is told much sooner. */
const lateNs = 200_000_000;

/** A node that has voted yes may ask in vain for a while when faults end. Then it is asked itself. */
const settlingMs = 3000;

/** So long after its last answer a node is asked again about what it has not said. */
const againNs = 200_000_000;

/** The transactions of a run, numbered from 1. */
const transactionsOf = runMemory(() => ({
  count: 0,
  /** What each client was last seen to wait for: whatever is answered after the load is not seen here, so that it stays. */
  pending: new Map<Process, Op>(),
  /** Those whose client was not told the outcome, or late: something went wrong. */
  doubtful: new Set<number>(),
  /** By node, those on which it was seen to have voted yes, without knowing the decision. */
  undecided: new Map<string, Set<number>>(),
  /** What each node is asked about in the end, once that is known. */
  questions: new Map<string, readonly number[]>(),
}));

function transact(context: Context, nodeIds: readonly string[]): OpDraft {
  const random = context.stream(stream);
  const against = random.chance(1, 5) ? [random.pick(nodeIds)] : [];
  return { f: 'transact', key: ++transactionsOf(context).count, value: against };
}

/** Of two inspections one asks a node again about a transaction on which it was undecided, if there is one: so it shows for how long. */
function inspect(context: Context, nodeIds: readonly string[]): OpDraft {
  const random = context.stream(stream);
  const { count, undecided } = transactionsOf(context);
  const thread = random.pick(context.free) as number;
  const [oldest] = undecided.get(nodeIds[thread % nodeIds.length]!) ?? [];
  const again = random.chance(1, 2) && oldest !== undefined;
  const key = again ? oldest : count - random.below(Math.min(recentMax, count));
  return { f: 'inspect', key, value: null, process: context.process(thread) };
}

/** Notes the transactions that are to be asked about in the end. */
function noting(generator: Generator): Generator {
  return {
    op(context) {
      const emission = generator.op(context);
      if (emission === null) return null;
      const [op, rest] = emission;
      return [op, noting(rest)] as Emission;
    },
    update(context, op) {
      note(context, op);
      return this;
    },
  };
}

function note(context: Context, op: Op): void {
  const { pending, doubtful, undecided } = transactionsOf(context);
  const { type, f, key, value, node, process, time } = op;
  if (type === 'invoke') {
    pending.set(process, op);
    return;
  }
  const begun = pending.get(process);
  pending.delete(process);
  const transaction = key as number;
  if (f === 'transact') {
    if (type === 'info' || begun === undefined || time - begun.time > lateNs) doubtful.add(transaction);
    return;
  }
  if (type !== 'ok' || node === undefined) return;
  const ofNode = undecided.get(node) ?? new Set();
  undecided.set(node, ofNode);
  if (isUndecided(value)) ofNode.add(transaction);
  else if ((value as unknown as Answer).decision !== null) ofNode.delete(transaction);
}

interface Answer {
  readonly vote: string | null;
  readonly decision: string | null;
}

function isUndecided(value: Value): boolean {
  const { vote, decision } = value as unknown as Answer;
  return vote === 'yes' && decision === null;
}

/** What a node is to be asked about in the end. */
function openQuestions(context: Context, node: string): readonly number[] {
  const { count, pending, doubtful, undecided, questions } = transactionsOf(context);
  const known = questions.get(node);
  if (known !== undefined) return known;
  const unseen = [...pending.values()].filter((op) => op.f === 'transact' || op.node === node);
  const latest = Array.from({ length: Math.min(count, latestMax) }, (_, i) => count - i);
  const open = [...doubtful, ...unseen.map(({ key }) => key as number), ...(undecided.get(node) ?? []), ...latest];
  const distinct = [...new Set(open)];
  questions.set(node, distinct);
  return distinct;
}

/** Of the questions to a node, those of one of its clients: thread i talks to node i mod n. */
function questionsOf(context: Context, thread: number, concurrency: number): readonly number[] {
  const { nodeIds } = context;
  const clients = Math.ceil((concurrency - (thread % nodeIds.length)) / nodeIds.length);
  const place = Math.floor(thread / nodeIds.length);
  return openQuestions(context, nodeIds[thread % nodeIds.length]!).filter((_, i) => i % clients === place);
}

/**
 * One client asks its node about its share, one after the other. What the node has not decided, or not answered, is asked again, round
 * after round, until it has, or the time for final reads is over.
 */
class FinalInspections implements Generator {
  readonly #concurrency: number;
  readonly #keys: readonly number[] | undefined;
  /** So many of the keys have been asked about. */
  readonly #asked: number;
  readonly #again: readonly number[];
  /** When the last answer came. */
  readonly #lastNs: number;

  constructor(concurrency: number, keys?: readonly number[], asked = 0, again: readonly number[] = [], lastNs = 0) {
    this.#concurrency = concurrency;
    this.#keys = keys;
    this.#asked = asked;
    this.#again = again;
    this.#lastNs = lastNs;
  }

  op(context: Context): Emission {
    // What is answered next may be to be asked again.
    if (context.freeCount === 0) return ['pending', this];
    const keys = this.#keys ?? questionsOf(context, context.threads[0] as number, this.#concurrency);
    if (this.#asked < keys.length) return this.#ask(keys, this.#asked, this.#again, context.time);
    return this.#again.length === 0 ? null : this.#ask(this.#again, 0, [], this.#lastNs + againNs);
  }

  #ask(keys: readonly number[], place: number, again: readonly number[], notBeforeNs: number): Emission {
    const rest = new FinalInspections(this.#concurrency, keys, place + 1, again, this.#lastNs);
    return [{ f: 'inspect', key: keys[place]!, value: null, time: notBeforeNs }, rest];
  }

  update(_context: Context, { type, f, key, value, time }: Op): Generator {
    if (f !== 'inspect' || type === 'invoke') return this;
    const again = type === 'ok' && !isUndecided(value) ? this.#again : [...this.#again, key as number];
    return new FinalInspections(this.#concurrency, this.#keys, this.#asked, again, time);
  }
}

export const atomicCommitWorkload: Workload = {
  name: 'atomic-commit',
  summary: 'Transactions on which all nodes vote, and what each node knows of them: all commit, or none.',
  service: 'atomic-commit',
  create: ({ nodeIds, spec }) => ({
    generator: noting(
      each((context) => {
        const begins = transactionsOf(context).count === 0 || context.stream(stream).chance(1, 3);
        return begins ? transact(context, nodeIds) : inspect(context, nodeIds);
      }),
    ),
    probes: [
      {
        f: 'transact',
        generator: each((context) => ({ f: 'transact', key: ++transactionsOf(context).count, value: [] })),
      },
    ],
    finalReads: eachThread(sequence(sleep(settlingMs), new FinalInspections(spec.concurrency))),
    checkers: [atomicCommitment({ mustDecide: true, settlingMs })],
  }),
};
