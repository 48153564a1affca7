/** Independent keys, as `jepsen.independent` has them: a workload on one object becomes one on many. */
import type { Value } from '../../history/value.ts';
import { copyDraft } from '../context.ts';
import type { Generator, OpDraft, Thread } from '../generator.ts';
import { entersHistory, nothing } from './ops.ts';
import { lanesOf } from './threads.ts';

export interface IndependentKeys {
  /** The key with the ordinal 0, 1, …; undefined when there are no more. */
  keys(ordinal: number): Value | undefined;
  /** What is done to a key, in the end exhausted: then comes the next key. Its ops are given the key. */
  generator(key: Value, ordinal: number): Generator;
}

/** One key after another, each worked on by all threads in reach. */
export function independentSequential(independent: IndependentKeys): Generator {
  return beforeKey(independent, 0, 1);
}

/**
 * Groups of `threadsPerKey` threads, each group on a key of its own; the last group may be smaller. Of G groups the
 * group g takes the keys g, g + G, g + 2·G … Events reach the generator of their key alone.
 */
export function concurrent(options: IndependentKeys & { readonly threadsPerKey: number }): Generator {
  const { threadsPerKey } = options;
  if (!(threadsPerKey >= 1)) throw new RangeError(`concurrent takes 1 or more threads per key, not ${threadsPerKey}`);
  return lanesOf((threads) => {
    const groups: Thread[][] = [];
    for (let i = 0; i < threads.length; i += threadsPerKey) groups.push(threads.slice(i, i + threadsPerKey));
    return groups.map((group, i) => [group, beforeKey(options, i, groups.length)]);
  });
}

function beforeKey(independent: IndependentKeys, ordinal: number, step: number): Generator {
  const key = independent.keys(ordinal);
  if (key === undefined) return nothing;
  return onKey(independent, ordinal, step, key, independent.generator(key, ordinal));
}

function onKey(
  independent: IndependentKeys,
  ordinal: number,
  step: number,
  key: Value,
  generator: Generator,
): Generator {
  return {
    op(context) {
      const emission = generator.op(context);
      if (emission === null) return beforeKey(independent, ordinal + step, step).op(context);
      const [op, rest] = emission;
      const next = rest === generator ? this : onKey(independent, ordinal, step, key, rest);
      if (op === 'pending') return [op, next];
      return [entersHistory(op) ? withKey(op, key) : op, next];
    },
    update(context, event) {
      if (event.key !== key) return this;
      const next = generator.update(context, event);
      return next === generator ? this : onKey(independent, ordinal, step, key, next);
    },
  };
}

function withKey(draft: OpDraft, key: Value): OpDraft {
  const copy = copyDraft(draft);
  copy.key = key;
  return copy;
}
