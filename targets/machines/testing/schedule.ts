/**
 * Random schedules: anything that the contract allows may happen next, however unlikely. Messages arrive in any order,
 * twice, or never; timers fire early and late; nodes die with any part of their unsynced writes; disks are slow.
 */
import { randomStream } from '../../../harness/random.ts';
import type { Body } from '../../../protocol/message.ts';
import type { Description } from '../../../protocol/node.ts';
import type { SteppedCluster } from './cluster.ts';

/** One op of a client, as it saw it. Times are positions in the schedule. */
interface Op {
  readonly key: string;
  readonly f: 'read' | 'write';
  /** Written, or read; 0 stands for a key that does not exist. */
  value: number;
  readonly invoked: number;
  completed: number;
}

/** A client that asks one thing at a time of one node. Each key is written by one client, with growing values. */
interface Client {
  readonly id: string;
  readonly node: string;
  readonly key: string;
  outstanding: { readonly op: Op; readonly msgId: number } | undefined;
  written: number;
}

/** What a schedule needs to know of a protocol. */
export interface Scheduled<AnyCluster> {
  /** By name: how likely a timer is to fire when its node's turn comes, in sixtieths. */
  readonly timerChances: Readonly<Record<string, number>>;
  /** Everybody is up: one node comes to lead, and all hear what is decided. */
  settle(cluster: AnyCluster): void;
}

export interface ScheduleOutcome {
  /** What clients were told that cannot be true, a sentence each. */
  readonly lies: readonly string[];
  readonly acknowledged: number;
}

/** Carries out `steps` random steps, then lets everybody come back and settle. The same seed does the same. */
export function runSchedule<State, Config, B extends Body, D extends Description>(
  cluster: SteppedCluster<State, Config, B, D>,
  { timerChances, settle }: Scheduled<SteppedCluster<State, Config, B, D>>,
  seed: number,
  steps: number,
): ScheduleOutcome {
  const random = randomStream(seed, 'schedule');
  const { nodeIds, network } = cluster;
  const ops: Op[] = [];
  let clients = 0;
  const freshClient = (node: string): Client => {
    const ordinal = clients++;
    return { id: `c${ordinal}`, node, key: `k${ordinal}`, outstanding: undefined, written: 0 };
  };
  const slots = nodeIds.map(freshClient);

  function ask(client: Client, now: number): void {
    const f = random.chance(1, 2) ? 'read' : 'write';
    const key = f === 'write' ? client.key : random.pick(slots).key;
    const value = f === 'write' ? ++client.written : 0;
    const op: Op = { key, f, value, invoked: now, completed: Number.POSITIVE_INFINITY };
    const request = f === 'write' ? { type: 'write', key, value } : { type: 'read', key };
    const body: Body = request;
    client.outstanding = { op, msgId: cluster.request(client.id, client.node, body) };
    ops.push(op);
  }

  function listen(client: Client, now: number): void {
    const { outstanding } = client;
    if (outstanding === undefined) return;
    const reply = cluster.replies.findLast(
      ({ dest, body }) => dest === client.id && body.in_reply_to === outstanding.msgId,
    )?.body as (Body & { readonly code?: number; readonly value?: number }) | undefined;
    if (reply === undefined) return;
    client.outstanding = undefined;
    const { op } = outstanding;
    if (reply.type !== 'error') {
      op.completed = now;
      if (op.f === 'read') op.value = reply.value as number;
    } else if (reply.code === 20 && op.f === 'read') {
      op.completed = now;
    } else {
      // It failed for certain: nothing was written, nothing read.
      ops.splice(ops.indexOf(op), 1);
    }
  }

  /** The node is gone, and with it the answer. What was asked may still happen, so another client takes another key. */
  function hangUp(node: string): void {
    for (const [i, client] of slots.entries()) {
      if (client.node === node && client.outstanding !== undefined) slots[i] = freshClient(node);
    }
  }

  /** What a node sends to itself does not go through the network. */
  function lose(position: number): void {
    const message = network[position];
    if (message?.src !== message?.dest) network.splice(position, 1);
  }

  function step(now: number): void {
    const id = random.pick(nodeIds);
    const node = cluster.node(id);
    const choice = random.below(1000);
    if (choice < 500 && network.length > 0) cluster.deliver(random.below(Math.min(network.length, 12)));
    else if (choice < 520 && network.length > 0) cluster.deliver(random.below(network.length), true);
    else if (choice < 530 && network.length > 0) lose(random.below(network.length));
    else if (choice < 700) cluster.sync(id);
    else if (node.state === undefined) {
      if (choice < 800) cluster.start(id);
    } else if (choice < 770) {
      const client = random.pick(slots);
      if (client.outstanding === undefined && cluster.node(client.node).state !== undefined) ask(client, now);
    } else if (choice < 994) {
      const timers = [...node.timers.keys()].filter((name) => random.chance(timerChances[name] as number, 60));
      if (timers.length > 0) cluster.fire(id, random.pick(timers));
    } else if (choice < 998) {
      cluster.crash(id, random.below(node.unsynced.length + 1));
      hangUp(id);
    }
    for (const client of slots) listen(client, now);
  }

  for (let now = 0; now < steps; now++) step(now);
  for (const { id, state } of cluster.nodes) if (state === undefined) cluster.start(id);
  cluster.settle();
  settle(cluster);
  for (const client of slots) listen(client, steps);
  return { lies: liesAmong(ops), acknowledged: ops.filter(({ completed }) => completed < steps).length };
}

/**
 * A key is written by one client, with growing values. A read returns at least what was acknowledged before it, at
 * most what was asked for before it ended, and never less than a read that ended before it began.
 */
function liesAmong(ops: readonly Op[]): readonly string[] {
  const lies: string[] = [];
  for (const read of ops) {
    if (read.f !== 'read' || read.completed === Number.POSITIVE_INFINITY) continue;
    for (const other of ops) {
      if (other.key !== read.key || other === read) continue;
      const before = other.completed < read.invoked;
      if (before && other.value > read.value) {
        lies.push(`${read.key} was read as ${read.value} after ${other.f} of ${other.value} had ended`);
      }
      if (other.f === 'write' && other.invoked > read.completed && other.value === read.value) {
        lies.push(`${read.key} was read as ${read.value} before anybody wrote it`);
      }
    }
  }
  return lies;
}
