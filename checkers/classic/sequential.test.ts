import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Value } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { checkSequential, sequential } from './sequential.ts';
import { type MadeUpOp, madeUpHistories, plainOps } from './testing/made-up.ts';
import { type Asked, type Draw, type PlayedObject, playedHistories } from './testing/played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const read = (...rows: readonly string[]) =>
  checkSequential(historyOf(rows.map((each) => `0 invoke read 3\n0 ok read [3,${each}]`).join('\n')));

describe('the sequential checker', () => {
  test('counts reads by what they found', () => {
    const verdict = read('["3_1","3_0"]', '[null,"3_0"]', '[null,null]', '["3_1",null]');
    expect(verdict).toMatchObject({ valid: false, allCount: 1, someCount: 2, noneCount: 1, badCount: 1 });
    expect(verdict.reason).toBe(
      'out-of-order (1): Process 0 read key 3 until 0.7 s: it found "3_1", row 1 of 2 that it looked for, and then not row 2, which was inserted before it.',
    );
    expect(read('[null,"3_0"]', '[null,null]').valid).toBe(true);
  });

  test('is unknown where nothing was read, or something else', () => {
    expect(checkSequential(historyOf('0 invoke write 3\n0 ok write 3'))).toMatchObject({ valid: 'unknown' });
    expect(read('7')).toEqual({ valid: 'unknown', reason: 'op 0, read, returned [3 7]; expected [key rows]' });
  });

  const madeUp = fc
    .array(fc.boolean(), { minLength: 1, maxLength: 4 })
    .map((rows): MadeUpOp => ({ f: 'read', value: 0, result: [0, rows.map((found, i) => (found ? `0_${i}` : null))] }));

  test('agrees with comparing all pairs of rows', () => {
    fc.assert(
      fc.property(madeUpHistories(madeUp, 12), (history) => {
        const reads = plainOps(history).filter(({ ends }) => ends === 'ok');
        fc.pre(reads.length > 0);
        const bad = reads.filter(({ output }) => isBad(output));
        expect(checkSequential(history)).toMatchObject({ valid: bad.length === 0, badCount: bad.length });
      }),
      { numRuns },
    );
  });

  test('never convicts tables that are written in order, and others wherever that shows', () => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedTables(draw, false), 24),
        playedHistories((draw) => new PlayedTables(draw, true), 24),
        (inOrder, anyOrder) => {
          expect(sequential.check(inOrder.history).valid).not.toBe(false);
          const reads = plainOps(anyOrder.history).filter(({ f, ends }) => f === 'read' && ends === 'ok');
          const isWrong = reads.some(({ output }) => isBad(output));
          if (isWrong) convicted++;
          expect(sequential.check(anyOrder.history).valid === false).toBe(isWrong);
        },
      ),
      { numRuns },
    );
    expect(convicted).toBeGreaterThan(numRuns / 40);
  });
});

function isBad(output: Value): boolean {
  const [, rows] = output as readonly [Value, readonly Value[]];
  return rows.some((row, i) => row === null && rows.slice(0, i).some((earlier) => earlier !== null));
}

/** Three rows a key, of which a writer has inserted some by the time that a reader looks. */
class PlayedTables implements PlayedObject {
  readonly #rows = new Map<number, number[]>();
  #fresh = 0;
  readonly #draw: Draw;
  readonly #anyOrder: boolean;

  constructor(draw: Draw, anyOrder: boolean) {
    this.#draw = draw;
    this.#anyOrder = anyOrder;
  }

  ask(): Asked {
    if (this.#draw(2) === 0) return { f: 'write', value: this.#fresh++ };
    return { f: 'read', value: this.#draw(this.#fresh + 1) };
  }

  apply({ f, value }: Asked): Value {
    const key = value as number;
    if (f === 'write') {
      this.#rows.set(key, this.#anyOrder ? [2, 0, 1] : [0, 1, 2]);
      return value;
    }
    const order = this.#rows.get(key) ?? [];
    let inserted = this.#draw(order.length + 1);
    const found = [2, 1, 0].map((row) => {
      inserted += this.#draw(order.length - inserted + 1);
      return order.slice(0, inserted).includes(row) ? `${key}_${row}` : null;
    });
    return [key, found];
  }
}
