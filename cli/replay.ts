/** `ftest replay`: runs a stored run again in memory, and compares the two histories line by line. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Journal } from '../harness/ports.ts';
import { encodeOp } from '../history/jsonl.ts';
import type { Op } from '../history/op.ts';
import { type RecordedRun, readRun } from '../reports/store.ts';
import { registryOf } from './config.ts';
import { BadInput, type ExitCode, exitCodes } from './exit.ts';
import { printJson } from './output.ts';
import type { ConfigOption, JsonOption } from './program.ts';
import { perform } from './stored-run.ts';
import { version } from './version.ts';

/** The first line that is not the same; null on the side that has ended. */
export interface Difference {
  readonly index: number;
  readonly stored: string | null;
  readonly replayed: string | null;
}

export interface ReplayResults {
  readonly identical: boolean;
  /** Lines of the stored history. */
  readonly lines: number;
  /** SHA-256 (hex) of the stored history, uncompressed. */
  readonly sha256: string;
  readonly difference: Difference | null;
  /** The stored history ends early, because the harness died: it was compared as far as it goes. */
  readonly cutShort: boolean;
  readonly versions: { readonly recorded: string; readonly replaying: string };
}

export async function replayCommand(path: string, options: JsonOption & ConfigOption): Promise<ExitCode> {
  const results = await replay(path, options.config);
  if (options.json) printJson(results);
  else process.stdout.write(`${describe(results)}\n`);
  return results.identical ? exitCodes.valid : exitCodes.invalid;
}

/** @param config in the place of the file that the run names. */
async function replay(path: string, config: string | undefined): Promise<ReplayResults> {
  const run = readRun(path);
  checkReplayable(path, run);
  const registry = await registryOf(config === undefined ? run.spec : { ...run.spec, config });
  const history = readStored(run);
  const stored = history.split('\n');
  if (stored.at(-1) === '') stored.pop();
  const comparison = new Comparison(stored);
  await perform(run.spec, registry, comparison);
  const cutShort = run.results === undefined;
  const difference = comparison.difference(cutShort);
  return {
    identical: difference === null,
    lines: stored.length,
    sha256: createHash('sha256').update(history).digest('hex'),
    difference,
    cutShort,
    versions: { recorded: run.versions.ftest, replaying: version },
  };
}

function checkReplayable(path: string, { spec, results }: RecordedRun): void {
  if (spec.runtime !== 'sim') {
    throw new BadInput(
      `${path} ran in the ${spec.runtime} runtime, where real time decides: only runs of the simulator can be replayed; its history can be judged again with ftest check`,
    );
  }
  if (results?.interrupted) {
    throw new BadInput(
      `${path} was interrupted, at a moment that no seed decides: it cannot be replayed; its history can be judged again with ftest check`,
    );
  }
}

function readStored({ historyPath }: RecordedRun): string {
  const bytes = readFileSync(historyPath);
  return (historyPath.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** Holds each line of the new run against the stored one. */
class Comparison implements Journal {
  readonly #stored: readonly string[];
  #lines = 0;
  #first: Difference | null = null;

  constructor(stored: readonly string[]) {
    this.#stored = stored;
  }

  record(op: Op): void {
    const index = this.#lines++;
    if (this.#first !== null) return;
    const replayed = encodeOp(op);
    const stored = this.#stored[index] ?? null;
    if (stored !== replayed) this.#first = { index, stored, replayed };
  }

  log(): void {}

  flush(): void {}

  difference(cutShort: boolean): Difference | null {
    if (this.#first?.stored === null && cutShort) return null;
    const missing = this.#stored[this.#lines];
    return this.#first ?? (missing === undefined ? null : { index: this.#lines, stored: missing, replayed: null });
  }
}

function describe({ lines, sha256, difference, cutShort, versions }: ReplayResults): string {
  const { recorded, replaying } = versions;
  const other = recorded === replaying ? [] : [`recorded by ftest ${recorded}, replayed by ftest ${replaying}`];
  if (difference === null) {
    const extent = cutShort ? ', as far as the stored history goes: it was cut short' : '';
    return [`identical (${lines} lines, sha256 ${sha256})${extent}`, ...other].join('\n');
  }
  return [
    `differs from line ${difference.index + 1} on (index ${difference.index})`,
    `  stored    ${difference.stored ?? '(the stored history has ended)'}`,
    `  replayed  ${difference.replayed ?? '(the replay has ended)'}`,
    ...other,
  ].join('\n');
}
