/** A key-value map with append, as in Porcupine's tests (kv). Each key of a history is an object of its own: one string. */
import { formatValue, type Value } from '../../../history/value.ts';
import { ALWAYS, type Problem, UNCONSTRAINED } from '../automaton.ts';
import { type Calls, CRASHED, RETURNED } from '../calls.ts';
import { allRules, type Rules } from '../rules.ts';
import { LastReturns, NEVER_LOOKED_AT, returnsOf } from './last-returns.ts';
import { KeyedStates, MachineAutomaton } from './machine.ts';
import { type Model, ModelMismatch, type Words } from './model.ts';
import { register } from './register.ts';
import { unknownOp, withArticle } from './unknown-op.ts';

const fs: readonly string[] = ['get', 'put', 'append'];

/**
 * get, put, and append. What was never put is the empty string; a get of nil shows that too. Strings are appended to; where nothing
 * is appended to, values may be anything, and the object is a register.
 */
export function kv(): Model {
  const withoutAppends = register({ initial: '' });
  const isRegister = (calls: Calls): boolean => calls.f.every((f) => registerFs[f] !== undefined);
  return {
    name: 'kv',
    summary: 'Values by key, that are got and put; strings are appended to.',
    options: {},
    fs,
    words: kvWords,
    compile: (calls, rules = allRules) =>
      isRegister(calls) ? withoutAppends.compile(asRegister(calls), rules) : compile(calls, opsOf(calls), rules),
    decide: (calls) => (isRegister(calls) ? withoutAppends.decide!(asRegister(calls)) : undefined),
  };
}

const registerFs: Readonly<Record<string, string>> = { get: 'read', put: 'write' };

/** The same calls on a register. */
const asRegister = (calls: Calls): Calls => ({
  ...calls,
  f: calls.f.map((f) => registerFs[f]!),
  input: calls.input.map((value) => value ?? ''),
  output: calls.output.map((value) => value ?? ''),
});

const GET = 0;
const PUT = 1;
const APPEND = 2;

interface KvOp {
  readonly kind: number;
  /** What was got, put, or appended. */
  readonly text: string;
}

interface KvOps {
  readonly ops: readonly KvOp[];
  /** Of each call its op, or UNCONSTRAINED: a crashed get, an append of nothing. */
  readonly op: Int32Array;
}

function opsOf(calls: Calls): KvOps {
  const ops: KvOp[] = [];
  const numbers = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()] as const;
  const op = new Int32Array(calls.length).fill(UNCONSTRAINED);
  for (let call = 0; call < calls.length; call++) {
    const f = calls.f[call]!;
    const kind = fs.indexOf(f);
    if (kind < 0) throw unknownOp(calls, call, 'kv', fs);
    if (kind === GET && calls.fate[call] === CRASHED) continue;
    const text = kind === GET ? textOf(calls, call, calls.output[call] ?? '') : textOf(calls, call, calls.input[call]!);
    if (kind === APPEND && text === '') continue;
    let number = numbers[kind]!.get(text);
    if (number === undefined) {
      number = ops.push({ kind, text }) - 1;
      numbers[kind]!.set(text, number);
    }
    op[call] = number;
  }
  return { ops, op };
}

function textOf({ invocation, f }: Calls, call: number, value: Value): string {
  if (typeof value === 'string') return value;
  const index = invocation[call]!;
  throw new ModelMismatch(index, `op ${index} is ${withArticle(f[call]!)} of ${formatValue(value)}; expected a string`);
}

function compile(calls: Calls, { ops, op }: KvOps, rules: Rules): Problem {
  const automaton = rules.mergeUnobserved ? observedAutomaton(ops) : plainAutomaton(ops);
  const matters = rules.dropUnobservable ? mattersOf(calls, ops, op) : new Int32Array(ops.length).fill(ALWAYS);
  return { automaton, op, matters, events: calls.events };
}

const flagsOf = (ops: readonly KvOp[]) => ({
  ops: ops.length,
  branching: () => false,
  readOnly: (op: number) => ops[op]!.kind === GET,
  total: (op: number) => ops[op]!.kind !== GET,
  overwrites: (op: number) => ops[op]!.kind === PUT,
});

/** States are the strings themselves. */
function plainAutomaton(ops: readonly KvOp[]): MachineAutomaton<string> {
  const after = (state: string, op: number): readonly string[] => {
    const { kind, text } = ops[op]!;
    if (kind === GET) return state === text ? [state] : [];
    return [kind === PUT ? text : state + text];
  };
  return new MachineAutomaton(
    { ...flagsOf(ops), initial: '', after, describe: (state) => formatValue(state) },
    new KeyedStates((state) => state),
  );
}

