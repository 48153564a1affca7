/** Elements added to one set, each once, which all clients read at last, as Jepsen's `set` has it. */
import { set } from '../checkers/classic/set.ts';
import { each, eachThread, once } from '../harness/combinators.ts';
import type { Context, OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';
import { freshNumbers } from './run-memory.ts';

const element = freshNumbers();

const add = (context: Context): OpDraft => ({ f: 'add', value: element(context) });
const read: OpDraft = { f: 'read', value: null };

export const setWorkload: Workload = {
  name: 'set',
  summary: 'Adds to a set, and a read at the end, which must have every element whose add was acknowledged.',
  service: 'set',
  create() {
    return {
      generator: each(add),
      probes: [
        { f: 'add', generator: each(add) },
        { f: 'read', generator: each(() => read) },
      ],
      finalReads: eachThread(once(read)),
      checkers: [set],
    };
  },
};
