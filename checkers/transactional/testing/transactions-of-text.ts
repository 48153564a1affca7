/** Histories of transactions in a line per op, for tests. */
import { History } from '../../../history/history.ts';
import type { Op, OpType } from '../../../history/op.ts';
import type { Value } from '../../../history/value.ts';

/**
 * One op a line: process, type, and micro-ops: `ax1` appends 1 to key x, `wx1` writes it, `rx` reads x and found nil, `rx=1` a
 * list or, after `==`, a value: `rx=` the empty list, `rx=1,2`, `rx==2`. The n-th line is at n tenths of a second.
 */
export function historyOfText(text: string): History {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return History.from(
    lines.map((line, index): Op => {
      const [process, type, ...microOps] = line.split(/\s+/) as [string, OpType, ...string[]];
      return { index, time: index * 1e8, process: Number(process), type, f: 'txn', value: microOps.map(microOp) };
    }),
  );
}

function microOp(text: string): Value {
  const [, f, key, found] = /^([arw])([a-z])(.*)$/.exec(text)!;
  if (f === 'a') return ['append', key!, Number(found)];
  if (f === 'w') return ['w', key!, Number(found)];
  if (found === '') return ['r', key!, null];
  if (found!.startsWith('==')) return ['r', key!, Number(found!.slice(2))];
  const list = found!.slice(1);
  return ['r', key!, list === '' ? [] : list.split(',').map(Number)];
}
