import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History } from '../../../history/history.ts';
import type { OpType } from '../../../history/op.ts';
import { parseHistory } from '../../../history/read.ts';
import type { Value } from '../../../history/value.ts';
import { plainOps } from '../testing/made-up.ts';
import { type Asked, type Draw, type PlayedObject, playedHistories } from '../testing/played.ts';
import { checkKafka, type KafkaOptions, type KafkaVerdict, kafka } from './kafka.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 2000);

type Line = readonly [process: number, type: OpType, f: string, value: Value];

/** Lines are a second apart. */
function check(lines: readonly Line[], options?: KafkaOptions): KafkaVerdict {
  const ops = lines.map(([process, type, f, value], index) => ({ index, time: index * 1e9, process, type, f, value }));
  return checkKafka(History.from(ops), options) as KafkaVerdict;
}

const send = (key: string, value: Value, offset?: number): Value => [
  'send',
  key,
  offset === undefined ? value : [offset, value],
];
const poll = (key: string, ...pairs: readonly (readonly [number, Value])[]): Value => ['poll', { [key]: pairs }];

/** An op that completes so. */
const did = (process: number, type: OpType, f: string, ...value: readonly Value[]): Line[] => [
  [process, 'invoke', f, value.map((each) => (Array.isArray(each) && each[0] === 'poll' ? ['poll'] : sendOf(each)))],
  [process, type, f, value],
];
const sendOf = (each: Value): Value => {
  const [f, key, value] = each as readonly [string, string, Value];
  return [f, key, Array.isArray(value) ? value[1] : value];
};
const assigned = (process: number, f: string, type: OpType, ...keys: readonly string[]): Line[] => [
  [process, 'invoke', f, keys],
  [process, type, f, keys],
];

/** Sends without offsets, so that what is polled was sent by somebody. */
const sent = (...values: readonly string[]): Line[] =>
  did(9, 'info', 'send', ...values.map((value) => send('x', value)));

const found = (verdict: KafkaVerdict, kind: string): readonly string[] =>
  verdict.findings.filter((finding) => finding.kind === kind).map(({ sentence }) => sentence);

