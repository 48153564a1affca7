/** Calls in sentences, for people. */
import { failCode, type History, invokeCode } from '../../history/history.ts';
import { formatValue, type Value, valuesEqual } from '../../history/value.ts';
import { type Calls, CRASHED, REFUSED, RETURNED } from './calls.ts';

/** Ops named in one sentence, at most. */
const namedMax = 4;

export class Story {
  private readonly history: History;
  private readonly calls: Calls;
  private readonly key: Value;
  /** The call that could not be linearized. */
  private readonly call: number;

  constructor(history: History, calls: Calls, key: Value, call: number) {
    this.history = history;
    this.calls = calls;
    this.key = key;
    this.call = call;
  }

  /** What the calls of the conflict did, one sentence each, in the order of their invocations; the contradiction last. */
  tell(conflict: readonly number[], states: readonly string[]): string[] {
    const others = conflict.filter((call) => call !== this.call);
    return [...others.map((call) => this.account(call)), this.contradiction(others, states)];
  }

  /** With the last calls before them that may have left the values they saw, ascending. */
  withOrigins(conflict: readonly number[]): number[] {
    const told = new Set(conflict);
    for (const call of conflict) {
      const expected = this.calls.fate[call] === REFUSED ? undefined : this.expected(call);
      const origin = expected === undefined ? undefined : this.producersOf(expected, call).at(-1);
      if (origin !== undefined) told.add(origin);
    }
    return [...told].sort((a, b) => a - b);
  }

  /** Why the call is impossible in this state, whatever of the pending calls happens first. */
  whyDead(state: string, pending: readonly number[], crashed: number): string {
    const others = pending.filter((call) => call !== this.call && this.effect(call) !== undefined);
    const helpers = others.map((call) => this.possessive(call));
    if (crashed > 0) helpers.push(crashed === 1 ? 'the op of unknown outcome' : `${crashed} ops of unknown outcome`);
    const help =
      helpers.length === 0
        ? 'nothing else was pending'
        : helpers.length === 1 && crashed <= 1
          ? `${helpers[0]} does not lead there`
          : `no order of ${list(helpers)} leads there`;
    return `it held ${state}, but ${this.requirement()}, and ${help}`;
  }

  private requirement(): string {
    const expected = this.expected(this.call);
    const what = this.possessive(this.call);
    if (expected === undefined) return `${what} was not possible`;
    const needs = this.calls.fate[this.call] === REFUSED ? 'anything but ' : '';
    return `${what} needs ${needs}${formatValue(expected)}`;
  }

  /** `Process 1 wrote 4 from 10.1 s to 10.2 s.` */
  private account(call: number): string {
    const process = `Process ${this.process(call)}`;
    if (this.calls.fate[call] !== CRASHED) {
      return `${process} ${this.past(call)} ${this.between(call)}.`;
    }
    return `${process} began a ${this.noun(call)} ${this.at(this.calls.invocation[call]!)}; its outcome is unknown.`;
  }

  private contradiction(others: readonly number[], states: readonly string[]): string {
    const { calls, call } = this;
    const what = `Process ${this.process(call)} ${this.past(call)} ${this.at(calls.completion[call]!)}`;
    const expected = this.expected(call);
    if (expected === undefined) return `${what}, which no order of these ops allows.`;
    if (calls.fate[call] === REFUSED) {
      return `${what}, but no order of these ops makes it anything but ${formatValue(expected)} then.`;
    }
    const value = formatValue(expected);
    const producers = this.producersOf(expected, call);
    if (producers.length === 0 && !valuesEqual(expected, null)) {
      return `${what}, but no one had written ${value}${this.failedWriteOf(expected)}.`;
    }
    const witness = others.find((other) => this.comesAfter(other, expected, producers));
    if (witness === undefined) {
      const held = states.length === 0 ? '' : `; just before it could only hold ${list([...new Set(states)], 'or')}`;
      return `${what}, but no order of these ops makes it ${value} then${held}.`;
    }
    const when = this.at(calls.completion[witness]!);
    const last = producers.length === 0 ? `nothing ever wrote ${value}` : `no one wrote ${value} afterwards`;
    return this.effect(witness) === undefined
      ? `${what}, but process ${this.process(witness)} had ${this.past(witness)} ${when}, and ${last}.`
      : `${what}, but ${value} was overwritten by ${this.possessive(witness)}, which had returned ${when}, and ${last}.`;
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
    const { calls } = this;
    const until = calls.fate[by] === CRASHED ? calls.invocation[by]! : calls.completion[by]!;
    const found: number[] = [];
    for (let call = 0; call < calls.length && calls.invocation[call]! < until; call++) {
      const effect = this.effect(call);
      if (call !== by && effect !== undefined && valuesEqual(effect, value)) found.push(call);
    }
    return found;
  }

