/**
 * Transactions on which all nodes vote: a third of the ops begin one, and in every fifth of those some node votes no; the others ask
 * nodes what they know of the transactions begun last. In the end nodes are asked about those whose outcome came late or was not seen, and those begun last.
 */
import { atomicCommitment } from '../checkers/classic/atomic-commitment.ts';
import { each, eachThread, sequence, sleep } from '../harness/combinators.ts';
import type { Context, Emission, Generator, OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';
import type { Op } from '../history/op.ts';
import { runMemory, stream } from './run-memory.ts';

/** Nodes are asked about so many of those begun last. */
const recentMax = 10;

/** In the end nodes are also asked about so many of those begun last. */
const latestMax = 300;

/** Where nothing is wrong, the outcome is told much sooner. */
const lateNs = 200_000_000;

/** A node that has voted yes may ask in vain for a while when faults end. Then it is asked itself. */
const settlingMs = 3000;

/** The transactions of a run, numbered from 1. */
const transactionsOf = runMemory(() => ({
  count: 0,
  /** When those began whose client waits. */
  begunNs: new Map<number, number>(),
  /** Those whose client was not told the outcome, or late: something went wrong. */
  doubtful: new Set<number>(),
  /** By node, those on which it was seen to have voted yes, without knowing the decision. */
  undecided: new Map<string, Set<number>>(),
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

function note(context: Context, { type, f, key, value, node, time }: Op): void {
  const { begunNs, doubtful, undecided } = transactionsOf(context);
  const transaction = key as number;
  if (f === 'transact') {
    if (type === 'invoke') begunNs.set(transaction, time);
    else if (type === 'info' || time - begunNs.get(transaction)! > lateNs) doubtful.add(transaction);
    if (type !== 'invoke') begunNs.delete(transaction);
    return;
  }
  if (type !== 'ok' || node === undefined) return;
  const { vote, decision } = value as unknown as { readonly vote: string | null; readonly decision: string | null };
  const ofNode = undecided.get(node) ?? new Set();
  undecided.set(node, ofNode);
  if (vote === 'yes' && decision === null) ofNode.add(transaction);
  else if (decision !== null) ofNode.delete(transaction);
}

/** What a node is to be asked about in the end. */
function openQuestions(context: Context, node: string): readonly number[] {
  const { count, doubtful, undecided } = transactionsOf(context);
  const latest = Array.from({ length: Math.min(count, latestMax) }, (_, i) => count - i);
  return [...new Set([...doubtful, ...(undecided.get(node) ?? []), ...latest])];
}

/** One thread asks its node about all of them, one after the other. Thread i talks to node i mod n: one for each node is enough. */
function finalInspections(nodeIds: readonly string[], position = 0, questions?: readonly number[]): Generator {
  return {
    op(context) {
      const thread = context.threads[0];
      const node = typeof thread === 'number' ? nodeIds[thread] : undefined;
      if (node === undefined) return null;
      const keys = questions ?? openQuestions(context, node);
      if (position >= keys.length) return null;
      return [{ f: 'inspect', key: keys[position]!, value: null }, finalInspections(nodeIds, position + 1, keys)];
    },
    update() {
      return this;
    },
  };
}

export const atomicCommitWorkload: Workload = {
  name: 'atomic-commit',
  summary: 'Transactions on which all nodes vote, and what each node knows of them: all commit, or none.',
  service: 'atomic-commit',
  create: ({ nodeIds }) => ({
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
    finalReads: eachThread(sequence(sleep(settlingMs), finalInspections(nodeIds))),
    checkers: [atomicCommitment({ mustDecide: true })],
  }),
};
