/**
 * The rules of Paxos, each quoted from Lamport's "Paxos Made Simple" (2001) with its section, and those of Multi-Paxos
 * from what was written about it since.
 */
import { describe, expect, test } from 'vitest';
import type { Message } from '../../protocol/message.ts';
import { registerMachine } from '../machines/register.ts';
import { type Command, ReplicatedState } from '../machines/replicated.ts';
import { ballotAbove } from './ballot.ts';
import type { Accept, Accepted, PaxosBody, Preempted, Prepare, PromiseReply, PValue } from './messages.ts';
import { Cluster } from './testing/cluster.ts';

const write = (key: string, value: number) => ({ type: 'write', key, value }) as const;
const read = (key: string) => ({ type: 'read', key }) as const;

const command = (id: number): Command => ({
  client: 'c9',
  id,
  origin: 'n1',
  bornAt: 0,
  request: { type: 'write', key: 'x', value: id, msg_id: id },
});

const proposal = (ballot: number, slot: number, id: number): PValue => ({ ballot, slot, command: command(id) });

const accept = (ballot: number, first: number, pvalues: readonly PValue[], chosen = 0): Accept => ({
  type: 'accept',
  ballot,
  first,
  pvalues,
  chosen,
  last: first + pvalues.length - 1,
  round: 1,
});

/** Messages of one type that are under way, or wait for a disk. */
function sent<Type extends PaxosBody>(cluster: Cluster, type: Type['type'], from?: string): Message<Type>[] {
  const waiting = cluster.nodes.flatMap((node) => node.waiting.map(({ message }) => message));
  return [...cluster.network, ...waiting].filter(
    ({ src, body }) => body.type === type && (from === undefined || src === from),
  ) as Message<Type>[];
}

function receive(cluster: Cluster, src: string, dest: string, body: PaxosBody): void {
  cluster.receive({ src, dest, body });
}

/** The node's reply to a message that nobody else takes part in, once its disk is done. */
function replyTo<Reply extends PaxosBody>(cluster: Cluster, src: string, dest: string, body: PaxosBody): Reply {
  while (cluster.sync(dest));
  cluster.network.length = 0;
  receive(cluster, src, dest, body);
  while (cluster.sync(dest));
  const reply = cluster.network.find((message) => message.src === dest && message.dest === src);
  if (reply === undefined) throw new Error(`${dest} did not reply`);
  return reply.body as Reply;
}

/** The minimum leader timeout passes for everybody, with no leader. */
function grown(nodes = 3): Cluster {
  const cluster = new Cluster({ nodes });
  for (const id of cluster.nodeIds) cluster.fire(id, 'leader');
  return cluster;
}

/** A proposer that has promises from these nodes beside its own, with what they report. */
function proposerWith(cluster: Cluster, id: string, reports: Readonly<Record<string, readonly PValue[]>>): void {
  cluster.timeout(id);
  const ballot = cluster.state(id).promised;
  receive(cluster, id, id, { type: 'promise', ballot, accepted: [], snapshot: null });
  for (const [from, accepted] of Object.entries(reports)) {
    receive(cluster, from, id, { type: 'promise', ballot, accepted, snapshot: null });
  }
}

/** By slot, whose command or which no-op a node has accepted, and in which ballot. */
const accepted = (cluster: Cluster, id: string): (readonly [number, number | null, number])[] =>
  cluster.state(id).accepted.map(({ slot, command, ballot }) => [slot, command?.id ?? null, ballot]);

