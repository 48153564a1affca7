/**
 * A cluster of containers, each node in the network of its pod. Messages between nodes go from kernel to kernel; clients
 * speak to nodes over ports on 127.0.0.1.
 *
 * Fault model: a link that is cut, lossy, or slow is so by the kernel of the node that packets come to (rates: that they
 * go from), for all packets, acknowledgements included: TCP cut one way stalls both ways. Delays are made by the
 * hosts of ftest's own nodes, in order; so are clocks. A kill is a SIGKILL, and loses what the node had not synced; a pause is the
 * freezer's. Before a network or process fault is said to be done, it is seen to be there.
 */
import type { Fault, Link } from '../../harness/fault.ts';
import type { ClusterView } from '../../harness/generator.ts';
import type { Completion } from '../../harness/ports.ts';
import type { Test } from '../../harness/test.ts';
import type { Op } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import { isClientId, type Message } from '../../protocol/message.ts';
import { injectIntoNodes, nodeIn } from '../node-faults.ts';
import type { Observer } from '../observer.ts';
import { Clients } from '../process/clients.ts';
import { type DescribeBody, harnessId, type MarkBody } from '../process/wire.ts';
import { ask, type Engine } from './engine.ts';
import { type Labels, runLabel } from './labels.ts';
import { Network } from './network.ts';
import { DockerNode, type Surroundings } from './node.ts';
import type { Delay } from './peer-link.ts';
import { Pod } from './pod.ts';

/** What containers are made of. */
export interface Images {
  readonly pod: string;
  readonly node: string;
  /** Of a node's container. */
  readonly command: readonly string[];
}

/** On which nodes listen, in their own networks. */
export const nodePort = 7000;

export class Cluster implements ClusterView, Surroundings {
  readonly nodeIds: readonly string[];
  /** Rejects when the run cannot go on; never resolves. */
  readonly failure: Promise<never>;
  readonly #engine: Engine;
  readonly #images: Images;
  readonly #labels: Labels;
  readonly #observer: Observer;
  readonly #clients: Clients;
  readonly #delays = new Map<string, Map<string, Delay>>();
  #nodes: ReadonlyMap<string, DockerNode> = new Map();
  #network = new Network(new Map());
  #failed: Error | undefined;
  #stopped = false;
  #rejectFailure: (error: Error) => void = () => {};

  constructor(test: Test, engine: Engine, images: Images, labels: Labels, observer: Observer) {
    this.nodeIds = test.nodeIds;
    this.#engine = engine;
    this.#images = images;
    this.#labels = labels;
    this.#observer = observer;
    this.#clients = new Clients(test.service);
    this.failure = new Promise((_, reject) => {
      this.#rejectFailure = reject;
    });
    // Nobody may be waiting for it just then: `check` tells those who come later.
    this.failure.catch(() => {});
  }

