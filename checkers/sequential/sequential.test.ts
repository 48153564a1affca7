import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { History } from '../../history/history.ts';
import type { Value } from '../../history/value.ts';
import { counter } from '../linearizable/models/counter.ts';
import { fifoQueue } from '../linearizable/models/fifo-queue.ts';
import { kv } from '../linearizable/models/kv.ts';
import type { Model } from '../linearizable/models/model.ts';
import { mutex } from '../linearizable/models/mutex.ts';
import { casRegister, register } from '../linearizable/models/register.ts';
import { set } from '../linearizable/models/set.ts';
import { objectsOf } from '../linearizable/objects.ts';
import type { SequentialFailure } from './explain.ts';
import { programOf } from './program.ts';
import { saturate } from './saturation.ts';
import { search } from './search.ts';
import { checkSequential } from './sequential.ts';
import { settle } from './settle.ts';
import {
  isSequential,
  type PlainOp,
  plainCounter,
  plainKv,
  plainMutex,
  plainQueue,
  plainRegister,
  plainSet,
} from './testing/interleavings.ts';
import { type OpKind, type SmallProgram, smallPrograms } from './testing/small-programs.ts';
import { findWitness } from './witness.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 400);

const value = (a: number): Value => (a === 0 ? null : a);

const registers = (fs: readonly string[]): OpKind => ({
  model: plainRegister,
  fs,
  input: (f, a, b) => (f === 'read' ? null : f === 'write' ? value(a) : [value(b), value(a)]),
  output: (f, input, state) => {
    if (f === 'read') return state;
    if (f === 'cas' && (input as readonly Value[])[0] !== state) return undefined;
    return f === 'cas' ? (input as readonly Value[])[1]! : input;
  },
  lie: (f, input, a) => (f === 'read' ? value(a) : input),
});

const counters: OpKind = {
  model: plainCounter,
  fs: ['add', 'read'],
  input: (f, a) => (f === 'add' ? a - 1 : null),
  output: (f, input, state) => (f === 'add' ? input : state),
  lie: (f, input, a) => (f === 'add' ? input : a),
};

const queues: OpKind = {
  model: plainQueue,
  fs: ['enqueue', 'dequeue'],
  input: (f, a) => (f === 'enqueue' ? a : null),
  output: (f, input, state) => (f === 'enqueue' ? input : ((state as readonly Value[])[0] ?? null)),
  lie: (f, input, a) => (f === 'enqueue' ? input : a === 0 ? null : a),
};

const letters = 'abcdefghijklmnopqrst';
const maps: OpKind = {
  model: plainKv,
  fs: ['get', 'put', 'append'],
  input: (f, a) => (f === 'get' ? null : letters[a]!),
  output: (f, input, state) => (f === 'get' ? state : input),
  lie: (f, input, a) => (f === 'get' ? letters[a]! : input),
};

const mutexes: OpKind = {
  model: plainMutex,
  fs: ['acquire', 'release'],
  input: () => null,
  output: (f, _, state) => ((f === 'acquire') === (state === false) ? null : undefined),
  lie: () => null,
};

const sets: OpKind = {
  model: plainSet,
  fs: ['add', 'read'],
  input: (f, a) => (f === 'add' ? a : null),
  output: (f, input, state) => (f === 'add' ? input : state),
  lie: (f, input, a) => (f === 'add' ? input : [a]),
};

/** Numbers of the ops invoked on these lines. */
function numbersOf(history: History, lines: readonly number[]): number[] {
  const invocations = [...history.clientInvocations()];
  return lines.map((line) => invocations.indexOf(line));
}

/** All as if one process had done them, and all had happened. */
const inOneProcess = (ops: readonly PlainOp[]): PlainOp[] => ops.map((op) => ({ ...op, process: 0 }));

interface Case {
  readonly name: string;
  readonly kind: OpKind;
  readonly model: Model;
  readonly observeFailedCas?: boolean;
}

