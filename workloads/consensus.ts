/**
 * Values that are proposed for one decision after the other: clients on all nodes propose theirs for the same key at
 * the same time, then comes the next key. Meanwhile others ask what was decided, and some propose for keys that were
 * decided long ago. In the end each node is asked about the keys that came last, and about those where something went
 * wrong.
 */
import { consensus } from '../checkers/classic/consensus.ts';
import { each, eachThread } from '../harness/combinators.ts';
import type { Context, Emission, Generator, OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';
import type { Op, Process } from '../history/op.ts';
import { freshNumbers, runMemory, stream } from './run-memory.ts';

/** Of each key at least so many values are proposed at once, and at most as many more as there are nodes, twice. */
const proposalsMin = 2;

/**
 * So many keys are asked about soon after they began, so many long after, and so many of those where something went
 * wrong.
 */
const recentMax = 4;
const oldMax = 50;
const brokenMax = 3;

/** In the end so many of those begun last are asked about, and so many of those where something went wrong. */
const latestMax = 40;
const doubtfulMax = 60;

/** The keys of a run, numbered from 1; and the values, each of which is proposed once. */
const decisionsOf = runMemory(() => ({
  keys: 0,
  values: 0,
  /** So many values are still to be proposed for the last key. */
  proposalsLeft: 0,
  /** The keys for which clients were last seen to wait: whatever is answered after the load is not seen here, so that they stay. */
  proposed: new Map<Process, number>(),
  /** Keys with a proposal that was not answered; and the last of them. */
  doubtful: new Set<number>(),
  broken: [] as readonly number[],
}));

/** A value for the last key, or the next where it has enough. */
function proposeNext(context: Context): OpDraft {
  const memory = decisionsOf(context);
  if (memory.proposalsLeft === 0) {
    memory.keys++;
    memory.proposalsLeft = proposalsMin + context.stream(stream).below(2 * context.nodeIds.length);
  }
  memory.proposalsLeft--;
  return { f: 'propose', key: memory.keys, value: ++memory.values };
}

/** One of the last keys. */
function lastKey(context: Context, count: number): number {
  const { keys } = decisionsOf(context);
  return keys - context.stream(stream).below(Math.min(count, keys));
}

/** One of the keys where something went wrong last, or an old one. */
function earlierKey(context: Context): number {
  const random = context.stream(stream);
  const { broken } = decisionsOf(context);
  return broken.length > 0 && random.chance(1, 2) ? random.pick(broken) : lastKey(context, oldMax);
}

/**
 * Half of them are proposals for the last key; of the others some propose for an earlier one, whose decision is to
 * stand.
 */
function draft(context: Context): OpDraft {
  const random = context.stream(stream);
  const choice = decisionsOf(context).keys === 0 ? 0 : random.below(8);
  if (choice < 4) return proposeNext(context);
  if (choice < 6) return { f: 'learn', key: lastKey(context, recentMax), value: null };
  const key = earlierKey(context);
  return choice === 6 ? { f: 'learn', key, value: null } : { f: 'propose', key, value: ++decisionsOf(context).values };
}

const ops: Generator = each((context) => ({
  ...draft(context),
  // Not always the client that has been free for longest: its neighbours in the row are on other nodes.
  process: context.process(context.stream(stream).pick(context.free)),
}));

/** Notes the keys with a proposal that was not answered: half of a decision may be left there. */
function noting(generator: Generator): Generator {
  return {
    op(context) {
      const emission = generator.op(context);
      if (emission === null) return null;
      const [op, rest] = emission;
      return [op, noting(rest)] as Emission;
    },
    update(context, { type, f, key, process }: Op) {
      if (f !== 'propose' || typeof key !== 'number') return this;
      const memory = decisionsOf(context);
      if (type === 'invoke') memory.proposed.set(process, key);
      else memory.proposed.delete(process);
      if (type !== 'info') return this;
      memory.doubtful.add(key);
      memory.broken = [...memory.broken.slice(1 - brokenMax), key];
      return this;
    },
  };
}

/** The keys of the final questions. */
function openQuestions(context: Context): readonly number[] {
  const { keys, proposed, doubtful } = decisionsOf(context);
  const latest = Array.from({ length: Math.min(keys, latestMax) }, (_, i) => keys - i);
  return [...new Set([...[...doubtful].slice(-doubtfulMax), ...proposed.values(), ...latest])];
}

/** Thread i talks to node i mod n: one for each node asks about all, one after the other. */
function finalQuestions(position = 0, questions?: readonly number[]): Generator {
  return {
    op(context) {
      const [thread] = context.threads;
      if (typeof thread !== 'number' || thread >= context.nodeIds.length) return null;
      const keys = questions ?? openQuestions(context);
      if (position >= keys.length) return null;
      return [{ f: 'learn', key: keys[position]!, value: null }, finalQuestions(position + 1, keys)];
    },
    update() {
      return this;
    },
  };
}

/** A key of its own for each try: another may have decided it. */
const keyOfProbe = freshNumbers();

export const consensusWorkload: Workload = {
  name: 'consensus',
  summary: 'Values proposed on several nodes for one decision after the other: all learn the same, and it stands.',
  service: 'consensus',
  create: () => ({
    generator: noting(ops),
    probes: [
      {
        f: 'propose',
        generator: each((context) => ({ f: 'propose', key: `recovery ${keyOfProbe(context)}`, value: 0 })),
      },
      {
        f: 'learn',
        generator: each((context) => ({ f: 'learn', key: `recovery ${keyOfProbe(context)}`, value: null })),
      },
    ],
    finalReads: eachThread(finalQuestions()),
    checkers: [consensus],
  }),
};
