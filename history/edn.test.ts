import { describe, expect, test } from 'vitest';
import { parseEdn } from './edn.ts';
import { encodeHistory } from './jsonl.ts';
import { parseHistory } from './read.ts';
import { Keyword, Literal, Tagged, type Value, ValueMap, ValueSet, valueKey } from './value.ts';

const k = (name: string): Keyword => Keyword.of(name);

describe('the EDN reader', () => {
  const cases: readonly [string, Value][] = [
    ['nil', null],
    ['true', true],
    ['false', false],
    ['0', 0],
    ['-0', 0],
    ['+7', 7],
    ['-12', -12],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-123456789012345678901234567890', -123456789012345678901234567890n],
    ['5N', 5],
    ['0xFF', 255],
    ['-017', -15],
    ['4/2', 2],
    ['6/4', new Literal('3/2')],
    ['1.5', 1.5],
    ['-1.5e-3', -0.0015],
    ['1.0', new Literal('1.0')],
    ['1e3', new Literal('1000.0')],
    ['1.50M', new Literal('1.50M')],
    ['##Inf', Number.POSITIVE_INFINITY],
    ['##-Inf', Number.NEGATIVE_INFINITY],
    ['##NaN', Number.NaN],
    ['"a\\n\\t\\"\\\\\\u00e9 é𝄞\\o101"', 'a\n\t"\\é é𝄞A'],
    ['"two\nlines"', 'two\nlines'],
    [':a', k('a')],
    [':ns/a', k('ns/a')],
    [':é', k('é')],
    ['sym', new Literal('sym')],
    ['-', new Literal('-')],
    ['\\a', new Literal('\\a')],
    ['\\u0061', new Literal('\\a')],
    ['\\space', new Literal('\\space')],
    ['\\(', new Literal('\\(')],
    ['\\é', new Literal('\\é')],
    ['[]', []],
    ['(1, 2 [3])', [1, 2, [3]]],
    ['[1 2 3 4 5]', [1, 2, 3, 4, 5]],
    ['{}', {}],
    ['{"a" 1}', { a: 1 }],
    [
      '{:a 1, "b" 2}',
      new ValueMap([
        [k('a'), 1],
        ['b', 2],
      ]),
    ],
    [
      '{0 10 [1] 20}',
      new ValueMap([
        [0, 10],
        [[1], 20],
      ]),
    ],
    [
      '#:ns{:a 1 :x/b 2 "c" 3}',
      new ValueMap([
        [k('ns/a'), 1],
        [k('x/b'), 2],
        ['c', 3],
      ]),
    ],
    ['#{1 :a}', new ValueSet([1, k('a')])],
    ['#inst "2020-01-01"', new Tagged('inst', '2020-01-01')],
    ['#knossos.model.Register {:value 1}', new Tagged('knossos.model.Register', new ValueMap([[k('value'), 1]]))],
    ['#ftest/keyword "a b"', k('a b')],
    ['; nothing\n [1 #_2 #_ #_ 3 4 5 ; end\n]', [1, 5]],
    ['{:a #_0 1 #_:b}', new ValueMap([[k('a'), 1]])],
  ];

  test.each(cases)('reads %s', (text, value) => {
    expect(valueKey(parseEdn(text))).toBe(valueKey(value));
  });

  test.each([
    ['', 'a value'],
    ['1 2', 'the end of the value'],
    ['6/-4', 'a number'],
    ['1/0', 'a number'],
    ['08', 'a number'],
    ['1x', 'a number'],
    ['::a', 'a keyword'],
    [':', 'the end of the keyword'],
    ['"abc', 'the end of the string'],
    ['"\\q"', 'an escape that EDN knows'],
    ['[1 2', 'a value or ]'],
    ['[1 2)', 'a value'],
    ['{:a}', 'a value for the key before'],
    ['{:a 1 :a 2}', 'a map with each key once'],
    ['{0 1 0N 2}', 'a map with each key once'],
    ['{"a" 1 "a" 2}', 'a map with each key once'],
    ['#{1 1}', 'a set with each element once'],
    ['##Foo', '##Inf, ##-Inf, or ##NaN'],
    ['#"regex"', 'a tag'],
    ['#foo', 'a value'],
    ['[#_]', 'a value'],
    ['\\foo', 'a character'],
    ['@a', 'a value'],
    ['\u0001', 'a value'],
    ['9'.repeat(5000), 'a number of at most 4096 characters'],
  ])('refuses %s', (text, expected) => {
    expect(() => parseEdn(text)).toThrow(expect.objectContaining({ name: 'MalformedHistory', expected }));
  });
});

describe('a history in EDN', () => {
  const lines = [
    '{:index 0, :time 5, :process 0, :type :invoke, :f :write, :value 3}',
    '{:process :nemesis, :type :info, :f :start, :value nil, :clock-offsets {"n1" 2}}',
    '{:type :fail, :f :write, :process 0, :error [:timeout "x"] :index 7}',
  ];

  test.each([
    ['one op a line', lines.join('\n')],
    ['a list', `(${lines.join('\n ')})\n`],
    ['a vector with comments', `; made by hand\n[${lines.join('\n; between\n')}\n] ; end`],
    ['commas, discards, and everything in one line', `[${lines.join(', #_{:not "an op"} ')}]`],
    ['ops over several lines', lines.join('\n').replaceAll(', ', ',\n  ')],
    ['tagged ops', lines.map((line) => `#jepsen.history.Op${line}`).join('\r\n')],
    ['a byte order mark', `\ufeff${lines.join('\n')}`],
  ])('is read as %s', (_, text) => {
    const history = parseHistory(text);
    expect(history.length).toBe(3);
    expect(history.op(0)).toEqual({ index: 0, time: 5, process: 0, type: 'invoke', f: 'write', value: 3 });
    expect(history.op(1)).toEqual({
      index: 1,
      time: Number.NaN,
      process: 'nemesis',
      type: 'info',
      f: 'start',
      value: null,
    });
    expect(history.extra(1)).toEqual({ 'clock-offsets': { n1: 2 } });
    expect(history.op(2)).toMatchObject({ index: 2, type: 'fail', error: [k('timeout'), 'x'], value: null });
    expect([...history.pairs]).toEqual([2, -1, 0]);
  });

  test('keeps :a apart from "a" on its way through JSON lines', () => {
    const history = parseHistory(
      '{:process 0 :type :ok :f :txn :value [[:append :x 1] [:append "x" ":x"] {:x 1} {"x" 1}]}',
    );
    const again = parseHistory([...encodeHistory(history)].join(''));
    expect(valueKey(again.value(0))).toBe(valueKey(history.value(0)));
    expect(valueKey(again.value(0))).toBe('[[:append :x 1] [:append "x" ":x"] {:x 1} {"x" 1}]');
  });

  test('may have a process of another name, which is no client', () => {
    const history = parseHistory('{:process :watchdog :type :info :f :look} {:process :nemesis :type :info}');
    expect([history.process(0), history.isClient(0), history.f(1)]).toEqual(['watchdog', false, '']);
    expect([...history.nemesisLines()]).toEqual([1]);
  });
});
