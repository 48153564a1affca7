import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ValueMap } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { type BankOptions, bank, checkBank } from './bank.ts';
import { type MadeUpOp, madeUpHistories, plainOps } from './testing/made-up.ts';
import { type Asked, type Draw, type PlayedObject, playedHistories } from './testing/played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const read = (...balances: readonly string[]) =>
  historyOf(balances.map((each) => `0 invoke read\n0 ok read ${each}`).join('\n'));

describe('the bank checker', () => {
  const options: BankOptions = { accounts: [0, 1], total: 10 };

  test('holds each read to the total', () => {
    const verdict = checkBank(
      read('{"0":4,"1":6}', '{"0":4,"1":7}', '{"0":0,"1":10}', '{"0":1,"1":1}', '{"0":9,"1":0}'),
      options,
    );
    expect(verdict).toMatchObject({
      valid: false,
      reason: 'wrong-total (3): The read by process 0 that ended at 0.3 s shows 11 in total, not 10.',
      readCount: 5,
      errorCount: 3,
      total: 10,
      firstError: { kind: 'wrong-total', read: 3, total: 11 },
      errors: {
        'wrong-total': {
          count: 3,
          first: { read: 3 },
          last: { read: 9 },
          worst: { read: 7, total: 2 },
          lowest: { read: 7 },
          highest: { read: 3 },
        },
      },
    });
  });

  test('tells accounts that should not be, and such without balance', () => {
    expect(checkBank(read('{"0":4,"1":4,"2":2}'), options)).toMatchObject({
      valid: false,
      firstError: { kind: 'unexpected-key', accounts: ['2'] },
    });
    expect(checkBank(read('{"0":10,"1":null}'), options)).toMatchObject({
      valid: false,
      firstError: { kind: 'nil-balance', accounts: ['1'] },
    });
  });

  test('holds negative balances against a bank only if so asked', () => {
    expect(checkBank(read('{"0":-1,"1":11}'), options).valid).toBe(true);
    expect(checkBank(read('{"0":-1,"1":11}'), { ...options, negativeBalances: false })).toMatchObject({
      valid: false,
      reason: 'negative-value (1): The read by process 0 that ended at 0.1 s shows less than nothing in "0".',
    });
  });

  test('without a total holds reads to what most of them show', () => {
    expect(checkBank(read('{"0":4,"1":6}', '{"0":3,"1":7}'))).toMatchObject({ valid: true, total: 10 });
    expect(checkBank(read('{"0":4,"1":7}', '{"0":3,"1":7}', '{"0":3,"1":7}'))).toMatchObject({
      valid: false,
      total: 10,
      firstError: { read: 1, total: 11 },
    });
  });

  test('is unknown where nothing was read, or no map', () => {
    expect(checkBank(historyOf('0 invoke transfer\n0 ok transfer'))).toMatchObject({
      valid: 'unknown',
      reason: 'no balances were read',
    });
    expect(checkBank(read('7'), options)).toEqual({
      valid: 'unknown',
      reason: 'op 0, read, returned 7; expected a map of accounts to whole numbers',
    });
    expect(checkBank(read('{"0":1.5}'), options).valid).toBe('unknown');
    expect(checkBank(historyOf(''), options).valid).toBe('unknown');
  });

  const balance = fc.option(fc.integer({ min: -2, max: 4 }), { freq: 12 });
  const madeUp = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 3 }), balance), { maxLength: 4 })
    .map((entries): MadeUpOp => ({ f: 'read', value: null, result: new ValueMap(entries) }));

  test('agrees with looking at each read', () => {
    const kinds: Record<string, number> = {};
    fc.assert(
      fc.property(madeUpHistories(madeUp, 12), fc.boolean(), (history, negativeBalances) => {
        const reads = plainOps(history).filter(({ ends }) => ends === 'ok');
        fc.pre(reads.length > 0);
        const wrong = reads.map(({ output }) => {
          const entries = (output as ValueMap).entries as readonly (readonly [number, number | null])[];
          if (entries.some(([account]) => account === 3)) return 'unexpected-key';
          if (entries.some(([, amount]) => amount === null)) return 'nil-balance';
          if (entries.reduce((sum, [, amount]) => sum + (amount ?? 0), 0) !== 4) return 'wrong-total';
          return !negativeBalances && entries.some(([, amount]) => amount !== null && amount < 0)
            ? 'negative-value'
            : '';
        });
        const found = wrong.filter((kind) => kind !== '');
        for (const kind of found) kinds[kind] = (kinds[kind] ?? 0) + 1;
        const verdict = checkBank(history, { accounts: [0, 1, 2], total: 4, negativeBalances });
        expect(verdict).toMatchObject({ valid: found.length === 0, errorCount: found.length });
        for (const kind of found) {
          const count = found.filter((other) => other === kind).length;
          expect(verdict.errors).toMatchObject({ [kind]: { count } });
        }
      }),
      { numRuns },
    );
    expect(Object.keys(kinds).sort()).toEqual(['negative-value', 'nil-balance', 'unexpected-key', 'wrong-total']);
  });

  const promise: BankOptions = { accounts: [0, 1, 2], total: 30, negativeBalances: false };

  test('never convicts a bank that reads all at once', () => {
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedBank(draw, false), 24),
        ({ history }) => {
          expect(bank(promise).check(history).valid).not.toBe(false);
          expect(bank().check(history).valid).not.toBe(false);
        },
      ),
      { numRuns },
    );
  });

  test('convicts a bank whose reads are torn, wherever that shows', () => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedBank(draw, true), 24),
        ({ history }) => {
          const reads = plainOps(history).filter(({ f, ends }) => f === 'read' && ends === 'ok');
          fc.pre(reads.length > 0);
          const isTorn = reads.some(({ output }) => Object.values(output as object).reduce((a, b) => a + b, 0) !== 30);
          if (isTorn) convicted++;
          expect(bank(promise).check(history).valid).toBe(!isTorn);
        },
      ),
      { numRuns },
    );
    expect(convicted).toBeGreaterThan(numRuns / 10);
  });
});

/** A bank of three accounts. Where reads are torn, a read sees some accounts as they were a transfer ago. */
class PlayedBank implements PlayedObject {
  readonly last: readonly Asked[] = [{ f: 'read', value: null }];
  #balances = [10, 10, 10];
  #before = [10, 10, 10];
  readonly #draw: Draw;
  readonly #torn: boolean;

  constructor(draw: Draw, torn: boolean) {
    this.#draw = draw;
    this.#torn = torn;
  }

  ask(): Asked {
    if (this.#draw(2) === 0) return { f: 'read', value: null };
    return { f: 'transfer', value: { from: this.#draw(3), to: this.#draw(3), amount: 1 + this.#draw(5) } };
  }

  apply({ f, value }: Asked) {
    if (f === 'read') {
      return Object.fromEntries(
        this.#balances.map((now, i) => [i, this.#torn && this.#draw(4) === 0 ? this.#before[i]! : now]),
      );
    }
    const { from, to, amount } = value as { from: number; to: number; amount: number };
    if (this.#balances[from]! < amount) return undefined;
    this.#before = [...this.#balances];
    this.#balances[from]! -= amount;
    this.#balances[to]! += amount;
    return value;
  }
}
