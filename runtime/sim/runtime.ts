/**
 * The deterministic simulator: one process, one thread, virtual time. All nodes, links, disks, clocks, and clients of
 * a test live here; one seed decides everything, through streams named after who draws from them.
 *
 * Fault model: network.ts for what happens between nodes, disk.ts for what a crash does to a disk, clock.ts for clocks.
 * A client's link to its node has latency and is never cut. It dies with the node: a request to a node that is down
 * fails ("connection-refused"), one that is outstanding when its node dies is info ("connection-reset").
 */
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import type { Fault, FaultName } from '../../harness/fault.ts';
import type { ClusterView } from '../../harness/generator.ts';
import type {
  BrokenInvariant,
  Completion,
  Decider,
  Decision,
  Execution,
  NodeChange,
  Runtime,
  Session,
} from '../../harness/ports.ts';
import { type Random, randomStream } from '../../harness/random.ts';
import { nodeSystemOf } from '../../harness/test.ts';
import type { Op } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import { type Body, isClientId, type Message } from '../../protocol/message.ts';
import type { Description } from '../../protocol/node.ts';
import type { Service } from '../../protocol/service.ts';
import type { InvariantMonitor } from '../../protocol/system.ts';
import { NodeClock } from './clock.ts';
import { clientLatency } from './latency.ts';
import { Network } from './network.ts';
import { NodeHost, type RunningSync, type Surroundings, type Timer } from './node-host.ts';
import { EventQueue } from './queue.ts';

const nsPerMs = 1_000_000;

/** How long a message of a node to itself takes. */
const loopbackLatencyNs = 10_000;

/** A killed node dies in the middle of a step within this time, or at its end. */
const dyingNsMax = 30 * nsPerMs;

/** How far wall clocks differ at the start, and how wrong their rates are without any fault. */
const skewNsMax = 50 * nsPerMs;
const naturalDriftPpmMax = 50;

/** Between two turns of the real event loop, in which signals and the live view get their chance. */
const eventsPerTurn = 20_000;

/** Kinds of event. Deliveries come last: kind `delivery + i` is a message from node i. */
const kinds = { timer: 0, sync: 1, request: 2, reply: 3, completion: 4, death: 5, delivery: 6 } as const;

/** A client's request that has not been answered. */
interface Request {
  readonly op: Op;
  readonly client: string;
  readonly message: Message;
  readonly node: number;
}

interface Watched {
  readonly name: string;
  readonly monitor: InvariantMonitor<Description>;
  broken: boolean;
}

interface Reply {
  readonly client: string;
  readonly body: Body;
}

type Payload = Timer | RunningSync | Request | Reply | Completion | Message | number;

const refusals: Readonly<Partial<Record<FaultName, string>>> = {
  corrupt: 'messages in the simulator are values, not bytes',
  rate: 'the simulated network has latency but no bandwidth',
  strobe: 'the simulator bumps and drifts clocks but does not strobe them',
  'lose-unfsynced': 'every kill in the simulator loses what was not synced',
  'torn-write': 'every kill in the simulator may tear the last write',
  misdirect: 'the simulated disk keeps what was synced',
  eio: 'the simulated disk does not fail',
  enospc: 'the simulated disk does not fill up',
  'slow-disk': 'the simulated disk does not slow down',
  'restore-disks': 'the simulated disk keeps what was synced',
  truncate: 'the simulated disk has records but no files, and keeps what was synced',
  bitflip: 'the simulated disk has records but no files, and keeps what was synced',
  add: 'membership is fixed',
  remove: 'membership is fixed',
};

export function simRuntime(): Runtime {
  return {
    name: 'sim',
    refuses: (fault) => refusals[fault],
    execute: (session) => new Simulation(session).run(),
  };
}

