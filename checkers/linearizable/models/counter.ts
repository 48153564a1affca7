/** Counter: a whole number that is added to, and read. */
import { formatValue, type Value } from '../../../history/value.ts';
import { ALWAYS, type Problem, UNCONSTRAINED } from '../automaton.ts';
import { type Calls, CRASHED, RETURNED } from '../calls.ts';
import { allRules, type Rules } from '../rules.ts';
import { LastReturns, NEVER_LOOKED_AT, returnsOf } from './last-returns.ts';
import { KeyedStates, MachineAutomaton } from './machine.ts';
import { type Model, ModelMismatch, type Words } from './model.ts';
import { unknownOp, withArticle } from './unknown-op.ts';

export interface CounterOptions {
  /** What it shows before anything is added. Default 0. */
  readonly initial?: Value;
}

/** The ops that add, each with what it adds for 1. */
const signs: ReadonlyMap<string, bigint> = new Map([
  ['add', 1n],
  ['inc', 1n],
  ['increment', 1n],
  ['dec', -1n],
  ['decrement', -1n],
]);

/** add of a whole number, inc and dec (increment, decrement) of 1 or of a whole number, and read. */
export function counter(options: CounterOptions = {}): Model {
  const fs = [...signs.keys(), 'read'];
  const initial = wholeNumber(options.initial ?? 0);
  if (initial === undefined) {
    throw new TypeError(`a counter cannot begin at ${formatValue(options.initial!)}; expected a whole number`);
  }
  return {
    name: 'counter',
    summary: 'A whole number, that is added to and read.',
    options,
    fs,
    words: counterWords,
    compile: (calls, rules = allRules) => compile(calls, initial, fs, rules),
  };
}

const wholeNumber = (value: Value): bigint | undefined =>
  typeof value === 'bigint' || Number.isInteger(value) ? BigInt(value as number | bigint) : undefined;

/** What the call adds; undefined of a read. */
function addendOf({ invocation, f, input }: Calls, call: number): bigint | undefined {
  const sign = signs.get(f[call]!);
  if (sign === undefined) return undefined;
  const amount = input[call] === null && f[call] !== 'add' ? 1n : wholeNumber(input[call]!);
  if (amount !== undefined) return sign * amount;
  const index = invocation[call]!;
  throw new ModelMismatch(
    index,
    `op ${index} is ${withArticle(f[call]!)} of ${formatValue(input[call]!)}; expected a whole number`,
  );
}

/** What adds nothing says nothing. A crashed add that comes after all reads can be left out (`matters`): nothing depends on it. */
function compile(calls: Calls, initial: bigint, fs: readonly string[], rules: Rules): Problem {
  const returns = returnsOf(calls);
  const reads = new LastReturns(1);
  const numbers = new Map<string, number>();
  const addends: (bigint | undefined)[] = [];
  const shown: bigint[] = [];
  const op = new Int32Array(calls.length).fill(UNCONSTRAINED);
  for (let call = 0; call < calls.length; call++) {
    const f = calls.f[call]!;
    const index = calls.invocation[call]!;
    if (!fs.includes(f)) throw unknownOp(calls, call, 'counter', fs);
    const addend = addendOf(calls, call);
    if (addend === 0n || (addend === undefined && calls.fate[call] === CRASHED)) continue;
    let read = 0n;
    if (addend === undefined) {
      const value = wholeNumber(calls.output[call]!);
      if (value === undefined) {
        const what = `op ${index} read ${formatValue(calls.output[call]!)} from a counter`;
        throw new ModelMismatch(index, `${what}; expected a whole number`);
      }
      read = value;
      reads.look(0, returns[call]!);
    }
    const key = addend === undefined ? `read ${read}` : `add ${addend}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = addends.push(addend) - 1;
      shown.push(read);
      numbers.set(key, number);
    }
    op[call] = number;
  }

  const isRead = (number: number): boolean => addends[number] === undefined;
  const automaton = new MachineAutomaton<bigint>(
    {
      initial,
      ops: addends.length,
      after(sum, number) {
        const addend = addends[number];
        if (addend !== undefined) return [sum + addend];
        return shown[number] === sum ? [sum] : [];
      },
      branching: () => false,
      readOnly: isRead,
      total: (number) => !isRead(number),
      overwrites: () => false,
      describe: String,
    },
    new KeyedStates((sum) => sum),
  );
  const matters = new Int32Array(addends.length).fill(rules.dropUnobservable ? reads.of(0) : ALWAYS);
  if (rules.dropUnobservable && reads.of(0) === NEVER_LOOKED_AT) op.fill(UNCONSTRAINED);
  return { automaton, op, matters, events: calls.events };
}

const counterWords: Words = {
  noun(calls, call) {
    if (calls.f[call] !== 'read') return `${calls.f[call]}${amountOf(calls, call)}`;
    return calls.fate[call] === RETURNED ? `read of ${formatValue(calls.output[call]!)}` : 'read';
  },
  past(calls, call) {
    if (calls.f[call] === 'read') return `read ${formatValue(calls.output[call]!)}`;
    const addend = addendOf(calls, call)!;
    return addend < 0n ? `subtracted ${-addend}` : `added ${addend}`;
  },
};

const amountOf = ({ input }: Calls, call: number): string =>
  input[call] === null ? '' : ` of ${formatValue(input[call]!)}`;
