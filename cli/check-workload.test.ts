import { describe, expect, test } from 'vitest';
import { parseHistory } from '../history/read.ts';
import { findWorkload } from './check-workload.ts';

/** A history of these ops, `f value` or `f value => result`, one after the other. */
function find(ops: readonly string[], models: readonly string[] = []): string | null {
  const lines = ops.flatMap((op) => {
    const [, f, given, result] = /^(\S+) (.*?)(?: => (.*))?$/.exec(op)!;
    const line = (type: string, value: string) => `{:process 0 :type :${type} :f :${f} :value ${value}}`;
    return [line('invoke', given!), line('ok', result ?? given!)];
  });
  return findWorkload(parseHistory(lines.join('\n')), models, 'h');
}

describe('the workload is found by the ops', () => {
  test.each([
    ['register', 'read nil => 1', 'write 1'],
    ['register', 'write 1'],
    ['cas-register', 'read nil', 'write 1', 'cas [1 2]'],
    ['cas-register', 'cas [1 2]'],
    ['mutex', 'acquire nil', 'release nil'],
    ['mutex', 'lock nil', 'unlock nil'],
    ['queue', 'enqueue 1', 'dequeue nil => 1'],
    ['stack', 'push 1', 'pop nil => 1'],
    ['set', 'add 1', 'read nil => #{1}'],
    ['set', 'add "a"', 'read nil => ["a"]'],
    ['set', 'add 1', 'contains 1 => true'],
    ['set', 'add 1', 'remove 1', 'read nil => 5'],
    ['counter', 'add 1', 'read nil => 1'],
    ['counter', 'inc nil', 'dec nil', 'read nil'],
    ['kv', 'get nil => "a"', 'put "a"', 'append "b"'],
    ['kv', 'get nil => 5'],
    ['bank', 'read nil => {0 10}', 'transfer {:from 0 :to 1 :amount 5}'],
    ['unique-ids', 'generate nil => 5'],
    ['total-queue', 'enqueue 1', 'dequeue nil => 1', 'drain nil => []'],
  ])('%s', (workload, ...ops) => expect(find(ops)).toBe(workload));

  test.each([
    ['list-append', ['txn [[:append 1 2] [:r 1 nil]]']],
    ['list-append', ['txn [[:r 1 nil]] => [[:r 1 []]]']],
    ['list-append', ['txn [[:r 1 nil]]']],
    ['multi-register', ['txn [[:r 1 nil]] => [[:r 1 5]]']],
    ['rw-register', ['txn [[:r 1 nil] [:w 2 3]]', 'txn [[:w 2 4]]']],
    // Elle can infer nothing of a value that was written twice; and those are the words of Knossos.
    ['multi-register', ['txn [[:r 1 nil] [:w 2 3]]', 'txn [[:w 2 3]]']],
    ['multi-register', ['txn [[:read :x nil] [:write :y 3]]']],
  ])('transactions: %s', (workload, ops) => expect(find(ops)).toBe(workload));

  test('the models asked for say which transactions are meant', () => {
    const once = ['txn [[:r 1 nil] [:w 2 3]]'];
    const twice = [...once, ...once];
    expect(find(once, ['linearizable'])).toBe('multi-register');
    expect(find(twice, ['snapshot-isolation', 'PL-2.99'])).toBe('rw-register');
    expect(() => find(['write 1'], ['serializable'])).toThrow(
      'h: its ops are write, as of a register: the model serializable does not judge that; it judges list-append, rw-register',
    );
  });

  test('without clients there is none', () => {
    expect(findWorkload(parseHistory('{:process :nemesis :type :info :f :kill}'), [], 'h')).toBeNull();
  });
});

describe('what is not plain is refused in a sentence', () => {
  test.each([
    [['read nil => 1'], 'h: its ops are read, which does not tell what they were done on: give --workload register or'],
    [['transform 1', 'read nil'], 'h: its ops are read and transform, which no workload has: expected those of'],
    [
      ['txn [[:lock 1]]'],
      'h: its transactions consist of lock; only those of reads and writes, or of reads and appends,',
    ],
    [['write [[:w 1 2]]', 'read [[:r 1 nil]]'], 'h: its ops are read and write, which does not tell'],
    [['add 1'], 'h: its ops are add, which'],
    [['add "a"', 'read nil => 1'], 'h: its ops are add and read, which'],
    [['add 1', 'read nil => 1', 'read nil => [1]'], 'h: its ops are add and read, which'],
  ])('%j', (ops, message) => {
    expect(() => find(ops)).toThrow(message);
  });

  test('on one line, however many ops there are and however they are named', () => {
    const ops = Array.from({ length: 100 }, (_, i) => `{"process":0,"type":"invoke","f":"${'x'.repeat(99)}\\n${i}"}`);
    const message = (() => {
      try {
        return String(findWorkload(parseHistory(ops.join('\n')), [], 'h'));
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(message).toContain('and 90 more');
    expect(message.length).toBeLessThan(1000);
    expect(message).not.toContain('\n');
  });
});