class Simulation implements Surroundings {
  now = 0;
  readonly #session: Session;
  readonly #service: Service;
  readonly #queue = new EventQueue<Payload>();
  readonly #network: Network<Message>;
  readonly #nodes: readonly NodeHost[];
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #clientRandom: Random;
  readonly #nemesisRandom: Random;
  readonly #requests = new Map<string, Request>();
  /** By process: the same string each time, whose hash is then known. */
  readonly #clientIds = new Map<number, string>();
  #completions: Completion[] = [];
  #nextMsgId = 1;
  readonly #marks = new Map<string, number>();
  readonly #nodeChanges: NodeChange[] = [];
  readonly #lastRole: string[];
  readonly #lastTerm: number[];
  readonly #descriptions: (Description | undefined)[];
  readonly #monitors: readonly Watched[];
  readonly #brokenInvariants: BrokenInvariant[] = [];

  constructor(session: Session) {
    this.#session = session;
    const { test } = session;
    this.#service = test.service;
    const { seed, options } = test.spec;
    this.#indexOf = new Map(test.nodeIds.map((id, index) => [id, index]));
    this.#clientRandom = randomStream(seed, 'clients');
    this.#nemesisRandom = randomStream(seed, 'kill');
    this.#network = new Network(test.nodeIds, randomStream(seed, 'network'), (delayNs, from, to, message) =>
      this.#queue.push(this.now + delayNs, kinds.delivery + from, to, message),
    );
    const clockRandom = randomStream(seed, 'clocks');
    const system = nodeSystemOf(test);
    this.#nodes = test.nodeIds.map(
      (id, index) =>
        new NodeHost({
          index,
          nodeIds: test.nodeIds,
          system,
          config: test.config,
          clock: new NodeClock(
            clockRandom.between(0, 2 * skewNsMax) - skewNsMax,
            clockRandom.between(0, 2 * naturalDriftPpmMax) - naturalDriftPpmMax,
          ),
          timerRandom: randomStream(seed, `timers-${id}`),
          diskRandom: randomStream(seed, `disk-${id}`),
          surroundings: this,
          paranoid: options.paranoid === 'true',
        }),
    );
    this.#lastRole = test.nodeIds.map(() => 'down');
    this.#lastTerm = test.nodeIds.map(() => 0);
    this.#descriptions = test.nodeIds.map(() => undefined);
    this.#monitors = system.invariants.map((invariant) => ({
      name: invariant.name,
      monitor: invariant.monitor(test.nodeIds),
      broken: false,
    }));
  }

  async run(): Promise<Execution> {
    for (const node of this.#nodes) node.start();
    const view: ClusterView = { nodeIds: this.#session.test.nodeIds, primaries: () => this.#primaries() };
    const decider = this.#session.begin(view);
    let decision = this.#decide(decider);
    let events = 0;
    while (!decision.done) {
      if (this.#completions.length > 0 || !this.#queue.isDueBefore(decision.wakeAt)) {
        if (this.#completions.length === 0) {
          if (decision.wakeAt === Number.POSITIVE_INFINITY) throw new Error('nothing will ever happen again');
          this.now = Math.max(this.now, decision.wakeAt);
        }
        decision = this.#decide(decider);
      } else {
        this.#handleNext();
      }
      if (++events % eventsPerTurn === 0) {
        this.#session.journal.flush();
        await eventLoopTurn();
      }
    }
    return {
      duration: this.now,
      marks: Object.fromEntries([...this.#marks].sort(([a], [b]) => (a < b ? -1 : 1))),
      nodeChanges: this.#nodeChanges,
      brokenInvariants: this.#brokenInvariants,
    };
  }

  #decide(decider: Decider): Decision {
    const completions = this.#completions;
    this.#completions = [];
    const decision = decider.next(this.now, completions);
    for (const op of decision.record) this.#session.journal.record(op);
    for (const op of decision.invoke) this.#invoke(op);
    return decision;
  }

  #handleNext(): void {
    const queue = this.#queue;
    queue.pop();
    this.now = queue.time;
    const { kind, target, payload } = queue;
    switch (kind) {
      case kinds.timer:
        (this.#nodes[target] as NodeHost).timerDue(payload as Timer);
        break;
      case kinds.sync:
        (this.#nodes[target] as NodeHost).synced(payload as RunningSync);
        break;
      case kinds.request: {
        const request = payload as Request;
        if (this.#requests.get(request.client) === request) {
          (this.#nodes[target] as NodeHost).receive(request.message);
        }
        break;
      }
      case kinds.reply:
        this.#takeReply(payload as Reply);
        break;
      case kinds.completion:
        this.#completions.push(payload as Completion);
        break;
      case kinds.death: {
        const node = this.#nodes[target] as NodeHost;
        if (node.incarnation === payload) node.kill();
        break;
      }
      default: {
        const from = kind - kinds.delivery;
        const node = this.#nodes[target] as NodeHost;
        if (from !== target && !this.#network.admits(from, target)) this.mark('messages-cut');
        else if (node.alive) node.receive(payload as Message);
      }
    }
  }

  // Clients.

  #invoke(op: Op): void {
    if (op.process === 'nemesis') {
      this.#completions.push(this.#inject(op.value as unknown as Fault));
      return;
    }
    const index = this.#indexOf.get(op.node as string) as number;
    const latency = clientLatency.draw(this.#clientRandom);
    if (!(this.#nodes[index] as NodeHost).alive) {
      this.#complete(latency, op, 'fail', 'connection-refused');
      return;
    }
    const client = this.#clientId(op.process);
    const body = this.#service.request(op, this.#nextMsgId++);
    const request = { op, client, node: index, message: { src: client, dest: op.node as string, body } };
    this.#requests.set(client, request);
    this.#queue.push(this.now + latency, kinds.request, index, request);
  }

  /** Each process is a client of its own, and so is its successor: nobody mistakes an answer to the one for the other's. */
  #clientId(process: number): string {
    let id = this.#clientIds.get(process);
    if (id === undefined) {
      id = `c${process + 1}`;
      this.#clientIds.set(process, id);
    }
    return id;
  }

  #takeReply(reply: Reply): void {
    const request = this.#requests.get(reply.client);
    if (request === undefined || reply.body.in_reply_to !== request.message.body.msg_id) return;
    this.#requests.delete(reply.client);
    const { process, index } = request.op;
    const { type, value, error } = this.#service.outcome(request.op, reply.body);
    this.#completions.push({
      process,
      invocation: index,
      type,
      value: value as Value,
      error: error as Value | undefined,
    });
  }

  #complete(latency: number, op: Op, type: 'fail' | 'info', error: string): void {
    const completion = { process: op.process, invocation: op.index, type, value: op.value, error };
    this.#queue.push(this.now + latency, kinds.completion, 0, completion);
  }

  // What nodes want of their surroundings.

  transmit(node: NodeHost, to: string, body: Body): void {
    const index = this.#indexOf.get(to);
    if (index === undefined) {
      if (!isClientId(to)) throw new Error(`${node.id} sends to ${to}, which is neither a node nor a client`);
      const latency = clientLatency.draw(this.#clientRandom);
      this.#queue.push(this.now + latency, kinds.reply, node.index, { client: to, body });
      return;
    }
    const message = { src: node.id, dest: to, body };
    if (index === node.index) this.#queue.push(this.now + loopbackLatencyNs, kinds.delivery + index, index, message);
    else this.#network.send(node.index, index, message);
  }

  scheduleTimer(node: NodeHost, timer: Timer, at: number): void {
    this.#queue.push(at, kinds.timer, node.index, timer);
  }

  scheduleSync(node: NodeHost, sync: RunningSync, at: number): void {
    this.#queue.push(at, kinds.sync, node.index, sync);
  }

  log(node: NodeHost, text: string): void {
    this.#session.journal.log(node.id, this.now, text);
  }

  mark(name: string): void {
    this.#marks.set(name, (this.#marks.get(name) ?? 0) + 1);
  }

  stepped(node: NodeHost, description: Description): void {
    const { index } = node;
    this.#descriptions[index] = description;
    if (description.role !== this.#lastRole[index] || description.term !== this.#lastTerm[index]) {
      this.#noteChange(node, description.role, description.term, description.primary);
    }
    for (let i = 0; i < this.#monitors.length; i++) {
      const watched = this.#monitors[i] as Watched;
      if (watched.broken) continue;
      const reason = watched.monitor.observe(index, this.#descriptions);
      if (reason === undefined) continue;
      watched.broken = true;
      this.#brokenInvariants.push({ name: watched.name, time: this.now, node: node.id, reason });
    }
  }

  died(node: NodeHost): void {
    this.#descriptions[node.index] = undefined;
    this.#noteChange(node, 'down', this.#lastTerm[node.index] as number, false);
    for (const request of this.#requests.values()) {
      if (request.node !== node.index) continue;
      this.#requests.delete(request.client);
      const { op } = request;
      const type = this.#service.isRead(op.f) ? 'fail' : 'info';
      this.#complete(clientLatency.draw(this.#clientRandom), op, type, 'connection-reset');
    }
  }

  #noteChange(node: NodeHost, role: string, term: number, primary: boolean): void {
    this.#lastRole[node.index] = role;
    this.#lastTerm[node.index] = term;
    this.#nodeChanges.push({ time: this.now, node: node.id, role, term, primary });
  }

  #primaries(): readonly string[] {
    return this.#nodes
      .filter((node) => node.description?.primary)
      .sort((a, b) => (b.description as Description).term - (a.description as Description).term)
      .map((node) => node.id);
  }

  // Faults.

  /** Carries a fault out, and completes with what really happened: nodes that were down already are left out. */
  #inject(fault: Fault): Completion {
    return { process: 'nemesis', type: 'info', value: this.#carryOut(fault) as unknown as Value };
  }

  #carryOut(fault: Fault): Fault {
    switch (fault.f) {
      case 'partition':
        this.#network.partition(fault.cut);
        return fault;
      case 'heal':
        this.#network.heal();
        return fault;
      case 'delay':
      case 'loss':
      case 'duplicate':
      case 'reorder':
      case 'hold':
        this.#network.disturb(fault);
        return fault;
      case 'release':
        this.#network.release();
        return fault;
      case 'restore-packets':
        this.#network.restore();
        return fault;
      case 'kill':
        return { ...fault, nodes: this.#select(fault.nodes, (node) => this.#kill(node)) };
      case 'start':
        return { ...fault, nodes: this.#select(fault.nodes, (node) => this.#start(node)) };
      case 'pause':
        return { ...fault, nodes: this.#select(fault.nodes, (node) => this.#pause(node)) };
      case 'resume':
        return { ...fault, nodes: this.#select(fault.nodes, (node) => this.#resume(node)) };
      case 'bump':
        for (const [id, deltaMs] of Object.entries(fault.deltaMs)) this.#node(id).clock.bump(deltaMs);
        return fault;
      case 'drift':
        for (const [id, partsPerMillion] of Object.entries(fault.partsPerMillion))
          this.#node(id).drift(partsPerMillion);
        return fault;
      case 'reset-clock':
        for (const node of this.#nodes) node.resetClock();
        return fault;
      default:
        throw new Error(`the simulator cannot ${fault.f}: ${refusals[fault.f]}`);
    }
  }

  #select(ids: readonly string[], act: (node: NodeHost) => boolean): readonly string[] {
    return ids.filter((id) => act(this.#node(id)));
  }

  #node(id: string): NodeHost {
    const index = this.#indexOf.get(id);
    if (index === undefined) throw new Error(`a fault names ${id}, which is no node of this cluster`);
    return this.#nodes[index] as NodeHost;
  }

  /** Half of the nodes killed die at once, the others between two effects of their next step that has several. */
  #kill(node: NodeHost): boolean {
    if (!node.alive) return false;
    if (node.paused || this.#nemesisRandom.chance(1, 2)) {
      node.kill();
    } else {
      node.killInNextStep();
      this.#queue.push(this.now + dyingNsMax, kinds.death, node.index, node.incarnation);
    }
    return true;
  }

  #start(node: NodeHost): boolean {
    node.finishDying();
    if (node.alive) return false;
    node.start();
    return true;
  }

  #pause(node: NodeHost): boolean {
    if (!node.alive || node.paused) return false;
    node.pause();
    this.#noteChange(node, 'paused', this.#lastTerm[node.index] as number, false);
    return true;
  }

  #resume(node: NodeHost): boolean {
    if (!node.alive || !node.paused) return false;
    const { role, term, primary } = node.description as Description;
    this.#noteChange(node, role, term, primary);
    node.resume();
    return true;
  }
}
