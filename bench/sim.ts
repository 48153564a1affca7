/**
 * How many simulated seconds one core does in a second: Raft on five nodes, 100 ops a second, partitions, 60 simulated
 * seconds a run, one seed after the other. Three figures: the run alone, its history recorded in memory; the same with
 * the history encoded as JSON lines and hashed, as it is stored; and that with the verdict of all checkers.
 *
 * A shared machine is now fast, now slow: so before each run a fixed loop of integer arithmetic is timed, and the second
 * median counts each run as if the loop had been as fast as at its fastest.
 */
import { createHash } from 'node:crypto';
import { createRegistry } from '../cli/registry.ts';
import { Interpreter } from '../harness/interpreter.ts';
import type { Journal } from '../harness/ports.ts';
import { runTest } from '../harness/run.ts';
import { resolveTest } from '../harness/test.ts';
import { HistoryBuilder } from '../history/history.ts';
import { encodeOp } from '../history/jsonl.ts';
import type { Op } from '../history/op.ts';
import { simRuntime } from '../runtime/sim/runtime.ts';
import { mainJob } from './main-job.ts';

const warmUpRuns = 12;
const runs = 40;
const registry = createRegistry();

/** Simulates one seed; gives the simulated seconds. */
async function simulate(seed: number, record: (op: Op) => void): Promise<number> {
  const test = resolveTest({ ...mainJob, seed }, registry);
  const journal: Journal = { record, log() {}, flush() {} };
  const execution = await simRuntime().execute({
    test,
    journal,
    begin: (view) =>
      new Interpreter({
        generator: test.generator,
        concurrency: test.spec.concurrency,
        nodeIds: test.nodeIds,
        opTimeoutMs: test.spec.opTimeoutMs,
        isRead: (f) => test.service.isRead(f),
        seed,
        view,
      }),
  });
  return execution.duration / 1e9;
}

async function recorded(seed: number): Promise<number> {
  const builder = new HistoryBuilder();
  const seconds = await simulate(seed, (op) => builder.push(op));
  builder.build();
  return seconds;
}

async function stored(seed: number): Promise<number> {
  const builder = new HistoryBuilder();
  const hash = createHash('sha256');
  let lines = '';
  const seconds = await simulate(seed, (op) => {
    builder.push(op);
    lines += `${encodeOp(op)}\n`;
    if (lines.length > 0x10000) {
      hash.update(lines);
      lines = '';
    }
  });
  hash.update(lines).digest();
  builder.build();
  return seconds;
}

async function judged(seed: number): Promise<number> {
  const journal: Journal = { record() {}, log() {}, flush() {} };
  const { results } = await runTest(resolveTest({ ...mainJob, seed }, registry), simRuntime(), journal);
  return results.simulatedMs / 1000;
}

/** Milliseconds that a fixed piece of work takes now. */
function referenceMs(): number {
  const began = performance.now();
  let x = 1;
  for (let i = 0; i < 10_000_000; i++) x = (Math.imul(x, 31) + i) | 0;
  // Never 0, which the compiler does not know.
  return x === 0 ? 0 : performance.now() - began;
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number;

/** Simulated seconds per wall second over the runs, after a warm-up. */
async function measure(name: string, run: (seed: number) => Promise<number>): Promise<void> {
  for (let seed = 0; seed < warmUpRuns; seed++) await run(seed);
  referenceMs();
  const rates: number[] = [];
  const references: number[] = [];
  for (let seed = 0; seed < runs; seed++) {
    references.push(referenceMs());
    const began = performance.now();
    const simulated = await run(seed);
    rates.push((simulated * 1000) / (performance.now() - began));
  }
  const fastest = Math.min(...references);
  const corrected = rates.map((rate, i) => (rate * (references[i] as number)) / fastest);
  const [lowest, middle, highest] = [Math.min(...rates), median(rates), Math.max(...rates)].map(Math.round);
  const spread = `${lowest} to ${highest}, ${runs} runs; corrected median ${Math.round(median(corrected))}`;
  console.log(`${name.padEnd(34)} ${middle} simulated s per wall s (${spread})`);
}

export async function benchSimulator(): Promise<void> {
  await measure('recorded', recorded);
  await measure('recorded, encoded, hashed', stored);
  await measure('recorded, encoded, hashed, judged', judged);
}
