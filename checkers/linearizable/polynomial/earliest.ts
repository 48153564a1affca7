/** The contradiction that is known first. */
import type { Decision } from '../models/model.ts';
import { NEVER } from './spans.ts';

/**
 * `contradictionBefore(limit)` gives calls that contradict each other if only what returned before that position is
 * known, or undefined. A history whose beginning is not linearizable is not either, so the least limit with a
 * contradiction is found by halving; the last return in the contradiction at hand is tried in turn with that, since often
 * no other is known earlier.
 */
export function earliestContradiction(
  returned: Int32Array,
  contradictionBefore: (limit: number) => readonly number[] | undefined,
): Decision {
  let core = contradictionBefore(NEVER);
  if (core === undefined) return { linearizable: true };
  let without = 0;
  let limit = lastReturnBefore(NEVER, core, returned) + 1;
  let probe = limit - 1;
  while (without < limit - 1) {
    const found = contradictionBefore(probe);
    const halved = probe < limit - 1;
    if (found === undefined) {
      without = probe;
    } else {
      core = found;
      limit = lastReturnBefore(probe, core, returned) + 1;
    }
    probe = found !== undefined && halved ? limit - 1 : (without + limit) >>> 1;
  }
  return { linearizable: false, core: ascending(core) };
}

/** Impossible by that of the contradictions whose last return is the earliest; linearizable if there is none. */
export function decisionOf(returned: Int32Array, contradictions: readonly (readonly number[] | undefined)[]): Decision {
  let earliest: readonly number[] | undefined;
  for (const core of contradictions) {
    if (core === undefined) continue;
    const isEarlier =
      earliest === undefined || lastReturnBefore(NEVER, core, returned) < lastReturnBefore(NEVER, earliest, returned);
    if (isEarlier) earliest = core;
  }
  return earliest === undefined ? { linearizable: true } : { linearizable: false, core: ascending(earliest) };
}

const ascending = (calls: readonly number[]): number[] => [...new Set(calls)].sort((a, b) => a - b);

function lastReturnBefore(limit: number, calls: readonly number[], returned: Int32Array): number {
  let last = -1;
  for (const call of calls) {
    const at = returned[call]!;
    if (at < limit && at > last) last = at;
  }
  return last;
}
