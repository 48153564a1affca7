/**
 * A cluster whose every step is somebody's decision: which message arrives, which timer fires, which sync is done,
 * and how much of what was not synced survives a crash. It keeps to the node contract and decides nothing itself.
 */
import { type Body, isClientId, type Json, type Message } from '../../../protocol/message.ts';
import type { Description, Durable, Effect, Event } from '../../../protocol/node.ts';
import type { InvariantMonitor, NodeSystem } from '../../../protocol/system.ts';

type Write = Extract<Effect, { readonly type: 'put' | 'append' | 'truncate' | 'compact' }>;

/** The node's own clock, wherever a test does not set it. */
const startMs = 1_000_000;

interface DurableLog {
  first: number;
  entries: Json[];
}

interface Waiting<B extends Body> {
  readonly message: Message<B>;
  readonly afterSync: number;
}

export interface Node<State, B extends Body> {
  readonly id: string;
  /** Undefined while the node is down. */
  state: State | undefined;
  incarnation: number;
  nowMs: number;
  readonly values: Map<string, Json>;
  readonly logs: Map<string, DurableLog>;
  unsynced: Write[];
  /** For each sync that is asked for and not done: how many of the unsynced writes it covers. */
  syncs: number[];
  syncsRequested: number;
  waiting: Waiting<B>[];
  readonly timers: Map<string, Extract<Effect, { readonly type: 'set-timer' }>>;
}

export interface Options<Config, B extends Body> {
  readonly nodes?: number;
  readonly bug?: string;
  readonly config?: Partial<Config>;
  /** Told of every effect as the node gives it, before it is carried out. */
  readonly onEffect?: (node: string, effect: Effect<B>) => void;
}

export class SteppedCluster<State, Config, B extends Body, D extends Description> {
  readonly nodeIds: readonly string[];
  readonly nodes: readonly Node<State, B>[];
  readonly config: Config;
  /** Messages between nodes that have left and not arrived, in the order in which they left. */
  readonly network: Message<B>[] = [];
  /** What clients were sent, in order. */
  readonly replies: Message[] = [];
  readonly marks = new Map<string, number>();
  /** The first sentence of each broken invariant. */
  readonly broken = new Map<string, string>();
  readonly #system: NodeSystem<State, Config, B, D>;
  readonly #onEffect: (node: string, effect: Effect<B>) => void;
  readonly #monitors: readonly { readonly name: string; readonly monitor: InvariantMonitor<D> }[];
  #nextMsgId = 1;

  /** Of registers. */
  constructor(system: NodeSystem<State, Config, B, D>, options: Options<Config, B>) {
    const { nodes = 3, bug, config = {}, onEffect = () => {} } = options;
    const found = system.bugs.find(({ name }) => name === bug);
    if (bug !== undefined && found === undefined) throw new Error(`there is no bug ${bug}`);
    this.#system = system;
    this.config = { ...system.configure('register'), ...found?.config, ...config };
    this.#onEffect = onEffect;
    this.nodeIds = Array.from({ length: nodes }, (_, i) => `n${i + 1}`);
    this.#monitors = system.invariants.map(({ name, monitor }) => ({ name, monitor: monitor(this.nodeIds) }));
    this.nodes = this.nodeIds.map((id) => ({
      id,
      state: undefined,
      incarnation: 0,
      nowMs: startMs,
      values: new Map(),
      logs: new Map(),
      unsynced: [],
      syncs: [],
      syncsRequested: 0,
      waiting: [],
      timers: new Map(),
    }));
    for (const id of this.nodeIds) this.start(id);
  }

