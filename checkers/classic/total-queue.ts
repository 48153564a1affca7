/**
 * Total queue: what goes in must come out (Jepsen, checker.clj, `total-queue`). Elements are enqueued and dequeued in any order,
 * and at last the queue is drained: by `drain`, which returns all that was left, or by a dequeue that found nothing (nil, or `empty`).
 *
 * An element is *missing* if it was acknowledged more often than it came out. Missing is not yet lost:
 *
 * - Without a drain it may still be inside, and so it may if its enqueue was acknowledged only after the last drain began. An
 *   earlier one says nothing: a queue may find nothing for a while, although there is something.
 * - A crashed dequeue may have taken one element, whichever it was, and a crashed drain any number. Only what is missing
 *   beyond that is certainly lost; of which elements this is true may then not be known.
 *
 * Jepsen calls all missing elements lost. In both, an element that comes out twice is no violation, unless the queue promises
 * to deliver each once.
 */
import type { History } from '../../history/history.ts';
import { formatValue, type Json, nameOf, toJson, type Value } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { CRASHED, RETURNED } from '../linearizable/calls.ts';
import { ValueNumbers } from '../linearizable/value-numbers.ts';
import { momentOf } from '../moments.ts';
import { elementsIn, listed, originOf } from './elements.ts';
import { Findings } from './findings.ts';
import {
  conclusion,
  expectCalls,
  type Judged,
  judgeObjects,
  type ObjectCalls,
  type ObjectVerdict,
  objectChecker,
  unexpectedResult,
} from './object-checker.ts';

export interface TotalQueueOptions {
  /** Whether an element that comes out more often than it went in is wrong. Default: no. */
  readonly exactlyOnce?: boolean;
}

/** Elements count as often as they went in or came out. Of each list the first hundred. */
export interface TotalQueueVerdict extends ObjectVerdict {
  /** Enqueues that did not fail. */
  readonly attemptCount: number;
  readonly acknowledgedCount: number;
  /** Came out, and not more often than somebody tried to enqueue them. */
  readonly okCount: number;
  /** Came out, although nobody had tried to enqueue them, or only in enqueues that failed. */
  readonly unexpectedCount: number;
  readonly unexpected: readonly Json[];
  /** Came out more often than somebody tried to enqueue them. */
  readonly duplicatedCount: number;
  readonly duplicated: readonly Json[];
  /** Acknowledged, but did not come out. */
  readonly missingCount: number;
  readonly missing: readonly Json[];
  /** How many of the missing ones are certainly lost, at least. */
  readonly lostCount: number;
  /** Came out, although their enqueues crashed. */
  readonly recoveredCount: number;
  readonly recovered: readonly Json[];
  /** Dequeues and drains of unknown outcome: each may have taken something out. */
  readonly crashedCount: number;
  /** Whether the queue was seen empty. */
  readonly drained: boolean;
}

/** Unknown where elements are missing and the queue was never drained. n log n where elements come out often, else linear. */
export const checkTotalQueue = (history: History, options: TotalQueueOptions = {}): Judged<TotalQueueVerdict> =>
  judgeObjects(history, (object) => judge(object, options));

export const totalQueue = (options: TotalQueueOptions = {}): Checker =>
  objectChecker('total-queue', (object) => judge(object, options));

interface Element {
  readonly value: Value;
  /** The line on which its first enqueue began; Infinity where there was none that did not fail. */
  readonly begun: number;
  attempts: number;
  /** Enqueues that were acknowledged, as numbers of calls. */
  readonly acknowledged: number[];
  /** Lines on which it came out. */
  readonly out: number[];
}

