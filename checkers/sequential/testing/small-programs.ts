/** Small histories by fast-check: ops done on plain objects in some order, and recorded in another that keeps the order within each process. */
import fc from 'fast-check';
import { History } from '../../../history/history.ts';
import type { Op } from '../../../history/op.ts';
import type { Value } from '../../../history/value.ts';
import type { PlainModel, PlainOp } from './interleavings.ts';

/** The ops of a kind of object. */
export interface OpKind {
  readonly model: PlainModel;
  readonly fs: readonly string[];
  /** What the op is given; `a` and `b` are drawn. */
  input(f: string, a: number, b: number): Value;
  /** What it returns in this state; undefined where it fails. */
  output(f: string, input: Value, state: Value): Value | undefined;
  /** A result that may be wrong. */
  lie(f: string, input: Value, a: number): Value;
}

interface Step {
  readonly process: number;
  readonly key: number;
  readonly f: number;
  readonly a: number;
  readonly b: number;
  /** Of 16: below the number of crashes it crashes. */
  readonly crash: number;
  /** Of 16: below the number of lies its result is made up. */
  readonly lie: number;
  /** Decides when a crashed op takes effect, if ever. */
  readonly late: number;
}

/** The ops, in the order of their invocations, and the history of them. */
export interface SmallProgram {
  readonly ops: readonly PlainOp[];
  readonly history: History;
}

export function smallPrograms(kind: OpKind, observeRefused = false): fc.Arbitrary<SmallProgram> {
  const shape = fc.record({
    processes: fc.constantFrom(1, 2, 2, 3, 3, 4),
    keys: fc.constantFrom(1, 1, 2, 2, 3),
    values: fc.integer({ min: 2, max: 5 }),
    crashes: fc.constantFrom(0, 0, 3, 6),
    lies: fc.constantFrom(0, 2, 4, 8),
    distinct: fc.boolean(),
  });
  return shape.chain(({ processes, keys, values, crashes, lies, distinct }) => {
    const below = (bound: number) => fc.integer({ min: 0, max: bound - 1 });
    const step = fc.record({
      process: below(processes),
      key: below(keys),
      f: below(kind.fs.length),
      a: below(values),
      b: below(values),
      crash: below(16),
      lie: below(16),
      late: below(8),
    });
    const steps = fc.noBias(fc.array(step, { minLength: 4, maxLength: 10 }));
    const turns = fc.noBias(fc.array(below(processes), { minLength: 40, maxLength: 40 }));
    return fc.tuple(steps, turns).map(([drawn, order]) => {
      const own = distinct ? drawn.map((one, index) => ({ ...one, a: index + 1, b: index + 20 })) : drawn;
      return record(perform(kind, own, { crashes, lies, observeRefused, values }), order);
    });
  });
}

interface Rates {
  readonly crashes: number;
  readonly lies: number;
  readonly observeRefused: boolean;
  readonly values: number;
}

/** The ops in the order in which their processes do them. Those that fail are left out. */
function perform(kind: OpKind, steps: readonly Step[], { crashes, lies, observeRefused, values }: Rates): PlainOp[] {
  const states = new Map<number, Value>();
  const stateOf = (key: number): Value => (states.has(key) ? states.get(key)! : kind.model.initial);
  const seen = new Map<string, Value>();
  const delayed: { readonly at: number; readonly op: PlainOp }[] = [];
  const done: PlainOp[] = [];
  steps.forEach(({ process, key, f: index, a, b, crash, lie, late }, turn) => {
    for (const { at, op } of delayed) {
      if (at === turn) states.set(op.key, kind.model.step(stateOf(op.key), op)[0]!);
    }
    const f = kind.fs[index]!;
    const saw = seen.get(`${process} ${key}`);
    const expected = typeof saw === 'number' && lie % 2 === 0 ? saw : b % values;
    const input = kind.input(f, a, expected);
    const crashed: PlainOp = { process, key, f, input, output: null, fate: 'crashed' };
    if (crash < crashes) {
      done.push(crashed);
      if (late < 6) delayed.push({ at: turn + 1 + late, op: crashed });
      return;
    }
    const output = kind.output(f, input, stateOf(key));
    if (output === undefined) {
      if (lie < lies) done.push({ ...crashed, output: kind.lie(f, input, a), fate: 'returned' });
      else if (observeRefused) done.push({ ...crashed, fate: 'refused' });
      return;
    }
    const op: PlainOp = { ...crashed, output, fate: 'returned' };
    states.set(key, kind.model.step(stateOf(key), op)[0]!);
    seen.set(`${process} ${key}`, output);
    done.push(lie < lies ? { ...op, output: kind.lie(f, input, a) } : op);
  });
  return done;
}

/** Lines in the order of these turns: a process that has a turn writes its next line. */
function record(done: readonly PlainOp[], turns: readonly number[]): SmallProgram {
  const queues = new Map<number, PlainOp[]>();
  for (const op of done) queues.set(op.process, [...(queues.get(op.process) ?? []), op]);
  const open = new Map<number, PlainOp>();
  const lines: Omit<Op, 'index' | 'time'>[] = [];
  const ops: PlainOp[] = [];
  const turn = (process: number): void => {
    const pending = open.get(process);
    if (pending !== undefined) {
      const { key, f, input, output, fate } = pending;
      const value = fate === 'returned' && output !== null ? output : input;
      if (fate === 'returned') lines.push({ process, type: 'ok', f, key, value: f === 'cas' ? input : value });
      else if (fate === 'refused') {
        lines.push({ process, type: 'fail', f, key, value: input, error: 'precondition-failed' });
      } else if (key % 2 === 0) lines.push({ process, type: 'info', f, key, value: input });
      open.delete(process);
      return;
    }
    const next = queues.get(process)?.shift();
    if (next === undefined) return;
    lines.push({ process, type: 'invoke', f: next.f, key: next.key, value: next.input });
    ops.push(next);
    open.set(process, next);
  };
  for (const process of turns) turn(process);
  for (const process of queues.keys()) {
    while (queues.get(process)!.length > 0 || open.has(process)) turn(process);
  }
  return { ops, history: History.from(lines.map((line, index) => ({ ...line, index, time: index }))) };
}
