/**
 * Kafka-style logs (Jepsen, tests/kafka.clj): each key is a log, to which messages are sent, and which consumers poll from some offset
 * onwards. Every message is sent once. An op of several sends and polls is a transaction. What can be wrong:
 *
 * | kind                     |                                                                                             |
 * |--------------------------|---------------------------------------------------------------------------------------------|
 * | `inconsistent-offsets`   | two messages stood at one offset                                                            |
 * | `duplicate`              | one message stood at two offsets                                                            |
 * | `G1a`                    | what was sent in an op that failed was polled                                               |
 * | `precommitted-read`      | a transaction polled what it sent itself                                                    |
 * | `unexpected`             | a message was polled that nobody had sent                                                   |
 * | `lost-write`             | an acknowledged message was never polled, although later ones of its log were               |
 * | `unseen`                 | an acknowledged message was never polled                                                    |
 * | `poll-skip`              | from one poll to the next a consumer left messages out                                      |
 * | `nonmonotonic-poll`      | from one poll to the next a consumer went back, or stayed where it was                      |
 * | `nonmonotonic-send`      | from one send to the next the messages of a process went back in the log                    |
 * | `int-…`                  | the same within one op                                                                      |
 * | `subscribed-…`           | the same of a consumer that was subscribed, not assigned                                    |
 *
 * Offsets need not be without gaps: transactions take some for themselves. So what matters is the order of the messages that are
 * known to be in a log: those that ok ops sent, those of crashed ops of which some were polled, and all that were polled.
 *
 * Not all of that is wrong. Other messages may stand between those of a transaction (`int-send-skip`). A consumer that is subscribed
 * may have keys taken away and given back, so that it goes on elsewhere. What is unseen at the end may be polled yet, unless
 * the history ends with polls of everything. And where a poll crashed, nobody knows what it had: then a message counts as lost only if
 * some consumer left it out for certain, and otherwise as possibly lost. It is taken for granted that a consumer which has read nothing
 * of a log begins at its beginning.
 *
 * Cycles of transactions are not looked for.
 */
import type { History } from '../../../history/history.ts';
import { formatValue, type Json, toJson } from '../../../history/value.ts';
import type { Checker } from '../../checker.ts';
import { momentOf } from '../../moments.ts';
import { Findings } from '../findings.ts';
import { conclusion, judgeTogether, type ObjectVerdict, type Undecided } from '../object-checker.ts';
import { type Accesses, type Assignment, FAIL, type LogOp, logOpsOf, type Messages, NONE, OK } from './log-ops.ts';
import { committedOps, type Logs, logsOf } from './logs.ts';

export interface KafkaOptions {
  /** Whether at the end everything was polled, so that what is unseen is an error. Default: no. */
  readonly finalPolls?: boolean;
}

export interface KafkaVerdict extends ObjectVerdict {
  readonly keyCount: number;
  /** Messages that were sent in ok ops. */
  readonly acknowledgedCount: number;
  /** Messages that were polled in ok ops. */
  readonly polledCount: number;
  /** How often each kind was found. */
  readonly counts: Readonly<Record<string, number>>;
  /** Those of the kinds found that make the history invalid. */
  readonly badErrorTypes: readonly string[];
  /** Messages that may be lost, or else were polled by calls that crashed. */
  readonly possiblyLostCount: number;
  /** Of each key the messages that were acknowledged and never polled; the first 32. */
  readonly unseen: readonly { readonly key: string; readonly count: number; readonly messages: readonly Json[] }[];
}

/**
 * - `send`, `poll`, `txn`: lists of `["send" key value]`, completed as `["send" key [offset value]]`, and `["poll"]`, completed as
 *   `["poll" {key [[offset value] …]}]`. Offsets may be nil.
 * - `assign` and `subscribe`, of a list of keys; `seek-to-beginning?` of an assign, as field of the line, makes it begin anew.
 * - `crash` and `debug-topic-partitions` say nothing.
 *
 * A `rebalance-log` of maps with `keys`, as field of the line, says which keys moved during an op. n log n.
 */
export const checkKafka = (history: History, options: KafkaOptions = {}): KafkaVerdict | Undecided =>
  judgeTogether(history, () => new Judge(history).judge(options));

export const kafka = (options: KafkaOptions = {}): Checker => ({
  name: 'kafka',
  check: (history) => checkKafka(history, options),
});