describe('Paxos Made Simple, §2.2: phase 1', () => {
  test('"A proposer selects a proposal number n and sends a prepare request with number n to a majority of acceptors."', () => {
    const cluster = new Cluster({ nodes: 5 });
    cluster.timeout('n2');
    cluster.sync('n2');
    const ballot = cluster.ballot(1, 'n2');
    expect(cluster.state('n2')).toMatchObject({ role: 'proposer', promised: ballot });
    expect(sent<Prepare>(cluster, 'prepare').map(({ dest, body }) => [dest, body.ballot])).toEqual(
      ['n1', 'n3', 'n4', 'n5'].map((id) => [id, ballot]),
    );
  });

  test('"If an acceptor receives a prepare request with number n greater than that of any prepare request to which it has already responded, then it responds to the request with a promise not to accept any more proposals numbered less than n and with the highest-numbered proposal (if any) that it has accepted."', () => {
    const cluster = grown();
    const [lower, higher] = [cluster.ballot(1, 'n2'), cluster.ballot(1, 'n3')];
    receive(cluster, 'n2', 'n1', accept(lower, 1, [proposal(lower, 1, 7)]));
    cluster.sync('n1');
    cluster.fire('n1', 'leader');
    const reply = replyTo<PromiseReply>(cluster, 'n3', 'n1', { type: 'prepare', ballot: higher, from: 1 });
    expect(reply).toEqual({
      type: 'promise',
      ballot: higher,
      accepted: [proposal(lower, 1, 7)],
      snapshot: null,
    });
    const refused = replyTo<Preempted>(cluster, 'n2', 'n1', accept(lower, 2, [proposal(lower, 2, 8)]));
    expect(refused).toEqual({ type: 'preempted', ballot: higher });
    expect(accepted(cluster, 'n1')).toEqual([[1, 7, lower]]);
  });

  test('only what is asked for is reported: slots from the first that the proposer does not know to be chosen', () => {
    const cluster = grown();
    const ballot = cluster.ballot(1, 'n2');
    const pvalues = [1, 2, 3].map((slot) => proposal(ballot, slot, slot));
    receive(cluster, 'n2', 'n1', accept(ballot, 1, pvalues));
    cluster.fire('n1', 'leader');
    const prepare: Prepare = { type: 'prepare', ballot: cluster.ballot(1, 'n3'), from: 3 };
    expect(replyTo<PromiseReply>(cluster, 'n3', 'n1', prepare).accepted).toEqual([pvalues[2]]);
  });

  test('a prepare request that comes twice is answered twice, one with a lower number with the higher', () => {
    const cluster = grown();
    const ballot = cluster.ballot(2, 'n2');
    const prepare: Prepare = { type: 'prepare', ballot, from: 1 };
    expect(replyTo(cluster, 'n2', 'n1', prepare)).toMatchObject({ type: 'promise', ballot });
    expect(replyTo(cluster, 'n2', 'n1', prepare)).toMatchObject({ type: 'promise', ballot });
    const late: Prepare = { type: 'prepare', ballot: cluster.ballot(1, 'n3'), from: 1 };
    expect(replyTo(cluster, 'n3', 'n1', late)).toEqual({ type: 'preempted', ballot });
  });
});

