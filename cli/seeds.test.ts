import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Validity } from '../checkers/checker.ts';
import { type SeedRunner, searchSeeds } from './seeds.ts';

const never = new AbortController().signal;

/** Runners that each take a number of turns of the microtask queue for a seed. */
function runners(
  count: number,
  verdicts: readonly Validity[],
  turns: readonly number[],
  begun: number[] = [],
): SeedRunner[] {
  return Array.from({ length: count }, () => async (seed: number) => {
    begun.push(seed);
    for (let turn = turns[seed % turns.length] as number; turn > 0; turn--) await Promise.resolve();
    return verdicts[seed] as Validity;
  });
}

const arbitrarySearch = fc.record({
  verdicts: fc.array(fc.constantFrom<Validity>(true, true, true, 'unknown', false), { minLength: 1, maxLength: 40 }),
  turns: fc.array(fc.nat(30), { minLength: 1, maxLength: 7 }),
  keepGoing: fc.boolean(),
});

describe('a search over seeds', () => {
  test('gives the answer of one runner, however many there are and however long each run takes', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitrarySearch,
        fc.integer({ min: 2, max: 9 }),
        async ({ verdicts, turns, keepGoing }, count) => {
          const search = { first: 0, runs: verdicts.length, keepGoing, signal: never };
          const alone = await searchSeeds({ ...search, runners: runners(1, verdicts, [0]) });
          expect(await searchSeeds({ ...search, runners: runners(count, verdicts, turns) })).toEqual(alone);
        },
      ),
    );
  });

  test('stops at the first failure, which is the lowest failing seed', async () => {
    const verdicts: Validity[] = [true, 'unknown', true, false, true, false, true, true];
    const begun: number[] = [];
    const outcome = await searchSeeds({
      first: 0,
      runs: verdicts.length,
      keepGoing: false,
      runners: runners(3, verdicts, [9, 1, 1, 20, 1, 1], begun),
      signal: never,
    });
    expect(outcome).toEqual({ runs: 4, failed: 1, unknown: 1, firstFailure: 3, interrupted: false });
    expect(begun).not.toContain(7);
  });

  test('goes on when told to', async () => {
    const verdicts: Validity[] = [true, false, 'unknown', false];
    const search = { first: 0, runs: 4, keepGoing: true, runners: runners(2, verdicts, [1]), signal: never };
    expect(await searchSeeds(search)).toEqual({ runs: 4, failed: 2, unknown: 1, firstFailure: 1, interrupted: false });
  });

  test('begins no seed after an interrupt, and says so', async () => {
    const controller = new AbortController();
    const outcome = await searchSeeds({
      first: 0,
      runs: 10,
      keepGoing: false,
      runners: [
        async (seed) => {
          if (seed === 2) controller.abort();
          return true;
        },
      ],
      signal: controller.signal,
    });
    expect(outcome).toEqual({ runs: 3, failed: 0, unknown: 0, firstFailure: null, interrupted: true });
  });

  test('ends with the error of a runner, and begins nothing more', async () => {
    const begun: number[] = [];
    const failing: SeedRunner = async (seed) => {
      begun.push(seed);
      throw new Error(`seed ${seed}`);
    };
    const search = {
      first: 0,
      runs: 9,
      keepGoing: true,
      runners: [failing, ...runners(1, Array<Validity>(9).fill(true), [0], begun)],
      signal: never,
    };
    await expect(searchSeeds(search)).rejects.toThrow('seed 0');
    expect(begun.length).toBeLessThan(4);
  });
});