// From jepsen's kafka_test.clj, but where another source is given.
describe('the kafka checker', () => {
  describe('inconsistent offsets', () => {
    const crashed = did(0, 'info', 'send', send('x', 1, 0), send('y', 1));
    const ok = did(1, 'ok', 'send', send('x', 2, 0));

    test('are none while a crashed op may not have happened', () => {
      expect(check([...crashed, ...ok]).counts).toEqual({ unseen: 1 });
    });

    test('are found once a poll shows that it happened', () => {
      const verdict = check([...crashed, ...ok, ...did(2, 'ok', 'poll', poll('y', [5, 1]))]);
      expect(verdict.valid).toBe(false);
      expect(found(verdict, 'inconsistent-offsets')).toEqual(['At offset 0 of key x there was 1 and also 2.']);
    });
  });

  test('G1a: what was polled was sent by an op that failed', () => {
    const verdict = check([
      ...did(0, 'fail', 'send', send('x', 2), send('y', 3)),
      ...did(1, 'ok', 'poll', poll('x', [0, 2])),
    ]);
    expect(verdict).toMatchObject({
      valid: false,
      reason: 'G1a (1): Process 1 polled 2 of key x at 3 s, but the op of process 0 that sent it failed at 1 s.',
      counts: { G1a: 1 },
      findings: [{ kind: 'G1a', lines: [0, 1, 2, 3] }],
    });
  });

  describe('lost writes', () => {
    test('are those that nobody polled, although later ones were', () => {
      const verdict = check([
        ...did(0, 'ok', 'send', send('x', 'a', 0)),
        ...did(0, 'ok', 'send', send('x', 'b', 1), send('x', 'd', 3)),
        ...did(1, 'info', 'send', send('x', 'c')),
        ...did(0, 'ok', 'poll', poll('x', [2, 'c'])),
      ]);
      expect(verdict.counts).toEqual({ 'lost-write': 2, 'int-send-skip': 1, unseen: 3 });
      expect(found(verdict, 'lost-write')).toEqual([
        'Process 0 sent "a" of key x at 1 s, and nobody ever polled it, although process 0 polled a later message of that key at 7 s.',
        'Process 0 sent "b" of key x at 3 s, and nobody ever polled it, although process 0 polled a later message of that key at 7 s.',
      ]);
    });

    test('are found where another message took their place', () => {
      const verdict = check([
        ...did(0, 'ok', 'send', send('x', 'a', 0)),
        ...did(0, 'ok', 'send', send('x', 'b', 0), send('x', 'c', 2)),
        ...did(0, 'ok', 'poll', poll('x', [0, 'b'], [2, 'c'])),
      ]);
      expect(verdict.counts).toMatchObject({ 'lost-write': 1, 'inconsistent-offsets': 1 });
    });

    test('may be those of a crashed op of which another message was polled', () => {
      const crashed = did(0, 'info', 'send', send('x', 'a'), send('y', 'b', 0));
      const later = [...did(1, 'info', 'send', send('y', 'c')), ...did(3, 'ok', 'poll', poll('y', [1, 'c']))];
      expect(check([...crashed, ...later]).counts).toEqual({});
      const seen = did(2, 'ok', 'poll', poll('x', [0, 'a']));
      expect(check([...crashed, ...seen, ...later]).counts).toEqual({ 'lost-write': 1 });
    });

    // Not Jepsen's: it holds them lost.
    test('are not certain where a poll crashed, unless a consumer left them out', () => {
      const sends = did(0, 'ok', 'send', send('x', 'a', 0), send('x', 'b', 1), send('x', 'c', 2));
      const crashed: Line[] = [[5, 'invoke', 'poll', [['poll']]]];
      const later = did(1, 'ok', 'poll', poll('x', [2, 'c']));
      expect(check([...sends, ...later])).toMatchObject({ valid: false, counts: { 'lost-write': 2 } });
      expect(check([...sends, ...crashed, ...later])).toMatchObject({
        valid: 'unknown',
        possiblyLostCount: 2,
        reason:
          '2 acknowledged messages were never polled, although later ones were: polls that crashed may have had them',
      });
      const first = did(1, 'ok', 'poll', poll('x', [0, 'a']));
      expect(check([...sends, ...crashed, ...first, ...later])).toMatchObject({
        valid: false,
        counts: { 'lost-write': 1, 'poll-skip': 1 },
      });
    });

    test('are certain where a consumer began anew and left them out', () => {
      const line = (process: number, type: string, f: string, value: unknown, extra = {}) =>
        JSON.stringify({ process, type, f, value, ...extra });
      const lines = [
        line(0, 'invoke', 'send', [
          ['send', 'x', 'a'],
          ['send', 'x', 'b'],
        ]),
        line(0, 'ok', 'send', [
          ['send', 'x', [0, 'a']],
          ['send', 'x', [1, 'b']],
        ]),
        line(5, 'invoke', 'poll', [['poll']]),
        line(1, 'invoke', 'assign', ['x']),
        line(1, 'ok', 'assign', ['x'], { 'seek-to-beginning?': true }),
        line(1, 'invoke', 'poll', [['poll']]),
        line(1, 'ok', 'poll', [['poll', { x: [[1, 'b']] }]]),
      ];
      expect(checkKafka(parseHistory(Buffer.from(lines.join('\n'))))).toMatchObject({
        valid: false,
        counts: { 'lost-write': 1, 'poll-skip': 1 },
      });
    });
  });

  describe('poll skips', () => {
    const polls = [
      did(0, 'ok', 'poll', poll('x', [1, 'a'], [2, 'b'])),
      did(1, 'ok', 'poll', poll('x', [3, 'c'])),
      did(0, 'ok', 'poll', poll('x', [4, 'd'])),
      [...did(2, 'ok', 'send', send('x', 'f', 6)), ...did(0, 'ok', 'poll', poll('x', [7, 'g']))],
      sent('a', 'b', 'c', 'd', 'g'),
    ] as const;

    test('leave out messages that are known to be there', () => {
      expect(found(check(polls.flat()), 'poll-skip')).toEqual([
        'Process 0 polled "d" of key x at 5 s after "b": it left out "c".',
        'Process 0 polled "g" of key x at 9 s after "d": it left out "f".',
      ]);
    });

    test('are none if the key was taken away meanwhile', () => {
      const [first, second, third, ...rest] = polls;
      const between = (...lines: Line[]) =>
        check([...first, ...second, ...lines, ...third, ...rest.flat()]).counts['poll-skip'];
      expect(between(...assigned(0, 'assign', 'ok', 'y'))).toBe(1);
      expect(between(...assigned(0, 'assign', 'fail', 'y'))).toBe(2);
      expect(between(...assigned(0, 'assign', 'ok', 'x', 'y'))).toBe(2);
    });

    // As allowed-error-types has it, for tests that subscribe.
    test('are not wrong of consumers that are subscribed', () => {
      const verdict = check([...assigned(0, 'subscribe', 'ok', 'x'), ...polls.flat()]);
      expect(verdict.counts).toMatchObject({ 'subscribed-poll-skip': 2 });
      expect(verdict.counts).not.toHaveProperty('poll-skip');
    });

    const numbers = did(0, 'ok', 'send', ...[0, 1, 2, 3, 4, 5].map((n) => send('x', n, n)));
    const upTo2 = [...did(1, 'ok', 'txn', poll('x', [0, 0])), ...did(1, 'fail', 'txn', poll('x', [1, 1], [2, 2]))];

    test('are none where a transaction that failed is polled again', () => {
      const again = [
        ...did(1, 'fail', 'txn', poll('x', [1, 1], [2, 2])),
        ...did(1, 'ok', 'txn', poll('x', [1, 1], [2, 2])),
      ];
      expect(check([...numbers, ...upTo2, ...again]).valid).toBe(true);
    });

    test('are wrong in transactions that fail or crash, too', () => {
      const failed = did(1, 'fail', 'txn', poll('x', [3, 3], [4, 4]));
      const later = did(1, 'ok', 'txn', poll('x', [5, 5]));
      expect(found(check([...numbers, ...upTo2, ...failed, ...later]), 'poll-skip')).toEqual([
        'Process 1 polled 3 of key x at 7 s after 0: it left out 2 messages, the first of them 1.',
        'Process 1 polled 5 of key x at 9 s after 0: it left out 4 messages, the first of them 1.',
      ]);
      const crashed = did(1, 'info', 'txn', poll('x', [3, 3], [4, 4]));
      expect(check([...numbers, ...upTo2, ...crashed]).counts).toMatchObject({ 'poll-skip': 1 });
    });
  });

  test('nonmonotonic polls go back', () => {
    const sends = did(0, 'ok', 'send', ...['a', 'b', 'c', 'd'].map((value) => send('x', value)));
    const first = did(0, 'ok', 'poll', poll('x', [1, 'a'], [2, 'b'], [3, 'c']));
    const again = did(0, 'ok', 'poll', poll('x', [2, 'b'], [3, 'c'], [4, 'd']));
    expect(found(check([...sends, ...first, ...again]), 'nonmonotonic-poll')).toEqual([
      'Process 0 polled "b" of key x at 5 s after "c", which comes later in the log.',
    ]);
    const count = (f: string, ...keys: string[]) =>
      check([...sends, ...first, ...assigned(0, f, 'ok', ...keys), ...again]).counts;
    expect(count('assign', 'y')).toEqual({});
    expect(count('subscribe', 'y')).toEqual({});
    expect(count('assign', 'x', 'y')).toEqual({ 'nonmonotonic-poll': 1 });
    expect(count('subscribe', 'x', 'y')).toEqual({ 'subscribed-nonmonotonic-poll': 1 });
  });

  test('nonmonotonic sends go back', () => {
    const first = did(0, 'ok', 'send', send('x', 'c', 3), send('x', 'd', 4));
    const later = did(0, 'ok', 'send', send('x', 'a', 1), send('x', 'b', 2));
    expect(found(check([...first, ...later]), 'nonmonotonic-send')).toEqual([
      'Process 0 sent "a" of key x at 3 s after "d", which comes later in the log.',
    ]);
    expect(check([...first, ...assigned(0, 'assign', 'ok', 'y'), ...later]).counts).toEqual({ unseen: 4 });
    expect(check([...first, ...assigned(0, 'assign', 'ok', 'x', 'y'), ...later]).valid).toBe(false);
  });

  test('internal poll skips are within one op', () => {
    const verdict = check([
      ...sent('a', 'b', 'd'),
      ...did(0, 'ok', 'poll', poll('x', [1, 'a'], [4, 'd'])),
      ...did(1, 'ok', 'poll', poll('x', [1, 'a']), poll('x', [4, 'd'])),
      ...did(2, 'ok', 'poll', poll('x', [2, 'b'])),
    ]);
    expect(verdict.counts).toEqual({ 'int-poll-skip': 2 });
    expect(found(verdict, 'int-poll-skip')[0]).toBe('Process 0 polled "d" of key x at 3 s after "a": it left out "b".');
  });

  test('internal poll skips are none where keys may have moved', () => {
    const polls = did(1, 'ok', 'poll', poll('x', [1, 'a']), poll('x', [4, 'd']));
    const known = [...sent('a', 'b', 'd'), ...did(2, 'ok', 'poll', poll('x', [2, 'b']))];
    expect(check([...known, ...assigned(1, 'subscribe', 'ok', 'x'), ...polls]).counts).toEqual({
      'subscribed-poll-skip': 1,
    });
    expect(check([...known, ...assigned(1, 'assign', 'ok', 'x'), ...polls]).counts).toEqual({ 'int-poll-skip': 1 });
  });

  test('internal send skips are nothing wrong', () => {
    const verdict = check([
      [0, 'invoke', 'send', [send('x', 'a'), send('x', 'c')]],
      [0, 'ok', 'send', [send('x', 'a', 1), ['send', 'x', 'c']]],
      ...did(1, 'info', 'send', send('x', 'b')),
      ...did(2, 'ok', 'poll', poll('x', [1, 'a'], [2, 'b'], [3, 'c'])),
    ]);
    expect(verdict).toMatchObject({ valid: true, counts: { 'int-send-skip': 1 } });
  });

  test('internal nonmonotonic polls and sends go back within one op', () => {
    const polls = check([
      ...sent('a', 'b', 'c'),
      ...did(0, 'ok', 'poll', poll('x', [3, 'c'], [1, 'a'])),
      ...did(1, 'ok', 'poll', poll('x', [2, 'b'], [3, 'c']), poll('x', [3, 'c'])),
    ]);
    expect(found(polls, 'int-nonmonotonic-poll')).toEqual([
      'Process 0 polled "a" of key x at 3 s after "c", which comes later in the log.',
      'Process 1 polled "c" of key x at 5 s after "c", which comes at the same place in the log.',
    ]);
    const sends = check([
      ...did(0, 'ok', 'send', send('x', 'c', 3), send('x', 'a', 1)),
      ...did(1, 'info', 'send', send('y', 'd'), send('y', 'b')),
      ...did(2, 'info', 'send', send('y', 'c')),
      ...did(3, 'ok', 'poll', poll('y', [2, 'b'], [3, 'c'], [4, 'd'])),
    ]);
    expect(sends.counts).toMatchObject({ 'int-nonmonotonic-send': 2 });
  });

  test('duplicates stand at several offsets', () => {
    const verdict = check([
      ...did(0, 'ok', 'send', send('x', 'a', 1)),
      ...did(1, 'info', 'send', send('x', 'b')),
      ...did(2, 'ok', 'poll', poll('x', [2, 'b'], [3, 'a'])),
    ]);
    expect(found(verdict, 'duplicate')).toEqual(['"a" was at the offsets 1 and 3 of key x.']);
    const aborted = check([
      ...did(0, 'ok', 'send', send('x', 0, 1)),
      ...did(0, 'fail', 'send', send('x', 1, 2)),
      ...did(1, 'fail', 'poll', poll('x', [11, 0], [12, 1])),
    ]);
    expect(aborted.counts).toEqual({ duplicate: 1 });
  });

  // From the docstrings of precommitted-read-cases and unseen.
  test('a transaction does not poll what it sent itself', () => {
    const verdict = check(did(0, 'ok', 'txn', send('x', 1, 0), poll('x', [0, 1])));
    expect(verdict).toMatchObject({ valid: false, counts: { 'precommitted-read': 1 } });
  });

  test('what is unseen is an error only after final polls', () => {
    const lines = did(0, 'ok', 'send', send('x', 1, 0));
    expect(check(lines)).toMatchObject({ valid: true, unseen: [{ key: 'x', count: 1, messages: [1] }] });
    expect(check(lines, { finalPolls: true })).toMatchObject({ valid: false, badErrorTypes: ['unseen'] });
  });

  test('what is polled was sent by somebody', () => {
    expect(check(did(0, 'ok', 'poll', poll('x', [0, 1])))).toMatchObject({ valid: false, counts: { unexpected: 1 } });
  });

  test('is unknown where nothing was ok, or an op is none of a log', () => {
    expect(check(did(0, 'info', 'send', send('x', 1)))).toMatchObject({ valid: 'unknown' });
    expect(check([...did(0, 'ok', 'send', send('x', 1)), [0, 'invoke', 'read', null]]).reason).toMatch(
      /^op 2 is a read; the kafka checker knows send, poll/,
    );
    expect(
      check([
        [0, 'invoke', 'poll', 7],
        [0, 'ok', 'poll', 7],
      ]).reason,
    ).toBe('op 0, poll, is of 7; expected a list of sends and polls');
  });

  test('never convicts logs that are in order', () => {
    const tally: Record<string, number> = {};
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedLogs(draw), 30),
        ({ history, object }) => {
          const verdict = kafka({ finalPolls: object.isPolledAtLast }).check(history);
          tally[`${verdict.valid}`] = (tally[`${verdict.valid}`] ?? 0) + 1;
          expect(verdict.valid).not.toBe(false);
        },
      ),
      { numRuns },
    );
    expect(tally.true).toBeGreaterThan(numRuns / 2);
  });

  test.each([
    ['loses what it acknowledged', 'loses', 'lost-write'],
    ['writes twice', 'repeats', 'duplicate'],
    ['shows what failed', 'leaks', 'G1a'],
    ['lets consumers leave messages out', 'skips', 'poll-skip'],
    ['lets consumers go back', 'rewinds', 'nonmonotonic-poll'],
  ] as const)('convicts a log that %s, wherever that shows', (_, fault, kind) => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedLogs(draw, fault), 30),
        ({ history, object }) => {
          const ops = plainOps(history);
          fc.pre(ops.every(({ ends }) => ends === 'ok' || (fault === 'leaks' && ends === 'fail')));
          fc.pre(ops.some(({ ends }) => ends === 'ok'));
          const verdict = checkKafka(history) as KafkaVerdict;
          expect(verdict.valid).toBe(!object.wasFaulty);
          if (!object.wasFaulty) return;
          convicted++;
          expect(verdict.badErrorTypes.some((found) => found.endsWith(kind))).toBe(true);
        },
      ),
      { numRuns },
    );
    expect(convicted).toBeGreaterThan(numRuns / 100);
  });
});

