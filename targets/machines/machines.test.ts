import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Body, Json } from '../../protocol/message.ts';
import type { ServiceName } from '../../protocol/service.ts';
import { bankAccounts, bankTotal } from '../../protocol/services/bank.ts';
import { machines } from './index.ts';
import type { Reply, Request } from './machine.ts';

/** A machine at work: what it answers to one request after the other, as a node asks it. */
function started(name: ServiceName) {
  const machine = machines.get(name)!;
  let state = machine.init();
  return {
    ask(request: object): Reply {
      const kind = machine.classify(request as Body);
      if (typeof kind === 'object') return kind;
      return kind === 'query' ? machine.query(state, request as Request) : machine.apply(state, request as Request);
    },
    snapshot: (): Json => machine.snapshot(state),
    restore(snapshot: Json): void {
      state = machine.restore(snapshot);
    },
  };
}

const code = (reply: Reply): Json | undefined => (reply.type === 'error' ? reply.code : undefined);

describe('the txn machine', () => {
  const txn = (...microOps: readonly (readonly Json[])[]) => ({ type: 'txn', txn: microOps });

  test('reads what was appended and written, its own included, and null where nothing was', () => {
    const { ask } = started('txn');
    expect(ask(txn(['r', 1, null], ['append', 1, 5], ['r', 1, null], ['w', 2, 'a'], ['r', 2, null]))).toEqual({
      type: 'txn_ok',
      txn: [
        ['r', 1, null],
        ['append', 1, 5],
        ['r', 1, [5]],
        ['w', 2, 'a'],
        ['r', 2, 'a'],
      ],
    });
    expect(ask(txn(['append', 1, 6], ['w', 2, null]))).toMatchObject({ type: 'txn_ok' });
    expect(ask(txn(['r', 1, null], ['r', 2, null], ['r', '1', null]))).toMatchObject({
      txn: [
        ['r', 1, [5, 6]],
        ['r', 2, null],
        ['r', '1', null],
      ],
    });
  });

  test('null is a value that a transaction writes over another', () => {
    const { ask } = started('txn');
    ask(txn(['w', 1, 3]));
    expect(ask(txn(['w', 1, null], ['r', 1, null]))).toMatchObject({
      txn: [
        ['w', 1, null],
        ['r', 1, null],
      ],
    });
  });

  test('what was read does not change any more', () => {
    const { ask } = started('txn');
    ask(txn(['append', 1, 5]));
    const read = ask(txn(['r', 1, null]));
    ask(txn(['append', 1, 6]));
    expect(read).toEqual({ type: 'txn_ok', txn: [['r', 1, [5]]] });
  });

  test('a transaction that cannot go through has done nothing', () => {
    const { ask } = started('txn');
    ask(txn(['w', 1, 3]));
    expect(code(ask(txn(['w', 2, 9], ['append', 1, 4])))).toBe(14);
    expect(ask(txn(['r', 2, null]))).toMatchObject({ txn: [['r', 2, null]] });
  });

  test('one that only reads is a query; a bad one is refused', () => {
    const { classify } = machines.get('txn')!;
    expect(classify(txn(['r', 1, null]) as Body)).toBe('query');
    expect(classify(txn(['r', 1, null], ['w', 1, 2]) as Body)).toBe('command');
    for (const bad of [txn(['x', 1, null]), txn(['r', [1], null]), txn(['r', 1]), { type: 'txn' }]) {
      expect(classify(bad as Body)).toMatchObject({ code: 12 });
    }
  });
});

describe('the bank machine', () => {
  test('is opened with all the money, spread evenly', () => {
    const { value } = started('bank').ask({ type: 'read' }) as unknown as { value: Record<string, number> };
    const balances = Object.values(value);
    expect(balances).toHaveLength(bankAccounts);
    expect(balances.reduce((sum, balance) => sum + balance)).toBe(bankTotal);
    expect(Math.max(...balances) - Math.min(...balances)).toBeLessThanOrEqual(1);
  });

  test('moves money, and none that is not there', () => {
    const { ask } = started('bank');
    const transfer = (from: Json, to: Json, amount: number) => ask({ type: 'transfer', from, to, amount });
    expect(transfer(0, 1, 5)).toEqual({ type: 'transfer_ok' });
    expect(ask({ type: 'read' })).toMatchObject({ value: { 0: 8, 1: 18, 2: 13 } });
    expect(code(transfer(0, 1, 9))).toBe(22);
    expect(code(transfer(0, 99, 1))).toBe(20);
    expect(code(transfer(99, 0, 1))).toBe(20);
    expect(code(transfer(0, 1, -1))).toBe(12);
    expect(transfer(2, 2, 13)).toEqual({ type: 'transfer_ok' });
    expect(ask({ type: 'read' })).toMatchObject({ value: { 0: 8, 1: 18, 2: 13 } });
  });
});

