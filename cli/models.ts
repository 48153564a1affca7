/** What `ftest check` can judge: kinds of objects by the name of their workload, and consistency models, each with its checker. */
import { availableParallelism } from 'node:os';
import type { Verdict } from '../checkers/checker.ts';
import { createModel, models as objectModels } from '../checkers/linearizable/models/index.ts';
import type { Model, ModelOptions } from '../checkers/linearizable/models/model.ts';
import { checkSequential } from '../checkers/sequential/sequential.ts';
import type { SessionGuarantee } from '../checkers/session/guarantees.ts';
import { checkSession } from '../checkers/session/session.ts';
import { unknownName } from '../harness/near.ts';
import type { History } from '../history/history.ts';
import { checkLinearizableInParallel } from './check-parallel.ts';
import { BadInput } from './exit.ts';

export interface CheckedWorkload {
  readonly name: string;
  readonly summary: string;
  /** The ops of the object. */
  readonly fs: readonly string[];
  /** The model of the object; refuses options that it does not have. */
  create(options: ModelOptions): Model;
}

/** Workloads whose names are not those of their models. A register here may be asked to cas, as those of ftest's own runs are. */
const modelOf: ReadonlyMap<string, string> = new Map([
  ['register', 'cas-register'],
  ['queue', 'fifo-queue'],
]);

/** Workloads of runs that are judged under another name here. */
const workloadsOfRuns: ReadonlyMap<string, string> = new Map([['register', 'cas-register']]);

/** Which objects an option is about. */
const optionsOf: readonly (readonly [option: string, field: keyof ModelOptions, models: readonly string[]])[] = [
  ['--initial', 'initial', ['register', 'cas-register', 'multi-register', 'counter']],
  ['--nil-is-unknown', 'nilReadIsUnknown', ['register', 'cas-register', 'multi-register']],
];

/** All that --workload can name. */
export const workloads: ReadonlyMap<string, CheckedWorkload> = new Map(
  [...new Set([...objectModels.keys(), ...modelOf.keys()])].flatMap((name) => {
    const model = objectModels.get(modelOf.get(name) ?? name);
    return model === undefined ? [] : [[name, checkedWorkload(name, model)] as const];
  }),
);

function checkedWorkload(name: string, { name: model, summary, fs }: Model): CheckedWorkload {
  return {
    name,
    summary,
    fs,
    create(options) {
      for (const [option, field, models] of optionsOf) {
        if (options[field] === undefined || models.includes(model)) continue;
        throw new BadInput(`${option} is about ${models.join(', ')}, not about a ${name}`);
      }
      try {
        return createModel(model, options)!;
      } catch (error) {
        if (error instanceof TypeError) throw new BadInput(`--initial: ${error.message}`);
        throw error;
      }
    },
  };
}

/** How a history is to be judged. */
export interface Task {
  /** The name by which the caller, the run, or the ops know the object. */
  readonly workload: string;
  readonly model: Model;
  readonly observeFailedCas: boolean;
  /** Configurations that may be looked at for each object; the checker's own bound where it is absent. */
  readonly budget?: number;
  readonly workers?: number;
  /** Whether an order of the ops is to be given where there is one. */
  readonly linearization: boolean;
  /** Told now and then how much has been done, in whatever unit. */
  readonly onProgress: (done: number, total: number) => void;
  /** Asked now and then; once true, what is not decided stays undecided. */
  readonly isOverdue: () => boolean;
}

export interface ConsistencyModel {
  readonly name: string;
  readonly summary: string;
  /** After "checked for". */
  readonly property: string;
  /** After what violates it, as "key 7". */
  readonly breach: string;
  /** Consistency models that are stronger: what breaks this one breaks them too. */
  readonly stronger: readonly string[];
  /** Workloads whose histories can be judged by it; absent: all. */
  readonly workloads?: readonly string[];
  /** Whether it heeds which op of one process came before which of another. */
  readonly realTime: boolean;
  /** Throws a ModelMismatch for an op that the model does not know. */
  check(history: History, task: Task): Verdict | Promise<Verdict>;
}

/** Of registers, each key by itself; a process is a session. */
const sessionModel = (name: SessionGuarantee, summary: string): ConsistencyModel => ({
  name,
  summary,
  property: name,
  breach: `breaks ${name}`,
  stronger: ['sequential', 'linearizable', 'strict-serializable'],
  workloads: ['register', 'cas-register'],
  realTime: false,
  check: (history, { model }) => checkSession(history, name, model.options),
});

/** All that --model can name. */
export const models: readonly ConsistencyModel[] = [
  {
    name: 'linearizable',
    summary:
      'Every op takes effect at one instant between its invocation and its completion; each key is an object of its own.',
    property: 'linearizability',
    breach: 'is not linearizable',
    stronger: ['strict-serializable'],
    realTime: true,
    check: (history, task) =>
      checkLinearizableInParallel(history, { ...task, workers: task.workers ?? availableParallelism() }),
  },
  {
    name: 'sequential',
    summary: 'All ops on all keys have one order that explains them and keeps the order of each process.',
    property: 'sequential consistency',
    breach: 'is not sequentially consistent',
    stronger: ['linearizable', 'strict-serializable'],
    realTime: false,
    check: (history, { linearization, ...task }) => checkSequential(history, { ...task, order: linearization }),
  },
  sessionModel('read-your-writes', 'A process sees what it has written itself, or what came after it.'),
  sessionModel('monotonic-reads', 'A process never sees less than it has seen before.'),
  sessionModel('monotonic-writes', 'What a process writes is seen in the order in which it wrote it.'),
  sessionModel('writes-follow-reads', 'What a process writes is seen after what it had read before.'),
];

/** The names of the workloads that a consistency model can judge. */
export const workloadsOf = (model: ConsistencyModel): readonly string[] => model.workloads ?? [...workloads.keys()];

/** Refuses an unknown name with the near matches. */
export function modelNamed(name: string): ConsistencyModel {
  const model = models.find((known) => known.name === name);
  const names = models.map((known) => known.name);
  if (model === undefined) throw new BadInput(unknownName('model', name, names));
  return model;
}

/** Refuses an unknown name, or one that the consistency model cannot judge, with the near matches. */
export function workloadNamed(name: string, model: ConsistencyModel): CheckedWorkload {
  const workload = workloads.get(name);
  const judged = workloadsOf(model);
  if (workload === undefined) throw new BadInput(unknownName('workload', name, judged));
  if (judged.includes(name)) return workload;
  throw new BadInput(`the model ${model.name} cannot judge the workload ${name}, only ${judged.join(', ')}`);
}

/** By what the ops of a run of ftest's own workload are judged; undefined where no model judges them. */
export const workloadOfRun = (name: string): string | undefined => {
  const judgedAs = workloadsOfRuns.get(name) ?? name;
  return workloads.has(judgedAs) ? judgedAs : undefined;
};
