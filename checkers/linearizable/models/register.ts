/** Registers: one value, that is read, written, and compared and set. */
import { formatValue, isArray, type Value, valuesEqual } from '../../../history/value.ts';
import { ALWAYS, type Automaton, ILLEGAL, type Problem, UNCONSTRAINED } from '../automaton.ts';
import { type Calls, CRASHED, REFUSED } from '../calls.ts';
import { decideRegister, linearizationOfRegister } from '../polynomial/register.ts';
import { unproduced } from '../polynomial/unproduced.ts';
import { allRules } from '../rules.ts';
import { ValueNumbers } from '../value-numbers.ts';
import { type Model, ModelMismatch } from './model.ts';
import { registerWords } from './register-words.ts';

export interface RegisterOptions {
  /** What it holds before anything is written. Default null (nil). */
  readonly initial?: Value;
  /** A read of nil says nothing, as in the models of Knossos. Default: it says that the register held nil. */
  readonly nilReadIsUnknown?: boolean;
}

/** One value, with read and write. */
export function register(options: RegisterOptions = {}): Model {
  return registerModel('register', 'One value, that is read and written.', ['read', 'write'], options);
}

/** One value, with read, write, and cas (its value a pair: expected and new). */
export function casRegister(options: RegisterOptions = {}): Model {
  const summary = 'One value, that is read, written, and compared and set.';
  return registerModel('cas-register', summary, ['read', 'write', 'cas'], options);
}

// What an op of a register looks at and leaves behind. A read: `expects`; a write: `leaves`; a cas: both; a refused cas: anything but `expects`.
const READ = 0;
const WRITE = 1;
const CAS = 2;
const DIFFERS = 3;

function registerModel(name: string, summary: string, fs: readonly string[], options: RegisterOptions): Model {
  const { initial = null, nilReadIsUnknown = false } = options;
  const isThere = (value: Value): boolean => valuesEqual(value, initial) || (nilReadIsUnknown && value === null);
  return {
    name,
    summary,
    options,
    fs,
    words: registerWords,
    decide(calls) {
      const decision = decideRegister(calls, options, fs);
      if (decision === undefined) return knowsAll(calls, fs) ? unproduced(calls, registerWords, isThere) : undefined;
      if (!decision.linearizable) return decision;
      return { linearizable: true, order: () => linearizationOfRegister(calls, options, fs)! };
    },
    compile(calls, rules = allRules) {
      const parsed = parse(calls, name, fs, options);
      if (rules.dropUnobservable) dropUnobservable(parsed);
      if (rules.mergeUnobserved) mergeUnobserved(parsed);
      return problemOf(parsed, rules.dropUnobservable);
    },
  };
}

const knowsAll = ({ f, input }: Calls, fs: readonly string[]): boolean =>
  f.every((name, call) => fs.includes(name) && (name !== 'cas' || isPair(input[call]!)));

const isPair = (value: Value): boolean => isArray(value) && value.length === 2;

/** The calls as kinds and numbers of values. */
interface Parsed {
  readonly calls: Calls;
  readonly values: ValueNumbers;
  initial: number;
  /** READ, WRITE, CAS, DIFFERS, or UNCONSTRAINED. */
  readonly kind: Int8Array;
  /** Number of the value; -1 where the kind has none. */
  readonly expects: Int32Array;
  readonly leaves: Int32Array;
}

function parse(calls: Calls, name: string, fs: readonly string[], options: RegisterOptions): Parsed {
  const { length } = calls;
  const values = new ValueNumbers();
  const initial = values.of(options.initial ?? null);
  const kind = new Int8Array(length).fill(UNCONSTRAINED);
  const expects = new Int32Array(length).fill(-1);
  const leaves = new Int32Array(length).fill(-1);
  for (let call = 0; call < length; call++) {
    const f = calls.f[call]!;
    const fate = calls.fate[call]!;
    const input = calls.input[call]!;
    if (!fs.includes(f)) {
      const index = calls.invocation[call]!;
      const known = fs.join(', ');
      throw new ModelMismatch(index, `op ${index} is a ${f}; the ${name} model knows ${known}: choose another model`);
    }
    if (f === 'read') {
      const output = calls.output[call]!;
      if (fate === CRASHED || (output === null && options.nilReadIsUnknown === true)) continue;
      kind[call] = READ;
      expects[call] = values.of(output);
    } else if (f === 'write') {
      kind[call] = WRITE;
      leaves[call] = values.of(input);
    } else {
      if (!Array.isArray(input) || input.length !== 2) {
        const index = calls.invocation[call]!;
        throw new ModelMismatch(
          index,
          `op ${index} is a cas of ${formatValue(input)}; expected a pair [expected, new]`,
        );
      }
      expects[call] = values.of(input[0] as Value);
      if (fate === REFUSED) {
        kind[call] = DIFFERS;
        continue;
      }
      kind[call] = CAS;
      leaves[call] = values.of(input[1] as Value);
      if (expects[call] === leaves[call]) kind[call] = fate === CRASHED ? UNCONSTRAINED : READ;
    }
  }
  return { calls, values, initial, kind, expects, leaves };
}

/**
 * Drops crashed ops that leave a value nothing looks at: no ok read returns it, no ok or crashed cas expects it. What follows
 * such an op in a linearization can only be a write, so it can be taken out. A refused cas looks at every value, so
 * where there is one nothing is dropped.
 */