const alwaysWrong = [
  'inconsistent-offsets',
  'duplicate',
  'G1a',
  'precommitted-read',
  'unexpected',
  'lost-write',
  'poll-skip',
  'nonmonotonic-poll',
  'nonmonotonic-send',
  'int-poll-skip',
  'int-nonmonotonic-poll',
  'int-nonmonotonic-send',
];
const neverWrong = ['int-send-skip', 'subscribed-poll-skip', 'subscribed-nonmonotonic-poll'];

const unseenMax = 32;
/** Messages named in one sentence, and ops shown with one finding, at most. */
const namedMax = 8;
const shownOpsMax = 20;
/** In the place of an index: before the first message of the log. */
const BEGINNING = -1;
/** In the place of an index: not known. */
const UNKNOWN = -2;

/** How far a process has come in a log. */
interface Position {
  /** Index of the last message, BEGINNING, or UNKNOWN. */
  readonly index: number;
  /** The last message; NONE at the beginning. */
  readonly message: number;
  /** The op that brought the process there. */
  readonly op: LogOp;
}

interface Client {
  isSubscribed: boolean;
  /** By the number of the key. */
  polled: Map<number, Position>;
  sent: Map<number, Position>;
}

class Judge {
  readonly #history: History;
  readonly #ops: readonly LogOp[];
  readonly #sends: Accesses;
  readonly #polls: Accesses;
  readonly #messages: Messages;
  readonly #committed: Uint8Array;
  readonly #logs: Logs;
  readonly #findings = new Findings();
  /** Of each message the number of the op that sent it, of several one that did not fail; NONE where nobody did. */
  readonly #writer: Int32Array;
  /** Messages that any poll had, even of an op that failed or crashed. */
  readonly #isPolled: Uint8Array;
  /** Of each log, stretches that some consumer left out for certain: 1 more where one begins, 1 less where it is over. */
  readonly #skips: readonly Int32Array[];

