/** Whether a model, compiled and searched, says what all permutations of its plain specification say. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { UNCONSTRAINED } from '../automaton.ts';
import { type Calls, CRASHED, selectCalls } from '../calls.ts';
import { decide } from '../decide.ts';
import type { Model } from '../models/model.ts';
import { allRules, type Rules } from '../rules.ts';
import { Search } from '../search.ts';
import { isLinearizableBy, type Specification } from './permutations.ts';

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

const ruleNames = Object.keys(noRules);

const search = new Search();

/**
 * The verdicts of `runs` histories, with `bracket` or without: letting crashed ops happen again and again finds no end where
 * each time leads to another state. With all rules, with none, with one alone and without one of them, and of the parts that can be
 * judged apart; and of those that are linearizable, an order that the specification allows. Each verdict must have come up in at
 * least a tenth of the runs.
 */
export function expectAgreement(
  model: Model,
  specification: Specification,
  histories: fc.Arbitrary<Calls>,
  runs: number,
  bracket: boolean,
): void {
  const tally = { linearizable: 0, impossible: 0 };
  fc.assert(
    fc.property(histories, fc.constantFrom(...ruleNames), (calls, rule) => {
      const expected = isLinearizableBy(specification, calls) ? 'linearizable' : 'impossible';
      tally[expected]++;
      const variants: readonly [string, Rules][] = [
        ['all rules', allRules],
        ['no rule', noRules],
        [`only ${rule}`, { ...noRules, [rule]: true }],
        [`all but ${rule}`, { ...allRules, [rule]: false }],
      ];
      for (const [name, rules] of variants) {
        const outcome = outcomeOf(model, calls, bracket ? rules : { ...rules, bracket });
        if (outcome !== expected) expect.fail(`${name}: ${outcome}, not ${expected}`);
      }
      const parts = model.parts?.(calls);
      if (parts !== undefined) {
        const outcomes = parts.map((part) => outcomeOf(model, selectCalls(calls, part), { ...allRules, bracket }));
        const together = outcomes.includes('impossible') ? 'impossible' : 'linearizable';
        if (together !== expected) expect.fail(`in parts: ${together}, not ${expected}`);
      }
      if (expected === 'linearizable') expectOrder(model, specification, calls);
    }),
    { numRuns: runs },
  );
  expect(tally.linearizable).toBeGreaterThan(runs / 10);
  expect(tally.impossible).toBeGreaterThan(runs / 10);
}

function outcomeOf(model: Model, calls: Calls, rules: Rules): string {
  return decide(search, model.compile(calls, rules), unlimited, rules).outcome;
}

/** The order that the search found is one: all calls that returned, and constrain anything, once each, in real-time order, and allowed. */
function expectOrder(model: Model, specification: Specification, calls: Calls): void {
  const problem = model.compile(calls);
  const found = search.run(problem, { budget: unlimited, rules: allRules, trace: true });
  const { order } = found.configurations(1)[0]!;
  expect(new Set(order).size).toBe(order.length);
  for (let call = 0; call < calls.length; call++) {
    if (calls.fate[call] !== CRASHED && problem.op[call] !== UNCONSTRAINED) expect(order).toContain(call);
  }
  order.forEach((call, position) => {
    for (const later of order.slice(position + 1)) {
      const isOver = calls.completion[later]! >= 0 && calls.completion[later]! < calls.invocation[call]!;
      expect(isOver).toBe(false);
    }
  });
  let states = specification.initial(calls);
  for (const call of order) states = states.flatMap((state) => specification.after(calls, call, state));
  expect(states.length).toBeGreaterThan(0);
}