describe('the queue machine', () => {
  test('gives elements in the order in which they came, and null where there is none', () => {
    const { ask } = started('queue');
    const dequeue = () => ask({ type: 'dequeue' }).value;
    expect(dequeue()).toBe(null);
    for (const value of [1, 'a', [2]]) ask({ type: 'enqueue', value });
    expect(dequeue()).toBe(1);
    ask({ type: 'enqueue', value: 4 });
    expect([dequeue(), dequeue(), dequeue(), dequeue()]).toEqual(['a', [2], 4, null]);
    expect(code(ask({ type: 'enqueue', value: null }))).toBe(12);
  });

  test('is an array, whatever is asked of it', () => {
    const value = fc.option(fc.nat(), { nil: null });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 200 }), (steps) => {
        const { ask } = started('queue');
        const expected: number[] = [];
        for (const step of steps) {
          if (step === null) expect(ask({ type: 'dequeue' }).value).toBe(expected.shift() ?? null);
          else {
            ask({ type: 'enqueue', value: step });
            expected.push(step);
          }
        }
      }),
      { numRuns: Number(process.env.FTEST_NUM_RUNS ?? 200) },
    );
  });
});

test('the set machine holds each element once, by key, and one set without', () => {
  const { ask } = started('set');
  for (const element of [3, '3', 3, 1]) ask({ type: 'add', element });
  ask({ type: 'add', key: 'k', element: 9 });
  expect(ask({ type: 'read' })).toEqual({ type: 'read_ok', value: [3, '3', 1] });
  expect(ask({ type: 'read', key: 'k' })).toEqual({ type: 'read_ok', value: [9] });
  expect(ask({ type: 'read', key: 'other' })).toEqual({ type: 'read_ok', value: [] });
  expect(code(ask({ type: 'add', element: [1] }))).toBe(12);
  expect(code(ask({ type: 'add', key: null, element: 1 }))).toBe(12);
});

test('the counter machine adds up, by key, and one counter without', () => {
  const { ask } = started('counter');
  for (const delta of [3, -5]) ask({ type: 'add', delta });
  ask({ type: 'add', key: 'k', delta: 9 });
  expect(ask({ type: 'read' })).toEqual({ type: 'read_ok', value: -2 });
  expect(ask({ type: 'read', key: 'k' })).toEqual({ type: 'read_ok', value: 9 });
  expect(ask({ type: 'read', key: 'other' })).toEqual({ type: 'read_ok', value: 0 });
  expect(code(ask({ type: 'add', delta: 1.5 }))).toBe(12);
});

test('the lock machine gives each lock to one client at a time, with growing tokens', () => {
  const { ask } = started('lock');
  const acquire = (key: string, client: string) => ask({ type: 'acquire', key, client });
  const release = (key: string, client: string) => ask({ type: 'release', key, client });
  expect(acquire('x', 'a')).toEqual({ type: 'acquire_ok', token: 1 });
  expect(code(acquire('x', 'b'))).toBe(22);
  expect(code(acquire('x', 'a'))).toBe(21);
  expect(acquire('y', 'b')).toEqual({ type: 'acquire_ok', token: 2 });
  expect(code(release('x', 'b'))).toBe(22);
  expect(release('x', 'a')).toEqual({ type: 'release_ok' });
  expect(code(release('x', 'a'))).toBe(22);
  expect(acquire('x', 'b')).toEqual({ type: 'acquire_ok', token: 3 });
  expect(code(ask({ type: 'acquire', key: 'x' }))).toBe(12);
});

