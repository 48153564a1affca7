/** Ops and values of every kind, for property tests. */
import fc from 'fast-check';
import type { Op } from '../op.ts';
import { exactInteger, Keyword, Literal, mapOf, Tagged, type Value, ValueSet } from '../value.ts';

const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.string({ maxLength: 8, unit: 'binary' }),
  fc.constantFrom(
    ':a',
    '::a',
    ':',
    ': b',
    ':8080 refused',
    '#edn',
    '__proto__',
    '"',
    '\\',
    'x'.repeat(70),
    'é\n\u2028',
  ),
);

const keyword = fc
  .oneof(fc.constantFrom('a', 'ns/a', 'with space', '', ':odd', '-1', 'é'), text)
  .map((name) => Keyword.of(name));

const literal = fc
  .constantFrom('1.0', '1/2', '-3/4', '1.50M', '\\a', '\\newline', '\\u0000', 'symbol', '-')
  .map((each) => new Literal(each));

const integer = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.bigInt().map(exactInteger));

const float = fc.double({ noDefaultInfinity: false }).filter((each) => !Number.isInteger(each));

const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  integer,
  float,
  text,
  keyword,
  literal,
) as fc.Arbitrary<Value>;

/** Values in their one representation, as the readers give them. */
export const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map(mapOf),
    fc.array(fc.tuple(fc.oneof(text, keyword), tie('value')), { maxLength: 4 }).map(mapOf),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map(mapOf),
    fc.array(tie('value'), { maxLength: 4 }).map((elements) => new ValueSet(elements)),
    tie('value').map((value) => new Tagged('my/tag', value)),
  ),
})).value;

export const anyOp: fc.Arbitrary<Op> = fc.record(
  {
    index: fc.constant(0),
    time: fc.oneof(fc.nat(), fc.maxSafeInteger()),
    process: fc.oneof(fc.nat({ max: 20 }), fc.constant(2 ** 31 - 1), fc.constant('nemesis' as const)),
    type: fc.constantFrom('invoke' as const, 'ok' as const, 'fail' as const, 'info' as const),
    f: fc.oneof(
      fc.constantFrom('read', 'write', 'cas', ':odd', '::odd', 'é'),
      text.filter((each) => each !== ''),
    ),
    key: anyValue,
    value: anyValue,
    error: anyValue,
    node: text,
  },
  { requiredKeys: ['index', 'time', 'process', 'type', 'f', 'value'] },
) as fc.Arbitrary<Op>;
