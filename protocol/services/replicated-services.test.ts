/** The services of the replicated state machines: each op with the request that it is, each reply with the outcome that it stands for. */
import { describe, expect, test } from 'vitest';
import { type Body, errorBody } from '../message.ts';
import type { Outcome, Service, ServiceName, ServiceOp } from '../service.ts';
import { services } from './index.ts';

const service = (name: ServiceName): Service => services.get(name)!;

interface Exchange {
  readonly service: ServiceName;
  readonly op: ServiceOp;
  readonly request: object;
  readonly reply: object;
  readonly outcome: Outcome;
  /** A reply of the right type that makes no sense. */
  readonly nonsense?: object;
}

const op = (f: string, value: unknown, key?: unknown): ServiceOp =>
  key === undefined ? { f, value } : { f, value, key };
const ok = (value: unknown): Outcome => ({ type: 'ok', value });

const txn = [
  ['r', 1, null],
  ['append', 1, 2],
  ['w', 'x', 3],
];
const txnDone = [['r', 1, [1]], ...txn.slice(1)];
const transfer = { from: 0, to: 3, amount: 5 };

const exchanges: readonly Exchange[] = [
  {
    service: 'txn',
    op: op('txn', txn),
    request: { type: 'txn', txn },
    reply: { type: 'txn_ok', txn: txnDone },
    outcome: ok(txnDone),
    nonsense: { type: 'txn_ok', txn: [['r', 1, [1]]] },
  },
  {
    service: 'bank',
    op: op('transfer', transfer),
    request: { type: 'transfer', ...transfer },
    reply: { type: 'transfer_ok' },
    outcome: ok(transfer),
  },
  {
    service: 'bank',
    op: op('read', null),
    request: { type: 'read' },
    reply: { type: 'read_ok', value: { 0: 3, 1: 4 } },
    outcome: ok({ 0: 3, 1: 4 }),
    nonsense: { type: 'read_ok', value: [3, 4] },
  },
  {
    service: 'queue',
    op: op('enqueue', 7),
    request: { type: 'enqueue', value: 7 },
    reply: { type: 'enqueue_ok' },
    outcome: ok(7),
  },
  {
    service: 'queue',
    op: op('dequeue', null),
    request: { type: 'dequeue' },
    reply: { type: 'dequeue_ok', value: 7 },
    outcome: ok(7),
    nonsense: { type: 'dequeue_ok' },
  },
  {
    service: 'queue',
    op: op('dequeue', null),
    request: { type: 'dequeue' },
    reply: { type: 'dequeue_ok', value: null },
    outcome: ok(null),
  },
  {
    service: 'set',
    op: op('add', 7),
    request: { type: 'add', element: 7 },
    reply: { type: 'add_ok' },
    outcome: ok(7),
  },
  {
    service: 'set',
    op: op('write', 7, 3),
    request: { type: 'add', element: 7, key: 3 },
    reply: { type: 'add_ok' },
    outcome: ok(7),
  },
  {
    service: 'set',
    op: op('read', null, 3),
    request: { type: 'read', key: 3 },
    reply: { type: 'read_ok', value: [7, 8] },
    outcome: ok([7, 8]),
    nonsense: { type: 'read_ok', value: 7 },
  },
  {
    service: 'counter',
    op: op('add', -2, 3),
    request: { type: 'add', delta: -2, key: 3 },
    reply: { type: 'add_ok' },
    outcome: ok(-2),
  },
  {
    service: 'counter',
    op: op('read', null),
    request: { type: 'read' },
    reply: { type: 'read_ok', value: 9 },
    outcome: ok(9),
    nonsense: { type: 'read_ok', value: '9' },
  },
  {
    service: 'lock',
    op: op('acquire', { client: 'a' }, 3),
    request: { type: 'acquire', key: 3, client: 'a' },
    reply: { type: 'acquire_ok', token: 5 },
    outcome: ok({ client: 'a', token: 5 }),
    nonsense: { type: 'acquire_ok' },
  },
  {
    service: 'lock',
    op: op('release', { client: 'a' }, 3),
    request: { type: 'release', key: 3, client: 'a' },
    reply: { type: 'release_ok' },
    outcome: ok({ client: 'a' }),
  },
  {
    service: 'unique-ids',
    op: op('generate', null),
    request: { type: 'generate' },
    reply: { type: 'generate_ok', id: [1, 'n1'] },
    outcome: ok([1, 'n1']),
    nonsense: { type: 'generate_ok', id: null },
  },
  {
    service: 'rows',
    op: op('insert', [4, [9, null]]),
    request: { type: 'insert', key: 4, table: 'a', id: 9 },
    reply: { type: 'insert_ok' },
    outcome: ok([4, [9, null]]),
  },
  {
    service: 'rows',
    op: op('insert', [4, [null, 9]]),
    request: { type: 'insert', key: 4, table: 'b', id: 9 },
    reply: { type: 'insert_ok' },
    outcome: ok([4, [null, 9]]),
  },
  {
    service: 'rows',
    op: op('add', null),
    request: { type: 'add' },
    reply: { type: 'add_ok', row: { val: 1, sts: 2 } },
    outcome: ok({ val: 1, sts: 2 }),
    nonsense: { type: 'add_ok' },
  },
  {
    service: 'rows',
    op: op('read', null),
    request: { type: 'read' },
    reply: { type: 'read_ok', value: [{ val: 1, sts: 2 }] },
    outcome: ok([{ val: 1, sts: 2 }]),
    nonsense: { type: 'read_ok', value: null },
  },
  {
    service: 'rows',
    op: op('write', [4, 1]),
    request: { type: 'write', key: 4, row: 1 },
    reply: { type: 'write_ok' },
    outcome: ok([4, 1]),
  },
  {
    service: 'rows',
    op: op('read', [4, [1, 0]]),
    request: { type: 'find', key: 4, rows: [1, 0] },
    reply: { type: 'find_ok', rows: [null, 0] },
    outcome: ok([4, [null, 0]]),
    nonsense: { type: 'find_ok', rows: [0] },
  },
  {
    service: 'log',
    op: op('send', [['send', '4', 7]]),
    request: { type: 'send', key: '4', msg: 7 },
    reply: { type: 'send_ok', offset: 0 },
    outcome: ok([['send', '4', [0, 7]]]),
    nonsense: { type: 'send_ok' },
  },
  {
    service: 'log',
    op: op('poll', [['poll', null, { 4: 1 }]]),
    request: { type: 'poll', offsets: { 4: 1 } },
    reply: { type: 'poll_ok', msgs: { 4: [[1, 8]] } },
    outcome: ok([['poll', { 4: [[1, 8]] }]]),
    nonsense: { type: 'poll_ok', msgs: { 4: [8] } },
  },
  {
    service: 'log',
    op: op('assign', []),
    request: { type: 'poll', offsets: {} },
    reply: { type: 'poll_ok', msgs: {} },
    outcome: ok([]),
  },
  {
    service: 'consensus',
    op: op('propose', 7, 3),
    request: { type: 'propose', key: 3, value: 7 },
    reply: { type: 'propose_ok', value: 8 },
    outcome: ok({ proposed: 7, decided: 8 }),
    nonsense: { type: 'propose_ok', value: null },
  },
  {
    service: 'consensus',
    op: op('learn', null, 3),
    request: { type: 'learn', key: 3 },
    reply: { type: 'learn_ok', value: 8 },
    outcome: ok(8),
    nonsense: { type: 'learn_ok' },
  },
  {
    service: 'consensus',
    op: op('learn', null, 'x'),
    request: { type: 'learn', key: 'x' },
    reply: { type: 'learn_ok', value: null },
    outcome: ok(null),
  },
];

