/** Models of one's own. */
import {
  formatValue,
  Keyword,
  Literal,
  Tagged,
  type Value,
  ValueMap,
  ValueSet,
  valueKey,
} from '../../../history/value.ts';
import { ALWAYS } from '../automaton.ts';
import { type Calls, CRASHED, REFUSED, RETURNED } from '../calls.ts';
import { HashedStates, KeyedStates, MachineAutomaton, type StateNumbers } from './machine.ts';
import type { Model, Words } from './model.ts';
import { unknownOp } from './unknown-op.ts';

/** What a step answers where the object cannot do the op in this state. */
export const illegal: unique symbol = Symbol('illegal');

/** A call as it was observed. */
export interface ObservedCall {
  readonly f: string;
  readonly input: Value;
  /** What it returned; null where it did not return. */
  readonly output: Value;
  /**
   * `crashed`: what it returned, or would have, is not known, but if it happened, it took effect. A step must then allow for whatever it may
   * have returned. `refused`: a cas that failed because the state was not the one it expected, where such are observed.
   */
  readonly fate: 'returned' | 'crashed' | 'refused';
  /** The client; null without `looksAtProcess`. */
  readonly process: number | null;
}

interface Definition<State> {
  readonly name: string;
  readonly summary?: string;
  /** The ops that it knows. */
  readonly fs: readonly string[];
  readonly init: State;
  /** Equal states have equal keys, and others others. Default: the whole of the state, if it is made of plain values. */
  key?(state: State): string;
  /** In the place of `key`: whether two states are equal; with `hash`, asked only of states with the same one, else of all. */
  equal?(one: State, other: State): boolean;
  hash?(state: State): number;
  /** For people. Default: the state as EDN, or its key. */
  describe?(state: State): string;
  /** Whether a step depends on the process of the call. Default: no. */
  readonly looksAtProcess?: boolean;
  /** A claim, see below. Default: none is. */
  readOnly?(call: ObservedCall): boolean;
  /** A claim, see below. Default: none is. */
  total?(call: ObservedCall): boolean;
  /** A claim, see below. Default: none does. */
  overwrites?(call: ObservedCall): boolean;
  readonly words?: Words;
}

/** With `step`, a call leaves one state, or is illegal; with `steps`, any of several, none where it is illegal. */
export type ModelDefinition<State> = Definition<State> &
  (
    | { step(state: State, call: ObservedCall): State | typeof illegal; readonly steps?: never }
    | { steps(state: State, call: ObservedCall): readonly State[]; readonly step?: never }
  );

/**
 * A model of one's own: what each op does to a state, by one process at a time. A step must give the same answer each time, leave
 * the state that it is given as it is, and answer for crashed calls too.
 *
 * The claims make the search faster, and its verdicts wrong where they do not hold:
 * - `readOnly`: in every state, not only the present one, the call is illegal or leaves the state as it is.
 * - `total`: the call is legal in every state, and what it returned, if it did, is the same whatever the state.
 * - `overwrites`: it is total, and leaves the same state whatever the state was before.
 *
 * @throws TypeError where the definition has both or none of `step` and `steps`, or `key` beside `equal`; when histories are
 * judged, where a step answers nothing or changes the state that it is given, or states are not plain values and have no key or equality
 */
export function defineModel<State>(definition: ModelDefinition<State>): Model {
  const { name, fs, summary = 'A model of its own.', words = wordsOfCalls } = definition;
  if (!Array.isArray(fs)) throw new TypeError(`the model ${name} has no fs; give a list of the names of its ops`);
  if (definition.step === undefined && definition.steps === undefined) {
    throw new TypeError(`the model ${name} has neither step nor steps; give one`);
  }
  if (definition.step !== undefined && definition.steps !== undefined) {
    throw new TypeError(`the model ${name} has both step and steps; give one`);
  }
  if (definition.key !== undefined && definition.equal !== undefined) {
    throw new TypeError(`the model ${name} has both key and equal; give one`);
  }
  if (definition.hash !== undefined && definition.equal === undefined) {
    throw new TypeError(`the model ${name} has a hash without equal; give both, or key`);
  }
  return {
    name,
    summary,
    fs,
    words,
    compile(calls) {
      const { ops, op } = opsOf(calls, definition);
      const { readOnly, total, overwrites, init } = definition;
      const automaton = new MachineAutomaton<State>(
        {
          initial: init,
          ops: ops.length,
          after: (state, number) => checkedAfter(definition, state, ops[number]!),
          branching: () => definition.steps !== undefined,
          readOnly: (number) => readOnly?.(ops[number]!) === true,
          total: (number) => total?.(ops[number]!) === true,
          overwrites: (number) => overwrites?.(ops[number]!) === true,
          describe: (state) => describe(definition, state),
        },
        statesOf(definition),
      );
      return { automaton, op, matters: new Int32Array(ops.length).fill(ALWAYS), events: calls.events };
    },
  };
}

