/** Worker threads, each doing one job at a time. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Results } from '../harness/results.ts';
import type { TestSpec } from '../harness/spec.ts';

/** What a worker answers to a job. */
export type WorkerReply<Answer> =
  | { readonly answer: Answer }
  | { readonly error: { readonly name: string; readonly message: string } };

export interface Pool<Job, Answer> {
  /** Does the job as soon as a worker is free, those asked for first going first. Rejects with the name and message of what it threw. */
  run(job: Job): Promise<Answer>;
  /** Ends the workers, also those that are at work: what they were asked for is never answered. */
  close(): Promise<void>;
}

/** Most of what a run allocates is garbage at once: room for it saves a tenth of the time. */
export const workerLimits = { maxYoungGenerationSizeMb: 192 };

export type RunPool = Pool<TestSpec, Results>;

/** Workers that run specs in memory. The results are without `nodeChanges` and without a digest of the history. */
export const startRunPool = (size: number): RunPool => startPool(new URL('./worker.js', import.meta.url), size);

/** Only in the built program: a worker is not started from its source. */
export function startPool<Job, Answer>(script: URL, size: number): Pool<Job, Answer> {
  const workers = new Set<Worker>();
  const idle: Worker[] = [];
  const waiting: ((worker: Worker) => void)[] = [];
  const offer = (worker: Worker): void => {
    const next = waiting.shift();
    if (next === undefined) idle.push(worker);
    else next(worker);
  };
  const add = (): void => {
    const worker = new Worker(script, { resourceLimits: workerLimits });
    workers.add(worker);
    offer(worker);
  };
  for (let i = 0; i < size; i++) add();
  return {
    async run(job) {
      const worker = idle.pop() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)));
      let reply: WorkerReply<Answer>;
      try {
        worker.postMessage(job);
        [reply] = (await once(worker, 'message')) as [WorkerReply<Answer>];
      } catch (error) {
        // The thread itself is gone, as when it runs out of memory.
        workers.delete(worker);
        add();
        throw error;
      }
      offer(worker);
      if ('answer' in reply) return reply.answer;
      throw Object.assign(new Error(reply.error.message), { name: reply.error.name });
    },
    async close() {
      await Promise.all([...workers].map((worker) => worker.terminate()));
    },
  };
}
