/**
 * ftest as a library: run a test, judge a history, and what it takes to test a system of one's own.
 *
 *     import { check, defineTarget, readHistory, run } from 'ftest'
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
import type { TransactionalVerdict } from './checkers/transactional/evidence.ts';
import { freshSeed } from './cli/arguments.ts';
import { provedBy } from './cli/check-judge.ts';
import { findWorkload } from './cli/check-workload.ts';
import { judgedWorkloads, judgeOf, modelsNamed } from './cli/judged-workloads.ts';
import { unrecorded } from './cli/memory-journal.ts';
import { createObject } from './cli/object-workloads.ts';
import { createRegistry, fullTargetName } from './cli/registry.ts';
import { type ContainerSystem, isContainerSystem, nodesOf } from './harness/container-system.ts';
import { checkSystem } from './harness/define-target.ts';
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
export type { TransactionalVerdict } from './checkers/transactional/evidence.ts';
export { type Config, defineConfig } from './cli/define-config.ts';
export { defineTarget } from './cli/define-target.ts';
export { BadInput } from './cli/exit.ts';
export type {
  ClientSetting,
  ContainerPlan,
  ContainerSystem,
  Endpoint,
  ImageSource,
  MachineProgram,
  MemberStatus,
  Placement,
  SystemClient,
  TargetOption,
} from './harness/container-system.ts';
export type { TargetDefinition } from './harness/define-target.ts';
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
export type { Outcome, ServiceName, ServiceOp } from './protocol/service.ts';
export type { Bug, Guarantee, Invariant, InvariantMonitor, NodeSystem } from './protocol/system.ts';
export { type ComposeOptions, fromCompose } from './runtime/docker/compose.ts';

/** What to run; what is left out has the defaults of the command line, the seed a fresh one. */
export interface RunSpec<State, Config, B extends Body, D extends Description>
  extends Partial<Omit<TestSpec, 'target' | 'config'>> {
  /**
   * The name of a target, or a target of one's own: a state machine, which runs in the simulator, or a system in containers
   * (see defineTarget), for which the runtime is docker.
   */
  readonly target: string | NodeSystem<State, Config, B, D> | ContainerSystem;
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
  const own = typeof target === 'string' ? undefined : (target as NodeSystem | ContainerSystem);
  const name = typeof target === 'string' ? fullTargetName(target) : target.name;
  const usualRegistry = createRegistry();
  const registry: Registry =
    own === undefined ? usualRegistry : { ...usualRegistry, targets: new Map([...usualRegistry.targets, [name, own]]) };
  const system = registry.targets.get(name);
  const inContainers = system !== undefined && isContainerSystem(system);
  const workload = given.workload ?? system?.defaultWorkload ?? '';
  const nodes = given.nodes ?? (system === undefined ? undefined : nodesOf(system));
  const usual = defaultSpec(name, workload, given.seed ?? freshSeed(1), nodes);
  const spec: TestSpec = { ...usual, ...(inContainers ? { runtime: 'docker' } : {}), ...given, workload };
  if (own !== undefined) checkOwn(own, spec);
  const test = resolveTest(spec, registry);
  const runtime = await registry.runtimes.get(spec.runtime)?.();
  if (runtime === undefined) throw new Error(`the registry has no runtime ${spec.runtime}`);
  return runTest(test, runtime, unrecorded, signal);
}

