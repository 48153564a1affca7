/**
 * Counter: numbers are added, and the sum is read (Jepsen, checker.clj, `counter`). Each read must lie between the least and the
 * greatest sum that the counter may have had: adds acknowledged before the read began are in it for certain, adds that had
 * begun before the read ended may be, and others are not. Jepsen's counter only grows; here adds may be negative.
 *
 * The bounds of a read do not depend on other reads. To ask whether all reads fit together, ask whether the counter is linearizable.
 */
import type { History } from '../../history/history.ts';
import { exactInteger, type Json, toJson, type Value } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { type Calls, RETURNED } from '../linearizable/calls.ts';
import { momentOf } from '../moments.ts';
import { Findings } from './findings.ts';
import {
  conclusion,
  expectCalls,
  type Judged,
  judgeObjects,
  type ObjectCalls,
  type ObjectVerdict,
  objectChecker,
  unexpectedInput,
  unexpectedResult,
} from './object-checker.ts';

export interface CounterOptions {
  /** What it shows before anything is added, a whole number. Default 0. */
  readonly initial?: Value;
}

/** A read, with the bounds of what it may have returned. Integers beyond 2^53 as text. */
export interface BoundedRead {
  /** The line on which it ended. */
  readonly read: number;
  readonly lower: Json;
  readonly value: Json;
  readonly upper: Json;
}

export interface CounterVerdict extends ObjectVerdict {
  readonly readCount: number;
  readonly errorCount: number;
  /** Reads out of bounds; the first ten. */
  readonly errors: readonly BoundedRead[];
  /** The one that is furthest out. */
  readonly maxAbsoluteError?: BoundedRead;
}

/**
 * `add` of a whole number, `inc` and `dec` (`increment`, `decrement`) of 1 or of a whole number, `read`. Unknown where nothing was
 * read. Linear.
 */
export const checkCounter = (history: History, options: CounterOptions = {}): Judged<CounterVerdict> =>
  judgeObjects(history, (object) => judge(object, options));

export const counter = (options: CounterOptions = {}): Checker =>
  objectChecker('counter', (object) => judge(object, options));

/** The ops that add, each with what it adds for 1. */
const signs: Readonly<Record<string, bigint>> = { add: 1n, inc: 1n, increment: 1n, dec: -1n, decrement: -1n };
const errorsMax = 10;

function judge({ history, calls }: ObjectCalls, { initial = 0 }: CounterOptions): CounterVerdict {
  expectCalls(calls, 'counter', [...Object.keys(signs), 'read']);
  const begin = wholeNumber(initial);
  if (begin === undefined) throw new TypeError('a counter begins at a whole number');
  // The least sum is what was certainly added, and all that may have been taken away; the greatest the other way round.
  const certain = { up: begin, down: begin };
  const possible = { up: 0n, down: 0n };
  const boundsAtBegin = new Map<number, { readonly lower: bigint; readonly upper: bigint }>();
  const findings = new Findings();
  const errors: BoundedRead[] = [];
  let furthest: { readonly by: bigint; readonly read: BoundedRead } | undefined;
  let readCount = 0;
  for (const event of calls.events) {
    const call = event >>> 1;
    const isReturn = (event & 1) === 1;
    if (calls.f[call] !== 'read') {
      const amount = amountOf(calls, call);
      const sums = isReturn ? certain : possible;
      if (amount > 0n) sums.up += amount;
      else sums.down += amount;
      continue;
    }
    if (calls.fate[call] !== RETURNED) continue;
    if (!isReturn) {
      boundsAtBegin.set(call, { lower: certain.up, upper: certain.down });
      continue;
    }
    readCount++;
    const atBegin = boundsAtBegin.get(call)!;
    boundsAtBegin.delete(call);
    const lower = atBegin.lower + possible.down;
    const upper = atBegin.upper + possible.up;
    const value = wholeNumber(calls.output[call]!) ?? unexpectedResult(calls, call, 'a whole number');
    if (lower <= value && value <= upper) continue;
    const read = {
      read: calls.completion[call]!,
      lower: toJson(exactInteger(lower)),
      value: toJson(exactInteger(value)),
      upper: toJson(exactInteger(upper)),
    };
    if (errors.length < errorsMax) errors.push(read);
    const by = value < lower ? lower - value : value - upper;
    if (furthest === undefined || by > furthest.by) furthest = { by, read };
    findings.add('out-of-bounds', () => ({
      lines: [calls.invocation[call]!, calls.completion[call]!],
      sentence: `Process ${calls.process[call]} read ${value} ${momentOf(history, calls.completion[call]!)}, but the counter was ${lower === upper ? lower : `between ${lower} and ${upper}`}.`,
    }));
  }
  return {
    ...conclusion(findings.reason(['out-of-bounds']), {
      untested: readCount === 0 ? 'the counter was never read' : undefined,
    }),
    readCount,
    errorCount: findings.count('out-of-bounds'),
    errors,
    ...(furthest === undefined ? {} : { maxAbsoluteError: furthest.read }),
    findings: findings.told,
  };
}

const wholeNumber = (value: Value): bigint | undefined =>
  typeof value === 'bigint' || Number.isInteger(value) ? BigInt(value as number | bigint) : undefined;

function amountOf(calls: Calls, call: number): bigint {
  const f = calls.f[call]!;
  const input = calls.input[call]!;
  const amount = input === null && f !== 'add' ? 1n : wholeNumber(input);
  return signs[f]! * (amount ?? unexpectedInput(calls, call, 'a whole number'));
}