  /** A write of the value that failed: if that is where it comes from, a failed op took effect. */
  private failedWriteOf(value: Value): string {
    const { history } = this;
    const until = this.calls.completion[this.call]!;
    for (const line of history.clientInvocations()) {
      if (line > until) break;
      const completion = history.completionOf(line);
      const failed = completion >= 0 && history.types[completion] === failCode && history.types[line] === invokeCode;
      if (!failed || !valuesEqual(history.key(line) ?? null, this.key)) continue;
      const input = history.value(line);
      const left = history.f(line) === 'write' ? input : Array.isArray(input) ? (input[1] as Value) : undefined;
      if (left === undefined || !valuesEqual(left, value)) continue;
      return ` but process ${history.process(line)}, whose ${history.f(line)} failed ${this.at(completion)}`;
    }
    return '';
  }

  /** The value that the call saw or expected; undefined where it does not look. */
  private expected(call: number): Value | undefined {
    if (this.calls.f[call] === 'read') return this.calls.fate[call] === RETURNED ? this.calls.output[call]! : undefined;
    return this.calls.f[call] === 'cas' ? (this.calls.input[call] as readonly Value[])[0]! : undefined;
  }

  /** The value that the call leaves, if it happens; undefined where it leaves all as it is. */
  private effect(call: number): Value | undefined {
    if (this.calls.fate[call] === REFUSED) return undefined;
    if (this.calls.f[call] === 'write') return this.calls.input[call]!;
    return this.calls.f[call] === 'cas' ? (this.calls.input[call] as readonly Value[])[1]! : undefined;
  }

  private process(call: number): string {
    return String(this.history.process(this.calls.invocation[call]!));
  }

  private possessive(call: number): string {
    return `process ${this.process(call)}'s ${this.noun(call)}`;
  }

  private noun(call: number): string {
    const input = this.calls.input[call]!;
    switch (this.calls.f[call]) {
      case 'read':
        return this.calls.fate[call] === RETURNED ? `read of ${formatValue(this.calls.output[call]!)}` : 'read';
      case 'write':
        return `write of ${formatValue(input)}`;
      case 'cas': {
        const [from, to] = input as readonly Value[];
        return `cas from ${formatValue(from!)} to ${formatValue(to!)}`;
      }
      default:
        return `${this.calls.f[call]} ${formatValue(input)}`;
    }
  }

  private past(call: number): string {
    const input = this.calls.input[call]!;
    switch (this.calls.f[call]) {
      case 'read':
        return `read ${formatValue(this.calls.output[call]!)}`;
      case 'write':
        return `wrote ${formatValue(input)}`;
      case 'cas': {
        const [from, to] = (input as readonly Value[]).map((value) => formatValue(value));
        if (this.calls.fate[call] === REFUSED) return `was refused a cas from ${from} to ${to}`;
        return `changed ${from} to ${to} by cas`;
      }
      default:
        return `did ${this.calls.f[call]} ${formatValue(input)} with the result ${formatValue(this.calls.output[call]!)}`;
    }
  }

  /** Times where the history has them, else lines. */
  private at(line: number): string {
    const time = this.history.time(line);
    return Number.isFinite(time) ? `at ${seconds(time)}` : `on line ${this.history.line(line)}`;
  }

  private between(call: number): string {
    const from = this.calls.invocation[call]!;
    const to = this.calls.completion[call]!;
    const [begun, ended] = [this.history.time(from), this.history.time(to)];
    if (Number.isFinite(begun) && Number.isFinite(ended)) return `from ${seconds(begun)} to ${seconds(ended)}`;
    return `from line ${this.history.line(from)} to line ${this.history.line(to)}`;
  }
}

/** To the millisecond: `12.4 s`. */
export const seconds = (timeNs: number): string => `${Math.round(timeNs / 1e6) / 1e3} s`;

/** `a, b and 3 more`. */
function list(items: readonly string[], conjunction = 'and'): string {
  const named = items.slice(0, namedMax);
  const last = items.length > namedMax ? `${items.length - namedMax} more` : named.pop()!;
  return named.length === 0 ? last : `${named.join(', ')} ${conjunction} ${last}`;
}
