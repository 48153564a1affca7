/** `--runs N`: many seeds; the first run that fails is stored with a report, what passes is not. */
import { availableParallelism } from 'node:os';
import { type Validity, worst } from '../checkers/checker.ts';
import type { Results } from '../harness/results.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { Registry } from '../harness/test.ts';
import { MemoryJournal } from './memory-journal.ts';
import { startRunPool } from './pool.ts';
import { type SeedRunner, type SeedTally, searchSeeds } from './seeds.ts';
import { type Outcome, openRun, perform, runStored, type StoreOptions, store } from './stored-run.ts';

/** What `--runs --json` prints. */
interface RunsResults {
  readonly valid: Validity;
  readonly runs: number;
  readonly failed: number;
  readonly unknown: number;
  readonly firstFailure: Results | null;
  readonly interrupted: boolean;
}

export interface RunsOptions extends StoreOptions {
  readonly runs: number;
  readonly keepGoing: boolean;
  readonly onOutcome: (seed: number, results: Results) => void;
}

export interface RunsOutcome {
  readonly results: RunsResults;
  /** The run of the lowest failing seed, stored. */
  readonly firstFailure: Outcome | undefined;
}

/** The seeds from the spec's on: over all cores in the simulator, one after the other in real time. */
export async function runMany(
  spec: TestSpec,
  registry: Registry,
  options: RunsOptions,
  signal: AbortSignal,
): Promise<RunsOutcome> {
  const { tally, firstFailure } =
    spec.runtime === 'sim'
      ? await searchSimulator(spec, registry, options, signal)
      : await searchRealTime(spec, registry, options, signal);
  const { runs, failed, unknown, interrupted } = tally;
  const valid = worst([failed === 0, unknown === 0 && !interrupted ? true : 'unknown']);
  const results = { valid, runs, failed, unknown, firstFailure: firstFailure?.results ?? null, interrupted };
  return { results, firstFailure };
}

interface Found {
  readonly tally: SeedTally;
  readonly firstFailure: Outcome | undefined;
}

async function searchSimulator(
  spec: TestSpec,
  registry: Registry,
  options: RunsOptions,
  signal: AbortSignal,
): Promise<Found> {
  const size = Math.min(availableParallelism(), options.runs);
  const pool = startRunPool(size);
  const run = (seed: number): Promise<Results> => pool.run({ ...spec, seed });
  let tally: SeedTally;
  try {
    tally = await search(spec, options, signal, Array<typeof run>(size).fill(run));
  } finally {
    await pool.close();
  }
  if (tally.firstFailure === null) return { tally, firstFailure: undefined };
  // The same seed is the same run: this time with a store and a report.
  const firstFailure = await runStored(
    { ...spec, seed: tally.firstFailure },
    registry,
    { ...options, quiet: true },
    new AbortController().signal,
  );
  return { tally, firstFailure };
}

async function searchRealTime(
  spec: TestSpec,
  registry: Registry,
  options: RunsOptions,
  signal: AbortSignal,
): Promise<Found> {
  let firstFailure: Outcome | undefined;
  const runner = async (seed: number): Promise<Results> => {
    const journal = new MemoryJournal();
    const outcome = await perform({ ...spec, seed }, registry, journal, signal);
    if (outcome.results.valid !== false || firstFailure !== undefined) return outcome.results;
    // No seed brings this run back: what was recorded is stored now.
    const run = openRun(outcome.spec, options);
    journal.copyTo(run);
    firstFailure = await store(run, outcome, options);
    return firstFailure.results;
  };
  const tally = await search(spec, options, signal, [runner]);
  return { tally, firstFailure };
}

function search(
  spec: TestSpec,
  { runs, keepGoing, onOutcome }: RunsOptions,
  signal: AbortSignal,
  run: readonly ((seed: number) => Promise<Results>)[],
): Promise<SeedTally> {
  const runners = run.map(
    (each): SeedRunner =>
      async (seed) => {
        const results = await each(seed);
        onOutcome(seed, results);
        return results.valid;
      },
  );
  return searchSeeds({ first: spec.seed, runs, keepGoing, runners, signal });
}
