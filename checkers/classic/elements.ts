/** Elements of sets and queues, in verdicts and sentences. */
import { isArray, type Json, toJson, type Value, ValueSet } from '../../history/value.ts';
import { momentOf } from '../moments.ts';
import type { ObjectCalls } from './object-checker.ts';

/** Elements listed in a verdict, at most. */
const listedMax = 100;

/** The first of them, for a verdict; how many there are stands beside it. */
export const listed = (elements: readonly Value[]): readonly Json[] => elements.slice(0, listedMax).map(toJson);

/** The elements of a list or a set; undefined of anything else. */
export function elementsIn(value: Value): readonly Value[] | undefined {
  if (value instanceof ValueSet) return value.elements;
  return isArray(value) ? value : undefined;
}

/**
 * Where an element comes from that nobody put in who was not refused: `nobody tried to add it`, or `its add failed at 2.1 s`, with
 * the lines of that.
 */
export function originOf(
  { history, key, failed }: ObjectCalls,
  f: string,
  element: Value,
): { readonly what: string; readonly lines: readonly number[] } {
  const line = failed.find(f, key, element);
  if (line === undefined) return { what: `nobody tried to ${f} it`, lines: [] };
  const completion = history.completionOf(line);
  return { what: `its ${f} failed ${momentOf(history, completion)}`, lines: [line, completion] };
}
