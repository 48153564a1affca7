/**
 * Set, in full: elements are added, and all are read now and then (Jepsen, checker.clj, `set-full`). What became of each element:
 *
 * - It is *known* from when its add was acknowledged, or from when a read that returned it ended, whichever came first.
 * - It is *stable* if the last read to begin, of those that might have seen it, returned it.
 * - It is *lost* if that read did not return it, and began after it was known.
 * - It is *never read* otherwise: no read tells what became of it.
 * - It is *stale* if it is stable, but a read that began after it was known did not return it. Of a set that is
 *   linearizable that is wrong; of one that becomes consistent in the end it says how long that took.
 *
 * Order is the order of lines; times are for latencies only. Beyond Jepsen, a read of what nobody tried to add before the read ended
 * is unexpected, and invalid.
 */
import type { History } from '../../history/history.ts';
import { formatValue, type Json, toJson, type Value } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { RETURNED } from '../linearizable/calls.ts';
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
import { type Quantiles, quantilesOf } from './quantiles.ts';

export interface SetFullOptions {
  /** Whether a stale read is wrong. Default: no. */
  readonly linearizable?: boolean;
}

/** Of each list of elements the first hundred. Times in nanoseconds. */
export interface SetFullVerdict extends ObjectVerdict {
  /** Distinct elements whose add did not fail. */
  readonly attemptCount: number;
  readonly stableCount: number;
  readonly lostCount: number;
  readonly lost: readonly Json[];
  readonly neverReadCount: number;
  readonly neverRead: readonly Json[];
  readonly staleCount: number;
  readonly stale: readonly Json[];
  /** The eight that took longest to become stable. */
  readonly worstStale: readonly StaleElement[];
  /** Read more than once in one read. */
  readonly duplicatedCount: number;
  /** The first hundred of them, each with how often one read had it, at most. */
  readonly duplicated: readonly { readonly element: Json; readonly times: number }[];
  /** Read although no add of them was acknowledged: their adds crashed. */
  readonly recoveredCount: number;
  readonly recovered: readonly Json[];
  /** Read although nobody had tried to add them, or only in adds that failed. */
  readonly unexpectedCount: number;
  readonly unexpected: readonly Json[];
  /** From when stable elements were known until the last read began that missed them; 0 where none did. */
  readonly stableLatencyNs?: Quantiles;
  /** From when lost elements were known until the last read began that had them; 0 where none had. */
  readonly lostLatencyNs?: Quantiles;
}

export interface StaleElement {
  readonly element: Json;
  /** The line by which it was known. */
  readonly known: number;
  /** The line on which the last read began that missed it. */
  readonly lastAbsent: number;
  /** Absent where the history has no times. */
  readonly latencyNs?: number;
}

/** Unknown where no element is stable and none is lost. Linear in the ops and in what was read, but for sorting the latencies. */
export const checkSetFull = (history: History, options: SetFullOptions = {}): Judged<SetFullVerdict> =>
  judgeObjects(history, (object) => judge(object, options));

export const setFull = (options: SetFullOptions = {}): Checker =>
  objectChecker('set-full', (object) => judge(object, options));

const NONE = -1;
const worstMax = 8;
const duplicatedMax = 100;

/** What is known of one element. Lines are indexes, reads the numbers of their order of invocation; NONE where there is none. */
interface Element {
  readonly value: Value;
  /** The line on which its first add began. */
  readonly begun: number;
  /** The first line on which an add of it was acknowledged. */
  acknowledged: number;
  /** Where a read that had it ended first. */
  seen: number;
  /** The last read that had it, and the first of those up to it that had it without gap. */
  lastRead: number;
  firstOfRun: number;
  /** How often the last read had it, and the most that any had. */
  times: number;
  timesMax: number;
}

