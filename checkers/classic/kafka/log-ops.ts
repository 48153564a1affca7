/** The ops of a Kafka-style log, taken apart: what each sent and what it polled, in columns. */
import { failCode, type History, okCode } from '../../../history/history.ts';
import { entriesOf, fieldOf, formatValue, isArray, nameOf, type Value, valueKey } from '../../../history/value.ts';
import { ValueNumbers } from '../../linearizable/value-numbers.ts';
import { Unjudgeable } from '../object-checker.ts';

export const OK = 0;
export const FAIL = 1;
/** Info, or never completed. */
export const CRASHED = 2;

/** In the place of a number: there is none, or it is not known. */
export const NONE = -1;

export interface LogOp {
  readonly invocation: number;
  /** NONE where it never completed. */
  readonly completion: number;
  readonly process: number;
  /** OK, FAIL, or CRASHED. */
  readonly ends: number;
  /** What it sent: from one position among the sends to another, exclusive. */
  readonly sendsFrom: number;
  readonly sendsTo: number;
  /** The same of what it polled; of an op that failed or crashed too, if its completion says so. */
  readonly pollsFrom: number;
  readonly pollsTo: number;
  /** Whether it may have polled messages that are not known. */
  readonly mayHavePolled: boolean;
  /** What it assigned the process to; undefined where it is no assign or subscribe. */
  readonly assignment: Assignment | undefined;
  /** Names of the keys that moved to or from another process meanwhile; undefined where the op does not say. */
  readonly rebalanced: ReadonlySet<string> | undefined;
}

export interface Assignment {
  /** By a subscription the system decides who gets which keys, and may decide anew at any time. */
  readonly isSubscription: boolean;
  readonly keys: ReadonlySet<string>;
  readonly fromBeginning: boolean;
}

/** Messages sent, or polled, in the order of the ops. */
export class Accesses {
  readonly message: number[] = [];
  /** Where it stood; NONE where the offset is not known. */
  readonly slot: number[] = [];
  /** Which micro-op of its op it belongs to: what one poll returned has one number. */
  readonly microOp: number[] = [];

  push(message: number, slot: number, microOp: number): void {
    this.message.push(message);
    this.slot.push(slot);
    this.microOp.push(microOp);
  }
}

/** All messages that were sent or polled, a value under a key each, and all slots, an offset under a key each. */
export class Messages {
  /** Names of the keys, each once. */
  readonly keys: string[] = [];
  /** Of each message the number of its key, and its value. */
  readonly keyOf: number[] = [];
  readonly values: Value[] = [];
  /** Of each slot the number of its key, and its offset. */
  readonly slotKeys: number[] = [];
  readonly slotOffsets: number[] = [];
  readonly #keyNumbers = new Map<string, number>();
  readonly #numbers: {
    readonly values: ValueNumbers;
    readonly messages: number[];
    readonly slots: Map<number, number>;
  }[] = [];

  get count(): number {
    return this.values.length;
  }

  key(name: string): number {
    const known = this.#keyNumbers.get(name);
    if (known !== undefined) return known;
    const key = this.keys.push(name) - 1;
    this.#keyNumbers.set(name, key);
    this.#numbers.push({ values: new ValueNumbers(), messages: [], slots: new Map() });
    return key;
  }

  of(key: number, value: Value): number {
    const { values, messages } = this.#numbers[key]!;
    const number = values.of(value);
    if (number === messages.length) {
      this.keyOf.push(key);
      messages.push(this.values.push(value) - 1);
    }
    return messages[number]!;
  }

  /** NONE for an offset that is none. */
  slot(key: number, offset: Value): number {
    if (typeof offset !== 'number' || !Number.isInteger(offset) || offset < 0) return NONE;
    const { slots } = this.#numbers[key]!;
    const known = slots.get(offset);
    if (known !== undefined) return known;
    this.slotKeys.push(key);
    const slot = this.slotOffsets.push(offset) - 1;
    slots.set(offset, slot);
    return slot;
  }

  describe(message: number): string {
    return `${formatValue(this.values[message]!)} of key ${this.keys[this.keyOf[message]!]}`;
  }
}

export interface LogOps {
  readonly ops: readonly LogOp[];
  readonly sends: Accesses;
  readonly polls: Accesses;
  readonly messages: Messages;
}

const known = ['send', 'poll', 'txn', 'assign', 'subscribe', 'crash', 'debug-topic-partitions'];

/**
 * The ops that send, poll, assign, or subscribe, in the order of invocation. Keys are compared by name: 7 in a send is "7" in what
 * JSON says was polled. Linear.
 */
