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
export const any = (...generators: readonly Generator[]): Generator => new Any(generators);

class Any implements Generator {
  readonly #generators: readonly Generator[];

  constructor(generators: readonly Generator[]) {
    this.#generators = generators;
  }

  op(context: Context): Emission {
    const generators = this.#generators;
    const found = soonest(context, generators, askPlainly);
    if (found === null) return null;
    const [op, rest, i] = found;
    if (op === 'pending') return [op, this];
    return [op, rest === generators[i] ? this : new Any(generators.with(i, rest))];
  }

  update(context: Context, event: Op): Generator {
    const next = updateAll(this.#generators, context, event);
    return next === this.#generators ? this : new Any(next);
  }
}

const askPlainly = (context: Context, generator: Generator): Emission => generator.op(context);

/**
 * Asks items in turn, from a random one on, until one has an op for now; else the soonest of all; else pending
 * where any is; else null. Gives the op, what is left of its generator, and which item it was.
 */
export function soonest<Item>(
  context: Context,
  items: readonly Item[],
  ask: (context: Context, item: Item) => Emission,
): readonly [op: OpDraft | 'pending', rest: Generator, item: number] | null {
  const count = items.length;
  const start = count > 1 ? context.stream('any').below(count) : 0;
  let best: readonly [OpDraft | 'pending', Generator, number] | null = null;
  let bestTime = Number.POSITIVE_INFINITY;
  for (let offset = 0; offset < count; offset++) {
    const i = (start + offset) % count;
    const emission = ask(context, items[i] as Item);
    if (emission === null) continue;
    const [op, rest] = emission;
    if (op === 'pending') {
      best ??= [op, rest, i];
      continue;
    }
    const time = op.time ?? context.time;
    if (time <= context.time) return [op, rest, i];
    if (time < bestTime) {
      bestTime = time;
      best = [op, rest, i];
    }
  }
  return best;
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
