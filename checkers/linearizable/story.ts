/** Calls in sentences, for people. */
import { failCode, type History, invokeCode } from '../../history/history.ts';
import { formatValue, type Value, valuesEqual } from '../../history/value.ts';
import { momentOf, spanOf } from '../moments.ts';
import { type Calls, CRASHED, REFUSED, RETURNED } from './calls.ts';
import type { Model } from './models/model.ts';
import { registerWords } from './models/register-words.ts';

/** Ops named in one sentence, at most. */
const namedMax = 4;

/** Characters of a state shown in a sentence, at most. */
const stateLengthMax = 80;

/** What a story is about. */
export interface Telling {
  readonly history: History;
  readonly calls: Calls;
  readonly key: Value;
  readonly model: Model;
  /** The call that could not be linearized. */
  readonly call: number;
  /** What the object holds before any op, in words. */
  readonly initial: string;
}

export class Story {
  private readonly history: History;
  private readonly calls: Calls;
  private readonly key: Value;
  private readonly model: Model;
  private readonly call: number;
  private readonly initial: string;

  constructor({ history, calls, key, model, call, initial }: Telling) {
    this.history = history;
    this.calls = calls;
    this.key = key;
    this.model = model;
    this.call = call;
    this.initial = initial;
  }

  /**
   * What the calls of the conflict did, one sentence each, in the order of their invocations; the contradiction last. `states`: what
   * the object may have held just before; `core`: if only these calls are looked at.
   */
  tell(conflict: readonly number[], states: readonly string[], core: boolean): string[] {
    const others = conflict.filter((call) => call !== this.call);
    return [...others.map((call) => this.account(call)), this.contradiction(others, states, core)];
  }

  /** As `tell`, where no few calls show it: what counting these shows, if it does; they are all up to the dead end. */
  tellAlone(calls: Calls, states: readonly string[], core: boolean): string[] {
    const tally = this.model.words.tally?.(calls);
    return [...(tally === undefined ? [] : [tally]), this.contradiction([], states, core)];
  }

  /** With the last calls before them that may have left the values they saw, ascending. */
  withOrigins(conflict: readonly number[]): number[] {
    const told = new Set(conflict);
    for (const call of conflict) {
      const expected = this.calls.fate[call] === REFUSED ? undefined : this.expected(call);
      const origin = expected === undefined ? undefined : this.lastProducerOf(expected, call);
      if (origin !== undefined) told.add(origin);
    }
    return [...told].sort((a, b) => a - b);
  }

  /**
   * Why the call is impossible in this state, whatever of the other pending calls, and of so many of unknown outcome, happens
   * first. `changing`: the pending ones that may change the state; `isAnyUnknown`: whether there are others of unknown outcome, of no use.
   */
  whyDead(state: string, changing: readonly number[], crashed: number, isAnyUnknown: boolean): string {
    const others = changing.filter((call) => call !== this.call);
    const helpers = others.map((call) => this.possessive(call));
    if (crashed > 0) helpers.push(crashed === 1 ? 'the op of unknown outcome' : `${crashed} ops of unknown outcome`);
    const help =
      helpers.length === 0
        ? isAnyUnknown
          ? 'no op of unknown outcome leads there'
          : 'nothing else was pending'
        : helpers.length === 1 && crashed <= 1
          ? `${helpers[0]} does not lead there`
          : `no order of ${list(helpers)} leads there`;
    return `it ${isThing(state) ? 'was' : 'held'} ${cut(state)}, ${this.requirement()}, and ${help}`;
  }

  private requirement(): string {
    const expected = this.expected(this.call);
    const what = this.possessive(this.call);
    if (!this.isRegister) return `where ${what} is not possible`;
    if (expected === undefined) return `but ${what} was not possible`;
    const needs = this.calls.fate[this.call] === REFUSED ? 'anything but ' : '';
    return `but ${what} needs ${needs}${formatValue(expected)}`;
  }

  /** `Process 1 wrote 4 from 10.1 s to 10.2 s.` */
  private account(call: number): string {
    const process = `Process ${this.process(call)}`;
    if (this.calls.fate[call] !== CRASHED) {
      return `${process} ${this.past(call)} ${this.between(call)}.`;
    }
    return `${process} began ${withArticle(this.noun(call))} ${this.at(this.calls.invocation[call]!)}; its outcome is unknown.`;
  }

  private contradiction(others: readonly number[], states: readonly string[], core: boolean): string {
    const { calls, call } = this;
    const what = `Process ${this.process(call)} ${this.past(call)} ${this.at(calls.completion[call]!)}`;
    const expected = this.expected(call);
    const distinct = [...new Set(states.map(cut))];
    const could = distinct.some(isThing) ? 'there could only be' : 'it could only hold';
    // What was pending then may have happened, too: whyDead says that it does not help.
    const when = core ? 'of these alone, without any further op,' : 'without any further op';
    const held = distinct.length === 0 ? '' : `; ${when} ${could} ${list(distinct, 'or')}`;
    const value = expected === undefined ? '' : formatValue(expected);
    const producers = expected === undefined ? [] : this.producersOf(expected, call);
    const isInitial = producers.length === 0 && value === this.initial;
    if (!this.isRegister) {
      return expected === undefined || producers.length > 0 || isInitial
        ? `${what}, but no order of these ops makes that possible${held}.`
        : `${what}, but no op had left ${value} there${this.failedProducerOf(expected)}.`;
    }
    if (expected === undefined) return `${what}, which no order of these ops allows.`;
    if (calls.fate[call] === REFUSED) {
      return `${what}, but no order of these ops makes it anything but ${value} then.`;
    }
    if (producers.length === 0 && !isInitial) {
      return `${what}, but no one had written ${value}${this.failedProducerOf(expected)}.`;
    }
    const witness = others.find((other) => this.comesAfter(other, expected, producers));
    if (witness === undefined) return `${what}, but no order of these ops makes it ${value} then${held}.`;
    const returned = this.at(calls.completion[witness]!);
    const last = isInitial ? `nothing ever wrote ${value}` : `no one wrote ${value} afterwards`;
    const lost = isInitial ? `${value} (the initial value)` : value;
    return this.effect(witness) === undefined
      ? `${what}, but process ${this.process(witness)} had ${this.past(witness)} ${returned}, and ${last}.`
      : `${what}, but ${lost} was overwritten by ${this.possessive(witness)}, which had returned ${returned}, and ${last}.`;
  }

