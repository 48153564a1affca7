/** Multi-register: registers by key, read and written by transactions of which each happens at one instant. */
import { entriesOf, formatValue, isArray, nameOf, type Value, valueKey, valuesEqual } from '../../../history/value.ts';
import { ALWAYS, type Automaton, ILLEGAL, type Problem, UNCONSTRAINED } from '../automaton.ts';
import { type Calls, CRASHED, RETURNED } from '../calls.ts';
import { allRules, type Rules } from '../rules.ts';
import { ValueNumbers } from '../value-numbers.ts';
import { LastReturns, NEVER_LOOKED_AT, returnsOf } from './last-returns.ts';
import { type Model, ModelMismatch, type Words } from './model.ts';
import { ABSENT, PairTable } from './pair-table.ts';
import { unknownOp } from './unknown-op.ts';
import { VectorStates, Vectors, ZEROS } from './vectors.ts';

const fs: readonly string[] = ['txn'];

export interface MultiRegisterOptions {
  /**
   * A map of what each register holds before anything is written; nil those that are not in it. Default: that is not known, and
   * a history is linearizable if it is so for some initial values.
   */
  readonly initial?: Value;
  /** A read of nil says nothing, as in the models of Knossos. Default: it says that the register held nil. */
  readonly nilReadIsUnknown?: boolean;
}

/**
 * Ops `txn`, their value a list of [read k v] and [write k v] (or r and w), done in this order at one instant, so that a read
 * sees what the same transaction wrote. What a read saw stands in the completion. Registers that no transaction joins are judged apart.
 */
export function multiRegister(options: MultiRegisterOptions = {}): Model {
  if (options.initial === null) return multiRegister({ ...options, initial: {} });
  if (options.initial !== undefined && entriesOf(options.initial) === undefined) {
    throw new TypeError(
      `registers cannot begin as ${formatValue(options.initial)}; expected a map from keys to values`,
    );
  }
  return {
    name: 'multi-register',
    summary: 'Registers by key, read and written together by transactions.',
    options,
    infersInitial: options.initial === undefined,
    fs,
    words: multiRegisterWords,
    compile: (calls, rules = allRules) => new Compilation(calls, options, rules).problem(),
    parts: (calls) => partsOf(calls, options),
  };
}

/** What a transaction needs, and what it leaves: pairs of the number of a key and the number of a value, by ascending key. */
interface Transaction {
  guards: readonly number[];
  leaves: readonly number[];
  /** Whether it read two values where there could be only one. */
  readonly isImpossible: boolean;
}

interface Transactions {
  readonly keys: readonly Value[];
  readonly values: ValueNumbers;
  /** Of each call. */
  readonly all: readonly Transaction[];
}

function transactionsOf(calls: Calls, { nilReadIsUnknown = false }: MultiRegisterOptions): Transactions {
  const keyNumbers = new ValueNumbers();
  const keys: Value[] = [];
  const values = new ValueNumbers();
  const all: Transaction[] = [];
  for (let call = 0; call < calls.length; call++) {
    if (calls.f[call] !== 'txn') throw unknownOp(calls, call, 'multi-register', fs);
    const micros = microOpsOf(calls, call);
    const crashed = calls.fate[call] === CRASHED;
    const guards = new Map<number, number>();
    const leaves = new Map<number, number>();
    let isImpossible = false;
    for (const { isRead, key, value } of micros) {
      const at = keyNumbers.of(key);
      keys[at] = key;
      if (!isRead) {
        leaves.set(at, values.of(value));
        continue;
      }
      if (crashed || (nilReadIsUnknown && value === null)) continue;
      const seen = values.of(value);
      const known = leaves.get(at) ?? guards.get(at);
      if (known === undefined) guards.set(at, seen);
      else if (known !== seen) isImpossible = true;
    }
    all.push({ guards: pairsOf(guards), leaves: pairsOf(leaves), isImpossible });
  }
  return { keys, values, all };
}

const pairsOf = (map: ReadonlyMap<number, number>): number[] => [...map].sort(([a], [b]) => a - b).flat();

interface MicroOp {
  readonly isRead: boolean;
  readonly key: Value;
  readonly value: Value;
}

/** Of a call that returned as they stand in the completion, which must be those invoked. */
function microOpsOf(calls: Calls, call: number): readonly MicroOp[] {
  const invoked = microOps(calls, call, calls.input[call]!, 'is a txn of');
  if (calls.fate[call] === CRASHED) return invoked;
  const done = microOps(calls, call, calls.output[call]!, 'is a txn that returned');
  const isSame =
    done.length === invoked.length &&
    done.every(({ isRead, key, value }, at) => {
      const before = invoked[at]!;
      return isRead === before.isRead && valuesEqual(key, before.key) && (isRead || valuesEqual(value, before.value));
    });
  if (isSame) return done;
  const index = calls.invocation[call]!;
  throw new ModelMismatch(index, `op ${index} is a txn that returned other reads and writes than were invoked`);
}

