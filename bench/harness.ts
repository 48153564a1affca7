/**
 * How fast the harness is. First by itself: ops generated, sent over TCP to a node that answers at once, and recorded, per
 * second of wall time, with the CPU time of both. Then with five Raft nodes in containers behind it: the highest rate at
 * which latency stays flat.
 *
 * `npm run bench -- harness [at-once|raft]`.
 */
import { join } from 'node:path';
import { execa } from 'execa';
import type { AtOnceCase, AtOnceRound } from './harness-at-once.ts';
import type { RaftCase, RaftResult } from './harness-raft.ts';
import { markdownTable } from './markdown.ts';

const concurrencies = [10, 100, 1000];
const rounds = 7;
const roundMs = 5_000;

const rates = [100, 200, 500, 1_000, 2_000, 4_000, 8_000, 16_000];
const raftConcurrency = 200;
const raftRounds = 3;
const raftMs = 10_000;
/** Latency is flat while its 95th percentile is at most so many times the lowest rate's … */
const flatLatency = 2;
/** … and so much of what was asked for is done. */
const flatShare = 0.95;

export async function benchHarness(args: readonly string[]): Promise<void> {
  if (args.length === 0 || args.includes('at-once')) await benchAtOnce();
  if (args.length === 0 || args.includes('raft')) await benchRaft();
}

async function carryOut<Result>(program: string, one: AtOnceCase | RaftCase): Promise<Result> {
  const { stdout } = await execa(process.execPath, [join(import.meta.dirname, program), JSON.stringify(one)]);
  process.stderr.write('.');
  return JSON.parse(stdout) as Result;
}

async function benchAtOnce(): Promise<void> {
  const rows = [['clients', 'ops/s', 'from', 'to', 'harness, µs of CPU an op', 'node, µs of CPU an op', 'verdict']];
  for (const concurrency of concurrencies) {
    const one: AtOnceCase = { concurrency, rounds, timeLimitMs: roundMs };
    const all = await carryOut<AtOnceRound[]>('harness-at-once.js', one);
    const opsPerSecond = ascending(all.map(({ ops, seconds }) => ops / seconds));
    const microseconds = (whose: string): string =>
      median(all.map(({ ops, cpu }) => (cpu[whose]! * 1e6) / ops)).toFixed(1);
    const verdicts = new Set(all.map(({ valid }) => (valid === true ? 'valid' : `${valid}`)));
    rows.push([
      `${concurrency}`,
      ...[quantile(opsPerSecond, 0.5), opsPerSecond[0]!, opsPerSecond.at(-1)!].map(grouped),
      microseconds('harness'),
      microseconds('node'),
      [...verdicts].join(', '),
    ]);
  }
  process.stderr.write('\n');
  console.log(`A node that answers at once: median, least, and most of ${rounds} rounds of ${roundMs / 1000} s\n`);
  console.log(`${markdownTable(rows, [0, 1, 2, 3, 4, 5])}\n`);
}

async function benchRaft(): Promise<void> {
  const results = rates.map((): RaftResult[] => []);
  // By turns, so that a busy minute of the machine does not fall on one rate alone.
  for (let round = 0; round < raftRounds; round++) {
    for (const [i, rate] of rates.entries()) {
      const one: RaftCase = { rate, concurrency: raftConcurrency, timeLimitMs: raftMs };
      results[i]!.push(await carryOut<RaftResult>('harness-raft.js', one));
    }
  }
  process.stderr.write('\n');
  const quiet = results.map(quietest);
  const flatMs = flatLatency * latency(quiet[0]!, 0.95);
  const rows = [['asked', 'done', 'p50', 'p95', 'p99', 'harness', 'nodes', 'proxies', 'machine', 'flat']];
  let highestFlat = 0;
  for (const [i, result] of quiet.entries()) {
    const rate = rates[i]!;
    const { ops, seconds, cpu } = result;
    const flat = latency(result, 0.95) <= flatMs && ops / seconds >= flatShare * rate;
    if (flat) highestFlat = rate;
    rows.push([
      grouped(rate),
      grouped(ops / seconds),
      ...[0.5, 0.95, 0.99].map((share) => `${latency(result, share).toFixed(1)} ms`),
      ...['harness', 'nodes', 'proxies', 'machine'].map((whose) => (cpu[whose]! / seconds).toFixed(2)),
      flat ? 'yes' : 'no',
    ]);
  }
  console.log(
    `Five Raft nodes in containers, ${raftConcurrency} clients: ops/s, latency of ok ops, cores busy; the quietest of ${raftRounds} rounds of ${raftMs / 1000} s\n`,
  );
  console.log(`${markdownTable(rows, [0, 1, 2, 3, 4, 5, 6, 7, 8])}\n`);
  console.log(
    `The highest rate at which latency stays flat (95th percentile at most ${flatLatency} times that of the lowest rate, ${100 * flatShare} % done): ${grouped(highestFlat)} ops/s\n`,
  );
}

/** The round in which other work took the least of the machine. */
const quietest = (all: readonly RaftResult[]): RaftResult =>
  all.toSorted((a, b) => coresOfOthers(a) - coresOfOthers(b))[0]!;

const coresOfOthers = ({ cpu, seconds }: RaftResult): number =>
  (cpu.machine! - cpu.harness! - cpu.nodes! - cpu.proxies!) / seconds;

const latency = ({ latenciesMs }: RaftResult, share: number): number => quantile(latenciesMs, share);

const median = (numbers: readonly number[]): number => quantile(ascending(numbers), 0.5);

const ascending = (numbers: readonly number[]): readonly number[] => numbers.toSorted((a, b) => a - b);

/** @param sorted ascending */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

const grouped = (number: number): string => Math.round(number).toLocaleString('en');
