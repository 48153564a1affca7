/** The checker of list-append against brute force: on small histories it is right both ways. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkListAppend } from './list-append.ts';
import { historyOfTransactions, smallTransactions } from './testing/arbitrary-transactions.ts';
import { isSerializable, isSnapshotIsolated, type SmallTransaction } from './testing/brute-force.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 1500);

/** Whether the checker takes the history for one of the model; where nothing depends on anything, it is. */
const isValid = (transactions: readonly SmallTransaction[], model: string): boolean =>
  checkListAppend(historyOfTransactions(transactions), { consistencyModels: [model] }).valid !== false;

describe('a history is valid just where some order explains it', () => {
  test.each([
    ['serializable', 'none'],
    ['strong-session-serializable', 'process'],
    ['strict-serializable', 'realtime'],
  ] as const)('%s', (model, kept) => {
    fc.assert(
      fc.property(smallTransactions(5), (transactions) => {
        expect(isValid(transactions, model)).toBe(isSerializable(transactions, kept));
      }),
      { numRuns },
    );
  });

  test('snapshot-isolation, where the reads show the order of all appends', () => {
    fc.assert(
      fc.property(smallTransactions(4), (transactions) => {
        const explained = isSnapshotIsolated(transactions);
        if (explained || hasKnownOrders(transactions)) {
          expect(isValid(transactions, 'snapshot-isolation')).toBe(explained);
        }
      }),
      { numRuns },
    );
  });
});

/** Whether of each key at most one append was never read. */
function hasKnownOrders(transactions: readonly SmallTransaction[]): boolean {
  const done = transactions.filter(({ fate }) => fate !== 'fail').flatMap(({ microOps }) => microOps);
  const told = transactions.filter(({ fate }) => fate === 'ok').flatMap(({ microOps }) => microOps);
  const read = new Set(told.flatMap(({ found }) => found ?? []));
  const unread = done.filter(({ element }) => element !== undefined && !read.has(element)).map(({ key }) => key);
  return new Set(unread).size === unread.length;
}
