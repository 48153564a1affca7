/**
 * How long the linearizability checker takes. The recorded histories of etcd: all of them, one after the other, warmed, reading excluded.
 * Then generated ones (histories.ts), each in a process of its own: three families, concurrency 10, 20, and 50, crashed ops, valid and
 * with one stale read near the end; the check has 60 seconds. Figures are CPU time of the whole check, with evidence where there is some.
 *
 * `npm run bench -- linearizability [family] [most invocations]`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { checkLinearizable } from '../checkers/linearizable/linearizable.ts';
import { casRegister } from '../checkers/linearizable/models/register.ts';
import { parseHistory } from '../history/read.ts';
import type { HistoryFamily, HistoryShape } from './histories.ts';
import type { CaseResult } from './linearizability-case.ts';
import { markdownTable } from './markdown.ts';

const families: readonly HistoryFamily[] = ['distinct', 'compare-and-set', 'few-values'];
const concurrencies = [10, 20, 50];
const crashedPerMilles = [0, 10, 50];
const sizes = [10_000, 100_000, 1_000_000];
const warmUpRounds = 10;
const rounds = 21;

export async function benchLinearizability(args: readonly string[]): Promise<void> {
  const chosen = families.filter((family) => args.length === 0 || args.includes(family));
  const most = Math.max(...args.map(Number).filter(Number.isFinite), 0) || sizes.at(-1)!;
  if (args.length === 0) recorded();
  for (const family of chosen) await generated(family, most);
}

/** Where the recorded histories are, beside the repository or within. */
const recordedFolder = join('..', 'shared', 'histories', 'etcd');

function recorded(): void {
  if (!existsSync(recordedFolder)) {
    console.log(`The recorded histories of etcd are not there (${recordedFolder}): left out.\n`);
    return;
  }
  const files = readdirSync(recordedFolder).filter((file) => file.endsWith('.edn'));
  const histories = files.map((file) => parseHistory(readFileSync(join(recordedFolder, file))));
  const model = casRegister();
  const figures: number[] = [];
  let invalid = 0;
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    const before = process.cpuUsage();
    invalid = histories.filter((history) => checkLinearizable(history, { model }).valid === false).length;
    const { user, system } = process.cpuUsage(before);
    if (round >= warmUpRounds) figures.push((user + system) / 1000);
  }
  figures.sort((a, b) => a - b);
  const [least, median] = [figures[0]!, figures[figures.length >>> 1]!];
  console.log(
    `etcd, ${histories.length} histories (${invalid} invalid), evidence included: median ${median.toFixed(1)} ms, least ${least.toFixed(1)} ms of CPU\n`,
  );
}

async function generated(family: HistoryFamily, most: number): Promise<void> {
  const rows: string[][] = [];
  let decided = 0;
  let cases = 0;
  for (const concurrency of concurrencies) {
    for (const crashedPerMille of crashedPerMilles) {
      for (const stale of [false, true]) {
        const cells: string[] = [];
        for (const invocations of sizes.filter((size) => size <= most)) {
          const result = await judged({ family, concurrency, crashedPerMille, invocations, stale, seed: 1 });
          cases++;
          if (result.valid !== 'unknown') decided++;
          const verdict = result.valid === 'unknown' ? 'undecided' : result.valid ? 'valid' : 'invalid';
          cells.push(`${verdict}, ${(result.checkMs / 1000).toFixed(2)} s, ${Math.round(result.peakMb)} MB`);
        }
        rows.push([`${concurrency}`, `${crashedPerMille / 10} %`, stale ? 'one stale read' : 'as recorded', ...cells]);
        process.stderr.write('.');
      }
    }
  }
  process.stderr.write('\n');
  console.log(`${family}: ${decided} of ${cases} decided within 60 s\n`);
  const columns = sizes.filter((size) => size <= most).map((size) => `${size.toLocaleString('en')} ops`);
  console.log(`${markdownTable([['clients', 'crashed', 'history', ...columns], ...rows])}\n`);
}

async function judged(shape: HistoryShape): Promise<CaseResult> {
  const program = join(import.meta.dirname, 'linearizability-case.js');
  const { stdout } = await execa(process.execPath, [...process.execArgv, program, JSON.stringify(shape)]);
  return JSON.parse(stdout) as CaseResult;
}
