/** How fast-check shows what was generated when a property fails. */
import fc from 'fast-check';
import type { History } from '../history/history.ts';
import { formatValue } from '../history/value.ts';

/** Values of one line are shown up to so many characters. */
const valueLengthMax = 400;

/** A history as text, one line each: process, type, f, value, and where there are any, key and error. */
export function textOf(history: History): string {
  return [...history.ops()]
    .map(({ process, type, f, value, key, error }) => {
      const of = key === undefined ? '' : ` of ${formatValue(key)}`;
      const why = error === undefined ? '' : ` (${formatValue(error)})`;
      return `${process} ${type} ${f} ${formatValue(value, valueLengthMax)}${of}${why}`;
    })
    .join('\n');
}

/** The same object, which fast-check then shows as this text, on lines of its own. */
export const shownAs = <Shown extends object>(shown: Shown, text: () => string): Shown =>
  Object.defineProperty(shown, fc.toStringMethod, { value: () => `\n${text()}\n`, configurable: true });

/** The same history, which fast-check then shows line by line. */
export const readable = (history: History): History => shownAs(history, () => textOf(history));
