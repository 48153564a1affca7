/** Kinds of objects that `ftest check` can judge, by the name of their workload, and the consistency models of objects. */
import { availableParallelism } from 'node:os';
import type { Verdict } from '../checkers/checker.ts';
import { createModel, models as objectModels } from '../checkers/linearizable/models/index.ts';
import type { Model, ModelOptions } from '../checkers/linearizable/models/model.ts';
import { checkSequential } from '../checkers/sequential/sequential.ts';
import type { SessionGuarantee } from '../checkers/session/guarantees.ts';
import { checkSession } from '../checkers/session/session.ts';
import type { History } from '../history/history.ts';
import { checkLinearizableInParallel } from './check-parallel.ts';
import { BadInput } from './exit.ts';
import type { Effort, JudgedWorkload } from './judge.ts';

/** Workloads whose names are not those of their models. A register here may be asked to cas, as those of ftest's own runs are. */
const modelOf: ReadonlyMap<string, string> = new Map([
  ['register', 'cas-register'],
  ['queue', 'fifo-queue'],
]);

/** Which objects an option is about. */
const optionsOf: readonly (readonly [option: string, field: keyof ModelOptions, models: readonly string[]])[] = [
  ['--initial', 'initial', ['register', 'cas-register', 'multi-register', 'counter']],
  ['--nil-is-unknown', 'nilReadIsUnknown', ['register', 'cas-register', 'multi-register']],
];

/** The model of such an object. Refuses options that this kind of object does not have. */
export function createObject(workload: string, options: ModelOptions): Model {
  const { name: model } = objectModels.get(modelOf.get(workload) ?? workload)!;
  for (const [option, field, models] of optionsOf) {
    if (options[field] === undefined || models.includes(model)) continue;
    throw new BadInput(`${option} is about ${models.join(', ')}, not about a ${workload}`);
  }
  try {
    return createModel(model, options)!;
  } catch (error) {
    if (error instanceof TypeError) throw new BadInput(`--initial: ${error.message}`);
    throw error;
  }
}

interface ObjectTask extends Effort {
  readonly model: Model;
}

/** A consistency model of objects. */
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
  check(history: History, task: ObjectTask): Verdict | Promise<Verdict>;
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

/** Those of objects that --model can name. */
export const consistencyModels: readonly ConsistencyModel[] = [
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

const isFree = (workload: string, { initial }: ModelOptions): boolean =>
  workload === 'multi-register' && initial === undefined;

/** All kinds of objects. */
export const objectWorkloads: readonly JudgedWorkload[] = [...new Set([...objectModels.keys(), ...modelOf.keys()])].map(
  (workload) => {
    const { summary, fs } = objectModels.get(modelOf.get(workload) ?? workload)!;
    const models = consistencyModels.filter(({ workloads }) => workloads === undefined || workloads.includes(workload));
    return {
      name: workload,
      kind: 'object',
      summary,
      fs,
      models: models.map(({ name }) => name),
      judge([name = 'linearizable'], { objects }) {
        const model = createObject(workload, objects);
        const { property, breach, realTime, stronger, check } = models.find((one) => one.name === name)!;
        return {
          workload,
          model: name,
          // Else nobody would know why a read of what no one wrote is valid.
          property: isFree(workload, objects) ? `${property}, whatever the registers held at first` : property,
          breach,
          realTime,
          fs,
          check: (history, effort) => check(history, { ...effort, model }),
          ruledOut: () => ({ anomalies: [`not-${name}`], not: [name], alsoNot: stronger }),
        };
      },
    };
  },
);
