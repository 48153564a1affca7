/** Lists of things that matter by themselves, whatever else is in the list. */
import fc from 'fast-check';

/**
 * From none to `max` of them. Every length is equally likely, and so are all values within: fast-check's own preference for short
 * lists and extreme values would leave most histories without anything that overlaps.
 */
export const manyOf = <Item>(item: fc.Arbitrary<Item>, max: number): fc.Arbitrary<Item[]> =>
  fc.noBias(fc.array(item, { maxLength: max, size: 'max' }));

/**
 * From `min` to `max` of them. Those with at least one shrink to any one of theirs: lists that fast-check is told not to make empty shrink
 * to their last items only.
 */
export function severalOf<Item>(item: fc.Arbitrary<Item>, min: number, max: number): fc.Arbitrary<Item[]> {
  if (min !== 1) return fc.array(item, { minLength: min, maxLength: max, size: 'max' });
  return fc.array(item, { maxLength: max, size: 'max' }).filter(({ length }) => length > 0);
}
