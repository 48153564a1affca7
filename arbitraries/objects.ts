/** Objects that clients may share, as one process at a time would use them: their sequential specifications. */
import fc from 'fast-check';
import type { Value } from '../history/value.ts';

/** What a client asks for. */
export interface Asked {
  readonly f: string;
  readonly value: Value;
}

/** What an op leaves behind, and what it returns. */
export interface Done<State> {
  readonly state: State;
  readonly value: Value;
}

export interface SequentialObject<State> {
  readonly initial: State;
  /** What clients may ask for. */
  readonly asks: fc.Arbitrary<Asked>;
  /** What comes of it; undefined where the object refuses, so that nothing changes and the op fails. Leaves `state` as it is. */
  apply(state: State, asked: Asked, process: number): Done<State> | undefined;
}

const valueMax = 4;

const value = fc.nat({ max: valueMax });

const ask = (f: string, of: fc.Arbitrary<Value> = fc.constant(null)): fc.Arbitrary<Asked> =>
  of.map((given) => ({ f, value: given }));

function register(asks: fc.Arbitrary<Asked>): SequentialObject<Value> {
  return {
    initial: null,
    asks,
    apply(state, { f, value: given }) {
      if (f === 'read') return { state, value: state };
      if (f === 'write') return { state: given, value: given };
      const [expected, replacement] = given as readonly [Value, Value];
      return state === expected ? { state: replacement, value: given } : undefined;
    },
  };
}

const readOrWrite = fc.oneof(ask('read'), ask('write', value));

/** A queue, a stack, or a bag: `place` says which of so many elements is taken. Of an empty one nil is taken. */
const collection = (
  put: string,
  take: string,
  place: (length: number) => number,
): SequentialObject<readonly Value[]> => ({
  initial: [],
  asks: fc.oneof(ask(take), ask(put, value)),
  apply(elements, { f, value: given }) {
    if (f === put) return { state: [...elements, given], value: given };
    if (elements.length === 0) return { state: elements, value: null };
    const taken = place(elements.length);
    return { state: elements.filter((_, at) => at !== taken), value: elements[taken]! };
  },
});

const set: SequentialObject<readonly Value[]> = {
  initial: [],
  asks: fc.oneof(ask('read'), ask('contains', value), ask('add', value), ask('remove', value)),
  apply(elements, { f, value: given }) {
    if (f === 'read') return { state: elements, value: elements };
    if (f === 'contains') return { state: elements, value: elements.includes(given) };
    const others = elements.filter((element) => element !== given);
    return { state: f === 'add' ? [...others, given] : others, value: given };
  },
};

const counter: SequentialObject<number> = {
  initial: 0,
  asks: fc.oneof(ask('read'), ask('add', value)),
  apply(sum, { f, value: given }) {
    return f === 'read' ? { state: sum, value: sum } : { state: sum + (given as number), value: given };
  },
};

const kv: SequentialObject<string> = {
  initial: '',
  asks: fc.oneof(ask('get'), ask('put', fc.constantFrom('a', 'b')), ask('append', fc.constantFrom('a', 'b'))),
  apply(text, { f, value: given }) {
    if (f === 'get') return { state: text, value: text };
    return { state: f === 'put' ? (given as string) : text + (given as string), value: given };
  },
};

interface Lock {
  /** The process that holds it. */
  readonly owner: number | undefined;
  /** The token of whoever acquired it last. */
  readonly fence: number;
}

/** A lock that refuses whoever comes while it is held. */
const lock = (owned: boolean, fenced: boolean): SequentialObject<Lock> => ({
  initial: { owner: undefined, fence: 0 },
  asks: fc.oneof(ask('acquire'), ask('release')),
  apply({ owner, fence }, { f }, process) {
    if (f === 'acquire') {
      if (owner !== undefined) return undefined;
      return { state: { owner: process, fence: fence + 1 }, value: fenced ? fence + 1 : null };
    }
    if (owner === undefined || (owned && owner !== process)) return undefined;
    return { state: { owner: undefined, fence }, value: null };
  },
});

/** Objects by name, each that of the model that judges it. Values are from 0 to 4, so that they repeat. */
export const sequentialObjects = {
  register: register(readOrWrite),
  'cas-register': register(fc.oneof(readOrWrite, ask('cas', fc.tuple(value, value)))),
  mutex: lock(false, false),
  'owner-mutex': lock(true, false),
  'fenced-mutex': lock(true, true),
  'fifo-queue': collection('enqueue', 'dequeue', () => 0),
  'unordered-queue': collection('enqueue', 'dequeue', (length) => length >>> 1),
  stack: collection('push', 'pop', (length) => length - 1),
  set,
  counter,
  kv,
} as const;

export type ObjectName = keyof typeof sequentialObjects;
