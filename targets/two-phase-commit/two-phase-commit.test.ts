/** The rules of two-phase commit, message by message: strict two-phase locking, votes, presumed abort, recovery. */
import { describe, expect, test } from 'vitest';
import type { Body } from '../../protocol/message.ts';
import type { CommitMessage } from './messages.ts';
import type { Step } from './steps.ts';
import { Cluster } from './testing/cluster.ts';

/** A transaction that writes on n2 and n3. n1 coordinates it, and owns none of its keys. */
const steps: readonly Step[] = [
  ['append', 1, 7],
  ['append', 2, 7],
];
const tx = 'n1.1.1';

/** The transaction is carried out, and n1 has asked for votes. */
function executed(options: ConstructorParameters<typeof Cluster>[0] = {}): Cluster {
  const cluster = new Cluster(options);
  cluster.txn('c1', 'n1', steps);
  cluster.pass('execute', 'executed');
  return cluster;
}

/** n2 and n3 have voted yes, and n1 has not heard of it. */
function prepared(options: ConstructorParameters<typeof Cluster>[0] = {}): Cluster {
  const cluster = executed(options);
  cluster.pass('prepare');
  return cluster;
}

/** n1 has decided to commit, durably, and nobody has heard of it. */
function decided(options: ConstructorParameters<typeof Cluster>[0] = {}): Cluster {
  const cluster = prepared(options);
  cluster.pass('vote');
  return cluster;
}

const tell = (cluster: Cluster, src: string, dest: string, body: CommitMessage): void =>
  cluster.receive({ src, dest, body });

const answerTo = (cluster: Cluster, client: string): Body | undefined =>
  cluster.replies.findLast(({ dest }) => dest === client)?.body;

describe('locks', () => {
  test('nobody reads what is not decided; whoever waits goes on when it is', () => {
    const cluster = prepared();
    cluster.txn('c2', 'n2', [['r', 1, null]]);
    cluster.pass('execute', 'executed');
    expect(answerTo(cluster, 'c2')).toBeUndefined();
    cluster.settle();
    expect(answerTo(cluster, 'c2')).toMatchObject({ type: 'txn_ok', txn: [['r', 1, [7]]] });
  });

  test('readers share a key, a writer waits for them', () => {
    const cluster = new Cluster();
    const read: readonly Step[] = [
      ['r', 1, null],
      ['w', 2, 1],
    ];
    cluster.txn('c1', 'n1', read);
    cluster.pass('execute', 'executed');
    cluster.txn('c2', 'n2', [
      ['r', 1, null],
      ['w', 0, 1],
    ]);
    cluster.pass('execute');
    expect(cluster.underWay('executed')).toHaveLength(2);
    cluster.txn('c3', 'n3', [['w', 1, 9]]);
    cluster.pass('execute');
    expect(cluster.underWay('executed')).toHaveLength(2);
    cluster.settle();
    expect(cluster.held('n2', 1)).toBe(9);
  });

  test('a younger transaction does not overtake an older one that waits', () => {
    const cluster = prepared();
    cluster.txn('c2', 'n2', [['w', 1, [8]]]);
    cluster.pass('execute');
    cluster.txn('c3', 'n2', [['r', 1, null]]);
    cluster.settle();
    expect(answerTo(cluster, 'c3')).toMatchObject({ txn: [['r', 1, [8]]] });
  });

  test('who has voted yes is not wounded: the older waits', () => {
    const cluster = prepared();
    tell(cluster, 'n3', 'n2', {
      type: 'execute',
      tx: 'n3.1.9',
      age: { clock: 0, id: 'n3.1.9' },
      name: null,
      steps: [['w', 1, 0]],
      isWhole: false,
    });
    expect(cluster.underWay('wounded')).toEqual([]);
    expect(cluster.marks.get('waited-for-lock')).toBe(1);
  });

  test('transactions that want the same keys in all orders come to an end', () => {
    const cluster = new Cluster();
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [0, 2, 1],
      [2, 0, 1],
    ];
    orders.forEach((keys, i) => {
      cluster.txn(
        `c${i}`,
        cluster.nodeIds[i % 3]!,
        keys.map((key): Step => ['append', key, i]),
      );
    });
    cluster.settle();
    expect(orders.map((_, i) => answerTo(cluster, `c${i}`)?.type)).toEqual(Array(5).fill('txn_ok'));
    const held = [0, 1, 2].map((key) => JSON.stringify(cluster.held(`n${key + 1}`, key)));
    expect(new Set(held).size).toBe(1);
    expect([...cluster.broken]).toEqual([]);
  });

  test('an abort that comes before the steps leaves no lock behind', () => {
    const cluster = new Cluster();
    tell(cluster, 'n1', 'n2', { type: 'decide', tx, decision: 'abort' });
    const age = { clock: 1, id: tx };
    tell(cluster, 'n1', 'n2', { type: 'execute', tx, age, name: null, steps: [['w', 1, 1]], isWhole: false });
    expect(cluster.underWay('executed')).toEqual([]);
    cluster.txn('c1', 'n3', [['w', 1, 2]]);
    cluster.settle();
    expect(cluster.held('n2', 1)).toBe(2);
  });
});