function judge(object: ObjectCalls, { linearizable = false }: SetFullOptions): SetFullVerdict {
  const { history, calls } = object;
  const { invocation, completion, fate, process } = calls;
  expectCalls(calls, 'set-full', ['add', 'read']);
  const numbers = new ValueNumbers();
  const elements: Element[] = [];
  const reads: number[] = [];
  for (let call = 0; call < calls.length; call++) {
    if (calls.f[call] === 'read') {
      if (fate[call] === RETURNED) reads.push(call);
      continue;
    }
    const value = calls.input[call]!;
    const number = numbers.of(value);
    if (number === elements.length) elements.push(newElement(value, invocation[call]!));
    const element = elements[number]!;
    if (fate[call] !== RETURNED) continue;
    if (element.acknowledged === NONE || completion[call]! < element.acknowledged) {
      element.acknowledged = completion[call]!;
    }
  }

  const findings = new Findings();
  const unexpected = new Map<number, Value>();
  for (let read = 0; read < reads.length; read++) {
    const call = reads[read]!;
    const [began, ended] = [invocation[call]!, completion[call]!];
    const who = () => `The read by process ${process[call]} that ended ${momentOf(history, ended)}`;
    for (const value of elementsIn(calls.output[call]!) ?? unexpectedResult(calls, call, 'all elements')) {
      const number = numbers.of(value);
      const element = elements[number];
      if (element === undefined || element.begun > ended) {
        if (unexpected.has(number)) continue;
        unexpected.set(number, value);
        findings.add('unexpected', () => {
          const origin = originOf(object, 'add', value);
          const why = element === undefined ? origin.what : `its add began only ${momentOf(history, element.begun)}`;
          return {
            lines: [began, ended, element?.begun ?? NONE, ...origin.lines],
            sentence: `${who()} returned ${formatValue(value)}, but ${why}.`,
          };
        });
      } else if (element.lastRead === read) {
        element.times++;
        if (element.timesMax === 1) {
          findings.add('duplicated', () => ({
            lines: [began, ended],
            sentence: `${who()} returned ${formatValue(value)} more than once.`,
          }));
        }
        element.timesMax = Math.max(element.timesMax, element.times);
      } else {
        if (element.seen === NONE || ended < element.seen) element.seen = ended;
        if (element.lastRead !== read - 1 || element.lastRead === NONE) element.firstOfRun = read;
        element.lastRead = read;
        element.times = 1;
        element.timesMax = Math.max(element.timesMax, 1);
      }
    }
  }

  const lastOpen = new LastOpenReads(reads.map((call) => completion[call]!));
  const lost: Value[] = [];
  const neverRead: Value[] = [];
  const recovered: Value[] = [];
  const duplicated: { element: Json; times: number }[] = [];
  let duplicatedCount = 0;
  const stale: { value: Value; known: number; absent: number; latencyNs: number }[] = [];
  const stableLatencies: number[] = [];
  const lostLatencies: number[] = [];
  let stableCount = 0;
  for (const element of elements) {
    const { value, begun, acknowledged, seen, lastRead } = element;
    if (seen !== NONE && acknowledged === NONE) recovered.push(value);
    if (element.timesMax > 1 && duplicatedCount++ < duplicatedMax) {
      duplicated.push({ element: toJson(value), times: element.timesMax });
    }
    const known = seen === NONE || (acknowledged !== NONE && acknowledged < seen) ? acknowledged : seen;
    const missing = lastRead === NONE || lastRead < reads.length - 1 ? reads.length - 1 : element.firstOfRun - 1;
    // A read that began before the add did may miss the element, even if it ended later.
    const isMissed = missing !== NONE && invocation[reads[missing]!]! > begun;
    if (isMissed ? lastRead > missing : lastRead !== NONE && lastRead === lastOpen.after(begun)) {
      stableCount++;
      const absent = isMissed ? invocation[reads[missing]!]! : NONE;
      const latencyNs = absent > known ? history.time(absent) - history.time(known) : 0;
      if (latencyNs >= 0) stableLatencies.push(latencyNs);
      if (absent > known) stale.push({ value, known, absent, latencyNs });
      continue;
    }
    const absent = isMissed ? invocation[reads[missing]!]! : NONE;
    if (known === NONE || absent < known) {
      neverRead.push(value);
      continue;
    }
    lost.push(value);
    const present = lastRead === NONE ? NONE : invocation[reads[lastRead]!]!;
    const latencyNs = present > known ? history.time(present) - history.time(known) : 0;
    if (latencyNs >= 0) lostLatencies.push(latencyNs);
    findings.add('lost', () => ({
      lines: [begun, known, present, absent, completion[reads[missing]!]!],
      sentence: `${knownSentence(history, element, known)}, but the last read, which process ${process[reads[missing]!]} began ${momentOf(history, absent)}, did not return it.`,
    }));
  }
  stale.sort((a, b) => b.latencyNs - a.latencyNs || a.known - b.known);
  for (const { value, known, absent } of stale) {
    const element = elements[numbers.of(value)]!;
    findings.add('stale', () => ({
      lines: [element.begun, known, absent],
      sentence: `${knownSentence(history, element, known)}, but a read that began ${momentOf(history, absent)} did not return it.`,
    }));
  }

  const wrong = findings.reason(['lost', 'duplicated', 'unexpected', ...(linearizable ? ['stale'] : [])]);
  const untested = stableCount === 0 ? 'no read tells what became of any element' : undefined;
  const stableLatencyNs = quantilesOf(stableLatencies);
  const lostLatencyNs = quantilesOf(lostLatencies);
  return {
    ...conclusion(wrong, { untested }),
    attemptCount: elements.length,
    stableCount,
    lostCount: lost.length,
    lost: listed(lost),
    neverReadCount: neverRead.length,
    neverRead: listed(neverRead),
    staleCount: stale.length,
    stale: listed(stale.map(({ value }) => value)),
    worstStale: stale.slice(0, worstMax).map(({ value, known, absent, latencyNs }) => ({
      element: toJson(value),
      known,
      lastAbsent: absent,
      ...(latencyNs >= 0 ? { latencyNs } : {}),
    })),
    duplicatedCount,
    duplicated,
    recoveredCount: recovered.length,
    recovered: listed(recovered),
    unexpectedCount: unexpected.size,
    unexpected: listed([...unexpected.values()]),
    ...(stableLatencyNs === undefined ? {} : { stableLatencyNs }),
    ...(lostLatencyNs === undefined ? {} : { lostLatencyNs }),
    findings: findings.told,
  };
}

const newElement = (value: Value, begun: number): Element => ({
  value,
  begun,
  acknowledged: NONE,
  seen: NONE,
  lastRead: NONE,
  firstOfRun: NONE,
  times: 0,
  timesMax: 0,
});

function knownSentence(history: History, { value, acknowledged }: Element, known: number): string {
  const how = known === acknowledged ? 'acknowledged' : 'read';
  return `${formatValue(value)} was ${how} ${momentOf(history, known)}`;
}

/** Of the reads, in the order in which they began, the last one that had not ended by a certain line. */
class LastOpenReads {
  /** Each began after the one before it, and ended earlier: the others are never the last. */
  readonly #reads: number[] = [];
  readonly #endings: readonly number[];

  constructor(endings: readonly number[]) {
    this.#endings = endings;
    for (let read = 0; read < endings.length; read++) {
      while (this.#reads.length > 0 && endings[this.#reads.at(-1)!]! < endings[read]!) this.#reads.pop();
      this.#reads.push(read);
    }
  }

  after(line: number): number {
    let low = 0;
    for (let high = this.#reads.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (this.#endings[this.#reads[middle]!]! > line) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? NONE : this.#reads[low - 1]!;
  }
}
