/**
 * What ftest knows of a target. A NodeSystem is a reference target: plain data and pure functions, so that it can be hosted in
 * the simulator, in a process, and in a container, listed, and documented.
 */
import type { Body } from './message.ts';
import type { Description, NodeMachine } from './node.ts';
import type { ServiceName } from './service.ts';

/** A classic mistake of a protocol, which `--bug` switches on. */
export interface Bug<Config> {
  readonly name: string;
  /** One sentence: what the node does wrong. */
  readonly summary: string;
  /** Paper and section that the mistake offends. */
  readonly source: string;
  /** What it changes in the configuration: one switch or several, and parameters that make it likely to matter. */
  readonly config: Partial<Config>;
}

/**
 * Something that must be true of all nodes together after every event. Checked in the simulator, which sees all.
 */
export interface Invariant<D extends Description> {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  /** A fresh observer for one run. */
  monitor(nodeIds: readonly string[]): InvariantMonitor<D>;
}

export interface InvariantMonitor<D extends Description> {
  /**
   * Called after node `changed` (an index into nodeIds) has made a step. `descriptions[i]` is undefined while node i
   * is down. Returns what is wrong, in one sentence, or undefined. Must be cheap when nothing relevant changed.
   */
  observe(changed: number, descriptions: readonly (D | undefined)[]): string | undefined;
}

/** What a target promises of a property while only these faults happen. */
export interface Guarantee {
  /** `linearizable`, `recovery`, … : the name of the checker that judges it. */
  readonly property: string;
  /**
   * Kinds of fault under which it still holds; `all` means every fault ftest can inject but those that lose or change what
   * was synced to disk, `never` that it need not hold at all.
   */
  readonly under: 'all' | 'never' | readonly string[];
  /** Stated exceptions, in words. */
  readonly except?: string;
}

/** What is true of every target, whoever wrote it and wherever it runs. */
export interface Target {
  readonly name: string;
  readonly summary: string;
  /** Papers, in the form a reader would search for; of a system of others where it is documented. */
  readonly sources: readonly string[];
  readonly services: readonly ServiceName[];
  readonly defaultWorkload: string;
  readonly bugs: readonly Pick<Bug<unknown>, 'name' | 'summary' | 'source'>[];
  readonly invariants: readonly Pick<Invariant<Description>, 'name' | 'summary' | 'source'>[];
  readonly promises: readonly Guarantee[];
  /** That ops may have to wait for as long as some node is down: every run then shows for how long they did. */
  readonly blocks?: true;
}

export interface NodeSystem<
  State = unknown,
  Config = unknown,
  B extends Body = Body,
  D extends Description = Description,
> extends Target,
    NodeMachine<State, Config, B, D> {
  /** The correct configuration for a service: it picks the replicated state machine, where the target has one. */
  configure(service: ServiceName): Config;
  readonly bugs: readonly Bug<Config>[];
  readonly invariants: readonly Invariant<D>[];
  /** Marks (see Effect) that a thorough campaign must have seen, each with its meaning. */
  readonly marks: Readonly<Record<string, string>>;
}

/**
 * The configuration of a system for a service, with what a bug changes in it. The same wherever it is asked for: a
 * node's program derives it from the names. Throws when the system has no bug of that name.
 */
export function configured(system: NodeSystem, service: ServiceName, bugName: string | null): unknown {
  const config = system.configure(service);
  if (bugName === null) return config;
  const bug = system.bugs.find(({ name }) => name === bugName);
  if (bug === undefined) throw new Error(`${system.name} has no bug ${bugName}`);
  return { ...(config as object), ...(bug.config as object) };
}
