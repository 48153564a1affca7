/** Test: a TestSpec resolved through a Registry into the values that a run consists of. */
import type { Checker } from '../checkers/checker.ts';
import type { Service, ServiceName } from '../protocol/service.ts';
import type { NodeSystem } from '../protocol/system.ts';
import type { FaultName } from './fault.ts';
import type { Generator } from './generator.ts';
import type { Runtime } from './ports.ts';
import type { RuntimeName, TestSpec } from './spec.ts';

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

export interface WorkloadParts {
  /** What clients do while faults happen, without end and without rate: the harness limits both. */
  readonly generator: Generator;
  /** One op that a healthy node answers, for recovery: repeated by each thread until it is ok. */
  readonly probe: Generator;
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
  readonly targets: ReadonlyMap<string, NodeSystem>;
  readonly services: ReadonlyMap<ServiceName, Service>;
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly nemeses: ReadonlyMap<string, Nemesis>;
  readonly runtimes: ReadonlyMap<RuntimeName, () => Promise<Runtime>>;
}

export interface Test extends Setting {
  readonly system: NodeSystem;
  /** The system's configuration, the bug switched on where the spec names one. */
  readonly config: unknown;
  readonly service: Service;
  /** The whole run: faults and clients, heal, recovery, final reads. */
  readonly generator: Generator;
  readonly checkers: readonly Checker[];
}
