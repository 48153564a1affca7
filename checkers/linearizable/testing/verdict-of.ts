/** Verdicts on histories in a line per op, for tests. */
import type { Value } from '../../../history/value.ts';
import { type Calls, CRASHED } from '../calls.ts';
import { checkLinearizable } from '../linearizable.ts';
import { type Model, ModelMismatch } from '../models/model.ts';
import { objectsOf } from '../objects.ts';
import { historyOf } from './history-of.ts';

/** Whether a history as historyOf takes it is linearizable. */
export const verdictOf = (model: Model, text: string) => checkLinearizable(historyOf(text), { model }).valid;

/** As a history in which one process does one op after the other: f, input, output. */
export function sequential(...ops: readonly (readonly [string, Value, Value])[]): string {
  const json = (value: Value): string => JSON.stringify(value).replaceAll(' ', '\\u0020');
  return ops.map(([f, input, output]) => `0 invoke ${f} ${json(input)}\n0 ok ${f} ${json(output)}`).join('\n');
}

/** Why the model refuses a history; undefined where it does not. */
export function refusalOf(model: Model, text: string): string | undefined {
  try {
    verdictOf(model, text);
    return undefined;
  } catch (error) {
    if (error instanceof ModelMismatch) return error.message;
    throw error;
  }
}

/** The calls of a history, in words. */
export function wordsOf({ words }: Model, text: string): { nouns: string[]; pasts: string[] } {
  const calls = objectsOf(historyOf(text)).calls[0] as Calls;
  const all = [...calls.fate.keys()];
  return {
    nouns: all.map((call) => words.noun(calls, call)),
    pasts: all.filter((call) => calls.fate[call] !== CRASHED).map((call) => words.past(calls, call)),
  };
}

/** What the object holds after each of the calls of one process, in words. */
export function statesOf(model: Model, text: string): string[] {
  const calls = objectsOf(historyOf(text)).calls[0] as Calls;
  const { automaton, op } = model.compile(calls);
  let state = automaton.initial;
  return Array.from(op, (number) => {
    state = number < 0 ? state : automaton.step(state, number);
    return automaton.describe(state);
  });
}
