import { describe, expect, test } from 'vitest';
import { isIndependent, splitIndependent } from './independent.ts';
import { parseHistory } from './read.ts';
import { Keyword } from './value.ts';

const ops = (...lines: string[]): ReturnType<typeof parseHistory> =>
  parseHistory(lines.map((line) => `{${line}}`).join('\n'));

const independent = ops(
  ':process 0 :type :invoke :f :write :value [:x 3]',
  ':process 1 :type :invoke :f :read :value [1 nil]',
  ':process :nemesis :type :info :f :start :value [:a :b]',
  ':process 1 :type :ok :f :read :value [1 2] :debug 7',
  ':process 0 :type :fail :f :write',
  ':process 0 :type :invoke :f :cas :value [:x [1 2]]',
);

describe('isIndependent', () => {
  test('is true where every invocation has a key that its completion repeats', () => {
    expect(isIndependent(independent)).toBe(true);
  });

  test.each([
    ['an empty history', ops()],
    ['a history of the nemesis alone', ops(':process :nemesis :type :info :f :start :value [1 2]')],
    [
      'a register, whose reads begin without value',
      ops(':process 0 :type :invoke :f :read :value nil', ':process 1 :type :invoke :f :cas :value [1 2]'),
    ],
    ['nothing but cas [from to]', ops(':process 0 :type :invoke :f :cas :value [1 2]')],
    ['transactions of two micro-ops', ops(':process 0 :type :invoke :f :txn :value [[:r :x nil] [:w :y 1]]')],
    [
      'pairs that a completion changes',
      ops(':process 0 :type :invoke :f :swap :value [1 2]', ':process 0 :type :ok :f :swap :value [2 1]'),
    ],
    [
      'a completion that is no pair',
      ops(':process 0 :type :invoke :f :range :value [1 2]', ':process 0 :type :ok :f :range :value 3'),
    ],
    ['triples', ops(':process 0 :type :invoke :f :transfer :value [1 2 3]')],
    ['a pair without key', ops(':process 0 :type :invoke :f :write :value [nil 3]')],
    ['a history that has its keys already', ops(':process 0 :type :invoke :f :pair :key 1 :value [1 2]')],
  ])('is false of %s', (_, history) => {
    expect(isIndependent(history)).toBe(false);
  });
});

test('what a fail or an info carries instead of its tuple does not matter', () => {
  const history = ops(
    ':process 0 :type :invoke :f :write :value [:x 3]',
    ':process 0 :type :info :f :write :value :timed-out',
    ':process 1 :type :invoke :f :read :value [:y nil]',
    ':process 1 :type :fail :f :read :value [:z 1]',
  );
  expect(isIndependent(history)).toBe(true);
  expect([...splitIndependent(history).ops()].map(({ key, value }) => [key, value])).toEqual([
    [Keyword.of('x'), 3],
    [Keyword.of('x'), null],
    [Keyword.of('y'), null],
    [Keyword.of('y'), null],
  ]);
});

test('splitIndependent takes key and value apart, of clients only', () => {
  const split = splitIndependent(independent);
  expect([...split.ops()].map(({ key, value }) => [key, value])).toEqual([
    [Keyword.of('x'), 3],
    [1, null],
    [undefined, [Keyword.of('a'), Keyword.of('b')]],
    [1, 2],
    [Keyword.of('x'), null],
    [Keyword.of('x'), [1, 2]],
  ]);
  expect(split.extra(3)).toEqual({ debug: 7 });
  expect(split.keys).toEqual([Keyword.of('x'), 1]);
  expect([...split.pairs]).toEqual([...independent.pairs]);
});