type Fault = 'loses' | 'repeats' | 'leaks' | 'skips' | 'rewinds';
type MicroOp = readonly [string, string?, Value?];
type Message = readonly [offset: number, value: number];

/**
 * Two logs. Consumers are assigned to both and each reads from its beginning on, or they are subscribed and go on where the last
 * of them was. What an op sends is appended when all of it is done. At last one consumer may read both logs from their beginning.
 */
class PlayedLogs implements PlayedObject {
  wasFaulty = false;
  readonly isPolledAtLast: boolean;
  readonly last: readonly Asked[];
  readonly #logs: Record<string, Message[]> = { x: [], y: [] };
  readonly #nextOffset: Record<string, number> = { x: 0, y: 0 };
  readonly #places = new Map<number, Record<string, number>>();
  readonly #groupPlace = { x: 0, y: 0 };
  readonly #lost: (readonly [key: string, offset: number])[] = [];
  readonly #leaked = new Set<number>();
  readonly #isSubscribed: boolean;
  #isLast = false;
  #fresh = 0;
  readonly #draw: Draw;
  readonly #fault: Fault | undefined;

  constructor(draw: Draw, fault?: Fault) {
    this.#draw = draw;
    this.#fault = fault;
    this.#isSubscribed = fault === undefined && draw(2) === 0;
    this.isPolledAtLast = fault === 'loses' || fault === 'repeats' || draw(2) === 0;
    const anew: Asked[] = [
      { f: 'assign', value: [] },
      { f: 'assign', value: ['x', 'y'] },
      { f: 'poll', value: [['poll']] },
    ];
    this.last = this.isPolledAtLast ? anew : [];
  }

