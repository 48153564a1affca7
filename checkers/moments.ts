/** When things happened, in words: to the millisecond, or finer where lines follow each other faster than that. */
import type { History } from '../history/history.ts';

/** `at 12.4 s`, or where the history has no times `on line 7`. */
export function momentOf(history: History, line: number): string {
  const time = history.time(line);
  return Number.isFinite(time) ? `at ${secondsOf(history, time)}` : `on line ${history.line(line)}`;
}

/** `from 12.4 s to 12.6 s`, or `from line 7 to line 9`. */
export function spanOf(history: History, from: number, to: number): string {
  const [begun, ended] = [history.time(from), history.time(to)];
  return Number.isFinite(begun) && Number.isFinite(ended)
    ? `from ${secondsOf(history, begun)} to ${secondsOf(history, ended)}`
    : `from line ${history.line(from)} to line ${history.line(to)}`;
}

const secondsOf = (history: History, timeNs: number): string => {
  const unit = unitOf(history);
  return `${Math.round(timeNs / unit) / (1e9 / unit)} s`;
};

const units = new WeakMap<History, number>();

/** A millisecond, a microsecond, or a nanosecond: the largest below what lies between two lines on average. */
function unitOf(history: History): number {
  let unit = units.get(history);
  if (unit === undefined) {
    const { length } = history;
    const gap = length < 2 ? Number.NaN : Math.abs(history.time(length - 1) - history.time(0)) / (length - 1);
    unit = !(gap < 1e6) || gap === 0 ? 1e6 : gap < 1e3 ? 1 : 1e3;
    units.set(history, unit);
  }
  return unit;
}
