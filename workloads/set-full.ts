/**
 * Elements added to sets and read all the time, as Jepsen's `set-full` has it: so it shows when an element became visible, and whether it
 * was ever gone again. Each set is worked on for a while, since every read returns all of it.
 */
import { setFull } from '../checkers/classic/set-full.ts';
import { linearizable } from '../checkers/linearizable/linearizable.ts';
import { set } from '../checkers/linearizable/models/set.ts';
import { each } from '../harness/combinators.ts';
import type { Context, OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';
import { independentObjects } from './independent-objects.ts';
import { freshNumbers, stream } from './run-memory.ts';

const element = freshNumbers();

const add = (context: Context): OpDraft => ({ f: 'add', value: element(context) });
const read: OpDraft = { f: 'read', value: null };

/** A set that only the probes use. */
const probeKey = 'recovery';

export const setFullWorkload: Workload = {
  name: 'set-full',
  summary: 'Adds to sets and reads of them; no element may be lost, nor seen late or not at all by a later read.',
  service: 'set',
  create({ spec }) {
    const ops = each((context) => (context.stream(stream).chance(1, 2) ? add(context) : read));
    return {
      ...independentObjects({ spec, ops, read }),
      probes: [
        { f: 'add', generator: each((context) => ({ ...add(context), key: probeKey })) },
        { f: 'read', generator: each(() => ({ ...read, key: probeKey })) },
      ],
      checkers: [setFull({ linearizable: true }), linearizable({ model: set() })],
    };
  },
};