describe('Paxos Made Simple, §2.2: phase 2', () => {
  test('"… where v is the value of the highest-numbered proposal among the responses, or is any value if the responses reported no proposals."', () => {
    const [lower, higher] = [[proposal(1, 1, 10)], [proposal(2, 1, 20)]];
    for (const reports of [
      { n2: lower, n3: higher },
      { n2: higher, n3: lower },
    ]) {
      const cluster = grown(5);
      proposerWith(cluster, 'n1', reports);
      expect(cluster.state('n1').role).toBe('leader');
      expect(accepted(cluster, 'n1')).toEqual([[1, 20, cluster.ballot(1, 'n1')]]);
    }
    const free = grown(5);
    proposerWith(free, 'n1', { n2: [], n3: [] });
    free.request('c1', 'n1', write('x', 1));
    expect(free.state('n1').at(1)?.command?.client).toBe('c1');
  });

  test('its own acceptances count among the responses', () => {
    const cluster = grown(3);
    const lower = cluster.ballot(1, 'n2');
    receive(cluster, 'n2', 'n1', accept(lower, 1, [proposal(lower, 1, 7)]));
    proposerWith(cluster, 'n1', { n3: [] });
    expect(accepted(cluster, 'n1')).toEqual([[1, 7, cluster.ballot(2, 'n1')]]);
  });

  test('a majority must have responded, each acceptor counted once, and to this very request', () => {
    const cluster = grown(5);
    cluster.timeout('n1');
    const ballot = cluster.ballot(1, 'n1');
    const promise = (from: string, of: number): void =>
      receive(cluster, from, 'n1', { type: 'promise', ballot: of, accepted: [], snapshot: null });
    promise('n1', ballot);
    promise('n2', ballot);
    promise('n2', ballot);
    promise('n3', ballot - 5);
    expect(cluster.state('n1').role).toBe('proposer');
    promise('n3', ballot);
    expect(cluster.state('n1').role).toBe('leader');
  });

  test('"If an acceptor receives an accept request for a proposal numbered n, it accepts the proposal unless it has already responded to a prepare request having a number greater than n."', () => {
    const cluster = grown();
    const [low, high] = [cluster.ballot(1, 'n2'), cluster.ballot(1, 'n3')];
    const reply = replyTo<Accepted>(cluster, 'n2', 'n1', accept(low, 1, [proposal(low, 1, 1)]));
    expect(reply).toMatchObject({ type: 'accepted', ballot: low, first: 1, last: 1 });
    // Accepting is promising: P1a holds for the numbers of accept requests as well.
    replyTo<Accepted>(cluster, 'n3', 'n1', accept(high, 1, [proposal(high, 1, 2)]));
    const refused = replyTo<Preempted>(cluster, 'n2', 'n1', accept(low, 2, [proposal(low, 2, 3)]));
    expect(refused).toEqual({ type: 'preempted', ballot: high });
    expect(accepted(cluster, 'n1')).toEqual([[1, 2, high]]);
  });

  test('"It’s probably a good idea to abandon a proposal if some proposer has begun trying to issue a higher-numbered one."', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    receive(cluster, 'n2', 'n1', { type: 'preempted', ballot: cluster.ballot(1, 'n1') });
    expect(cluster.state('n1').role).toBe('leader');
    receive(cluster, 'n2', 'n1', { type: 'preempted', ballot: cluster.ballot(4, 'n3') });
    expect(cluster.state('n1').role).toBe('follower');
    cluster.fire('n1', 'leader');
    expect(cluster.state('n1')).toMatchObject({ role: 'proposer', promised: cluster.ballot(5, 'n1') });
  });
});

describe('Paxos Made Simple, §2.3: learning', () => {
  test('"To learn that a value has been chosen, a learner must find out that a proposal has been accepted by a majority of acceptors."', () => {
    const cluster = new Cluster({ nodes: 5 });
    cluster.elect('n1');
    const id = cluster.request('c1', 'n1', write('x', 1));
    const { promised: ballot } = cluster.state('n1');
    const say = (from: string, of = ballot): void =>
      receive(cluster, from, 'n1', {
        type: 'accepted',
        ballot: of,
        first: 1,
        last: 1,
        through: 0,
        lacks: false,
        round: 0,
      });
    say('n2');
    say('n2');
    say('n3', ballot - 1);
    say('n4', ballot + 1);
    expect(cluster.state('n1').chosen).toBe(0);
    say('n3');
    expect(cluster.state('n1').chosen).toBe(0);
    say('n4');
    expect(cluster.state('n1').chosen).toBe(1);
    while (cluster.sync('n1'));
    expect(cluster.reply('c1', id)).toMatchObject({ type: 'write_ok' });
  });

  test('an acceptance that the leader was not told of, the reply to its next message tells again', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    const id = cluster.request('c1', 'n1', write('x', 1));
    while (cluster.network.length > 0) cluster.deliver(0);
    // All have accepted, and all replies are lost.
    for (const node of cluster.nodeIds) while (cluster.sync(node));
    cluster.network.splice(0, cluster.network.length, ...cluster.network.filter(({ src }) => src === 'n1'));
    cluster.settle();
    expect(cluster.state('n1').chosen).toBe(0);
    cluster.heartbeat('n1');
    expect(cluster.state('n1').chosen).toBe(1);
    expect(cluster.reply('c1', id)).toMatchObject({ type: 'write_ok' });
  });

  test('a follower takes for chosen what it has accepted in the ballot of the leader that says so, and nothing older', () => {
    const cluster = grown();
    const [low, high] = [cluster.ballot(1, 'n2'), cluster.ballot(1, 'n3')];
    receive(cluster, 'n2', 'n1', accept(low, 1, [proposal(low, 1, 1)]));
    const reply = replyTo<Accepted>(cluster, 'n3', 'n1', { ...accept(high, 2, [], 1), last: 1 });
    expect(cluster.state('n1').chosen).toBe(0);
    expect(reply).toMatchObject({ through: 0, lacks: true });
    receive(cluster, 'n3', 'n1', accept(high, 1, [proposal(high, 1, 2)], 1));
    expect(cluster.state('n1')).toMatchObject({ chosen: 1, applied: 1 });
    expect(accepted(cluster, 'n1')).toEqual([[1, 2, high]]);
  });
});

