/** The last calls before some return, few enough to be looked at many times, with what may have come before them. */
import { Literal, type Value, valueKey } from '../../history/value.ts';
import { type Automaton, ILLEGAL, type Problem, UNCONSTRAINED } from './automaton.ts';
import { type Calls, CRASHED, callsUntilReturn, REFUSED, RETURNED, selectCalls } from './calls.ts';
import type { Model } from './models/model.ts';
import { registerWords } from './models/register-words.ts';
import { allRules, type Rules } from './rules.ts';

/** States there may have been before an excerpt, at most: beyond, what came before cannot be summed up. */
const statesMax = 4_096;

/** Different ops before an excerpt, and states that its ops lead to, at most, on anything but a register. */
const differentMax = 256;

/** Stands for all values that no call of an excerpt looks at. */
const anotherValue = new Literal('another value');

export interface Excerpt {
  /** Stand-ins, then calls invoked before the last ones that had not returned by then, then the last ones. */
  readonly calls: Calls;
  /** The number of each call in the whole; of stand-ins -1. */
  readonly numbers: readonly number[];
  /** The first so many calls stand for what may have been done before. */
  readonly standIns: number;
  /** The first so many calls, stand-ins included, were invoked before the last ones. */
  readonly earlier: number;
  /** Whether the object may still be as it was at first. */
  readonly untouched: boolean;
}

/**
 * The calls on one object up to some return, of which excerpts are made. What came before an excerpt is
 * summed up by the states that it may have left. Of a register those are the values left by calls invoked before: few,
 * because values that no one looks at are one. Of other objects, whatever the same ops lead to in any order and number,
 * which may be too much to be of use.
 */
export class CallsUntil {
  /** Those invoked before the return; those that return later do not return here. */
  readonly calls: Calls;
  readonly model: Model;
  readonly length: number;
  /** Those that return later. */
  readonly returningLater: readonly number[];
  private readonly isRegister: boolean;
  /** Calls that had not returned by the end, ascending; of equal ones on a register the first. */
  private readonly open: readonly number[];
  private different: readonly number[] | undefined;

  /** `call`: the one whose return is the last event looked at; without, all are. */
  constructor(model: Model, calls: Calls, call?: number) {
    this.model = model;
    this.isRegister = model.words === registerWords;
    const until = call === undefined ? calls : callsUntilReturn(calls, call);
    const endLine = call === undefined ? Number.POSITIVE_INFINITY : calls.completion[call]!;
    const { length, completion, f, input } = until;
    const fate = until.fate.slice();
    const output = until.output.slice();
    const returningLater: number[] = [];
    const open: number[] = [];
    const known = new Set<string>();
    for (let one = 0; one < length; one++) {
      if (fate[one] !== CRASHED) {
        if (completion[one]! <= endLine) continue;
        returningLater.push(one);
        // Of a register it does no harm to know what it returns; other models may take for granted that it has happened.
        if (!this.isRegister) {
          fate[one] = CRASHED;
          output[one] = null;
        }
      }
      const op = this.isRegister ? `${f[one]} ${valueKey(input[one]!)}` : `${one}`;
      if (!known.has(op)) open.push(one);
      known.add(op);
    }
    this.calls = { ...until, fate, output };
    this.length = length;
    this.returningLater = returningLater;
    this.open = open;
  }

  /** The last `size` calls by invocation, with what may have come before; undefined where that cannot be summed up. */
  last(size: number): Excerpt | undefined {
    const first = Math.max(0, this.length - size);
    const from = first === 0 ? 0 : this.calls.events.lastIndexOf(first * 2);
    const events = this.calls.events.subarray(from);
    const earlier: number[] = [];
    for (const event of events) if ((event & 1) === 1 && event >>> 1 < first) earlier.push(event >>> 1);
    for (const call of this.open) if (call < first) earlier.push(call);
    earlier.sort((a, b) => a - b);
    const last = Array.from({ length: this.length - first }, (_, index) => first + index);
    if (first === 0) return this.assemble([], earlier, last, events, true);
    if (this.isRegister) return this.ofRegister(first, earlier, last, events);
    this.different ??= this.firstOfEachOp();
    const standIns = this.different.filter((call) => call < first);
    return standIns.length > differentMax ? undefined : this.assemble(standIns, earlier, last, events, true);
  }

  /** The excerpt as a problem, with the states in which it may begin; undefined where they are too many. */
  problemOf(excerpt: Excerpt, rules: Rules = allRules): { problem: Problem; states: readonly number[] } | undefined {
    const problem = this.model.compile(excerpt.calls, rules);
    return afterStandIns(perhapsBefore(problem, excerpt), excerpt);
  }

  /** Whether its ops lead to few states, whatever their order and number: else what some have left cannot be summed up. */
  canSumUp({ automaton, op }: Problem): boolean {
    return this.isRegister || statesLeftBy(automaton, op, true, differentMax) !== undefined;
  }

