import { describe, expect, test } from 'vitest';
import { Keyword, type Value, ValueSet } from '../../../history/value.ts';
import { CRASHED } from '../calls.ts';
import { objectsOf } from '../objects.ts';
import { expectAgreement } from '../testing/agreement.ts';
import { historyOf } from '../testing/history-of.ts';
import { applyCall, type Specification } from '../testing/permutations.ts';
import { type Player, playedHistories } from '../testing/played-histories.ts';
import { bagPlayer, fifoQueuePlayer, setPlayer, stackPlayer } from '../testing/players.ts';
import { anySmallHistory } from '../testing/small-histories.ts';
import {
  bagSpecification,
  fifoQueueSpecification,
  setSpecification,
  stackSpecification,
} from '../testing/specifications.ts';
import { refusalOf, sequential, statesOf, verdictOf, wordsOf } from '../testing/verdict-of.ts';
import { defineModel, illegal, type ModelDefinition, type ObservedCall } from './define-model.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 800);

const isNothing = (output: Value): boolean => output === null || output === 'empty';

const casRegister: ModelDefinition<Value> = {
  name: 'my-register',
  fs: ['read', 'write', 'cas'],
  init: null,
  step(state, { f, input, output, fate }) {
    if (f === 'read') return fate === 'crashed' || output === state ? state : illegal;
    if (f === 'write') return input;
    const [from, to] = input as readonly [Value, Value];
    if (fate === 'refused') return state === from ? illegal : state;
    return state === from ? to : fate === 'crashed' ? state : illegal;
  },
};

const claims = {
  readOnly: ({ f, fate }: ObservedCall) => f === 'read' || fate === 'refused',
  total: ({ f }: ObservedCall) => f === 'write',
  overwrites: ({ f }: ObservedCall) => f === 'write',
};

const queue: ModelDefinition<readonly Value[]> = {
  name: 'my-queue',
  fs: ['enqueue', 'dequeue'],
  init: [],
  step(elements, { f, input, output, fate }) {
    if (f === 'enqueue') return [...elements, input];
    if (fate === 'returned' && isNothing(output)) return elements.length === 0 ? elements : illegal;
    if (fate === 'returned' && elements[0] !== output) return illegal;
    return elements.slice(1);
  },
};

const bag: ModelDefinition<readonly Value[]> = {
  name: 'my-bag',
  fs: ['enqueue', 'dequeue'],
  init: [],
  steps(elements, { f, input, output, fate }) {
    if (f === 'enqueue') return [[...elements, input]];
    const without = (index: number): Value[] => elements.filter((_, at) => at !== index);
    if (fate === 'crashed') return elements.length === 0 ? [elements] : elements.map((_, index) => without(index));
    if (isNothing(output)) return elements.length === 0 ? [elements] : [];
    return elements.includes(output) ? [without(elements.indexOf(output))] : [];
  },
  equal: (one, other) => `${[...one].sort()}` === `${[...other].sort()}`,
  hash: (elements) => elements.length,
};

interface Stack {
  readonly top: Value;
  readonly below: Stack | null;
}

const stack: ModelDefinition<Stack | null> = {
  name: 'my-stack',
  fs: ['push', 'pop'],
  init: null,
  step(state, { f, input, output, fate }) {
    if (f === 'push') return { top: input, below: state };
    if (fate === 'crashed') return state === null ? null : state.below;
    if (isNothing(output)) return state === null ? null : illegal;
    return state !== null && state.top === output ? state.below : illegal;
  },
  key: (state) => JSON.stringify(state),
};

const set: ModelDefinition<ReadonlySet<Value>> = {
  name: 'my-set',
  fs: ['add', 'remove', 'contains', 'read'],
  init: new Set(),
  step(elements, { f, input, output, fate }) {
    const answer = Array.isArray(output) && f !== 'read' ? (output[1] as Value) : output;
    const has = elements.has(input);
    const returned = fate === 'returned';
    if (f === 'read') {
      const read = output as readonly Value[];
      const isSame = returned && read.length === elements.size && read.every((element) => elements.has(element));
      return (isSame && new Set(read).size === read.length) || !returned ? elements : illegal;
    }
    if (f === 'contains') return !returned || answer === has ? elements : illegal;
    if (returned && typeof answer === 'boolean' && answer === (f === 'add' ? has : !has)) return illegal;
    const next = new Set(elements);
    if (f === 'add') next.add(input);
    else next.delete(input);
    return next;
  },
};

const registerSpecification: Specification = {
  initial: () => [null],
  after(calls, call, state) {
    const next = applyCall(calls, call, state);
    return next === undefined ? [] : [next];
  },
};

