import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Value } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { causalReverse, checkCausalReverse } from './causal-reverse.ts';
import { type MadeUpOp, madeUpHistories, type PlainOp, plainOps } from './testing/made-up.ts';
import { type Asked, type Draw, type PlayedObject, playedHistories } from './testing/played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const check = (text: string) => checkCausalReverse(historyOf(text));

const written = (...values: readonly number[]) =>
  values.map((value) => `0 invoke write ${value}\n0 ok write ${value}\n`).join('');

// From jepsen's causal_reverse_test.clj, but for the last two.
describe('the causal-reverse checker', () => {
  test('lets reads see writes from the first up to any', () => {
    expect(check(`${written(1, 2)}0 invoke read\n0 ok read [1,2]`)).toMatchObject({ valid: true, readCount: 1 });
    expect(check(`${written(1, 2)}0 invoke read\n0 ok read [1]`).valid).toBe(true);
    expect(check(`${written(1, 2, 3, 4, 5)}0 invoke read\n0 ok read [1,2,3,4,5]`).valid).toBe(true);
  });

  test('convicts a read that saw a later write without an earlier one', () => {
    expect(check(`${written(1, 2)}0 invoke read\n0 ok read [2]`)).toEqual({
      valid: false,
      reason:
        'causal-reverse (1): Process 0 read 2 at 0.5 s but not 1, whose write was acknowledged at 0.1 s, before that of 2 began at 0.2 s.',
      readCount: 1,
      errorCount: 1,
      errors: [{ read: 5, expectedCount: 1, missingCount: 1, missing: [1] }],
      unexpectedCount: 0,
      findings: [expect.objectContaining({ lines: [0, 1, 2, 3, 4, 5] })],
    });
  });

  test('lets concurrent writes be seen in any order', () => {
    const text = '0 invoke write 2\n1 invoke write 1\n1 ok write 1\n1 invoke read\n0 ok write 2\n1 ok read';
    for (const read of ['[1,2]', '[2,1]', '[2]', '[1]', '[]']) expect(check(`${text} ${read}`).valid).toBe(true);
  });

  test('convicts a read of what nobody wrote, and is unknown where nothing was read', () => {
    expect(check(`${written(1)}0 invoke read\n0 ok read [1,7]`)).toMatchObject({ valid: false, unexpectedCount: 1 });
    expect(check(written(1))).toMatchObject({ valid: 'unknown', reason: 'nothing was read' });
    expect(check('0 invoke read\n0 ok read 7').valid).toBe('unknown');
  });

  const value = fc.integer({ min: 0, max: 4 });
  const madeUp: fc.Arbitrary<MadeUpOp> = fc.oneof(
    value.map((each): MadeUpOp => ({ f: 'write', value: each, result: each })),
    fc.array(value, { maxLength: 5, size: 'max' }).map((result): MadeUpOp => ({ f: 'read', value: null, result })),
  );

  test('agrees with comparing all pairs of writes', () => {
    const tally = { right: 0, wrong: 0 };
    fc.assert(
      fc.property(madeUpHistories(madeUp, 24), (history) => {
        const ops = plainOps(history);
        const reads = ops.filter(({ f, ends }) => f === 'read' && ends === 'ok');
        fc.pre(reads.length > 0);
        const wrong = reads.filter((read) => isReversed(ops, read));
        tally.wrong += wrong.length;
        tally.right += reads.length - wrong.length;
        expect(checkCausalReverse(history)).toMatchObject({ readCount: reads.length, errorCount: wrong.length });
      }),
      { numRuns },
    );
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(numRuns / 40);
  });

  test('never convicts one copy, and one that hears of writes in another order wherever that shows', () => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedCopies(draw, 1), 24),
        playedHistories((draw) => new PlayedCopies(draw, 2), 24),
        (one, two) => {
          expect(causalReverse.check(one.history).valid).not.toBe(false);
          const ops = plainOps(two.history);
          const isWrong = ops.some((op) => op.f === 'read' && op.ends === 'ok' && isReversed(ops, op));
          if (isWrong) convicted++;
          expect(causalReverse.check(two.history).valid === false).toBe(isWrong);
        },
      ),
      { numRuns },
    );
    expect(convicted).toBeGreaterThan(numRuns / 40);
  });
});

function isReversed(ops: readonly PlainOp[], read: PlainOp): boolean {
  const seen = new Set(read.output as readonly Value[]);
  const writes = ops.filter(({ f, ends }) => f === 'write' && ends !== 'fail');
  const first = (value: Value) => Math.min(...writes.filter(({ input }) => input === value).map(({ began }) => began));
  const visible = [...seen].map(first).filter((began) => began < read.ended);
  const latest = Math.max(-1, ...visible);
  return writes.some(
    ({ ends, ended, input }) => ends === 'ok' && ended < latest && !(seen.has(input) && first(input) < read.ended),
  );
}

/** Copies of a store: the second hears of each write at once or later, in any order. Reads ask the last. */
class PlayedCopies implements PlayedObject {
  readonly #copies: Value[][];
  readonly #late: Value[] = [];
  #fresh = 0;
  readonly #draw: Draw;

  constructor(draw: Draw, copies: number) {
    this.#draw = draw;
    this.#copies = Array.from({ length: copies }, () => []);
  }

  ask(): Asked {
    return this.#draw(2) === 0 ? { f: 'read', value: null } : { f: 'write', value: this.#fresh++ };
  }

  apply({ f, value }: Asked): Value {
    if (f === 'write') {
      this.#copies[0]!.push(value);
      if (this.#copies.length > 1) this.#late.push(value);
      return value;
    }
    while (this.#late.length > 0 && this.#draw(3) > 0) {
      this.#copies[1]!.push(...this.#late.splice(this.#draw(this.#late.length), 1));
    }
    return [...this.#copies.at(-1)!];
  }
}