function judge(object: ObjectCalls, { exactlyOnce = false }: TotalQueueOptions): TotalQueueVerdict {
  const { history, calls } = object;
  const { invocation, completion, fate, f, input, output } = calls;
  expectCalls(calls, 'total-queue', ['enqueue', 'dequeue', 'drain']);

  const numbers = new ValueNumbers();
  const elements: Element[] = [];
  const elementOf = (value: Value, begun: number): Element => {
    const number = numbers.of(value);
    if (number === elements.length) elements.push({ value, begun, attempts: 0, acknowledged: [], out: [] });
    return elements[number]!;
  };
  let attemptCount = 0;
  for (let call = 0; call < calls.length; call++) {
    if (f[call] !== 'enqueue') continue;
    attemptCount++;
    const element = elementOf(input[call]!, invocation[call]!);
    element.attempts++;
    if (fate[call] === RETURNED) element.acknowledged.push(call);
  }
  /** Calls that saw the queue empty, and those that crashed and may have taken something, in the order of invocation. */
  const drains: number[] = [];
  const crashed: number[] = [];
  for (let call = 0; call < calls.length; call++) {
    if (f[call] === 'enqueue') continue;
    if (fate[call] === CRASHED) {
      crashed.push(call);
      continue;
    }
    const result = output[call]!;
    const foundNothing = f[call] === 'dequeue' && (result === null || nameOf(result) === 'empty');
    if (f[call] === 'drain' || foundNothing) drains.push(call);
    if (foundNothing) continue;
    const out = f[call] === 'dequeue' ? [result] : elementsIn(result);
    if (out === undefined) unexpectedResult(calls, call, 'a list of what was left in the queue');
    for (const value of out) elementOf(value, Number.POSITIVE_INFINITY).out.push(completion[call]!);
  }

  const findings = new Findings();
  const unexpected: Value[] = [];
  const duplicated: Value[] = [];
  const recovered: Value[] = [];
  const missing: { value: Value; call: number }[] = [];
  let acknowledgedCount = 0;
  let okCount = 0;
  for (const { value, begun, attempts, acknowledged, out } of elements) {
    acknowledgedCount += acknowledged.length;
    out.sort((a, b) => a - b);
    acknowledged.sort((a, b) => completion[a]! - completion[b]!);
    const early = out.filter((line) => line < begun);
    const known = out.length - early.length;
    okCount += Math.min(known, attempts);
    for (const line of early) {
      unexpected.push(value);
      findings.add('unexpected', () => {
        const origin = originOf(object, 'enqueue', value);
        const why = Number.isFinite(begun) ? `its enqueue began only ${momentOf(history, begun)}` : origin.what;
        return {
          lines: [history.invocationOf(line), line, Number.isFinite(begun) ? begun : -1, ...origin.lines],
          sentence: `Process ${history.process(line)} took out ${formatValue(value)} ${momentOf(history, line)}, but ${why}.`,
        };
      });
    }
    for (let extra = attempts; extra < known; extra++) {
      duplicated.push(value);
      const [first, last] = [out[early.length]!, out[early.length + extra]!];
      const often = attempts === 1 ? 'once' : `${attempts} times`;
      findings.add('duplicated', () => ({
        lines: [begun, first, last],
        sentence: `${formatValue(value)}, which was enqueued ${often}, came out ${momentOf(history, first)} and again ${momentOf(history, last)}.`,
      }));
    }
    for (let extra = acknowledged.length; extra < Math.min(known, attempts); extra++) recovered.push(value);
    // Of equal elements it is taken to be the first to be acknowledged that came out: those left are the last to be lost.
    for (const call of acknowledged.slice(known)) missing.push({ value, call });
  }

  const drained = drains.length > 0;
  const drain = drains.at(-1) ?? -1;
  const gone = drained ? missing.filter(({ call }) => completion[call]! < invocation[drain]!) : [];
  const takers = crashed.some((call) => f[call] === 'drain') ? gone.length : Math.min(crashed.length, gone.length);
  const lostCount = gone.length - takers;
  const others =
    takers === 0 ? '' : `, and of the ${gone.length} such elements crashed calls may have taken ${takers} at most`;
  for (const { value, call } of gone.slice(0, lostCount)) {
    findings.add('lost', () => ({
      lines: [invocation[call]!, completion[call]!, invocation[drain]!, completion[drain]!],
      sentence: `${formatValue(value)} was enqueued ${momentOf(history, completion[call]!)} and never came out, though the queue was empty ${momentOf(history, completion[drain]!)}${others}.`,
    }));
  }
  const unknown =
    missing.length > 0 && !drained
      ? `${missing.length} elements did not come out, but the queue was never drained: they may be still inside`
      : undefined;
  return {
    ...conclusion(findings.reason(['lost', 'unexpected', ...(exactlyOnce ? ['duplicated'] : [])]), { unknown }),
    attemptCount,
    acknowledgedCount,
    okCount,
    unexpectedCount: unexpected.length,
    unexpected: listed(unexpected),
    duplicatedCount: duplicated.length,
    duplicated: listed(duplicated),
    missingCount: missing.length,
    missing: missing.slice(0, 100).map(({ value }) => toJson(value)),
    lostCount,
    recoveredCount: recovered.length,
    recovered: listed(recovered),
    crashedCount: crashed.length,
    drained,
    findings: findings.told,
  };
}
