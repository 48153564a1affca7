import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseHistory } from '../../../history/read.ts';
import { Keyword, ValueMap } from '../../../history/value.ts';
import { checkLinearizable } from '../linearizable.ts';
import { objectsOf } from '../objects.ts';
import { historyOf } from '../testing/history-of.ts';
import { refusalOf, statesOf, verdictOf, wordsOf } from '../testing/verdict-of.ts';
import { multiRegister } from './multi-register.ts';

/** Transactions that return at once, a line each: process, what was done; with ? of unknown outcome. */
const txns = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => {
      const [process, done] = line.trim().split(/\s+/) as [string, string];
      const micros = JSON.parse(done.replace('?', '')) as [string, string, unknown][];
      const asked = JSON.stringify(micros.map(([f, k, v]) => [f, k, f.startsWith('r') ? null : v]));
      return done.endsWith('?')
        ? `${process} invoke txn ${asked}\n${process} info txn`
        : `${process} invoke txn ${asked}\n${process} ok txn ${JSON.stringify(micros)}`;
    })
    .join('\n');

describe('a transaction', () => {
  test('happens at one instant', () => {
    const skewed = `
      0 invoke txn [["w","x",1],["w","y",1]]
      1 invoke txn [["r","x",null],["r","y",null]]
      1 ok txn [["r","x",1],["r","y",0]]
      0 ok txn [["w","x",1],["w","y",1]]`;
    expect(verdictOf(multiRegister({ initial: { x: 0, y: 0 } }), skewed)).toBe(false);
    expect(verdictOf(multiRegister({ initial: { x: 1, y: 0 } }), skewed)).toBe(true);
    expect(verdictOf(multiRegister({ initial: { x: 0, y: 0 } }), skewed.replace('"y",0', '"y",1'))).toBe(true);
  });

  test('sees what it wrote itself', () => {
    expect(verdictOf(multiRegister(), txns('0 [["w","x",1],["r","x",1],["w","x",2]]\n0 [["r","x",2]]'))).toBe(true);
    expect(verdictOf(multiRegister(), txns('0 [["w","x",1],["r","x",2]]'))).toBe(false);
    expect(verdictOf(multiRegister(), txns('0 [["r","x",1],["r","x",2]]'))).toBe(false);
  });

  test('may have happened at any later time, whole, where its outcome is unknown', () => {
    const crashed = '0 [["write","x",1],["read","y",null],["write","y",1]]?';
    const initial = { x: 0, y: 0 };
    expect(
      verdictOf(multiRegister({ initial }), txns(`${crashed}\n1 [["r","x",0]]\n1 [["r","x",1],["r","y",1]]`)),
    ).toBe(true);
    expect(
      verdictOf(multiRegister({ initial }), txns(`${crashed}\n1 [["r","x",0]]\n1 [["r","x",1],["r","y",0]]`)),
    ).toBe(false);
  });
});

describe('what registers hold at first', () => {
  test('is what the first reads show, where it is not said', () => {
    expect(verdictOf(multiRegister(), txns('0 [["r","x",5]]\n1 [["r","x",5]]'))).toBe(true);
    expect(verdictOf(multiRegister(), txns('0 [["r","x",5]]\n1 [["r","x",6]]'))).toBe(false);
    expect(verdictOf(multiRegister(), txns('0 [["r","x",5],["w","x",6]]\n1 [["r","x",6]]'))).toBe(true);
    expect(verdictOf(multiRegister(), txns('0 [["w","x",6]]\n1 [["r","x",5]]'))).toBe(false);
    expect(verdictOf(multiRegister(), txns('0 [["r","x",null]]\n1 [["r","x",5]]'))).toBe(false);
  });

  test('is one value for all reads of it, also where it is written as well', () => {
    const either = (...reads: readonly number[]): string => `
      0 invoke txn [["w","x",1]]
      1 invoke txn [["w","x",2]]
      ${txns(reads.map((value) => `2 [["r","x",${value}]]`).join('\n'))}
      0 ok txn [["w","x",1]]
      1 ok txn [["w","x",2]]`;
    expect(verdictOf(multiRegister(), either(1, 2, 1))).toBe(true);
    expect(verdictOf(multiRegister(), either(2, 1, 2))).toBe(true);
    expect(verdictOf(multiRegister(), either(1, 2, 1, 2))).toBe(false);
  });

  test('is nil where a map does not say', () => {
    const nil = txns('0 [["r","x",null]]');
    expect(verdictOf(multiRegister({ initial: {} }), nil)).toBe(true);
    expect(verdictOf(multiRegister({ initial: { x: 1 } }), nil)).toBe(false);
    expect(verdictOf(multiRegister({ initial: { x: 1 }, nilReadIsUnknown: true }), nil)).toBe(true);
    expect(() => multiRegister({ initial: 3 })).toThrow(
      'registers cannot begin as 3; expected a map from keys to values',
    );
  });

  test('may be given for keys of any kind', () => {
    const read =
      '[{:type :invoke :f :txn :process 0 :value [[:read :x nil] [:r 7 nil]]} {:type :ok :f :txn :process 0 :value [[:read :x 1] [:r 7 2]]}]';
    const valid = (initial: Parameters<typeof multiRegister>[0]): unknown =>
      checkLinearizable(parseHistory(read), { model: multiRegister(initial) }).valid;
    expect(valid({ initial: { x: 1, '7': 2 } })).toBe(true);
    expect(valid({ initial: { x: 1, '7': 3 } })).toBe(false);
    expect(
      valid({
        initial: new ValueMap([
          [Keyword.of('x'), 1],
          [7, 2],
        ]),
      }),
    ).toBe(true);
    expect(
      valid({
        initial: new ValueMap([
          [Keyword.of('x'), 2],
          [7, 2],
        ]),
      }),
    ).toBe(false);
  });
});

