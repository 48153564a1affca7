import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { selectCalls } from './calls.ts';
import { conflictOf, conflictWithin, minimalOf, Questions } from './contradiction.ts';
import { CallsUntil } from './excerpt.ts';
import { casRegister } from './models/register.ts';
import { allRules } from './rules.ts';
import { Search } from './search.ts';
import { isLinearizable } from './testing/permutations.ts';
import { isPossible } from './testing/permutations-with-optional.ts';
import { anySmallHistory, crashedFirst } from './testing/small-histories.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 4_000);
const search = new Search();
const model = casRegister();
const questions = (): Questions => new Questions(search, model, 1e7);

const without = (calls: readonly number[], call: number): number[] => calls.filter((other) => other !== call);

describe('of a history that is not linearizable', () => {
  test('the conflict is impossible whatever the others did, and none of it can be spared', () => {
    let conflicts = 0;
    fc.assert(
      fc.property(anySmallHistory, (calls) => {
        if (isLinearizable(calls)) return;
        const conflict = conflictOf(questions(), new CallsUntil(model, calls))?.calls;
        expect(conflict).toBeDefined();
        conflicts++;
        expect(isPossible(calls, conflict!)).toBe(false);
        for (const call of conflict!) expect(isPossible(calls, without(conflict!, call))).toBe(true);
      }),
      { numRuns },
    );
    expect(conflicts).toBeGreaterThan(numRuns / 10);
  }, 3_600_000);

  test('the conflict in a few of the last calls is impossible whatever came before, and none of it can be spared', () => {
    let excerpts = 0;
    fc.assert(
      fc.property(fc.oneof(anySmallHistory, crashedFirst), fc.integer({ min: 1, max: 4 }), (calls, shortest) => {
        const found = conflictOf(questions(), new CallsUntil(model, calls), shortest);
        expect(found !== undefined).toBe(!isLinearizable(calls));
        if (found === undefined) return;
        if (found.first > 0) excerpts++;
        expect(isPossible(calls, found.calls, found.first)).toBe(false);
        for (const call of found.calls) {
          expect(isPossible(calls, without(found.calls, call), found.first)).toBe(true);
        }
      }),
      { numRuns },
    );
    expect(excerpts).toBeGreaterThan(numRuns / 20);
  }, 3_600_000);

  test('the conflict before the first impossible return has the call that returns', () => {
    fc.assert(
      fc.property(anySmallHistory, (calls) => {
        const { call } = search.run(model.compile(calls), { budget: 1e6, rules: allRules });
        if (call < 0) return;
        expect(conflictOf(questions(), new CallsUntil(model, calls, call))?.calls).toContain(call);
      }),
      { numRuns },
    );
  }, 3_600_000);

  test('an excerpt that is impossible is so whatever came before', () => {
    let impossible = 0;
    fc.assert(
      fc.property(fc.oneof(anySmallHistory, crashedFirst), fc.integer({ min: 1, max: 6 }), (calls, size) => {
        const until = new CallsUntil(model, calls);
        const begun = until.problemOf(until.last(size)!)!;
        const { problem, states } = begun;
        const { outcome } = search.run(problem, { budget: 1e6, rules: allRules, states, crashedRepeat: true });
        if (outcome !== 'impossible') return;
        impossible++;
        expect(isLinearizable(calls)).toBe(false);
      }),
      { numRuns },
    );
    expect(impossible).toBeGreaterThan(numRuns / 20);
  }, 3_600_000);

  test('the conflict within a history of its own is impossible without the others too', () => {
    fc.assert(
      fc.property(anySmallHistory, (calls) => {
        if (isLinearizable(calls)) return;
        const conflict = conflictWithin(questions(), calls);
        expect(conflict).toBeDefined();
        expect(isLinearizable(selectCalls(calls, conflict!))).toBe(false);
      }),
      { numRuns },
    );
  }, 3_600_000);

  test('the minimal part is not linearizable, and is without any one of its calls', () => {
    fc.assert(
      fc.property(anySmallHistory, (calls) => {
        if (isLinearizable(calls)) return;
        const minimal = minimalOf(questions(), calls);
        expect(isLinearizable(selectCalls(calls, minimal))).toBe(false);
        for (const call of minimal) expect(isLinearizable(selectCalls(calls, without(minimal, call)))).toBe(true);
      }),
      { numRuns },
    );
  }, 3_600_000);
});
