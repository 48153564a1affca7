import { describe, expect, test } from 'vitest';
import { parseHistory } from '../history/read.ts';
import { findWorkload } from './check-workload.ts';
import { modelNamed, workloads } from './models.ts';

const linearizable = modelNamed('linearizable');

/** A history of these ops, `f value` or `f value => result`, one after the other. */
function find(...ops: readonly string[]): string | null {
  const lines = ops.flatMap((op) => {
    const [, f, given, result] = /^(\S+) (.*?)(?: => (.*))?$/.exec(op)!;
    const line = (type: string, value: string) => `{:process 0 :type :${type} :f :${f} :value ${value}}`;
    return [line('invoke', given!), line('ok', result ?? given!)];
  });
  return findWorkload(parseHistory(lines.join('\n')), linearizable, 'h');
}

/** What is found where this version can judge it; else it must say what it saw. */
function finds(workload: string, ...ops: readonly string[]): void {
  if (workloads.has(workload)) expect(find(...ops)).toBe(workload);
  else expect(() => find(...ops)).toThrow(`as of a ${workload}`);
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
  ])('%s', (workload, ...ops) => finds(workload, ...ops));

  test('transactions of reads and writes are of a multi-register', () => {
    for (const ops of [['txn [[:r 1 nil] [:w 2 3]]'], ['txn [[:read :x nil] [:write :y 3]]']]) {
      if (workloads.has('multi-register')) expect(find(...ops)).toBe('multi-register');
      else expect(() => find(...ops)).toThrow('as of a multi-register');
    }
  });

  test('without clients there is none', () => {
    expect(findWorkload(parseHistory('{:process :nemesis :type :info :f :kill}'), linearizable, 'h')).toBeNull();
  });
});

describe('what is not plain is refused in a sentence', () => {
  test.each([
    [['read nil => 1'], 'h: its ops are read, which does not tell what they were done on: give --workload register or'],
    [['transfer {:from 1}', 'read nil'], 'h: its ops are read and transfer, which no workload has: expected those of'],
    [['txn [[:append 1 2] [:r 1 nil]]'], 'h: its transactions append to lists, and list-append is not judged yet'],
    [['txn [[:lock 1]]'], 'h: its transactions consist of lock; only those of reads and writes are judged'],
    [['write [[:w 1 2]]', 'read [[:r 1 nil]]'], 'h: its ops are read and write, which does not tell'],
    [['get nil'], 'h: its ops are get, which'],
    [['add 1'], 'h: its ops are add, which'],
    [['add "a"', 'read nil => 1'], 'h: its ops are add and read, which'],
    [['add 1', 'read nil => 1', 'read nil => [1]'], 'h: its ops are add and read, which'],
  ])('%j', (ops, message) => {
    expect(() => find(...ops)).toThrow(message);
  });

  test('on one line, however many ops there are and however they are named', () => {
    const ops = Array.from({ length: 100 }, (_, i) => `{"process":0,"type":"invoke","f":"${'x'.repeat(99)}\\n${i}"}`);
    const message = (() => {
      try {
        return String(findWorkload(parseHistory(ops.join('\n')), linearizable, 'h'));
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(message).toContain('and 90 more');
    expect(message.length).toBeLessThan(1000);
    expect(message).not.toContain('\n');
  });
});
