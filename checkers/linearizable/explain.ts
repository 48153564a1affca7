/** The evidence that an object is not linearizable: which op is impossible, what was possible before it, and why. */
import type { History } from '../../history/history.ts';
import type { Value } from '../../history/value.ts';
import type { KeyFailure, Path } from '../evidence.ts';
import { type Problem, UNCONSTRAINED } from './automaton.ts';
import { type Calls, CRASHED, selectCalls } from './calls.ts';
import {
  type Conflict,
  closedPart,
  conflictOf,
  conflictWithin,
  handful,
  minimalOf,
  Questions,
} from './contradiction.ts';
import { CallsUntil, mayBeBefore, statesAfter } from './excerpt.ts';
import type { Model } from './models/model.ts';
import { allRules } from './rules.ts';
import type { Search, SearchOptions } from './search.ts';
import { Story } from './story.ts';

const configurationsMax = 20;
const stepsMax = 100;

/** Characters of a state in a path, at most. */
const stateLengthMax = 60;

/** Calls of which the whole history is searched again, so that it is known exactly what was possible; of more, only a window. */
const wholeMax = 1_000;

/** Configurations that this may cost. */
const wholeBudget = 200_000;

/** What all questions together may cost, in configurations and events. */
const questionsAllowance = 3_000_000;

/** Of calls of which nothing more is known, how many are shrunk to a minimal part. */
const lastCallsMax = 256;

/** Of the last calls those tried together with the one that cannot be linearized. */
const pairedMax = 64;

/** How many times longer than the excerpt of a conflict its window may be. */
const windowGrowthMax = 4;

/** States as they are, not joined where nothing can tell them apart. */
const plainRules = { ...allRules, mergeUnobserved: false };

/** One object that is not linearizable, with what is known of why: `call`, or `core`, or both. */
export interface Failing {
  readonly history: History;
  readonly key: Value;
  readonly calls: Calls;
  readonly model: Model;
  /** The call at whose return no configuration was left. */
  readonly call?: number | undefined;
  /** Calls, ascending, that are not linearizable as a history of their own. */
  readonly core?: readonly number[] | undefined;
}

/**
 * What there is to say. `budget`: configurations that a search of all calls may cost, where there is no other way: for objects other
 * than registers with many calls, many different ops, and no core. Else linear in the calls, by a small factor.
 */
export function explain(search: Search, failing: Failing, budget: number): KeyFailure {
  const { history, key, calls, model, core } = failing;
  const { until, known, call } = deadEnd(search, failing);
  const questions = new Questions(search, model, questionsAllowance);
  const near = conflictOf(questions, until);
  const size = near === undefined ? undefined : windowOf(questions, until, near);
  const conflict = near?.calls ?? conflictAmong(questions, until, failing);
  const traced =
    known ??
    (size === undefined ? undefined : tracedWindow(search, until, size)) ??
    (core === undefined ? undefined : tracedCore(search, until, core)) ??
    tracedAll(search, until, budget);

  const story = new Story({ history, calls, key, model, call, initial: initialOf(model, calls) });
  const contradicting = conflict !== undefined && conflict.length <= handful ? withOrigins(story, conflict) : undefined;
  const minimal = minimalAmong(questions, calls, until, call, contradicting ?? core);
  // What a single call contradicts lies before the window: that it is the initial value, most often.
  const told =
    contradicting?.length === 1 ? [...new Set([...minimal, ...contradicting])].sort((a, b) => a - b) : contradicting;
  const configurations = traced?.configurations ?? [];
  const states = configurations.map(({ state }) => state);
  const isAnyUnknown = calls.fate.subarray(0, until.length).includes(CRASHED);
  const whyDead = configurations.map(({ state, changing }) =>
    story.whyDead(state, changing, traced!.crashed, isAnyUnknown),
  );
  const lineOf = (number: number): number => calls.invocation[number]!;
  const first = size === undefined ? Math.min(call, ...(conflict ?? [])) : until.length - size;
  const longestFirst = configurations
    .map(({ path, order }, index) => ({ path, order, why: whyDead[index]! }))
    .sort((a, b) => b.order.length - a.order.length);
  return {
    key,
    completion: calls.completion[call]!,
    minimal: minimal.map(lineOf),
    ...(told === undefined ? {} : { conflict: told.map(lineOf) }),
    window: { from: lineOf(first), to: Math.max(...[call, ...(conflict ?? [])].map((one) => calls.completion[one]!)) },
    basis: traced?.basis ?? 'history',
    prefix: [...new Set(longestFirst[0]?.order)].slice(-stepsMax).map(lineOf),
    configurations: distinct(
      configurations.map(({ state, pending }, index) => ({
        state,
        pending: pending.map(lineOf),
        whyDead: whyDead[index]!,
      })),
    ),
    paths: longestFirst.flatMap(({ path, order, why }, index) => {
      const isKnown = longestFirst.findIndex((other) => `${other.order}` === `${order}`) < index;
      return path === undefined || isKnown ? [] : [pathOf(path, order.map(lineOf), { op: lineOf(call), why })];
    }),
    story:
      told === undefined
        ? story.tellAlone(until.calls, states, traced?.basis === 'core')
        : story.tell(told, states, traced?.basis === 'core'),
  };
}

