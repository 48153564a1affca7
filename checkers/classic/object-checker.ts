/**
 * What the checkers of this folder have in common. Most judge one object, and each key of a history is an object of its own.
 * Of an op that crashed (`info`, or never completed) it is assumed that it may have happened, now or at any later time; of one
 * that failed, that it did not, and it is left out.
 */
import { failCode, type History, okCode } from '../../history/history.ts';
import { formatValue, type Json, toJson, type Value, valueKey } from '../../history/value.ts';
import type { Checker, Verdict } from '../checker.ts';
import { type Calls, RETURNED } from '../linearizable/calls.ts';
import { objectsOf } from '../linearizable/objects.ts';
import type { Finding } from './findings.ts';

/** The calls on one object, and where they come from. */
export interface ObjectCalls {
  readonly history: History;
  /** null where the history has one object only. */
  readonly key: Value;
  readonly calls: Calls;
  /** The ops of the whole history that failed. */
  readonly failed: FailedOps;
}

/** Ops that failed, found by what they were asked for. */
export class FailedOps {
  readonly #history: History;
  #lines: Map<string, number> | undefined;

  constructor(history: History) {
    this.#history = history;
  }

  /** The line on which the first of them was invoked. The first question costs linear time. */
  find(f: string, key: Value, value: Value): number | undefined {
    this.#lines ??= this.#index();
    return this.#lines.get(valueKey([f, key, value]));
  }

  #index(): Map<string, number> {
    const history = this.#history;
    const lines = new Map<string, number>();
    for (const line of history.clientInvocations()) {
      const completion = history.completionOf(line);
      if (completion < 0 || history.types[completion] !== failCode) continue;
      const asked = valueKey([history.f(line), history.key(line) ?? null, history.value(line)]);
      if (!lines.has(asked)) lines.set(asked, line);
    }
    return lines;
  }
}

export interface ObjectVerdict extends Verdict {
  /** The evidence: at most ten of each kind. */
  readonly findings: readonly Finding[];
  /** The verdict is unknown because nothing showed what became of the object: no read, for one. */
  readonly untested?: true;
}

/** Nothing could be judged: no op succeeded, or an op is none that the checker knows. */
export interface Undecided extends Verdict {
  readonly valid: 'unknown';
  readonly reason: string;
  /** Nothing showed what became of the object. */
  readonly untested?: true;
}

/** The verdict on several objects: the worst of theirs, without those that were not tested, unless none was. */
export interface KeyedVerdict<V extends Verdict> extends Verdict {
  /** How many objects. */
  readonly keys: number;
  /** How many of them were not tested: no op on them succeeded, or nothing showed what became of them. */
  readonly untestedKeys: number;
  /** The objects whose verdict is not true, those that are invalid first; at most ten. */
  readonly results: readonly { readonly key: Json; readonly verdict: V | Undecided }[];
}

export type Judged<V extends ObjectVerdict> = V | Undecided | KeyedVerdict<V>;

/** An op that the checker cannot make sense of; the verdict on its object is unknown, for what it did may have been anything. */
export class Unjudgeable extends Error {
  override readonly name = 'Unjudgeable';
}

/** Nothing showed what became of the object. */
export class Untested extends Unjudgeable {}

const resultsMax = 10;

