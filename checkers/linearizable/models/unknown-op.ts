import type { Calls } from '../calls.ts';
import { ModelMismatch } from './model.ts';

/** What is thrown for a call that is none of the model's `fs`. */
export function unknownOp({ invocation, f }: Calls, call: number, model: string, fs: readonly string[]): ModelMismatch {
  const index = invocation[call]!;
  const what = `op ${index} is ${withArticle(f[call]!)}`;
  return new ModelMismatch(index, `${what}; the ${model} model knows ${fs.join(', ')}: choose another model`);
}

/** `an add`, `a put`. */
export const withArticle = (noun: string): string => `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