describe('Paxos Made Simple, §2.4: progress', () => {
  test('"To guarantee progress, a distinguished proposer must be selected as the only one to try issuing proposals."', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    const prepare: Prepare = { type: 'prepare', ballot: cluster.ballot(9, 'n3'), from: 1 };
    receive(cluster, 'n3', 'n2', prepare);
    receive(cluster, 'n3', 'n1', prepare);
    expect(sent(cluster, 'promise')).toEqual([]);
    expect(cluster.marks.get('prepare-ignored')).toBe(2);
    // The leader itself may ask for more, and when it is silent, everybody may.
    const own: Prepare = { type: 'prepare', ballot: cluster.ballot(2, 'n1'), from: 1 };
    expect(replyTo(cluster, 'n1', 'n2', own).type).toBe('promise');
    expect(replyTo(cluster, 'n3', 'n2', prepare).type).toBe('promise');
  });

  test('a proposer that is not answered asks again with the same number, and does not outbid others by it', () => {
    const cluster = grown();
    cluster.timeout('n1');
    cluster.sync('n1');
    cluster.network.length = 0;
    cluster.fire('n1', 'leader');
    expect(sent<Prepare>(cluster, 'prepare').map(({ body }) => body.ballot)).toEqual([
      cluster.ballot(1, 'n1'),
      cluster.ballot(1, 'n1'),
    ]);
  });

  test('Paxos Made Moderately Complex, §3: who is preempted waits for a while, at random, and not for a whole timeout', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    receive(cluster, 'n2', 'n1', { type: 'preempted', ballot: cluster.ballot(4, 'n3') });
    const { backoffMinMs: minMs, backoffMaxMs: maxMs } = cluster.config;
    expect(cluster.node('n1').timers.get('leader')).toMatchObject({ minMs, maxMs });
    expect(maxMs).toBeGreaterThan(minMs);
  });

  test('a leader that no majority answers steps down (not in the paper)', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.heartbeat('n1');
    cluster.fire('n1', 'check-quorum');
    expect(cluster.state('n1').role).toBe('leader');
    cluster.heartbeat('n1', ['n2', 'n3']);
    cluster.fire('n1', 'check-quorum');
    expect(cluster.state('n1').role).toBe('follower');
  });
});

