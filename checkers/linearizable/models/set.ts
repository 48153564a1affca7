/** Set: elements are added and removed; one is looked for, or all are read. */
import { formatValue, isArray, type Value, ValueSet, valuesEqual } from '../../../history/value.ts';
import { ALWAYS, type Automaton, ILLEGAL, type Problem, UNCONSTRAINED } from '../automaton.ts';
import { type Calls, CRASHED, RETURNED } from '../calls.ts';
import { decideGrowOnlySet } from '../polynomial/set.ts';
import { allRules, type Rules } from '../rules.ts';
import { ValueNumbers } from '../value-numbers.ts';
import { LastReturns, returnsOf } from './last-returns.ts';
import { type Model, ModelMismatch, type Words } from './model.ts';
import { OpNumbers } from './op-numbers.ts';
import { unknownOp } from './unknown-op.ts';
import { VectorStates, Vectors, ZEROS } from './vectors.ts';

const fs: readonly string[] = ['add', 'remove', 'contains', 'read'];

// What a call did, or saw.
/** It added the element, which may have been there. */
export const ADD = 0;
/** It removed the element, which may have been missing. */
export const REMOVE = 1;
/** It added the element, which was missing. */
export const ADD_MISSING = 2;
/** It removed the element, which was there. */
export const REMOVE_PRESENT = 3;
/** It found the element there, and changed nothing. */
export const PRESENT = 4;
/** It found the element missing, and changed nothing. */
export const MISSING = 5;
/** It read all elements. */
export const READ = 6;
/** It read what no set can hold: an element twice. */
export const IMPOSSIBLE = 7;

/** The calls on a set: of each what it did, and with which element. */
export interface SetCalls {
  /** One of the kinds above, or UNCONSTRAINED. */
  readonly kind: Int8Array;
  /** Number of the element; -1 where the kind has none. */
  readonly element: Int32Array;
  /** Of each READ the elements. */
  readonly read: ReadonlyMap<number, readonly number[]>;
  readonly elements: ValueNumbers;
}

/**
 * add, remove, contains (which returns a boolean, alone or after the element in a pair), and read (a list or a set of all elements, in any
 * order). An add or a remove that returns a boolean says by it whether it changed the set: one that returns anything else, or the
 * element itself, does not say. Without a read of all, each element is judged apart.
 */
export function set(): Model {
  return {
    name: 'set',
    summary: 'Elements, that are added, removed, looked for, and read all at once.',
    options: {},
    fs,
    words: setWords,
    compile: (calls, rules = allRules) => compile(calls, setCallsOf(calls), rules),
    decide: decideGrowOnlySet,
    parts(calls) {
      const { kind, element } = setCallsOf(calls);
      if (kind.includes(READ) || kind.includes(IMPOSSIBLE)) return undefined;
      const parts = new Map<number, number[]>();
      for (let call = 0; call < calls.length; call++) {
        if (kind[call] === UNCONSTRAINED) continue;
        const part = parts.get(element[call]!);
        if (part === undefined) parts.set(element[call]!, [call]);
        else part.push(call);
      }
      return [...parts.values()];
    },
  };
}

/** @throws ModelMismatch where a call is none of a set */
export function setCallsOf(calls: Calls): SetCalls {
  const { length, invocation } = calls;
  const elements = new ValueNumbers();
  const kind = new Int8Array(length).fill(UNCONSTRAINED);
  const element = new Int32Array(length).fill(-1);
  const read = new Map<number, number[]>();
  for (let call = 0; call < length; call++) {
    const f = calls.f[call]!;
    const index = invocation[call]!;
    if (!fs.includes(f)) throw unknownOp(calls, call, 'set', fs);
    const crashed = calls.fate[call] === CRASHED;
    if (f === 'read') {
      if (crashed) continue;
      const found = elementsIn(calls.output[call]!);
      if (found === undefined) {
        const what = `op ${index} read ${formatValue(calls.output[call]!)} from a set`;
        throw new ModelMismatch(index, `${what}; expected a list or a set of all elements`);
      }
      const numbers = found.map((value) => elements.of(value));
      const isSet = new Set(numbers).size === numbers.length;
      kind[call] = isSet ? READ : IMPOSSIBLE;
      if (isSet) read.set(call, numbers);
      continue;
    }
    if (crashed && f === 'contains') continue;
    const answer = crashed ? undefined : answerOf(calls, call);
    if (f === 'contains' && answer === undefined) {
      const what = `op ${index}, contains of ${formatValue(calls.input[call]!)}, returned ${formatValue(calls.output[call]!)}`;
      throw new ModelMismatch(index, `${what}; expected true or false`);
    }
    element[call] = elements.of(calls.input[call]!);
    if (f === 'contains') kind[call] = answer === true ? PRESENT : MISSING;
    else if (f === 'add') kind[call] = answer === undefined ? ADD : answer ? ADD_MISSING : PRESENT;
    else kind[call] = answer === undefined ? REMOVE : answer ? REMOVE_PRESENT : MISSING;
  }
  return { kind, element, read, elements };
}