function microOps(calls: Calls, call: number, value: Value, what: string): readonly MicroOp[] {
  const index = calls.invocation[call]!;
  const refuse = (): never => {
    const expected = 'expected a list of [read key value] and [write key value]';
    throw new ModelMismatch(index, `op ${index} ${what} ${formatValue(value)}; ${expected}`);
  };
  if (!isArray(value)) return refuse();
  return value.map((micro) => {
    if (!isArray(micro)) return refuse();
    const f = nameOf(micro[0]);
    const isRead = f === 'read' || f === 'r';
    const isWrite = f === 'write' || f === 'w';
    if ((!isRead || micro.length !== 2) && (micro.length !== 3 || (!isRead && !isWrite))) return refuse();
    return { isRead, key: micro[1]!, value: micro[2] ?? null };
  });
}

/** Visits the pairs of keys and values. */
function visit(pairs: readonly number[], see: (key: number, value: number) => void): void {
  for (let i = 0; i < pairs.length; i += 2) see(pairs[i]!, pairs[i + 1]!);
}

/** The calls of each set of keys that transactions join; of keys that nobody reads, it does not matter who writes them. */
function partsOf(calls: Calls, options: MultiRegisterOptions): readonly (readonly number[])[] | undefined {
  const { keys, all } = transactionsOf(calls, options);
  if (all.some(({ isImpossible }) => isImpossible)) return undefined;
  const isRead = new Uint8Array(keys.length);
  for (const { guards } of all) visit(guards, (key) => (isRead[key] = 1));
  const parents = Int32Array.from({ length: keys.length }, (_, key) => key);
  const rootOf = (key: number): number => {
    while (parents[key] !== key) {
      parents[key] = parents[parents[key]!]!;
      key = parents[key]!;
    }
    return key;
  };
  const keysOf = ({ guards, leaves }: Transaction): number[] => {
    const found: number[] = [];
    visit(guards, (key) => found.push(key));
    visit(leaves, (key) => isRead[key] === 1 && found.push(key));
    return found;
  };
  for (const transaction of all) {
    const [first, ...others] = keysOf(transaction);
    for (const other of others) parents[rootOf(other)] = rootOf(first!);
  }
  const parts = new Map<number, number[]>();
  all.forEach((transaction, call) => {
    const [first] = keysOf(transaction);
    if (first === undefined) return;
    const root = rootOf(first);
    const part = parts.get(root);
    if (part === undefined) parts.set(root, [call]);
    else part.push(call);
  });
  return parts.size === 1 && [...parts.values()][0]!.length === calls.length ? undefined : [...parts.values()];
}

/** In a state, of a register that nothing was written to, and whose initial value is not known yet. */
const OPEN = 0;

class Compilation {
  private readonly calls: Calls;
  private readonly options: MultiRegisterOptions;
  private readonly rules: Rules;
  private readonly keys: readonly Value[];
  private readonly values: ValueNumbers;
  private readonly all: readonly Transaction[];
  private readonly returns: Int32Array;
  /** Of each key and value the last return of a transaction that needs it there. */
  private readonly looks: LastReturns;
  private readonly placeOf = new PairTable();
  private places = 0;

  constructor(calls: Calls, options: MultiRegisterOptions, rules: Rules) {
    this.calls = calls;
    this.options = options;
    this.rules = rules;
    const { keys, values, all } = transactionsOf(calls, options);
    this.keys = keys;
    this.values = values;
    this.all = all;
    this.returns = returnsOf(calls);
    for (const { guards } of all) visit(guards, (key, value) => this.placeFor(key, value));
    this.looks = new LastReturns(this.places);
    all.forEach(({ guards }, call) => {
      visit(guards, (key, value) => this.looks.look(this.placeFor(key, value), this.returns[call]!));
    });
  }