export function logOpsOf(history: History): LogOps {
  const messages = new Messages();
  const sends = new Accesses();
  const polls = new Accesses();
  const ops: LogOp[] = [];
  for (const invocation of history.clientInvocations()) {
    const f = history.f(invocation);
    if (!known.includes(f)) {
      throw new Unjudgeable(
        `op ${invocation} is a ${f}; the kafka checker knows ${known.join(', ')}: choose another one`,
      );
    }
    if (f === 'crash' || f === 'debug-topic-partitions') continue;
    const completion = history.completionOf(invocation);
    const type = completion < 0 ? undefined : history.types[completion];
    const ends = type === okCode ? OK : type === failCode ? FAIL : CRASHED;
    const last = completion < 0 ? invocation : completion;
    const isAssignment = f === 'assign' || f === 'subscribe';
    const [sendsFrom, pollsFrom] = [sends.message.length, polls.message.length];
    const unknownPolls = isAssignment ? 0 : take(history, invocation, last, { messages, sends, polls });
    ops.push({
      invocation,
      completion,
      process: history.processes[invocation]!,
      ends,
      sendsFrom,
      sendsTo: sends.message.length,
      pollsFrom,
      pollsTo: polls.message.length,
      mayHavePolled: ends === CRASHED && unknownPolls > 0,
      assignment: isAssignment ? assignmentOf(history, invocation, last, f === 'subscribe') : undefined,
      rebalanced: rebalancedIn(history, last),
    });
  }
  return { ops, sends, polls, messages };
}

/** Takes down what an op sent and polled. Gives how many polls it does not tell of. */
function take(
  history: History,
  invocation: number,
  last: number,
  { messages, sends, polls }: Omit<LogOps, 'ops'>,
): number {
  const isCompleted = last !== invocation && history.value(last) !== null;
  const microOps = microOpsOf(history, invocation, isCompleted ? last : invocation);
  let unknownPolls = 0;
  for (let i = 0; i < microOps.length; i++) {
    const [name, what = null, value = null] = microOps[i]!;
    if (nameOf(name) === 'send') {
      const key = messages.key(keyName(what));
      // Completed, it says [offset value]; else it is the value itself.
      const isPair = isCompleted && isArray(value) && value.length === 2;
      const slot = isPair ? messages.slot(key, value[0]!) : NONE;
      sends.push(messages.of(key, isPair ? value[1]! : value), slot, i);
      continue;
    }
    const polled = entriesOf(what);
    if (polled === undefined) unknownPolls++;
    for (const [keyed, pairs] of polled ?? []) {
      if (!isArray(pairs)) refusePolled(invocation, pairs);
      const key = messages.key(keyName(keyed));
      for (const pair of pairs) {
        if (!isArray(pair) || pair.length !== 2) refusePolled(invocation, pairs);
        polls.push(messages.of(key, pair[1]!), messages.slot(key, pair[0]!), i);
      }
    }
  }
  return unknownPolls;
}

function microOpsOf(history: History, invocation: number, line: number): readonly (readonly Value[])[] {
  const value = history.value(line);
  if (isArray(value) && value.every(isMicroOp)) return value as readonly (readonly Value[])[];
  const what = `op ${invocation}, ${history.f(invocation)}, is of ${formatValue(value)}`;
  throw new Unjudgeable(`${what}; expected a list of sends and polls`);
}

function isMicroOp(each: Value): boolean {
  const name = isArray(each) ? nameOf(each[0]) : undefined;
  return name === 'send' || name === 'poll';
}

function refusePolled(invocation: number, pairs: Value): never {
  throw new Unjudgeable(`op ${invocation} polled ${formatValue(pairs)}; expected a list of [offset value]`);
}

const keyName = (key: Value): string => (typeof key === 'string' ? key : valueKey(key));

function assignmentOf(history: History, invocation: number, last: number, isSubscription: boolean): Assignment {
  const keys = [history.value(last), history.value(invocation)].find((value) => isArray(value));
  const flags = ['seek-to-beginning?', 'seekToBeginning'];
  const isFlagged = (line: number): boolean => flags.some((flag) => history.extra(line)?.[flag] === true);
  return {
    isSubscription,
    keys: new Set(isArray(keys) ? keys.map(keyName) : []),
    fromBeginning: isFlagged(invocation) || isFlagged(last),
  };
}

function rebalancedIn(history: History, line: number): ReadonlySet<string> | undefined {
  const log = history.extra(line)?.['rebalance-log'];
  if (!isArray(log)) return undefined;
  const keys = log.flatMap((event) => fieldOf(event, 'keys') ?? []) as readonly Value[];
  return new Set(keys.map(keyName));
}
