import { expect, test } from 'vitest';
import { History } from '../history/history.ts';
import { momentOf, spanOf } from './moments.ts';

const every = (gapNs: number | undefined): History =>
  History.from(
    [0, 1, 2, 3].map((i) => ({
      index: i,
      ...(gapNs === undefined ? {} : { time: 1_000_000_000 + i * gapNs }),
      process: i,
      type: 'invoke' as const,
      f: 'read',
      value: null,
    })) as Parameters<typeof History.from>[0],
  );

test.each([
  [250_000_000, 'at 1.5 s', 'from 1.25 s to 1.75 s'],
  [1_250_000, 'at 1.003 s', 'from 1.001 s to 1.004 s'],
  [90_000, 'at 1.00018 s', 'from 1.00009 s to 1.00027 s'],
  [7, 'at 1.000000014 s', 'from 1.000000007 s to 1.000000021 s'],
  [0, 'at 1 s', 'from 1 s to 1 s'],
])('lines %i ns apart are told from each other', (gap, moment, span) => {
  expect(momentOf(every(gap), 2)).toBe(moment);
  expect(spanOf(every(gap), 1, 3)).toBe(span);
});

test('without times lines are named', () => {
  expect(momentOf(every(undefined), 2)).toBe('on line 3');
  expect(spanOf(every(undefined), 1, 3)).toBe('from line 2 to line 4');
});
