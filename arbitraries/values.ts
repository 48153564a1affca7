/** Values of every kind that a history can hold. */
import fc from 'fast-check';
import { exactInteger, Keyword, Literal, mapOf, Tagged, type Value, ValueSet } from '../history/value.ts';

/** Short text; now and then such as is easily misread. */
export const words = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.string({ maxLength: 8, unit: 'binary' }),
    fc.constantFrom(':a', '::a', ':', ': b', '#edn', '__proto__', '"', '\\', 'é\n\u2028'),
  );

/**
 * Values in their one representation, as the readers of JSON and of EDN give them, up to a few levels deep. Shrinks to nil, small
 * numbers, and short lists.
 */
export function values(): fc.Arbitrary<Value> {
  const text = words();
  const keyword = text.map((name) => Keyword.of(name));
  const scalar = fc.oneof<fc.Arbitrary<Value>[]>(
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt().map(exactInteger),
    fc.double().filter((each) => !Number.isInteger(each)),
    text,
    keyword,
    fc.constantFrom('1.0', '1/2', '1.50M', '\\a', 'symbol').map((each) => new Literal(each)),
  );
  return fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalar,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.array(fc.tuple(fc.oneof(text, keyword, tie('value')), tie('value')), { maxLength: 4 }).map(mapOf),
      fc.array(tie('value'), { maxLength: 4 }).map((elements) => new ValueSet(elements)),
      tie('value').map((value) => new Tagged('my/tag', value)),
    ),
  })).value;
}