  /** Whether the other call, over before this one began, shows another value than expected, and began after all that leave it were over. */
  private comesAfter(other: number, expected: Value, producers: readonly number[]): boolean {
    const { calls } = this;
    const shown = this.effect(other) ?? this.expected(other);
    if (calls.fate[other] !== RETURNED || shown === undefined || valuesEqual(shown, expected)) return false;
    if (calls.completion[other]! > calls.invocation[this.call]!) return false;
    return producers.every(
      (producer) => calls.fate[producer] === RETURNED && calls.completion[producer]! < calls.invocation[other]!,
    );
  }

  /** The calls invoked before `by` returned that leave the value, if they happen. */
  private producersOf(value: Value, by: number): number[] {
    const found: number[] = [];
    for (let call = this.lastBefore(by); call >= 0; call--) {
      if (call !== by && this.leavesValue(call, value)) found.push(call);
    }
    return found.reverse();
  }

  /** The last of them. */
  private lastProducerOf(value: Value, by: number): number | undefined {
    for (let call = this.lastBefore(by); call >= 0; call--) {
      if (call !== by && this.leavesValue(call, value)) return call;
    }
    return undefined;
  }

  /** The last call invoked before `by` returned; -1 where there is none. */
  private lastBefore(by: number): number {
    const { calls } = this;
    const until = calls.fate[by] === CRASHED ? calls.invocation[by]! : calls.completion[by]!;
    let low = 0;
    let high = calls.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (calls.invocation[middle]! < until) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Whether the call brings the value about: a cas that expects it too does not. */
  private leavesValue(call: number, value: Value): boolean {
    const effect = this.effect(call);
    if (effect === undefined || !valuesEqual(effect, value)) return false;
    const expected = this.isRegister ? this.expected(call) : undefined;
    return expected === undefined || !valuesEqual(expected, value);
  }

  /** An op that would have left the value, and failed: if that is where it comes from, a failed op took effect. */
  private failedProducerOf(value: Value): string {
    const { history } = this;
    const until = this.calls.completion[this.call]!;
    for (const line of history.clientInvocations()) {
      if (line > until) break;
      const completion = history.completionOf(line);
      const failed = completion >= 0 && history.types[completion] === failCode && history.types[line] === invokeCode;
      if (!failed || !valuesEqual(history.key(line) ?? null, this.key)) continue;
      const f = history.f(line);
      const input = history.value(line);
      const left = f === 'cas' && Array.isArray(input) ? (input[1] as Value) : input;
      if (f === 'read' || !valuesEqual(left, value)) continue;
      return ` but process ${history.process(line)}, whose ${f} failed ${this.at(completion)}`;
    }
    return '';
  }

  /** Only of a register it is known that what an op leaves replaces what was there. */
  private get isRegister(): boolean {
    return this.model.words === registerWords;
  }

  /** The value that the call saw, or expected, or did not find; undefined where it does not look. */
  private expected(call: number): Value | undefined {
    const { calls, model } = this;
    if (calls.fate[call] !== REFUSED) return model.words.expects?.(calls, call);
    const input = calls.input[call]!;
    return Array.isArray(input) ? (input[0] as Value) : undefined;
  }

  /** The value that the call leaves, if it happens; undefined where it leaves none. */
  private effect(call: number): Value | undefined {
    return this.model.words.leaves?.(this.calls, call);
  }

  private process(call: number): string {
    return String(this.history.process(this.calls.invocation[call]!));
  }

  private possessive(call: number): string {
    return `process ${this.process(call)}'s ${this.noun(call)}`;
  }

  private noun(call: number): string {
    return this.model.words.noun(this.calls, call);
  }

  private past(call: number): string {
    return this.model.words.past(this.calls, call);
  }

  private at(line: number): string {
    return momentOf(this.history, line);
  }

  private between(call: number): string {
    return spanOf(this.history, this.calls.invocation[call]!, this.calls.completion[call]!);
  }
}

const withArticle = (noun: string): string => `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;

/** Whether a state is described as what the object is (a lock held by process 1), not as what it holds. */
const isThing = (state: string): boolean => state.startsWith('a ');

const cut = (state: string): string =>
  state.length <= stateLengthMax ? state : `${state.slice(0, stateLengthMax - 1)}…`;

/** `a, b and 3 more`. */
function list(items: readonly string[], conjunction = 'and'): string {
  const named = items.slice(0, namedMax);
  const last = items.length > namedMax ? `${items.length - namedMax} more` : named.pop()!;
  return named.length === 0 ? last : `${named.join(', ')} ${conjunction} ${last}`;
}