describe('a late copy of the steps', () => {
  const older: readonly Step[] = [['append', 1, 'older']];
  const younger: readonly Step[] = [
    ['r', 1, null],
    ['append', 1, 'younger'],
    ['w', 2, 5],
  ];

  /** Delivers what goes to a node: the first of this type of this transaction. It stays under way when it is to come again. */
  function deliver(cluster: Cluster, type: string, dest: string, of: string, again = false): void {
    const isIt = ({ dest: to, body }: (typeof cluster.network)[number]): boolean =>
      to === dest && body.type === type && (body as CommitMessage).tx === of;
    cluster.deliver(cluster.network.findIndex(isIt), again);
  }

  function lose(cluster: Cluster, type: string): void {
    const place = cluster.network.findIndex(({ body }) => body.type === type);
    expect(place).toBeGreaterThanOrEqual(0);
    cluster.network.splice(place, 1);
  }

  test('is not voted on where the coordinator knows what was read before the transaction was wounded', () => {
    const cluster = new Cluster();
    cluster.txn('c1', 'n1', older);
    cluster.txn('c2', 'n1', younger);
    deliver(cluster, 'execute', 'n2', 'n1.1.2', true);
    deliver(cluster, 'executed', 'n1', 'n1.1.2');
    deliver(cluster, 'execute', 'n2', 'n1.1.1');
    lose(cluster, 'wounded');
    deliver(cluster, 'executed', 'n1', 'n1.1.1');
    cluster.pass('prepare', 'vote', 'decide', 'acknowledge');
    expect(answerTo(cluster, 'c1')).toMatchObject({ type: 'txn_ok' });
    deliver(cluster, 'execute', 'n2', 'n1.1.2');
    lose(cluster, 'executed');
    cluster.settle();
    // Else it would be told that it found nothing at key 1, where it came second.
    expect(answerTo(cluster, 'c2')).toMatchObject({ type: 'error', code: 14 });
    expect([cluster.held('n2', 1), cluster.held('n3', 2)]).toEqual([['older'], undefined]);
  });

  test('is not voted on where the participant has lost in a crash what the coordinator knows', () => {
    const cluster = new Cluster();
    cluster.txn('c2', 'n1', younger);
    deliver(cluster, 'execute', 'n2', 'n1.1.1', true);
    deliver(cluster, 'executed', 'n1', 'n1.1.1');
    cluster.crash('n2');
    cluster.start('n2');
    cluster.txn('c1', 'n2', older);
    cluster.pass('executed', 'prepare', 'vote', 'decide', 'acknowledge');
    deliver(cluster, 'execute', 'n2', 'n2.2.1');
    cluster.pass('executed', 'prepare', 'vote', 'decide', 'acknowledge');
    expect(cluster.held('n2', 1)).toEqual(['older']);
    deliver(cluster, 'execute', 'n2', 'n1.1.1');
    lose(cluster, 'executed');
    cluster.settle();
    expect(answerTo(cluster, 'c2')).toMatchObject({ type: 'error', code: 14 });
    expect([cluster.held('n2', 1), cluster.held('n3', 2)]).toEqual([['older'], undefined]);
  });

  test('and the transaction goes through where the coordinator has heard of what it gave', () => {
    const cluster = new Cluster();
    cluster.txn('c1', 'n1', younger);
    deliver(cluster, 'execute', 'n2', 'n1.1.1', true);
    lose(cluster, 'executed');
    cluster.crash('n2');
    cluster.start('n2');
    cluster.settle();
    expect(answerTo(cluster, 'c1')).toMatchObject({ type: 'txn_ok', txn: [['r', 1, null], {}, {}] });
    expect([cluster.held('n2', 1), cluster.held('n3', 2)]).toEqual([['younger'], 5]);
  });
});

