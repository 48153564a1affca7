/** Independent keys, as `jepsen.independent` has them: a workload on one object becomes one on many. */
import type { Op } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import { copyDraft } from '../context.ts';
import type { Context, Emission, Generator, OpDraft, Thread } from '../generator.ts';
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
  const nextKey = (): Generator => beforeKey(independent, ordinal + step, step);
  return new OnKey(key, independent.generator(key, ordinal), nextKey);
}

class OnKey implements Generator {
  readonly #key: Value;
  readonly #generator: Generator;
  readonly #nextKey: () => Generator;

  constructor(key: Value, generator: Generator, nextKey: () => Generator) {
    this.#key = key;
    this.#generator = generator;
    this.#nextKey = nextKey;
  }

  op(context: Context): Emission {
    const emission = this.#generator.op(context);
    if (emission === null) return this.#nextKey().op(context);
    const [op, rest] = emission;
    if (op === 'pending') return [op, this.#with(rest)];
    return [entersHistory(op) ? withKey(op, this.#key) : op, this.#with(rest)];
  }

  update(context: Context, event: Op): Generator {
    return event.key === this.#key ? this.#with(this.#generator.update(context, event)) : this;
  }

  #with(generator: Generator): Generator {
    return generator === this.#generator ? this : new OnKey(this.#key, generator, this.#nextKey);
  }
}

function withKey(draft: OpDraft, key: Value): OpDraft {
  const copy = copyDraft(draft);
  copy.key = key;
  return copy;
}
