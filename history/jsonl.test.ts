import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History, HistoryBuilder } from './history.ts';
import { encodeHistory, encodeOp, encodeValue } from './jsonl.ts';
import type { Op } from './op.ts';
import { parseHistory } from './read.ts';
import { anyOp, anyValue } from './testing/arbitrary-op.ts';
import { Keyword, Literal, Tagged, type Value, ValueMap, ValueSet, valueKey, valuesEqual } from './value.ts';

const write: Op = { index: 0, time: 1000, process: 0, type: 'invoke', f: 'write', key: 'x', value: 3 };

const line = (fields: string): string => `{"process":0,"type":"invoke","f":"write"${fields}}`;
const readValue = (json: string): Value => parseHistory(line(`,"value":${json}`)).value(0);

describe('encodeOp', () => {
  test('writes exactly the line that the documents show', () => {
    expect(encodeOp(write)).toBe('{"index":0,"time":1000,"process":0,"type":"invoke","f":"write","key":"x","value":3}');
  });

  test('writes error, node, and unknown fields behind', () => {
    const op: Op = { ...write, process: 'nemesis', type: 'info', error: ['timeout'], node: 'n1' };
    expect(encodeOp(op, { debug: { a: 1 }, ':odd': null })).toBe(
      '{"index":0,"time":1000,"process":"nemesis","type":"info","f":"write","key":"x","value":3,"error":["timeout"],"node":"n1","debug":{"a":1},"::odd":null}',
    );
  });

  test('leaves an unknown time out', () => {
    expect(encodeOp({ ...write, time: Number.NaN })).not.toContain('time');
  });

  test('is JSON for any op', () => {
    fc.assert(
      fc.property(anyOp, (op) => {
        const { process, type } = JSON.parse(encodeOp(op));
        expect({ process, type }).toEqual({ process: op.process, type: op.type });
      }),
    );
  });
});

describe('encodeValue', () => {
  const cases: readonly [Value, string][] = [
    [2n ** 64n, '18446744073709551616'],
    [2 ** 60, '1152921504606846976'],
    [-0, '0'],
    [0.1, '0.1'],
    [Number.NaN, '{"#edn":"##NaN"}'],
    [Keyword.of('a'), '":a"'],
    [Keyword.of('a b'), '{"#edn":"#ftest/keyword \\"a b\\""}'],
    [':a', '"::a"'],
    ['::a', '":::a"'],
    [':8080 refused', '":8080 refused"'],
    [new Literal('1.0'), '{"#edn":"1.0"}'],
    [new ValueSet([1, 2]), '{"#edn":"#{1 2}"}'],
    [new Tagged('inst', '2020'), '{"#edn":"#inst \\"2020\\""}'],
    [
      new ValueMap([
        [Keyword.of('from'), 1],
        [':to', 2],
      ]),
      '{":from":1,"::to":2}',
    ],
    [new ValueMap([[0, 10]]), '{"#edn":"{0 10}"}'],
    [{ '#edn': '1' }, '{"#edn":"{\\"#edn\\" \\"1\\"}"}'],
    [{ '#edn': '1', a: 1 }, '{"#edn":"1","a":1}'],
  ];

  test.each(cases)('%o becomes %s and is read back', (value, json) => {
    expect(encodeValue(value)).toBe(json);
    expect(valueKey(readValue(json))).toBe(valueKey(value));
  });

  test('is read back equal, whatever the value', () => {
    fc.assert(fc.property(anyValue, (value) => valuesEqual(readValue(encodeValue(value)), value)));
  });
});

