/** Test: a TestSpec resolved through a Registry into the values that a run consists of. */
import type { Checker } from '../checkers/checker.ts';
import { availability } from '../checkers/classic/availability.ts';
import { faultsHappened } from '../checkers/faults.ts';
import { recovery } from '../checkers/recovery.ts';
import { stats } from '../checkers/stats.ts';
import type { Service, ServiceName } from '../protocol/service.ts';
import { configured, type Guarantee, type NodeSystem, type Target } from '../protocol/system.ts';
import {
  anyInOrder,
  clients,
  delay,
  eachThread,
  nemesis,
  nothing,
  phase,
  phases,
  sequence,
  stagger,
  timeLimit,
  untilOk,
} from './combinators.ts';
import { type AnySystem, type ContainerSystem, isContainerSystem, recoveryMsOf } from './container-system.ts';
import type { FaultName } from './fault.ts';
import type { Generator } from './generator.ts';
import { unknownName } from './near.ts';
import type { Runtime } from './ports.ts';
import { nodeIdsOf, type RuntimeName, SpecError, type TestSpec } from './spec.ts';

/** What workloads and nemeses may look at when they are made for a test. */
export interface Setting {
  readonly spec: TestSpec;
  /** n1, n2, … */
  readonly nodeIds: readonly string[];
}

/** Drives one service: what clients do, and how the history of it is judged. */
export interface Workload {
  readonly name: string;
  readonly summary: string;
  readonly service: ServiceName;
  create(setting: Setting): WorkloadParts;
}

/** Ops of one kind, without end. */
export interface Probe {
  readonly f: string;
  readonly generator: Generator;
}

export interface WorkloadParts {
  /** What clients do while faults happen, without end and without rate: the harness limits both. */
  readonly generator: Generator;
  /** For recovery: each thread does each probe until it is ok, one after the other. A healthy node answers all of them. */
  readonly probes: readonly Probe[];
  /** After recovery: reads that show what has become of everything written. */
  readonly finalReads?: Generator;
  readonly checkers: readonly Checker[];
}

/** Decides which fault, on whom, when. */
export interface Nemesis {
  readonly name: string;
  readonly summary: string;
  /** All faults it may inject, inverses included: a runtime that refuses one refuses the nemesis. */
  readonly faults: readonly FaultName[];
  create(setting: Setting): NemesisParts;
}

export interface NemesisParts {
  /** Begins faults and ends them, without end, about `nemesisIntervalMs` apart. */
  readonly generator: Generator;
  /** Ends whatever it may have begun. */
  readonly heal: Generator;
}

/** Everything that can be named in a TestSpec. Entry points pass one in. */
export interface Registry {
  readonly targets: ReadonlyMap<string, AnySystem>;
  readonly services: ReadonlyMap<ServiceName, Service>;
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly nemeses: ReadonlyMap<string, Nemesis>;
  readonly runtimes: ReadonlyMap<RuntimeName, () => Promise<Runtime>>;
}

export interface Test extends Setting {
  readonly system: AnySystem;
  /** The configuration of a NodeSystem, the bug switched on where the spec names one. */
  readonly config: unknown;
  /** Of a container system: each of its options with its value. */
  readonly targetOptions: Readonly<Record<string, string>>;
  /** What the system promises under these options. */
  readonly promises: readonly Guarantee[];
  readonly service: Service;
  /** The whole run: faults and clients, heal, recovery, final reads. */
  readonly generator: Generator;
  /** What is still done after an interrupt: the heal. */
  readonly interrupted?: Generator;
  /** Every fault that the nemeses may inject. */
  readonly faults?: readonly FaultName[];
  readonly checkers: readonly Checker[];
}

const probeIntervalMs = 200;

/**
 * Looks the spec's names up and puts the run together: faults and load, heal, recovery, final reads. Throws a
 * SpecError for a name that the registry does not have, with the near matches, and for numbers that make no sense.
 */
export function resolveTest(spec: TestSpec, registry: Registry): Test {
  checkNumbers(spec);
  const system = lookUp('target', spec.target, registry.targets);
  const workload = lookUp('workload', spec.workload, registry.workloads);
  lookUp('runtime', spec.runtime, registry.runtimes);
  checkImage(spec);
  const nemeses = spec.nemesis.map((name) => lookUp('nemesis', name, registry.nemeses));
  if (!system.services.includes(workload.service)) {
    throw new SpecError(
      `workload "${workload.name}" needs the service ${workload.service}, but ${system.name} offers ${system.services.join(', ')}: ${workloadsFor(system, registry)}`,
    );
  }
  const targetOptions = readTargetOptions(system, spec);
  const service = registry.services.get(workload.service);
  if (service === undefined) throw new Error(`the registry has no service ${workload.service}`);
  checkBug(system, spec.bug);
  const setting: Setting = { spec, nodeIds: nodeIdsOf(spec) };
  const parts = workload.create(setting);
  const packages = nemeses.map((each) => each.create(setting));
  const heal = healing(packages);
  return {
    ...setting,
    system,
    config: isContainerSystem(system) ? undefined : configured(system, service.name, spec.bug),
    targetOptions,
    promises: isContainerSystem(system)
      ? (system.promisesWith?.(targetOptions, service.name) ?? system.promises)
      : system.promises,
    service,
    generator: wholeRun(spec, recoveryMsOf(system), parts, packages, heal),
    interrupted: heal,
    faults: [...new Set(nemeses.flatMap((each) => each.faults))],
    checkers: [
      ...parts.checkers,
      recovery({ concurrency: spec.concurrency, recoveryMs: recoveryMsOf(system), fs: parts.probes.map(({ f }) => f) }),
      stats(),
      ...(system.blocks === undefined ? [] : [availability()]),
      ...vacuity(nemeses),
    ],
  };
}