/**
 * The calls up to the dead end, what is known of it where they are few enough to be searched again, and the call that cannot be
 * linearized. A model may infer what there was at first from what is seen later: then the calls up to there may be
 * possible without those after it, and more are taken.
 */
function deadEnd(search: Search, failing: Failing): { until: CallsUntil; known: Traced | undefined; call: number } {
  const { calls, model } = failing;
  const dying = failing.call ?? lastOf(search, failing);
  const until = new CallsUntil(model, calls, dying);
  const known = until.length <= wholeMax ? tracedAll(search, until, wholeBudget) : undefined;
  if (known?.call === dying || until.length > wholeMax) return { until, known, call: dying };
  const other = known === undefined ? new CallsUntil(model, calls) : new CallsUntil(model, calls, known.call);
  const again = other.length <= wholeMax ? tracedAll(search, other, wholeBudget) : undefined;
  if (again !== undefined) return { until: other, known: again, call: again.call };
  return { until, known, call: known?.call ?? dying };
}

/** Each once: configurations that differ only in how they came about are the same to people. */
function distinct(configurations: KeyFailure['configurations']): KeyFailure['configurations'] {
  return [...new Map(configurations.map((one) => [`${one.state} ${one.pending}`, one])).values()];
}

/** The call of the core at whose return it cannot be linearized. */
function lastOf(search: Search, { calls, model, core = [] }: Failing): number {
  const { outcome, call } = search.run(model.compile(selectCalls(calls, core)), {
    budget: wholeBudget,
    rules: allRules,
  });
  if (outcome === 'impossible') return core[call]!;
  return core.reduce((last, one) => (calls.completion[one]! > calls.completion[last]! ? one : last));
}

/** Of the core, or of all calls up to the dead end where they are few. */
function conflictAmong(
  questions: Questions,
  until: CallsUntil,
  { calls, core }: Failing,
): readonly number[] | undefined {
  if (core === undefined) return conflictWithin(questions, until.calls);
  const part = selectCalls(calls, core);
  const found = conflictWithin(questions, part);
  return (found !== undefined && found.length <= handful ? found : closedPart(questions, part))?.map(
    (place) => core[place]!,
  );
}

/** With those that may have left what they saw, while they remain a handful. */
function withOrigins(story: Story, conflict: readonly number[]): readonly number[] {
  const told = story.withOrigins(conflict);
  return told.length <= handful ? told : conflict;
}

/**
 * A minimal part of what is told. Where nothing is, or it is linearizable by itself: the call alone, or with one of those before it; or a
 * minimal part of the last calls.
 */
