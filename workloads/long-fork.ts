/**
 * Writes that may be seen in different orders, as Jepsen's tests/long_fork.clj has them: each key is written once, alone; whoever
 * has written one reads its group of keys next, in a random order, and others read the groups that are being written.
 */
import { longFork } from '../checkers/classic/long-fork.ts';
import { each } from '../harness/combinators.ts';
import type { Context, Generator, OpDraft } from '../harness/generator.ts';
import type { Random } from '../harness/random.ts';
import type { Workload } from '../harness/test.ts';
import type { Process } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { finalReads } from './final-reads.ts';
import { freshNumbers, runMemory, stream } from './run-memory.ts';

/** Keys that are read together. */
const groupSize = 10;

/** After the heal so many groups are read, those that came last. */
const finalGroupsMax = 10;

/** How many keys each run has written so far: they are numbered from 0. */
const keysWritten = runMemory(() => ({ count: 0 }));

const writing = (key: Value): OpDraft => ({ f: 'txn', value: [['w', key, 1]] });

const groupOf = (key: number): number => Math.floor(key / groupSize);

function reading(group: number, random: Random): OpDraft {
  const keys = Array.from({ length: groupSize }, (_, i) => group * groupSize + i);
  return { f: 'txn', value: random.shuffle(keys).map((key): Value => ['r', key, null]) };
}

/**
 * @param nextKey the key that is written next
 * @param written by process the key that it wrote last, where it has not read its group yet
 */
function ops(nextKey: number, written: ReadonlyMap<Process, number>): Generator {
  return {
    op(context) {
      if (context.free.length === 0) return ['pending', this];
      const random = context.stream(stream);
      const process = context.process(random.pick(context.free));
      const own = written.get(process);
      if (own !== undefined) {
        const others = new Map(written);
        others.delete(process);
        return [{ ...reading(groupOf(own), random), process }, ops(nextKey, others)];
      }
      if (nextKey > 0 && random.chance(1, 2)) {
        const group = groupOf(nextKey - 1);
        return [{ ...reading(Math.max(0, group - random.below(2)), random), process }, this];
      }
      const memory = keysWritten(context);
      memory.count = Math.max(memory.count, nextKey + 1);
      return [{ ...writing(nextKey), process }, ops(nextKey + 1, new Map(written).set(process, nextKey))];
    },
    update(_context, { type, process }) {
      // Its process is dead, and reads nothing.
      if (type !== 'info' || !written.has(process)) return this;
      const others = new Map(written);
      others.delete(process);
      return ops(nextKey, others);
    },
  };
}

const keyOfProbe = freshNumbers();
const probe = (context: Context): OpDraft => writing(`recovery ${keyOfProbe(context)}`);

export const longForkWorkload: Workload = {
  name: 'long-fork',
  summary: 'Single writes, and reads of groups of keys; no two reads may see two writes in different orders.',
  service: 'txn',
  create: ({ spec }) => ({
    generator: ops(0, new Map()),
    probes: [{ f: 'txn', generator: each(probe) }],
    finalReads: finalReads(spec, {
      range(context) {
        const groups = Math.ceil(keysWritten(context).count / groupSize);
        return [Math.max(0, groups - finalGroupsMax), groups];
      },
      read: (group, context) => reading(group, context.stream(stream)),
    }),
    checkers: [longFork],
  }),
};
