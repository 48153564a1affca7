/** A history as Lamport saw it: of each process the ops that it did, one after the other, on whatever object. */
import type { Value } from '../../history/value.ts';
import { type Automaton, type Problem, UNCONSTRAINED } from '../linearizable/automaton.ts';
import { type Calls, CRASHED, REFUSED, selectCalls } from '../linearizable/calls.ts';
import type { Model, Words } from '../linearizable/models/model.ts';
import { registerWords } from '../linearizable/models/register-words.ts';
import type { Objects } from '../linearizable/objects.ts';
import { allRules, type Rules } from '../linearizable/rules.ts';
import { ValueNumbers } from '../linearizable/value-numbers.ts';

/** Where an op looks at no value, or leaves none. */
export const NO_VALUE = -1;

/** An object that all processes share. Objects are numbered by their place in the list. */
export interface SharedObject {
  /** null where the workload has a single object. */
  readonly key: Value;
  readonly calls: Calls;
  readonly words: Words;
  readonly automaton: Automaton;
  /** Present where what the object holds at first was inferred from these calls: the same of fewer calls. */
  readonly compileAgain?: (calls: Calls) => Problem;
  /** Whether some op may look at a value otherwise than by `expects`: one of a register that was refused, or any of another object. */
  readonly isWatched: boolean;
  /** Number of the value that it holds at first; NO_VALUE where no op expects that one, or it is no register. */
  readonly initial: number;
}

/** Ops in columns; an op is named by its number, ascending with the lines of the invocations. */
interface Ops {
  readonly objects: readonly SharedObject[];
  readonly length: number;
  readonly object: Int32Array;
  /** Number of the op among the calls of its object. */
  readonly call: Int32Array;
  /** Number of the op in the automaton of its object. */
  readonly op: Int32Array;
  /** Line of the invocation. */
  readonly line: Int32Array;
  /** Numbers of values, each of one object; NO_VALUE on objects that are no registers. */
  readonly expects: Int32Array;
  readonly leaves: Int32Array;
  /** Above all numbers of values. */
  readonly values: number;
}

export interface Program extends Ops {
  /** Ops that must happen, each list in this order. */
  readonly chains: readonly (readonly number[])[];
  /** Pairs: the first happens before the second, beside what the chains say. Both must happen. */
  readonly edges: readonly (readonly [number, number])[];
  /** Ops that may happen or not. */
  readonly optional: readonly OptionalOp[];
}

export interface OptionalOp {
  readonly op: number;
  /** The op that it comes after; -1 where there is none. */
  readonly after: number;
}

const rules: Rules = { ...allRules, dropUnobservable: false };

/**
 * The program of the objects of a history. An op that returned comes after all earlier ones of its process that returned. One that
 * crashed does so too, and nothing comes after it: it may take effect at any later time, or never, even where its process goes on.
 * Failed ops and those that constrain nothing are left out. What a model judges apart (P-compositionality) is an object each. Linear.
 *
 * @throws ModelMismatch where a call is none that the model knows
 */
export function programOf({ keys, calls: callsOfKeys }: Objects, model: Model): Program {
  const objects: SharedObject[] = [];
  const opsOf: Int32Array[] = [];
  const valuesOf: RegisterValues[] = [];
  let values = 0;
  callsOfKeys.forEach((whole, index) => {
    for (const calls of model.parts?.(whole)?.map((part) => selectCalls(whole, part)) ?? [whole]) {
      const { automaton, op } = model.compile(calls, rules);
      const isRegister = model.words === registerWords;
      const own = isRegister ? registerValues(calls, automaton, op, values) : noValues(calls, values);
      values = own.values;
      opsOf.push(op);
      valuesOf.push(own);
      const isWatched = !isRegister || calls.fate.includes(REFUSED);
      objects.push({
        key: keys[index]!,
        calls,
        words: model.words,
        automaton,
        ...(model.infersInitial === true ? { compileAgain: (fewer: Calls) => model.compile(fewer, rules) } : {}),
        isWatched,
        initial: own.initial,
      });
    }
  });

  const lines = 1 + objects.reduce((last, { calls }) => Math.max(last, calls.invocation.at(-1) ?? -1), -1);
  const objectAt = new Int32Array(lines).fill(-1);
  const callAt = new Int32Array(lines);
  objects.forEach(({ calls, automaton }, object) => {
    for (let call = 0; call < calls.length; call++) {
      const op = opsOf[object]![call]!;
      if (op === UNCONSTRAINED || (calls.fate[call] === CRASHED && automaton.readOnly(op))) continue;
      objectAt[calls.invocation[call]!] = object;
      callAt[calls.invocation[call]!] = call;
    }
  });
  const line = objectAt.map((object, at) => (object < 0 ? -1 : at)).filter((at) => at >= 0);
  const columnOf = (columns: readonly Int32Array[]): Int32Array =>
    line.map((at) => columns[objectAt[at]!]![callAt[at]!]!);
  const ops: Ops = {
    objects,
    length: line.length,
    object: line.map((at) => objectAt[at]!),
    call: line.map((at) => callAt[at]!),
    op: columnOf(opsOf),
    line,
    expects: columnOf(valuesOf.map(({ expects }) => expects)),
    leaves: columnOf(valuesOf.map(({ leaves }) => leaves)),
    values,
  };
  return withChains(ops, new Uint8Array(ops.length));
}

