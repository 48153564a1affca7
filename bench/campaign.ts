/**
 * `npm run campaign -- TARGET`: a correct target under faults, over many seeds. Each seed draws the size of the cluster,
 * how often faults change, and the load. Every run must be valid, and the campaign must have come by every mark that
 * its target names. Exit codes: 0, or 1 when a run was invalid, 2 when one was unknown or a mark was never seen,
 * 254 for bad arguments, 255 when a run ended in an error.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { milliseconds, names, wholeNumber } from '../cli/arguments.ts';
import { BadInput, exitCodes } from '../cli/exit.ts';
import { startRunPool } from '../cli/pool.ts';
import { createRegistry } from '../cli/registry.ts';
import { version } from '../cli/version.ts';
import { unknownName } from '../harness/near.ts';
import { randomStream } from '../harness/random.ts';
import { type Results, reproduceCommand } from '../harness/results.ts';
import { defaultSpec, type TestSpec } from '../harness/spec.ts';
import type { NodeSystem } from '../protocol/system.ts';
import { targets } from '../targets/index.ts';
import { absentMarks, campaignTables, withSection } from './campaign-page.ts';
import { Tally } from './tally.ts';

const progressMs = 10_000;
const page = new URL('../../docs/campaigns.md', import.meta.url);

interface Campaign {
  readonly system: NodeSystem;
  readonly runs: number;
  /** Of the first run; the others follow. */
  readonly seed: number;
  readonly nemesis: readonly string[];
  /** The name of one; or `all`: each seed draws one that the target offers. */
  readonly workload: string;
  readonly timeLimitMs: number;
  readonly write: boolean;
}

function readArguments(args: readonly string[]): Campaign {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
      nemesis: { type: 'string', default: 'partition,kill,pause,clock' },
      workload: { type: 'string' },
      'time-limit': { type: 'string', default: '60' },
      write: { type: 'boolean', default: false },
    },
  });
  const system = targets.get(positionals[0] ?? '');
  if (system === undefined || positionals.length > 1) {
    throw new BadInput(`expected one target (${[...targets.keys()].join(', ')}), got "${positionals.join(' ')}"`);
  }
  const workload = values.workload ?? system.defaultWorkload;
  if (workload !== 'all' && !offeredBy(system).includes(workload)) {
    throw new BadInput(unknownName('workload', workload, ['all', ...offeredBy(system)]));
  }
  return {
    system,
    workload,
    runs: wholeNumber('--runs', 'runs', 1, 1e9)(values.runs),
    seed: wholeNumber('--seed', 'a seed', 0, 2 ** 31)(values.seed),
    nemesis: names('--nemesis')(values.nemesis),
    timeLimitMs: milliseconds('--time-limit', 86_400)(values['time-limit']),
    write: values.write,
  };
}

const offeredBy = ({ services }: NodeSystem): readonly string[] =>
  [...createRegistry().workloads.values()].filter(({ service }) => services.includes(service)).map(({ name }) => name);

/** What a seed draws: a cluster of 3, 5, or 7, faults every 0.5 to 10 s, 20 to 200 ops a second; few values at times; of all workloads one. */
function drawSpec({ system, nemesis, workload, timeLimitMs }: Campaign, seed: number): TestSpec {
  const random = randomStream(seed, 'campaign');
  const nodes = random.pick([3, 5, 7]);
  const nemesisIntervalMs = random.between(500, 10_000);
  const rate = random.between(20, 200);
  const options: TestSpec['options'] = random.chance(1, 4) ? { values: 'small' } : {};
  const drawn = workload === 'all' ? random.pick(offeredBy(system)) : workload;
  const usual = defaultSpec(system.name, drawn, seed, nodes);
  return { ...usual, nemesis, nemesisIntervalMs, rate, timeLimitMs, options };
}

function reasons({ checkers }: Results): string {
  return Object.entries(checkers)
    .filter(([, verdict]) => verdict.valid !== true)
    .map(([name, { valid, reason }]) => `${name} is ${valid === false ? 'false' : 'unknown'}: ${reason}`)
    .join('; ');
}

async function runAll(campaign: Campaign): Promise<Tally> {
  const tally = new Tally();
  const size = Math.min(availableParallelism(), campaign.runs);
  const pool = startRunPool(size);
  const report = (spec: TestSpec, what: string): void => console.log(`${what}\n  ${reproduceCommand(spec)}`);
  let next = campaign.seed;
  const work = async (): Promise<void> => {
    while (next < campaign.seed + campaign.runs) {
      const spec = drawSpec(campaign, next++);
      try {
        const results = await pool.run(spec);
        tally.add(results);
        if (results.valid !== true) report(spec, reasons(results));
      } catch (error) {
        if (error instanceof Error && error.name === 'SpecError') throw new BadInput(error.message);
        tally.addError();
        report(spec, `ended in an error: ${error instanceof Error ? error.message : error}`);
      }
    }
  };
  const progress = setInterval(() => {
    const { runs, invalid, unknown, errors } = tally;
    console.error(`${runs} of ${campaign.runs} runs, ${invalid} invalid, ${unknown} unknown, ${errors} errors`);
  }, progressMs);
  try {
    await Promise.all(Array.from({ length: size }, work));
  } finally {
    clearInterval(progress);
    await pool.close();
  }
  return tally;
}

/** The command that does the campaign again, with every option. */
function commandOf({ system, runs, seed, nemesis, workload, timeLimitMs }: Campaign): string {
  const what = workload === system.defaultWorkload ? '' : ` --workload ${workload}`;
  const time = timeLimitMs === 60_000 ? '' : ` --time-limit ${timeLimitMs / 1000}`;
  return `npm run campaign -- ${system.name} --runs ${runs} --seed ${seed} --nemesis ${nemesis.join(',')}${what}${time} --write`;
}

function write(campaign: Campaign, tables: string): void {
  const { name } = campaign.system;
  const section = `## ${name}\n\nftest ${version}: \`${commandOf(campaign)}\`\n\n${tables}`;
  writeFileSync(page, withSection(readFileSync(page, 'utf8'), name, section));
}

function exitCode(tally: Tally, absent: readonly string[]): number {
  if (tally.invalid > 0) return exitCodes.invalid;
  if (tally.errors > 0) return exitCodes.harnessFailed;
  return tally.unknown > 0 || absent.length > 0 ? exitCodes.unknown : exitCodes.valid;
}

async function main(): Promise<number> {
  const campaign = readArguments(process.argv.slice(2));
  const tally = await runAll(campaign);
  const tables = campaignTables(campaign.system, tally);
  console.log(tables);
  const absent = absentMarks(campaign.system, tally);
  for (const name of absent) console.log(`never seen: ${name} (0)`);
  if (campaign.write) write(campaign, tables);
  return exitCode(tally, absent);
}

/** parseArgs refuses what it does not know with a TypeError that carries a code of its own. */
const isBadInput = (error: unknown): error is Error =>
  error instanceof BadInput ||
  (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));

try {
  process.exitCode = await main();
} catch (error) {
  if (!isBadInput(error)) throw error;
  console.error(error.message);
  process.exitCode = exitCodes.badInput;
}
