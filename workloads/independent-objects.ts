/**
 * Workloads on objects that have nothing to do with each other, as jepsen.independent has them: each key is worked on by a group of
 * clients on different nodes for a while, then the next; at last the keys begun last are read.
 */
import { concurrent, eachThread, limit } from '../harness/combinators.ts';
import type { Generator, OpDraft } from '../harness/generator.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { Value } from '../history/value.ts';
import { runMemory } from './run-memory.ts';

/** So many ops on a key bound what its check may cost. */
const opsPerKey = 200;

/** After the heal the keys begun last are read, by as many nodes each. */
const finalKeysMax = 64;
const finalReadsPerKey = 3;

export interface IndependentObjects {
  readonly spec: TestSpec;
  /** What is done to each key, without end. */
  readonly ops: Generator;
  /** Reads a whole object. */
  readonly read: OpDraft;
}

/** The keys are 0, 1, 2, … */
export function independentObjects({ spec, ops, read }: IndependentObjects): {
  readonly generator: Generator;
  readonly finalReads: Generator;
} {
  return {
    generator: oneAfterTheOther(spec, (key) => noting(key, ops)),
    // Thread i talks to node i mod n: so these are on different nodes.
    finalReads: eachThread(finalReadsFrom(0, Math.min(spec.concurrency, spec.nodes), read)),
  };
}

/** The same for objects that nothing reads. */
export const independentOps = (spec: TestSpec, ops: Generator): Generator => oneAfterTheOther(spec, () => ops);

const oneAfterTheOther = (spec: TestSpec, opsOn: (key: Value) => Generator): Generator =>
  concurrent({
    threadsPerKey: threadsPerKey(spec),
    keys: (ordinal) => ordinal,
    generator: (key) => limit(opsPerKey, opsOn(key)),
  });

/** The keys each run has begun, the last ones, oldest first. */
const keysBegun = runMemory((): Value[] => []);

/** The generator, noting its key with the first op. */
function noting(key: Value, generator: Generator): Generator {
  return {
    op(context) {
      const emission = generator.op(context);
      const keys = keysBegun(context);
      if (emission === null || emission[0] === 'pending' || keys.includes(key)) return emission;
      keys.push(key);
      if (keys.length > finalKeysMax) keys.shift();
      return emission;
    },
    update(context, event) {
      const next = generator.update(context, event);
      return next === generator ? this : noting(key, next);
    },
  };
}

/** The reads, from a position in the run's keys on, of the one thread in reach. Key i goes to readers i, i + 1, … */
function finalReadsFrom(position: number, readers: number, read: OpDraft): Generator {
  return {
    op(context) {
      const keys = keysBegun(context);
      const thread = context.threads[0];
      if (typeof thread !== 'number' || thread >= readers) return null;
      for (let i = position; i < keys.length; i++) {
        const turn = (thread + readers - (i % readers)) % readers;
        if (turn < finalReadsPerKey) return [{ ...read, key: keys[i]! }, finalReadsFrom(i + 1, readers, read)];
      }
      return null;
    },
    update() {
      return this;
    },
  };
}

/** As many as there are nodes, from 3 to 10, and one more each where they would not come out even. */
function threadsPerKey({ concurrency, nodes }: TestSpec): number {
  const groups = Math.max(1, Math.floor(concurrency / Math.min(Math.max(nodes, 3), 10)));
  return Math.ceil(concurrency / groups);
}