function elementsIn(value: Value): readonly Value[] | undefined {
  if (value instanceof ValueSet) return value.elements;
  return isArray(value) ? value : undefined;
}

/** The boolean that the call returned, alone or after its element; undefined where it returned none, or its own element. */
function answerOf({ f, input, output }: Calls, call: number): boolean | undefined {
  const of = input[call]!;
  const result = output[call]!;
  if (typeof result === 'boolean') return result === of && f[call] !== 'contains' ? undefined : result;
  if (!isArray(result) || result.length !== 2 || !valuesEqual(result[0]!, of)) return undefined;
  return typeof result[1] === 'boolean' ? result[1] : undefined;
}

/**
 * Where it matters until when a crashed op can be seen: an add, until the last call that found the element there; a remove, until
 * the last that found it missing. Taken out of an order in which it comes later, or is not seen at all, it changes only whether the element is
 * there until the next add or remove of it, and whatever looks at the element before that finds it as the op left it. It takes no real time
 * into account to leave out elements that nothing looks at.
 */
function compile(calls: Calls, { kind, element, read, elements }: SetCalls, rules: Rules): Problem {
  const returns = returnsOf(calls);
  const present = new LastReturns(elements.count);
  const missing = new LastReturns(elements.count);
  const isLookedAt = new Uint8Array(elements.count).fill(read.size > 0 ? 1 : 0);
  for (let call = 0; call < calls.length; call++) {
    const of = element[call]!;
    const what = kind[call];
    if (what === PRESENT || what === REMOVE_PRESENT) present.look(of, returns[call]!);
    if (what === MISSING || what === ADD_MISSING) missing.look(of, returns[call]!);
    if (of >= 0 && what !== ADD && what !== REMOVE) isLookedAt[of] = 1;
  }
  lookByReads(read, returns, present, missing, elements.count);

  const ops = new OpNumbers();
  const sets = new SetStates(elements.count);
  const op = new Int32Array(calls.length).fill(UNCONSTRAINED);
  for (let call = 0; call < calls.length; call++) {
    const of = element[call]!;
    if (kind[call] === UNCONSTRAINED) continue;
    if (rules.mergeUnobserved && of >= 0 && isLookedAt[of] === 0) continue;
    op[call] = ops.of(kind[call]!, kind[call] === READ ? sets.with(read.get(call)!) : of);
  }
  const matters = new Int32Array(ops.count).fill(ALWAYS);
  for (let number = 0; rules.dropUnobservable && number < ops.count; number++) {
    if (ops.kind(number) === ADD) matters[number] = present.of(ops.argument(number));
    if (ops.kind(number) === REMOVE) matters[number] = missing.of(ops.argument(number));
  }
  const automaton = new SetAutomaton(ops, sets, elements);
  return { automaton, op, matters, events: calls.events };
}

/** What reads saw and missed: from the last one back, each element until one missed it. */
function lookByReads(
  read: SetCalls['read'],
  returns: Int32Array,
  present: LastReturns,
  missing: LastReturns,
  elements: number,
): void {
  const lastFirst = [...read].sort(([one], [other]) => returns[other]! - returns[one]!);
  let neverMissed: readonly number[] = Array.from({ length: elements }, (_, element) => element);
  for (const [call, found] of lastFirst) {
    const seen = new Set(found);
    for (const element of found) present.look(element, returns[call]!);
    for (const element of neverMissed) if (!seen.has(element)) missing.look(element, returns[call]!);
    neverMissed = neverMissed.filter((element) => seen.has(element));
  }
}