  node(id: string): Node<State, B> {
    const node = this.nodes[this.nodeIds.indexOf(id)];
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  /** The node's state; it must be up. */
  state(id: string): State {
    const { state } = this.node(id);
    if (state === undefined) throw new Error(`${id} is down`);
    return state;
  }

  start(id: string): void {
    const node = this.node(id);
    if (node.state !== undefined) throw new Error(`${id} is up already`);
    node.state = this.#system.create({ id, nodeIds: this.nodeIds, config: this.config });
    node.incarnation++;
    const { nowMs, incarnation } = node;
    this.#step(node, { type: 'start', nowMs, incarnation, durable: durableOf(node) });
  }

  /** Of the writes that were not synced, the first `kept` survive. */
  crash(id: string, kept = 0): void {
    const node = this.node(id);
    for (const write of node.unsynced.slice(0, kept)) apply(node, write);
    node.state = undefined;
    node.unsynced = [];
    node.syncs = [];
    node.waiting = [];
    node.syncsRequested = 0;
    node.timers.clear();
  }

  /** Fires a timer, which must be set. */
  fire(id: string, name: string): void {
    const node = this.node(id);
    if (!node.timers.delete(name)) throw new Error(`${id} has no timer ${name}`);
    this.#step(node, { type: 'timer', nowMs: node.nowMs, name });
  }

  /** Makes durable what the oldest sync covers; false when none is asked for. */
  sync(id: string): boolean {
    const node = this.node(id);
    const writes = node.syncs.shift();
    if (writes === undefined) return false;
    for (const write of node.unsynced.splice(0, writes)) apply(node, write);
    node.syncs = node.syncs.map((covered) => covered - writes);
    const done = node.syncsRequested - node.syncs.length;
    const released = node.waiting.filter(({ afterSync }) => afterSync <= done);
    node.waiting = node.waiting.filter(({ afterSync }) => afterSync > done);
    for (const { message } of released) this.#leave(message);
    return true;
  }

  /** Delivers the message at a position of `network`; it stays there when it is to come again. */
  deliver(position: number, again = false): void {
    const message = this.network[position];
    if (message === undefined) throw new Error(`there is no message ${position}`);
    if (!again) this.network.splice(position, 1);
    if (this.node(message.dest).state !== undefined) this.receive(message);
  }

  /** A message that nobody needs to have sent. */
  receive(message: Message<B>): void {
    const node = this.node(message.dest);
    this.#step(node, { type: 'message', nowMs: node.nowMs, message });
  }

  /** A client's request; returns its `msg_id`. */
  request(client: string, id: string, body: Body, msgId = this.#nextMsgId++): number {
    this.receive({ src: client, dest: id, body: { ...body, msg_id: msgId } as unknown as B });
    return msgId;
  }

  reply(client: string, msgId: number): Body | undefined {
    return this.replies.find(({ dest, body }) => dest === client && body.in_reply_to === msgId)?.body;
  }

  /** Syncs and delivers, oldest first, until nothing is left to do; nodes in `cut` are reached by nobody. */
  settle(cut: readonly string[] = []): void {
    const isCut = ({ src, dest }: Message): boolean => src !== dest && (cut.includes(src) || cut.includes(dest));
    for (let steps = 0; steps < 10_000; steps++) {
      const synced = this.nodeIds.filter((id) => this.sync(id)).length;
      const message = this.network[0];
      if (message === undefined) {
        if (synced === 0) return;
      } else if (isCut(message)) this.network.shift();
      else this.deliver(0);
    }
    throw new Error('the cluster does not come to rest');
  }

  #step(node: Node<State, B>, event: Event<B>): void {
    this.#perform(node, this.#system.step(this.state(node.id), event));
  }

  #perform(node: Node<State, B>, effects: readonly Effect<B>[]): void {
    for (const effect of effects) {
      this.#onEffect(node.id, effect);
      switch (effect.type) {
        case 'send': {
          const message = { src: node.id, dest: effect.to, body: effect.body };
          if (node.syncs.length === 0) this.#leave(message);
          else node.waiting.push({ message, afterSync: node.syncsRequested });
          break;
        }
        case 'sync':
          node.syncs.push(node.unsynced.length);
          node.syncsRequested++;
          break;
        case 'set-timer':
          node.timers.set(effect.name, effect);
          break;
        case 'clear-timer':
          node.timers.delete(effect.name);
          break;
        case 'mark':
          this.marks.set(effect.name, (this.marks.get(effect.name) ?? 0) + 1);
          break;
        case 'log':
          break;
        default:
          node.unsynced.push(effect);
      }
    }
    this.#observe(this.nodeIds.indexOf(node.id));
  }

  #leave(message: Message<B>): void {
    if (isClientId(message.dest)) this.replies.push(message);
    else this.network.push(message);
  }

  #observe(changed: number): void {
    const descriptions = this.nodes.map(({ state }) =>
      state === undefined ? undefined : this.#system.describe(state),
    );
    for (const { name, monitor } of this.#monitors) {
      const reason = monitor.observe(changed, descriptions);
      if (reason !== undefined && !this.broken.has(name)) this.broken.set(name, reason);
    }
  }
}

function durableOf(node: Node<unknown, Body>): Durable {
  const logs = new Map([...node.logs].map(([name, { first, entries }]) => [name, { first, entries: [...entries] }]));
  return { values: new Map(node.values), logs };
}

function apply(node: Node<unknown, Body>, write: Write): void {
  if (write.type === 'put') {
    node.values.set(write.key, write.value);
    return;
  }
  const log = node.logs.get(write.log) ?? { first: 1, entries: [] };
  node.logs.set(write.log, log);
  if (write.type === 'append') log.entries.push(...write.entries);
  else if (write.type === 'truncate') log.entries.splice(Math.max(0, write.from - log.first));
  else if (write.before > log.first) {
    log.entries.splice(0, write.before - log.first);
    log.first = write.before;
  }
}
