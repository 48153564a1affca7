/**
 * Rows with growing numbers, as Jepsen's `monotonic` of its tests of CockroachDB has them: each add inserts a row with a number greater than
 * all others and the timestamp of its transaction, and at last all rows are read in the order of their timestamps.
 */
import { monotonic } from '../checkers/classic/monotonic.ts';
import { eachThread, once, repeat } from '../harness/combinators.ts';
import type { OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';

const add: OpDraft = { f: 'add', value: null };
const read: OpDraft = { f: 'read', value: null };

export const monotonicWorkload: Workload = {
  name: 'monotonic',
  summary:
    'Inserts of rows with growing numbers; in the order of their timestamps the numbers must grow, and none be lost.',
  service: 'rows',
  create: () => ({
    generator: repeat(add),
    probes: [
      { f: 'add', generator: repeat(add) },
      { f: 'read', generator: repeat(read) },
    ],
    finalReads: eachThread(once(read)),
    checkers: [monotonic()],
  }),
};
