/** The models by name, each as it is without options. */
import type { Model } from './model.ts';
import { casRegister, register } from './register.ts';

export const models: ReadonlyMap<string, Model> = new Map(
  [register(), casRegister()].map((model) => [model.name, model]),
);
