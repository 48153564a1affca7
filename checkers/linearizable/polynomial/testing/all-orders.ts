/**
 * The obvious checker: every order of the calls that real time allows, with each outcome that a crashed one may have had.
 * Exponential.
 */
import { type Value, valueKey } from '../../../../history/value.ts';
import { type Calls, CRASHED } from '../../calls.ts';

/**
 * An object used by one process at a time: the states that a call may leave, none where it cannot have gone as it went.
 */
export interface Sequential {
  readonly initial: Value;
  after(state: Value, f: string, input: Value, output: Value): readonly Value[];
  /** Of a call that happened, with an unknown result. */
  afterCrashed(state: Value, f: string, input: Value): readonly Value[];
}

/** Undefined where it is not found out before so many ways have failed. */
export function hasOrder(
  calls: Calls,
  object: Sequential,
  failuresMax = Number.POSITIVE_INFINITY,
): boolean | undefined {
  const invoked: number[] = [];
  const returned = Array.from({ length: calls.length }, () => Number.POSITIVE_INFINITY);
  calls.events.forEach((event, position) => {
    (event % 2 === 0 ? invoked : returned)[Math.floor(event / 2)] = position;
  });

  const failed = new Set<string>();
  const search = (rest: readonly number[], state: Value): boolean => {
    if (rest.every((call) => calls.fate[call] === CRASHED)) return true;
    const here = `${rest.join()} ${valueKey(state)}`;
    if (failed.has(here) || failed.size > failuresMax) return false;
    const firstReturn = Math.min(...rest.map((call) => returned[call]!));
    for (const call of rest) {
      if (invoked[call]! > firstReturn) continue;
      const [f, input, output] = [calls.f[call]!, calls.input[call]!, calls.output[call]!];
      const states =
        calls.fate[call] === CRASHED ? object.afterCrashed(state, f, input) : object.after(state, f, input, output);
      const others = rest.filter((other) => other !== call);
      if (states.some((next) => search(others, next))) return true;
    }
    failed.add(here);
    return false;
  };
  const found = search([...calls.fate.keys()], object.initial);
  return !found && failed.size > failuresMax ? undefined : found;
}

/** Whether the order has each call once, all that returned and some that crashed, obeys real time, and is legal. */
export function isOrder(calls: Calls, object: Sequential, order: ArrayLike<number>): boolean {
  const position = new Map(Array.from(calls.events, (event, at) => [event, at]));
  let states: readonly Value[] = [object.initial];
  let latest = -1;
  const seen = new Set<number>();
  for (let i = 0; i < order.length; i++) {
    const call = order[i]!;
    latest = Math.max(latest, position.get(call * 2)!);
    if (seen.has(call) || (position.get(call * 2 + 1) ?? Number.POSITIVE_INFINITY) < latest) return false;
    seen.add(call);
    const [f, input, output] = [calls.f[call]!, calls.input[call]!, calls.output[call]!];
    states = states.flatMap((state) =>
      calls.fate[call] === CRASHED ? object.afterCrashed(state, f, input) : object.after(state, f, input, output),
    );
    if (states.length === 0) return false;
  }
  return calls.fate.every((fate, call) => fate === CRASHED || seen.has(call));
}
