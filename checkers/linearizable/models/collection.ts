/** Queues, stacks, and bags: elements are put in and taken out. They differ in which one may be taken. */
import { formatValue, nameOf, type Value } from '../../../history/value.ts';
import { ALWAYS, type Automaton, ILLEGAL, type Problem, UNCONSTRAINED } from '../automaton.ts';
import { type Calls, CRASHED, RETURNED } from '../calls.ts';
import { unproduced } from '../polynomial/unproduced.ts';
import { allRules, type Rules } from '../rules.ts';
import { ValueNumbers } from '../value-numbers.ts';
import { LastReturns, NEVER_LOOKED_AT, returnsOf } from './last-returns.ts';
import { type Decision, type Model, ModelMismatch, type Words } from './model.ts';
import { OpNumbers } from './op-numbers.ts';
import { unknownOp, withArticle } from './unknown-op.ts';

/** An element was put in. */
export const PUT = 0;
/** A certain element was taken. */
export const TAKE = 1;
/** There was nothing to take. */
export const FOUND_EMPTY = 2;
/** It crashed: if it happened, it took what there was to take. Finding nothing, it may as well not have happened. */
export const TAKE_ANY = 3;

/** What a collection is called, and its ops. */
export interface CollectionNames {
  readonly model: string;
  readonly collection: string;
  /** Putting in, and having put. */
  readonly put: string;
  readonly hasPut: string;
  readonly take: string;
  readonly hasTaken: string;
}

/** What a collection may hold, as numbers from 0; 0 is the empty one. Elements are numbers too. */
export interface CollectionStates {
  put(state: number, element: number): number;
  /** What is left without the element; ILLEGAL where it cannot be the one that is taken. */
  take(state: number, element: number): number;
  /** What is left without the element that is taken first, where there is an order, or without any one; ILLEGAL where there is none. */
  takeAny(state: number): number;
  /** The first `limit` elements, in the order in which they would be taken where they have one, and how many there are. */
  elements(state: number, limit: number): { readonly some: readonly number[]; readonly count: number };
}

export interface CollectionKind {
  readonly names: CollectionNames;
  readonly summary: string;
  /** Whether one element stands in the way of another, or any may be taken. */
  readonly ordered: boolean;
  states(elements: number): CollectionStates;
  /** The answer without a search, where each element is put in once. */
  readonly decide: (calls: Calls) => Decision | undefined;
}

/** The calls on a collection: of each what it did, and to which element. */
export interface CollectionCalls {
  readonly kind: Int8Array;
  /** Number of the element; -1 where the kind has none. */
  readonly element: Int32Array;
  readonly elements: ValueNumbers;
}

const empty = 0;

/** Elements shown to people, at most. */
const shownMax = 20;

export function collectionModel({ names, summary, ordered, states, decide }: CollectionKind): Model {
  const words = wordsOf(names);
  const knowsAll = ({ f, input }: Calls): boolean =>
    f.every((name, call) => name === names.take || (name === names.put && !saysEmpty(input[call]!)));
  return {
    name: names.model,
    summary,
    options: {},
    fs: [names.put, names.take],
    words,
    compile: (calls, rules = allRules) => compile(calls, collectionCallsOf(calls, names), ordered, states, rules),
    decide: (calls) => decide(calls) ?? (knowsAll(calls) ? unproduced(calls, words) : undefined),
  };
}

/**
 * A take that returned nil, or `empty`, found nothing to take; so neither can be an element.
 *
 * @throws ModelMismatch where a call is none of a collection
 */
export function collectionCallsOf(calls: Calls, { model, put, take }: CollectionNames): CollectionCalls {
  const { length } = calls;
  const elements = new ValueNumbers();
  const kind = new Int8Array(length);
  const element = new Int32Array(length).fill(-1);
  for (let call = 0; call < length; call++) {
    const f = calls.f[call]!;
    const input = calls.input[call]!;
    const output = calls.output[call]!;
    if (f === put) {
      if (saysEmpty(input)) {
        const index = calls.invocation[call]!;
        const what = `op ${index} is ${withArticle(put)} of ${formatValue(input)}`;
        throw new ModelMismatch(
          index,
          `${what}, which as the result of a ${take} means that there was nothing to take`,
        );
      }
      kind[call] = PUT;
      element[call] = elements.of(input);
    } else if (f !== take) {
      throw unknownOp(calls, call, model, [put, take]);
    } else if (calls.fate[call] === CRASHED) {
      kind[call] = TAKE_ANY;
    } else if (saysEmpty(output)) {
      kind[call] = FOUND_EMPTY;
    } else {
      kind[call] = TAKE;
      element[call] = elements.of(output);
    }
  }
  return { kind, element, elements };
}

const saysEmpty = (value: Value): boolean => value === null || nameOf(value) === 'empty';