describe('votes and decision', () => {
  test('a vote leaves when the prepared record is on disk, and the commit when the decision is', () => {
    const cluster = executed();
    cluster.deliver(cluster.network.findIndex(({ dest }) => dest === 'n2'));
    expect(cluster.underWay('vote')).toEqual([]);
    cluster.sync('n2');
    expect(cluster.underWay('vote')).toHaveLength(1);
    cluster.pass('prepare');
    while (cluster.underWay('vote').length > 0) cluster.deliver(0);
    expect([cluster.underWay('decide'), cluster.replies]).toEqual([[], []]);
    cluster.sync('n1');
    expect([cluster.underWay('decide').length, cluster.replies.length]).toEqual([2, 1]);
  });

  test('one no is enough', () => {
    const cluster = executed();
    tell(cluster, 'n3', 'n1', { type: 'vote', tx, vote: 'no' });
    cluster.settle();
    expect(answerTo(cluster, 'c1')).toMatchObject({ type: 'error', code: 14 });
    expect([cluster.held('n2', 1), cluster.held('n3', 2)]).toEqual([undefined, undefined]);
    expect([...cluster.broken]).toEqual([]);
  });

  test('a participant that lost the transaction in a crash votes no', () => {
    const cluster = executed();
    cluster.crash('n2');
    cluster.start('n2');
    cluster.settle();
    expect(answerTo(cluster, 'c1')).toMatchObject({ code: 14 });
  });

  test('a step that cannot be done ends all of it, with its reason', () => {
    const cluster = new Cluster({}, 'bank');
    cluster.request('c1', 'n1', { type: 'transfer', from: 0, to: 1, amount: 99 } as Body);
    cluster.settle();
    expect(answerTo(cluster, 'c1')).toMatchObject({ type: 'error', code: 22 });
    cluster.request('c1', 'n1', { type: 'transfer', from: 0, to: 1, amount: 5 } as Body);
    cluster.settle();
    expect(answerTo(cluster, 'c1')).toEqual({ type: 'transfer_ok', in_reply_to: 2 });
    cluster.request('c1', 'n2', { type: 'read' } as Body);
    cluster.settle();
    const { value } = answerTo(cluster, 'c1') as unknown as { value: Record<string, number> };
    expect(Object.values(value).reduce((sum, balance) => sum + balance)).toBe(100);
    expect([value['0'], value['1']]).toEqual([8, 18]);
  });

  test('a coordinator aborts when votes do not come in time; a participant that never voted, alone', () => {
    const cluster = executed();
    cluster.wait('n1', 5);
    expect(answerTo(cluster, 'c1')).toMatchObject({ code: 11 });
    cluster.network.length = 0;
    cluster.wait('n2', 20);
    expect(cluster.marks.get('participant-timed-out')).toBe(1);
    tell(cluster, 'n1', 'n2', { type: 'prepare', tx, execution: '1.1' });
    expect(cluster.underWay('vote')).toMatchObject([{ body: { vote: 'no' } }]);
  });

  test('who only reads has no part in the second phase', () => {
    const cluster = new Cluster();
    cluster.txn('c1', 'n1', [
      ['r', 1, null],
      ['w', 2, 1],
    ]);
    cluster.pass('execute', 'executed', 'prepare', 'vote');
    expect(cluster.underWay('decide').map(({ dest }) => dest)).toEqual(['n3']);
  });
});

