/**
 * Writes of which a later one must not be seen without an earlier one, as Jepsen's tests/causal_reverse.clj has them: values are
 * written once each, and all are read at once; each key for a while, since every read returns all of it.
 */
import { causalReverse } from '../checkers/classic/causal-reverse.ts';
import { each } from '../harness/combinators.ts';
import type { Context, OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';
import { independentObjects } from './independent-objects.ts';
import { freshNumbers, stream } from './run-memory.ts';

const value = freshNumbers();

const write = (context: Context): OpDraft => ({ f: 'write', value: value(context) });
const read: OpDraft = { f: 'read', value: null };

/** A key that only the probes use. */
const probeKey = 'recovery';

export const causalReverseWorkload: Workload = {
  name: 'causal-reverse',
  summary: 'Writes of values, and reads of all; whoever sees a write must see those acknowledged before it began.',
  service: 'set',
  create({ spec }) {
    const ops = each((context) => (context.stream(stream).chance(1, 2) ? write(context) : read));
    return {
      ...independentObjects({ spec, ops, read }),
      probes: [
        { f: 'write', generator: each((context) => ({ ...write(context), key: probeKey })) },
        { f: 'read', generator: each(() => ({ ...read, key: probeKey })) },
      ],
      checkers: [causalReverse],
    };
  },
};
