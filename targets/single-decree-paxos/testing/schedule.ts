/**
 * Random schedules: anything that the contract allows may happen next, however unlikely. Messages arrive in any order,
 * twice, or never; timers fire early and late; nodes die with any part of their unsynced writes; disks are slow.
 * Clients propose and ask on few keys.
 */
import { randomStream } from '../../../harness/random.ts';
import type { Body, Json } from '../../../protocol/message.ts';
import type { Options } from '../../machines/testing/cluster.ts';
import type { SingleDecreeConfig } from '../config.ts';
import type { SingleDecreeBody } from '../messages.ts';
import { Cluster } from './cluster.ts';

/** What a client asked, as it saw it. Times are positions in the schedule. */
interface Asked {
  readonly client: string;
  readonly node: string;
  readonly msgId: number;
  readonly key: string;
  /** null where it only wanted to learn. */
  readonly value: Json;
  readonly invoked: number;
  completed: number;
  /** It was told that its value was not decided, and would not be. */
  hasFailed: boolean;
  /** What it was told was decided; null for nothing. */
  decided: Json;
}

interface Outcome {
  readonly cluster: Cluster;
  /** What clients were told that cannot be true, a sentence each. */
  readonly lies: readonly string[];
  readonly acknowledged: number;
}

const keys = ['x', 'y', 'z'];

/** Carries out `steps` random steps, then lets everybody come back and settle. The same seed does the same. */
export function runSchedule(
  seed: number,
  steps: number,
  options: Options<SingleDecreeConfig, SingleDecreeBody>,
): Outcome {
  const random = randomStream(seed, 'schedule');
  const cluster = new Cluster(options);
  const { nodeIds, network } = cluster;
  const all: Asked[] = [];
  let open: Asked[] = [];
  let generation = 0;

  function ask(node: string, now: number): void {
    const client = `c${all.length}`;
    // After a while the keys are others: with each of them everything begins anew.
    if (random.chance(1, 60)) generation++;
    const key = `${random.pick(keys)}${generation}`;
    const value = random.chance(2, 3) ? all.length + 1 : null;
    const body = value === null ? { type: 'learn', key } : { type: 'propose', key, value };
    const msgId = cluster.request(client, node, body as Body);
    const asked = { client, node, msgId, key, value, invoked: now, hasFailed: false, decided: null };
    all.push({ ...asked, completed: Number.POSITIVE_INFINITY });
    open.push(all.at(-1) as Asked);
  }

  function listen(now: number): void {
    open = open.filter((asked) => {
      const reply = cluster.reply(asked.client, asked.msgId) as (Body & { readonly value?: Json }) | undefined;
      if (reply === undefined) return true;
      asked.completed = now;
      if (reply.type === 'error') asked.hasFailed = true;
      else asked.decided = reply.value as Json;
      return false;
    });
  }

  function step(now: number): void {
    const id = random.pick(nodeIds);
    const node = cluster.node(id);
    const choice = random.below(1000);
    if (choice < 500 && network.length > 0) cluster.deliver(random.below(Math.min(network.length, 12)));
    else if (choice < 520 && network.length > 0) cluster.deliver(random.below(network.length), true);
    else if (choice < 540 && network.length > 0) {
      const position = random.below(network.length);
      // What a node sends to itself does not go through the network.
      if (network[position]?.src !== network[position]?.dest) network.splice(position, 1);
    } else if (choice < 720) cluster.sync(id);
    else if (node.state === undefined) {
      if (choice < 820) cluster.start(id);
    } else if (choice < 760) ask(id, now);
    else if (choice < 990) {
      const timers = [...node.timers.keys()].filter((name) => random.chance(name === 'look' ? 6 : 20, 60));
      if (timers.length > 0) cluster.fire(id, random.pick(timers));
    } else if (choice < 996) {
      cluster.crash(id, random.below(node.unsynced.length + 1));
      open = open.filter((asked) => asked.node !== id);
    }
    listen(now);
  }

  for (let now = 0; now < steps; now++) step(now);
  for (const { id, state } of cluster.nodes) if (state === undefined) cluster.start(id);
  cluster.settle();
  const told = nodeIds.map((id) => learnAlone(cluster, id, `x${generation}`));
  listen(steps);
  const lies = liesAmong(all);
  // What a minority has accepted may be found by one, and not by those before it.
  const known = told.filter((value) => value !== null);
  const isLearned = known.every((value) => value === told.at(-1) && value !== undefined);
  if (!isLearned) lies.push(`in the end nodes say ${told.join(', ')}`);
  return { cluster, lies, acknowledged: all.filter(({ decided }) => decided !== null).length };
}

/** What a node says when it has the time that it needs: nobody else tries anything meanwhile. */
function learnAlone(cluster: Cluster, id: string, key: string): Json | undefined {
  const msgId = cluster.learn(id, key);
  for (let patience = 0; patience < 10 && cluster.told(id, msgId) === undefined; patience++) {
    cluster.settle();
    const timer = JSON.stringify(key);
    if (cluster.node(id).timers.has(timer)) cluster.fire(id, timer);
  }
  return cluster.told(id, msgId);
}

/** Pair by pair. */
function liesAmong(all: readonly Asked[]): string[] {
  const lies: string[] = [];
  for (const one of all) {
    if (one.decided === null) continue;
    const proposed = all.find(({ key, value }) => key === one.key && value === one.decided);
    if (proposed === undefined || proposed.hasFailed || proposed.invoked > one.completed) {
      lies.push(`of ${one.key}, ${one.decided} was decided, and not proposed`);
    }
    for (const other of all) {
      if (other.key !== one.key || other.hasFailed || other.completed === Number.POSITIVE_INFINITY) continue;
      if (other.decided !== one.decided && (other.decided !== null || other.invoked > one.completed)) {
        lies.push(`of ${one.key}, ${one.decided} was decided, and ${other.decided}`);
      }
    }
  }
  return lies;
}