const cases: readonly Case[] = [
  { name: 'registers', kind: registers(['read', 'read', 'write']), model: register() },
  { name: 'cas registers', kind: registers(['read', 'read', 'write', 'cas']), model: casRegister() },
  {
    name: 'cas registers whose refusals count',
    kind: registers(['read', 'read', 'write', 'cas', 'cas']),
    model: casRegister(),
    observeFailedCas: true,
  },
  { name: 'counters', kind: counters, model: counter() },
  { name: 'queues', kind: queues, model: fifoQueue() },
  { name: 'maps', kind: maps, model: kv() },
  { name: 'mutexes', kind: mutexes, model: mutex() },
  { name: 'sets', kind: sets, model: set() },
];

describe.each(cases)('$name', ({ kind, model, observeFailedCas = false }) => {
  const small = smallPrograms(kind, observeFailedCas);
  const options = { model, observeFailedCas };
  const truthOf = ({ ops }: SmallProgram): boolean => isSequential(ops, kind.model);

  test('the verdict is that of trying all orders, and its evidence holds', () => {
    let valid = 0;
    let invalid = 0;
    fc.assert(
      fc.property(small, (one) => {
        const truth = truthOf(one);
        if (truth) valid++;
        else invalid++;
        const verdict = checkSequential(one.history, { ...options, order: true });
        expect(verdict.valid).toBe(truth);
        if (truth) expect(isOrder(one, verdict.order!)).toBe(true);
        else expectEvidence(one, verdict.failure!);
      }),
      { numRuns },
    );
    expect(Math.min(valid, invalid)).toBeGreaterThan(numRuns / 50);
  });

  /** Whether the lines are of all ops that returned and say something, and the ops in this order do what they did. */
  function isOrder({ ops, history }: SmallProgram, lines: readonly number[]): boolean {
    const numbers = numbersOf(history, lines);
    const ordered = numbers.map((number, process) => ({ ...ops[number]!, process, fate: ops[number]!.fate }));
    const isInOrder = numbers.every((number, at) =>
      numbers.slice(at + 1).every((later) => {
        const isCrashed = ops[later]!.fate === 'crashed';
        return (
          later > number || ops[later]!.process !== ops[number]!.process || isCrashed || ops[number]!.fate === 'crashed'
        );
      }),
    );
    return isInOrder && isSequential(inOneProcess(ordered), kind.model);
  }

  function expectEvidence({ ops, history }: SmallProgram, { minimal, conflict, story }: SequentialFailure): void {
    const only = (numbers: readonly number[]): boolean =>
      isSequential(
        numbers.map((number) => ops[number]!),
        kind.model,
      );
    const numbers = numbersOf(history, minimal);
    expect(only(numbers)).toBe(false);
    for (const one of numbers) expect(only(numbers.filter((other) => other !== one))).toBe(true);

    const told = new Set(numbersOf(history, conflict));
    const othersLetOff = ops.map((op, number): PlainOp => ({ ...op, isFree: !told.has(number) }));
    expect(isSequential(othersLetOff, kind.model)).toBe(false);
    expect(story.length).toBeGreaterThan(0);
  }

  test('each of the parts is right by itself', () => {
    let contradictions = 0;
    let witnesses = 0;
    fc.assert(
      fc.property(small, (one) => {
        const truth = truthOf(one);
        const program = programOf(objectsOf(one.history, observeFailedCas), model);
        const outcome = truth ? 'sequential' : 'impossible';
        expect(search(program, [], 100_000).outcome).toBe(outcome);
        const settled = settle(program);
        expect(search(settled, [], 100_000).outcome).toBe(outcome);
        const saturation = saturate(settled)!;
        if (saturation.contradiction !== undefined) {
          contradictions++;
          expect(truth).toBe(false);
        } else expect(search(settled, saturation.edges, 100_000).outcome).toBe(outcome);
        const inTime = saturate(settled, true)!;
        if (inTime.contradiction !== undefined) return;
        if (findWitness(settled, inTime.edges, 1_000).order !== undefined) {
          witnesses++;
          expect(truth).toBe(true);
        }
      }),
      { numRuns },
    );
    expect(witnesses).toBeGreaterThan(numRuns / 50);
    if (kind.fs.includes('write')) expect(contradictions).toBeGreaterThan(numRuns / 50);
  });
});
