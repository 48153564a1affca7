/** When calls return, and until when something is looked at: what a crashed op leaves matters no longer than that. */
import { ALWAYS } from '../automaton.ts';
import type { Calls } from '../calls.ts';

/** It never is. */
export const NEVER_LOOKED_AT = -1;

/** Of each call the position of its return among the events; ALWAYS where it does not return. */
export function returnsOf(calls: Calls): Int32Array {
  const returns = new Int32Array(calls.length).fill(ALWAYS);
  calls.events.forEach((event, position) => {
    if ((event & 1) === 1) returns[event >>> 1] = position;
  });
  return returns;
}

/** Of so many things the last return of a call that looks at it. */
export class LastReturns {
  private readonly last: Int32Array;

  constructor(things: number) {
    this.last = new Int32Array(things).fill(NEVER_LOOKED_AT);
  }

  look(thing: number, returnedAt: number): void {
    if (this.last[thing]! < returnedAt) this.last[thing] = returnedAt;
  }

  /** A position, ALWAYS, or NEVER_LOOKED_AT. */
  of(thing: number): number {
    return this.last[thing]!;
  }
}