/** A part of a program that has no edges, renumbered. */
export interface Part {
  readonly program: Program;
  /** Of each op its number in the whole. */
  readonly whole: readonly number[];
}

/**
 * Only the ops that are held, and those let off: these may happen at any time, or never. Both ascending. Linear in them, and in the
 * objects.
 */
export function partOf(program: Program, held: readonly number[], letOff: readonly number[] = []): Part {
  const whole = [...held, ...letOff].sort((a, b) => a - b);
  const numbers = new Map<number, number>();
  const numberOf = (value: number): number => {
    if (value === NO_VALUE) return NO_VALUE;
    const number = numbers.get(value) ?? numbers.size;
    numbers.set(value, number);
    return number;
  };
  const pick = (column: Int32Array): Int32Array => Int32Array.from(whole, (op) => column[op]!);
  const expects = pick(program.expects).map(numberOf);
  const leaves = pick(program.leaves).map(numberOf);
  const objects = program.objects.map((object) => ({ ...object, initial: numbers.get(object.initial) ?? NO_VALUE }));
  const { object, call, op, line } = program;
  const columns = { object: pick(object), call: pick(call), op: pick(op), line: pick(line), expects, leaves };
  const free = new Set(letOff);
  const isFree = Uint8Array.from(whole, (one) => (free.has(one) ? 1 : 0));
  return { program: withChains({ ...columns, objects, length: whole.length, values: numbers.size }, isFree), whole };
}

/**
 * As a history of its own: what an object holds at first is inferred from the ops that are held, not from the whole. Ascending. Linear in
 * them, and in the objects.
 */
export function aloneOf(program: Program, held: readonly number[]): Part {
  const numbers = new Map<number, number>();
  const automata = program.objects.map(({ compileAgain, calls, automaton }, index) => {
    if (compileAgain === undefined) return automaton;
    const own = held.filter((op) => program.object[op] === index);
    const again = compileAgain(
      selectCalls(
        calls,
        own.map((op) => program.call[op]!),
      ),
    );
    own.forEach((whole, number) => {
      numbers.set(whole, again.op[number]!);
    });
    return again.automaton;
  });
  const { program: part, whole } = partOf(
    program,
    held.filter((op) => numbers.get(op) !== UNCONSTRAINED),
  );
  const op = part.op.map((number, place) => numbers.get(whole[place]!) ?? number);
  const objects = part.objects.map((one, index) => ({ ...one, automaton: automata[index]! }));
  return { program: { ...part, objects, op }, whole };
}

/** `isFree`: 1 for each op that may happen at any time, or never. */
function withChains(ops: Ops, isFree: Uint8Array): Program {
  const { objects, object, call, length } = ops;
  const chains = new Map<number, number[]>();
  const optional: OptionalOp[] = [];
  for (let op = 0; op < length; op++) {
    const { calls } = objects[object[op]!]!;
    const process = calls.process[call[op]!]!;
    const chain = chains.get(process);
    if (isFree[op] === 1) optional.push({ op, after: -1 });
    else if (calls.fate[call[op]!] === CRASHED) optional.push({ op, after: chain?.at(-1) ?? -1 });
    else if (chain === undefined) chains.set(process, [op]);
    else chain.push(op);
  }
  return { ...ops, chains: [...chains.values()], edges: [], optional };
}

interface RegisterValues {
  /** Of each call what it looks at, and what it leaves. */
  readonly expects: Int32Array;
  readonly leaves: Int32Array;
  readonly initial: number;
  /** Above all numbers of values so far. */
  readonly values: number;
}

/** The values of a register, numbered from `first`. */
function registerValues(calls: Calls, automaton: Automaton, op: Int32Array, first: number): RegisterValues {
  const numbers = new ValueNumbers();
  const expects = new Int32Array(calls.length).fill(NO_VALUE);
  const leaves = new Int32Array(calls.length).fill(NO_VALUE);
  let initial = NO_VALUE;
  for (let call = 0; call < calls.length; call++) {
    if (op[call] === UNCONSTRAINED) continue;
    const expected = registerWords.expects!(calls, call);
    if (expected !== undefined) {
      expects[call] = first + numbers.of(expected);
      if (automaton.step(automaton.initial, op[call]!) >= 0) initial = expects[call]!;
    }
    const left = automaton.readOnly(op[call]!) ? undefined : registerWords.leaves!(calls, call);
    if (left !== undefined) leaves[call] = first + numbers.of(left);
  }
  return { expects, leaves, initial, values: first + numbers.count };
}

function noValues({ length }: Calls, values: number): RegisterValues {
  const none = new Int32Array(length).fill(NO_VALUE);
  return { expects: none, leaves: none, initial: NO_VALUE, values };
}
