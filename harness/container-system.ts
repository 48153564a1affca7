/**
 * A system of others that runs in containers: what to start for each node, and how to speak to it. A runtime with real time
 * carries it out; the simulator cannot.
 */
import type { Outcome, ServiceName, ServiceOp } from '../protocol/service.ts';
import type { Guarantee, NodeSystem, Target } from '../protocol/system.ts';

/** What a container is made of. */
export type ImageSource =
  /** By name; pulled by Docker where this machine has it not. */
  | { readonly image: string }
  /** Built of this file; its folder is the context unless another is named. Paths are absolute, or begin where ftest runs. */
  | { readonly dockerfile: string; readonly context?: string | undefined }
  /** Made of this machine's own programs with their shared libraries, each in /bin of an otherwise empty image. */
  | { readonly programs: readonly MachineProgram[] };

/** A program of this machine, with the Debian package that it comes in. */
export interface MachineProgram {
  readonly name: string;
  readonly debianPackage: string;
}

/** What decides how a node is started. */
export interface Placement {
  /** n1, n2, … ; also its host name on the network of the nodes. */
  readonly id: string;
  /** IPv4, on the network of the nodes. The same after every kill. */
  readonly address: string;
  /** All nodes, this one included, in order. */
  readonly members: readonly { readonly id: string; readonly address: string }[];
  /** The target's options, each with a value. */
  readonly options: Readonly<Record<string, string>>;
}

/** One node's container. It is made once, and started again after each kill. */
export interface ContainerPlan {
  readonly image: ImageSource;
  /** In the place of the image's own. */
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** `name` or `uid:gid`; the image's own where it is left out. */
  readonly user?: string;
  readonly workingFolder?: string;
  /** Absolute folders whose content survives a kill, and which damage to files may concern. */
  readonly volumes?: readonly string[];
  /** Absolute paths of logs, each in one of the volumes; what the container prints is logged in any case. */
  readonly logFiles?: readonly string[];
  /**
   * Its programs ask libc for the time: their clock can be faked by libfaketime, a library of this machine that is loaded
   * into them. Programs of Go ask the kernel, those that are linked statically or with musl cannot load it, and those that
   * allocate by jemalloc, as Redis, hang with it.
   */
  readonly clock?: 'libfaketime';
}

/** Where the harness reaches a node. */
export interface Endpoint {
  readonly node: string;
  readonly host: string;
  /** By port in the container, the port on the host. */
  readonly ports: Readonly<Record<number, number>>;
}

/** What a client is opened for. */
export interface ClientSetting {
  readonly endpoint: Endpoint;
  /** The client's process: a number that is never used again. */
  readonly process: number;
  readonly options: Readonly<Record<string, string>>;
}

/** The client of one process, which speaks to one node. */
export interface SystemClient {
  /**
   * Sends one op and tells how it ended; there is never a second one under way. An op that is `ok` has what it found for a value;
   * of one without a result, such as a write, the value is left as it was asked. A rejection stands for `info`, of an op that only
   * reads for `fail`: that anything else certainly did not happen, also because no connection was made for it, is said by resolving
   * with `fail`. The signal is aborted when nobody waits any more.
   */
  invoke(op: ServiceOp, signal: AbortSignal): Promise<Outcome>;
  /** The process is dead, or the run over: lets go of connections, and says nothing more to the system. */
  close(): void;
}

/** What a node says of itself. */
export interface MemberStatus {
  readonly role: string;
  /** Of the election, where the system counts them; else 0. */
  readonly term: number;
  readonly primary: boolean;
}

/** A choice that `--target-option NAME=VALUE` makes; the first value is the default. */
export interface TargetOption {
  readonly name: string;
  readonly values: readonly string[];
  readonly summary: string;
}

export interface ContainerSystem extends Target {
  readonly options: readonly TargetOption[];
  /** The promises of one service under these options; `promises` where it is left out. */
  promisesWith?(options: Readonly<Record<string, string>>, service: ServiceName): readonly Guarantee[];
  /** How many nodes it can have; any number where it is left out. The first is the default, else 5. */
  readonly sizes?: readonly number[];
  /** Ports on which clients speak to a node: published on 127.0.0.1. */
  readonly clientPorts: readonly number[];
  /** Which of them one node has, its main one first; all where it is left out. */
  clientPortsOf?(id: string): readonly number[];
  /** Ports on which nodes speak to each other: what a delay concerns. */
  readonly peerPorts: readonly number[];
  /** By which nodes find each other, besides n1, n2, … */
  hostNames?(id: string): readonly string[];
  plan(placement: Placement): ContainerPlan;
  /** Whether a node serves; asked again and again after each start. Where it is left out: its first client port takes connections. */
  ready?(endpoint: Endpoint, signal: AbortSignal): Promise<boolean>;
  /** Once, when all nodes are ready for the first time. */
  setUp?(endpoints: readonly Endpoint[], options: Readonly<Record<string, string>>): Promise<void>;
  /** What the node is now; asked about twice a second. Without it no fault can aim at primaries. */
  status?(endpoint: Endpoint, signal: AbortSignal): Promise<MemberStatus>;
  /**
   * How long after the heal it may take to serve again, in milliseconds. Default 30,000: a kernel tries what it could not deliver
   * less and less often, so that after a long cut some seconds pass before it tries again.
   */
  readonly recoveryMs?: number;
  /** How to open a client, for each service that it offers. */
  readonly clients: Readonly<Partial<Record<ServiceName, (setting: ClientSetting) => SystemClient>>>;
}

export const isContainerSystem = (target: Target): target is ContainerSystem => 'clients' in target;

/** Whatever can be named as a target. */
export type AnySystem = NodeSystem | ContainerSystem;

const containerRecoveryMs = 30_000;

/** How long after the heal a target may take to serve again, in milliseconds. */
export const recoveryMsOf = (system: AnySystem): number =>
  isContainerSystem(system) ? (system.recoveryMs ?? containerRecoveryMs) : 10_000;

/** How many nodes a test of it has where nobody says. */
export const nodesOf = (system: AnySystem): number => (isContainerSystem(system) ? system.sizes?.[0] : undefined) ?? 5;

/** The client port by which a node shows that it is there. */
export const mainPortOf = (system: ContainerSystem, id: string): number =>
  system.clientPortsOf?.(id).find((port) => system.clientPorts.includes(port)) ?? (system.clientPorts[0] as number);