test('the machine of unique ids counts', () => {
  const { ask } = started('unique-ids');
  expect([1, 2, 3].map(() => ask({ type: 'generate' }).id)).toEqual([1, 2, 3]);
});

describe('the rows machine', () => {
  test('inserts one row a key, whichever the table', () => {
    const { ask } = started('rows');
    const insert = (key: Json, table: string, id: number) => ask({ type: 'insert', key, table, id });
    expect(insert(1, 'a', 1)).toEqual({ type: 'insert_ok' });
    expect(code(insert(1, 'b', 2))).toBe(21);
    expect(code(insert(1, 'a', 3))).toBe(21);
    expect(insert('1', 'b', 4)).toEqual({ type: 'insert_ok' });
    expect(code(insert(5, 'c', 5))).toBe(12);
  });

  test('adds rows with growing numbers and timestamps', () => {
    const { ask } = started('rows');
    expect(ask({ type: 'add' })).toEqual({ type: 'add_ok', row: { val: 1, sts: 1 } });
    ask({ type: 'insert', key: 1, table: 'a', id: 1 });
    expect(ask({ type: 'add' })).toEqual({ type: 'add_ok', row: { val: 2, sts: 3 } });
    expect(ask({ type: 'read' })).toEqual({
      type: 'read_ok',
      value: [
        { val: 1, sts: 1 },
        { val: 2, sts: 3 },
      ],
    });
  });

  test('finds the rows of a key that were written', () => {
    const { ask } = started('rows');
    expect(ask({ type: 'write', key: 1, row: 0 })).toEqual({ type: 'write_ok' });
    ask({ type: 'write', key: 1, row: 2 });
    expect(ask({ type: 'find', key: 1, rows: [2, 1, 0] })).toEqual({ type: 'find_ok', rows: [2, null, 0] });
    expect(ask({ type: 'find', key: 2, rows: [0] })).toEqual({ type: 'find_ok', rows: [null] });
    expect(code(ask({ type: 'find', key: 2, rows: 0 }))).toBe(12);
  });
});

test('the log machine numbers messages, and gives at most 16 of each log from an offset on', () => {
  const { ask } = started('log');
  const send = (key: string, msg: Json) => ask({ type: 'send', key, msg });
  expect([send('a', 5), send('b', 6), send('a', 7)].map(({ offset }) => offset)).toEqual([0, 0, 1]);
  const poll = (offsets: object) => ask({ type: 'poll', offsets }).msgs;
  expect(poll({ a: 0, b: 1, c: 0 })).toEqual({
    a: [
      [0, 5],
      [1, 7],
    ],
  });
  expect(poll({ a: 1, b: 0 })).toEqual({ a: [[1, 7]], b: [[0, 6]] });
  for (let i = 0; i < 30; i++) send('c', i);
  expect((poll({ c: 3 }) as { readonly c: readonly Json[] }).c).toHaveLength(16);
  expect(code(ask({ type: 'poll', offsets: { a: -1 } }))).toBe(12);
  expect(code(ask({ type: 'send', key: 1, msg: 1 }))).toBe(12);
});

test('the consensus machine decides on the first proposal of a key', () => {
  const { ask } = started('consensus');
  const propose = (key: Json, value: Json) => ask({ type: 'propose', key, value });
  expect(ask({ type: 'learn', key: 1 })).toEqual({ type: 'learn_ok', value: null });
  expect([propose(1, 'a'), propose(1, 'b'), propose('1', 'c')].map(({ value }) => value)).toEqual(['a', 'a', 'c']);
  expect(ask({ type: 'learn', key: 1 })).toEqual({ type: 'learn_ok', value: 'a' });
  expect(code(propose(1, null))).toBe(12);
  expect(code(ask({ type: 'propose', key: 1 }))).toBe(12);
  expect(code(ask({ type: 'learn', key: [1] }))).toBe(12);
});