function minimalAmong(
  questions: Questions,
  calls: Calls,
  { length }: CallsUntil,
  call: number,
  told: readonly number[] | undefined,
): readonly number[] {
  const ofTold = told === undefined ? [] : minimalOf(questions, selectCalls(calls, told));
  if (ofTold.length > 0) return ofTold.map((place) => told![place]!);
  const first = Math.max(0, length - lastCallsMax);
  const last = Array.from({ length: length - first }, (_, index) => first + index);
  const near = selectCalls(calls, last);
  const pairs = last.slice(-pairedMax).flatMap((other) => (other < call ? [[other - first, call - first]] : []));
  for (const some of [[call - first], ...pairs.reverse()]) {
    const minimal = minimalOf(questions, selectCalls(near, some));
    // Another op that is impossible by itself says nothing of this one.
    if (minimal.length === some.length) return minimal.map((place) => last[some[place]!]!);
  }
  return minimalOf(questions, near).map((place) => last[place]!);
}

/** How many of the last calls are a window that is impossible: from the conflict on, where that suffices. */
function windowOf(questions: Questions, until: CallsUntil, { calls, first }: Conflict): number | undefined {
  for (let size = until.length - calls[0]!; ; size *= 2) {
    const excerpt = until.last(Math.min(size, until.length));
    const begun = excerpt === undefined ? undefined : until.problemOf(excerpt);
    if (begun === undefined) return undefined;
    const outcome = questions.ask(begun.problem, { states: begun.states, crashedRepeat: true });
    if (outcome === 'impossible') return Math.min(size, until.length);
    if (size >= (until.length - first) * windowGrowthMax || size >= until.length) return undefined;
  }
}

/** What could be, as found by a search that ended in a dead end. */
interface Traced {
  readonly basis: KeyFailure['basis'];
  readonly call: number;
  /** How many crashed calls might still have helped. */
  readonly crashed: number;
  readonly configurations: readonly Traceable[];
}

interface Traceable {
  readonly state: string;
  readonly pending: readonly number[];
  /** Those of the pending calls that may change the state. */
  readonly changing: readonly number[];
  readonly order: readonly number[];
  /** The states along the order, that before it first; undefined where it cannot be followed. */
  readonly path: readonly string[] | undefined;
}

/** What is searched, and how to name what is found. */
interface Ground {
  readonly basis: KeyFailure['basis'];
  readonly problem: Problem;
  readonly states?: readonly number[];
  /** The same with states as they are. */
  readonly plain: { readonly problem: Problem; readonly states: readonly number[] };
  /** The number of each call. */
  readonly numbers: ArrayLike<number>;
  /** Calls that return after the dead end. */
  readonly returningLater: readonly number[];
  /** Whether a call may have happened before all others, and is then in the order nevertheless. */
  readonly isBefore?: (place: number) => boolean;
}

function trace(
  search: Search,
  ground: Ground,
  options: Partial<SearchOptions> & { budget: number },
): Traced | undefined {
  const { problem, states, plain, numbers } = ground;
  const start = states === undefined ? {} : { states };
  const result = search.run(problem, { rules: allRules, trace: true, ...start, ...options });
  if (result.outcome !== 'impossible') return undefined;
  const { automaton, op } = plain.problem;
  const numberOf = (place: number): number => numbers[place]!;
  const changing = new Set<number>();
  for (let place = 0; place < op.length; place++) {
    if (op[place] !== UNCONSTRAINED && !automaton.readOnly(op[place]!)) changing.add(numberOf(place));
  }
  const later = new Set(ground.returningLater);
  return {
    basis: ground.basis,
    call: numberOf(result.call),
    crashed: result.crashed.filter((place) => !later.has(numberOf(place))).length,
    configurations: result.configurations(configurationsMax).map(({ state, pending, order }) => {
      const replayed = replay(plain.problem, plain.states, order);
      // What changed nothing, and may have happened before, did so.
      const steps = [...order.keys()].filter(
        (step) => ground.isBefore?.(order[step]!) !== true || replayed?.[step] !== replayed?.[step + 1],
      );
      const happened = new Set(order.map(numberOf));
      const open = [...pending.map(numberOf), ...ground.returningLater.filter((call) => !happened.has(call))];
      open.sort((a, b) => a - b);
      return {
        state: replayed?.at(-1) ?? problem.automaton.describe(state),
        pending: open,
        changing: open.filter((call) => changing.has(call)),
        order: steps.map((step) => numberOf(order[step]!)),
        path: replayed === undefined ? undefined : [replayed[0]!, ...steps.map((step) => replayed[step + 1]!)],
      };
    }),
  };
}