describe('Paxos Made Simple, §2.5: the implementation', () => {
  test('"An acceptor records its intended response in stable storage before actually sending the response."', () => {
    const cluster = grown();
    const ballot = cluster.ballot(1, 'n2');
    receive(cluster, 'n2', 'n1', { type: 'prepare', ballot, from: 1 });
    expect(cluster.network).toEqual([]);
    cluster.sync('n1');
    expect(cluster.node('n1').values.get('promise')).toBe(ballot);
    expect(cluster.network.map(({ body }) => body.type)).toEqual(['promise']);
    cluster.network.length = 0;
    receive(cluster, 'n2', 'n1', accept(ballot, 1, [proposal(ballot, 1, 1)]));
    expect(cluster.network).toEqual([]);
    cluster.sync('n1');
    expect(cluster.node('n1').logs.get('accepted')?.entries).toEqual([proposal(ballot, 1, 1)]);
    expect(cluster.network.map(({ body }) => body.type)).toEqual(['accepted']);
  });

  test('what was promised and accepted is there after a crash', () => {
    const cluster = grown();
    const [low, high] = [cluster.ballot(1, 'n2'), cluster.ballot(3, 'n3')];
    receive(cluster, 'n2', 'n1', accept(low, 1, [proposal(low, 1, 1), proposal(low, 2, 2)]));
    cluster.fire('n1', 'leader');
    receive(cluster, 'n3', 'n1', { type: 'prepare', ballot: high, from: 1 });
    while (cluster.sync('n1'));
    cluster.crash('n1');
    cluster.start('n1');
    expect(cluster.state('n1').promised).toBe(high);
    expect(accepted(cluster, 'n1')).toEqual([
      [1, 1, low],
      [2, 2, low],
    ]);
  });

  test('whatever part of an acceptance survives a crash, the promise does before it', () => {
    for (let kept = 0; kept <= 3; kept++) {
      const cluster = grown();
      const ballot = cluster.ballot(1, 'n2');
      receive(cluster, 'n2', 'n1', accept(ballot, 1, [proposal(ballot, 1, 1)]));
      cluster.crash('n1', kept);
      cluster.start('n1');
      expect(cluster.state('n1').promised).toBe(kept === 0 ? 0 : ballot);
      expect(accepted(cluster, 'n1')).toEqual(kept < 2 ? [] : [[1, 1, ballot]]);
      expect([...cluster.broken]).toEqual([]);
    }
  });

  test('what comes twice is written once, and acknowledged twice', () => {
    const cluster = grown();
    const ballot = cluster.ballot(1, 'n2');
    const request = accept(ballot, 1, [proposal(ballot, 1, 1)]);
    const longer = accept(ballot, 1, [proposal(ballot, 1, 1), proposal(ballot, 2, 2)]);
    expect(replyTo(cluster, 'n2', 'n1', request)).toMatchObject({ first: 1, last: 1 });
    expect(replyTo(cluster, 'n2', 'n1', request)).toMatchObject({ first: 1, last: 1 });
    expect(replyTo(cluster, 'n2', 'n1', longer)).toMatchObject({ first: 1, last: 2 });
    expect(cluster.node('n1').logs.get('accepted')?.entries).toEqual(longer.pvalues);
  });

  test('of what was accepted for a slot more than once, the last counts after a crash', () => {
    const cluster = grown();
    const [low, high] = [cluster.ballot(1, 'n2'), cluster.ballot(1, 'n3')];
    receive(cluster, 'n2', 'n1', accept(low, 1, [proposal(low, 1, 1), proposal(low, 2, 2)]));
    receive(cluster, 'n3', 'n1', accept(high, 1, [proposal(high, 1, 9)]));
    while (cluster.sync('n1'));
    cluster.crash('n1');
    cluster.start('n1');
    expect(accepted(cluster, 'n1')).toEqual([
      [1, 9, high],
      [2, 2, low],
    ]);
  });

  test('a node alone does not lead before its promise is on disk, lest it use a number twice', () => {
    const cluster = new Cluster({ nodes: 1 });
    cluster.timeout('n1');
    expect(cluster.state('n1').role).toBe('proposer');
    cluster.settle();
    expect(cluster.state('n1').role).toBe('leader');
  });

  test('"Different proposers choose their numbers from disjoint sets of numbers, so two different proposers never issue a proposal with the same number."', () => {
    const size = 5;
    const seen = new Set<number>();
    for (let node = 0; node < size; node++) {
      let ballot = 0;
      for (let i = 0; i < 20; i++) {
        const next = ballotAbove(ballot, node, size);
        expect(next).toBeGreaterThan(ballot);
        expect(seen.has(next)).toBe(false);
        seen.add(next);
        ballot = next;
      }
    }
    expect(ballotAbove(7, 3, size)).toBe(8);
    expect(ballotAbove(8, 3, size)).toBe(13);
    expect(ballotAbove(0, 0, 1)).toBe(1);
  });

  test('"Each proposer remembers (in stable storage) the highest-numbered proposal it has tried to issue, and begins phase 1 with a higher proposal number than any it has already used."', () => {
    const cluster = grown();
    cluster.timeout('n1');
    expect(sent(cluster, 'prepare', 'n1')).not.toEqual([]);
    expect(cluster.network).toEqual([]);
    cluster.sync('n1');
    const [first] = sent<Prepare>(cluster, 'prepare', 'n1');
    cluster.crash('n1');
    cluster.start('n1');
    cluster.timeout('n1');
    expect(cluster.state('n1').promised).toBeGreaterThan(first?.body.ballot as number);
  });
});

