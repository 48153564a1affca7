/** A cluster of a system of others, started as its author says, and spoken to by the clients that he wrote. */
import type Docker from 'dockerode';
import type { ContainerPlan, ContainerSystem, ImageSource, Placement } from '../../harness/container-system.ts';
import { checkPlan } from '../../harness/define-target.ts';
import type { Link } from '../../harness/fault.ts';
import type { Completion, NodeExit } from '../../harness/ports.ts';
import { SpecError } from '../../harness/spec.ts';
import type { Test } from '../../harness/test.ts';
import type { Op } from '../../history/op.ts';
import { settleAll, unlessAborted } from '../interruption.ts';
import { machineNs } from '../observer.ts';
import { askSystem, wordsOf } from './ask-system.ts';
import { hostDefaults } from './attached.ts';
import type { Building, Hosting } from './cluster.ts';
import type { ContainerNode } from './container-node.ts';
import { DelayProxies } from './delay-proxies.ts';
import { DockerFailed } from './engine.ts';
import { FakeClock } from './faketime.ts';
import { type Announce, ensureImageOf, type PreparedImage } from './image-sources.ts';
import { ensureNodeImage, ensureProgramImage, nodeBinary, programInImage } from './images.ts';
import type { Labels } from './labels.ts';
import type { Delay } from './peer-link.ts';
import type { Pod } from './pod.ts';
import { SystemClients } from './system-clients.ts';
import { SystemNode } from './system-node.ts';

const setUpTimeoutMs = 60_000;

export interface SystemImages {
  readonly pod: string;
  /** A JavaScript file that does what cli/proxy.ts does. */
  readonly proxyProgram: string;
  /** In the place of every plan's. */
  readonly instead: ImageSource | undefined;
  readonly announce: Announce;
}

export class SystemNodes implements Hosting {
  readonly network: Hosting['network'];
  readonly exits: NodeExit[] = [];
  readonly #system: ContainerSystem;
  readonly #test: Test;
  readonly #images: SystemImages;
  readonly #clients: SystemClients;
  readonly #ensured = new Map<string, Promise<PreparedImage>>();
  #nodes: readonly SystemNode[] = [];
  #proxies: DelayProxies | undefined;
  readonly #closing = new AbortController();
  #begunNs = 0;

