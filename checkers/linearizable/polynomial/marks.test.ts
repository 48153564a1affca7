import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Marks } from './marks.ts';

test('the first marked number from another on is found', () => {
  const size = fc.constantFrom(0, 1, 31, 32, 33, 1_024, 1_025, 40_000);
  fc.assert(
    fc.property(size, fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.nat())), (size, steps) => {
      const marks = new Marks(size);
      const marked = new Set<number>();
      for (const [number, what, from] of steps) {
        if (size > 0 && what > 0) {
          marks.mark(number % size);
          marked.add(number % size);
        } else if (size > 0) {
          const of = [...marked][number % Math.max(1, marked.size)] ?? number % size;
          marks.unmark(of);
          marked.delete(of);
        }
        const found = Math.min(...[...marked].filter((other) => other >= from % (size + 1)));
        expect(marks.firstFrom(from % (size + 1), -1)).toBe(found === Number.POSITIVE_INFINITY ? -1 : found);
      }
    }),
  );
});
