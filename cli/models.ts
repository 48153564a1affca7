/** What `ftest check` can judge: for each workload and model, the checker. */
import type { LinearizableVerdict } from '../checkers/evidence.ts';
import { checkLinearizable } from '../checkers/linearizable/linearizable.ts';
import { casRegister } from '../checkers/linearizable/models/register.ts';
import { unknownName } from '../harness/near.ts';
import type { History } from '../history/history.ts';
import { BadInput } from './exit.ts';

export interface CheckedModel {
  readonly name: string;
  /** Workloads whose histories can be judged by it. */
  readonly workloads: readonly string[];
  readonly summary: string;
  /** Consistency models that are stronger: what breaks this one breaks them too. */
  readonly stronger: readonly string[];
}

export const models: readonly CheckedModel[] = [
  {
    name: 'linearizable',
    // A register is a cas-register on which nobody calls cas.
    workloads: ['register', 'cas-register'],
    summary:
      'Every op takes effect at one instant between its invocation and its completion; each key is an object of its own.',
    stronger: ['strict-serializable'],
  },
];

export interface JudgeOptions {
  readonly workload: string;
  readonly model: string;
  readonly observeFailedCas?: boolean | undefined;
}

/** A function that judges histories. Refuses unknown names with the near matches. */
export function judge({ workload, model: name, observeFailedCas = false }: JudgeOptions): {
  readonly model: CheckedModel;
  check(history: History): LinearizableVerdict;
} {
  const model = models.find((known) => known.name === name);
  if (model === undefined)
    throw new BadInput(
      unknownName(
        'model',
        name,
        models.map((known) => known.name),
      ),
    );
  if (!model.workloads.includes(workload)) throw new BadInput(unknownName('workload', workload, model.workloads));
  return { model, check: (history) => checkLinearizable(history, { model: casRegister(), observeFailedCas }) };
}
