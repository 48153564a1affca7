/** Runs workloads on Raft in the simulator: what a test needs to see that a workload works, and that it finds what is wrong. */
import type { Journal } from '../../harness/ports.ts';
import { type RunOutcome, runTest } from '../../harness/run.ts';
import { defaultSpec, type TestSpec } from '../../harness/spec.ts';
import { type Registry, resolveTest } from '../../harness/test.ts';
import { nemeses } from '../../nemesis/index.ts';
import { services } from '../../protocol/services/index.ts';
import type { NodeSystem } from '../../protocol/system.ts';
import { simRuntime } from '../../runtime/sim/runtime.ts';
import { raft } from '../../targets/raft/system.ts';
import { workloads } from '../index.ts';

const journal: Journal = { record() {}, log() {}, flush() {} };

export interface RaftRun extends Partial<Omit<TestSpec, 'target'>> {
  readonly workload: string;
  /** In place of the Raft there is. */
  readonly system?: NodeSystem;
}

/** Ten seconds with partitions and kills, about a second apart, where nothing else is said. */
export function runOnRaft({ system = raft as unknown as NodeSystem, ...settings }: RaftRun): Promise<RunOutcome> {
  const registry: Registry = {
    targets: new Map([[system.name, system]]),
    services,
    workloads,
    nemeses,
    runtimes: new Map([['sim', () => Promise.resolve(simRuntime())]]),
  };
  const spec: TestSpec = {
    ...defaultSpec(system.name, settings.workload, settings.seed ?? 1, settings.nodes),
    nemesis: ['partition', 'kill'],
    nemesisIntervalMs: 1000,
    timeLimitMs: 10_000,
    ...settings,
  };
  return runTest(resolveTest(spec, registry), simRuntime(), journal);
}

/** The checkers of the workload itself that convict the run. */
export async function convictedBy(run: RaftRun): Promise<string[]> {
  const { results } = await runOnRaft(run);
  const general = ['recovery', 'stats', 'faults', 'invariants'];
  return Object.keys(results.checkers).filter(
    (name) => !general.includes(name) && results.checkers[name]!.valid === false,
  );
}

/** The first seed, from 1 to `seeds`, for which a checker convicts the run; undefined where none does. */
export async function firstConviction(run: RaftRun, checker: string, seeds: number): Promise<number | undefined> {
  for (let seed = 1; seed <= seeds; seed++) {
    if ((await convictedBy({ ...run, seed })).includes(checker)) return seed;
  }
  return undefined;
}
