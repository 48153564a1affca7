/**
 * `node dist/bench/hashes.js FIRST COUNT`: the SHA-256 of the history of each seed, a line each. Two machines, two
 * processes, or two versions of Node must print the same.
 */
import { createRegistry } from '../cli/registry.ts';
import type { Journal } from '../harness/ports.ts';
import { runTest } from '../harness/run.ts';
import { resolveTest } from '../harness/test.ts';
import { simRuntime } from '../runtime/sim/runtime.ts';
import { mainJob } from './main-job.ts';

const [first, count] = process.argv.slice(2).map(Number) as [number, number];
const registry = createRegistry();
const journal: Journal = { record() {}, log() {}, flush() {} };

for (let seed = first; seed < first + count; seed++) {
  const spec = {
    ...mainJob,
    nemesis: ['partition', 'kill', 'pause', 'clock'],
    timeLimitMs: 5000,
    nemesisIntervalMs: 500,
  };
  const { results } = await runTest(resolveTest({ ...spec, seed }, registry), simRuntime(), journal);
  console.log(`${seed} ${results.history.sha256}`);
}