  ask(process: number): Asked {
    if (!this.#places.has(process)) {
      return { f: this.#isSubscribed ? 'subscribe' : 'assign', value: ['x', 'y'] };
    }
    const microOps = Array.from({ length: 1 + this.#draw(3) }, (): Value => {
      return this.#draw(2) === 0 ? ['poll'] : ['send', this.#key(), this.#fresh++];
    });
    const fs = new Set(microOps.map((each) => (each as MicroOp)[0]));
    return { f: fs.size > 1 ? 'txn' : [...fs][0]!, value: microOps };
  }

  apply({ f, value }: Asked, process: number): Value | undefined {
    const microOps = value as readonly MicroOp[];
    if (f === 'assign' || f === 'subscribe') {
      this.#isLast = microOps.length === 0 || this.#isLast;
      this.#places.set(process, { x: 0, y: 0 });
      return value;
    }
    if (this.#fault === 'leaks' && f === 'send' && this.#draw(8) === 0) {
      for (const [, key, message] of microOps) {
        this.#append(key!, message as number);
        this.#leaked.add(message as number);
      }
      return undefined;
    }
    const place = this.#isSubscribed && !this.#isLast ? this.#groupPlace : this.#places.get(process)!;
    const polled = microOps.map(([name]) => (name === 'poll' ? this.#poll(place) : null));
    return microOps.map(([name, key, message], i): Value => {
      return name === 'poll' ? ['poll', polled[i]!] : ['send', key!, [this.#append(key!, message as number), message!]];
    });
  }

  #poll(place: Record<string, number>): Value {
    const keys = this.#isLast ? ['x', 'y'] : [this.#key()];
    return Object.fromEntries(
      keys.map((key): [string, Value] => {
        const log = this.#logs[key]!;
        if (place[key]! > 0 && this.#draw(4) === 0) this.#misplace(place, key);
        const from = place[key]!;
        const polled = log.slice(from, this.#isLast ? log.length : from + 1 + this.#draw(3));
        place[key] = from + polled.length;
        if (polled.some(([, message]) => this.#leaked.has(message))) this.wasFaulty = true;
        if (this.#lost.some(([of, offset]) => of === key && polled.some(([later]) => later > offset)))
          this.wasFaulty = true;
        return [key, polled as unknown as Value];
      }),
    );
  }

  #misplace(place: Record<string, number>, key: string): void {
    const skips = this.#fault === 'skips' && place[key]! + 1 < this.#logs[key]!.length;
    if (!skips && this.#fault !== 'rewinds') return;
    this.wasFaulty = true;
    place[key]! += skips ? 1 : -1;
  }

  #append(key: string, message: number): number {
    const offset = this.#nextOffset[key]! + this.#draw(2);
    this.#nextOffset[key] = offset + 1;
    if (this.#fault === 'loses' && this.#draw(8) === 0) {
      this.#lost.push([key, offset]);
      return offset;
    }
    this.#logs[key]!.push([offset, message]);
    if (this.#fault === 'repeats' && this.#draw(8) === 0) {
      this.wasFaulty = true;
      this.#logs[key]!.push([this.#nextOffset[key]!++, message]);
    }
    return offset;
  }

  #key(): string {
    return this.#draw(2) === 0 ? 'x' : 'y';
  }
}
