/** A real set that only grows, for tests, and what one may do when it is used by one process at a time. */
import { isArray, type Value, ValueSet } from '../../../../history/value.ts';
import type { Sequential } from './all-orders.ts';
import type { Draw, Played } from './recorded.ts';

/** Now and then one that is faulty: it loses an add, or a read misses a value. */
export function playedSet(draw: Draw): Played {
  const inside: number[] = [];
  const faultsOf16 = [0, 1, 3, 6][draw(4)]!;
  const repeatsOf8 = draw(4);
  const addsOf8 = 2 + draw(4);
  let fresh = 0;
  const read = (values: readonly number[]): Value => (draw(2) === 0 ? [...values].reverse() : new ValueSet(values));
  return {
    ask() {
      if (draw(8) >= addsOf8) return { f: 'read', input: null };
      return { f: 'add', input: draw(8) < repeatsOf8 ? draw(fresh + 1) : ++fresh };
    },
    apply(f, input) {
      const isFaulty = draw(16) < faultsOf16;
      if (f === 'add') {
        if (!isFaulty && !inside.includes(input as number)) inside.push(input as number);
        return input;
      }
      return read(isFaulty ? inside.filter(() => draw(3) > 0) : inside);
    },
    lie(_, f, input) {
      if (f === 'add') return input;
      const values = Array.from({ length: fresh + 1 }, (_, value) => value);
      return read(values.filter((value) => inside.includes(value) !== (draw(8) === 0)));
    },
  };
}

/** States are arrays, ascending. */
export const sequentialSet: Sequential = {
  initial: [],
  after(state, f, input, output) {
    const inside = state as readonly number[];
    if (f === 'add') return [[...new Set([...inside, input as number])].sort((a, b) => a - b)];
    const read = (isArray(output) ? output : (output as ValueSet).elements) as readonly number[];
    return read.length === inside.length && read.every((value) => inside.includes(value)) ? [state] : [];
  },
  afterCrashed(state, f, input) {
    return f === 'read' ? [state] : this.after(state, f, input, null);
  },
};