function dropUnobservable({ calls, kind, expects, leaves, values }: Parsed): void {
  const observers = new Int32Array(values.count);
  const crashedLeaving = new Map<number, number[]>();
  for (let call = 0; call < calls.length; call++) {
    if (kind[call] === DIFFERS) return;
    if (kind[call] === READ || kind[call] === CAS) observers[expects[call]!]!++;
    if (calls.fate[call] !== CRASHED || (kind[call] !== WRITE && kind[call] !== CAS)) continue;
    const list = crashedLeaving.get(leaves[call]!);
    if (list === undefined) crashedLeaving.set(leaves[call]!, [call]);
    else list.push(call);
  }
  const unobserved = [...crashedLeaving.keys()].filter((value) => observers[value] === 0);
  for (let value = unobserved.pop(); value !== undefined; value = unobserved.pop()) {
    for (const call of crashedLeaving.get(value) ?? []) {
      if (kind[call] === CAS && --observers[expects[call]!]! === 0) unobserved.push(expects[call]!);
      kind[call] = UNCONSTRAINED;
    }
  }
}

/** Values that nothing expects, a refused cas included, become one: no op can tell them apart. */
function mergeUnobserved(parsed: Parsed): void {
  const { calls, kind, expects, leaves, values } = parsed;
  const observed = new Uint8Array(values.count + 1);
  for (let call = 0; call < calls.length; call++) {
    if (kind[call] !== UNCONSTRAINED && expects[call]! >= 0) observed[expects[call]!] = 1;
  }
  const other = values.anonymous('a value that nothing reads');
  const merged = (value: number): number => (value < 0 || observed[value] === 1 ? value : other);
  for (let call = 0; call < calls.length; call++) leaves[call] = merged(leaves[call]!);
  parsed.initial = merged(parsed.initial);
}

function problemOf(parsed: Parsed, expire: boolean): Problem {
  const { calls, values, initial, kind, expects, leaves } = parsed;
  const automaton = new RegisterAutomaton(initial, values);
  const op = new Int32Array(calls.length).fill(UNCONSTRAINED);
  for (let call = 0; call < calls.length; call++) {
    if (kind[call] === UNCONSTRAINED) continue;
    const isWrite = kind[call] === WRITE;
    const onlyExpects = kind[call] === READ || kind[call] === DIFFERS;
    op[call] = automaton.opOf(kind[call]!, isWrite ? -1 : expects[call]!, onlyExpects ? -1 : leaves[call]!);
  }
  const matters = new Int32Array(automaton.ops).fill(ALWAYS);
  if (expire && !kind.includes(DIFFERS)) {
    const lookedAt = lastLooks(parsed);
    for (let call = 0; call < calls.length; call++) {
      if (kind[call] === WRITE || kind[call] === CAS) matters[op[call]!] = lookedAt[leaves[call]!]!;
    }
  }
  return { automaton, op, matters, events: calls.events };
}

/** Of each value the position of the last return of a call that expects it; ALWAYS where one does not return, -1 where there is none. */
function lastLooks({ calls, values, kind, expects }: Parsed): Int32Array {
  const returnOf = new Int32Array(calls.length).fill(ALWAYS);
  calls.events.forEach((event, position) => {
    if ((event & 1) === 1) returnOf[event >>> 1] = position;
  });
  const last = new Int32Array(values.count).fill(-1);
  for (let call = 0; call < calls.length; call++) {
    const expected = expects[call]!;
    if (kind[call] === UNCONSTRAINED || expected < 0) continue;
    if (last[expected]! < returnOf[call]!) last[expected] = returnOf[call]!;
  }
  return last;
}

class RegisterAutomaton implements Automaton {
  readonly initial: number;
  private readonly values: ValueNumbers;
  private readonly kind: number[] = [];
  private readonly expects: number[] = [];
  private readonly leaves: number[] = [];
  private readonly known = new Map<number, number>();

  constructor(initial: number, values: ValueNumbers) {
    this.initial = initial;
    this.values = values;
  }

  get ops(): number {
    return this.kind.length;
  }

  opOf(kind: number, expects: number, leaves: number): number {
    const isRead = kind === CAS && expects === leaves;
    if (isRead) return this.opOf(READ, expects, -1);
    const key = ((expects + 1) * (this.values.count + 1) + leaves + 1) * 4 + kind;
    let op = this.known.get(key);
    if (op === undefined) {
      op = this.kind.length;
      this.known.set(key, op);
      this.kind.push(kind);
      this.expects.push(expects);
      this.leaves.push(leaves);
    }
    return op;
  }

  step(state: number, op: number): number {
    switch (this.kind[op]) {
      case READ:
        return state === this.expects[op] ? state : ILLEGAL;
      case WRITE:
        return this.leaves[op]!;
      case CAS:
        return state === this.expects[op] ? this.leaves[op]! : ILLEGAL;
      default:
        return state !== this.expects[op] ? state : ILLEGAL;
    }
  }

  readOnly(op: number): boolean {
    return this.kind[op] === READ || this.kind[op] === DIFFERS;
  }

  total(op: number): boolean {
    return this.kind[op] === WRITE;
  }

  overwrites(op: number): boolean {
    return this.kind[op] === WRITE;
  }

  describe(state: number): string {
    return this.values.describe(state);
  }
}