  problem(): Problem {
    const { calls, rules, all, keys, values } = this;
    const isRead = new Uint8Array(keys.length);
    for (const { guards } of all) visit(guards, (key) => (isRead[key] = 1));
    const firstOverwritten = this.firstOverwritten();
    const invokedAt = this.invocationPositions();
    const initial = this.initialValues(isRead, firstOverwritten, invokedAt);
    const other = values.anonymous('a value that nothing reads');
    const tracked = rules.mergeUnobserved ? isRead.reduce((count, one) => count + one, 0) : keys.length;
    const registers = new Registers(keys, values, initial, tracked);
    const op = new Int32Array(calls.length).fill(UNCONSTRAINED);
    const matters: number[] = [];
    for (let call = 0; call < calls.length; call++) {
      const { guards, isImpossible } = all[call]!;
      const leaves = this.simplified(all[call]!, isRead, other);
      if (!isImpossible && guards.length === 0 && leaves.length === 0) continue;
      const until = this.seenUntil(all[call]!.leaves);
      if (rules.dropUnobservable && calls.fate[call] === CRASHED && until === NEVER_LOOKED_AT) continue;
      const opens: number[] = [];
      visit(guards, (key) => {
        if (initial[key] === OPEN && invokedAt[call]! < firstOverwritten[key]!) opens.push(key);
      });
      op[call] = registers.opOf({ guards, leaves, opens, isImpossible });
      matters[op[call]!] = until;
    }
    const mattersOfOp = new Int32Array(registers.ops).fill(ALWAYS);
    if (rules.dropUnobservable) mattersOfOp.set(matters);
    return { automaton: registers, op, matters: mattersOfOp, events: calls.events };
  }

  /**
   * What the transaction leaves, without what it found there, and, where they are merged, without keys that nothing reads, and with one value
   * for all that nothing reads.
   */
  private simplified({ guards, leaves }: Transaction, isRead: Uint8Array, other: number): number[] {
    const found = new Map<number, number>();
    visit(guards, (key, value) => found.set(key, value));
    const simple: number[] = [];
    visit(leaves, (key, value) => {
      if (found.get(key) === value) return;
      if (!this.rules.mergeUnobserved) simple.push(key, value);
      else if (isRead[key] === 1) simple.push(key, this.placeOf.get(key, value) === ABSENT ? other : value);
    });
    return simple;
  }

  /**
   * Until when any of the values that it leaves is looked at. A crashed transaction that comes later can be taken out: it changes what is
   * in its registers only until each is written again, and nothing reads them until then.
   */
  private seenUntil(leaves: readonly number[]): number {
    let until = NEVER_LOOKED_AT;
    visit(leaves, (key, value) => {
      const place = this.placeOf.get(key, value);
      if (place !== ABSENT) until = Math.max(until, this.looks.of(place));
    });
    return until;
  }

  /**
   * Of each key the position from which on the initial value is certainly overwritten; ALWAYS where there is none, and where
   * real time is not to be looked at.
   */
  private firstOverwritten(): Int32Array {
    const first = new Int32Array(this.keys.length).fill(ALWAYS);
    if (!this.rules.dropUnobservable) return first;
    this.all.forEach(({ leaves }, call) => {
      visit(leaves, (key) => {
        if (first[key]! > this.returns[call]!) first[key] = this.returns[call]!;
      });
    });
    return first;
  }

  /** Of each call; -1 where its invocation is no event. */
  private invocationPositions(): Int32Array {
    const positions = new Int32Array(this.calls.length).fill(-1);
    this.calls.events.forEach((event, position) => {
      if ((event & 1) === 0) positions[event >>> 1] = position;
    });
    return positions;
  }

  /**
   * Of each key the number of the initial value plus 1, or OPEN. Only reads that began before something had certainly been written can be
   * of the initial value. If there are none, it does not matter. If one of them is of a value that nothing writes, that is it. If
   * all are of one value, that may as well be it: if it were another, none would have read it. Else the first of them to happen
   * decides.
   */
  private initialValues(isRead: Uint8Array, firstOverwritten: Int32Array, invokedAt: Int32Array): Int32Array {
    const { keys, values, all, options } = this;
    if (options.initial !== undefined) {
      const given = new GivenValues(options.initial);
      return Int32Array.from(keys, (key) => values.of(given.of(key)) + 1);
    }
    const isWritten = new PairTable();
    for (const { leaves } of all) visit(leaves, (key, value) => isWritten.set(key, value, 1));
    const none = -1;
    const candidate = new Int32Array(keys.length).fill(none);
    const isCertain = new Uint8Array(keys.length);
    const hasSeveral = new Uint8Array(keys.length);
    all.forEach(({ guards }, call) => {
      visit(guards, (key, value) => {
        if (invokedAt[call]! >= firstOverwritten[key]! || isCertain[key] === 1) return;
        if (isWritten.get(key, value) === ABSENT) isCertain[key] = 1;
        else if (candidate[key] !== none && candidate[key] !== value) hasSeveral[key] = 1;
        candidate[key] = value;
      });
    });
    const unknown = values.anonymous('unknown');
    return candidate.map((value, key) => {
      if (hasSeveral[key] === 1 && isCertain[key] === 0) return OPEN;
      if (value !== none) return value + 1;
      return isRead[key] === 1 || !this.rules.mergeUnobserved ? unknown + 1 : OPEN;
    });
  }

