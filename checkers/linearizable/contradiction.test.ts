import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Calls, callsUntilReturn, selectCalls } from './calls.ts';
import { conflictOf, minimalOf } from './contradiction.ts';
import { casRegister } from './models/register.ts';
import { allRules } from './rules.ts';
import { Search } from './search.ts';
import { isLinearizable } from './testing/permutations.ts';
import { isPossible } from './testing/permutations-with-optional.ts';
import { anySmallHistory } from './testing/small-histories.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 4_000);
const search = new Search();
const model = casRegister();

const without = (calls: readonly number[], call: number): number[] => calls.filter((other) => other !== call);
const everyCall = (calls: Calls): number[] => [...calls.invocation.keys()];

describe('of a history that is not linearizable', () => {
  test('the conflict is impossible whatever the others did, and none of it can be spared', () => {
    let conflicts = 0;
    fc.assert(
      fc.property(anySmallHistory, (calls) => {
        if (isLinearizable(calls)) return;
        const conflict = conflictOf(search, model, calls);
        expect(conflict).toBeDefined();
        conflicts++;
        expect(isPossible(calls, conflict!)).toBe(false);
        for (const call of conflict!) expect(isPossible(calls, without(conflict!, call))).toBe(true);
      }),
      { numRuns },
    );
    expect(conflicts).toBeGreaterThan(numRuns / 10);
  }, 3_600_000);

  test('the conflict before the first impossible return has the call that returns', () => {
    fc.assert(
      fc.property(anySmallHistory, (calls) => {
        const { call } = search.run(model.compile(calls), { budget: 1e6, rules: allRules });
        if (call < 0) return;
        expect(conflictOf(search, model, callsUntilReturn(calls, call))).toContain(call);
      }),
      { numRuns },
    );
  }, 3_600_000);

  test('the minimal part is not linearizable, and is without any one of its calls', () => {
    fc.assert(
      fc.property(anySmallHistory, (calls) => {
        if (isLinearizable(calls)) return;
        for (const start of [everyCall(calls), conflictOf(search, model, calls)!]) {
          const minimal = minimalOf(search, model, calls, start);
          expect(isLinearizable(selectCalls(calls, minimal))).toBe(false);
          for (const call of minimal) expect(isLinearizable(selectCalls(calls, without(minimal, call)))).toBe(true);
        }
      }),
      { numRuns },
    );
  }, 3_600_000);
});
