/** The calls on one register as reads and writes of versions. */
import { formatValue, isArray, type Value } from '../../history/value.ts';
import { type Calls, CRASHED, RETURNED } from '../linearizable/calls.ts';
import { ModelMismatch } from '../linearizable/models/model.ts';
import { ValueNumbers } from '../linearizable/value-numbers.ts';

/** In place of a version: the call read or wrote none. */
export const NONE = -1;

/** In place of a version: a value that more than one call may have written, or one call that it held at first as well. */
export const AMBIGUOUS = -2;

/** In place of a version: a value that no call can have written. */
export const UNWRITTEN = -3;

/** What the register holds before anything is written. */
export const FIRST = 0;

/** A version is a value with the one call that may have written it. They are numbered from 0. */
export interface Versions {
  readonly calls: Calls;
  readonly count: number;
  /** Of each call the version that it returned, or found and replaced; or one of the above. */
  readonly read: Int32Array;
  /** Of each call the version that it leaves if it happens; NONE or AMBIGUOUS. */
  readonly written: Int32Array;
  /** Of each version the call that may have written it; NONE of the first. */
  readonly writer: Int32Array;
  /** Of each version the value. */
  readonly value: readonly Value[];
  /** Calls that wrote a value that was read and is ambiguous, of the first such value; empty where there is none. */
  readonly ambiguous: readonly number[];
}

export interface VersionOptions {
  /** What it holds before anything is written. Default null (nil). */
  readonly initial?: Value;
  /** A read of nil says nothing. Default: it says that the register held nil. */
  readonly nilReadIsUnknown?: boolean;
}

/**
 * Calls that failed must have been left out. A cas is a read and a write; one that leaves what it found is a read. Linear.
 *
 * @throws ModelMismatch where a call is no read, write, or cas
 */
export function versionsOf(calls: Calls, { initial = null, nilReadIsUnknown = false }: VersionOptions): Versions {
  const { length, f, fate, input, output } = calls;
  const numbers = new ValueNumbers();
  numbers.of(initial);
  const found = new Int32Array(length).fill(NONE);
  const left = new Int32Array(length).fill(NONE);
  const values: Value[] = [initial];
  const numberOf = (value: Value): number => {
    const number = numbers.of(value);
    values[number] = value;
    return number;
  };
  for (let call = 0; call < length; call++) {
    const [expected, replacement] = f[call] === 'cas' ? pairOf(calls, call) : [];
    if (f[call] === 'read') {
      const saysNothing = fate[call] === CRASHED || (nilReadIsUnknown && output[call] === null);
      if (!saysNothing) found[call] = numberOf(output[call]!);
    } else if (f[call] === 'write') {
      left[call] = numberOf(input[call]!);
    } else if (f[call] === 'cas') {
      const [from, to] = [numberOf(expected!), numberOf(replacement!)];
      if (fate[call] === RETURNED) found[call] = from;
      if (from !== to) left[call] = to;
    } else throw mismatch(calls, call, `a ${f[call]}; session guarantees are of read, write, and cas`);
  }

  const writers = new Int32Array(numbers.count);
  const writer = new Int32Array(numbers.count).fill(NONE);
  writers[FIRST] = 1;
  left.forEach((number, call) => {
    if (number < 0) return;
    writers[number]!++;
    writer[number] = call;
  });
  const first = found.find((number) => number >= 0 && writers[number]! > 1);
  const ambiguous = first === undefined ? [] : Array.from(left.keys()).filter((call) => left[call] === first);
  const versionOf = (number: number): number =>
    number < 0 ? NONE : writers[number] === 1 ? number : writers[number] === 0 ? UNWRITTEN : AMBIGUOUS;
  return {
    calls,
    count: numbers.count,
    read: found.map(versionOf),
    written: left.map(versionOf),
    writer,
    value: values,
    ambiguous,
  };
}

function pairOf(calls: Calls, call: number): readonly Value[] {
  const input = calls.input[call]!;
  if (isArray(input) && input.length === 2) return input;
  throw mismatch(calls, call, `a cas of ${formatValue(input)}; expected a pair [expected, new]`);
}

function mismatch({ invocation }: Calls, call: number, what: string): ModelMismatch {
  return new ModelMismatch(invocation[call]!, `op ${invocation[call]!} is ${what}`);
}
