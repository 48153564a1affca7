/**
 * A cluster of containers, each node in the network of its pod. Messages between nodes go from kernel to kernel; clients
 * speak to nodes over ports on 127.0.0.1.
 *
 * Fault model: a link that is cut, lossy, or slow is so by the kernel of the node that packets come to (rates: that they
 * go from), for all packets, acknowledgements included: TCP cut one way stalls both ways. Delays are made by the
 * hosts of ftest's own nodes, in order, and for others by proxies in their pods; so are clocks, for others by libfaketime. A kill is a SIGKILL, and loses what the node had not synced; a pause is the
 * freezer's. Files are damaged while their node is down; if it ends by itself from then on, or does not come back, it is down
 * and no failure. Before a network or process fault is said to be done, it is seen to be there.
 */
import { type Fault, isFileDamage, type Link } from '../../harness/fault.ts';
import type { ClusterView } from '../../harness/generator.ts';
import type { Completion, NodeExit } from '../../harness/ports.ts';
import type { Op } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import { settleAll } from '../interruption.ts';
import { injectIntoNodes, nodeIn } from '../node-faults.ts';
import type { Observer } from '../observer.ts';
import type { ContainerNode, Surroundings } from './container-node.ts';
import { ask, DockerFailed, type Engine } from './engine.ts';
import { type Labels, runLabel } from './labels.ts';
import { Network } from './network.ts';
import type { Delay } from './peer-link.ts';
import { Pod, type PodOptions } from './pod.ts';
import { refusals } from './refusals.ts';

/** What nodes are made with. */
export interface Building {
  readonly engine: Engine;
  readonly labels: Labels;
  /** By node id, in the order of the nodes; each has its address. */
  readonly pods: ReadonlyMap<string, Pod>;
  readonly surroundings: Surroundings;
  /** The name of something of the run's. */
  name(part: string): string;
  /** Whether all packets pass on a link, as far as faults go. */
  passes(from: string, to: string): boolean;
}

/** What runs in the containers of a cluster: ftest's own nodes, or a system of others. */
export interface Hosting {
  /** What clients reach nodes by, and what nodes expect of TCP. */
  readonly network: Pick<PodOptions, 'ports' | 'tcpRetries'>;
  /** By which nodes find each other, besides n1, n2, … */
  hostNames(id: string): readonly string[];
  /** Makes each node's container. Called once. */
  create(building: Building): Promise<readonly ContainerNode[]>;
  /** Called once, when all nodes serve for the first time. */
  setUp(): Promise<void>;
  /** Asks a node that is up; resolves when the op has ended, which may be never. */
  ask(op: Op, node: ContainerNode): Promise<Completion>;
  /** What is sent on these links is held back from now on, on others as before. */
  delay(links: readonly Link[], delay: Delay): Promise<void>;
  /** Nothing is held back any more. */
  undelay(): Promise<void>;
  /** A node has ended in mid run, and nobody had killed it: what this means for the run. */
  endedByItself(node: ContainerNode, code: number): void;
  /** Those of which the run went on. */
  readonly exits?: readonly NodeExit[];
  /** Nobody waits any more for what was asked: because of an error, or because the run is over. */
  close(error: Error | undefined): void;
}

export class Cluster implements ClusterView, Surroundings {
  readonly nodeIds: readonly string[];
  /** Rejects when the run cannot go on; never resolves. */
  readonly failure: Promise<never>;
  readonly #engine: Engine;
  readonly #podImage: string;
  readonly #labels: Labels;
  readonly #hosting: Hosting;
  readonly #observer: Observer;
  #nodes: ReadonlyMap<string, ContainerNode> = new Map();
  #network = new Network(new Map());
  #begun = false;
  #startEnded = Promise.resolve();
  readonly #damaged = new Set<string>();
  #failed: Error | undefined;
  #stopped = false;
  #rejectFailure: (error: Error) => void = () => {};

  constructor(
    nodeIds: readonly string[],
    engine: Engine,
    podImage: string,
    labels: Labels,
    hosting: Hosting,
    observer: Observer,
  ) {
    this.nodeIds = nodeIds;
    this.#engine = engine;
    this.#podImage = podImage;
    this.#labels = labels;
    this.#hosting = hosting;
    this.#observer = observer;
    this.failure = new Promise((_, reject) => {
      this.#rejectFailure = reject;
    });
    // Nobody may be waiting for it just then: `check` tells those who come later.
    this.failure.catch(() => {});
  }

