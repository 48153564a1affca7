/** A worker thread of check-parallel.ts: receives the calls on an object, answers whether they are linearizable. */
import { parentPort } from 'node:worker_threads';
import { type Judged, judgeBySearch } from '../checkers/linearizable/judge.ts';
import { createModel } from '../checkers/linearizable/models/index.ts';
import { Search } from '../checkers/linearizable/search.ts';
import type { CheckAnswer, CheckJob } from './check-parallel.ts';
import { unpackCalls } from './packed-calls.ts';
import type { WorkerReply } from './pool.ts';

const port = parentPort;
if (port === null) throw new Error('cli/check-worker.ts runs as a worker thread only');
const search = new Search();

function answer({ model, options, calls, budget }: CheckJob): WorkerReply<CheckAnswer> {
  try {
    // A function, which an answer may have, cannot be sent.
    const { order, ...judged }: Judged = judgeBySearch(
      search,
      createModel(model, options)!,
      unpackCalls(calls),
      budget,
    );
    return { answer: judged };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { error: { name, message } };
  }
}

port.on('message', (job: CheckJob) => port.postMessage(answer(job)));
