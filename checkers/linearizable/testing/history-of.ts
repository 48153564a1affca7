/** Histories of one object in a line per op, for tests. */
import { History } from '../../../history/history.ts';
import type { Op, OpType } from '../../../history/op.ts';
import type { Value } from '../../../history/value.ts';

/**
 * One op a line: process, type (`invoke`, `ok`, …), f, value as JSON, and optionally a key as JSON; the n-th at n tenths of a second.
 */
export function historyOf(text: string): History {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return History.from(
    lines.map((line, index): Op => {
      const [process, type, f, value = 'null', key] = line.split(/\s+/) as [string, OpType, string, string?, string?];
      return {
        index,
        time: index * 1e8,
        process: process === 'nemesis' ? process : Number(process),
        type,
        f,
        value: JSON.parse(value) as Value,
        ...(key === undefined ? {} : { key: JSON.parse(key) as Value }),
        ...(type === 'fail' && f === 'cas' ? { error: 'precondition-failed' } : {}),
      };
    }),
  );
}