  /** All nodes have served. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Resolves when nothing is made any more: a start that has rejected, or that nobody wants any longer, is yet to end. */
  get startEnded(): Promise<void> {
    return this.#startEnded;
  }

  /**
   * Starts all nodes at once; resolves when each serves, packets pass on all links, and what is to be set up is. Called
   * once.
   */
  start(): Promise<void> {
    const starting = this.#start();
    this.#startEnded = starting.catch(() => {});
    return Promise.race([starting, this.failure]);
  }

  /** Nothing that happens from now on is a failure, or anybody's business. */
  stop(): void {
    this.#stopped = true;
    this.#hosting.close(undefined);
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
    return this.#hosting.ask(op, node);
  }

  /** Throws if the run cannot go on. */
  check(): void {
    if (this.#failed !== undefined) throw this.#failed;
  }

  // Surroundings of the nodes.

  isDamaged({ id }: ContainerNode): boolean {
    return this.#damaged.has(id);
  }

  log(node: ContainerNode, line: string): void {
    if (!this.#stopped) this.#observer.log(node.id, line);
  }

  changed(node: ContainerNode): void {
    if (!this.#stopped) this.#observer.changed(node);
  }

  endedByItself(node: ContainerNode, code: number): void {
    // Whoever finds his files damaged may refuse to serve.
    if (this.#stopped || this.isDamaged(node)) return;
    if (this.#begun) this.#hosting.endedByItself(node, code);
    else this.fail(new DockerFailed(`${node.id} ended with code ${code} before it served. ${node.lastWords}`));
  }

  fail(error: Error): void {
    if (this.#failed !== undefined || this.#stopped) return;
    this.#failed = error;
    this.#rejectFailure(error);
    this.#hosting.close(error);
  }

  async #start(): Promise<void> {
    const { docker } = this.#engine;
    const network = this.#name('net');
    await ask('create a network', docker.createNetwork({ Name: network, Driver: 'bridge', Labels: this.#labels }));
    this.#checkWanted();
    const pods = new Map(
      await settleAll(this.nodeIds.map(async (id) => [id, await this.#startPod(id, network)] as const)),
    );
    this.#network = new Network(pods);
    this.#checkWanted();
    const nodes = await this.#hosting.create({
      engine: this.#engine,
      labels: this.#labels,
      pods,
      surroundings: this,
      name: (part) => this.#name(part),
      passes: (from, to) => this.#network.passes(from, to),
    });
    this.#checkWanted();
    await settleAll(nodes.map((node) => node.create()));
    this.#nodes = new Map(nodes.map((node) => [node.id, node]));
    this.#checkWanted();
    const works: readonly Promise<unknown>[] = [this.#network.apply(), ...nodes.map((node) => node.start())];
    // Said at once: others may take a minute to get ready.
    await settleAll(works.map((work) => work.catch((error) => this.#failStart(error))));
    this.#checkWanted();
    await this.#hosting.setUp();
    this.#checkWanted();
    this.#begun = true;
  }

  #failStart(error: Error): never {
    this.fail(error);
    throw error;
  }

  #checkWanted(): void {
    this.check();
    if (this.#stopped) throw new Error('the cluster was stopped before all of it had been started');
  }

  async #startPod(id: string, network: string): Promise<Pod> {
    const pod = await Pod.start(this.#engine.docker, {
      image: this.#podImage,
      name: this.#name(`${id}-pod`),
      alias: id,
      hostNames: this.#hosting.hostNames(id),
      network,
      labels: this.#labels,
      ...this.#hosting.network,
    });
    pod.ended
      .then(() => this.fail(new Error(`the pod of ${id}, the container that owns its network, has ended`)))
      .catch(() => {});
    return pod;
  }

  #name(part: string): string {
    return `ftest-${this.#labels[runLabel]}-${part}`;
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
        await this.#hosting.delay(fault.links, { timeMs: fault.timeMs, jitterMs: fault.jitterMs });
        return fault;
      case 'restore-packets':
        await this.#network.restorePackets();
        await this.#hosting.undelay();
        return fault;
      default: {
        const done = await injectIntoNodes(fault, this.#nodes);
        if (done === undefined) throw new Error(`containers cannot ${fault.f}: ${refusals[fault.f]}`);
        if (isFileDamage(done)) for (const id of done.nodes) this.#damaged.add(id);
        return done;
      }
    }
  }
}
