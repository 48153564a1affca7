/**
 * What the generators of one run know of each other. The final reads are a generator of their own, and so are the probes: neither is
 * told what happened before it. So it is kept beside the generators, for each run by one of its streams, which no other run shares.
 */
import type { Context } from '../harness/generator.ts';
import type { Random } from '../harness/random.ts';

/** The stream from which workloads draw. */
export const stream = 'workload';

/** The memory of whatever run the context is of. What is kept there only grows, so that it does no harm to ask a generator twice. */
export function runMemory<Memory>(create: () => Memory): (context: Context) => Memory {
  const memories = new WeakMap<Random, Memory>();
  return (context) => {
    const run = context.stream(stream);
    let memory = memories.get(run);
    if (memory === undefined) {
      memory = create();
      memories.set(run, memory);
    }
    return memory;
  };
}

/** Gives each run the numbers 1, 2, 3, … Those drawn for ops that are not taken are left out. */
export function freshNumbers(): (context: Context) => number {
  const memory = runMemory(() => ({ last: 0 }));
  return (context) => ++memory(context).last;
}