describe('a history', () => {
  test('is the same after writing and reading', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyOp, fc.option(fc.dictionary(fc.string(), anyValue)))), (lines) => {
        const builder = new HistoryBuilder();
        const unknown = new Set(['index', 'time', 'process', 'type', 'f', 'key', 'value', 'error', 'node']);
        for (const [op, extra] of lines) {
          builder.push(op);
          const entries = Object.entries(extra ?? {}).filter(([field]) => !unknown.has(field));
          if (entries.length > 0) builder.setExtra(Object.fromEntries(entries));
        }
        const history = builder.build();
        const text = [...encodeHistory(history)].join('');
        const again = parseHistory(text);
        expect([...encodeHistory(again)].join('')).toBe(text);
        expect(again.length).toBe(history.length);
        for (let i = 0; i < history.length; i++) {
          expect({ ...again.op(i), key: 0, value: 0, error: 0 }).toEqual({
            ...history.op(i),
            key: 0,
            value: 0,
            error: 0,
          });
          expect(valuesEqual(again.value(i), history.value(i))).toBe(true);
          expect(valueKey(again.extra(i) ?? null)).toBe(valueKey(history.extra(i) ?? null));
        }
      }),
    );
  });

  test('comes in pieces of whole lines', () => {
    const history = History.from(Array.from({ length: 5000 }, (_, index) => ({ ...write, index })));
    const pieces = [...encodeHistory(history)];
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.every((piece) => piece.endsWith('}\n'))).toBe(true);
    expect(parseHistory(pieces.join('')).length).toBe(5000);
  });
});

describe('the reader of JSON', () => {
  test('takes integers with all their digits, and whole floats for integers', () => {
    expect(readValue('9007199254740993')).toBe(9007199254740993n);
    expect(readValue('-123456789012345678901234567890')).toBe(-123456789012345678901234567890n);
    expect(readValue('9007199254740991')).toBe(9007199254740991);
    expect([readValue('1.0'), readValue('1e2'), readValue('-0'), readValue('-0.0'), readValue('0.5')]).toEqual([
      1, 100, 0, 0, 0.5,
    ]);
    expect(Object.is(readValue('-0.0'), 0)).toBe(true);
  });

  test('takes lines without index, time, or value, with CRLF, blank lines, and a byte order mark', () => {
    const history = parseHistory(`\ufeff${line('')}\r\n\r\n \t\n${line(',"value":1 ')}\r\n`);
    expect(history.length).toBe(2);
    expect([history.value(0), history.value(1)]).toEqual([null, 1]);
    expect(history.time(0)).toBeNaN();
    expect([history.line(0), history.line(1)]).toEqual([1, 4]);
  });

  test('goes by the order of lines, not by index or time', () => {
    const history = parseHistory(`${line(',"index":7,"time":20')}\n${line(',"index":3,"time":10')}`);
    expect([history.op(0).index, history.op(1).index]).toEqual([0, 1]);
    expect([...history.times]).toEqual([20, 10]);
  });

  test('keeps unknown fields, __proto__ too', () => {
    const history = parseHistory(line(',"__proto__":{"__proto__":1},"debug":[true]'));
    expect(Object.entries(history.extra(0) ?? {})).toEqual([
      ['__proto__', JSON.parse('{"__proto__":1}')],
      ['debug', [true]],
    ]);
    expect(encodeOp(history.op(0), history.extra(0))).toContain('"__proto__":{"__proto__":1},"debug":[true]');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('takes names with a colon for the name', () => {
    const history = parseHistory('{":process":":nemesis",":type":":info",":f":":start","value":null}');
    expect(history.op(0)).toMatchObject({ process: 'nemesis', type: 'info', f: 'start' });
    expect(history.isClient(0)).toBe(false);
  });

  test('takes an array of ops in any layout', () => {
    const text = `\n [ ${line(',"value":[\n1,\n{"a": 2} ]')}\n,\n${line('')} ] \n`;
    const history = parseHistory(text);
    expect(history.length).toBe(2);
    expect(history.value(0)).toEqual([1, { a: 2 }]);
    expect(history.line(1)).toBe(6);
    expect(parseHistory('[]').length).toBe(0);
  });

  test('takes escapes and characters of any width', () => {
    expect(readValue('"\\u00e9\\n\\"\\\\ é 𝄞 \\ud834\\udd1e"')).toBe('é\n"\\ é 𝄞 𝄞');
    expect(parseHistory(Buffer.from(line(',"é𝄞":1'))).extra(0)).toEqual({ 'é𝄞': 1 });
  });
});
