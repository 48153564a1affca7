/** The obvious checker: every order of the calls that real time allows, on a plain register. Exponential; shares nothing with the search. */
import type { Value } from '../../../history/value.ts';
import { type Calls, CRASHED, REFUSED } from '../calls.ts';

export function isLinearizable(calls: Calls, nilReadIsUnknown = false): boolean {
  const invokedAt: number[] = [];
  const returnedAt: number[] = [];
  for (let call = 0; call < calls.length; call++) returnedAt.push(Number.POSITIVE_INFINITY);
  calls.events.forEach((event, position) => {
    if (event % 2 === 0) invokedAt[event / 2] = position;
    else returnedAt[(event - 1) / 2] = position;
  });

  const rest = new Set<number>();
  for (let call = 0; call < calls.length; call++) rest.add(call);

  const search = (state: Value): boolean => {
    let firstReturn = Number.POSITIVE_INFINITY;
    let allReturnedDone = true;
    for (const call of rest) {
      firstReturn = Math.min(firstReturn, returnedAt[call]!);
      if (calls.fate[call] !== CRASHED) allReturnedDone = false;
    }
    if (allReturnedDone) return true;
    for (const call of [...rest]) {
      if (invokedAt[call]! > firstReturn) continue;
      const next = applyCall(calls, call, state, nilReadIsUnknown);
      if (next === undefined) continue;
      rest.delete(call);
      if (search(next)) return true;
      rest.add(call);
    }
    return false;
  };
  return search(null);
}

/** The state after the call, or undefined where it cannot have gone as it went. */
export function applyCall(calls: Calls, call: number, state: Value, nilReadIsUnknown = false): Value | undefined {
  const fate = calls.fate[call];
  const input = calls.input[call]!;
  switch (calls.f[call]) {
    case 'read': {
      const output = calls.output[call]!;
      const saysNothing = fate === CRASHED || (nilReadIsUnknown && output === null);
      return saysNothing || output === state ? state : undefined;
    }
    case 'write':
      return input;
    default: {
      const [expected, replacement] = input as readonly [Value, Value];
      if (fate === REFUSED) return state === expected ? undefined : state;
      if (state === expected) return replacement;
      return fate === CRASHED ? state : undefined;
    }
  }
}
