/** Choosing among generators. */
import type { Op } from '../../history/op.ts';
import type { Context, Emission, Generator, OpDraft } from '../generator.ts';
import { updateAll } from './ops.ts';

/** A random one of the generators for each op; those that are exhausted drop out. */
export function mix(generators: readonly Generator[], stream = 'generator'): Generator {
  return mixed(generators, stream, undefined);
}

function mixed(generators: readonly Generator[], stream: string, chosen: number | undefined): Generator {
  return {
    op(context) {
      let candidates = generators;
      let i = chosen;
      while (candidates.length > 0) {
        i ??= context.stream(stream).below(candidates.length);
        const emission = (candidates[i] as Generator).op(context);
        if (emission !== null) {
          const [op, rest] = emission;
          const next = candidates[i] === rest ? candidates : candidates.with(i, rest);
          return op === 'pending' ? [op, mixed(next, stream, i)] : [op, mixed(next, stream, undefined)];
        }
        candidates = candidates.toSpliced(i, 1);
        i = undefined;
      }
      return null;
    },
    update(context, event) {
      const next = updateAll(generators, context, event);
      return next === generators ? this : mixed(next, stream, chosen);
    },
  };
}

/** Whichever generator has the soonest op; of those that are ready, a random one. */
export const any = (...generators: readonly Generator[]): Generator => new Any(generators, true);

/**
 * Whichever generator has the soonest op; of those that are ready, the first. Draws nothing, so that what one generator
 * draws does not depend on which others stand behind it.
 */
export const anyInOrder = (...generators: readonly Generator[]): Generator => new Any(generators, false);

class Any implements Choice {
  readonly #generators: readonly Generator[];
  readonly #fair: boolean;

  /** @param fair false: the first of those that are ready, not a random one */
  constructor(generators: readonly Generator[], fair: boolean) {
    this.#generators = generators;
    this.#fair = fair;
  }

  get quietUntil(): number | undefined {
    let earliest: number | undefined;
    for (const { quietUntil } of this.#generators) {
      if (quietUntil === undefined) return undefined;
      if (earliest === undefined || quietUntil < earliest) earliest = quietUntil;
    }
    return earliest;
  }

  op(context: Context): Emission {
    return soonest(context, this, this.#generators, askPlainly, this.#fair);
  }

  replace(i: number, generator: Generator): Generator {
    return generator === this.#generators[i] ? this : new Any(this.#generators.with(i, generator), this.#fair);
  }

  update(context: Context, event: Op): Generator {
    const next = updateAll(this.#generators, context, event);
    return next === this.#generators ? this : new Any(next, this.#fair);
  }
}

/** A generator of several others. */
export interface Choice extends Generator {
  /** The same, with another generator in place of one. */
  replace(i: number, generator: Generator): Generator;
}

const askPlainly = (context: Context, generator: Generator): Emission => generator.op(context);

/**
 * Asks items in turn, from a random one on where it is to be fair, else from the first, until one has an op for now; else the soonest of all; else pending
 * where any is; else null.
 */
export function soonest<Item>(
  context: Context,
  choice: Choice,
  items: readonly Item[],
  ask: (context: Context, item: Item) => Emission,
  fair = true,
): Emission {
  const count = items.length;
  const start = fair && count > 1 ? context.stream('any').below(count) : 0;
  let pending = false;
  let best: OpDraft | null = null;
  let bestRest: Generator = choice;
  let bestItem = 0;
  let bestTime = Number.POSITIVE_INFINITY;
  for (let offset = 0; offset < count; offset++) {
    const i = (start + offset) % count;
    const emission = ask(context, items[i] as Item);
    if (emission === null) continue;
    const [op, rest] = emission;
    if (op === 'pending') {
      pending = true;
      continue;
    }
    const time = op.time ?? context.time;
    if (time <= context.time) return [op, choice.replace(i, rest)];
    if (time < bestTime) {
      bestTime = time;
      best = op;
      bestRest = rest;
      bestItem = i;
    }
  }
  if (best !== null) return [best, choice.replace(bestItem, bestRest)];
  return pending ? ['pending', choice] : null;
}

/** Ops of the one and the other in turn, until one is exhausted. */
export function flipFlop(first: Generator, second: Generator): Generator {
  return {
    op(context) {
      const emission = first.op(context);
      if (emission === null) return null;
      const [op, rest] = emission;
      return op === 'pending' ? [op, flipFlop(rest, second)] : [op, flipFlop(second, rest)];
    },
    update(context, event) {
      const nextFirst = first.update(context, event);
      const nextSecond = second.update(context, event);
      return nextFirst === first && nextSecond === second ? this : flipFlop(nextFirst, nextSecond);
    },
  };
}