describe('what the model says', () => {
  test('of its states', () => {
    const text = txns('0 [["w","x",1],["w","z",1]]\n0 [["r","x",1],["w","y",2]]\n0 [["r","y",2]]');
    expect(statesOf(multiRegister(), text)).toEqual(['{"x" 1, "y" unknown}', '{"x" 1, "y" 2}', '{"x" 1, "y" 2}']);
  });

  test('of calls', () => {
    expect(wordsOf(multiRegister(), `${txns('0 [["r","x",1]]')}\n1 invoke txn [["w","x",2]]`)).toEqual({
      nouns: ['transaction [["r" "x" 1]]', 'transaction [["w" "x" 2]]'],
      pasts: ['did [["r" "x" 1]]'],
    });
  });

  test('of registers that no transaction joins: they are judged apart, and what nobody reads not at all', () => {
    const text = txns(`
      0 [["w","x",1],["w","q",1]]
      0 [["w","y",1],["w","q",2]]
      0 [["r","y",1],["r","z",1]]
      0 [["r","x",1]]
      0 [["w","q",3]]
      0 [["r","z",1]]`);
    expect(multiRegister().parts!(objectsOf(historyOf(text)).calls[0]!)).toEqual([
      [0, 3],
      [1, 2, 5],
    ]);
    const joined = txns('0 [["w","x",1]]\n0 [["r","x",1],["r","y",1]]\n0 [["w","y",1]]');
    expect(multiRegister().parts!(objectsOf(historyOf(joined)).calls[0]!)).toBeUndefined();
  });

  test('of ops that it does not know', () => {
    expect(refusalOf(multiRegister(), '0 invoke read 1\n0 ok read 1')).toBe(
      'op 0 is a read; the multi-register model knows txn: choose another model',
    );
    for (const value of ['3', '[3]', '[["add","x",1]]', '[["w","x"]]', '[["r","x",null,1]]', 'null']) {
      expect(refusalOf(multiRegister(), `0 invoke txn ${value}`), value).toMatch(
        /^op 0 is a txn of .*; expected a list of \[read key value\] and \[write key value\]$/,
      );
    }
    expect(refusalOf(multiRegister(), '0 invoke txn []\n0 ok txn null')).toMatch(/^op 0 is a txn that returned nil; /);
    for (const other of ['[]', '[["w","x",2]]', '[["w","y",1]]', '[["r","x",1]]']) {
      expect(refusalOf(multiRegister(), `0 invoke txn [["w","x",1]]\n0 ok txn ${other}`), other).toBe(
        'op 0 is a txn that returned other reads and writes than were invoked',
      );
    }
  });
});

const recorded = join(dirname(fileURLToPath(import.meta.url)), '../../../../shared/histories/knossos');

describe.skipIf(!existsSync(recorded))(
  'the recorded histories (skipped where ../shared/histories does not exist)',
  () => {
    test('of a multi-register is valid, as Knossos says, and not if it began with other values', () => {
      const history = parseHistory(readFileSync(join(recorded, 'multi-register.edn')));
      const valid = (model: ReturnType<typeof multiRegister>): unknown => checkLinearizable(history, { model }).valid;
      expect(valid(multiRegister())).toBe(true);
      expect(valid(multiRegister({ initial: { x: 0, y: 0 } }))).toBe(true);
      expect(valid(multiRegister({ initial: { x: 0, y: 5 } }))).toBe(false);
    });
  },
);