/** A register that may lose a write. */
const forgetful: ModelDefinition<Value> = {
  name: 'forgetful',
  fs: ['read', 'write'],
  init: 0,
  steps(state, { f, input, output, fate }) {
    if (f === 'write') return [input, state];
    return fate === 'crashed' || output === state ? [state] : [];
  },
};

const forgetfulSpecification: Specification = {
  initial: () => [0],
  after({ f, input, output, fate }, call, state) {
    if (f[call] === 'write') return [state, input[call]!];
    return fate[call] === CRASHED || output[call] === state ? [state] : [];
  },
};

const forgetfulPlayer: Player = {
  values: 3,
  create() {
    let held: Value = 0;
    let turn = 0;
    return (f, input) => {
      if (f === 'read') return held;
      if (turn++ % 3 !== 0) held = input;
      return null;
    };
  },
  ask: (kind, value) => (kind < 128 ? { f: 'read', input: null } : { f: 'write', input: value }),
  lie: (f, _, output, value) => (f === 'read' ? value : output),
};

describe('models of one’s own agree with all permutations of a plain specification', () => {
  test.each([
    ['a register', defineModel(casRegister), registerSpecification, anySmallHistory, true],
    [
      'a register of which is claimed what is so',
      defineModel({ ...casRegister, ...claims }),
      registerSpecification,
      anySmallHistory,
      true,
    ],
    ['a queue', defineModel(queue), fifoQueueSpecification, playedHistories(fifoQueuePlayer), false],
    ['a stack with a key', defineModel(stack), stackSpecification, playedHistories(stackPlayer), false],
    [
      'a bag that leaves one of several states, with equality and hash',
      defineModel(bag),
      bagSpecification,
      playedHistories(bagPlayer),
      false,
    ],
    [
      'a register that loses writes',
      defineModel(forgetful),
      forgetfulSpecification,
      playedHistories(forgetfulPlayer),
      true,
    ],
    ['a set made of a Set', defineModel(set), setSpecification, playedHistories(setPlayer(true)), true],
  ])(
    '%s',
    (_, model, specification, histories, bracket) => {
      expectAgreement(model, specification, histories, numRuns, bracket);
    },
    3_600_000,
  );

  test('whatever they look at: also the process, if they say so', () => {
    const turns = (looksAtProcess: boolean) =>
      defineModel<number | null>({
        name: 'turns',
        fs: ['turn'],
        init: null,
        looksAtProcess,
        step: (last, { process }) => (process !== null && process === last ? illegal : process),
      });
    const twice = '0 invoke turn\n0 ok turn\n0 invoke turn\n0 ok turn';
    const inTurn = '0 invoke turn\n0 ok turn\n1 invoke turn\n1 ok turn\n0 invoke turn\n0 ok turn';
    expect(verdictOf(turns(true), inTurn)).toBe(true);
    expect(verdictOf(turns(true), twice)).toBe(false);
    expect(verdictOf(turns(false), twice)).toBe(true);
  });

  test('whatever is claimed of ops, and nothing else', () => {
    const calls = objectsOf(historyOf('0 invoke write 1\n0 ok write 1\n0 invoke read\n0 ok read 1')).calls[0]!;
    const flagsOf = (definition: ModelDefinition<Value>): boolean[][] => {
      const { automaton, op } = defineModel(definition).compile(calls);
      return Array.from(op, (one) => [automaton.readOnly(one), automaton.total(one), automaton.overwrites(one)]);
    };
    expect(flagsOf(casRegister)).toEqual([
      [false, false, false],
      [false, false, false],
    ]);
    expect(flagsOf({ ...casRegister, ...claims })).toEqual([
      [false, true, true],
      [true, false, false],
    ]);
  });
});

