/** The models by name. */
import { counter } from './counter.ts';
import { fencedMutex } from './fenced-mutex.ts';
import { fifoQueue } from './fifo-queue.ts';
import { kv } from './kv.ts';
import type { Model, ModelOptions } from './model.ts';
import { multiRegister } from './multi-register.ts';
import { mutex, ownerMutex } from './mutex.ts';
import { reentrantFencedMutex, reentrantMutex } from './reentrant-mutex.ts';
import { casRegister, register } from './register.ts';
import { set } from './set.ts';
import { stack } from './stack.ts';
import { unorderedQueue } from './unordered-queue.ts';

const factories: readonly ((options?: ModelOptions) => Model)[] = [
  register,
  casRegister,
  multiRegister,
  mutex,
  ownerMutex,
  fencedMutex,
  reentrantMutex,
  reentrantFencedMutex,
  fifoQueue,
  unorderedQueue,
  stack,
  set,
  counter,
  kv,
];

/** Each as it is without options. */
export const models: ReadonlyMap<string, Model> = new Map(
  factories.map((create) => create()).map((model) => [model.name, model]),
);

/** Undefined where there is no model of this name. */
export function createModel(name: string, options: ModelOptions): Model | undefined {
  const index = [...models.keys()].indexOf(name);
  return index < 0 ? undefined : factories[index]!(options);
}
