/** The rules of Paxos, each quoted from Lamport's "Paxos Made Simple" (2001) with its section. */
import { describe, expect, test } from 'vitest';
import type { Accept, Decided, Prepare, PromiseReply, Proposal } from './messages.ts';
import { Cluster } from './testing/cluster.ts';

const proposal = (ballot: number, value: number): Proposal => ({ ballot, value });

/** n1 proposes 7 in ballot 1.n1, and has its own promise. */
function preparing(nodes = 3): { readonly cluster: Cluster; readonly ballot: number; readonly msgId: number } {
  const cluster = new Cluster({ nodes });
  const msgId = cluster.propose('n1', 7);
  cluster.sync('n1');
  cluster.pass('n1', 'n1');
  return { cluster, msgId, ballot: cluster.instance('n1').ballot };
}

/** An acceptor n1, to which others speak. */
const acceptor = (): Cluster => new Cluster();
const prepare = (cluster: Cluster, src: string, ballot: number): void =>
  cluster.say(src, 'n1', { type: 'prepare', ballot });
const accept = (cluster: Cluster, src: string, ballot: number, value: number): void =>
  cluster.say(src, 'n1', { type: 'accept', ballot, value });

describe('§2.1', () => {
  test('only a value that has been proposed may be chosen', () => {
    const cluster = new Cluster();
    const msgId = cluster.learn('n1');
    cluster.settle();
    expect(cluster.told('n1', msgId)).toBe(null);
    expect(cluster.nodes.map(({ state }) => state?.instances.get('x')?.accepted)).toEqual([null, null, null]);
  });

  test('only a single value is chosen', () => {
    const cluster = new Cluster({ nodes: 5 });
    const asked = cluster.nodeIds.map((id, i) => [id, cluster.propose(id, i)] as const);
    for (let round = 0; round < 30; round++) {
      cluster.settle();
      for (const id of cluster.nodeIds) if (cluster.node(id).timers.has('"x"')) cluster.timeout(id);
    }
    cluster.settle();
    const told = asked.map(([id, msgId]) => cluster.told(id, msgId));
    expect(new Set(told).size).toBe(1);
    expect([0, 1, 2, 3, 4]).toContain(told[0]);
    expect([...cluster.broken]).toEqual([]);
  });
});

describe('§2.2, P1: an acceptor must accept the first proposal that it receives', () => {
  test('also one whose phase 1 has passed it by', () => {
    const cluster = acceptor();
    accept(cluster, 'n2', 4, 8);
    expect(cluster.instance('n1')).toMatchObject({ accepted: proposal(4, 8), promised: 4 });
    expect(cluster.lastFrom('n1', 'n2')).toEqual({ type: 'accepted', instance: 'x', ballot: 4 });
  });

  test('an acceptor must be allowed to accept more than one proposal', () => {
    const cluster = acceptor();
    accept(cluster, 'n2', 4, 8);
    accept(cluster, 'n3', 5, 9);
    expect(cluster.instance('n1').accepted).toEqual(proposal(5, 9));
  });
});

describe('§2.2, P1a: an acceptor can accept a proposal numbered n iff it has not responded to a prepare request having a number greater than n', () => {
  test.each([
    [4, 'accepted'],
    [5, 'accepted'],
    [7, 'accepted'],
    [1, 'preempted'],
  ])('having promised 4, one in ballot %i is %s', (ballot, answer) => {
    const cluster = acceptor();
    prepare(cluster, 'n2', 4);
    accept(cluster, 'n2', ballot, 8);
    expect(cluster.lastFrom('n1', 'n2')?.type).toBe(answer);
    expect(cluster.instance('n1').accepted?.value).toBe(answer === 'accepted' ? 8 : undefined);
  });

  test('having accepted in a ballot, it accepts nothing below', () => {
    const cluster = acceptor();
    accept(cluster, 'n3', 5, 9);
    accept(cluster, 'n2', 4, 8);
    expect(cluster.instance('n1').accepted).toEqual(proposal(5, 9));
    expect(cluster.lastFrom('n1', 'n2')).toEqual({ type: 'preempted', instance: 'x', ballot: 5 });
  });
});

