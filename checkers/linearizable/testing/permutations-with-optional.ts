/**
 * The obvious way to ask whether some calls are possible if each of the others may happen any number of times, or never, in
 * its time, and what came before the call `first` is known only by the values that calls left that were invoked before it.
 */
import type { Value } from '../../../history/value.ts';
import { type Calls, CRASHED, REFUSED, RETURNED } from '../calls.ts';
import { applyCall } from './permutations.ts';

export function isPossible(calls: Calls, held: readonly number[], first = 0): boolean {
  const invokedAt: number[] = [];
  const returnedAt = Array.from({ length: calls.length }, () => Number.POSITIVE_INFINITY);
  calls.events.forEach((event, position) => {
    (event % 2 === 0 ? invokedAt : returnedAt)[event >>> 1] = position;
  });
  const begin = first === 0 ? -1 : invokedAt[first]!;

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

  const states = new Set<Value>();
  let untouched = true;
  for (let call = 0; call < calls.length; call++) {
    const changes = calls.f[call] !== 'read' && calls.fate[call] !== REFUSED;
    if (invokedAt[call]! >= begin || !changes) continue;
    states.add(calls.f[call] === 'write' ? calls.input[call]! : (calls.input[call] as readonly Value[])[1]!);
    if (calls.fate[call] === RETURNED && returnedAt[call]! < begin) untouched = false;
  }
  if (untouched) states.add(null);
  return [...states].some((state) => search(held, state, begin));
}