/** Each different call once, and of each call which one it is. */
function opsOf<State>(
  calls: Calls,
  { name, fs, looksAtProcess }: Definition<State>,
): { ops: ObservedCall[]; op: Int32Array } {
  const ops: ObservedCall[] = [];
  const numbers = new Map<string, number>();
  const op = new Int32Array(calls.length);
  for (let call = 0; call < calls.length; call++) {
    const f = calls.f[call]!;
    if (!fs.includes(f)) throw unknownOp(calls, call, name, fs);
    const input = calls.input[call]!;
    const output = calls.output[call]!;
    const fate = calls.fate[call] === CRASHED ? 'crashed' : calls.fate[call] === REFUSED ? 'refused' : 'returned';
    const process = looksAtProcess === true ? calls.process[call]! : null;
    const key = valueKey([f, input, output, fate, process]);
    let number = numbers.get(key);
    if (number === undefined) {
      number = ops.push({ f, input, output, fate, process }) - 1;
      numbers.set(key, number);
    }
    op[call] = number;
  }
  return { ops, op };
}

function checkedAfter<State>(definition: ModelDefinition<State>, state: State, call: ObservedCall): readonly State[] {
  const isAsItWas = witnessOf(definition, state);
  const next = definition.step === undefined ? definition.steps(state, call) : definition.step(state, call);
  const what = `of the model ${definition.name}, asked for ${call.f} of ${formatValue(call.input)},`;
  const shape = definition.step === undefined ? 'steps' : 'step';
  if (next === undefined) throw new TypeError(`${shape} ${what} answered nothing; expected ${answers[shape]}`);
  if (!isAsItWas()) throw new TypeError(`${shape} ${what} changed the state that it was given; expected a new one`);
  if (definition.step !== undefined) return next === illegal ? [] : [next as State];
  if (!Array.isArray(next)) throw new TypeError(`${shape} ${what} answered no list; expected ${answers[shape]}`);
  return next as readonly State[];
}

const answers = { step: 'a state, or illegal', steps: 'a list of states' };

/** Tells later on whether the state is still what it was, as far as can be told. */
function witnessOf<State>({ name, key, equal, hash }: Definition<State>, state: State): () => boolean {
  if (equal !== undefined) {
    const before = hash?.(state);
    return () => hash?.(state) === before;
  }
  const keyOf = key ?? ((one: State) => plainKey(name, one));
  const before = keyOf(state);
  return () => keyOf(state) === before;
}

function statesOf<State>({ name, key, equal, hash }: Definition<State>): StateNumbers<State> {
  if (equal !== undefined) return new HashedStates<State>(hash ?? (() => 0), equal);
  return new KeyedStates<State>(key ?? ((state) => plainKey(name, state)));
}

function describe<State>(definition: Definition<State>, state: State): string {
  if (definition.describe !== undefined) return definition.describe(state);
  if (definition.key !== undefined) return definition.key(state);
  return definition.equal === undefined ? plainKey(definition.name, state) : String(state);
}

/** The whole of a state that is made of plain values, Maps, and Sets, as text. */
function plainKey(model: string, state: unknown): string {
  if (state === undefined) return 'undefined';
  if (typeof state === 'bigint') return `${state}n`;
  if (state instanceof Map) {
    const entries = [...state].map(([key, value]) => `${plainKey(model, key)} ${plainKey(model, value)}`);
    return `Map{${entries.sort().join(', ')}}`;
  }
  if (state instanceof Set) {
    const elements = [...state].map((element) => plainKey(model, element));
    return `Set{${elements.sort().join(' ')}}`;
  }
  if (Array.isArray(state)) return `[${Array.from(state, (item) => plainKey(model, item)).join(' ')}]`;
  if (isPlainObject(state)) {
    const entries = Object.entries(state).map(([key, value]) => `${JSON.stringify(key)} ${plainKey(model, value)}`);
    return `{${entries.sort().join(', ')}}`;
  }
  if (isValue(state)) return valueKey(state);
  throw new TypeError(`a state of the model ${model} is no plain value; give key, or equal and hash`);
}

function isPlainObject(state: unknown): state is { readonly [key: string]: unknown } {
  if (typeof state !== 'object' || state === null) return false;
  const prototype: unknown = Object.getPrototypeOf(state);
  return prototype === Object.prototype || prototype === null;
}

function isValue(state: unknown): state is Value {
  if (state === null || ['string', 'number', 'boolean'].includes(typeof state)) return true;
  return [Keyword, Literal, Tagged, ValueMap, ValueSet].some((kind) => state instanceof kind);
}

const wordsOfCalls: Words = {
  noun: ({ f, input, output, fate }, call) => {
    const of = input[call] === null ? '' : ` of ${formatValue(input[call]!)}`;
    const returned =
      fate[call] === RETURNED && output[call] !== null ? `, returning ${formatValue(output[call]!)}` : '';
    return `${f[call]}${of}${returned}`;
  },
  past: ({ f, input, output, fate }, call) => {
    const did = fate[call] === REFUSED ? 'was refused' : 'did';
    const of = input[call] === null ? '' : ` of ${formatValue(input[call]!)}`;
    const returned =
      fate[call] === RETURNED && output[call] !== null ? `, which returned ${formatValue(output[call]!)}` : '';
    return `${did} ${f[call]}${of}${returned}`;
  },
};