function tracedAll(search: Search, { model, calls, returningLater }: CallsUntil, budget: number): Traced | undefined {
  const plain = model.compile(calls, plainRules);
  const ground: Ground = {
    basis: 'history',
    problem: model.compile(calls),
    plain: { problem: plain, states: [plain.automaton.initial] },
    numbers: [...calls.invocation.keys()],
    returningLater,
  };
  return trace(search, ground, { budget }) ?? trace(search, ground, { budget, crashedRepeat: true });
}

function tracedWindow(search: Search, until: CallsUntil, size: number): Traced | undefined {
  const excerpt = until.last(size);
  const begun = excerpt === undefined ? undefined : until.problemOf(excerpt);
  const plain = excerpt === undefined ? undefined : until.problemOf(excerpt, plainRules);
  if (excerpt === undefined || begun === undefined || plain === undefined) return undefined;
  const ground: Ground = {
    basis: 'window',
    ...begun,
    plain,
    numbers: excerpt.numbers,
    returningLater: until.returningLater,
    isBefore: (place) => mayBeBefore(excerpt, place),
  };
  return trace(search, ground, { budget: wholeBudget, crashedRepeat: true });
}

function tracedCore(search: Search, until: CallsUntil, core: readonly number[]): Traced | undefined {
  const some = core.filter((call) => call < until.length);
  const part = selectCalls(until.calls, some);
  const plain = until.model.compile(part, plainRules);
  const ground: Ground = {
    basis: 'core',
    problem: until.model.compile(part),
    plain: { problem: plain, states: [plain.automaton.initial] },
    numbers: some,
    returningLater: until.returningLater.filter((call) => some.includes(call)),
  };
  return trace(search, ground, { budget: wholeBudget });
}

/** The states along an order, in words, that before it first; undefined if from none of `starts` each call is possible in turn. */
function replay({ automaton, op }: Problem, starts: readonly number[], order: readonly number[]): string[] | undefined {
  // Of each step the states that there may be, and of each the one that it came from.
  const steps: Map<number, number>[] = [new Map(starts.map((state) => [state, state]))];
  for (const call of order) {
    const next = new Map<number, number>();
    for (const state of steps.at(-1)!.keys()) {
      const after = op[call] === UNCONSTRAINED ? [state] : statesAfter(automaton, state, op[call]!);
      for (const one of after) if (!next.has(one)) next.set(one, state);
    }
    if (next.size === 0) return undefined;
    steps.push(next);
  }
  const states: string[] = [];
  let [state] = steps.at(-1)!.keys();
  for (const step of steps.reverse()) {
    states.push(automaton.describe(state!));
    state = step.get(state!);
  }
  return states.reverse();
}

function pathOf(states: readonly string[], lines: readonly number[], dies: Path['dies']): Path {
  const skipped = Math.max(0, lines.length - stepsMax);
  const short = states.map((state) =>
    state.length <= stateLengthMax ? state : `${state.slice(0, stateLengthMax - 1)}…`,
  );
  return {
    skipped,
    start: short[skipped]!,
    steps: lines.slice(skipped).map((op, index) => ({ op, state: short[skipped + index + 1]! })),
    dies,
  };
}

function initialOf(model: Model, calls: Calls): string {
  const { automaton } = model.compile(selectCalls({ ...calls, length: 0, events: new Int32Array(0) }, []), plainRules);
  return automaton.describe(automaton.initial);
}
