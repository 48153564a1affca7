/** Of the calls on an object that are not linearizable, the few that make it so. */
import { valuesEqual } from '../../history/value.ts';
import { ALWAYS, type Problem, UNCONSTRAINED } from './automaton.ts';
import { type Calls, selectCalls } from './calls.ts';
import { afterStandIns, asCrashed, type CallsUntil, type Excerpt } from './excerpt.ts';
import type { Model } from './models/model.ts';
import { allRules } from './rules.ts';
import type { Search, SearchOptions, SearchResult } from './search.ts';

/** As many as people take in at a glance. */
export const handful = 10;

/** Calls of which every part is tried, at most. */
const everyPartMax = 8;

/** Calls told apart by what each may have done late, or not at all, at most: their number of orders is exponential. */
const lateMax = 48;

/** Calls of a history of its own from which parts are taken away, at most. */
const shrunkMax = 512;

/** What one question may cost, in configurations. */
const questionBudget = 50_000;

/** Questions to a search, which together cost no more than is allowed: those beyond have no answer. */
export class Questions {
  readonly model: Model;
  private readonly search: Search;
  private allowance: number;

  /** `allowance`: configurations looked at, and events walked, all questions together. */
  constructor(search: Search, model: Model, allowance: number) {
    this.search = search;
    this.model = model;
    this.allowance = allowance;
  }

  ask(problem: Problem, options: Partial<SearchOptions> = {}): SearchResult['outcome'] {
    const budget = Math.min(questionBudget, this.allowance - problem.events.length);
    if (budget <= 0) return 'exhausted';
    const { outcome, explored } = this.search.run(problem, { budget, rules: allRules, ...options });
    this.allowance -= explored + problem.events.length;
    return outcome;
  }

  /** What becomes of some of the calls, as a history of their own. */
  askAlone(calls: Calls, some: readonly number[]): SearchResult['outcome'] {
    return some.length === 0 ? 'linearizable' : this.ask(this.model.compile(selectCalls(calls, some)));
  }
}

/** Calls that contradict each other, ascending, and the first call of the excerpt in which they do. */
export interface Conflict {
  readonly calls: readonly number[];
  readonly first: number;
}

/**
 * Calls that contradict each other even if each of the others in the same excerpt happened any number of times, or never, between its
 * invocation and its return, and whatever came before the excerpt. None can be spared. Undefined where what came before cannot be
 * summed up, or the allowance does not suffice.
 *
 * First the shortest excerpt that contradicts itself, by doubling from `shortest` calls; then QuickXplain (Junker 2004) within it, for which it
 * matters that letting a call off never makes the rest impossible. A number of questions proportional to the calls
 * found, times the logarithm of those in the excerpt.
 */
export function conflictOf(questions: Questions, until: CallsUntil, shortest = 16): Conflict | undefined {
  for (let size = shortest; ; size *= 2) {
    const excerpt = until.last(size);
    if (excerpt === undefined) return undefined;
    const { calls } = excerpt;
    const problem = questions.model.compile(calls);
    if (!until.canSumUp(problem)) return undefined;
    const { automaton, op } = problem;
    const changes = Uint8Array.from(op, (number) => (number !== UNCONSTRAINED && !automaton.readOnly(number) ? 1 : 0));
    const contradict = (held: readonly number[]): boolean => isContradiction(questions, excerpt, changes, held);
    const candidates: number[] = [];
    for (let place = excerpt.earlier; place < calls.length; place++)
      if (op[place] !== UNCONSTRAINED) candidates.push(place);
    if (contradict(candidates)) {
      // What stands last is kept rather than what stands first: an op that changes something says more than a read of it.
      candidates.sort((a, b) => changes[a]! - changes[b]! || a - b);
      const found = quickXplain(contradict, [], false, candidates);
      return { calls: numbersOf(excerpt, found), first: Math.max(0, until.length - size) };
    }
    if (size >= until.length) return undefined;
  }
}

const numbersOf = ({ numbers }: Excerpt, places: readonly number[]): number[] =>
  places.map((place) => numbers[place]!).sort((a, b) => a - b);

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

/** Whether the held calls are impossible, all others of the excerpt being let off. */
function isContradiction(
  questions: Questions,
  { calls, standIns, untouched }: Excerpt,
  changes: Uint8Array,
  held: readonly number[],
): boolean {
  const isHeld = new Uint8Array(calls.length);
  for (const place of held) isHeld[place] = 1;
  const kept: number[] = [];
  for (let place = 0; place < calls.length; place++) {
    if (place < standIns || isHeld[place] === 1 || changes[place] === 1) kept.push(place);
  }
  const optional = Uint8Array.from(kept, (place) => 1 - isHeld[place]!);
  const part = selectCalls(calls, kept);
  // A model may take for granted that what returned has happened.
  const problem = questions.model.compile(asCrashed(part, (place) => place >= standIns && optional[place] === 1));
  const begun = afterStandIns(problem, { standIns, untouched });
  if (begun === undefined) return false;
  const matters = problem.matters.slice().fill(ALWAYS);
  const { events } = part;
  return questions.ask({ ...begun.problem, matters, events }, { states: begun.states, optional }) === 'impossible';
}

