/**
 * Rows that one client inserts one after the other, as Jepsen's `sequential` of its tests of CockroachDB has them: whoever sees one of a key
 * must see those inserted before it. Each row is inserted by an op of its own, the next only once that was acknowledged; a read
 * looks for them in the opposite order.
 */
import { sequential } from '../checkers/classic/sequential.ts';
import { each } from '../harness/combinators.ts';
import type { Generator, OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';
import type { Process } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { finalReads } from './final-reads.ts';
import { freshNumbers, runMemory, stream } from './run-memory.ts';

const rowsPerKey = 5;

/** Keys that are read under load: those begun last. */
const recentKeys = 10;
/** Keys that are read after the heal. */
const finalKeysMax = 64;

const lastFirst: readonly Value[] = Array.from({ length: rowsPerKey }, (_, i) => rowsPerKey - 1 - i);

const writing = (key: Value, row: number): OpDraft => ({ f: 'write', value: [key, row] });
const reading = (key: Value): OpDraft => ({ f: 'read', value: [key, lastFirst] });

/** How many keys each run has begun so far: they are numbered from 0. */
const keysBegun = runMemory(() => ({ count: 0 }));

interface Row {
  readonly key: number;
  readonly row: number;
}

/** @param due by process the row that it inserts next, where it is not to begin with another key */
function ops(nextKey: number, due: ReadonlyMap<Process, Row>): Generator {
  return {
    op(context) {
      if (context.free.length === 0) return ['pending', this];
      const random = context.stream(stream);
      const process = context.process(random.pick(context.free));
      if (nextKey > 0 && random.chance(1, 2)) {
        const key = nextKey - 1 - random.below(Math.min(nextKey, recentKeys));
        return [{ ...reading(key), process }, this];
      }
      const next = due.get(process);
      if (next !== undefined) return [{ ...writing(next.key, next.row), process }, this];
      const memory = keysBegun(context);
      memory.count = Math.max(memory.count, nextKey + 1);
      const begun = new Map(due).set(process, { key: nextKey, row: 0 });
      return [{ ...writing(nextKey, 0), process }, ops(nextKey + 1, begun)];
    },
    update(_context, { f, type, process }) {
      const current = due.get(process);
      if (current === undefined || type === 'invoke') return this;
      // A row that certainly was not inserted is tried again.
      if (type === 'fail' || (type === 'ok' && f === 'read')) return this;
      const changed = new Map(due);
      const { key, row } = current;
      if (type === 'ok' && row + 1 < rowsPerKey) changed.set(process, { key, row: row + 1 });
      else changed.delete(process);
      return ops(nextKey, changed);
    },
  };
}

const keyOfProbe = freshNumbers();

export const sequentialWorkload: Workload = {
  name: 'sequential',
  summary:
    'Rows inserted one after the other, and looked for in the opposite order; who sees one must see those before it.',
  service: 'rows',
  create: ({ spec }) => ({
    generator: ops(0, new Map()),
    probes: [
      { f: 'write', generator: each((context) => writing(`recovery ${keyOfProbe(context)}`, 0)) },
      { f: 'read', generator: each(() => reading('recovery')) },
    ],
    finalReads: finalReads(spec, {
      range(context) {
        const { count } = keysBegun(context);
        return [Math.max(0, count - finalKeysMax), count];
      },
      read: reading,
    }),
    checkers: [sequential],
  }),
};
