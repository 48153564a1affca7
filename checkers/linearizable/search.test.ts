import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Calls, RETURNED } from './calls.ts';
import { decide } from './decide.ts';
import { casRegister } from './models/register.ts';
import { allRules, type Rules } from './rules.ts';
import { Search, type SearchOptions } from './search.ts';
import { isLinearizable } from './testing/permutations.ts';
import { anySmallHistory, crashedFirst } from './testing/small-histories.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 20_000);
const unlimited = 100_000_000;

const noRules: Rules = {
  dominance: false,
  readsAtOnce: false,
  equalInOrder: false,
  unseenBeforeOverwrite: false,
  dropUnobservable: false,
  mergeUnobserved: false,
  bracket: false,
};

const variants: readonly [string, Rules][] = [
  ['no rule', noRules],
  ...Object.keys(noRules).map((rule): [string, Rules] => [`only ${rule}`, { ...noRules, [rule]: true }]),
  ...Object.keys(noRules).map((rule): [string, Rules] => [`all but ${rule}`, { ...allRules, [rule]: false }]),
  ['all rules', allRules],
];

const search = new Search();

const problemOf = (calls: Calls, rules: Rules, nilReadIsUnknown = false) =>
  casRegister({ nilReadIsUnknown }).compile(calls, rules);

const outcomeOf = (calls: Calls, rules: Rules, nilReadIsUnknown = false): string =>
  decide(search, problemOf(calls, rules, nilReadIsUnknown), unlimited, rules).outcome;

const run = (calls: Calls, options: Partial<SearchOptions>) =>
  search.run(problemOf(calls, allRules), { budget: unlimited, rules: allRules, ...options });

/** The history with so many reads of nil around all of it, which take up slots and change nothing. */
function withReadsAround(calls: Calls, reads: number): Calls {
  const length = calls.length + reads;
  const events = [...calls.events].map((event) => event + reads * 2);
  const first = Array.from({ length: reads }, (_, i) => i * 2);
  const shifted = (column: Int32Array, before: number): Int32Array =>
    Int32Array.from([...Array.from({ length: reads }, () => before), ...column]);
  return {
    length,
    invocation: shifted(calls.invocation, 0),
    completion: shifted(calls.completion, events.length),
    fate: Uint8Array.from([...Array.from({ length: reads }, () => RETURNED), ...calls.fate]),
    process: shifted(calls.process, 99),
    f: [...Array.from({ length: reads }, () => 'read'), ...calls.f],
    input: [...Array.from({ length: reads }, () => null), ...calls.input],
    output: [...Array.from({ length: reads }, () => null), ...calls.output],
    events: Int32Array.from([...first, ...events, ...first.map((event) => event + 1)]),
  };
}

describe('the search agrees with all permutations', () => {
  test.each([
    ['on small histories', anySmallHistory, numRuns],
    ['where several ops crashed first', crashedFirst, numRuns / 4],
  ])(
    '%s: without rules, with each alone, without each, and with all',
    (_, histories, runs) => {
      let linearizable = 0;
      let impossible = 0;
      fc.assert(
        fc.property(histories, (calls) => {
          const expected = isLinearizable(calls) ? 'linearizable' : 'impossible';
          if (expected === 'linearizable') linearizable++;
          else impossible++;
          for (const [name, rules] of variants) {
            const outcome = outcomeOf(calls, rules);
            if (outcome !== expected) expect.fail(`${name}: ${outcome}, not ${expected}`);
          }
        }),
        { numRuns: runs },
      );
      expect(linearizable).toBeGreaterThan(runs / 10);
      expect(impossible).toBeGreaterThan(runs / 10);
    },
    3_600_000,
  );

  test('where a read of nil says nothing', () => {
    fc.assert(
      fc.property(anySmallHistory, (calls) => {
        const expected = isLinearizable(calls, true) ? 'linearizable' : 'impossible';
        for (const rules of [noRules, allRules]) expect(outcomeOf(calls, rules, true)).toBe(expected);
      }),
      { numRuns: numRuns / 4 },
    );
  }, 3_600_000);

  test('where the pending calls need two or three words', () => {
    fc.assert(
      fc.property(anySmallHistory, fc.constantFrom(30, 31, 32, 33, 62, 70), (calls, reads) => {
        const expected = isLinearizable(calls) ? 'linearizable' : 'impossible';
        expect(outcomeOf(withReadsAround(calls, reads), allRules)).toBe(expected);
      }),
      { numRuns: numRuns / 4 },
    );
  }, 3_600_000);

  test('wherever a narrow search proves something, and it does prove either', () => {
    const proofs = { linearizable: 0, impossible: 0 };
    const narrow = fc.record({
      width: fc.constantFrom(1, 2),
      retries: fc.integer({ min: 0, max: 2 }),
      excess: fc.constantFrom('dropped' as const, 'joined' as const),
      crashedRepeat: fc.boolean(),
    });
    fc.assert(
      fc.property(anySmallHistory, narrow, (calls, { width, retries, excess, crashedRepeat }) => {
        const isJoined = excess === 'joined';
        const { outcome, narrowed } = run(calls, { width, retries, excess, crashedRepeat: isJoined && crashedRepeat });
        const proof = isJoined ? 'impossible' : 'linearizable';
        const isExact = !narrowed && !(isJoined && crashedRepeat);
        if (outcome !== proof && !isExact) return;
        if (!isExact) proofs[proof]++;
        expect(outcome).toBe(isLinearizable(calls) ? 'linearizable' : 'impossible');
      }),
      { numRuns: numRuns / 2 },
    );
    expect(proofs.linearizable).toBeGreaterThan(numRuns / 200);
    expect(proofs.impossible).toBeGreaterThan(numRuns / 200);
  }, 3_600_000);
});

describe('the traced order', () => {
  test('of a linearizable history is one: each returned call once, each crashed at most once, in real-time order, legal', () => {
    fc.assert(
      fc.property(anySmallHistory, (calls) => {
        const result = run(calls, { trace: true });
        if (result.outcome !== 'linearizable') return;
        const { order } = result.configurations(1)[0]!;
        const { automaton, op } = problemOf(calls, allRules);
        const returned = [...calls.fate.keys()].filter((call) => calls.completion[call]! >= 0 && op[call] !== -1);
        expect(new Set(order).size).toBe(order.length);
        for (const call of returned) expect(order).toContain(call);
        order.forEach((call, position) => {
          for (const later of order.slice(position + 1)) {
            const isOver = calls.completion[later]! >= 0 && calls.completion[later]! < calls.invocation[call]!;
            expect(isOver).toBe(false);
          }
        });
        let state = automaton.initial;
        for (const call of order) {
          state = automaton.step(state, op[call]!);
          expect(state).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: numRuns / 4 },
    );
  }, 3_600_000);
});

describe('the budget', () => {
  test('makes the search give up, never decide wrongly', () => {
    fc.assert(
      fc.property(anySmallHistory, fc.integer({ min: 0, max: 12 }), (calls, budget) => {
        const { outcome } = run(calls, { budget });
        if (outcome !== 'exhausted') expect(outcome).toBe(isLinearizable(calls) ? 'linearizable' : 'impossible');
      }),
      { numRuns: numRuns / 4 },
    );
  }, 3_600_000);
});
