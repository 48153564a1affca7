import fc from 'fast-check';
import type { History } from '../../../history/history.ts';
import { formatValue } from '../../../history/value.ts';

/** Makes fast-check show a history that fails a property line by line: process, type, f, value, key. */
export function readable(history: History): History {
  const text = () =>
    [...history.ops()]
      .map(({ process, type, f, value, key }) => {
        return `${process} ${type} ${f} ${formatValue(value)}${key === undefined ? '' : ` of ${formatValue(key)}`}`;
      })
      .join('\n');
  return Object.defineProperty(history, fc.toStringMethod, { value: () => `\n${text()}\n` });
}
