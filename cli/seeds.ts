/** Many seeds, over several runners: the answer does not depend on how many there are or which one is faster. */
import type { Validity } from '../checkers/checker.ts';

/** Does the run of one seed. */
export type SeedRunner = (seed: number) => Promise<Validity>;

export interface SeedSearch {
  /** The seeds first, first + 1, …, first + runs - 1. */
  readonly first: number;
  readonly runs: number;
  /** False: after a failure no higher seed counts. */
  readonly keepGoing: boolean;
  readonly runners: readonly SeedRunner[];
  /** Once aborted, no further seed is begun. */
  readonly signal: AbortSignal;
}

export interface SeedTally {
  /** Seeds that count: all of them, or those up to the first failure. */
  readonly runs: number;
  readonly failed: number;
  readonly unknown: number;
  /** The lowest seed that failed, all lower ones having finished; null when none did. */
  readonly firstFailure: number | null;
  /** True when the signal kept seeds from being begun. */
  readonly interrupted: boolean;
}

/** Hands the seeds out in order, each to the first free runner. Rejects with the first error of a runner, once all have stopped. */
export async function searchSeeds(search: SeedSearch): Promise<SeedTally> {
  const { first, runs, keepGoing, signal } = search;
  const outcomes = new Map<number, Validity>();
  let next = first;
  let end = first + runs;
  let broken = false;
  const work = async (run: SeedRunner): Promise<void> => {
    while (next < end && !signal.aborted && !broken) {
      const seed = next++;
      const valid = await run(seed).catch((error: unknown) => {
        broken = true;
        throw error;
      });
      outcomes.set(seed, valid);
      // Lower seeds have all been handed out already, so that the lowest failure is known when all have ended.
      if (valid === false && !keepGoing) end = Math.min(end, seed + 1);
    }
  };
  const settled = await Promise.allSettled(search.runners.map(work));
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
  return tally(outcomes, end, next < end);
}

function tally(outcomes: ReadonlyMap<number, Validity>, end: number, interrupted: boolean): SeedTally {
  const counted = [...outcomes].filter(([seed]) => seed < end);
  const failures = counted.filter(([, valid]) => valid === false).map(([seed]) => seed);
  return {
    runs: counted.length,
    failed: failures.length,
    unknown: counted.filter(([, valid]) => valid === 'unknown').length,
    firstFailure: failures.length === 0 ? null : failures.reduce((lowest, seed) => Math.min(lowest, seed)),
    interrupted,
  };
}
