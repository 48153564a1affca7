/** A cluster of ftest's own nodes, which speak Maelstrom over TCP to clients, to each other, and to the harness. */
import type { Link } from '../../harness/fault.ts';
import type { Completion } from '../../harness/ports.ts';
import type { Op } from '../../history/op.ts';
import { isClientId, type Message } from '../../protocol/message.ts';
import type { Service } from '../../protocol/service.ts';
import { nodeIn } from '../node-faults.ts';
import type { Observer } from '../observer.ts';
import { Clients } from '../process/clients.ts';
import { type DescribeBody, harnessId, type MarkBody } from '../process/wire.ts';
import type { Building, Hosting } from './cluster.ts';
import type { ContainerNode, Surroundings } from './container-node.ts';
import { DockerNode, dataFolder, nodePort, type OwnSurroundings, ownConfiguration } from './node.ts';
import type { Delay } from './peer-link.ts';
import { ownTcpRetries } from './pod.ts';

export class OwnNodes implements Hosting, OwnSurroundings {
  readonly network = { ports: [nodePort], tcpRetries: ownTcpRetries };
  readonly #clients: Clients;
  readonly #image: string;
  readonly #command: readonly string[];
  readonly #observer: Observer;
  readonly #delays = new Map<string, Map<string, Delay>>();
  #nodes: ReadonlyMap<string, DockerNode> = new Map();
  #surroundings: Surroundings | undefined;

  /** @param command of each node's container. */
  constructor(service: Service, image: string, command: readonly string[], observer: Observer) {
    this.#clients = new Clients(service);
    this.#image = image;
    this.#command = command;
    this.#observer = observer;
  }

  hostNames(): readonly string[] {
    return [];
  }

  create({ engine: { docker }, labels, pods, surroundings, name }: Building): Promise<readonly ContainerNode[]> {
    this.#surroundings = surroundings;
    const addresses = Object.fromEntries([...pods].map(([id, { address }]) => [id, `${address}:${nodePort}`]));
    const configuration = ownConfiguration(this.#image, this.#command, labels);
    const nodes = [...pods].map(([id, pod]) => {
      const volumes = [{ name: name(id), folder: dataFolder }];
      return new DockerNode({ id, docker, pod, name: name(id), configuration, volumes, addresses }, this);
    });
    this.#nodes = new Map(nodes.map((node) => [node.id, node]));
    return Promise.resolve(nodes);
  }

  setUp(): Promise<void> {
    return Promise.resolve();
  }

  ask(op: Op, node: ContainerNode): Promise<Completion> {
    return this.#clients.ask(op, node.id, (message) => (node as DockerNode).deliver(JSON.stringify(message)));
  }

  delay(links: readonly Link[], delay: Delay): Promise<void> {
    for (const { from, to } of links) {
      const delays = this.#delays.get(from) ?? new Map<string, Delay>();
      this.#delays.set(from, delays.set(to, delay));
    }
    for (const [id, delays] of this.#delays) nodeIn(this.#nodes, id).setDelays(Object.fromEntries(delays));
    return Promise.resolve();
  }

  undelay(): Promise<void> {
    for (const id of this.#delays.keys()) nodeIn(this.#nodes, id).setDelays({});
    this.#delays.clear();
    return Promise.resolve();
  }

  /** They run until they are killed: one that does not is a mistake of ftest's. */
  endedByItself(node: ContainerNode, code: number): void {
    if (this.isDamaged(node)) return;
    this.fail(new Error(`${node.id} ended with code ${code}, and nobody had killed it. ${node.lastWords}`));
  }

  close(error: Error | undefined): void {
    if (error !== undefined) this.#clients.fail(error);
  }

  // Surroundings of the nodes.

  isDamaged(node: ContainerNode): boolean {
    return this.#surroundings?.isDamaged(node) ?? false;
  }

  said(node: DockerNode, message: Message): void {
    const { dest } = message;
    if (isClientId(dest)) this.#clients.reply(message);
    else if (dest === harnessId) this.#hear(node, message.body as DescribeBody | MarkBody);
    else this.fail(new Error(`${node.id} sends to ${dest}, which is neither a node nor a client`));
  }

  died(node: DockerNode): void {
    this.#clients.reset(node.id);
  }

  log(node: ContainerNode, line: string): void {
    this.#surroundings?.log(node, line);
  }

  changed(node: ContainerNode): void {
    this.#surroundings?.changed(node);
  }

  fail(error: Error): void {
    this.#surroundings?.fail(error);
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
}
