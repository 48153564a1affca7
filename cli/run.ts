/** `ftest <target>`: one run, stored and reported; with --runs, many. */
import { accessSync, constants, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Results } from '../harness/results.ts';
import type { TestSpec } from '../harness/spec.ts';
import { type Registry, resolveTest } from '../harness/test.ts';
import { plural } from '../reports/display.ts';
import { renderJunit } from '../reports/junit.ts';
import { renderSummary, terminalOf } from '../reports/terminal.ts';
import { checkSeedRange, freshSeed } from './arguments.ts';
import { findConfig } from './config.ts';
import { BadInput, type ExitCode } from './exit.ts';
import { exitCodeWanted, expectedOfAll } from './expect.ts';
import { onInterrupt } from './interrupt.ts';
import { printJson } from './output.ts';
import type { RunOptions } from './program.ts';
import { createRegistry } from './registry.ts';
import type { RunsOutcome } from './runs.ts';
import { createSpec } from './spec.ts';
import { type Outcome, runStored } from './stored-run.ts';
import { checkWritable } from './writable.ts';

export async function runCommand(target: string, options: RunOptions): Promise<ExitCode> {
  if (options.keepGoing && options.runs === undefined) {
    throw new BadInput('--keep-going goes with --runs N: a single run has nothing to go on to');
  }
  if (options.junit !== undefined) checkWritable('--junit', options.junit);
  const runs = options.runs ?? 1;
  const seed = options.seed ?? freshSeed(runs);
  checkSeedRange(seed, runs);
  const config = await findConfig(options.config);
  const registry = createRegistry({ keep: options.keep ?? false, own: config?.targets ?? [] });
  const spec = await createSpec(target, options, seed, registry, config);
  // Whatever is misspelt ends here, before a folder is made or a seed announced.
  resolveTest(spec, registry);
  checkStore(options.store);
  const interrupt = onInterrupt(() =>
    process.stderr.write('stopping: heals and checks what there is; Ctrl-C again ends at once\n'),
  );
  try {
    if (!options.quiet) process.stderr.write(`${describeStart(spec, runs)}\n`);
    return await (options.runs === undefined ? runOne : runSeeds)(spec, registry, options, interrupt.signal);
  } finally {
    interrupt.release();
  }
}

/** Said before anything can go wrong, so that a run that never ends can be done again. */
function describeStart(spec: TestSpec, runs: number): string {
  const nemesis = spec.nemesis.length === 0 ? 'no nemesis' : `nemesis ${spec.nemesis.join(', ')}`;
  const seeds = runs === 1 ? `seed ${spec.seed}` : `seeds ${spec.seed} to ${spec.seed + runs - 1}`;
  return `${spec.target}, ${spec.workload}, ${nemesis}, ${spec.runtime} runtime, ${seeds}`;
}

async function runOne(spec: TestSpec, registry: Registry, options: RunOptions, signal: AbortSignal): Promise<ExitCode> {
  const outcome = await runStored(spec, registry, options, signal);
  const { results } = outcome;
  if (options.junit !== undefined) writeFileSync(options.junit, renderJunit([outcome]));
  if (options.json) printJson(results);
  else printSummary(outcome);
  return exitCodeWanted(results.valid, results.expected, options.expect);
}

async function runSeeds(
  spec: TestSpec,
  registry: Registry,
  options: RunOptions,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { runMany } = await import('./runs.ts');
  const runs = options.runs ?? 1;
  const finished = new Map<number, Results>();
  const failed: Results['expected'][] = [];
  const sayProgress = options.quiet
    ? () => {}
    : everyFewSeconds((done) => process.stderr.write(`${plural(done, 'run')} done\n`));
  const onOutcome = (seed: number, results: Results): void => {
    sayProgress();
    if (options.junit !== undefined) finished.set(seed, results);
    if (results.valid === false) failed.push(results.expected);
    if (!options.quiet && results.valid !== true)
      process.stderr.write(`seed ${seed}: ${results.valid === false ? 'invalid' : 'unknown'}\n`);
  };
  const { store, report, quiet, keepGoing = false } = options;
  const outcome = await runMany(spec, registry, { store, report, quiet, runs, keepGoing, onOutcome }, signal);
  if (outcome.firstFailure !== undefined && outcome.firstFailure.results.valid !== false) {
    process.stderr.write(`${describeUnsteady(outcome.firstFailure)}\n`);
  }
  if (options.junit !== undefined) writeFileSync(options.junit, junitOfSeeds(spec, finished, outcome));
  if (options.json) printJson(outcome.results);
  else {
    process.stdout.write(`${describeSeeds(spec, outcome)}\n`);
    if (outcome.firstFailure !== undefined) printSummary(outcome.firstFailure);
  }
  const expected = keepGoing ? expectedOfAll(failed) : outcome.firstFailure?.results.expected;
  return exitCodeWanted(outcome.results.valid, expected, options.expect);
}

const progressEveryMs = 2000;

/** Counts calls, and passes the count on now and then. */
function everyFewSeconds(report: (count: number) => void): () => void {
  let count = 0;
  let dueMs = performance.now() + progressEveryMs;
  return () => {
    count++;
    if (performance.now() < dueMs) return;
    dueMs = performance.now() + progressEveryMs;
    report(count);
  };
}

const printSummary = (outcome: Outcome): boolean =>
  process.stdout.write(
    renderSummary(
      outcome,
      terminalOf({ isTTY: process.stdout.isTTY, columns: process.stdout.columns || 100 }, process.env),
    ),
  );

/** The runs that count, in the order of their seeds; the failing one as it was stored. */
function junitOfSeeds(
  spec: TestSpec,
  finished: ReadonlyMap<number, Results>,
  { results, firstFailure }: RunsOutcome,
): string {
  const seeds = [...finished.keys()].sort((a, b) => a - b).slice(0, results.runs);
  const failing = firstFailure?.results;
  return renderJunit(
    seeds.map((seed) => ({
      spec: { ...spec, seed },
      results: seed === failing?.seed ? failing : (finished.get(seed) as Results),
    })),
  );
}

/** Of targets of somebody's own: what the seed decides is the same each time. */
const describeUnsteady = ({ spec }: Outcome): string =>
  `seed ${spec.seed} failed, and did not when it was done again to be stored: not the seed alone decides what ${spec.target} does; its nodes must have no clock, no randomness, and no state but what create gives`;

function describeSeeds(spec: TestSpec, { results, firstFailure }: RunsOutcome): string {
  const { runs, failed, unknown, interrupted } = results;
  const counts = [
    `${plural(runs, 'run')} from seed ${spec.seed}`,
    `${runs - failed - unknown} valid`,
    `${failed} invalid`,
    `${unknown} unknown`,
  ];
  if (interrupted) counts.push('interrupted');
  const first = firstFailure === undefined ? '' : `\n\nThe first that failed, seed ${firstFailure.spec.seed}:\n`;
  return `${counts.join(', ')}${first}`;
}

/** Said before anything runs: `--runs` opens a folder only when a run has failed, which may be hours later. */
function checkStore(store: string): void {
  try {
    makeFolder(resolve(store));
    accessSync(store, constants.W_OK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new BadInput(
      `the store ${store} must be a folder that can be written to, but is not (${code}): give another with --store`,
    );
  }
}

/** Not `mkdirSync` with `recursive`, which never returns where no folder can be made, such as in /proc. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path);
}