/** A prefix of something that was got: of those numbered from `from` to before `to` in ascending order, the first `length` characters. */
interface Prefix {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/**
 * Strings that no get returned, and with nothing but more appended to them none can return, are one state: until the next put, no op
 * can tell them apart. All others are prefixes of something that was got. A step takes time proportional to what is put or
 * appended, and to the logarithm of the number of gets, not to the length of the string.
 */
function observedAutomaton(ops: readonly KvOp[]): MachineAutomaton<Prefix> {
  const got = ops.flatMap(({ kind, text }) => (kind === GET ? [text] : [])).sort(compareTexts);
  const extended = ({ from, to, length }: Prefix, text: string): Prefix => ({
    from: firstNotBefore(got, from, to, length, text),
    to: firstAfter(got, from, to, length, text),
    length: length + text.length,
  });
  const empty: Prefix = { from: 0, to: got.length, length: 0 };
  const isExact = ({ from, to, length }: Prefix, text: string): boolean =>
    from < to && length === text.length && got[from] === text;
  const after = (state: Prefix, op: number): readonly Prefix[] => {
    const { kind, text } = ops[op]!;
    if (kind === GET) return isExact(state, text) ? [state] : [];
    return [extended(kind === PUT ? empty : state, text)];
  };
  return new MachineAutomaton<Prefix>(
    {
      ...flagsOf(ops),
      initial: empty,
      after,
      describe: ({ from, to, length }) =>
        from < to ? formatValue(got[from]!.slice(0, length)) : length === 0 ? '""' : 'a string that no get returns',
    },
    new KeyedStates(({ from, to, length }) => (from < to ? `${from} ${length}` : '')),
  );
}

/** By code units, as `<` compares strings. */
const compareTexts = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Of strings in ascending order that are the same up to `at`, the first that goes on with no less than the text. */
function firstNotBefore(sorted: readonly string[], from: number, to: number, at: number, text: string): number {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]!.slice(at, at + text.length) < text) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The first that does not go on with the text, nor with less. */
function firstAfter(sorted: readonly string[], from: number, to: number, at: number, text: string): number {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]!.slice(at, at + text.length) <= text) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Characters of gets looked through for what crashed ops left, at most: beyond, it is taken to matter. */
const scannedMax = 2 ** 28;

/**
 * What a crashed put or append leaves can be seen until the last return of a get whose string begins with, or contains, what it
 * put or appended. Taken out of an order in which it comes later, or is not seen at all, it changes only what is there until the next
 * put, and until then nothing gets it.
 */
function mattersOf(calls: Calls, ops: readonly KvOp[], op: Int32Array): Int32Array {
  const returns = returnsOf(calls);
  const gotUntil = new LastReturns(ops.length);
  const hasCrashed = new Uint8Array(ops.length);
  for (let call = 0; call < calls.length; call++) {
    const number = op[call]!;
    if (number === UNCONSTRAINED) continue;
    if (ops[number]!.kind === GET) gotUntil.look(number, returns[call]!);
    else if (calls.fate[call] === CRASHED) hasCrashed[number] = 1;
  }
  const gets = [...ops.keys()].filter((number) => ops[number]!.kind === GET);
  gets.sort((one, other) => gotUntil.of(other) - gotUntil.of(one));
  let scanned = 0;
  const lastGet = (sees: (got: string) => boolean): number => {
    for (const number of gets) {
      const got = ops[number]!.text;
      scanned += got.length;
      if (scanned > scannedMax) return ALWAYS;
      if (sees(got)) return gotUntil.of(number);
    }
    return NEVER_LOOKED_AT;
  };
  return Int32Array.from(ops, ({ kind, text }, number) => {
    if (hasCrashed[number] === 0) return ALWAYS;
    return lastGet(kind === PUT ? (got) => got.startsWith(text) : (got) => got.includes(text));
  });
}

const kvWords: Words = {
  noun({ f, input, output, fate }, call) {
    if (f[call] !== 'get') return `${f[call]} of ${formatValue(input[call]!)}`;
    return fate[call] === RETURNED ? `get of ${formatValue(output[call]!)}` : 'get';
  },
  past({ f, input, output }, call) {
    if (f[call] === 'get') return `got ${formatValue(output[call]!)}`;
    return f[call] === 'put' ? `put ${formatValue(input[call]!)}` : `appended ${formatValue(input[call]!)}`;
  },
};