function checkOwn(own: NodeSystem | ContainerSystem, { runtime }: TestSpec): void {
  if (isContainerSystem(own)) {
    checkSystem(own);
  } else if (runtime !== 'sim') {
    throw new SpecError(`${own.name} is a target of your own, which runs in the runtime sim only, not in ${runtime}`);
  }
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

/** What to judge a history of transactions by. */
export interface CheckTransactionsOptions {
  readonly workload: 'list-append' | 'rw-register';
  /** Consistency models, by any name that `ftest list models` shows. Default strict-serializable. */
  readonly model?: string | readonly string[];
  /** Of an rw-register: each key is sequentially consistent. Default: not known. */
  readonly sequentialKeys?: boolean;
  /** Of an rw-register: each key is linearizable. Default: not known. */
  readonly linearizableKeys?: boolean;
  /** Of an rw-register: a transaction overwrites what it read. Default: not known. */
  readonly writesFollowReads?: boolean;
  /** Of an rw-register: whether more is inferred than every database promises; what it rests on is told. Default: it is. */
  readonly inference?: boolean;
  /** Edges that the searches for cycles may look at. */
  readonly budget?: number;
}

/** What to judge a history by that one of Jepsen's other checkers is made for: `bank`, `set-full`, and so on. */
export interface CheckClassicOptions {
  readonly workload: string;
}

/**
 * Judges a history: whether each of its objects is linearizable, or what `model` names, with evidence where it is not; of
 * transactions, whether they are isolated as the models ask. Without a workload the ops must make plain what they were done on. Values
 * that are all tuples `[key value]`, as of Jepsen's independent objects, are taken apart. A history in which no op succeeded is
 * valid, and its reason says so. Throws a HistoryError for lines that do not pair, a ModelMismatch for an op that the model does not know, a
 * BadInput for names and options that cannot be used.
 */
export function check(recorded: History, options: CheckTransactionsOptions): TransactionalVerdict;
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
export function check(recorded: History, options: CheckClassicOptions): Verdict;
export function check(recorded: History): Verdict;
export function check(recorded: History, given?: AnyCheckOptions): Verdict {
  validatePairing(recorded);
  const history = isIndependent(recorded) ? splitIndependent(recorded) : recorded;
  validateCompletions(history);
  const workload = given?.workload ?? findWorkload(history, [], 'the history');
  if (workload === null) return { valid: 'unknown', reason: 'there is no op of a client in it, so nothing was proved' };
  const options = { ...given, workload };
  const isObject = typeof workload !== 'string' || judgedWorkloads.get(workload)?.kind === 'object';
  const verdict = isObject
    ? checkObjects(history, options as CheckHistoryOptions)
    : checkOthers(history, options as CheckTransactionsOptions);
  return provedBy(history, verdict, false);
}

type AnyCheckOptions =
  | CheckClassicOptions
  | CheckTransactionsOptions
  | (CheckHistoryOptions & { readonly model?: ObjectModelName });

type ObjectModelName = 'linearizable' | 'sequential' | SessionGuarantee;

function checkObjects(
  history: History,
  {
    workload,
    model: consistency = 'linearizable',
    initial,
    nilReadIsUnknown,
    linearization,
    ...more
  }: CheckHistoryOptions & { readonly model?: ObjectModelName },
): Verdict {
  const objects = {
    ...(initial === undefined ? {} : { initial }),
    ...(nilReadIsUnknown === undefined ? {} : { nilReadIsUnknown }),
  };
  if (typeof workload === 'string') judgeOf(workload, [consistency], { objects, transactions: {} });
  const model = typeof workload === 'string' ? createObject(workload, objects) : workload;
  switch (consistency) {
    case 'linearizable':
      return checkLinearizable(history, { ...more, model, linearization: linearization === true });
    case 'sequential':
      return checkSequential(history, { ...more, model, order: linearization === true });
    default:
      return checkSession(history, consistency, objects);
  }
}

function checkOthers(
  history: History,
  { workload, model = [], budget, ...transactions }: CheckTransactionsOptions,
): Verdict {
  const models = [model].flat().flatMap((name) => modelsNamed(name));
  const judge = judgeOf(workload, models, { objects: {}, transactions });
  const verdict = judge.check(history, {
    observeFailedCas: false,
    linearization: false,
    onProgress() {},
    isOverdue: () => false,
    ...(budget === undefined ? {} : { budget }),
  });
  return verdict as Verdict;
}