describe('Paxos Made Simple, §3: a state machine', () => {
  test('"Using the same proposal number for all instances, it can do this by sending a single reasonably short message to the other servers."', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    for (let i = 0; i < 5; i++) {
      cluster.request('c1', 'n1', write('x', i));
      cluster.settle();
    }
    cluster.elect('n2', ['n1']);
    cluster.crash('n1');
    for (let i = 0; i < 5; i++) {
      cluster.request('c2', 'n2', write('x', i));
      cluster.settle();
    }
    expect(cluster.state('n2').chosen).toBe(10);
    expect(cluster.marks.get('leader-elected')).toBe(2);
  });

  test('"… a special "no-op" command that leaves the state unchanged": it fills the gap, and what comes after it can be executed', () => {
    const cluster = grown(3);
    // As in the paper, with slots for its commands: 135 and 140 are reported, nothing of 136 to 139 is.
    proposerWith(cluster, 'n1', { n2: [proposal(2, 1, 135), proposal(2, 6, 140)] });
    const ballot = cluster.ballot(1, 'n1');
    expect(accepted(cluster, 'n1')).toEqual([
      [1, 135, ballot],
      [2, null, ballot],
      [3, null, ballot],
      [4, null, ballot],
      [5, null, ballot],
      [6, 140, ballot],
    ]);
    expect(cluster.marks.get('gap-filled')).toBe(4);
    cluster.settle();
    expect(cluster.state('n1')).toMatchObject({ chosen: 6, applied: 6 });
  });

  test('"It’s possible for all the messages it sent in proposing command 141 to be lost, and for command 142 to be chosen before any other server has learned what the leader proposed as command 141."', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.request('c1', 'n1', write('x', 141));
    cluster.settle(['n2', 'n3']);
    const second = cluster.request('c2', 'n1', write('x', 142));
    const lost = sent<Accept>(cluster, 'accept', 'n1');
    expect(lost.map(({ body }) => body.pvalues.map(({ slot }) => slot))).toEqual([[2], [2]]);
    cluster.sync('n1');
    const position = cluster.network.findIndex(({ dest }) => dest === 'n2');
    cluster.deliver(position);
    cluster.sync('n2');
    expect(accepted(cluster, 'n2').map(([slot]) => slot)).toEqual([2]);
    cluster.deliver(cluster.network.findIndex(({ src, dest }) => src === 'n1' && dest === 'n1'));
    // A majority has accepted slot 2. It is applied when slot 1 is chosen too, which the follower said it lacks.
    expect(cluster.state('n1').applied).toBe(0);
    cluster.settle();
    expect(cluster.reply('c2', second)).toMatchObject({ type: 'write_ok' });
    expect(cluster.state('n1').applied).toBe(2);
  });
});