  private placeFor(key: number, value: number): number {
    const known = this.placeOf.get(key, value);
    if (known !== ABSENT) return known;
    this.placeOf.set(key, value, this.places);
    return this.places++;
  }
}

/** What is said to stand in the registers at first. In JSON keys are strings: those of keywords and of numbers may stand there as such. */
class GivenValues {
  private readonly byKey = new Map<string, Value>();

  constructor(map: Value) {
    for (const [key, value] of entriesOf(map) ?? []) this.byKey.set(valueKey(key), value);
  }

  of(key: Value): Value {
    const text = nameOf(key) ?? valueKey(key);
    return this.byKey.get(valueKey(key)) ?? this.byKey.get(valueKey(text)) ?? null;
  }
}

interface RegistersOp {
  readonly guards: readonly number[];
  readonly leaves: readonly number[];
  /** Keys of guards that decide what the initial value was, where nothing was written yet. */
  readonly opens: readonly number[];
  readonly isImpossible: boolean;
}

/**
 * A state is a vector of the numbers of values plus 1, or OPEN. An op that began when a register had certainly been written never meets it
 * OPEN in a history that is walked from its beginning; in an excerpt, it lets it be.
 */
class Registers implements Automaton {
  readonly initial: number;
  private readonly keys: readonly Value[];
  private readonly values: ValueNumbers;
  private readonly tracked: number;
  private readonly vectors: Vectors;
  private readonly states = new VectorStates();
  private readonly list: RegistersOp[] = [];
  private readonly known = new Map<string, number>();
  private readonly steps = new PairTable();

  /** `tracked`: how many registers there are to overwrite. */
  constructor(keys: readonly Value[], values: ValueNumbers, initial: Int32Array, tracked: number) {
    this.keys = keys;
    this.values = values;
    this.tracked = tracked;
    this.vectors = new Vectors(keys.length);
    let vector = ZEROS;
    initial.forEach((item, key) => {
      vector = this.vectors.with(vector, key, item);
    });
    this.initial = this.states.of(vector);
  }

  get ops(): number {
    return this.list.length;
  }

  opOf(op: RegistersOp): number {
    const key = `${op.isImpossible} ${op.guards} ${op.opens} ${op.leaves}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const number = this.list.push(op) - 1;
    this.known.set(key, number);
    return number;
  }

  step(state: number, op: number): number {
    const known = this.steps.get(state, op);
    if (known !== ABSENT) return known;
    const vector = this.after(this.states.vector(state), this.list[op]!);
    const next = vector === ILLEGAL ? ILLEGAL : this.states.of(vector);
    this.steps.set(state, op, next);
    return next;
  }

  readOnly(op: number): boolean {
    const { leaves, opens, isImpossible } = this.list[op]!;
    return isImpossible || (leaves.length === 0 && opens.length === 0);
  }

  total(op: number): boolean {
    const { guards, isImpossible } = this.list[op]!;
    return !isImpossible && guards.length === 0;
  }

  overwrites(op: number): boolean {
    return this.total(op) && this.list[op]!.leaves.length === this.tracked * 2;
  }

  describe(state: number): string {
    const shown: string[] = [];
    this.vectors.visit(this.states.vector(state), (key, item) => {
      if (shown.push(`${formatValue(this.keys[key]!)} ${this.values.describe(item - 1)}`) < shownMax) return true;
      shown.push('…');
      return false;
    });
    return `{${shown.join(', ')}}`;
  }

  private after(vector: number, { guards, leaves, opens, isImpossible }: RegistersOp): number {
    if (isImpossible) return ILLEGAL;
    for (let i = 0; i < guards.length; i += 2) {
      const item = this.vectors.at(vector, guards[i]!);
      if (item === OPEN) {
        if (opens.includes(guards[i]!)) vector = this.vectors.with(vector, guards[i]!, guards[i + 1]! + 1);
      } else if (item !== guards[i + 1]! + 1) return ILLEGAL;
    }
    for (let i = 0; i < leaves.length; i += 2) vector = this.vectors.with(vector, leaves[i]!, leaves[i + 1]! + 1);
    return vector;
  }
}

/** Registers shown to people, at most. */
const shownMax = 20;

const multiRegisterWords: Words = {
  noun: (calls, call) =>
    `transaction ${formatValue(calls.fate[call] === RETURNED ? calls.output[call]! : calls.input[call]!)}`,
  past: (calls, call) => `did ${formatValue(calls.output[call]!)}`,
};