/**
 * Why crashed ops can be left out, or for some time (`matters`):
 * - A crashed put of an element that no take returned later on: without it, and without the crashed take that took it if one
 *   did, all others find what they found. For whenever it was there, it was neither what a take returned nor in its way, and nothing
 *   found the collection empty.
 * - A crashed take after which no take returned: what follows are puts, and crashed takes, which can do without.
 * - Where any element may be taken, a crashed take after which nothing was found empty: one element more is in nobody's way.
 *   If nothing ever was found empty, a put of an element that no take returned says nothing either.
 *
 * Which element a crashed take took does not matter where it may have been any: moved to just before the collection is found empty
 * next, it and those like it take all that is there.
 *
 * Elements that no take returned are one (`mergeUnobserved`): no op can tell them apart. It takes no real time into account.
 */
function compile(
  calls: Calls,
  { kind, element, elements }: CollectionCalls,
  ordered: boolean,
  states: CollectionKind['states'],
  rules: Rules,
): Problem {
  const { length } = calls;
  const returns = returnsOf(calls);
  const takenOf = new LastReturns(elements.count);
  const looks = new LastReturns(FOUND_EMPTY + 1);
  for (let call = 0; call < length; call++) {
    const returnedAt = returns[call]!;
    if (kind[call] === TAKE) takenOf.look(element[call]!, returnedAt);
    if (kind[call] === TAKE || kind[call] === FOUND_EMPTY) looks.look(TAKE, returnedAt);
    if (kind[call] === FOUND_EMPTY) looks.look(FOUND_EMPTY, returnedAt);
  }
  const takeMatters = looks.of(ordered ? TAKE : FOUND_EMPTY);
  const anyPutMatters = ordered || looks.of(FOUND_EMPTY) !== NEVER_LOOKED_AT;
  const other = elements.anonymous('an element that was never taken');

  const ops = new OpNumbers();
  const op = new Int32Array(length).fill(UNCONSTRAINED);
  const matters: number[] = [];
  for (let call = 0; call < length; call++) {
    const of = element[call]!;
    const isUntaken = kind[call] === PUT && takenOf.of(of) === NEVER_LOOKED_AT;
    const until = kind[call] === PUT ? takenOf.of(of) : takeMatters;
    if (rules.dropUnobservable) {
      if (isUntaken && !anyPutMatters) continue;
      if (calls.fate[call] === CRASHED && until === NEVER_LOOKED_AT) continue;
    }
    op[call] = ops.of(kind[call]!, isUntaken && rules.mergeUnobserved ? other : of);
    matters[op[call]!] = until;
  }
  const automaton = new CollectionAutomaton(ops, states(elements.count), elements, ordered);
  const mattersOfOp = new Int32Array(ops.count).fill(ALWAYS);
  if (rules.dropUnobservable) mattersOfOp.set(matters);
  return { automaton, op, matters: mattersOfOp, events: calls.events };
}

class CollectionAutomaton implements Automaton {
  readonly initial = empty;
  private readonly opNumbers: OpNumbers;
  private readonly states: CollectionStates;
  private readonly names: ValueNumbers;
  private readonly ordered: boolean;

  constructor(ops: OpNumbers, states: CollectionStates, names: ValueNumbers, ordered: boolean) {
    this.opNumbers = ops;
    this.states = states;
    this.names = names;
    this.ordered = ordered;
  }

  get ops(): number {
    return this.opNumbers.count;
  }

  step(state: number, op: number): number {
    switch (this.opNumbers.kind(op)) {
      case PUT:
        return this.states.put(state, this.opNumbers.argument(op));
      case TAKE:
        return this.states.take(state, this.opNumbers.argument(op));
      case FOUND_EMPTY:
        return state === empty ? state : ILLEGAL;
      default:
        return this.states.takeAny(state);
    }
  }

  readOnly(op: number): boolean {
    return this.opNumbers.kind(op) === FOUND_EMPTY;
  }

  total(op: number): boolean {
    return this.opNumbers.kind(op) === PUT;
  }

  overwrites(_op: number): boolean {
    return false;
  }

  describe(state: number): string {
    if (state === empty) return 'nothing';
    const { some, count } = this.states.elements(state, shownMax);
    const shown = some.map((element) => this.names.describe(element));
    if (count > some.length) shown.push(`… ${count - some.length} more`);
    return this.ordered ? `[${shown.join(' ')}]` : `{${shown.join(' ')}}`;
  }
}

function wordsOf({ collection, put, hasPut, take, hasTaken }: CollectionNames): Words {
  const foundEmpty = (calls: Calls, call: number): boolean => saysEmpty(calls.output[call]!);
  return {
    noun(calls, call) {
      if (calls.f[call] === put) return `${put} of ${formatValue(calls.input[call]!)}`;
      if (calls.fate[call] === CRASHED) return take;
      return foundEmpty(calls, call) ? `${take} that found nothing` : `${take} of ${formatValue(calls.output[call]!)}`;
    },
    past(calls, call) {
      if (calls.f[call] === put) return `${hasPut} ${formatValue(calls.input[call]!)}`;
      return foundEmpty(calls, call)
        ? `found the ${collection} empty`
        : `${hasTaken} ${formatValue(calls.output[call]!)}`;
    },
    expects(calls, call) {
      if (calls.f[call] === put || calls.fate[call] !== RETURNED || foundEmpty(calls, call)) return undefined;
      return calls.output[call]!;
    },
    leaves: (calls, call) => (calls.f[call] === put ? calls.input[call]! : undefined),
  };
}
