/** Values, times, and counts as text for people. */
import { formatValue, type Value } from '../history/value.ts';

const longestDefault = 160;

/** Text with every character taken out that would move a terminal's cursor or reverse the direction of reading. */
export const displayText = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');

/** A value on one line, in EDN, cut off with … when longer than `longest` characters. */
export const displayValue = (value: Value, longest = longestDefault): string =>
  displayText(formatValue(value, longest));

/** Text of at most so many characters, the last of which is … where some were left out. */
export const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

/** `12,345`. By hand: locale functions differ between machines. */
export function displayCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `3 keys`, `1 key`. */
export function plural(count: number, noun: string): string {
  const ending = count === 1 ? '' : noun.endsWith('s') ? 'es' : 's';
  return `${displayCount(count)} ${noun}${ending}`;
}

/** `850 ms`, `12.3 s`. */
export function displayMs(ms: number): string {
  if (ms < 1) return `${ms.toFixed(3)} ms`;
  if (ms < 10) return `${Number(ms.toFixed(2))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${Number((ms / 1000).toFixed(ms < 100_000 ? 2 : 0))} s`;
}

/** Seconds since the run began, to the millisecond: `12.345 s`. */
export const displayTime = (timeNs: number): string => `${(timeNs / 1e9).toFixed(3)} s`;

/** `n1, n2, and n3`. */
export function displayList(items: readonly string[]): string {
  if (items.length <= 2) return items.join(' and ');
  return `${items.slice(0, -1).join(', ')}, and ${items.at(-1)}`;
}
