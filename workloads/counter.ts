/**
 * Counters, to which 1 to 5 is added and which are read, as Jepsen's `counter` has it; each for a while, which bounds what crashed adds
 * leave open. Whether all reads fit together is not asked: with crashed adds of several sizes that can cost too much.
 */
import { counter } from '../checkers/classic/counter.ts';
import { each } from '../harness/combinators.ts';
import type { Context, OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';
import { independentObjects } from './independent-objects.ts';
import { stream } from './run-memory.ts';

const deltaMax = 5;

const add = (context: Context): OpDraft => ({ f: 'add', value: context.stream(stream).between(1, deltaMax) });
const read: OpDraft = { f: 'read', value: null };

/** A counter that only the probes use. */
const probeKey = 'recovery';

export const counterWorkload: Workload = {
  name: 'counter',
  summary: 'Adds to counters and reads of them; each read must lie within the bounds of that moment.',
  service: 'counter',
  create({ spec }) {
    const ops = each((context) => (context.stream(stream).chance(1, 2) ? add(context) : read));
    return {
      ...independentObjects({ spec, ops, read }),
      probes: [
        { f: 'add', generator: each((context) => ({ ...add(context), key: probeKey })) },
        { f: 'read', generator: each(() => ({ ...read, key: probeKey })) },
      ],
      checkers: [counter()],
    };
  },
};
