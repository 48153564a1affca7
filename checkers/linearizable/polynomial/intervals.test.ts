import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Intervals } from './intervals.ts';

test('intervals are taken once each, all that contain the point', () => {
  const points = 10;
  const interval = fc.tuple(fc.nat(points - 1), fc.nat(points));
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 12 }), fc.array(fc.nat(points - 1)), (list, asked) => {
      const intervals = new Intervals(
        Int32Array.from(list, ([from]) => from),
        Int32Array.from(list, ([, to]) => to),
        points,
      );
      const left = new Set(list.keys());
      for (const point of asked) {
        const containing = [...left].filter((index) => list[index]![0] <= point && point < list[index]![1]);
        const taken: number[] = [];
        for (let index = intervals.takeAt(point); index >= 0; index = intervals.takeAt(point)) taken.push(index);
        expect(taken.sort((a, b) => a - b)).toEqual(containing);
        for (const index of containing) left.delete(index);
      }
    }),
  );
});
