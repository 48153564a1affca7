/**
 * A history in the order of its times, for files merged from several clocks, whose lines are in no order that means
 * anything.
 *
 * An op lasts from the time of its invocation to that of its completion, both included: A precedes B if A's completion
 * has an earlier time than B's invocation. At equal times they are concurrent. Ops of one process are always ordered,
 * as they stand in the file.
 */
import type { History } from './history.ts';
import { invokeCode } from './history.ts';
import { HistoryError } from './malformed.ts';
import { OpenCalls } from './open-calls.ts';

export interface TimeOrder {
  /** All that the times order, this orders too: an order of the ops that it allows, the times allow. */
  readonly history: History;
  /**
   * Absent where `history` orders nothing else either. Present where at one instant two processes each end an op and
   * begin their next, A then B, and C then D: by the times A and D are concurrent, and so are C and B, but no sequence of
   * events says that (it is the order 2+2, which no intervals have: Fishburn 1970), so `history` puts A before D. What the
   * times allow, `relaxed` allows too: here ops of a process that touch are concurrent.
   */
  readonly relaxed?: History;
  /** Of the first such instant the lines of the file, from 1, that complete A and C. */
  readonly tied?: readonly [number, number];
}

/** Times are compared as numbers, which are exact up to here. */
const timeMax = Number.MAX_SAFE_INTEGER;

// At one instant: what begins, then what ends an op and begins the next of its process, then what ends.
const begins = 0;
const passes = 1;
const ends = 2;

/**
 * Orders a history whose lines pair (see validatePairing). O(n log n). Throws a HistoryError for a line without time, with one beyond
 * 2^53, or with an earlier one than the line before of the same client: a clock that goes back orders nothing.
 */
export function inTimeOrder(history: History, file = 'history'): TimeOrder {
  const previous = previousOfClient(history);
  validateTimes(history, previous, file);
  const { times, length } = history;
  const next = new Int32Array(length).fill(-1);
  for (let i = 0; i < length; i++) if (previous[i]! >= 0) next[previous[i]!] = i;
  const touches = (i: number, other: number): boolean => other >= 0 && times[other] === times[i];

  const part = new Uint8Array(length);
  // Where a line passes from an op to the next, both lines of the process go by the first.
  const anchor = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    anchor[i] = i;
    part[i] = begins;
    if (!history.isClient(i)) continue;
    if (history.types[i] !== invokeCode) {
      part[i] = touches(i, next[i]!) ? passes : ends;
    } else if (touches(i, previous[i]!)) {
      part[i] = passes;
      anchor[i] = previous[i]!;
    }
  }
  const strict = Uint32Array.from({ length }, (_, i) => i).sort(
    (a, b) => times[a]! - times[b]! || part[a]! - part[b]! || anchor[a]! - anchor[b]! || a - b,
  );
  const tied = firstTie(history, strict, part);
  if (tied === undefined) return { history: history.reordered(strict) };
  const isCompletion = (i: number): number => (history.isClient(i) && history.types[i] !== invokeCode ? 1 : 0);
  const relaxed = strict.slice().sort((a, b) => times[a]! - times[b]! || isCompletion(a) - isCompletion(b) || a - b);
  return { history: history.reordered(strict), relaxed: history.reordered(relaxed), tied };
}

/** The line before of the same client; -1 where there is none. */
function previousOfClient(history: History): Int32Array {
  const { length, types, pairs } = history;
  const previous = new Int32Array(length).fill(-1);
  const last = new OpenCalls(history.processes);
  for (let i = 0; i < length; i++) {
    if (!history.isClient(i)) continue;
    const process = history.processes[i]!;
    previous[i] = types[i] === invokeCode ? last.get(process) : pairs[i]!;
    last.open(process, i);
  }
  return previous;
}

function validateTimes(history: History, previous: Int32Array, file: string): void {
  const { times, length } = history;
  for (let i = 0; i < length; i++) {
    const line = history.line(i);
    const time = times[i]!;
    if (Number.isNaN(time)) throw new HistoryError('to be ordered by time every line needs one', i, file, line);
    if (Math.abs(time) > timeMax) {
      throw new HistoryError(`the time ${time} is too large to be compared exactly`, i, file, line);
    }
    const before = previous[i]!;
    if (before < 0 || times[before]! <= time) continue;
    const what = `process ${history.process(i)} was at ${times[before]} on line ${history.line(before)}`;
    throw new HistoryError(`the time goes back to ${time}, but ${what}`, i, file, line);
  }
}

/** The first two lines of the file, of different clients, that pass from one op to the next at the same instant. */
function firstTie(history: History, order: Uint32Array, part: Uint8Array): readonly [number, number] | undefined {
  let passing = -1;
  for (const i of order) {
    if (part[i] !== passes) continue;
    const together = passing >= 0 && history.times[passing] === history.times[i];
    if (!together) passing = i;
    else if (history.processes[passing] !== history.processes[i]) return [history.line(passing), history.line(i)];
  }
  return undefined;
}