describe('who has voted yes waits', () => {
  test('however long the coordinator is down', () => {
    const cluster = prepared();
    cluster.crash('n1');
    cluster.network.length = 0;
    for (let i = 0; i < 100; i++) cluster.wait('n2', 10);
    expect([cluster.state('n2').role, cluster.state('n2').uncertain]).toEqual(['blocked', [tx]]);
    expect(cluster.underWay('inquire')).toHaveLength(200);
    cluster.start('n1');
    cluster.settle();
    expect([cluster.state('n2').role, cluster.state('n2').uncertain]).toEqual(['participant', []]);
    expect(cluster.held('n2', 1)).toBeUndefined();
  });

  test('while the coordinator has not decided, it gets no answer', () => {
    const cluster = prepared();
    cluster.network.length = 0;
    tell(cluster, 'n2', 'n1', { type: 'inquire', tx });
    expect(cluster.network).toEqual([]);
  });

  test('beyond its own crash, with its locks', () => {
    const cluster = prepared();
    cluster.crash('n2');
    cluster.start('n2');
    expect(cluster.state('n2').uncertain).toEqual([tx]);
    cluster.txn('c2', 'n2', [['r', 1, null]]);
    cluster.pass('execute');
    expect(answerTo(cluster, 'c2')).toBeUndefined();
    cluster.settle();
    expect([answerTo(cluster, 'c1')?.type, cluster.held('n2', 1)]).toEqual(['txn_ok', [7]]);
    expect(answerTo(cluster, 'c2')).toMatchObject({ txn: [['r', 1, [7]]] });
  });
});

describe('recovery of the coordinator', () => {
  test('a decision that is on its log is told again, until all have it on disk', () => {
    const cluster = decided();
    cluster.network.length = 0;
    cluster.crash('n1');
    cluster.start('n1');
    expect(cluster.underWay('decide')).toHaveLength(2);
    cluster.pass('decide');
    // One acknowledgement is lost.
    cluster.network.splice(
      cluster.network.findIndex(({ src }) => src === 'n2'),
      1,
    );
    cluster.settle();
    expect(cluster.state('n1').coordinating).toBe(1);
    cluster.wait('n1', 5);
    expect(cluster.underWay('decide').map(({ dest }) => dest)).toEqual(['n2']);
    cluster.settle();
    expect([cluster.state('n1').coordinating, cluster.held('n2', 1), cluster.held('n3', 2)]).toEqual([0, [7], [7]]);
    expect([...cluster.broken]).toEqual([]);
  });

  test('a decision that is not on its log was none', () => {
    const cluster = prepared();
    while (cluster.underWay('vote').length > 0) cluster.deliver(0);
    cluster.crash('n1');
    cluster.start('n1');
    cluster.wait('n2', 5);
    cluster.wait('n3', 5);
    cluster.settle();
    expect([cluster.state('n2').uncertain, cluster.held('n2', 1), cluster.replies]).toEqual([[], undefined, []]);
    expect([...cluster.broken]).toEqual([]);
  });

  test('an acknowledgement leaves when the commit is on the disk of the participant', () => {
    const cluster = decided();
    while (cluster.underWay('decide').length > 0) cluster.deliver(0);
    expect(cluster.underWay('acknowledge')).toEqual([]);
    cluster.sync('n2');
    expect(cluster.underWay('acknowledge')).toHaveLength(1);
  });
});

