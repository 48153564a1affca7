import { describe, expect, test } from 'vitest';
import type { Verdict } from '../checkers/checker.ts';
import { inTimeOrder } from '../history/by-time.ts';
import type { History } from '../history/history.ts';
import { parseHistory } from '../history/read.ts';
import { judgeHistory } from './check-judge.ts';
import type { Effort, Judge } from './judge.ts';
import { judgeOf } from './judged-workloads.ts';

const effort: Effort = {
  observeFailedCas: false,
  linearization: false,
  onProgress() {},
  isOverdue: () => false,
};

/** Two processes that both end an op and begin their next at 5. */
const tied = inTimeOrder(
  parseHistory(
    [
      [0, 'invoke', 1],
      [0, 'ok', 5],
      [0, 'invoke', 5],
      [0, 'ok', 9],
      [1, 'invoke', 1],
      [1, 'ok', 5],
      [1, 'invoke', 5],
      [1, 'ok', 9],
    ]
      .map(([process, type, time]) => `{:process ${process} :type :${type} :f :write :value 1 :time ${time}}`)
      .join('\n'),
  ),
);

const ofRegister = judgeOf('register', ['linearizable'], { objects: {}, transactions: {} });

const judgeBy = (check: (history: History) => Verdict, realTime = true): Judge => ({
  ...ofRegister,
  realTime,
  check,
});

describe('where the lines cannot say just what the times say', () => {
  const judge = async (strict: Verdict['valid'], relaxed: Verdict['valid'], realTime = true) => {
    const valids = [strict, relaxed];
    const { verdict } = await judgeHistory(
      tied,
      judgeBy(() => ({ valid: valids.shift()! }), realTime),
      effort,
      'h',
    );
    return verdict;
  };

  test('what is valid in the stricter order is valid', async () => {
    expect((await judge(true, false)).valid).toBe(true);
  });

  test('what is invalid in the looser order is invalid', async () => {
    expect((await judge(false, false)).valid).toBe(false);
  });

  test.each([true, 'unknown'] as const)('else it is unknown, with the lines (looser: %s)', async (relaxed) => {
    expect(await judge(false, relaxed)).toMatchObject({
      valid: 'unknown',
      reason: expect.stringMatching(/^lines 2 and 6 end ops of two processes at the very time/),
    });
  });

  test('a model that does not look at real time is not concerned', async () => {
    expect((await judge(false, true, false)).valid).toBe(false);
  });
});

describe('a checker', () => {
  const lines = { history: parseHistory('{:process 0 :type :invoke :f :read}\n{:process 0 :type :ok :f :read}') };

  test('that fails leaves the verdict open', async () => {
    const failing = judgeBy(() => {
      throw new Error('no idea');
    });
    const { verdict } = await judgeHistory(lines, failing, effort, 'h');
    expect(verdict).toEqual({ valid: 'unknown', reason: 'the checker failed: no idea' });
  });

  test('may take its time', async () => {
    const slow: Judge = { ...ofRegister, check: async () => ({ valid: true }) };
    expect((await judgeHistory(lines, slow, effort, 'h')).verdict.valid).toBe(true);
  });
});

test('an op that the model does not know is refused with its line', async () => {
  const lines = { history: parseHistory('\n\n{:process 0 :type :invoke :f :pop}') };
  await expect(judgeHistory(lines, ofRegister, effort, 'h')).rejects.toThrow(
    'h:3: the op is pop, but a register has read, write, cas',
  );
});