/** Faults that were asked for must happen, or nothing was tested under them. */
const vacuity = (nemeses: readonly Nemesis[]): readonly Checker[] =>
  nemeses.length === 0 ? [] : [{ name: 'faults', check: (history) => faultsHappened(history, nemeses) }];

function lookUp<Name extends string, Item>(kind: string, name: Name, items: ReadonlyMap<Name, Item>): Item {
  const item = items.get(name);
  if (item === undefined) throw new SpecError(unknownName(kind, name, items.keys()));
  return item;
}

function workloadsFor(system: Target, registry: Registry): string {
  const fitting = [...registry.workloads.values()].filter(({ service }) => system.services.includes(service));
  return `choose ${fitting.map(({ name }) => name).join(' or ')}`;
}

function checkBug(system: Target, bug: string | null): void {
  const names = system.bugs.map(({ name }) => name);
  if (bug === null || names.includes(bug)) return;
  throw new SpecError(unknownName(`bug of ${system.name}`, bug, names));
}

/** The node that a runtime of ours hosts; a container system has none. */
export function nodeSystemOf({ system }: Pick<Test, 'system'>): NodeSystem {
  if (!isContainerSystem(system)) return system;
  throw new Error(`${system.name} is no state machine that could be hosted`);
}

/** Each option of the system with its value: the one asked for, or the default. */
function readTargetOptions(system: AnySystem, spec: TestSpec): Readonly<Record<string, string>> {
  const known = isContainerSystem(system) ? system.options : [];
  if (isContainerSystem(system)) checkContainers(system, spec);
  const values = new Map(known.map(({ name, values }) => [name, values[0] as string]));
  for (const pair of spec.options['target-option']?.split(',') ?? []) {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    const option = known.find((each) => each.name === name);
    if (option === undefined) {
      const names = known.map((each) => each.name);
      throw new SpecError(
        names.length === 0
          ? `${system.name} has no options: leave --target-option ${pair} out`
          : unknownName(`option of ${system.name}`, name, names),
      );
    }
    if (!option.values.includes(value)) throw new SpecError(unknownName(`value of ${name}`, value, option.values));
    values.set(name, value);
  }
  return Object.fromEntries(values);
}

/** What containers are made of is said in vain where there are none. */
function checkImage({ runtime, options }: TestSpec): void {
  const [option] = ['image', 'dockerfile'].filter((name) => options[name] !== undefined);
  if (option === undefined || runtime === 'docker') return;
  throw new SpecError(`${option} is about containers, and the runtime is ${runtime}: choose the runtime docker`);
}

function checkContainers({ name, sizes }: ContainerSystem, { runtime, nodes }: TestSpec): void {
  if (runtime !== 'docker') {
    throw new SpecError(`${name} runs in containers only, not in the runtime ${runtime}: add --runtime docker`);
  }
  if (sizes !== undefined && !sizes.includes(nodes)) {
    throw new SpecError(`${name} has ${sizes.join(' or ')} nodes, not ${nodes}`);
  }
}

function wholeRun(
  spec: TestSpec,
  recoveryMs: number,
  workload: WorkloadParts,
  packages: readonly NemesisParts[],
  heal: Generator,
): Generator {
  const boundMs = recoveryMs + spec.opTimeoutMs;
  const load = clients(stagger(1000 / spec.rate, workload.generator));
  const faults = packages.map(({ generator }) => nemesis(generator));
  const probes = workload.probes.map(({ generator }) => untilOk(delay(probeIntervalMs, generator)));
  const probing = clients(eachThread(sequence(...probes)));
  const finalReads = workload.finalReads;
  return phases(
    phase('faults'),
    timeLimit(spec.timeLimitMs, anyInOrder(load, ...faults)),
    heal,
    phase('recovery'),
    timeLimit(boundMs, probing),
    finalReads === undefined ? nothing : sequence(phase('final-reads'), timeLimit(boundMs, clients(finalReads))),
  );
}

/** Ends every fault, the packages in order. */
const healing = (packages: readonly NemesisParts[]): Generator =>
  nemesis(sequence(phase('heal'), ...packages.map(({ heal }) => heal)));

function checkNumbers(spec: TestSpec): void {
  whole('nodes', spec.nodes, 1, 99);
  whole('concurrency', spec.concurrency, 1, 10_000);
  whole('seed', spec.seed, 0, 0xffffffff);
  // The lower bound is that of stagger's intervals.
  within('rate', spec.rate, 0.0005, 1_000_000, 'ops per second');
  within('time limit', spec.timeLimitMs, 1, 86_400_000, 'ms');
  within('op timeout', spec.opTimeoutMs, 1, 3_600_000, 'ms');
  within('nemesis interval', spec.nemesisIntervalMs, 1, 3_600_000, 'ms');
}

function whole(what: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new SpecError(`${what} must be a whole number from ${min} to ${max}, not ${value}`);
}

function within(what: string, value: number, min: number, max: number, unit: string): void {
  if (value >= min && value <= max) return;
  throw new SpecError(`${what} must be from ${min} to ${max} ${unit}, not ${value}`);
}