describe('§2.2, phase 1', () => {
  test('a proposer sends a prepare request to acceptors, when its number is on its own disk', () => {
    const cluster = new Cluster();
    cluster.propose('n1', 7);
    expect(cluster.network).toEqual([]);
    cluster.sync('n1');
    const request: Prepare = { type: 'prepare', instance: 'x', ballot: 3 };
    expect(cluster.network.filter(({ dest }) => dest !== 'n1').map(({ body }) => body)).toEqual([request, request]);
  });

  test('the response has a promise, and the proposal with the highest number that was accepted, if any', () => {
    const cluster = acceptor();
    const response = (ballot: number): PromiseReply | undefined => {
      prepare(cluster, 'n2', ballot);
      return cluster.lastFrom<PromiseReply>('n1', 'n2');
    };
    expect(response(4)).toEqual({ type: 'promise', instance: 'x', ballot: 4, accepted: null });
    accept(cluster, 'n2', 4, 8);
    accept(cluster, 'n3', 5, 9);
    expect(response(7)).toEqual({ type: 'promise', instance: 'x', ballot: 7, accepted: proposal(5, 9) });
  });

  test('a request that is not above those that it has responded to gets no promise; the proposer is informed', () => {
    const cluster = acceptor();
    prepare(cluster, 'n3', 5);
    prepare(cluster, 'n2', 4);
    expect(cluster.lastFrom('n1', 'n2')).toEqual({ type: 'preempted', instance: 'x', ballot: 5 });
    // That of the very proposer that comes again is answered again: the response may have been lost.
    prepare(cluster, 'n3', 5);
    expect(cluster.network.filter(({ dest }) => dest === 'n3')).toHaveLength(2);
  });

  test('instances have nothing to do with each other', () => {
    const cluster = acceptor();
    prepare(cluster, 'n3', 5);
    cluster.say('n2', 'n1', { type: 'prepare', instance: 'y', ballot: 4 });
    cluster.say('n2', 'n1', { type: 'prepare', instance: 1, ballot: 1 });
    cluster.say('n2', 'n1', { type: 'prepare', instance: '1', ballot: 4 });
    expect([...cluster.state('n1').instances.values()].map(({ key, promised }) => [key, promised])).toEqual([
      ['x', 5],
      ['y', 4],
      [1, 1],
      ['1', 4],
    ]);
    cluster.crash('n1');
    cluster.start('n1');
    expect([...cluster.state('n1').instances.keys()]).toEqual(['x', 'y', 1, '1']);
  });
});

