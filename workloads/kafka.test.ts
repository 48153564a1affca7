import { describe, expect, test } from 'vitest';
import { kafka } from '../checkers/classic/kafka/kafka.ts';
import { History } from '../history/history.ts';
import type { Op } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { ask, invocations, probed } from './testing/imagined.ts';

/** Logs as they should be, every `infoEvery`-th of whose ops is not answered. */
function logs(infoEvery = Number.POSITIVE_INFINITY) {
  const held = new Map<string, Value[]>();
  let count = 0;
  return ({ f, value }: Op) => {
    if (++count % infoEvery === 0) return { type: f === 'send' ? 'info' : 'fail' } as const;
    const [[, ...rest] = []] = value as readonly (readonly Value[])[];
    if (f === 'send') {
      const [key, message] = rest as [string, Value];
      const log = held.get(key) ?? [];
      held.set(key, log);
      return { type: 'ok', value: [['send', key, [log.push(message) - 1, message]]] } as const;
    }
    if (f === 'assign') return { type: 'ok' } as const;
    const msgs: Record<string, Value> = {};
    for (const [key, offset] of Object.entries(rest[1] as unknown as Record<string, number>)) {
      const messages = held.get(key)?.slice(offset, offset + 16) ?? [];
      if (messages.length > 0) msgs[key] = messages.map((message, i) => [offset + i, message]);
    }
    return { type: 'ok', value: [['poll', msgs]] } as const;
  };
}

const sent = (history: readonly Op[]) =>
  invocations(history)
    .filter(({ f }) => f === 'send')
    .map(({ value }) => (value as unknown as [[string, string, number]])[0]);

/** The offsets of each poll asked for, by log. */
const asked = (history: readonly Op[]) =>
  invocations(history)
    .filter(({ f }) => f === 'poll')
    .map((op) => (op.value as unknown as [[string, null, Record<string, number>]])[0][2]);

describe('the load', () => {
  test('sends every message once, to four logs at a time, and about a hundred to each', () => {
    const messages = sent(ask('kafka', { ops: 4000, respond: logs() }).load);
    expect(new Set(messages.map(([, , message]) => message)).size).toBe(messages.length);
    const counts = new Map<string, number>();
    for (const [, key] of messages) counts.set(key, (counts.get(key) ?? 0) + 1);
    expect(counts.get('0')).toBe(100);
    expect(counts.size).toBeGreaterThan(10);
    expect(asked(ask('kafka', { respond: logs() }).load).every((offsets) => Object.keys(offsets).length === 4)).toBe(
      true,
    );
  });

  test('what comes out is what good logs give', () => {
    const { load, final } = ask('kafka', { ops: 3000, respond: logs(29) });
    const verdict = kafka({ finalPolls: true }).check(History.from([...load, ...final]));
    expect(verdict).toMatchObject({ valid: true });
    expect(verdict.polledCount).toBeGreaterThan(1000);
  });
});

describe('the final polls', () => {
  test('begin at the beginning, once the old places are given up, and go on to the end', () => {
    const { load, final } = ask('kafka', { respond: logs() });
    const readers = new Set(invocations(final).map(({ process }) => process));
    expect(readers.size).toBe(3);
    for (const process of readers) {
      const [first, second] = invocations(final).filter((op) => op.process === process);
      expect(first).toMatchObject({ f: 'assign', value: [] });
      expect(Object.values(asked([second!])[0]!).every((offset) => offset === 0)).toBe(true);
    }
    const polled = new Set<Value>();
    for (const { f, type, value } of final) {
      if (f !== 'poll' || type !== 'ok') continue;
      for (const messages of Object.values((value as unknown as [[string, Record<string, [number, Value][]>]])[0][1])) {
        for (const [, message] of messages) polled.add(message);
      }
    }
    expect(polled.size).toBe(sent(load).length);
  });

  test('of a run that did nothing are none', () => {
    expect(ask('kafka', { ops: 0 }).final).toEqual([]);
  });
});

test('the probes send to a log that nobody polls, and poll nothing', () => {
  const [sends, polls] = probed('kafka', 20);
  expect(new Set(sent(sends!).map(([, key]) => key))).toEqual(new Set(['recovery']));
  expect(asked(polls!).every((offsets) => Object.keys(offsets).length === 0)).toBe(true);
});
