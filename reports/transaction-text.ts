/** Transactions as text, each of their micro-ops by itself. */
import { formatValue, isArray, type Json, nameOf, toJson, type Value } from '../history/value.ts';
import { displayText, displayValue } from './display.ts';
import type { Span } from './spans.ts';

export interface MicroOpText {
  /** `append 3 5`, `r 3 → [1 2]`; of a read that did not return `r 3`. */
  readonly text: string;
  /** The key that it is about, as evidence has it, in JSON; undefined where there is none. */
  readonly key: string | undefined;
}

const longestValue = 40;

/** What a transaction did, as its completion says, or, where none says it, what it was asked to do. */
export function microOpsOf({ input, output, type }: Span): MicroOpText[] {
  const returned = type === 'ok' && isArray(output);
  const told = returned ? output : input;
  const microOps = isArray(told) ? told : told === null ? [] : [told];
  return microOps.map((microOp) => ({ text: describeMicroOp(microOp, returned), key: keyOf(microOp) }));
}

export const keyText = (key: Json): string => JSON.stringify(key);

/** A value of evidence, where keywords stand as strings that begin with a colon. */
export const displayJson = (json: Json, longest = longestValue): string =>
  typeof json === 'string' && /^:[^\s"]+$/.test(json)
    ? displayText(json.slice(0, longest))
    : displayValue(json as Value, longest);

const keyOf = (microOp: Value): string | undefined =>
  isArray(microOp) && microOp.length > 1 ? keyText(toJson(microOp[1]!)) : undefined;

function describeMicroOp(microOp: Value, returned: boolean): string {
  if (!isArray(microOp) || microOp.length < 2 || microOp.length > 3) return displayValue(microOp, 2 * longestValue);
  const [f, key, value = null] = microOp as readonly [Value, Value, Value?];
  const asked = `${displayText(nameOf(f) ?? formatValue(f))} ${displayValue(key, longestValue)}`;
  const isRead = nameOf(f) === 'r' || nameOf(f) === 'read';
  if (isRead) return returned ? `${asked} → ${displayValue(value, longestValue)}` : asked;
  return `${asked} ${displayValue(value, longestValue)}`;
}
