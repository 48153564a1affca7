/** An order of calls as evidence that they are linearizable. */
import type { Value } from '../../history/value.ts';
import type { Linearization } from '../evidence.ts';
import { ILLEGAL, UNCONSTRAINED } from './automaton.ts';
import type { Calls } from './calls.ts';
import type { Model } from './models/model.ts';
import { allRules } from './rules.ts';

/** States as they are, not joined where nothing can tell them apart. */
const plainRules = { ...allRules, mergeUnobserved: false, dropUnobservable: false };

/** Calls after which the state is given. */
const statesMax = 2_000;

/** The calls as lines of the history, with what the object holds after the first of them. Linear. */
export function linearizationOf(key: Value, model: Model, calls: Calls, order: ArrayLike<number>): Linearization {
  const { automaton, op } = model.compile(calls, plainRules);
  const lines = Array.from(order, (call) => calls.invocation[call]!);
  const states: string[] = [];
  let possible: readonly number[] = [automaton.initial];
  for (let i = 0; i < order.length && i < statesMax; i++) {
    const number = op[order[i]!]!;
    if (number !== UNCONSTRAINED) {
      const after = possible.flatMap((state) =>
        automaton.branching?.(number) === true ? automaton.branches!(state, number) : [automaton.step(state, number)],
      );
      possible = [...new Set(after)].filter((state) => state !== ILLEGAL);
    }
    states.push(possible.map((state) => automaton.describe(state)).join(' or '));
  }
  return { key, order: lines, states };
}