/** Requests that find something to disagree on: few keys, few values. */
const few = fc.integer({ min: 0, max: 3 });
const requests: Readonly<Record<Exclude<ServiceName, 'echo' | 'atomic-commit'>, fc.Arbitrary<object>>> = {
  register: fc.oneof(
    fc.record({ type: fc.constant('write'), key: few, value: few }),
    fc.record({ type: fc.constant('cas'), key: few, from: few, to: few }),
    fc.record({ type: fc.constant('read'), key: few }),
  ),
  txn: fc.record({
    type: fc.constant('txn'),
    txn: fc.array(
      fc.oneof(
        fc.tuple(fc.constant('r'), few, fc.constant(null)),
        fc.tuple(fc.constant('append'), few, few),
        fc.tuple(
          fc.constant('w'),
          few.map((key) => key + 10),
          few,
        ),
      ),
    ),
  }),
  bank: fc.oneof(
    fc.record({ type: fc.constant('transfer'), from: few, to: few, amount: few }),
    fc.constant({ type: 'read' }),
  ),
  queue: fc.oneof(fc.record({ type: fc.constant('enqueue'), value: few }), fc.constant({ type: 'dequeue' })),
  set: fc.oneof(
    fc.record({ type: fc.constant('add'), key: few, element: few }),
    fc.record({ type: fc.constant('add'), element: few }),
    fc.record({ type: fc.constant('read'), key: few }),
    fc.constant({ type: 'read' }),
  ),
  counter: fc.oneof(
    fc.record({ type: fc.constant('add'), key: few, delta: few }),
    fc.record({ type: fc.constant('read'), key: few }),
  ),
  lock: fc.record({ type: fc.constantFrom('acquire', 'release'), key: few, client: few }),
  'unique-ids': fc.constant({ type: 'generate' }),
  rows: fc.oneof(
    fc.record({ type: fc.constant('insert'), key: few, table: fc.constantFrom('a', 'b'), id: few }),
    fc.record({ type: fc.constant('write'), key: few, row: few }),
    fc.record({ type: fc.constant('find'), key: few, rows: fc.array(few) }),
    fc.constantFrom({ type: 'add' }, { type: 'read' }),
  ),
  log: fc.oneof(
    fc.record({ type: fc.constant('send'), key: few.map(String), msg: few }),
    fc.record({ type: fc.constant('poll'), offsets: fc.dictionary(few.map(String), few) }),
  ),
  consensus: fc.oneof(
    fc.record({ type: fc.constant('propose'), key: few, value: few }),
    fc.record({ type: fc.constant('learn'), key: few }),
  ),
};

test('every machine is listed under its own name', () => {
  expect([...machines.keys()].sort()).toEqual(Object.keys(requests).sort());
  for (const [name, machine] of machines) expect(machine.name).toBe(name);
});

describe.each(Object.entries(requests))('the %s machine', (name, request) => {
  const machine = name as ServiceName;
  const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 200);

  test('goes on from a snapshot as if nothing had happened, and what comes later does not change the snapshot', () => {
    fc.assert(
      fc.property(fc.array(request), fc.array(request), (before, after) => {
        const [one, other] = [started(machine), started(machine)];
        for (const each of before) one.ask(each);
        const snapshot = one.snapshot();
        const text = JSON.stringify(snapshot);
        const replies = after.map((each) => one.ask(each));
        expect(JSON.stringify(snapshot)).toBe(text);
        other.restore(JSON.parse(text));
        expect(after.map((each) => other.ask(each))).toEqual(replies);
        // What was restored is the machine's own.
        one.restore(snapshot);
        for (const each of after) one.ask(each);
        expect(JSON.stringify(snapshot)).toBe(text);
      }),
      { numRuns },
    );
  });

  test('a query changes nothing, and no reply changes later', () => {
    fc.assert(
      fc.property(fc.array(request), (asked) => {
        const node = started(machine);
        const { classify } = machines.get(machine)!;
        const replies: (readonly [Reply, string])[] = [];
        for (const each of asked) {
          const before = JSON.stringify(node.snapshot());
          const reply = node.ask(each);
          replies.push([reply, JSON.stringify(reply)]);
          if (classify(each as Body) !== 'command') expect(JSON.stringify(node.snapshot())).toBe(before);
        }
        for (const [reply, text] of replies) expect(JSON.stringify(reply)).toBe(text);
      }),
      { numRuns },
    );
  });

  test('refuses what it does not have', () => {
    expect(code(started(machine).ask({ type: 'juggle' }))).toBe(10);
  });
});