/**
 * Of calls that are not linearizable as a history of their own, those that contradict each other even if each of the others
 * happened at any time after its invocation, or never; ascending. None can be spared, as far as there are answers. Undefined where the calls are
 * too many, or the allowance does not suffice. For objects of which what came before an excerpt cannot be summed up.
 */
export function conflictWithin(questions: Questions, calls: Calls): number[] | undefined {
  if (calls.length > lateMax) return undefined;
  const problem = questions.model.compile(calls);
  const matters = problem.matters.slice().fill(ALWAYS);
  const contradict = (held: readonly number[]): boolean => {
    const isHeld = new Set(held);
    const events = problem.events.filter((event) => (event & 1) === 0 || isHeld.has(event >>> 1));
    return questions.ask({ ...problem, matters, events }) === 'impossible';
  };
  const all = [...calls.invocation.keys()];
  if (!contradict(all)) return undefined;
  const found = quickXplain(contradict, [], false, all).sort((a, b) => a - b);
  // A model may take for granted that what returned has happened: then letting calls off may have been too much.
  return isImpossible(questions, calls, found) ? found : undefined;
}

/**
 * Of calls that are not linearizable as a history of their own, few that are not either, in which each value that is seen is left by
 * some call, where that can be; ascending. Undefined where the allowance does not suffice.
 */
export function closedPart(questions: Questions, calls: Calls): number[] | undefined {
  const all = [...calls.invocation.keys()];
  if (!isImpossible(questions, calls, all)) return undefined;
  return shrink(all, (part) => isClosed(questions, calls, part) && isImpossible(questions, calls, part));
}

/**
 * Of calls that are not linearizable as a history of their own, a part, ascending, that is not either, while it is without any one of
 * its calls. One in which each value that is seen is left by some call, where such a one is found; else often a lone op that saw a
 * value. Empty where the allowance does not suffice. Every part is tried of a few calls; else by delta debugging (Zeller and
 * Hildebrandt 2002).
 */
export function minimalOf(questions: Questions, calls: Calls): number[] {
  if (calls.length <= everyPartMax) return minimalOfEveryPart(questions, calls);
  if (calls.length > shrunkMax) return [];
  const closed = closedPart(questions, calls);
  if (closed === undefined) return [];
  if (isMinimal(questions, calls, closed)) return closed;
  const any = shrink(closed, (part) => isImpossible(questions, calls, part));
  return isMinimal(questions, calls, any) ? any : [];
}

function minimalOfEveryPart(questions: Questions, calls: Calls): number[] {
  const outcomes = Array.from({ length: 1 << calls.length }, (_, mask) =>
    questions.askAlone(calls, placesIn(mask, calls.length)),
  );
  let best: number[] = [];
  let bestIsClosed = false;
  outcomes.forEach((outcome, mask) => {
    const part = placesIn(mask, calls.length);
    if (outcome !== 'impossible' || part.some((place) => outcomes[mask & ~(1 << place)] !== 'linearizable')) return;
    const closed = isClosed(questions, calls, part);
    if (best.length > 0 && ((bestIsClosed && !closed) || (bestIsClosed === closed && best.length < part.length)))
      return;
    best = part;
    bestIsClosed = closed;
  });
  return best;
}

const placesIn = (mask: number, length: number): number[] =>
  Array.from({ length }, (_, place) => place).filter((place) => (mask & (1 << place)) !== 0);

/** A part for which `holds` still holds, from which no call can be taken for that, as far as there are answers. */
function shrink(all: readonly number[], holds: (part: readonly number[]) => boolean): number[] {
  let kept = [...all];
  for (let size = Math.ceil(kept.length / 2); size >= 1; ) {
    const before = kept.length;
    for (let from = 0; from < kept.length; ) {
      const rest = [...kept.slice(0, from), ...kept.slice(from + size)];
      if (holds(rest)) kept = rest;
      else from += size;
    }
    if (size === 1 && kept.length === before) break;
    size = Math.max(1, Math.min(size >>> 1, Math.ceil(kept.length / 2)));
  }
  return kept;
}

const isImpossible = (questions: Questions, calls: Calls, part: readonly number[]): boolean =>
  questions.askAlone(calls, part) === 'impossible';

const isMinimal = (questions: Questions, calls: Calls, part: readonly number[]): boolean =>
  isImpossible(questions, calls, part) &&
  part.every(
    (call) =>
      questions.askAlone(
        calls,
        part.filter((other) => other !== call),
      ) === 'linearizable',
  );

/** Whether each value that some call of the part saw is left by another of them, or was there at first. */
function isClosed(questions: Questions, calls: Calls, part: readonly number[]): boolean {
  const { leaves, expects } = questions.model.words;
  return part.every((call) => {
    const expected = expects?.(calls, call);
    if (expected === undefined) return true;
    const isLeft = part.some((other) => {
      const left = other === call ? undefined : leaves?.(calls, other);
      return left !== undefined && valuesEqual(left, expected);
    });
    return isLeft || questions.askAlone(calls, [call]) === 'linearizable';
  });
}