describe('catching up', () => {
  test('who has missed chosen slots gets them in the ballot of the present leader, and learns them by accepting', () => {
    const cluster = new Cluster();
    cluster.elect('n1', ['n3']);
    for (let i = 0; i < 3; i++) {
      cluster.request('c1', 'n1', write('x', i));
      cluster.settle(['n3']);
    }
    cluster.heartbeat('n1', ['n3']);
    cluster.crash('n1');
    cluster.elect('n2');
    cluster.heartbeat('n2');
    const { promised: ballot } = cluster.state('n2');
    expect(accepted(cluster, 'n3').map(([slot, , of]) => [slot, of])).toEqual([1, 2, 3].map((slot) => [slot, ballot]));
    expect(cluster.state('n3')).toMatchObject({ chosen: 3, applied: 3 });
    // n2 itself learned them from n1.
    expect(accepted(cluster, 'n2').map(([, , of]) => of)).toEqual(Array(3).fill(cluster.ballot(1, 'n1')));
  });

  test('Paxos Made Live, §5.5: a replica that needs what is no longer kept gets a snapshot, and then the rest', () => {
    const cluster = new Cluster({ config: { snapshotThreshold: 4, snapshotTail: 0 } });
    cluster.elect('n1', ['n3']);
    for (let i = 1; i <= 6; i++) {
      cluster.request('c1', 'n1', write('x', i));
      cluster.settle(['n3']);
    }
    for (let i = 0; i < 2; i++) cluster.heartbeat('n1');
    expect(cluster.state('n3')).toMatchObject({ snapshotSlot: 4, chosen: 6, applied: 6 });
    expect(cluster.marks.get('snapshot-installed')).toBe(1);
  });

  test('a proposer that needs what is no longer kept gets a snapshot with the promise', () => {
    const cluster = new Cluster({ config: { snapshotThreshold: 4, snapshotTail: 0 } });
    cluster.elect('n1', ['n3']);
    for (let i = 1; i <= 6; i++) {
      cluster.request('c1', 'n1', write('x', i));
      cluster.settle(['n3']);
    }
    cluster.heartbeat('n1', ['n3']);
    cluster.crash('n1');
    cluster.elect('n3');
    expect(cluster.state('n3')).toMatchObject({ role: 'leader', snapshotSlot: 4, applied: 6 });
  });

  test('what a snapshot covers is dropped from the disk, also by a node that was started anew', () => {
    const cluster = new Cluster({ nodes: 1, config: { snapshotThreshold: 4, snapshotTail: 0 } });
    for (const snapshotSlot of [4, 8]) {
      cluster.elect('n1');
      for (let i = 1; i <= 5; i++) {
        cluster.request('c1', 'n1', write('x', i));
        cluster.settle();
      }
      expect(cluster.state('n1').snapshotSlot).toBe(snapshotSlot);
      const slots = cluster
        .node('n1')
        .logs.get('accepted')
        ?.entries.map((entry) => (entry as PValue).slot);
      expect(Math.min(...(slots ?? []))).toBe(snapshotSlot + 1);
      cluster.crash('n1');
      cluster.start('n1');
    }
  });

  test('a snapshot that is installed takes nothing away that was accepted for later slots', () => {
    const cluster = grown();
    const ballot = cluster.ballot(1, 'n2');
    receive(cluster, 'n2', 'n1', accept(ballot, 5, [proposal(ballot, 5, 5), proposal(ballot, 6, 6)]));
    const snapshot = { slot: 5, state: new ReplicatedState(registerMachine, 1).snapshot() };
    receive(cluster, 'n2', 'n1', { type: 'catch-up', ballot, snapshot, round: 1 });
    while (cluster.sync('n1'));
    expect(accepted(cluster, 'n1')).toEqual([[6, 6, ballot]]);
    cluster.crash('n1');
    cluster.start('n1');
    expect(cluster.state('n1')).toMatchObject({ snapshotSlot: 5, chosen: 5 });
    expect(accepted(cluster, 'n1')).toEqual([[6, 6, ballot]]);
  });
});

describe('reads', () => {
  const led = (): Cluster => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.request('c1', 'n1', write('x', 1));
    cluster.settle();
    return cluster;
  };

  test('a majority must answer, in the ballot of the leader, a message that was sent after the read came', () => {
    const cluster = led();
    cluster.fire('n1', 'heartbeat');
    const before = cluster.network.splice(0);
    const id = cluster.request('c2', 'n1', read('x'));
    const after = cluster.network.splice(0);
    for (const message of before) cluster.receive(message);
    for (const { src, body } of cluster.network.splice(0)) receive(cluster, src, 'n1', body);
    expect(cluster.reply('c2', id)).toBeUndefined();
    cluster.receive(after[0] as Message<PaxosBody>);
    for (const { src, body } of cluster.network.splice(0)) receive(cluster, src, 'n1', body);
    expect(cluster.reply('c2', id)).toMatchObject({ type: 'read_ok', value: 1 });
  });

  test('who has promised a higher ballot does not confirm the lower', () => {
    const cluster = led();
    const id = cluster.request('c2', 'n1', read('x'));
    cluster.fire('n2', 'leader');
    cluster.fire('n3', 'leader');
    cluster.network.length = 0;
    for (const node of ['n2', 'n3']) {
      receive(cluster, 'n2', node, { type: 'prepare', ballot: cluster.ballot(2, 'n2'), from: 1 });
      while (cluster.sync(node));
    }
    cluster.network.length = 0;
    cluster.heartbeat('n1');
    expect(cluster.reply('c2', id)).toBeUndefined();
    expect(cluster.state('n1').role).toBe('follower');
  });

  test('a new leader answers none until all is chosen that phase 1 found', () => {
    const cluster = grown(3);
    proposerWith(cluster, 'n1', { n2: [proposal(2, 1, 7)] });
    const id = cluster.request('c2', 'n1', read('x'));
    expect(cluster.marks.get('ballot-confirmed')).toBeUndefined();
    cluster.settle();
    expect(cluster.reply('c2', id)).toMatchObject({ type: 'read_ok', value: 7 });
  });

  test('reads that come while a round is under way share the next', () => {
    const cluster = led();
    const ids = ['c2', 'c3', 'c4'].map((client) => cluster.request(client, 'n1', read('x')));
    expect(cluster.marks.get('ballot-confirmed')).toBe(1);
    cluster.settle();
    expect(cluster.marks.get('ballot-confirmed')).toBe(2);
    expect(ids.map((id, i) => cluster.reply(`c${i + 2}`, id)?.type)).toEqual(Array(3).fill('read_ok'));
  });
});