  private ofRegister(first: number, earlier: readonly number[], last: readonly number[], events: Int32Array): Excerpt {
    const { calls } = this;
    const wanted = new ByValue<boolean>();
    const leaving = new ByValue<number[]>();
    const taken: number[] = [];
    const take = (call: number): void => {
      taken.push(call);
      const value = this.looksAt(call);
      if (value === undefined || wanted.get(value) !== undefined) return;
      wanted.set(value, false);
      // Of what crashed before, only what leaves a value that someone looks at.
      for (const other of leaving.get(value) ?? []) take(other);
    };
    for (const call of earlier) {
      const value = calls.fate[call] === CRASHED ? this.leaves(call) : undefined;
      if (value === undefined) continue;
      const others = leaving.get(value);
      if (others === undefined) leaving.set(value, [call]);
      else others.push(call);
    }
    for (const call of earlier) if (calls.fate[call] !== CRASHED) take(call);
    for (const call of last) take(call);
    if (taken.some((call) => calls.fate[call] === REFUSED)) {
      // A refused cas looks at whether it is any other value: one crashed write of some other does for all.
      const elsewhere = leaving.entries().flatMap(([value, others]) => (wanted.get(value) === undefined ? others : []));
      const write = elsewhere.find((call) => this.looksAt(call) === undefined);
      for (const call of write === undefined ? elsewhere : [write]) take(call);
    }

    let left = 0;
    let other = false;
    for (let call = first - 1; call >= 0 && (!other || left < wanted.size); call--) {
      const value = this.leaves(call);
      if (value === undefined) continue;
      const known = wanted.get(value);
      if (known === undefined) other = true;
      else if (!known) {
        wanted.set(value, true);
        left++;
      }
    }
    const values = wanted.entries().flatMap(([value, isLeft]) => (isLeft ? [value] : []));
    if (other) values.push(anotherValue);
    const some = taken.filter((call) => call < first).sort((a, b) => a - b);
    return withWrites(values, this.assemble([], some, last, events, !this.isOverwritten(calls.invocation[first]!)));
  }

  /** Whether before this line some call had returned that leaves a value. */
  private isOverwritten(line: number): boolean {
    const { calls } = this;
    for (let call = 0; call < this.length && calls.invocation[call]! < line; call++) {
      if (calls.fate[call] === RETURNED && calls.completion[call]! < line && this.leaves(call) !== undefined)
        return true;
    }
    return false;
  }

  private leaves(call: number): Value | undefined {
    return registerWords.leaves!(this.calls, call);
  }

  private looksAt(call: number): Value | undefined {
    const { fate, input } = this.calls;
    return fate[call] === REFUSED ? (input[call] as readonly Value[])[0]! : registerWords.expects!(this.calls, call);
  }

  private firstOfEachOp(): number[] {
    const { op } = this.model.compile(this.calls, { ...allRules, dropUnobservable: false, mergeUnobserved: false });
    const seen = new Set<number>([UNCONSTRAINED]);
    const found: number[] = [];
    for (let call = 0; call < this.length && found.length <= differentMax; call++) {
      if (seen.has(op[call]!)) continue;
      seen.add(op[call]!);
      found.push(call);
    }
    return found;
  }

  private assemble(
    standIns: readonly number[],
    earlier: readonly number[],
    last: readonly number[],
    events: Int32Array,
    untouched: boolean,
  ): Excerpt {
    const all = [...standIns, ...earlier, ...last];
    const begun = standIns.length + earlier.length;
    const placeOf = new Map<number, number>();
    for (let place = standIns.length; place < all.length; place++) placeOf.set(all[place]!, place);
    const codes = Array.from({ length: begun }, (_, place) => place * 2);
    for (const event of events) {
      const place = placeOf.get(event >>> 1);
      if (place !== undefined) codes.push(place * 2 + (event & 1));
    }
    const calls = { ...selectCalls({ ...this.calls, events: noEvents }, all), events: Int32Array.from(codes) };
    return {
      calls: asCrashed(calls, (place) => place < standIns.length),
      numbers: all.map((call, place) => (place < standIns.length ? -1 : call)),
      standIns: standIns.length,
      earlier: begun,
      untouched,
    };
  }
}

/** The calls with some of unknown outcome: they may have happened or not, and their results are not known. */
export function asCrashed(calls: Calls, isCrashed: (call: number) => boolean): Calls {
  return {
    ...calls,
    fate: calls.fate.map((fate, call) => (isCrashed(call) ? CRASHED : fate)),
    output: calls.output.map((output, call) => (isCrashed(call) ? null : output)),
    events: calls.events.filter((event) => (event & 1) === 0 || !isCrashed(event >>> 1)),
  };
}

const noEvents = new Int32Array(0);