  /** Starts all nodes at once; resolves when each has answered `init` and packets pass on all links. */
  async start(): Promise<void> {
    const { docker } = this.#engine;
    const network = this.#name('net');
    await ask('create a network', docker.createNetwork({ Name: network, Driver: 'bridge', Labels: this.#labels }));
    this.#nodes = new Map(
      await Promise.all(this.nodeIds.map(async (id) => [id, await this.#deploy(id, network)] as const)),
    );
    const nodes = [...this.#nodes.values()];
    const addresses = Object.fromEntries(nodes.map(({ id, pod }) => [id, `${pod.address}:${nodePort}`]));
    for (const node of nodes) node.addresses = addresses;
    this.#network = new Network(new Map(nodes.map(({ id, pod }) => [id, pod])));
    await Promise.race([Promise.all([this.#network.apply(), ...nodes.map((node) => node.start())]), this.failure]);
    this.check();
  }

  /** Nothing that happens from now on is a failure. */
  stop(): void {
    this.#stopped = true;
  }

  primaries(): readonly string[] {
    return [...this.#nodes.values()]
      .filter((node) => node.description?.primary === true)
      .sort((a, b) => (b.description?.term ?? 0) - (a.description?.term ?? 0))
      .map((node) => node.id);
  }

  /** Carries an invocation out; resolves when it has ended, which may be never. Rejects when the run cannot go on. */
  async invoke(op: Op): Promise<Completion> {
    this.check();
    const { process, value } = op;
    if (process === 'nemesis') {
      const done = await Promise.race([this.#carryOut(value as unknown as Fault), this.failure]);
      return { process, type: 'info', value: done as unknown as Value };
    }
    const node = nodeIn(this.#nodes, op.node as string);
    if (!node.up) return { process, type: 'fail', value, error: 'connection-refused' };
    return this.#clients.ask(op, node.id, (message) => node.deliver(JSON.stringify(message)));
  }

  /** Throws if the run cannot go on. */
  check(): void {
    if (this.#failed !== undefined) throw this.#failed;
  }

  // Surroundings of the nodes.

  said(node: DockerNode, message: Message): void {
    const { dest } = message;
    if (isClientId(dest)) this.#clients.reply(message);
    else if (dest === harnessId) this.#hear(node, message.body as DescribeBody | MarkBody);
    else this.fail(new Error(`${node.id} sends to ${dest}, which is neither a node nor a client`));
  }

  log(node: DockerNode, line: string): void {
    this.#observer.log(node.id, line);
  }

  changed(node: DockerNode): void {
    this.#observer.changed(node);
  }

  died(node: DockerNode): void {
    this.#clients.reset(node.id);
  }

  fail(error: Error): void {
    if (this.#failed !== undefined || this.#stopped) return;
    this.#failed = error;
    this.#rejectFailure(error);
    this.#clients.fail(error);
  }

  async #deploy(id: string, network: string): Promise<DockerNode> {
    const { docker } = this.#engine;
    const { pod: image, node: nodeImage, command } = this.#images;
    const labels = this.#labels;
    const pod = await Pod.start(docker, {
      image,
      name: this.#name(`${id}-pod`),
      alias: id,
      network,
      port: nodePort,
      labels,
    });
    pod.ended
      .then(() => this.fail(new Error(`the pod of ${id}, the container that owns its network, has ended`)))
      .catch(() => {});
    const name = this.#name(id);
    const node = new DockerNode(
      { id, nodeIds: this.nodeIds, docker, pod, image: nodeImage, command, name, labels },
      this,
    );
    await node.create();
    return node;
  }

  #name(part: string): string {
    return `ftest-${this.#labels[runLabel]}-${part}`;
  }

  #hear(node: DockerNode, body: DescribeBody | MarkBody): void {
    if (body.type === 'mark') {
      this.#observer.mark(body.name);
      return;
    }
    node.description = body;
    // The pause began after it spoke, and is over when it is said to be.
    if (!node.paused) this.#observer.changed(node);
  }

  // Faults.

  /** Gives what really happened: nodes that were down already are left out of a kill, and so on. */
  async #carryOut(fault: Fault): Promise<Fault> {
    switch (fault.f) {
      case 'partition':
        await this.#network.partition(fault.cut);
        return fault;
      case 'heal':
        await this.#network.partition([]);
        return fault;
      case 'loss':
        await this.#network.lose(fault.links, fault.percent);
        return fault;
      case 'rate':
        await this.#network.limit(fault.links, fault.bitsPerSecond);
        return fault;
      case 'delay':
        this.#delay(fault.links, { timeMs: fault.timeMs, jitterMs: fault.jitterMs });
        return fault;
      case 'restore-packets':
        this.#undelay();
        await this.#network.restorePackets();
        return fault;
      default: {
        const done = await injectIntoNodes(fault, this.#nodes);
        if (done === undefined) throw new Error(`containers cannot ${fault.f}: ${refusals[fault.f]}`);
        return done;
      }
    }
  }

  #delay(links: readonly Link[], delay: Delay): void {
    for (const { from, to } of links) {
      const delays = this.#delays.get(from) ?? new Map<string, Delay>();
      this.#delays.set(from, delays.set(to, delay));
    }
    for (const [id, delays] of this.#delays) nodeIn(this.#nodes, id).setDelays(Object.fromEntries(delays));
  }

  #undelay(): void {
    for (const id of this.#delays.keys()) nodeIn(this.#nodes, id).setDelays({});
    this.#delays.clear();
  }
}

const repairedByTcp = 'nodes speak TCP, which repairs it before they see it';
const notHeld = 'the kernel drops packets or lets them pass, it does not hold them; for that use the simulator';
const ordinaryDisks = 'the nodes write to an ordinary volume';
const fixedMembership = 'membership is fixed';

/** Why a fault cannot be injected into containers; of those that can be, nothing. */
export const refusals: Readonly<Partial<Record<Fault['f'], string>>> = {
  duplicate: repairedByTcp,
  reorder: repairedByTcp,
  corrupt: repairedByTcp,
  hold: notHeld,
  release: notHeld,
  strobe: 'the hosts of the nodes bump and drift clocks but do not strobe them',
  'lose-unfsynced': 'every kill of a container loses what was not synced',
  'torn-write': ordinaryDisks,
  bitflip: ordinaryDisks,
  misdirect: ordinaryDisks,
  eio: ordinaryDisks,
  enospc: ordinaryDisks,
  'slow-disk': ordinaryDisks,
  'restore-disks': ordinaryDisks,
  add: fixedMembership,
  remove: fixedMembership,
};