  constructor(system: ContainerSystem, test: Test, images: SystemImages) {
    const { service, spec, targetOptions } = test;
    if (system.clients[service.name] === undefined) {
      throw new SpecError(`${system.name} says that it offers ${service.name}, but has no client for it`);
    }
    this.network = { ports: system.clientPorts };
    this.#system = system;
    this.#test = test;
    this.#images = images;
    this.#clients = new SystemClients({
      name: system.name,
      service: service.name,
      open: (setting) => system.clients[service.name]!(setting),
      targetOptions,
      opTimeoutMs: spec.opTimeoutMs,
      isRead: (f) => service.isRead(f),
    });
  }

  hostNames(id: string): readonly string[] {
    return this.#system.hostNames?.(id) ?? [];
  }

  async create(building: Building): Promise<readonly ContainerNode[]> {
    const members = [...building.pods].map(([id, { address }]) => ({ id, address }));
    // Only connections that are made from then on go by the proxies.
    if (this.#test.faults?.includes('delay')) this.#proxies = await this.#startProxies(building);
    this.#nodes = await settleAll(
      members.map((member) =>
        this.#make(building, { ...member, members }).catch((error) => {
          // The others need not wait for their images.
          this.#closing.abort();
          throw error;
        }),
      ),
    );
    return this.#nodes;
  }

  async setUp(): Promise<void> {
    const { name } = this.#system;
    const setUp = this.#system.setUp?.bind(this.#system);
    const endpoints = this.#nodes.map(({ endpoint }) => endpoint);
    if (setUp !== undefined) {
      const done = askSystem(setUpTimeoutMs, () => setUp(endpoints, this.#test.targetOptions)).catch((error) => {
        throw new DockerFailed(`${name} could not be set up: ${wordsOf(error)}`);
      });
      await unlessAborted(done, this.#closing.signal);
    }
    this.#begunNs = machineNs();
  }

  ask(op: Op, node: ContainerNode): Promise<Completion> {
    return this.#clients.ask(op, (node as SystemNode).endpoint);
  }

  async delay(links: readonly Link[], delay: Delay): Promise<void> {
    if (this.#proxies === undefined) throw new Error(`nobody delays what nodes of ${this.#system.name} send`);
    await this.#proxies.delay(links, delay);
  }

  async undelay(): Promise<void> {
    await this.#proxies?.restore();
  }

  /** The run goes on: whether a node may end by itself is for a verdict to say. */
  endedByItself({ id: node, lastLines: log }: ContainerNode, code: number): void {
    this.exits.push({ time: machineNs() - this.#begunNs, node, code, log });
  }

  close(): void {
    this.#closing.abort();
    for (const node of this.#nodes) node.retire();
    this.#clients.close();
  }

  async #startProxies({ engine, labels, pods, surroundings, name, passes }: Building): Promise<DelayProxies> {
    const { docker } = engine;
    const program = this.#images.proxyProgram;
    return DelayProxies.start({
      docker,
      pods,
      peerPorts: this.#system.peerPorts,
      image: await ensureProgramImage(docker, program, await ensureNodeImage(docker)),
      command: [nodeBinary, await programInImage(program)],
      name: (id) => name(`${id}-proxy`),
      labels,
      passes,
      ended: (id) => surroundings.fail(new DockerFailed(`the proxy that delays what ${id} sends has ended`)),
    });
  }

  async #makeClock(
    { clock }: ContainerPlan,
    docker: Docker,
    labels: Labels,
    name: string,
  ): Promise<FakeClock | undefined> {
    const asked = this.#test.faults?.some((fault) => fault === 'bump' || fault === 'drift') ?? false;
    if (clock === undefined || !asked) return undefined;
    return FakeClock.make({ docker, image: this.#images.pod, name, labels });
  }

  /** Most nodes are made of one image, which is looked for once. */
  #ensureImage(docker: Docker, planned: ImageSource): Promise<PreparedImage> {
    const { instead, announce } = this.#images;
    const source = instead ?? planned;
    const key = JSON.stringify(source);
    const image = this.#ensured.get(key) ?? ensureImageOf(docker, source, announce);
    this.#ensured.set(key, image);
    return image;
  }

  async #make(building: Building, placement: Omit<Placement, 'options'>): Promise<SystemNode> {
    const { engine, labels, pods, surroundings, name } = building;
    const { docker } = engine;
    const { id } = placement;
    const plan = this.#system.plan({ ...placement, options: this.#test.targetOptions });
    checkPlan(this.#system.name, plan);
    const image = await unlessAborted(this.#ensureImage(docker, plan.image), this.#closing.signal);
    const { volumes: folders = [], logFiles: files = [] } = plan;
    const volumes = folders.map((folder, index) => ({ name: name(`${id}-volume${index + 1}`), folder }));
    const logs = { image: this.#images.pod, name: name(`${id}-logs`), labels, files };
    const clock = await this.#makeClock(plan, docker, labels, name(`${id}-clock`));
    const configuration = configurationOf(plan, image, labels, clock);
    const pod = pods.get(id) as Pod;
    return new SystemNode(
      this.#system,
      { id, docker, pod, name: name(id), configuration, volumes, logs, clock },
      surroundings,
    );
  }
}

function configurationOf(
  plan: ContainerPlan,
  image: PreparedImage,
  labels: Labels,
  clock: FakeClock | undefined,
): Docker.ContainerCreateOptions {
  const { entrypoint, command, user, workingFolder } = plan;
  const environment = clock === undefined ? plan.environment : FakeClock.environment(plan.environment ?? {});
  return {
    Image: image.name,
    Labels: labels,
    Env: Object.entries(environment ?? {}).map(([name, value]) => `${name}=${value}`),
    ...(entrypoint === undefined ? {} : { Entrypoint: [...entrypoint] }),
    ...(command === undefined ? {} : { Cmd: [...command] }),
    ...(user === undefined ? {} : { User: user }),
    ...(workingFolder === undefined ? {} : { WorkingDir: workingFolder }),
    HostConfig: {
      ...(image.ofMachine ? hostDefaults() : othersDefaults()),
      Mounts: clock === undefined ? [] : [clock.mount],
    },
  };
}

/** What images of others are made for: Docker's own privileges, less those that could touch the network. */
const othersDefaults = (): Docker.HostConfig => ({
  ...hostDefaults(),
  CapDrop: ['NET_RAW'],
  ReadonlyRootfs: false,
});