describe('§2.2, phase 2', () => {
  test('the proposer waits for a response from a majority of acceptors', () => {
    const { cluster, ballot } = preparing(5);
    cluster.promise('n2', 'n1', ballot);
    cluster.promise('n2', 'n1', ballot);
    expect(cluster.instance('n1').phase).toBe('prepare');
    cluster.promise('n3', 'n1', ballot);
    expect(cluster.proposals('n1', 'n4')).toEqual([proposal(ballot, 7)]);
  });

  test('a promise in another ballot does not count', () => {
    const { cluster, ballot } = preparing();
    cluster.promise('n2', 'n1', ballot - 3);
    expect(cluster.instance('n1').phase).toBe('prepare');
  });

  test('P2c: v is the value of the highest-numbered proposal among the responses', () => {
    for (const order of [
      ['n2', 'n3'],
      ['n3', 'n2'],
    ]) {
      const { cluster, ballot } = preparing(5);
      for (const from of order) cluster.promise(from, 'n1', ballot, from === 'n2' ? proposal(1, 8) : proposal(2, 9));
      expect(cluster.proposals('n1', 'n2')).toEqual([proposal(ballot, 9)]);
    }
  });

  test('what its own acceptor has accepted counts as well', () => {
    const cluster = new Cluster();
    accept(cluster, 'n2', 4, 8);
    cluster.propose('n1', 7);
    cluster.sync('n1');
    cluster.pass('n1', 'n1');
    cluster.promise('n3', 'n1', 6);
    expect(cluster.proposals('n1', 'n3')).toEqual([proposal(6, 8)]);
  });

  test('what was reported in an earlier ballot is no response in this one', () => {
    const { cluster, ballot } = preparing(5);
    cluster.promise('n2', 'n1', ballot, proposal(1, 8));
    cluster.say('n3', 'n1', { type: 'preempted', ballot: ballot + 1 });
    cluster.timeout('n1');
    while (cluster.sync('n1'));
    cluster.pass('n1', 'n1');
    for (const from of ['n3', 'n4']) cluster.promise(from, 'n1', 2 * ballot);
    expect(cluster.instance('n1').proposal).toEqual(proposal(2 * ballot, 7));
  });

  test('or is any value if the responses reported no proposals', () => {
    const { cluster, ballot } = preparing();
    cluster.promise('n2', 'n1', ballot);
    expect(cluster.proposals('n1', 'n2')).toEqual([proposal(ballot, 7)]);
  });

  test('in one ballot it proposes one value, whoever asks meanwhile', () => {
    const { cluster, ballot } = preparing();
    cluster.promise('n2', 'n1', ballot);
    cluster.propose('n1', 70);
    cluster.sync('n1');
    cluster.timeout('n1');
    expect(cluster.proposals('n1', 'n2')).toEqual([proposal(ballot, 7), proposal(ballot, 7)]);
  });
});

describe('§2.2: because P2c must be kept invariant regardless of failures, an acceptor must remember this information', () => {
  test('even if it fails and then restarts', () => {
    const cluster = acceptor();
    accept(cluster, 'n2', 4, 8);
    prepare(cluster, 'n3', 5);
    cluster.crash('n1');
    cluster.start('n1');
    expect(cluster.instance('n1')).toMatchObject({ promised: 5, accepted: proposal(4, 8) });
  });

  test('§2.5: it records its intended response in stable storage before actually sending the response', () => {
    const cluster = acceptor();
    for (const body of [
      { type: 'prepare', instance: 'x', ballot: 4 },
      { type: 'accept', instance: 'x', ballot: 4, value: 8 },
    ] as const) {
      cluster.receive({ src: 'n2', dest: 'n1', body });
      expect(cluster.network).toEqual([]);
      cluster.sync('n1');
      expect(cluster.network.splice(0)).toHaveLength(1);
    }
  });
});

describe('§2.2: it is probably a good idea to abandon a proposal if some proposer has begun trying to issue a higher-numbered one', () => {
  test('a proposer that is told of a higher number takes one above it, when it has waited', () => {
    const { cluster } = preparing();
    cluster.say('n2', 'n1', { type: 'preempted', ballot: 13 });
    expect(cluster.instance('n1').phase).toBe('backoff');
    cluster.timeout('n1');
    expect(cluster.instance('n1')).toMatchObject({ phase: 'prepare', ballot: 15 });
  });

  test('and so does one whose own acceptor has promised it', () => {
    const { cluster } = preparing();
    prepare(cluster, 'n3', 5);
    expect(cluster.instance('n1').phase).toBe('backoff');
  });

  test('or accepted something in it: what it promises another, it must not break itself', () => {
    const { cluster, ballot } = preparing();
    accept(cluster, 'n3', 5, 9);
    expect(cluster.instance('n1').phase).toBe('backoff');
    cluster.promise('n2', 'n1', ballot);
    expect(cluster.instance('n1').accepted).toEqual(proposal(5, 9));
    expect([...cluster.broken.keys()]).not.toContain('accepts-what-is-promised');
  });

  test('what it is told of a ballot that is over does not matter', () => {
    const { cluster, ballot } = preparing();
    cluster.say('n2', 'n1', { type: 'preempted', ballot });
    expect(cluster.instance('n1').phase).toBe('prepare');
  });
});

