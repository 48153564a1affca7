/** The obvious checker: every order of the calls that real time allows, on a plain object. Exponential; shares nothing with the search. */
import { type Value, valueKey } from '../../../history/value.ts';
import { type Calls, CRASHED, REFUSED } from '../calls.ts';

/** What an object may do, as plainly as can be. */
export interface Specification {
  /** States that it may begin in. */
  initial(calls: Calls): readonly Value[];
  /** All states that the call may leave if it went as it went; none where it cannot have. */
  after(calls: Calls, call: number, state: Value): readonly Value[];
}

export function isLinearizableBy(specification: Specification, calls: Calls): boolean {
  const invokedAt: number[] = [];
  const returnedAt: number[] = [];
  for (let call = 0; call < calls.length; call++) returnedAt.push(Number.POSITIVE_INFINITY);
  calls.events.forEach((event, position) => {
    if (event % 2 === 0) invokedAt[event / 2] = position;
    else returnedAt[(event - 1) / 2] = position;
  });

  const inVain = new Set<string>();
  const search = (rest: readonly number[], state: Value): boolean => {
    if (rest.every((call) => calls.fate[call] === CRASHED)) return true;
    const here = `${rest} ${valueKey(state)}`;
    if (inVain.has(here)) return false;
    const firstReturn = Math.min(...rest.map((call) => returnedAt[call]!));
    for (const call of rest) {
      if (invokedAt[call]! > firstReturn) continue;
      const others = rest.filter((other) => other !== call);
      if (specification.after(calls, call, state).some((next) => search(others, next))) return true;
    }
    inVain.add(here);
    return false;
  };
  const all = Array.from({ length: calls.length }, (_, call) => call);
  return specification.initial(calls).some((state) => search(all, state));
}

export function isLinearizable(calls: Calls, nilReadIsUnknown = false): boolean {
  const register: Specification = {
    initial: () => [null],
    after(of, call, state) {
      const next = applyCall(of, call, state, nilReadIsUnknown);
      return next === undefined ? [] : [next];
    },
  };
  return isLinearizableBy(register, calls);
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