  constructor(history: History) {
    const logOps = logOpsOf(history);
    const { ops, sends, polls, messages } = logOps;
    this.#history = history;
    this.#ops = ops;
    this.#sends = sends;
    this.#polls = polls;
    this.#messages = messages;
    this.#committed = committedOps(logOps);
    this.#logs = logsOf(logOps, this.#committed);
    this.#skips = this.#logs.logs.map(({ offsets }) => new Int32Array(offsets.length + 1));
    this.#isPolled = new Uint8Array(messages.count);
    for (const message of polls.message) this.#isPolled[message] = 1;
    this.#writer = new Int32Array(messages.count).fill(NONE);
    ops.forEach(({ sendsFrom, sendsTo, ends }, op) => {
      for (let send = sendsFrom; send < sendsTo; send++) {
        const message = sends.message[send]!;
        const known = ops[this.#writer[message]!];
        if (known === undefined || (known.ends === FAIL && ends !== FAIL)) this.#writer[message] = op;
      }
    });
  }

  judge({ finalPolls = false }: KafkaOptions): KafkaVerdict {
    this.#judgeOffsets();
    this.#judgeSources();
    this.#judgeOrder();
    const possiblyLostCount = this.#judgeLost();
    const unseen = this.#judgeUnseen();
    const wrong = finalPolls ? [...alwaysWrong, 'unseen'] : alwaysWrong;
    const found = [...alwaysWrong, ...neverWrong, 'unseen'].filter((kind) => this.#findings.count(kind) > 0);
    const unknown =
      possiblyLostCount === 0
        ? undefined
        : `${possiblyLostCount} acknowledged messages were never polled, although later ones were: polls that crashed may have had them`;
    return {
      ...conclusion(this.#findings.reason(wrong), { unknown }),
      keyCount: this.#logs.logs.length,
      acknowledgedCount: this.#countOk(this.#sends, ({ sendsFrom, sendsTo }) => [sendsFrom, sendsTo]),
      polledCount: this.#countOk(this.#polls, ({ pollsFrom, pollsTo }) => [pollsFrom, pollsTo]),
      counts: Object.fromEntries(found.map((kind) => [kind, this.#findings.count(kind)])),
      badErrorTypes: found.filter((kind) => wrong.includes(kind)),
      possiblyLostCount,
      unseen,
      findings: this.#findings.told,
    };
  }

  /** Each offset has one message, and each message one offset. */
  #judgeOffsets(): void {
    const { logs, firstIndex, lastIndex } = this.#logs;
    logs.forEach(({ offsets, messages }, key) => {
      const name = this.#messages.keys[key]!;
      const places = new Map<number, number[]>();
      messages.forEach((standing, index) => {
        const offset = offsets[index]!;
        for (const message of standing) {
          if (firstIndex[message] === lastIndex[message]) continue;
          const at = places.get(message);
          if (at === undefined) places.set(message, [offset]);
          else at.push(offset);
        }
        if (standing.length < 2) return;
        this.#findings.add('inconsistent-offsets', () => ({
          lines: this.#linesWith(
            (message, slot) => standing.includes(message) && this.#logs.indexOfSlot[slot] === index,
          ),
          sentence: `At offset ${offset} of key ${name} there was ${this.#values(standing, ' and also ')}.`,
        }));
      });
      for (const [message, at] of places) {
        this.#findings.add('duplicate', () => ({
          lines: this.#linesWith((other) => other === message),
          sentence: `${this.#value(message)} was at the offsets ${at.join(' and ')} of key ${name}.`,
        }));
      }
    });
  }

  /** What was polled was sent: by another op, and not by one that failed. */
  #judgeSources(): void {
    this.#ops.forEach((op, number) => {
      for (let poll = op.pollsFrom; poll < op.pollsTo; poll++) {
        const message = this.#polls.message[poll]!;
        const writer = this.#writer[message]!;
        const what = () => `Process ${op.process} polled ${this.#messages.describe(message)} ${this.#ended(op)}`;
        if (writer === number) {
          this.#findings.add('precommitted-read', () => ({
            lines: linesOf(op),
            sentence: `${what()}, in the transaction in which it sent it.`,
          }));
        } else if (writer === NONE) {
          this.#findings.add('unexpected', () => ({ lines: linesOf(op), sentence: `${what()}, but nobody sent it.` }));
        } else if (this.#ops[writer]!.ends === FAIL && op.ends === OK) {
          const failed = this.#ops[writer]!;
          this.#findings.add('G1a', () => ({
            lines: [...linesOf(failed), ...linesOf(op)],
            sentence: `${what()}, but the op of process ${failed.process} that sent it failed ${this.#ended(failed)}.`,
          }));
        }
      }
    });
  }

  /** Each process polls and sends in the order of each log, and polls leave nothing out. */
  #judgeOrder(): void {
    const clients = new Map<number, Client>();
    this.#ops.forEach((op, number) => {
      let client = clients.get(op.process);
      if (client === undefined) {
        client = { isSubscribed: false, polled: new Map(), sent: new Map() };
        clients.set(op.process, client);
      }
      if (op.assignment !== undefined) {
        if (op.ends !== FAIL) this.#assign(client, op, op.assignment);
        return;
      }
      if (op.pollsTo > op.pollsFrom) this.#judgePolls(client, op);
      if (op.sendsTo > op.sendsFrom) this.#judgeSends(client, op, this.#committed[number] === 1);
    });
  }

  /** A process keeps its place in the logs that it still is assigned to. */
  #assign(client: Client, op: LogOp, { isSubscription, keys, fromBeginning }: Assignment): void {
    const kept = (positions: Map<number, Position>) =>
      new Map([...positions].filter(([key]) => keys.has(this.#messages.keys[key]!)));
    client.isSubscribed = isSubscription;
    client.polled = kept(client.polled);
    client.sent = kept(client.sent);
    if (!fromBeginning) return;
    for (const name of keys) client.polled.set(this.#messages.key(name), { index: BEGINNING, message: NONE, op });
  }

  #judgePolls(client: Client, op: LogOp): void {
    const last = new Map<number, number>();
    for (let poll = op.pollsFrom; poll < op.pollsTo; poll++) {
      const key = this.#messages.keyOf[this.#polls.message[poll]!]!;
      const before = last.get(key);
      last.set(key, poll);
      if (before === undefined) {
        const position = client.polled.get(key);
        if (position !== undefined) this.#comparePolls(position, op, poll, client.isSubscribed ? 'subscribed-' : '');
        continue;
      }
      if (this.#pollIndex(poll) === this.#pollIndex(before) + 1) continue;
      if (op.rebalanced?.has(this.#messages.keys[key]!)) continue;
      // From one poll of an op to the next the system may move the keys of a subscribed consumer, if the op does not say otherwise.
      const isOnePoll = this.#polls.microOp[before] === this.#polls.microOp[poll];
      const mayMove = client.isSubscribed && !isOnePoll && op.rebalanced === undefined;
      this.#comparePolls(this.#polledUpTo(before, op), op, poll, mayMove ? 'subscribed-' : 'int-');
    }
    // What a failed transaction polled is polled again; after one that crashed another process goes on.
    if (op.ends !== OK) return;
    for (const [key, poll] of last) client.polled.set(key, this.#polledUpTo(poll, op));
  }

  #comparePolls(before: Position, op: LogOp, poll: number, prefix: '' | 'int-' | 'subscribed-'): void {
    const index = this.#pollIndex(poll);
    const from = before.index + 1;
    if (before.index === UNKNOWN || index === UNKNOWN || index === from) return;
    const message = this.#polls.message[poll]!;
    const lines = () => [...linesOf(before.op), ...linesOf(op)];
    if (index > from) {
      const skips = this.#skips[this.#messages.keyOf[message]!]!;
      if (prefix !== 'subscribed-') {
        skips[from]!++;
        skips[index]!--;
      }
      this.#findings.add(`${prefix}poll-skip`, () => ({
        lines: lines(),
        sentence: `${this.#deed(op, message, 'polled', before)}: it left out ${this.#between(message, from, index)}.`,
      }));
      return;
    }
    this.#findings.add(`${prefix}nonmonotonic-poll`, () => ({
      lines: lines(),
      sentence: `${this.#deed(op, message, 'polled', before)}, which comes ${index === before.index ? 'at the same place' : 'later'} in the log.`,
    }));
  }

  #judgeSends(client: Client, op: LogOp, isCommitted: boolean): void {
    const last = new Map<number, Position>();
    for (let send = op.sendsFrom; send < op.sendsTo; send++) {
      const message = this.#sends.message[send]!;
      const key = this.#messages.keyOf[message]!;
      // Of what is not certainly in the log, the offset says nothing; but if it was polled, it is there.
      const index = this.#indexOf(message, isCommitted ? this.#sends.slot[send]! : NONE);
      const within = last.get(key);
      const before = within ?? (op.ends === FAIL ? undefined : client.sent.get(key));
      const position = { index, message, op };
      last.set(key, position);
      if (before !== undefined) this.#compareSends(before, position, within === undefined ? '' : 'int-');
    }
    if (op.ends === FAIL) return;
    for (const [key, position] of last) client.sent.set(key, position);
  }

  #compareSends(before: Position, { index, message, op }: Position, prefix: '' | 'int-'): void {
    const from = before.index + 1;
    if (before.index === UNKNOWN || index === UNKNOWN || index === from) return;
    const lines = () => [...linesOf(before.op), ...linesOf(op)];
    if (index < from) {
      this.#findings.add(`${prefix}nonmonotonic-send`, () => ({
        lines: lines(),
        sentence: `${this.#deed(op, message, 'sent', before)}, which comes later in the log.`,
      }));
    } else if (prefix === 'int-') {
      this.#findings.add('int-send-skip', () => ({
        lines: lines(),
        sentence: `${this.#deed(op, message, 'sent', before)}: between them stands ${this.#between(message, from, index)}.`,
      }));
    }
  }

  /** What stands in a log before a message that was polled must have been polled too. Gives how many messages may be lost, or not. */
  #judgeLost(): number {
    const { logs, firstIndex, lastIndex } = this.#logs;
    const bounds = new Int32Array(logs.length).fill(NONE);
    const furthest: LogOp[] = [];
    for (const op of this.#ops) {
      if (op.ends !== OK) continue;
      for (let poll = op.pollsFrom; poll < op.pollsTo; poll++) {
        const message = this.#polls.message[poll]!;
        const key = this.#messages.keyOf[message]!;
        if (firstIndex[message]! <= bounds[key]!) continue;
        bounds[key] = firstIndex[message]!;
        furthest[key] = op;
      }
    }
    const isSkipped = this.#skips.map(runningSums);
    const mayBeWithCrashed = this.#ops.some(({ mayHavePolled }) => mayHavePolled);
    let possiblyLostCount = 0;
    for (let message = 0; message < this.#messages.count; message++) {
      const key = this.#messages.keyOf[message]!;
      const index = lastIndex[message]!;
      const writer = this.#writer[message]!;
      if (this.#isPolled[message] === 1 || index === NONE || index > bounds[key]!) continue;
      if (this.#committed[writer] !== 1) continue;
      if (mayBeWithCrashed && isSkipped[key]![index] === 0) {
        possiblyLostCount++;
        continue;
      }
      const [op, reader] = [this.#ops[writer]!, furthest[key]!];
      this.#findings.add('lost-write', () => ({
        lines: [...linesOf(op), ...linesOf(reader)],
        sentence: `Process ${op.process} sent ${this.#messages.describe(message)} ${this.#ended(op)}, and nobody ever polled it, although process ${reader.process} polled a later message of that key ${this.#ended(reader)}.`,
      }));
    }
    return possiblyLostCount;
  }

  #judgeUnseen(): KafkaVerdict['unseen'] {
    const unseen = new Map<number, number[]>();
    for (let message = 0; message < this.#messages.count; message++) {
      const op = this.#ops[this.#writer[message]!];
      if (this.#isPolled[message] === 1 || op?.ends !== OK) continue;
      const key = this.#messages.keyOf[message]!;
      const others = unseen.get(key);
      if (others === undefined) unseen.set(key, [message]);
      else others.push(message);
      this.#findings.add('unseen', () => ({
        lines: linesOf(op),
        sentence: `Process ${op.process} sent ${this.#messages.describe(message)} ${this.#ended(op)}, and nobody ever polled it.`,
      }));
    }
    return [...unseen].map(([key, messages]) => ({
      key: this.#messages.keys[key]!,
      count: messages.length,
      messages: messages.slice(0, unseenMax).map((message) => toJson(this.#messages.values[message]!)),
    }));
  }

  /** How many distinct messages ok ops had. */
  #countOk({ message }: Accesses, range: (op: LogOp) => readonly [number, number]): number {
    const isIn = new Uint8Array(this.#messages.count);
    let count = 0;
    for (const op of this.#ops) {
      if (op.ends !== OK) continue;
      const [from, to] = range(op);
      for (let access = from; access < to; access++) {
        count += 1 - isIn[message[access]!]!;
        isIn[message[access]!] = 1;
      }
    }
    return count;
  }

  #pollIndex(poll: number): number {
    return this.#indexOf(this.#polls.message[poll]!, this.#polls.slot[poll]!);
  }

  /** Where a message stands; where its slot is not known, and it stood in several places or nowhere, UNKNOWN. */
  #indexOf(message: number, slot: number): number {
    const { indexOfSlot, firstIndex, lastIndex } = this.#logs;
    const first = firstIndex[message]!;
    const index = slot !== NONE ? indexOfSlot[slot]! : first === lastIndex[message] ? first : NONE;
    return index === NONE ? UNKNOWN : index;
  }

  #polledUpTo(poll: number, op: LogOp): Position {
    return { index: this.#pollIndex(poll), message: this.#polls.message[poll]!, op };
  }

  #deed(op: LogOp, message: number, did: string, before: Position): string {
    const after = before.message === NONE ? 'nothing, from the beginning' : this.#value(before.message);
    return `Process ${op.process} ${did} ${this.#messages.describe(message)} ${this.#ended(op)} after ${after}`;
  }

  #between(message: number, from: number, to: number): string {
    const standing = this.#logs.logs[this.#messages.keyOf[message]!]!.messages[from]!;
    const first = this.#values(standing, ' or ');
    return to === from + 1 ? first : `${to - from} messages, the first of them ${first}`;
  }

  #values(messages: readonly number[], conjunction: string): string {
    const named = messages.slice(0, namedMax).map((message) => this.#value(message));
    return messages.length > namedMax ? `${named.join(conjunction)}, and more` : named.join(conjunction);
  }

  #value(message: number): string {
    return formatValue(this.#messages.values[message]!);
  }

  #ended(op: LogOp): string {
    return momentOf(this.#history, lastLineOf(op));
  }

  /** Lines of the first ops that sent or polled so. Linear. */
  #linesWith(matches: (message: number, slot: number) => boolean): number[] {
    const isAmong = ({ message, slot }: Accesses, from: number, to: number): boolean => {
      for (let access = from; access < to; access++) if (matches(message[access]!, slot[access]!)) return true;
      return false;
    };
    return this.#ops
      .filter(({ sendsFrom, sendsTo, pollsFrom, pollsTo }) => {
        return isAmong(this.#sends, sendsFrom, sendsTo) || isAmong(this.#polls, pollsFrom, pollsTo);
      })
      .slice(0, shownOpsMax)
      .flatMap(linesOf);
  }
}

const lastLineOf = ({ invocation, completion }: LogOp): number => (completion < 0 ? invocation : completion);

const linesOf = (op: LogOp): readonly number[] => [op.invocation, lastLineOf(op)];

/** Of each place the sum of all up to it. */
function runningSums(numbers: Int32Array): Int32Array {
  let sum = 0;
  return numbers.map((number) => {
    sum += number;
    return sum;
  });
}
