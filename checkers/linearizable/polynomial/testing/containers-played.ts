/** Real queues, stacks, and bags for tests, and what they may do when they are used by one process at a time. */
import { Keyword, type Value } from '../../../../history/value.ts';
import type { Sequential } from './all-orders.ts';
import type { Draw, Played } from './recorded.ts';

/** Where what is taken stands in what is inside, in the order in which it was put in; of a bag anywhere. */
export type Kind = 'queue' | 'stack' | 'bag';

export const wordsOf = (kind: Kind) =>
  kind === 'stack' ? { put: 'push', take: 'pop' } : { put: 'enqueue', take: 'dequeue' };

const empties: readonly Value[] = [null, 'empty', Keyword.of('empty')];

/** Now and then one that is faulty: it takes from anywhere, or finds nothing where there is something. */
export function playedContainer(kind: Kind, draw: Draw): Played {
  const { put, take } = wordsOf(kind);
  const inside: number[] = [];
  const empty = empties[draw(12)] ?? null;
  const putsOf8 = 2 + draw(4);
  const faultsOf8 = [0, 2, 4, 8][draw(4)]!;
  const repeatsOf64 = draw(4);
  let fresh = 0;
  return {
    ask() {
      if (draw(8) >= putsOf8) return { f: take, input: null };
      return { f: put, input: draw(64) < repeatsOf64 ? draw(fresh + 1) + 1 : ++fresh };
    },
    apply(f, input) {
      if (f === put) {
        inside.push(input as number);
        return input;
      }
      const isFaulty = draw(8) < faultsOf8;
      if (inside.length === 0 || (isFaulty && draw(3) === 0)) return empty;
      const at = isFaulty || kind === 'bag' ? draw(inside.length) : kind === 'queue' ? 0 : inside.length - 1;
      return inside.splice(at, 1)[0]!;
    },
    lie: (_, f, input) => (f === put ? input : draw(4) === 0 ? empty : draw(fresh + (draw(8) === 0 ? 2 : 1)) || empty),
  };
}

export function sequentialContainer(kind: Kind): Sequential {
  const { put } = wordsOf(kind);
  const taken = (state: Value): readonly (readonly [Value, Value])[] => {
    const inside = state as readonly Value[];
    const places = inside
      .map((_, at) => at)
      .filter((at) => kind === 'bag' || at === (kind === 'queue' ? 0 : inside.length - 1));
    return places.map((at) => [inside[at]!, inside.filter((_, other) => other !== at)]);
  };
  return {
    initial: [],
    after(state, f, input, output) {
      if (f === put) return [[...(state as readonly Value[]), input]];
      if (empties.includes(output)) return (state as readonly Value[]).length === 0 ? [state] : [];
      return taken(state)
        .filter(([value]) => value === output)
        .map(([, rest]) => rest);
    },
    afterCrashed(state, f, input) {
      return f === put ? this.after(state, f, input, null) : [state, ...taken(state).map(([, rest]) => rest)];
    },
  };
}