describe.each(exchanges)(
  '$service: $op.f $op.value',
  ({ service: name, op: asked, request, reply, outcome, nonsense }) => {
    const { request: requestOf, outcome: outcomeOf } = service(name);

    test('is this request, and this outcome', () => {
      expect(requestOf(asked, 7)).toEqual({ ...request, msg_id: 7 });
      expect(outcomeOf(asked, reply as Body)).toEqual(outcome);
    });

    test('fails by a definite error', () => {
      const refused = outcomeOf(asked, errorBody(7, 'preconditionFailed', 'no'));
      expect(refused).toEqual({ type: 'fail', value: asked.value, error: 'precondition-failed' });
    });

    test('is open after an indefinite error, unless it only reads', () => {
      const readOnly = ['read', 'poll', 'assign', 'learn'].includes(asked.f);
      const type = readOnly ? 'fail' : 'info';
      expect(outcomeOf(asked, errorBody(7, 'crash', 'oops'))).toEqual({ type, value: asked.value, error: 'crash' });
      expect(service(name).isRead(asked.f)).toBe(readOnly);
    });

    test('is open after a reply that makes no sense', () => {
      for (const body of [{ type: 'hello_ok' }, { type: 'error' }, ...(nonsense === undefined ? [] : [nonsense])]) {
        expect(outcomeOf(asked, body as Body)).toMatchObject({ type: 'info', value: asked.value });
      }
    });
  },
);

test('a transaction that only reads has failed, whatever the error', () => {
  const reads = op('txn', [['r', 1, null]]);
  expect(service('txn').outcome(reads, errorBody(7, 'crash', 'oops'))).toMatchObject({ type: 'fail' });
});

test('an op that a service does not have is refused', () => {
  for (const [name, { request }] of services) {
    expect(() => request({ f: 'juggle', value: null }, 1), name).toThrow(/not juggle/);
  }
});
