/**
 * The obvious way to ask whether some calls are possible if each of the others may happen any number of times, or never, in
 * its time, and those begun before the first of the held ones in any order before it too.
 */
import type { Value } from '../../../history/value.ts';
import { type Calls, CRASHED } from '../calls.ts';
import { applyCall } from './permutations.ts';

export function isPossible(calls: Calls, held: readonly number[]): boolean {
  const invokedAt: number[] = [];
  const returnedAt = Array.from({ length: calls.length }, () => Number.POSITIVE_INFINITY);
  calls.events.forEach((event, position) => {
    (event % 2 === 0 ? invokedAt : returnedAt)[event >>> 1] = position;
  });

  const tried = new Set<string>();
  const search = (rest: readonly number[], state: Value, earliest: number): boolean => {
    if (rest.every((call) => calls.fate[call] === CRASHED)) return true;
    const here = JSON.stringify([rest, state, earliest]);
    if (tried.has(here)) return false;
    tried.add(here);
    for (let call = 0; call < calls.length; call++) {
      const isHeld = held.includes(call);
      if (isHeld && !rest.includes(call)) continue;
      // Each call happens as early as it can after the one before it; only this and the state matter for what follows.
      const time = Math.max(earliest, invokedAt[call]!);
      if (time > returnedAt[call]!) continue;
      const next = applyCall(calls, call, state);
      if (next === undefined) continue;
      const remaining = isHeld ? rest.filter((other) => other !== call) : rest;
      if (search(remaining, next, time)) return true;
    }
    return false;
  };

  const begun = Math.min(...held.map((call) => invokedAt[call]!));
  const states: Value[] = [null];
  for (let at = 0; at < states.length; at++) {
    for (let call = 0; call < calls.length; call++) {
      if (invokedAt[call]! >= begun) continue;
      const next = applyCall(calls, call, states[at]!);
      if (next !== undefined && !states.includes(next)) states.push(next);
    }
  }
  return states.some((state) => search(held, state, begun));
}
