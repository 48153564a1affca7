import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Value } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { checkMonotonic, monotonic } from './monotonic.ts';
import { type MadeUpOp, madeUpHistories, plainOps } from './testing/made-up.ts';
import { type Asked, type Draw, type PlayedObject, playedHistories } from './testing/played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const check = (text: string) => checkMonotonic(historyOf(text));

const row = (val: number, sts: number | string, proc = 0) => JSON.stringify({ val, sts, proc });
const read = (...rows: readonly string[]) => check(`0 invoke read\n0 ok read [${rows.join(',')}]`);

describe('the monotonic checker', () => {
  test('lets numbers grow with the timestamps', () => {
    expect(read(row(0, 10), row(1, 10), row(2, '99999999999999999999'))).toMatchObject({ valid: true, rowCount: 3 });
    expect(read('0', '1', '5').valid).toBe(true);
    expect(read(row(0, 'noon'), row(1, 'dawn')).valid).toBe(true);
  });

  test('convicts numbers that do not grow, and timestamps that are not in order', () => {
    expect(read(row(0, 10, 1), row(2, 11, 2), row(1, 12, 3))).toMatchObject({
      valid: false,
      reason: 'reordered (1): The final read at 0.1 s returned 1 (timestamp 12) after 2 (timestamp 11).',
      reorderCount: 1,
      reorderPerClientCount: 0,
    });
    expect(read(row(0, 10), row(1, 9))).toMatchObject({ valid: false, orderByErrorCount: 1, reorderCount: 0 });
  });

  test('asks only for the order of each client where that is what is promised', () => {
    const text = (proc: number) => `0 invoke read\n0 ok read [${row(2, 11, 2)},${row(1, 12, proc)}]`;
    expect(checkMonotonic(historyOf(text(3)), { order: 'client' }).valid).toBe(true);
    expect(checkMonotonic(historyOf(text(2)), { order: 'client' })).toMatchObject({
      valid: false,
      reorderPerClientCount: 1,
    });
  });

  test('tells what was lost, duplicated, revived, and recovered', () => {
    const verdict = check(`
      0 invoke add
      0 ok     add ${row(0, 1)}
      0 invoke add
      0 ok     add 1
      1 invoke add 2
      1 fail   add 2
      2 invoke add 3
      2 info   add 3
      0 invoke read
      0 ok     read [1,2,3,3]
    `);
    expect(verdict).toMatchObject({
      valid: false,
      lost: [0],
      duplicates: [3],
      revived: [2],
      recovered: [3],
      findings: [
        { kind: 'duplicate' },
        { kind: 'lost', lines: [0, 1, 8, 9] },
        { kind: 'revived', lines: [4, 5, 8, 9] },
        { kind: 'reordered' },
      ],
    });
  });

  test('is unknown where nothing was read, or no rows', () => {
    expect(check('0 invoke add\n0 ok add 1')).toEqual({
      valid: 'unknown',
      reason: 'the rows were never read',
      untested: true,
    });
    expect(read('"a"').reason).toBe('op 0, read, returned ["a"]; expected a list of rows');
    expect(check('0 invoke add\n0 ok add\n0 invoke read\n0 ok read []').reason).toBe(
      'op 0, add, returned nil; expected the row that was added',
    );
  });

  const number = fc.integer({ min: 0, max: 5 });
  const madeUp: fc.Arbitrary<MadeUpOp> = fc.oneof(
    { weight: 2, arbitrary: number.map((value): MadeUpOp => ({ f: 'add', value, result: value })) },
    {
      weight: 1,
      arbitrary: fc
        .array(fc.record({ val: number, sts: fc.nat(9), proc: fc.nat(1) }), { maxLength: 4 })
        .map((rows): MadeUpOp => ({ f: 'read', value: null, result: rows })),
    },
  );

  test('agrees with the definition', () => {
    const tally = { valid: 0, invalid: 0 };
    fc.assert(
      fc.property(madeUpHistories(madeUp, 16), fc.constantFrom('all' as const, 'client' as const), (history, order) => {
        const ops = plainOps(history);
        const [final] = ops.filter(({ f, ends }) => f === 'read' && ends === 'ok').sort((a, b) => b.ended - a.ended);
        fc.pre(final !== undefined);
        const rows = final!.output as unknown as readonly { val: number; sts: number; proc: number }[];
        const seen = rows.map(({ val }) => val);
        const numbers = (ends: string) => ops.filter((op) => op.f === 'add' && op.ends === ends).map((op) => op.input);
        const pairs = (list: typeof rows) => list.slice(1).map((next, i) => [list[i]!, next] as const);
        const reorders = (list: typeof rows) => pairs(list).filter(([one, next]) => one.val >= next.val).length;
        const perClient = [0, 1].reduce((sum, proc) => sum + reorders(rows.filter((each) => each.proc === proc)), 0);
        const lost = ops.filter(
          ({ f, ends, ended, input }) =>
            f === 'add' && ends === 'ok' && ended < final!.began && !seen.includes(input as number),
        );
        const expected = {
          lostCount: lost.length,
          duplicateCount: new Set(seen.filter((val, i) => seen.indexOf(val) !== i)).size,
          revivedCount: new Set(
            seen.filter(
              (val) => numbers('fail').includes(val) && ![...numbers('ok'), ...numbers('info')].includes(val),
            ),
          ).size,
          recoveredCount: new Set(seen.filter((val) => numbers('info').includes(val) && !numbers('ok').includes(val)))
            .size,
          orderByErrorCount: pairs(rows).filter(([one, next]) => one.sts > next.sts).length,
          reorderCount: reorders(rows),
          reorderPerClientCount: perClient,
        };
        const { recoveredCount: _, reorderCount, reorderPerClientCount, ...wrong } = expected;
        const reordered = order === 'all' ? reorderCount : reorderPerClientCount;
        const valid = reordered === 0 && Object.values(wrong).every((count) => count === 0);
        tally[valid ? 'valid' : 'invalid']++;
        expect(checkMonotonic(history, { order })).toMatchObject({ valid, ...expected });
      }),
      { numRuns },
    );
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(numRuns / 40);
  });

  test('never convicts a table whose clock goes forward, and one whose clock goes back wherever that shows', () => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedTable(draw, false), 20),
        playedHistories((draw) => new PlayedTable(draw, true), 20),
        (forward, back) => {
          expect(monotonic().check(forward.history).valid).toBe(true);
          if (back.object.wentBack) convicted++;
          expect(monotonic().check(back.history).valid).toBe(!back.object.wentBack);
        },
      ),
      { numRuns },
    );
    expect(convicted).toBeGreaterThan(numRuns / 40);
  });
});

/** A table that numbers its rows and reads them in the order of a clock. */
class PlayedTable implements PlayedObject {
  readonly last: readonly Asked[] = [{ f: 'read', value: null }];
  wentBack = false;
  readonly #rows: { val: number; sts: number }[] = [];
  #clock = 0;
  readonly #draw: Draw;
  readonly #back: boolean;

  constructor(draw: Draw, back: boolean) {
    this.#draw = draw;
    this.#back = back;
  }

  ask(): Asked {
    return { f: 'add', value: null };
  }

  apply({ f }: Asked): Value {
    if (f === 'read') return [...this.#rows].sort((a, b) => a.sts - b.sts);
    this.#clock += 1 + this.#draw(5);
    const sts = this.#back && this.#draw(8) === 0 ? this.#clock - 6 : this.#clock;
    const row = { val: this.#rows.length, sts };
    if (this.#rows.some((other) => other.sts > sts)) this.wentBack = true;
    this.#rows.push(row);
    return row;
  }
}
