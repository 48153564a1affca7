/** A real register for tests, and what one may do when it is used by one process at a time. */
import type { Value } from '../../../../history/value.ts';
import type { Sequential } from './all-orders.ts';
import type { Draw, Played } from './recorded.ts';

/** Of 32 written values `repeats` are not new. */
export function playedRegister(fs: readonly string[], initial: Value, repeats: number): Played {
  let fresh = 100;
  const held: Value[] = [initial];
  const asked: Value[] = [initial];
  const known = (draw: Draw): Value => (draw(12) === 0 ? asked[draw(asked.length)]! : held[draw(held.length)]!);
  const leave = (draw: Draw): Value => {
    const value = draw(32) < repeats ? known(draw) : ++fresh;
    asked.push(value);
    return value;
  };
  return {
    ask(draw) {
      const f = fs[draw(fs.length)]!;
      if (f === 'read') return { f, input: null };
      if (f === 'write') return { f, input: leave(draw) };
      const expected = draw(4) > 0 ? held.at(-1)! : known(draw);
      return { f, input: [expected, draw(16) === 0 ? expected : leave(draw)] };
    },
    apply(f, input) {
      if (f === 'read') return held.at(-1)!;
      if (f === 'cas' && (input as readonly Value[])[0] !== held.at(-1)) return undefined;
      held.push(f === 'cas' ? (input as readonly Value[])[1]! : input);
      return input;
    },
    lie(draw, f, input) {
      return f === 'read' ? known(draw) : input;
    },
  };
}

export const sequentialRegister = (initial: Value, nilReadIsUnknown: boolean): Sequential => ({
  initial,
  after(state, f, input, output) {
    if (f === 'read') return output === state || (nilReadIsUnknown && output === null) ? [state] : [];
    if (f === 'write') return [input];
    const [expected, replacement] = input as readonly [Value, Value];
    return state === expected ? [replacement] : [];
  },
  afterCrashed(state, f, input) {
    return f === 'read' ? [state] : this.after(state, f, input, null);
  },
});
