/** One run with a folder in the store: the history as it happens, then results and reports. */
import type { Journal } from '../harness/ports.ts';
import type { Results } from '../harness/results.ts';
import { type RunOutcome, runTest } from '../harness/run.ts';
import type { TestSpec } from '../harness/spec.ts';
import { type Registry, resolveTest } from '../harness/test.ts';
import { renderJunit } from '../reports/junit.ts';
import { createRun, type StoredRun } from '../reports/store.ts';
import { commandLine } from './command-line.ts';
import { TargetFailed } from './exit.ts';
import { follow } from './follow.ts';
import { placeOf } from './own-files.ts';
import type { RunOptions } from './program.ts';
import { version } from './version.ts';

export type StoreOptions = Pick<RunOptions, 'store' | 'report' | 'quiet'>;

export interface Outcome extends RunOutcome {
  readonly spec: TestSpec;
}

/** Resolves the spec and runs it, each line to the journal as it happens. Throws a TargetFailed for a target of somebody's own that cannot go on. */
export async function perform(
  spec: TestSpec,
  registry: Registry,
  journal: Journal,
  signal?: AbortSignal,
): Promise<Outcome> {
  const runtime = await registry.runtimes.get(spec.runtime)?.();
  if (runtime === undefined) throw new Error(`the registry has no runtime ${spec.runtime}`);
  const test = resolveTest(spec, registry);
  try {
    return { ...(await runTest(test, runtime, journal, signal)), spec };
  } catch (error) {
    throw spec.config === undefined ? error : blameTarget(error);
  }
}

/** What runtimes say of nodes that threw or ended by themselves is a plain Error. */
function blameTarget(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'Error') return error;
  const place = placeOf(error.cause);
  return new TargetFailed(place === undefined ? error.message : `${error.message} (${place})`, { cause: error });
}

/** Runs the spec in a fresh folder of the store. Whatever fails, the folder keeps what was recorded. */
export async function runStored(
  spec: TestSpec,
  registry: Registry,
  options: StoreOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const run = openRun(spec, options);
  if (options.quiet) return store(run, await perform(spec, registry, run, signal), options);
  const follower = follow(run, spec);
  try {
    return await store(run, await perform(spec, registry, follower.journal, signal), options);
  } finally {
    await follower.stop();
  }
}

export function openRun(spec: TestSpec, options: StoreOptions): StoredRun {
  return createRun(options.store, {
    spec,
    versions: { ftest: version, node: process.versions.node },
    commandLine: commandLine(process.argv.slice(2)),
    startedAt: new Date().toISOString(),
  });
}

/** Ends the recording and writes results.json, junit.xml, and index.html beside it. */
export async function store(run: StoredRun, outcome: Outcome, options: StoreOptions): Promise<Outcome> {
  const { spec, history } = outcome;
  const results: Results = {
    ...outcome.results,
    history: run.close(),
    store: run.path,
    report: options.report ? `${run.path}/index.html` : null,
  };
  run.writeResults(results);
  run.writeJunit(renderJunit([{ results, spec }]));
  if (options.report) {
    const { renderHtml } = await import('../reports/html.ts');
    run.writeHtml(await renderHtml({ results, spec, history }));
  }
  return { ...outcome, results };
}
