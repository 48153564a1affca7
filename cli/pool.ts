/** Worker threads that run specs in memory, each one at a time. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Results } from '../harness/results.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { WorkerReply } from './worker.ts';

export interface Pool {
  /**
   * Runs the spec as soon as a worker is free, those asked for first going first. The results are without `nodeChanges`
   * and without a digest of the history. Rejects with the name and message of what the run threw.
   */
  run(spec: TestSpec): Promise<Results>;
  /** Ends the workers, also those that are at work: what they were asked for is never answered. */
  close(): Promise<void>;
}

/** Most of what a run allocates is garbage at once: room for it saves a tenth of the time. */
export const workerLimits = { maxYoungGenerationSizeMb: 192 };

/** Only in the built program: a worker is not started from its source. */
export function startPool(size: number): Pool {
  const workers = new Set<Worker>();
  const idle: Worker[] = [];
  const waiting: ((worker: Worker) => void)[] = [];
  const offer = (worker: Worker): void => {
    const next = waiting.shift();
    if (next === undefined) idle.push(worker);
    else next(worker);
  };
  const add = (): void => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { resourceLimits: workerLimits });
    workers.add(worker);
    offer(worker);
  };
  for (let i = 0; i < size; i++) add();
  return {
    async run(spec) {
      const worker = idle.pop() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)));
      let reply: WorkerReply;
      try {
        worker.postMessage(spec);
        [reply] = (await once(worker, 'message')) as [WorkerReply];
      } catch (error) {
        // The thread itself is gone, as when it runs out of memory.
        workers.delete(worker);
        add();
        throw error;
      }
      offer(worker);
      if ('results' in reply) return reply.results;
      throw Object.assign(new Error(reply.error.message), { name: reply.error.name });
    },
    async close() {
      await Promise.all([...workers].map((worker) => worker.terminate()));
    },
  };
}
