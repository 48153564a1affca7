/** Drives workloads at imagined clients: what a test of what they ask needs in place of a cluster. */
import { clients, limit, nothing, phase, phases, stagger, timeLimit } from '../../harness/combinators.ts';
import { defaultSpec, type TestSpec } from '../../harness/spec.ts';
import type { WorkloadParts } from '../../harness/test.ts';
import { type Simulation, simulate } from '../../harness/testing/simulate.ts';
import type { Op } from '../../history/op.ts';
import { workloads } from '../index.ts';

const nodeIdsOf = (nodes: number): string[] => Array.from({ length: nodes }, (_, i) => `n${i + 1}`);

export interface Imagined extends Partial<Omit<TestSpec, 'target' | 'workload'>> {
  /** Ops of load. Default 1000. */
  readonly ops?: number;
  readonly respond?: Simulation['respond'];
  /** How long each op takes; below a second. Default 5. */
  readonly latencyMs?: number;
}

export interface Asked {
  readonly load: readonly Op[];
  /** What came after the load. */
  readonly final: readonly Op[];
}

export function specOf(workload: string, settings: Imagined = {}): TestSpec {
  const { ops: _, respond: __, latencyMs: ___, ...spec } = settings;
  return { ...defaultSpec('raft', workload, settings.seed ?? 1, settings.nodes), ...spec };
}

export function partsOf(workload: string, settings: Imagined = {}): WorkloadParts {
  const spec = specOf(workload, settings);
  return workloads.get(workload)!.create({ spec, nodeIds: nodeIdsOf(spec.nodes) });
}

/** As the harness has it where an op is answered within five seconds. */
const finalReadsMs = 15_000;

/** Some ops of load, then the final reads. */
export function ask(workload: string, settings: Imagined = {}): Asked {
  const { concurrency, nodes, seed } = specOf(workload, settings);
  const { generator, finalReads = nothing } = partsOf(workload, settings);
  const load = clients(limit(settings.ops ?? 1000, stagger(1, generator)));
  const history = simulate(phases(load, phase('final-reads'), timeLimit(finalReadsMs, clients(finalReads))), {
    concurrency,
    nodeIds: nodeIdsOf(nodes),
    seed,
    latencyMs: settings.latencyMs ?? 5,
    ...(settings.respond === undefined ? {} : { respond: settings.respond }),
  });
  const boundary = history.findIndex(({ f }) => f === 'phase');
  const ofClients = (ops: readonly Op[]): Op[] => ops.filter(({ process }) => process !== 'nemesis');
  return { load: ofClients(history.slice(0, boundary)), final: ofClients(history.slice(boundary)) };
}

/** Some ops of each of the probes, of all clients, in the order of the probes. */
export function probed(workload: string, count: number, settings: Imagined = {}): Op[][] {
  const { concurrency, seed } = specOf(workload, settings);
  return partsOf(workload, settings).probes.map(({ generator }) =>
    invocations(simulate(clients(limit(count, generator)), { concurrency, seed })),
  );
}

export const invocations = (history: readonly Op[]): Op[] => history.filter(({ type }) => type === 'invoke');
