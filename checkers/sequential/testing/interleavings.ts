/**
 * The obvious checker: every order of the ops that keeps the order within each process, each object a plain value. Exponential; shares
 * nothing with the search.
 */
import type { Value } from '../../../history/value.ts';

export interface PlainOp {
  readonly process: number;
  readonly key: number;
  readonly f: string;
  readonly input: Value;
  /** What it returned. */
  readonly output: Value;
  /** `crashed`: its outcome is not known. `refused`: a cas that found another value, where that counts as an observation. */
  readonly fate: 'returned' | 'crashed' | 'refused';
  /** It may happen or not, at any time, whatever its process does. */
  readonly isFree?: boolean;
}

/** What an object may hold after the op, if it went as it did; nothing where it cannot have. */
export type PlainStep = (state: Value, op: PlainOp) => readonly Value[];

export interface PlainModel {
  readonly initial: Value;
  readonly step: PlainStep;
}

/** The ops in the order of their invocations. */
export function isSequential(ops: readonly PlainOp[], { initial, step }: PlainModel): boolean {
  const failed = new Set<string>();
  const search = (done: readonly boolean[], states: readonly Value[]): boolean => {
    if (ops.every((op, index) => done[index] || op.fate === 'crashed' || op.isFree)) return true;
    const here = JSON.stringify([done, states]);
    if (failed.has(here)) return false;
    for (const [index, op] of ops.entries()) {
      const isNext = ops.every(
        (other, earlier) =>
          earlier >= index || done[earlier] || other.process !== op.process || other.fate === 'crashed' || other.isFree,
      );
      if (done[index] || !(isNext || op.isFree)) continue;
      for (const state of step(states[op.key] ?? initial, op)) {
        const after = states.slice();
        after[op.key] = state;
        if (search(done.with(index, true), after)) return true;
      }
    }
    failed.add(here);
    return false;
  };
  const keys = Math.max(0, ...ops.map(({ key }) => key + 1));
  return search(
    ops.map(() => false),
    Array.from({ length: keys }, () => initial),
  );
}

const same = (a: Value, b: Value): boolean => JSON.stringify(a) === JSON.stringify(b);

export const plainRegister: PlainModel = {
  initial: null,
  step: (state, { f, input, output, fate }) => {
    if (f === 'read') return fate === 'crashed' || same(state, output) ? [state] : [];
    if (f === 'write') return [input];
    const [expected, replacement] = input as readonly [Value, Value];
    const matches = same(state, expected);
    if (fate === 'refused') return matches ? [] : [state];
    if (matches) return [replacement];
    return fate === 'crashed' ? [state] : [];
  },
};

export const plainCounter: PlainModel = {
  initial: 0,
  step: (state, { f, input, output, fate }) => {
    if (f === 'add') return [(state as number) + (input as number)];
    return fate === 'crashed' || same(state, output) ? [state] : [];
  },
};

export const plainQueue: PlainModel = {
  initial: [],
  step: (state, { f, input, output, fate }) => {
    const queue = state as readonly Value[];
    if (f === 'enqueue') return [[...queue, input]];
    const head = queue.length === 0 ? null : queue[0]!;
    return fate === 'crashed' || same(head, output) ? [queue.slice(1)] : [];
  },
};

export const plainKv: PlainModel = {
  initial: '',
  step: (state, { f, input, output, fate }) => {
    if (f === 'get') return fate === 'crashed' || same(state, output) ? [state] : [];
    return [f === 'put' ? input : `${state}${input}`];
  },
};

export const plainMutex: PlainModel = {
  initial: false,
  step: (state, { f, fate }) => {
    if (f === 'acquire') return state === false ? [true] : fate === 'crashed' ? [state] : [];
    return state === true ? [false] : fate === 'crashed' ? [state] : [];
  },
};

/** A set that is read whole. */
export const plainSet: PlainModel = {
  initial: [],
  step: (state, { f, input, output, fate }) => {
    const elements = state as readonly number[];
    if (f === 'add') return [[...new Set([...elements, input as number])].sort()];
    return fate === 'crashed' || same(state, output) ? [state] : [];
  },
};
