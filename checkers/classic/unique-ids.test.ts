import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { valueKey } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { type MadeUpOp, madeUpHistories, plainOps } from './testing/made-up.ts';
import { type Draw, type PlayedObject, playedHistories } from './testing/played.ts';
import { checkUniqueIds, uniqueIds } from './unique-ids.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const check = (text: string) => checkUniqueIds(historyOf(text));

describe('the unique-ids checker', () => {
  test('tells which ids were returned more than once, and to whom', () => {
    const verdict = check(`
      0 invoke generate
      0 ok     generate 3
      1 invoke generate
      1 ok     generate 7
      2 invoke generate
      2 info   generate 7
      3 invoke generate
      3 fail   generate 3
      1 invoke generate
      1 ok     generate 3
    `);
    expect(verdict).toEqual({
      valid: false,
      reason: 'duplicated (1): 3 was returned to process 0 at 0.1 s, and to process 1 at 0.9 s.',
      attemptedCount: 4,
      acknowledgedCount: 3,
      duplicatedCount: 1,
      duplicated: [{ id: 3, times: 2 }],
      range: [3, 7],
      findings: [
        {
          kind: 'duplicated',
          lines: [0, 1, 8, 9],
          sentence: '3 was returned to process 0 at 0.1 s, and to process 1 at 0.9 s.',
        },
      ],
    });
  });

  test('tells ids from each other by what they are, and gives a range only where they compare', () => {
    const verdict = check('0 invoke generate\n0 ok generate 1\n1 invoke generate\n1 ok generate "1"');
    expect(verdict.valid).toBe(true);
    expect(verdict).not.toHaveProperty('range');
    const words = check('0 invoke generate\n0 ok generate "b"\n1 invoke generate\n1 ok generate "a"');
    expect(words).toMatchObject({ valid: true, range: ['a', 'b'] });
  });

  test('is unknown where no id was returned', () => {
    expect(check('').valid).toBe('unknown');
    expect(check('0 invoke generate\n0 info generate').valid).toBe('unknown');
  });

  const id = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom('0', '1'), fc.array(fc.nat(1), { maxLength: 2 }));
  const madeUp = id.map((result): MadeUpOp => ({ f: 'generate', value: null, result }));

  test('agrees with comparing all pairs', () => {
    fc.assert(
      fc.property(madeUpHistories(madeUp, 16), (history) => {
        const ids = plainOps(history)
          .filter(({ ends }) => ends === 'ok')
          .map(({ output }) => valueKey(output));
        fc.pre(ids.length > 0);
        const repeated = new Set(ids.filter((one, index) => ids.indexOf(one) !== index));
        expect(checkUniqueIds(history)).toMatchObject({
          valid: repeated.size === 0,
          acknowledgedCount: ids.length,
          duplicatedCount: repeated.size,
        });
      }),
      { numRuns },
    );
  });

  test('never convicts a generator that counts, and always one that forgot what it had given out', () => {
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedGenerator(draw, 0), 20),
        playedHistories((draw) => new PlayedGenerator(draw, 4), 20),
        (correct, forgetful) => {
          const verdict = uniqueIds.check(correct.history);
          expect(verdict.valid).not.toBe(false);
          const given = plainOps(forgetful.history).filter(({ ends }) => ends === 'ok');
          fc.pre(given.length > 0);
          const isUnique = new Set(given.map(({ output }) => output)).size === given.length;
          expect(uniqueIds.check(forgetful.history).valid).toBe(isUnique);
        },
      ),
      { numRuns },
    );
  });
});

/** A generator that counts up, and of 16 times so often begins anew a little earlier. */
class PlayedGenerator implements PlayedObject {
  #next = 1000;
  readonly #draw: Draw;
  readonly #faults: number;

  constructor(draw: Draw, faults: number) {
    this.#draw = draw;
    this.#faults = faults;
  }

  ask() {
    return { f: 'generate', value: null };
  }

  apply() {
    if (this.#draw(16) < this.#faults) this.#next -= this.#draw(3);
    return this.#next++;
  }
}
