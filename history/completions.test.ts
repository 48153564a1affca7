import { describe, expect, test } from 'vitest';
import { validateCompletions } from './completions.ts';
import { validatePairing } from './history.ts';
import { parseHistory } from './read.ts';

/** Whether a completion of this type fits the invocation; its message where it does not. */
function outcome(invoked: string, type: string, completed: string): string {
  const history = parseHistory(`{:process 0 :type :invoke ${invoked}}\n{:process 0 :type :${type} ${completed}}`);
  try {
    validatePairing(history, 'h');
    validateCompletions(history, 'h');
    return 'fits';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('validateCompletions', () => {
  test.each([
    [':f :write :value 1', 'ok', ':f :write :value 1'],
    [':f :write :value 1', 'ok', ':f :write'],
    [':f :write :value nil', 'ok', ':f :write :value nil'],
    [':f :write :value [1 #{2 3}]', 'ok', ':f :write :value (1 #{3 2})'],
    [':f :read', 'ok', ':f :read :value 7'],
    [':f :dequeue', 'ok', ':f :dequeue :value 7'],
    [':f :acquire', 'ok', ':f :acquire :value 7'],
    [':f :add :value 1', 'ok', ':f :add :value false'],
    [':f :add :value 1', 'ok', ':f :add :value [1 true]'],
    [':f :write :value 1', 'info', ':f :write :value :timed-out'],
    [':f :write :value 1', 'fail', ':f :write :value 2'],
    [':f :txn :value [[:r :x nil] [:w :y 1]]', 'ok', ':f :txn :value [[:r :x 5] [:w :y 1]]'],
    [':f :txn :value [[:read :x] [:write :y 1]]', 'ok', ':f :txn :value [[:read :x 5] [:write :y 1]]'],
  ])('{%s} may end as %s with {%s}', (invoked, type, completed) => {
    expect(outcome(invoked, type, completed)).toBe('fits');
  });

  test.each([
    [':f :write :value 1', ':f :read :value 1', 'h:2: read completes a write, which began on line 1'],
    [
      ':f :write :key 1 :value 1',
      ':f :write :key 2 :value 1',
      'h:2: the completion has another key than its invocation, which began on line 1',
    ],
    [':f :write :value 1', ':f :write :value 2', 'h:2: ok completes the write of 1 with 2, which began on line 1'],
    [
      ':f :cas :value [1 2]',
      ':f :cas :value [1 3]',
      'h:2: ok completes the cas of [1 2] with [1 3], which began on line 1',
    ],
    [
      ':f :txn :value [[:r 1 nil]]',
      ':f :txn :value [[:r 1 nil] [:w 2 2]]',
      'h:2: ok completes a txn of 1 micro-ops with 2, which began on line 1',
    ],
    [
      ':f :txn :value [[:w :x 1]]',
      ':f :txn :value [[:w :x 2]]',
      'h:2: ok completes the micro-op [:w :x 1] of a txn with [:w :x 2], which began on line 1',
    ],
    [
      ':f :txn :value [[:r :x nil]]',
      ':f :txn :value [[:r :y 2]]',
      'h:2: ok completes the micro-op [:r :x nil] of a txn with [:r :y 2], which began on line 1',
    ],
  ])('{%s} may not be ok with {%s}', (invoked, completed, message) => {
    expect(outcome(invoked, 'ok', completed)).toBe(message);
  });

  test.each(['enqueue', 'add', 'push', 'put', 'append'])('%s keeps its value', (f) => {
    expect(outcome(`:f :${f} :value 1`, 'ok', `:f :${f} :value 2`)).toBe(
      `h:2: ok completes the ${f} of 1 with 2, which began on line 1`,
    );
  });

  test('a process is a client or the nemesis', () => {
    const history = parseHistory('{:process :nemesis :type :info}\n{:process "p1" :type :info}');
    expect(() => validateCompletions(history, 'h')).toThrow(
      'h:2: the process should be a whole number, or nemesis, but is "p1"',
    );
  });
});