describe('§2.3', () => {
  test('a learner must find out that a proposal has been accepted by a majority of acceptors', () => {
    const { cluster, ballot, msgId } = preparing(5);
    for (const from of ['n2', 'n3']) cluster.promise(from, 'n1', ballot);
    for (const from of ['n2', 'n2', 'n3']) {
      expect(cluster.told('n1', msgId)).toBe(undefined);
      cluster.say(from, 'n1', { type: 'accepted', ballot });
    }
    // Its own acceptance counts when it is on disk.
    expect(cluster.told('n1', msgId)).toBe(undefined);
    while (cluster.sync('n1'));
    cluster.lose(({ dest }) => dest !== 'n1');
    cluster.settle();
    expect(cluster.told('n1', msgId)).toBe(7);
  });

  test('a distinguished learner informs the other learners when a value has been chosen', () => {
    const cluster = new Cluster();
    cluster.propose('n1', 7);
    cluster.settle();
    expect(cluster.nodeIds.map((id) => cluster.instance(id).decided)).toEqual([1, 2, 3].map(() => proposal(3, 7)));
    const told: Decided = { type: 'decided', instance: 'x', ballot: 8, value: 9 };
    const msgId = cluster.learn('n2', 'y');
    cluster.say('n3', 'n2', { ...told, instance: 'y' });
    expect(cluster.told('n2', msgId)).toBe(9);
  });

  test('a learner that needs to know whether a value has been chosen has a proposer issue a proposal', () => {
    const cluster = new Cluster();
    cluster.propose('n1', 7);
    while (cluster.sync('n1'));
    cluster.settle(['n3']);
    // n3 has heard nothing, and n1 is gone.
    cluster.crash('n1');
    const msgId = cluster.learn('n3');
    cluster.settle();
    expect(cluster.told('n3', msgId)).toBe(7);
    expect(cluster.instance('n2').accepted).toEqual(proposal(cluster.ballot(1, 'n3'), 7));
  });

  test('what only a minority has accepted is not chosen, and may be when somebody has asked', () => {
    const cluster = new Cluster({ nodes: 5 });
    cluster.say('n4', 'n5', { type: 'accept', ballot: 9, value: 8 });
    const nothing = cluster.learn('n1');
    cluster.settle(['n5']);
    expect(cluster.told('n1', nothing)).toBe(null);
    const something = cluster.learn('n2');
    cluster.settle(['n1', 'n3']);
    cluster.timeout('n2');
    cluster.settle(['n1', 'n3']);
    expect(cluster.told('n2', something)).toBe(8);
  });

  test('a question that comes in the middle of a phase 1 is not answered by its outcome', () => {
    const cluster = new Cluster();
    const first = cluster.learn('n1');
    cluster.sync('n1');
    cluster.pass('n1', 'n1');
    const second = cluster.request('c9', 'n1', { type: 'learn', key: 'x' } as never);
    cluster.promise('n2', 'n1', 3);
    expect(cluster.told('n1', first)).toBe(null);
    expect(cluster.reply('c9', second)).toBe(undefined);
    cluster.settle();
    expect(cluster.reply('c9', second)).toMatchObject({ type: 'learn_ok', value: null });
  });
});

describe('§2.4: two proposers each keep issuing proposals with increasing numbers, none of which are ever chosen', () => {
  test('so the wait of one that is preempted again and again grows, up to a bound', () => {
    const { cluster } = preparing();
    const longest: (number | undefined)[] = [];
    for (let round = 2; round < 9; round++) {
      cluster.say('n3', 'n1', { type: 'prepare', ballot: cluster.ballot(round, 'n3') });
      longest.push(cluster.node('n1').timers.get('"x"')?.maxMs);
      cluster.timeout('n1');
    }
    expect(longest).toEqual([60, 120, 240, 480, 960, 960, 960]);
  });

  test('and who begins anew waits as at first', () => {
    const { cluster } = preparing();
    const preempt = (round: number): number | undefined => {
      cluster.say('n3', 'n1', { type: 'prepare', ballot: cluster.ballot(round, 'n3') });
      return cluster.node('n1').timers.get('"x"')?.maxMs;
    };
    expect(preempt(2)).toBe(60);
    for (let look = 0; look < 4; look++) cluster.fire('n1', 'look');
    cluster.propose('n1', 70);
    expect(preempt(9)).toBe(60);
  });
});

