import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEdn } from './edn.ts';
import { anyValue } from './testing/arbitrary-op.ts';
import {
  entriesOf,
  fieldOf,
  formatValue,
  fromJson,
  Keyword,
  Literal,
  mapOf,
  Tagged,
  toJson,
  type Value,
  ValueMap,
  ValueSet,
  valueKey,
  valuesEqual,
} from './value.ts';

const a = Keyword.of('a');

/** Values that differ from each other, in classes of equal ones. */
const classes: readonly (readonly Value[])[] = [
  [null],
  [true],
  ['true'],
  ['nil'],
  [1, 1n],
  [0, -0, 0n],
  ['1'],
  [2 ** 60, 2n ** 60n],
  [2n ** 60n + 1n],
  [new Literal('1.0'), new Literal('1.0')],
  [0.5],
  [Number.NaN, Number.NaN],
  ['a'],
  [a, Keyword.of('a')],
  [':a'],
  [[]],
  [
    [1, 2],
    [1n, 2],
  ],
  [[2, 1]],
  [['a b']],
  [['a', 'b']],
  [{}, new ValueMap([])],
  [
    { a: 1, b: 2 },
    { b: 2n, a: 1 },
    new ValueMap([
      ['b', 2],
      ['a', 1],
    ]),
  ],
  [
    new ValueMap([
      [a, 1],
      ['b', 2],
    ]),
    new ValueMap([
      ['b', 2],
      [a, 1],
    ]),
  ],
  [new ValueMap([[0, 10]]), new ValueMap([[0n, 10]])],
  [{ '0': 10 }],
  [new ValueSet([1, 2]), new ValueSet([2, 1, 1n])],
  [new Tagged('inst', 'x')],
  [new Tagged('uuid', 'x')],
  [Keyword.of('a b')],
];

describe('valuesEqual and valueKey', () => {
  test('hold equal what EDN holds equal, and nothing else', () => {
    const values = classes.flatMap((each, i) => each.map((value) => ({ i, value })));
    for (const left of values) {
      for (const right of values) {
        const equal = left.i === right.i;
        const pair = `${valueKey(left.value)} and ${valueKey(right.value)}`;
        expect(valuesEqual(left.value, right.value), pair).toBe(equal);
        expect(valuesEqual([left.value], [right.value]), pair).toBe(equal);
        expect(valueKey(left.value) === valueKey(right.value), pair).toBe(equal);
      }
    }
  });

  test('agree on any two values', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (left, right) => {
        expect(valuesEqual(left, left)).toBe(true);
        expect(valuesEqual(left, right)).toBe(valueKey(left) === valueKey(right));
      }),
    );
  });

  test('valueKey is EDN that the reader reads back', () => {
    fc.assert(fc.property(anyValue, (value) => valuesEqual(parseEdn(valueKey(value)), value)));
  });
});

describe('a map', () => {
  test('is a plain object if all its keys are strings, __proto__ included', () => {
    const map = mapOf([['__proto__', 1]]);
    expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
    expect(entriesOf(map)).toEqual([['__proto__', 1]]);
    expect(fieldOf(map, '__proto__')).toBe(1);
    expect(fieldOf({}, '__proto__')).toBeUndefined();
  });

  test('gives a field by the name that JSON and EDN share', () => {
    expect(fieldOf({ from: 1 }, 'from')).toBe(1);
    expect(fieldOf(parseEdn('{:from 1}'), 'from')).toBe(1);
    expect(fieldOf([1], 'length')).toBeUndefined();
  });

  test('looks its keys up as EDN compares them', () => {
    const map = new ValueMap([[[1, a], 'x']]);
    expect(map.get([1n, a])).toBe('x');
    expect(map.get([1, 'a'])).toBeUndefined();
  });
});

test('formatValue is short', () => {
  expect(formatValue(['append', a, null, 3])).toBe('["append" :a nil 3]');
  expect(formatValue('x'.repeat(100), 10)).toBe('"xxxxxxxx…');
});

test('toJson gives what JSON.stringify can write', () => {
  const value: Value = [
    2n ** 60n,
    a,
    new ValueMap([
      [a, 1],
      [0, new ValueSet([1])],
    ]),
    Number.NaN,
    new Tagged('t', 1),
  ];
  const json = [`${2n ** 60n}`, ':a', { ':a': 1, '0': [1] }, '##NaN', '#t 1'];
  expect(JSON.parse(JSON.stringify(toJson(value)))).toEqual(json);
});

test('fromJson takes JSON and refuses anything else', () => {
  expect(fromJson({ a: [1, null, ':b'] })).toEqual({ a: [1, null, ':b'] });
  expect(() => fromJson([undefined])).toThrow(TypeError);
});