/** The excerpt with a write of each of the values as its stand-ins. */
function withWrites(values: readonly Value[], { calls, numbers, earlier, untouched }: Excerpt): Excerpt {
  const count = values.length;
  const shifted = <Column extends Int32Array | Uint8Array>(column: Column, into: Column, filling: number): Column => {
    into.fill(filling, 0, count);
    into.set(column, count);
    return into;
  };
  const length = count + calls.length;
  return {
    calls: {
      length,
      invocation: shifted(calls.invocation, new Int32Array(length), -1),
      completion: shifted(calls.completion, new Int32Array(length), -1),
      fate: shifted(calls.fate, new Uint8Array(length), RETURNED),
      process: shifted(calls.process, new Int32Array(length), 0),
      f: [...values.map(() => 'write'), ...calls.f],
      input: [...values, ...calls.input],
      output: [...values, ...calls.output],
      events: calls.events.map((event) => event + count * 2),
    },
    numbers: [...values.map(() => -1), ...numbers],
    standIns: count,
    earlier: count + earlier,
    untouched,
  };
}

/** Whether a call returned within the excerpt and may have happened before it. */
export const mayBeBefore = ({ calls, standIns, earlier }: Excerpt, place: number): boolean =>
  place >= standIns && place < earlier && calls.fate[place] !== CRASHED;

/** The problem in which what was invoked before the last calls may also have happened before them: then it changes nothing. */
function perhapsBefore(problem: Problem, excerpt: Excerpt): Problem {
  const { automaton } = problem;
  const op = problem.op.slice();
  const originals: number[] = [];
  const numberOf = new Map<number, number>();
  for (let place = excerpt.standIns; place < excerpt.earlier; place++) {
    const original = op[place]!;
    if (original === UNCONSTRAINED || !mayBeBefore(excerpt, place)) continue;
    if (!automaton.readOnly(original) && !numberOf.has(original)) {
      numberOf.set(original, automaton.ops + originals.push(original) - 1);
    }
    op[place] = numberOf.get(original) ?? UNCONSTRAINED;
  }
  if (originals.length === 0) return { ...problem, op };
  const known = automaton.ops;
  const originalOf = (number: number): number => originals[number - known]!;
  return {
    ...problem,
    op,
    automaton: {
      initial: automaton.initial,
      ops: known + originals.length,
      step: (state, number) => automaton.step(state, number),
      branching: (number) => number >= known || automaton.branching?.(number) === true,
      branches: (state, number) =>
        number < known
          ? automaton.branches!(state, number)
          : [...new Set([state, ...statesAfter(automaton, state, originalOf(number))])],
      readOnly: (number) => number < known && automaton.readOnly(number),
      total: (number) => number < known && automaton.total(number),
      overwrites: (number) => number < known && automaton.overwrites(number),
      describe: (state) => automaton.describe(state),
    },
    matters: Int32Array.from([...problem.matters, ...originals.map((original) => problem.matters[original]!)]),
  };
}

/** The problem without its stand-ins, and the states that they may have left; undefined where they are too many. */
export function afterStandIns(
  problem: Problem,
  { standIns, untouched }: Pick<Excerpt, 'standIns' | 'untouched'>,
): { readonly problem: Problem; readonly states: readonly number[] } | undefined {
  const { automaton, op } = problem;
  const states = statesLeftBy(automaton, op.subarray(0, standIns), untouched, statesMax);
  if (states === undefined) return undefined;
  return { problem: { ...problem, op: op.slice().fill(UNCONSTRAINED, 0, standIns) }, states };
}

/** The states after the ops in any order, each any number of times or never; undefined where they are more than `most`. */
function statesLeftBy(
  automaton: Automaton,
  ops: Int32Array,
  untouched: boolean,
  most: number,
): readonly number[] | undefined {
  const states = new Set<number>(untouched ? [automaton.initial] : []);
  const moving: number[] = [];
  for (const op of new Set(ops)) {
    if (op === UNCONSTRAINED || automaton.readOnly(op)) continue;
    if (automaton.overwrites(op)) states.add(automaton.step(automaton.initial, op));
    else moving.push(op);
  }
  for (const state of states) {
    for (const op of moving) for (const next of statesAfter(automaton, state, op)) states.add(next);
    if (states.size > most) return undefined;
  }
  return [...states];
}

/** What the op may leave; none where it is illegal. */
export function statesAfter(automaton: Automaton, state: number, op: number): readonly number[] {
  if (automaton.branching?.(op) === true) return automaton.branches!(state, op);
  const next = automaton.step(state, op);
  return next === ILLEGAL ? [] : [next];
}

/** A map from values, equal as EDN has it. */
class ByValue<Item> {
  private readonly atoms = new Map<Value, readonly [Value, Item]>();
  private readonly others = new Map<string, readonly [Value, Item]>();

  get size(): number {
    return this.atoms.size + this.others.size;
  }

  get(value: Value): Item | undefined {
    return (isAtom(value) ? this.atoms.get(value) : this.others.get(valueKey(value)))?.[1];
  }

  set(value: Value, item: Item): void {
    if (isAtom(value)) this.atoms.set(value, [value, item]);
    else this.others.set(valueKey(value), [value, item]);
  }

  entries(): (readonly [Value, Item])[] {
    return [...this.atoms.values(), ...this.others.values()];
  }
}

const isAtom = (value: Value): boolean => typeof value === 'string' || value === null || Number.isSafeInteger(value);