test('a checkpoint holds what the log held', () => {
  const cluster = new Cluster({ config: { checkpointRecords: 3 } });
  for (let i = 0; i < 10; i++) {
    cluster.txn('c1', 'n1', [
      ['append', 1, i],
      ['append', 2, i],
    ]);
    cluster.settle();
  }
  cluster.txn('c1', 'n1', steps);
  cluster.pass('execute', 'executed', 'prepare');
  expect(cluster.marks.get('checkpoint-taken')).toBeGreaterThan(5);
  for (const id of cluster.nodeIds) {
    cluster.crash(id);
    cluster.start(id);
  }
  expect(cluster.held('n2', 1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(cluster.state('n2').uncertain).toEqual(['n1.1.11']);
  cluster.settle();
  expect(cluster.state('n2').uncertain).toEqual([]);
});

describe('atomic commitment as a service', () => {
  const inspect = (cluster: Cluster, id: string): Body | undefined => {
    cluster.request('c9', id, { type: 'inspect', txn: 't' } as Body);
    cluster.pass();
    return answerTo(cluster, 'c9');
  };
  const known = (vote: string | null, decision: string | null) => ({ type: 'inspect_ok', vote, decision });

  test('each node votes, and says what it knows', () => {
    const cluster = new Cluster({}, 'atomic-commit');
    cluster.request('c1', 'n1', { type: 'transact', txn: 't', against: [] } as Body);
    expect(inspect(cluster, 'n2')).toMatchObject(known(null, null));
    cluster.pass('execute', 'executed', 'prepare');
    expect(inspect(cluster, 'n2')).toMatchObject(known('yes', null));
    cluster.settle();
    for (const id of cluster.nodeIds) expect(inspect(cluster, id)).toMatchObject(known('yes', 'commit'));
    expect(answerTo(cluster, 'c1')).toMatchObject({ type: 'transact_ok' });
  });

  test('nodes vote no when they are asked to', () => {
    const cluster = new Cluster({}, 'atomic-commit');
    cluster.request('c1', 'n1', { type: 'transact', txn: 't', against: ['n3'] } as Body);
    cluster.settle();
    expect(answerTo(cluster, 'c1')).toMatchObject({ type: 'error', code: 14 });
    expect(['n2', 'n3'].map((id) => inspect(cluster, id))).toMatchObject([known('yes', 'abort'), known('no', 'abort')]);
  });

  test('what makes no sense is refused', () => {
    const cluster = new Cluster({}, 'atomic-commit');
    cluster.request('c1', 'n1', { type: 'transact', txn: 't' } as Body);
    expect(answerTo(cluster, 'c1')).toMatchObject({ type: 'error', code: 12 });
  });
});

describe('registers', () => {
  test('read, write, and compare and set', () => {
    const cluster = new Cluster({}, 'register');
    const ask = (body: object): Body | undefined => {
      cluster.request('c1', 'n1', body as Body);
      cluster.settle();
      return answerTo(cluster, 'c1');
    };
    expect(ask({ type: 'read', key: 'x' })).toMatchObject({ type: 'error', code: 20 });
    expect(ask({ type: 'cas', key: 'x', from: 1, to: 2 })).toMatchObject({ type: 'error', code: 20 });
    expect(ask({ type: 'write', key: 'x', value: 1 })).toMatchObject({ type: 'write_ok' });
    expect(ask({ type: 'cas', key: 'x', from: 2, to: 3 })).toMatchObject({ type: 'error', code: 22 });
    expect(ask({ type: 'cas', key: 'x', from: 1, to: 3 })).toMatchObject({ type: 'cas_ok' });
    expect(ask({ type: 'read', key: 'x' })).toMatchObject({ type: 'read_ok', value: 3 });
  });
});
