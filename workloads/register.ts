/**
 * Registers by key: reads, writes, and compare and set, as jepsen.tests.linearizable-register has them. Each key is
 * worked on by a group of clients on different nodes for a while, then the next. Values written to a key are distinct, and
 * cas expects what its process last saw, so that every stale read shows. With `--values small` there are five values.
 */

import { linearizable } from '../checkers/linearizable/linearizable.ts';
import { casRegister } from '../checkers/linearizable/models/register.ts';
import { concurrent, each, eachThread, limit } from '../harness/combinators.ts';
import type { Context, Generator, OpDraft } from '../harness/generator.ts';
import { unknownName } from '../harness/near.ts';
import type { Random } from '../harness/random.ts';
import { SpecError, type TestSpec } from '../harness/spec.ts';
import type { Probe, Workload } from '../harness/test.ts';
import type { Op, Process } from '../history/op.ts';
import type { Value } from '../history/value.ts';

/** So many ops on a key bound what its check may cost. */
const opsPerKey = 200;
const smallValues = 5;

/** After the heal the keys begun last are read, by as many nodes each. */
const finalKeysMax = 64;
const finalReadsPerKey = 3;

const stream = 'workload';

const read: OpDraft = { f: 'read', value: null };

/** What a process knows its key to have been. */
interface Sight {
  readonly process: Process;
  readonly value: Value;
}

/**
 * Ops on one key, without end: half of them reads, a quarter writes, a quarter cas. A process that has seen nothing
 * yet writes where it would cas.
 *
 * @param written how many values were written so far: 1, 2, … are the values
 * @param seen by position of the thread in reach
 */
function distinctOps(written: number, seen: readonly (Sight | undefined)[]): Generator {
  return {
    op(context) {
      const { free } = context;
      if (free.length === 0) return ['pending', this];
      const random = context.stream(stream);
      const thread = free.length === 1 ? free[0]! : random.pick(free);
      const process = context.process(thread);
      const choice = random.below(4);
      if (choice < 2) return [{ f: 'read', value: null, process }, this];
      const sight = choice === 3 ? seen[context.threads.indexOf(thread)] : undefined;
      const value = written + 1;
      // An earlier process of the thread may have seen something; its successor has not.
      const cas = sight !== undefined && sight.process === process;
      const op = cas ? { f: 'cas', value: [sight.value, value], process } : { f: 'write', value, process };
      return [op, distinctOps(value, seen)];
    },
    update(context, event) {
      if (event.type !== 'ok') return this;
      const value = valueSeen(event);
      const thread = context.thread(event.process);
      if (value === null || thread === undefined) return this;
      const next = seen.slice();
      next[context.threads.indexOf(thread)] = { process: event.process, value };
      return distinctOps(written, next);
    },
  };
}

/** What the key held at some moment of an op that was ok. */
const valueSeen = ({ f, value }: Op): Value => (f === 'cas' ? (value as readonly [Value, Value])[1] : value);

const smallOps: Generator = each((context) => {
  const random = context.stream(stream);
  const choice = random.below(4);
  if (choice < 2) return read;
  if (choice === 2) return { f: 'write', value: random.below(smallValues) };
  return { f: 'cas', value: [random.below(smallValues), random.below(smallValues)] };
});

/**
 * The keys each run has begun, the last ones, oldest first. The final reads are a generator of their own, which is not
 * told what happened before it; so this is kept beside the generators, for each run by one of its streams, which no other
 * run shares. It only grows, and asking a generator twice does not change it.
 */
const keysBegun = new WeakMap<Random, Value[]>();

function keysOf(context: Context): Value[] {
  const run = context.stream(stream);
  let keys = keysBegun.get(run);
  if (keys === undefined) {
    keys = [];
    keysBegun.set(run, keys);
  }
  return keys;
}

/** The generator, noting its key with the first op. */
function noting(key: Value, generator: Generator): Generator {
  return {
    op(context) {
      const emission = generator.op(context);
      const keys = keysOf(context);
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
function finalReadsFrom(position: number, readers: number): Generator {
  return {
    op(context) {
      const keys = keysOf(context);
      const thread = context.threads[0];
      if (typeof thread !== 'number' || thread >= readers) return null;
      for (let i = position; i < keys.length; i++) {
        const turn = (thread + readers - (i % readers)) % readers;
        if (turn < finalReadsPerKey) return [{ ...read, key: keys[i]! }, finalReadsFrom(i + 1, readers)];
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

const valuesChoices = ['distinct', 'small'];

function opsOf(spec: TestSpec): Generator {
  const { values = 'distinct' } = spec.options;
  if (!valuesChoices.includes(values)) throw new SpecError(unknownName('choice of values', values, valuesChoices));
  return limit(opsPerKey, values === 'small' ? smallOps : distinctOps(0, []));
}

/** A key that only the probes use: a cluster that serves again takes writes and answers reads. */
const probeKey = 'recovery';
const probes: readonly Probe[] = [
  {
    f: 'write',
    generator: each((context) => ({ f: 'write', key: probeKey, value: context.stream(stream).below(1_000_000_000) })),
  },
  { f: 'read', generator: each(() => ({ ...read, key: probeKey })) },
];

export const registerWorkload: Workload = {
  name: 'register',
  summary: 'Reads, writes, and compare and set on independent registers; checked for linearizability.',
  service: 'register',
  create({ spec }) {
    const ops = opsOf(spec);
    return {
      generator: concurrent({
        threadsPerKey: threadsPerKey(spec),
        keys: (ordinal) => ordinal,
        generator: (key) => noting(key, ops),
      }),
      probes,
      // Thread i talks to node i mod n: so these are on different nodes.
      finalReads: eachThread(finalReadsFrom(0, Math.min(spec.concurrency, spec.nodes))),
      checkers: [linearizable({ model: casRegister() })],
    };
  },
};
