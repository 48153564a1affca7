/**
 * Pairs of transactions of which at most one may insert its row, as Jepsen's tests/adya.clj has them (Adya's G2): both look whether the key
 * has a row in either of two tables, and one inserts into the first, the other into the second.
 */
import { writeSkew } from '../checkers/classic/write-skew.ts';
import { each } from '../harness/combinators.ts';
import type { Generator, OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';
import type { Value } from '../history/value.ts';
import { freshNumbers } from './run-memory.ts';

const inserting = (key: Value, id: number, table: number): OpDraft => ({
  f: 'insert',
  value: [key, table === 0 ? [id, null] : [null, id]],
});

/** Ids are 1, 2, 3, …; of each key there are two. */
function pairs(id: number): Generator {
  return {
    op(context) {
      if (context.free.length === 0) return ['pending', this];
      return [inserting(Math.ceil(id / 2), id, id % 2), pairs(id + 1)];
    },
    update() {
      return this;
    },
  };
}

const idOfProbe = freshNumbers();

export const writeSkewWorkload: Workload = {
  name: 'write-skew',
  summary: 'Pairs of inserts, each where there is no row yet; of each pair at most one may succeed (Adya G2).',
  service: 'rows',
  create: () => ({
    generator: pairs(1),
    probes: [
      {
        f: 'insert',
        generator: each((context) => {
          const id = idOfProbe(context);
          return inserting(`recovery ${id}`, id, 0);
        }),
      },
    ],
    checkers: [writeSkew],
  }),
};
