/** Of the calls on an object that are not linearizable, the few that make it so. */
import { UNCONSTRAINED } from './automaton.ts';
import { type Calls, CRASHED, selectCalls } from './calls.ts';
import type { Model } from './models/model.ts';
import { allRules } from './rules.ts';
import type { Search } from './search.ts';

/** Configurations that one question may cost. */
const questionBudget = 100_000;

/** Questions asked before the answer so far is taken. */
const questionsMax = 1_000;

/**
 * Calls, ascending, that contradict each other even if each of the others happened any number of times, or never, between its
 * invocation and its completion, and those begun before the first of them in any order. None can be spared. Undefined where
 * the budget does not suffice.
 *
 * First the shortest stretch of calls before the end that contradicts itself, by doubling; then QuickXplain (Junker 2004)
 * within it, for which it matters that letting a call off never makes the rest impossible. A number of searches
 * proportional to the calls found, times the logarithm of the calls there are.
 */
export function conflictOf(search: Search, model: Model, calls: Calls): number[] | undefined {
  const { automaton, op } = model.compile(calls);
  const constrained = [...op.keys()].filter((call) => op[call] !== UNCONSTRAINED);
  const changes = Uint8Array.from(op, (number) => (number !== UNCONSTRAINED && !automaton.readOnly(number) ? 1 : 0));
  let questions = 0;
  const contradict = (held: readonly number[]): boolean => {
    if (questions++ > questionsMax) throw new TooManyQuestions();
    return isContradiction(search, model, calls, changes, held);
  };
  // What stands last is kept rather than what stands first: a write says more than a read of it.
  const writesLast = (some: readonly number[]): number[] => [
    ...some.filter((call) => changes[call] === 0),
    ...some.filter((call) => changes[call] === 1),
  ];
  try {
    for (let size = 8; ; size *= 2) {
      const stretch = constrained.slice(-size);
      if (contradict(stretch)) return quickXplain(contradict, [], false, writesLast(stretch)).sort((a, b) => a - b);
      if (stretch.length === constrained.length) return undefined;
    }
  } catch (error) {
    if (error instanceof TooManyQuestions) return undefined;
    throw error;
  }
}

class TooManyQuestions extends Error {}

/** A minimal part of `candidates` that with `held` is a contradiction; `changed`: whether `held` alone has not been tried. */
function quickXplain(
  contradict: (held: readonly number[]) => boolean,
  held: readonly number[],
  changed: boolean,
  candidates: readonly number[],
): number[] {
  if (changed && contradict(held)) return [];
  if (candidates.length === 1) return [...candidates];
  const middle = candidates.length >>> 1;
  const earlier = candidates.slice(0, middle);
  const later = candidates.slice(middle);
  const ofEarlier = quickXplain(contradict, [...held, ...later], true, earlier);
  const ofLater = quickXplain(contradict, [...held, ...ofEarlier], ofEarlier.length > 0, later);
  return [...ofEarlier, ...ofLater];
}

/**
 * Whether the held calls are impossible, all others being let off. What was invoked before the first held one only says
 * which states there may have been by then.
 */
function isContradiction(
  search: Search,
  model: Model,
  calls: Calls,
  changes: Uint8Array,
  held: readonly number[],
): boolean {
  const isHeld = new Uint8Array(calls.length);
  let begun = Number.POSITIVE_INFINITY;
  for (const call of held) {
    isHeld[call] = 1;
    begun = Math.min(begun, calls.invocation[call]!);
  }
  const kept = [...isHeld.keys()].filter((call) => isHeld[call] === 1 || changes[call] === 1);
  const part = selectCalls(calls, kept);
  const problem = model.compile(part);
  const earlier = problem.op.filter((number, index) => number !== UNCONSTRAINED && part.invocation[index]! < begun);
  const op = problem.op.map((number, index) => {
    const isOver = part.fate[index] !== CRASHED && part.completion[index]! < begun;
    return isOver ? UNCONSTRAINED : number;
  });
  const result = search.run(
    { ...problem, op },
    {
      budget: questionBudget,
      rules: allRules,
      optional: Uint8Array.from(kept, (call) => 1 - isHeld[call]!),
      before: [...new Set(earlier)],
    },
  );
  return result.outcome === 'impossible';
}

/**
 * A part of `start`, ascending, that is not linearizable as a history of its own, while it is without any one of its
 * calls. By delta debugging (Zeller and Hildebrandt 2002); when the questions run out, what has been reached.
 */
export function minimalOf(search: Search, model: Model, calls: Calls, start: readonly number[]): number[] {
  let questions = 0;
  const isImpossible = (part: readonly number[]): boolean => {
    if (part.length === 0 || questions++ > questionsMax) return false;
    const selected = selectCalls(calls, part);
    return search.run(model.compile(selected), { budget: questionBudget, rules: allRules }).outcome === 'impossible';
  };
  const last = start.slice(-1);
  if (isImpossible(last)) return last;
  let kept = [...start];
  for (let size = Math.ceil(kept.length / 2); size >= 1; ) {
    const before = kept.length;
    for (let from = 0; from < kept.length; ) {
      const rest = [...kept.slice(0, from), ...kept.slice(from + size)];
      if (isImpossible(rest)) kept = rest;
      else from += size;
    }
    if (size === 1 && kept.length === before) break;
    size = Math.max(1, Math.min(size >>> 1, Math.ceil(kept.length / 2)));
  }
  return kept;
}
