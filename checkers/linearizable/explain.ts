/** The evidence that an object is not linearizable: which op is impossible, what was possible before it, and why. */
import type { History } from '../../history/history.ts';
import type { Value } from '../../history/value.ts';
import type { KeyFailure } from '../evidence.ts';
import { UNCONSTRAINED } from './automaton.ts';
import { type Calls, callsUntilReturn } from './calls.ts';
import { conflictOf, minimalOf } from './contradiction.ts';
import type { Model } from './models/model.ts';
import { allRules } from './rules.ts';
import type { Search } from './search.ts';
import { Story } from './story.ts';

const configurationsMax = 20;
const prefixMax = 100;

/** One object that is not linearizable. */
export interface Failing {
  readonly history: History;
  readonly key: Value;
  readonly calls: Calls;
  readonly model: Model;
  /** The call that could not be linearized. */
  readonly call: number;
}

/** Searches again, remembering how each configuration came about; then shrinks. `budget` as for the verdict. */
export function explain(search: Search, failing: Failing, budget: number): KeyFailure {
  const { history, key, calls, model } = failing;
  const problem = model.compile(calls);
  const options = { budget, rules: allRules, trace: true };
  let result = search.run(problem, options);
  if (result.outcome !== 'impossible') result = search.run(problem, { ...options, crashedRepeat: true });
  const call = result.outcome === 'impossible' ? result.call : failing.call;
  const configurations = result.configurations(configurationsMax);

  const until = callsUntilReturn(calls, call);
  const conflict = conflictOf(search, model, until);
  const minimal = minimalOf(search, model, calls, conflict ?? [...until.invocation.keys()]);
  const story = new Story(history, calls, key, call);
  const told = conflict === undefined ? minimal : story.withOrigins(conflict);

  const linesOf = (some: readonly number[]): number[] => some.map((number) => calls.invocation[number]!);
  const prefix = configurations.reduce<readonly number[]>(
    (longest, { order }) => (order.length > longest.length ? order : longest),
    [],
  );
  const stateAfter = replayer(model, calls);
  const states = configurations.map(({ order }) => stateAfter(order));
  return {
    key,
    completion: calls.completion[call]!,
    minimal: linesOf(minimal),
    ...(conflict === undefined ? {} : { conflict: linesOf(told) }),
    prefix: linesOf([...new Set(prefix)].slice(-prefixMax)),
    configurations: configurations.map(({ pending }, index) => ({
      state: states[index]!,
      pending: linesOf(pending),
      whyDead: story.whyDead(states[index]!, pending, result.crashed.length),
    })),
    story: story.tell(told, states),
  };
}

/** The state after calls in this order, in words. The search itself merges states that nothing can tell apart. */
function replayer(model: Model, calls: Calls): (order: readonly number[]) => string {
  const { automaton, op } = model.compile(calls, { ...allRules, mergeUnobserved: false, dropUnobservable: false });
  return (order) => {
    let state = automaton.initial;
    for (const call of order) if (op[call] !== UNCONSTRAINED) state = automaton.step(state, op[call]!);
    return automaton.describe(state);
  };
}