/** Judges each object apart. If none was tested, the verdict is unknown. */
export function judgeObjects<V extends ObjectVerdict>(history: History, judge: (object: ObjectCalls) => V): Judged<V> {
  const { keys, calls, ops } = objectsOf(history);
  const withOk = keys.flatMap((_, object) => (calls[object]!.fate.includes(RETURNED) ? [object] : []));
  if (withOk.length === 0) return nothingTested(ops);
  const failed = new FailedOps(history);
  const verdictOn = (object: number) =>
    orUndecided(() => judge({ history, key: keys[object]!, calls: calls[object]!, failed }));
  if (keys.length === 1) return verdictOn(0);

  const all = withOk.map((object) => ({ key: keys[object]!, verdict: verdictOn(object) }));
  const tested = all.filter(({ verdict }) => verdict.untested !== true);
  const results = (tested.length > 0 ? tested : all).filter(({ verdict }) => verdict.valid !== true);
  const invalid = results.filter(({ verdict }) => verdict.valid === false);
  const shown = invalid.length > 0 ? invalid : results;
  const details = {
    keys: keys.length,
    untestedKeys: keys.length - tested.length,
    results: [...new Set([...shown, ...results])]
      .slice(0, resultsMax)
      .map(({ key, verdict }) => ({ key: toJson(key), verdict })),
  };
  const [first] = shown;
  if (first === undefined) return { valid: true, ...details };
  const more = shown.length > 1 ? ` (and ${shown.length - 1} more)` : '';
  const reason = `key ${formatValue(first.key)}${more}: ${first.verdict.reason}`;
  return { valid: first.verdict.valid, reason, ...details };
}

/** A checker under a name. */
export const objectChecker = <V extends ObjectVerdict>(name: string, judge: (object: ObjectCalls) => V): Checker => ({
  name,
  check: (history) => judgeObjects(history, judge),
});

/** Judges the ops of all keys together. If none succeeded, the verdict is unknown. */
export function judgeTogether<V extends ObjectVerdict>(
  history: History,
  judge: (history: History) => V,
): V | Undecided {
  const invocations = history.clientInvocations();
  const isOk = (line: number): boolean => history.types[history.completionOf(line)] === okCode;
  return invocations.some(isOk) ? orUndecided(() => judge(history)) : nothingTested(invocations.length);
}

const nothingTested = (invoked: number): Undecided => ({
  valid: 'unknown',
  reason: `no op succeeded (${invoked} invoked), so nothing was tested`,
  untested: true,
});

function orUndecided<V extends Verdict>(judge: () => V): V | Undecided {
  try {
    return judge();
  } catch (error) {
    if (!(error instanceof Unjudgeable)) throw error;
    const undecided = { valid: 'unknown', reason: error.message } as const;
    return error instanceof Untested ? { ...undecided, untested: true } : undecided;
  }
}

/** Throws where a call is none of these. */
export function expectCalls({ f, length, invocation }: Calls, checker: string, known: readonly string[]): void {
  for (let call = 0; call < length; call++) {
    if (known.includes(f[call]!)) continue;
    const what = `op ${invocation[call]} is a ${f[call]}`;
    throw new Unjudgeable(`${what}; the ${checker} checker knows ${known.join(', ')}: choose another one`);
  }
}

/** What a call returned makes no sense: throws, saying what was expected. */
export function unexpectedResult({ f, output, invocation }: Calls, call: number, expected: string): never {
  const what = `op ${invocation[call]}, ${f[call]}, returned ${formatValue(output[call]!)}`;
  throw new Unjudgeable(`${what}; expected ${expected}`);
}

/** What a call was asked for makes no sense: throws, saying what was expected. */
export function unexpectedInput({ f, input, invocation }: Calls, call: number, expected: string): never {
  const what = `op ${invocation[call]} is a ${f[call]} of ${formatValue(input[call]!)}`;
  throw new Unjudgeable(`${what}; expected ${expected}`);
}

/**
 * Invalid where something is wrong, else unknown where something is not known, or nothing was tested, else valid: each for the
 * reason given.
 */
export function conclusion(
  wrong: string | undefined,
  { unknown, untested }: { readonly unknown?: string | undefined; readonly untested?: string | undefined } = {},
): Pick<ObjectVerdict, 'valid' | 'reason' | 'untested'> {
  if (wrong !== undefined) return { valid: false, reason: wrong };
  if (unknown !== undefined) return { valid: 'unknown', reason: unknown };
  return untested === undefined ? { valid: true } : { valid: 'unknown', reason: untested, untested: true };
}
