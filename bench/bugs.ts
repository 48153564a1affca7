/**
 * `npm run bugs [-- BUG …] [--write]`: how soon each named bug is found, the named ones or all. With `--write` the
 * findings go to testdata/bugs.json and docs/bugs.md. Exit codes: 0, or 1 when a bug was not found, 254 for a bug that
 * does not exist.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { exitCodes } from '../cli/exit.ts';
import { type RunPool, startRunPool } from '../cli/pool.ts';
import { unknownName } from '../harness/near.ts';
import { type Results, reproduceCommand } from '../harness/results.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { NodeSystem } from '../protocol/system.ts';
import { targets } from '../targets/index.ts';
import { workloads } from '../workloads/index.ts';
import { bugsPage } from './bugs-page.ts';
import { combinations, convict, type Finding } from './findings.ts';
import { cellsOf, medianText, type Searches, searchAgain } from './median-runs.ts';

const page = new URL('../../docs/bugs.md', import.meta.url);
const testdata = (name: string): URL => new URL(`../../bench/testdata/${name}`, import.meta.url);

const systems = [...targets.values()];

interface Suspect {
  readonly system: NodeSystem;
  readonly bug: string;
}

const suspects: readonly Suspect[] = systems.flatMap((system) =>
  system.bugs.map(({ name }) => ({ system, bug: name })),
);

/** How soon a bug is found, and how often. */
interface Found {
  readonly finding: Finding;
  readonly searches: readonly Searches[];
}

async function search({ system, bug }: Suspect, pool: RunPool): Promise<Found> {
  let runs = 0;
  let errors = 0;
  const run = async (spec: TestSpec): Promise<Results | undefined> => {
    runs++;
    try {
      return await pool.run(spec);
    } catch (error) {
      if (errors++ === 0) console.error(`${bug}: ${error}\n  ${reproduceCommand(spec)}`);
      return undefined;
    }
  };
  const finding = await convict(combinations(system, bug), run);
  const { spec, invariant, violation } = finding;
  const shown = [invariant, violation].map((each) => (each === null ? 'none' : `${each.name} (${each.seed})`));
  console.log(`${bug}: ${shown.join(', ')}; ${runs} runs, ${errors} without a verdict\n  ${reproduceCommand(spec)}`);
  const searches = await Promise.all(cellsOf(system, finding, workloads).map((cell) => searchAgain(cell, run)));
  console.log(`${bug}: medians ${searches.map(medianText).join(', ')}`);
  return { finding, searches };
}

const isOf = ({ system, bug }: Suspect, found: { readonly target: string; readonly bug: string | null }): boolean =>
  found.target === system.name && found.bug === bug;

/** What was found before of all bugs that there still are, and now of some, in the order of the bugs. */
function merged<Item>(
  file: string,
  found: readonly Item[],
  of: (item: Item) => { readonly target: string; readonly bug: string | null },
): readonly Item[] {
  const path = testdata(file);
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Item[]) : [];
  const items = suspects.flatMap((suspect) => {
    const now = found.filter((item) => isOf(suspect, of(item)));
    return now.length > 0 ? now : before.filter((item) => isOf(suspect, of(item)));
  });
  writeFileSync(path, `${JSON.stringify(items, null, 2)}\n`);
  return items;
}

function write(found: readonly Found[]): void {
  const findings = merged(
    'bugs.json',
    found.map(({ finding }) => finding),
    ({ spec }) => spec,
  );
  const searches = merged(
    'bug-searches.json',
    found.flatMap((each) => each.searches),
    (cell) => cell,
  );
  writeFileSync(page, bugsPage(systems, findings, searches));
}

async function main(args: readonly string[]): Promise<number> {
  const names = args.filter((arg) => arg !== '--write');
  const known = suspects.map(({ bug }) => bug);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    console.error(unknownName('bug', unknown, known));
    return exitCodes.badInput;
  }
  const asked = suspects.filter(({ bug }) => names.length === 0 || names.includes(bug));
  const pool = startRunPool(availableParallelism());
  let found: readonly Found[];
  try {
    found = await Promise.all(asked.map((suspect) => search(suspect, pool)));
  } finally {
    await pool.close();
  }
  if (args.includes('--write')) write(found);
  return found.every(({ finding }) => finding.invariant ?? finding.violation) ? exitCodes.valid : exitCodes.invalid;
}

process.exitCode = await main(process.argv.slice(2));
