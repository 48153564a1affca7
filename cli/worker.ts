/** A worker thread of pool.ts: receives specs, runs each in memory, answers with its results. */
import { parentPort } from 'node:worker_threads';
import type { Journal } from '../harness/ports.ts';
import type { Results } from '../harness/results.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { Registry } from '../harness/test.ts';
import { registryOf } from './config.ts';
import { unrecorded } from './memory-journal.ts';
import type { WorkerReply } from './pool.ts';
import { perform } from './stored-run.ts';

const port = parentPort;
if (port === null) throw new Error('cli/worker.ts runs as a worker thread only');
/** All specs that a worker receives are of one test: only their seeds differ. */
let registry: Promise<Registry> | undefined;
/** Nobody asks what a run that is not stored hashes to. */
const undigested: Journal = { ...unrecorded, digest: () => ({ lines: 0, sha256: '' }) };

async function run(spec: TestSpec): Promise<WorkerReply<Results>> {
  try {
    registry ??= registryOf(spec);
    const { results } = await perform(spec, await registry, undigested);
    // Node changes are for the report alone, and many.
    return { answer: { ...results, nodeChanges: [] } };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { error: { name, message: `seed ${spec.seed}: ${message}` } };
  }
}

port.on('message', async (spec: TestSpec) => port.postMessage(await run(spec)));