/** Sets as vectors: 1 for each element that is there. */
class SetStates {
  private readonly vectors: Vectors;
  private readonly states = new VectorStates();

  constructor(elements: number) {
    this.vectors = new Vectors(elements);
  }

  has(state: number, element: number): boolean {
    return this.vectors.at(this.states.vector(state), element) === 1;
  }

  changed(state: number, element: number, isThere: boolean): number {
    return this.states.of(this.vectors.with(this.states.vector(state), element, isThere ? 1 : 0));
  }

  /** The vector, not the state, with these elements. */
  with(elements: readonly number[]): number {
    return elements.reduce((vector, element) => this.vectors.with(vector, element, 1), ZEROS);
  }

  vector(state: number): number {
    return this.states.vector(state);
  }

  /** The first `limit` elements. */
  elements(state: number, limit: number): number[] {
    const found: number[] = [];
    this.vectors.visit(this.states.vector(state), (element) => found.push(element) < limit);
    return found;
  }
}

/** Elements shown to people, at most. */
const shownMax = 20;

class SetAutomaton implements Automaton {
  readonly initial = 0;
  private readonly opNumbers: OpNumbers;
  private readonly states: SetStates;
  private readonly names: ValueNumbers;

  constructor(ops: OpNumbers, states: SetStates, names: ValueNumbers) {
    this.opNumbers = ops;
    this.states = states;
    this.names = names;
  }

  get ops(): number {
    return this.opNumbers.count;
  }

  step(state: number, op: number): number {
    const argument = this.opNumbers.argument(op);
    switch (this.opNumbers.kind(op)) {
      case ADD:
        return this.states.changed(state, argument, true);
      case REMOVE:
        return this.states.changed(state, argument, false);
      case ADD_MISSING:
        return this.states.has(state, argument) ? ILLEGAL : this.states.changed(state, argument, true);
      case REMOVE_PRESENT:
        return this.states.has(state, argument) ? this.states.changed(state, argument, false) : ILLEGAL;
      case PRESENT:
        return this.states.has(state, argument) ? state : ILLEGAL;
      case MISSING:
        return this.states.has(state, argument) ? ILLEGAL : state;
      case READ:
        return this.states.vector(state) === argument ? state : ILLEGAL;
      default:
        return ILLEGAL;
    }
  }

  readOnly(op: number): boolean {
    return this.opNumbers.kind(op) >= PRESENT;
  }

  total(op: number): boolean {
    return this.opNumbers.kind(op) <= REMOVE;
  }

  /** Only where there is no other element. */
  overwrites(op: number): boolean {
    return this.total(op) && this.names.count === 1;
  }

  describe(state: number): string {
    const some = this.states.elements(state, shownMax + 1);
    const shown = some.slice(0, shownMax).map((element) => this.names.describe(element));
    return `#{${shown.join(' ')}${some.length > shownMax ? ' …' : ''}}`;
  }
}

const setWords: Words = {
  noun(calls, call) {
    if (calls.f[call] !== 'read') return `${calls.f[call]} of ${formatValue(calls.input[call]!)}`;
    return calls.fate[call] === RETURNED ? `read of ${formatValue(calls.output[call]!)}` : 'read';
  },
  past(calls, call) {
    const of = formatValue(calls.input[call]!);
    if (calls.f[call] === 'read') return `read ${formatValue(calls.output[call]!)}`;
    const answer = answerOf(calls, call);
    if (calls.f[call] === 'contains') return `found ${of} ${answer === true ? 'there' : 'missing'}`;
    if (answer === false) return calls.f[call] === 'add' ? `found ${of} there already` : `found no ${of} to remove`;
    const changed = calls.f[call] === 'add' ? 'added' : 'removed';
    return answer === true ? `${changed} ${of}, which changed the set` : `${changed} ${of}`;
  },
  expects(calls, call) {
    if (calls.f[call] === 'read' || calls.fate[call] !== RETURNED) return undefined;
    const isPresent = answerOf(calls, call) === (calls.f[call] !== 'add');
    return isPresent ? calls.input[call]! : undefined;
  },
  leaves(calls, call) {
    const adds = calls.f[call] === 'add' && (calls.fate[call] !== RETURNED || answerOf(calls, call) !== false);
    return adds ? calls.input[call]! : undefined;
  },
};
