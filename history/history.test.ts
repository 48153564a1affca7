import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History, HistoryBuilder, validatePairing } from './history.ts';
import { HistoryError } from './malformed.ts';
import type { Op, OpType } from './op.ts';
import { anyOp } from './testing/arbitrary-op.ts';
import { Keyword, valuesEqual } from './value.ts';

const op = (process: Op['process'], type: OpType, f = 'write', value: Op['value'] = null): Op => ({
  index: 0,
  time: 0,
  process,
  type,
  f,
  value,
});

/** Pairs by looking back from every completion. */
function naivePairs(ops: readonly Op[]): number[] {
  const pairs = ops.map(() => -1);
  ops.forEach((each, i) => {
    if (typeof each.process !== 'number' || each.type === 'invoke') return;
    for (let j = i - 1; j >= 0; j--) {
      if (ops[j]?.process !== each.process) continue;
      if (ops[j]?.type !== 'invoke') return;
      pairs[i] = j;
      pairs[j] = i;
      return;
    }
  });
  return pairs;
}

describe('a History', () => {
  test('gives back the ops it was built from', () => {
    fc.assert(
      fc.property(fc.array(anyOp, { maxLength: 40 }), (ops) => {
        const history = History.from(ops);
        expect(history.length).toBe(ops.length);
        ops.forEach((expected, i) => {
          const found = history.op(i);
          expect({ ...found, key: 0, value: 0, error: 0 }).toEqual({
            ...expected,
            index: i,
            key: 0,
            value: 0,
            error: 0,
          });
          expect('key' in found).toBe('key' in expected);
          expect('error' in found).toBe('error' in expected);
          expect(valuesEqual(found.value, expected.value)).toBe(true);
          expect(valuesEqual(found.key ?? null, expected.key ?? null)).toBe(true);
          expect(valuesEqual(found.error ?? null, expected.error ?? null)).toBe(true);
          expect(history.isClient(i)).toBe(typeof expected.process === 'number');
        });
      }),
    );
  });

  test('pairs as a search from each completion backwards does', () => {
    const line = fc.tuple(
      fc.constantFrom<Op['process']>(0, 1, 2, 'nemesis'),
      fc.constantFrom<OpType>('invoke', 'ok', 'fail', 'info'),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const ops = lines.map(([process, type]) => op(process, type));
        const history = History.from(ops);
        const pairs = naivePairs(ops);
        expect([...history.pairs]).toEqual(pairs);
        ops.forEach(({ type }, i) => {
          expect(history.completionOf(i)).toBe(type === 'invoke' ? pairs[i] : -1);
          expect(history.invocationOf(i)).toBe(type === 'invoke' ? -1 : pairs[i]);
        });
        const invocations = ops.flatMap((each, i) => (each.type === 'invoke' && each.process !== 'nemesis' ? [i] : []));
        expect([...history.clientInvocations()]).toEqual(invocations);
        expect([...history.nemesisLines()]).toEqual(ops.flatMap((each, i) => (each.process === 'nemesis' ? [i] : [])));
      }),
    );
  });

  test('numbers equal keys once, 1 as number and bigint alike, :a and "a" apart', () => {
    const keys = [1, 1n, 'a', Keyword.of('a'), [1, 'a'], [1n, 'a'], 2n ** 60n, 2 ** 60, '1', null];
    const history = History.from(keys.map((key) => ({ ...op(0, 'invoke'), key })));
    expect([...history.keyIds]).toEqual([0, 0, 1, 2, 3, 3, 4, 4, 5, 6]);
    expect(history.keys).toEqual([1, 'a', Keyword.of('a'), [1, 'a'], 2n ** 60n, '1', null]);
  });

  test('keeps integers of any size exactly', () => {
    const values = [0, -1, 2 ** 30 - 1, 2 ** 30, -(2 ** 31), -(2 ** 31) - 1, 2 ** 53 - 1, 2n ** 64n, -(2n ** 64n)];
    const history = History.from(values.map((value) => op(0, 'invoke', 'write', value)));
    expect(values.map((_, i) => history.value(i))).toEqual(values);
  });

  test('built in between is not changed by what is pushed later', () => {
    const builder = new HistoryBuilder();
    builder.push(op(0, 'invoke', 'write', 'a'));
    const early = builder.build();
    for (let i = 0; i < 3000; i++)
      builder.push({ ...op(i, 'invoke', 'write', `v${i}`), node: 'n1', error: 'e', key: i });
    expect(early.length).toBe(1);
    expect(early.op(0)).toEqual(op(0, 'invoke', 'write', 'a'));
    expect(early.pairs.length).toBe(1);
    expect(builder.build().op(3000)).toEqual({
      ...op(2999, 'invoke', 'write', 'v2999'),
      index: 3000,
      node: 'n1',
      error: 'e',
      key: 2999,
    });
  });

  test('takes about 29 bytes a line for small integers', () => {
    const builder = new HistoryBuilder();
    for (let i = 0; i < 1 << 16; i++) builder.push(op(i % 10, i % 2 === 0 ? 'invoke' : 'ok', 'write', i));
    const { times, processes, types, fIds, keyIds } = builder.build();
    const bytes = [times, processes, types, fIds, keyIds].reduce((sum, column) => sum + column.byteLength, 0);
    expect(bytes / (1 << 16)).toBeLessThan(60);
  });

  test.each([-1, 1.5, 2 ** 31, Number.NaN])('refuses process %s', (process) => {
    expect(() => History.from([op(process, 'invoke')])).toThrow(RangeError);
  });
});

describe('validatePairing', () => {
  test('accepts invocations that are never completed, and a nemesis that pairs with nothing', () => {
    validatePairing(
      History.from([op(0, 'invoke'), op('nemesis', 'info'), op(1, 'invoke'), op(0, 'ok'), op(0, 'invoke')]),
    );
  });

  test('names the line of a completion without invocation', () => {
    const history = History.from([op(0, 'invoke'), op(0, 'ok'), op(0, 'fail', 'read')]);
    expect(() => validatePairing(history)).toThrow(
      new HistoryError('process 0 completes "read" with fail but has no open invocation', 2, 'history', 3),
    );
  });

  test('names the line of a second open invocation', () => {
    const history = History.from([op(3, 'invoke'), op(0, 'invoke'), op(3, 'invoke', 'read')]);
    expect(() => validatePairing(history, 'h.edn')).toThrow(
      'h.edn:3: process 3 invokes "read" while its "write" of line 1 is still open',
    );
  });
});