describe('clients', () => {
  test('Paxos Made Moderately Complex, §2.1: a command that is chosen for two slots takes effect once', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    const forwarded = { client: 'c1', id: 1, origin: 'n2', bornAt: 0, request: { ...write('x', 1), msg_id: 1 } };
    const forward: PaxosBody = { type: 'forward', isQuery: false, command: forwarded };
    receive(cluster, 'n2', 'n1', forward);
    receive(cluster, 'n3', 'n1', forward);
    cluster.settle();
    cluster.request('c2', 'n1', write('x', 2));
    cluster.settle();
    receive(cluster, 'n2', 'n1', forward);
    cluster.settle();
    expect(cluster.state('n1').chosen).toBe(3);
    const id = cluster.request('c3', 'n1', read('x'));
    cluster.settle();
    expect(cluster.reply('c3', id)).toMatchObject({ value: 2 });
  });

  test('a node passes requests on to the leader, and again to the next, with the answer for its own client', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.heartbeat('n1');
    const id = cluster.request('c1', 'n3', write('x', 1));
    cluster.network.length = 0;
    cluster.crash('n1');
    cluster.elect('n2');
    expect(cluster.reply('c1', id)).toMatchObject({ type: 'write_ok' });
  });

  test('so it does when the leader is the same, in a higher ballot', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.heartbeat('n1');
    receive(cluster, 'n2', 'n1', { type: 'preempted', ballot: cluster.ballot(4, 'n3') });
    const id = cluster.request('c1', 'n3', write('x', 1));
    cluster.settle();
    expect(cluster.reply('c1', id)).toBeUndefined();
    cluster.fire('n1', 'leader');
    cluster.sync('n1');
    cluster.network.splice(
      cluster.network.findIndex(({ dest }) => dest === 'n3'),
      1,
    );
    cluster.settle();
    expect(cluster.reply('c1', id)).toMatchObject({ type: 'write_ok' });
  });

  test('a leader that was preempted before its own disk was done goes on when it leads again', () => {
    const cluster = new Cluster();
    cluster.elect('n1');
    cluster.request('c1', 'n1', write('x', 1));
    while (cluster.state('n1').chosen === 0) {
      for (const id of ['n2', 'n3']) cluster.sync(id);
      cluster.deliver(0);
    }
    receive(cluster, 'n2', 'n1', { type: 'preempted', ballot: cluster.ballot(4, 'n3') });
    cluster.fire('n1', 'leader');
    cluster.settle();
    expect(cluster.state('n1').role).toBe('leader');
    const id = cluster.request('c2', 'n1', write('x', 2));
    cluster.settle();
    expect(cluster.reply('c2', id)).toMatchObject({ type: 'write_ok' });
  });

  test('without a leader, what was never handed on fails for certain; what was is left unanswered', () => {
    const cluster = new Cluster();
    const early = cluster.request('c1', 'n1', write('x', 1));
    for (let i = 0; i < 4; i++) cluster.fire('n1', 'requests');
    expect(cluster.reply('c1', early)).toMatchObject({ type: 'error', code: 11 });
    cluster.elect('n2');
    cluster.heartbeat('n2');
    const late = cluster.request('c1', 'n1', write('x', 2));
    cluster.crash('n2');
    cluster.network.length = 0;
    for (let i = 0; i < 39; i++) cluster.fire('n1', 'requests');
    expect(cluster.reply('c1', late)).toBeUndefined();
  });
});
