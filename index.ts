/**
 * ftest as a library: run a test, judge a history, and the types to write a target of one's own.
 *
 *     import { check, readHistory, run } from 'ftest'
 *
 *     const { results } = await run({ target: 'raft', nemesis: ['partition'], seed: 7 })
 *     const verdict = check(await readHistory('history.edn'), { workload: 'cas-register' })
 */
import type { Verdict } from './checkers/checker.ts';
import type { LinearizableVerdict } from './checkers/evidence.ts';
import { checkLinearizable } from './checkers/linearizable/linearizable.ts';
import type { Model, ModelOptions } from './checkers/linearizable/models/model.ts';
import { checkSequential, type SequentialVerdict } from './checkers/sequential/sequential.ts';
import type { SessionGuarantee } from './checkers/session/guarantees.ts';
import { checkSession, type SessionVerdict } from './checkers/session/session.ts';
import { freshSeed } from './cli/arguments.ts';
import { provedBy } from './cli/check-judge.ts';
import { unrecorded } from './cli/memory-journal.ts';
import { modelNamed, workloadNamed } from './cli/models.ts';
import { createRegistry } from './cli/registry.ts';
import { type RunOutcome, runTest } from './harness/run.ts';
import { defaultSpec, SpecError, type TestSpec } from './harness/spec.ts';
import { type Registry, resolveTest } from './harness/test.ts';
import { validateCompletions } from './history/completions.ts';
import { type History, validatePairing } from './history/history.ts';
import { isIndependent, splitIndependent } from './history/independent.ts';
import type { Body } from './protocol/message.ts';
import type { Description } from './protocol/node.ts';
import type { NodeSystem } from './protocol/system.ts';

export type { Validity, Verdict } from './checkers/checker.ts';
export type { KeyFailure, LinearizableVerdict, Linearization } from './checkers/evidence.ts';
export {
  defineModel,
  illegal,
  type ModelDefinition,
  type ObservedCall,
} from './checkers/linearizable/models/define-model.ts';
export { createModel } from './checkers/linearizable/models/index.ts';
export { type Model, ModelMismatch, type ModelOptions } from './checkers/linearizable/models/model.ts';
export type { SequentialVerdict } from './checkers/sequential/sequential.ts';
export type { SessionGuarantee } from './checkers/session/guarantees.ts';
export type { SessionVerdict } from './checkers/session/session.ts';
export type { Fault, FaultName } from './harness/fault.ts';
export type { Results } from './harness/results.ts';
export type { RunOutcome } from './harness/run.ts';
export { SpecError, type TestSpec } from './harness/spec.ts';
export { History } from './history/history.ts';
export { HistoryError, MalformedHistory } from './history/malformed.ts';
export type { Op, OpType, Process } from './history/op.ts';
export { parseHistory, type ReadHistoryOptions, readHistory } from './history/read.ts';
export { Keyword, type Value } from './history/value.ts';
export type { Body, ErrorBody, ErrorName, Json, Message } from './protocol/message.ts';
export { errorBody, errorCodes } from './protocol/message.ts';
export type {
  Boot,
  Description,
  Durable,
  DurableLog,
  Effect,
  Event,
  NodeMachine,
  StartEvent,
} from './protocol/node.ts';
export type { ServiceName } from './protocol/service.ts';
export type { Bug, Guarantee, Invariant, InvariantMonitor, NodeSystem } from './protocol/system.ts';

/** What to run; what is left out has the defaults of the command line, the seed a fresh one. */
export interface RunSpec<State, Config, B extends Body, D extends Description>
  extends Partial<Omit<TestSpec, 'target'>> {
  /** The name of a target, or a target of one's own: that one runs in the simulator. */
  readonly target: string | NodeSystem<State, Config, B, D>;
}

/**
 * Runs a test and keeps everything in memory. An abort of the signal ends it early, with a heal and the verdict on what
 * there is. Throws a SpecError for a name or a number that cannot be used.
 */
export async function run<State, Config, B extends Body, D extends Description>(
  { target, ...given }: RunSpec<State, Config, B, D>,
  signal?: AbortSignal,
): Promise<RunOutcome> {
  // A system's own types for state, configuration, and messages are nobody else's business.
  const registry = registryWith(target as string | NodeSystem);
  const name = typeof target === 'string' ? target : target.name;
  const workload = given.workload ?? registry.targets.get(name)?.defaultWorkload ?? '';
  const usual = defaultSpec(name, workload, given.seed ?? freshSeed(1), given.nodes);
  const spec: TestSpec = { ...usual, ...given, workload };
  if (typeof target !== 'string' && spec.runtime !== 'sim') {
    throw new SpecError(`${name} is a target of your own, which runs in the runtime sim only, not in ${spec.runtime}`);
  }
  const test = resolveTest(spec, registry);
  const runtime = await registry.runtimes.get(spec.runtime)?.();
  if (runtime === undefined) throw new Error(`the registry has no runtime ${spec.runtime}`);
  return runTest(test, runtime, unrecorded, signal);
}

function registryWith(target: string | NodeSystem): Registry {
  const registry = createRegistry();
  if (typeof target === 'string') return registry;
  return { ...registry, targets: new Map([...registry.targets, [target.name, target]]) };
}

/** What to judge a history by. */
export interface CheckHistoryOptions extends ModelOptions {
  /** What was done: the name of a workload (`ftest list workloads`), or a model of one's own; see defineModel. */
  readonly workload: string | Model;
  /** A cas refused with the error `precondition-failed` shows that the value was another one. Default: it shows nothing. */
  readonly observeFailedCas?: boolean;
  /** Configurations that may be looked at, for each object; beyond them it is undecided. */
  readonly budget?: number;
  /** Whether the verdict on a valid history shows an order that explains it. */
  readonly linearization?: boolean;
}

/**
 * Judges a history: whether each of its objects is linearizable, or what `model` names, with evidence where it is not. Values
 * that are all tuples `[key value]`, as of Jepsen's independent objects, are taken apart. A history in which no op succeeded is
 * valid, and its reason says so. Throws a HistoryError for lines that do not pair, a ModelMismatch for an op that the model does not know.
 */
export function check(
  recorded: History,
  options: CheckHistoryOptions & { readonly model?: 'linearizable' },
): LinearizableVerdict;
export function check(
  recorded: History,
  options: CheckHistoryOptions & { readonly model: 'sequential' },
): SequentialVerdict;
export function check(
  recorded: History,
  options: CheckHistoryOptions & { readonly model: SessionGuarantee },
): SessionVerdict;
export function check(
  recorded: History,
  {
    workload,
    model: consistency = 'linearizable',
    ...options
  }: CheckHistoryOptions & { readonly model?: 'linearizable' | 'sequential' | SessionGuarantee },
): Verdict {
  validatePairing(recorded);
  const history = isIndependent(recorded) ? splitIndependent(recorded) : recorded;
  validateCompletions(history);
  const { initial, nilReadIsUnknown, linearization, ...more } = options;
  const of = {
    ...(initial === undefined ? {} : { initial }),
    ...(nilReadIsUnknown === undefined ? {} : { nilReadIsUnknown }),
  };
  const model = typeof workload === 'string' ? workloadNamed(workload, modelNamed(consistency)).create(of) : workload;
  switch (consistency) {
    case 'linearizable':
      return provedBy(history, checkLinearizable(history, { ...options, model }), false);
    case 'sequential':
      return provedBy(history, checkSequential(history, { ...more, model, order: linearization === true }), false);
    default:
      return provedBy(history, checkSession(history, consistency, of), false);
  }
}
