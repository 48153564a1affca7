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
import { bugsPage } from './bugs-page.ts';
import { combinations, convict, type Finding } from './findings.ts';

const page = new URL('../../docs/bugs.md', import.meta.url);
const testdata = new URL('../../bench/testdata/bugs.json', import.meta.url);

const systems = [...targets.values()];

interface Suspect {
  readonly system: NodeSystem;
  readonly bug: string;
}

const suspects: readonly Suspect[] = systems.flatMap((system) =>
  system.bugs.map(({ name }) => ({ system, bug: name })),
);

async function search({ system, bug }: Suspect, pool: RunPool): Promise<Finding> {
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
  return finding;
}

const isOf = ({ system, bug }: Suspect, { spec }: Finding): boolean => spec.target === system.name && spec.bug === bug;

/** The new findings, and the old ones of all other bugs that there still are. */
function write(found: readonly Finding[]): void {
  const before = existsSync(testdata) ? (JSON.parse(readFileSync(testdata, 'utf8')) as Finding[]) : [];
  const findings = suspects.flatMap((suspect) => [...found, ...before].find((finding) => isOf(suspect, finding)) ?? []);
  writeFileSync(testdata, `${JSON.stringify(findings, null, 2)}\n`);
  writeFileSync(page, bugsPage(systems, findings));
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
  let found: readonly Finding[];
  try {
    found = await Promise.all(asked.map((suspect) => search(suspect, pool)));
  } finally {
    await pool.close();
  }
  if (args.includes('--write')) write(found);
  return found.every(({ invariant, violation }) => invariant ?? violation) ? exitCodes.valid : exitCodes.invalid;
}

process.exitCode = await main(process.argv.slice(2));