describe('§2.5', () => {
  test('different proposers choose their numbers from disjoint sets of numbers', () => {
    const cluster = new Cluster({ nodes: 5 });
    for (const id of cluster.nodeIds) cluster.propose(id, 1);
    expect(cluster.nodeIds.map((id) => cluster.instance(id).ballot)).toEqual([5, 6, 7, 8, 9]);
  });

  test('a proposer begins phase 1 with a higher number than any it has already used', () => {
    const { cluster, ballot } = preparing();
    cluster.crash('n1');
    cluster.start('n1');
    cluster.propose('n1', 70);
    expect(cluster.instance('n1').ballot).toBeGreaterThan(ballot);
  });
});

describe('messages may be lost, and come twice', () => {
  test('a proposer asks those again that have not answered, in the same ballot', () => {
    const { cluster, ballot } = preparing(5);
    cluster.network.length = 0;
    cluster.promise('n2', 'n1', ballot);
    cluster.timeout('n1');
    expect(cluster.network.map(({ dest, body }) => [dest, body.type])).toEqual([
      ['n3', 'prepare'],
      ['n4', 'prepare'],
      ['n5', 'prepare'],
    ]);
    cluster.promise('n3', 'n1', ballot);
    while (cluster.sync('n1'));
    cluster.say('n4', 'n1', { type: 'accepted', ballot });
    cluster.network.length = 0;
    cluster.timeout('n1');
    expect(cluster.network.map(({ dest, body }) => [dest, body.type, (body as Accept).ballot])).toEqual([
      ['n2', 'accept', ballot],
      ['n3', 'accept', ballot],
      ['n5', 'accept', ballot],
    ]);
  });

  test('a proposal that comes twice is accepted once, and answered twice', () => {
    const cluster = acceptor();
    accept(cluster, 'n2', 4, 8);
    const { accepted } = cluster.instance('n1');
    accept(cluster, 'n2', 4, 8);
    expect(cluster.instance('n1').accepted).toBe(accepted);
    expect(cluster.network).toHaveLength(2);
  });
});

describe('what clients are told', () => {
  const looks = (cluster: Cluster, times: number): void => {
    for (let i = 0; i < times; i++) cluster.fire('n1', 'look');
  };

  test('a proposal that was never sent has certainly failed, and is not proposed any more', () => {
    const { cluster, ballot, msgId } = preparing();
    looks(cluster, 3);
    expect(cluster.reply('cn1', msgId)).toBe(undefined);
    looks(cluster, 1);
    expect(cluster.reply('cn1', msgId)).toMatchObject({ type: 'error', code: 11 });
    cluster.promise('n2', 'n1', ballot);
    expect(cluster.proposals('n1', 'n2')).toEqual([]);
    expect(cluster.node('n1').timers.has('"x"')).toBe(false);
  });

  test('of one that was sent nobody knows: it stays silent, and tries on for a while', () => {
    const { cluster, ballot, msgId } = preparing();
    cluster.promise('n2', 'n1', ballot);
    looks(cluster, 39);
    expect(cluster.instance('n1').phase).toBe('accept');
    looks(cluster, 1);
    expect(cluster.instance('n1').phase).toBe('idle');
    expect(cluster.reply('cn1', msgId)).toBe(undefined);
    expect(cluster.node('n1').timers.size).toBe(0);
  });

  test('a request that makes no sense is refused', () => {
    const cluster = new Cluster();
    const ask = (body: object): unknown => cluster.reply('c9', cluster.request('c9', 'n1', body as never));
    expect(ask({ type: 'propose', key: 'x', value: null })).toMatchObject({ code: 12 });
    expect(ask({ type: 'learn', key: {} })).toMatchObject({ code: 12 });
    expect(ask({ type: 'read', key: 'x' })).toMatchObject({ code: 10 });
  });
});
