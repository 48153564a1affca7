import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History } from '../../history/history.ts';
import type { Value } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { checkCounter, counter } from './counter.ts';
import { type MadeUpOp, madeUpHistories, plainOps } from './testing/made-up.ts';
import { type Draw, type PlayedObject, playedHistories } from './testing/played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const check = (text: string) => checkCounter(historyOf(text));

// The first ones are those of jepsen's checker_test.clj, counter-test.
describe('the counter checker', () => {
  test('lets the first read see what it begins at', () => {
    expect(check('0 invoke read\n0 ok read 0')).toMatchObject({ valid: true, readCount: 1, errorCount: 0 });
    expect(check('0 invoke read\n0 ok read 1')).toMatchObject({
      valid: false,
      reason: 'out-of-bounds (1): Process 0 read 1 at 0.1 s, but the counter was 0.',
      errors: [{ read: 1, lower: 0, value: 1, upper: 0 }],
    });
    expect(checkCounter(historyOf('0 invoke read\n0 ok read 7'), { initial: 7 }).valid).toBe(true);
  });

  test('leaves out adds that failed', () => {
    expect(check('0 invoke add 1\n0 fail add 1\n0 invoke read\n0 ok read 0').valid).toBe(true);
    expect(check('0 invoke add 1\n0 fail add 1\n0 invoke read\n0 ok read 1').valid).toBe(false);
  });

  test('bounds reads that overlap adds', () => {
    const verdict = check(`
      0 invoke read
      1 invoke add 1
      2 invoke read
      3 invoke add 2
      4 invoke read
      5 invoke add 4
      6 invoke read
      7 invoke add 8
      8 invoke read
      0 ok read 6
      1 ok add 1
      2 ok read 0
      3 ok add 2
      4 ok read 3
      5 ok add 4
      6 ok read 100
      7 ok add 8
      8 ok read 15
    `);
    const error = { read: 15, lower: 0, value: 100, upper: 15 };
    expect(verdict).toMatchObject({ valid: false, readCount: 5, errors: [error], maxAbsoluteError: error });
  });

  test('bounds reads one after the other', () => {
    const verdict = check(`
      0 invoke read
      1 invoke add 1
      0 ok     read 0
      0 invoke read
      1 ok     add 1
      1 invoke add 2
      0 ok     read 3
      0 invoke read
      1 ok     add 2
      0 ok     read 5
    `);
    expect(verdict).toMatchObject({ valid: false, readCount: 3, errors: [{ lower: 1, value: 5, upper: 3 }] });
  });

  test('bounds a counter that may be taken from', () => {
    const text = (value: number) => `
      0 invoke add 5
      0 ok     add 5
      1 invoke dec 3
      2 invoke inc
      2 info   inc
      0 invoke read
      0 ok     read ${value}
    `;
    const valid = [1, 2, 3, 4, 5, 6, 7].map((value) => check(text(value)).valid);
    expect(valid).toEqual([false, true, true, true, true, true, false]);
  });

  test('counts exactly beyond 2^53', () => {
    const big = 2n ** 60n;
    const op = (process: number, type: 'invoke' | 'ok', f: string, value: Value) => ({
      index: 0,
      time: 0,
      process,
      type,
      f,
      value,
    });
    const history = (read: bigint) =>
      History.from([
        op(0, 'invoke', 'add', big),
        op(0, 'ok', 'add', big),
        op(0, 'invoke', 'read', null),
        op(0, 'ok', 'read', read),
      ]);
    expect(checkCounter(history(big)).valid).toBe(true);
    expect(checkCounter(history(big + 1n))).toMatchObject({
      valid: false,
      errors: [{ lower: '1152921504606846976', value: '1152921504606846977' }],
    });
  });

  test('is unknown where nothing was read, or what was is no number', () => {
    expect(check('').valid).toBe('unknown');
    expect(check('0 invoke add 1\n0 ok add 1')).toMatchObject({
      valid: 'unknown',
      reason: 'the counter was never read',
    });
    expect(check('0 invoke read\n0 ok read "a"')).toEqual({
      valid: 'unknown',
      reason: 'op 0, read, returned "a"; expected a whole number',
    });
    expect(check('0 invoke add "a"\n0 ok add "a"').reason).toBe('op 0 is a add of "a"; expected a whole number');
  });

  const madeUp: fc.Arbitrary<MadeUpOp> = fc.oneof(
    fc.integer({ min: -3, max: 3 }).map((value): MadeUpOp => ({ f: 'add', value, result: value })),
    fc.integer({ min: -5, max: 5 }).map((result): MadeUpOp => ({ f: 'read', value: null, result })),
  );

  test('agrees with trying each set of adds that may be in a read', () => {
    const tally = { inside: 0, outside: 0 };
    fc.assert(
      fc.property(madeUpHistories(madeUp, 20), (history) => {
        const ops = plainOps(history);
        const reads = ops.filter(({ f, ends }) => f === 'read' && ends === 'ok');
        fc.pre(reads.length > 0);
        const wrong = reads.filter((read) => {
          const adds = ops.filter(({ f, ends, began }) => f === 'add' && ends !== 'fail' && began < read.ended);
          const sums = sumsOf(
            adds.filter(({ ended }) => ended < read.began).map(({ input }) => input as number),
            adds.filter(({ ended }) => ended > read.began).map(({ input }) => input as number),
          );
          return (read.output as number) < Math.min(...sums) || (read.output as number) > Math.max(...sums);
        });
        tally.outside += wrong.length;
        tally.inside += reads.length - wrong.length;
        expect(checkCounter(history)).toMatchObject({
          valid: wrong.length === 0,
          readCount: reads.length,
          errorCount: wrong.length,
        });
      }),
      { numRuns },
    );
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(numRuns / 10);
  });

  test('never convicts a counter that counts', () => {
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedCounter(draw, 0), 24),
        ({ history }) => {
          expect(counter().check(history).valid).not.toBe(false);
        },
      ),
      { numRuns },
    );
  });

  test('convicts a counter that counts twice, once all is over and nothing crashed', () => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedCounter(draw, 3), 24),
        ({ history, object }) => {
          fc.pre(plainOps(history).every(({ ends }) => ends === 'ok'));
          const verdict = counter().check(history);
          if (object.extra !== 0) convicted++;
          if (object.extra !== 0) expect(verdict.valid).toBe(false);
        },
      ),
      { numRuns },
    );
    expect(convicted).toBeGreaterThan(numRuns / 10);
  });
});

/** A counter that, of 16 adds, counts so many twice. */
class PlayedCounter implements PlayedObject {
  readonly last = [{ f: 'read', value: null }];
  extra = 0;
  #sum = 0;
  readonly #draw: Draw;
  readonly #faults: number;

  constructor(draw: Draw, faults: number) {
    this.#draw = draw;
    this.#faults = faults;
  }

  ask() {
    return this.#draw(2) === 0 ? { f: 'read', value: null } : { f: 'add', value: this.#draw(9) - 4 };
  }

  apply({ f, value }: { f: string; value: Value }): Value {
    if (f === 'read') return this.#sum;
    const extra = this.#draw(16) < this.#faults ? (value as number) : 0;
    this.extra += extra;
    this.#sum += (value as number) + extra;
    return value;
  }
}

/** Of all certain numbers and any of the possible ones. */
function sumsOf(certain: readonly number[], possible: readonly number[]): number[] {
  let sums = [certain.reduce((sum, number) => sum + number, 0)];
  for (const number of possible) sums = sums.flatMap((sum) => [sum, sum + number]);
  return sums;
}
