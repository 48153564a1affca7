/** Values out of nowhere: the contradiction that needs no search, however often other values repeat. */
import type { Value } from '../../../history/value.ts';
import { type Calls, CRASHED } from '../calls.ts';
import type { Decision, Words } from '../models/model.ts';
import { ValueNumbers } from '../value-numbers.ts';

/**
 * Not linearizable where a call returned that needs a value which the object does not hold at first, and which no call invoked
 * before its return leaves, itself included; the first such call to return is the core. Else undefined: nothing is known. All calls must
 * be such as the model knows. Linear.
 */
export function unproduced(
  calls: Calls,
  { expects, leaves }: Words,
  holdsAtFirst: (value: Value) => boolean = () => false,
): Decision | undefined {
  const values = new ValueNumbers();
  const left = new Set<number>();
  for (const event of calls.events) {
    const call = event >>> 1;
    if ((event & 1) === 0) {
      const value = leaves!(calls, call);
      if (value !== undefined) left.add(values.of(value));
      continue;
    }
    const value = calls.fate[call] === CRASHED ? undefined : expects!(calls, call);
    if (value === undefined || holdsAtFirst(value) || left.has(values.of(value))) continue;
    return { linearizable: false, core: [call] };
  }
  return undefined;
}
