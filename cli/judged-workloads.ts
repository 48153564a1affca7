/** Everything that `ftest check` can judge, and what it can be held to. */
import { unknownName } from '../harness/near.ts';
import { classicWorkloads } from './classic-workloads.ts';
import { BadInput } from './exit.ts';
import type { Given, Judge, JudgedWorkload } from './judge.ts';
import { consistencyModels, objectWorkloads } from './object-workloads.ts';
import { transactionModels, transactionWorkloads } from './transaction-workloads.ts';

/** All that --workload can name. */
export const judgedWorkloads: ReadonlyMap<string, JudgedWorkload> = new Map(
  [...objectWorkloads, ...transactionWorkloads, ...classicWorkloads].map((workload) => [workload.name, workload]),
);

/** Of ftest's own runs those that are judged by one model, under this name; the others are judged by the checkers of the run. */
const workloadsOfRuns: ReadonlyMap<string, string> = new Map([
  ['register', 'cas-register'],
  ['list-append', 'list-append'],
  ['rw-register', 'rw-register'],
]);

export const workloadOfRun = (name: string): string | undefined => workloadsOfRuns.get(name);

/** The names that the text has, with commas between. Refuses unknown ones, with the near matches, and those that do not go together. */
export function modelsNamed(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const ofObjects = consistencyModels.map(({ name }) => name);
  const known = [...ofObjects, ...transactionModels];
  for (const name of names) {
    if (known.includes(name)) continue;
    const isWorkload = judgedWorkloads.has(name);
    throw new BadInput(
      isWorkload ? `${name} is no model but a workload: give --workload ${name}` : unknownName('model', name, known),
    );
  }
  const alone = names.find((name) => ofObjects.includes(name));
  if (alone === undefined || names.length === 1) return names;
  throw new BadInput(`--model takes several models of transactions, or one of objects; ${alone} is one of objects`);
}

/** The names of the workloads that can be held to these models; without models, all. */
export const workloadsOf = (models: readonly string[]): readonly string[] =>
  [...judgedWorkloads.values()]
    .filter((workload) => models.every((model) => workload.models.includes(model)))
    .map(({ name }) => name);

/** Refuses an unknown name, with the near matches, what cannot be held to these models, and what is given of other workloads. */
export function judgeOf(name: string, models: readonly string[], given: Given): Judge {
  const workload = judgedWorkloads.get(name);
  if (workload === undefined) throw new BadInput(unknownName('workload', name, workloadsOf(models)));
  const others = models.filter((model) => !workload.models.includes(model));
  if (others.length > 0) {
    const plural = others.length > 1 ? 'models' : 'model';
    const why =
      workload.models.length === 0
        ? ': it says itself what must hold; leave out --model'
        : `, only ${workloadsOf(models).join(', ')}`;
    throw new BadInput(`the ${plural} ${others.join(', ')} cannot judge the workload ${name}${why}`);
  }
  const [object] = workload.kind === 'object' ? [] : Object.keys(given.objects);
  if (object !== undefined)
    throw new BadInput(`${optionOf(object)} is about registers and counters, not about ${name}`);
  const [option] = name === 'rw-register' ? [] : Object.keys(given.transactions);
  if (option !== undefined) throw new BadInput(`${optionOf(option)} is about rw-register, not about ${name}`);
  return workload.judge(models, given);
}

const optionNames: Readonly<Record<string, string>> = {
  nilReadIsUnknown: '--nil-is-unknown',
  inference: '--no-inference',
};

const optionOf = (field: string): string =>
  optionNames[field] ?? `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