describe('states', () => {
  const holder = (init: unknown, values: readonly unknown[]) =>
    defineModel<unknown>({
      name: 'holder',
      fs: ['hold'],
      init,
      step: (_, { input }) => values[input as number],
      describe: () => 'something',
    });
  const statesAfter = (values: readonly unknown[]): number[] => {
    const ops = values.map((_, index) => ['hold', index, null] as const);
    const model = holder(null, values);
    const length = ops.length;
    const { automaton, op } = model.compile({
      length,
      invocation: Int32Array.from(ops.keys()),
      completion: Int32Array.from(ops.keys()),
      fate: new Uint8Array(length),
      process: new Int32Array(length),
      f: ops.map(() => 'hold'),
      input: [...ops.keys()],
      output: ops.map(() => null),
      events: new Int32Array(0),
    });
    return [...op].map((number) => automaton.step(automaton.initial, number));
  };

  test('are the same if they are made of the same', () => {
    const [a, b, c, d, e] = statesAfter([
      { x: 1, y: [new Map([[1, new Set([1, 2])]])] },
      { y: [new Map([[1, new Set([2, 1])]])], x: 1 },
      { x: 1, y: [new Map([[1, new Set([2])]])] },
      new ValueSet([1, Keyword.of('a')]),
      new ValueSet([Keyword.of('a'), 1]),
    ]);
    expect(a).toBe(b);
    expect(d).toBe(e);
    expect(new Set([a, c, d]).size).toBe(3);
  });

  test('are not the same if they only look like it', () => {
    const alike = [
      1,
      '1',
      1n,
      [1],
      [[1]],
      { 1: 1 },
      new Map([[1, 1]]),
      new Set([1]),
      null,
      [null],
      undefined,
      [undefined],
      '',
      [],
      {},
      'undefined',
      '1n',
      true,
      Number.NaN,
    ];
    const values = alike.filter((value) => value !== undefined);
    expect(new Set(statesAfter(values)).size).toBe(values.length);
    expect(new Set(statesAfter(values.map((value) => [value, undefined]))).size).toBe(values.length);
  });

  test('must be made of plain values, or have a key', () => {
    class Point {
      readonly x = 1;
    }
    for (const state of [new Point(), new Date(0), () => 1, Symbol('a'), [new Point()]]) {
      expect(() => statesAfter([state])).toThrow(
        'a state of the model holder is no plain value; give key, or equal and hash',
      );
    }
  });
});

describe('a definition is refused', () => {
  test('where parts of it contradict each other', () => {
    const { step, ...rest } = queue as ModelDefinition<readonly Value[]> & { step: unknown };
    expect(() => defineModel(rest as never)).toThrow('the model my-queue has neither step nor steps; give one');
    expect(() => defineModel({ ...rest, step, steps: step } as never)).toThrow('has both step and steps; give one');
    expect(() => defineModel({ ...queue, key: String, equal: () => true })).toThrow('has both key and equal; give one');
    expect(() => defineModel({ ...queue, hash: () => 1 })).toThrow('has a hash without equal; give both, or key');
  });

  test('where a step answers nothing, or no list', () => {
    const one = sequential(['go', 1, null]);
    const model = (answer: unknown, name: 'step' | 'steps') =>
      defineModel({ name: 'lazy', fs: ['go'], init: 0, [name]: () => answer } as never);
    expect(() => verdictOf(model(undefined, 'step'), one)).toThrow(
      'step of the model lazy, asked for go of 1, answered nothing; expected a state, or illegal',
    );
    expect(() => verdictOf(model(undefined, 'steps'), one)).toThrow(
      'steps of the model lazy, asked for go of 1, answered nothing; expected a list of states',
    );
    expect(() => verdictOf(model(illegal, 'steps'), one)).toThrow(
      'steps of the model lazy, asked for go of 1, answered no list; expected a list of states',
    );
  });

  test('where a step changes the state that it is given', () => {
    const model = (more: object) =>
      defineModel<Value[]>({
        name: 'careless',
        fs: ['put'],
        init: [],
        step(elements, { input }) {
          elements.push(input);
          return elements;
        },
        ...more,
      });
    const message =
      'step of the model careless, asked for put of 1, changed the state that it was given; expected a new one';
    for (const more of [{}, { key: String }, { equal: () => false, hash: (elements: Value[]) => elements.length }]) {
      expect(() => verdictOf(model(more), sequential(['put', 1, null]))).toThrow(message);
    }
  });
});

describe('what a model of one’s own says', () => {
  test('of its states, calls, and ops that it does not know', () => {
    const model = defineModel(queue);
    const text = sequential(['enqueue', 1, null], ['enqueue', 'b', null], ['dequeue', null, 1]);
    expect(statesOf(model, text)).toEqual(['[1]', '[1 "b"]', '["b"]']);
    expect(statesOf(defineModel({ ...queue, describe: (elements) => `${elements.length} left` }), text)).toEqual([
      '1 left',
      '2 left',
      '1 left',
    ]);
    expect(wordsOf(model, text)).toEqual({
      nouns: ['enqueue of 1', 'enqueue of "b"', 'dequeue, returning 1'],
      pasts: ['did enqueue of 1', 'did enqueue of "b"', 'did dequeue, which returned 1'],
    });
    expect(refusalOf(model, sequential(['push', 1, null]))).toBe(
      'op 0 is a push; the my-queue model knows enqueue, dequeue: choose another model',
    );
  });
});
