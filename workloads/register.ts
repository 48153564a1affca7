/**
 * Registers by key: reads, writes, and compare and set, as jepsen.tests.linearizable-register has them. Each key is
 * worked on by a group of clients on different nodes for a while, then the next. Values written to a key are distinct, and
 * cas expects what its process last saw, so that every stale read shows. With `--values small` there are five values.
 */

import { linearizable } from '../checkers/linearizable/linearizable.ts';
import { casRegister } from '../checkers/linearizable/models/register.ts';
import { each } from '../harness/combinators.ts';
import type { Generator, OpDraft } from '../harness/generator.ts';
import { unknownName } from '../harness/near.ts';
import { SpecError, type TestSpec } from '../harness/spec.ts';
import type { Probe, Workload } from '../harness/test.ts';
import type { Op, Process } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { independentObjects } from './independent-objects.ts';
import { stream } from './run-memory.ts';

const smallValues = 5;

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

const valuesChoices = ['distinct', 'small'];

function opsOf(spec: TestSpec): Generator {
  const { values = 'distinct' } = spec.options;
  if (!valuesChoices.includes(values)) throw new SpecError(unknownName('choice of values', values, valuesChoices));
  return values === 'small' ? smallOps : distinctOps(0, []);
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
    return {
      ...independentObjects({ spec, ops: opsOf(spec), read }),
      probes,
      checkers: [linearizable({ model: casRegister() })],
    };
  },
};
