import { expect, test } from 'vitest';
import {
  any,
  clients,
  delay,
  limit,
  nemesis,
  once,
  phases,
  repeat,
  sequence,
  sleep,
  stagger,
  timeLimit,
} from '../combinators.ts';
import { simulate, timetable } from '../testing/simulate.ts';

const write = { f: 'write', value: 1 };
const alone = { concurrency: 1 };
const times = (...args: Parameters<typeof simulate>) => timetable(simulate(...args)).map(([ms]) => ms);

test('timeLimit ends at the limit, counted from its first op', () => {
  const generator = clients(sequence(sleep(100), timeLimit(35, repeat(write))));
  expect(times(generator, alone)).toEqual([100, 110, 120, 130]);
});

test('an op exactly at the limit is outside', () => {
  expect(times(clients(timeLimit(20, repeat(write))), alone)).toEqual([0, 10]);
});

test('a time limit ends a sleep', () => {
  const generator = phases(
    timeLimit(30, any(clients(delay(20, repeat(write))), nemesis(repeat({ type: 'sleep', f: 'sleep', value: 1e6 })))),
    clients(limit(1, repeat(write))),
  );
  expect(times(generator, alone)).toEqual([0, 20, 30]);
});

test('an op that would come after the limit does not end the time of others that wait for a thread', () => {
  const fault = { f: 'fault', value: null };
  const generator = timeLimit(
    100,
    any(clients(repeat(write)), nemesis(sequence(once(fault), delay(500, repeat(fault))))),
  );
  const clientTimes = timetable(simulate(generator, { concurrency: 1, latencyMs: 30 }))
    .filter(([, process]) => process !== 'nemesis')
    .map(([ms]) => ms);
  expect(clientTimes).toEqual([0, 30, 60, 90]);
});

test('an op that is outstanding at the limit may end after it', () => {
  const history = simulate(clients(timeLimit(15, repeat(write))), alone);
  expect(history.at(-1)).toMatchObject({ type: 'ok' });
  expect(history.at(-1)?.time).toBeGreaterThan(15e6);
});

test('delay spaces the ops of all threads evenly', () => {
  expect(times(clients(delay(30, limit(4, repeat(write)))), { concurrency: 5 })).toEqual([0, 30, 60, 90]);
});

test('delay does not make up for time lost', () => {
  expect(times(clients(delay(30, limit(4, repeat(write)))), { concurrency: 1, latencyMs: 40 })).toEqual([
    0, 40, 80, 120,
  ]);
});

test('stagger keeps to its mean, with intervals between 0 and twice that', () => {
  const drawn = simulate(clients(limit(2001, stagger(10, repeat(write)))), { concurrency: 5, latencyMs: 1 })
    .filter((op) => op.type === 'invoke')
    .map((op) => op.time);
  const intervals = drawn.slice(1).map((time, i) => time - (drawn[i] as number));
  const mean = intervals.reduce((sum, interval) => sum + interval, 0) / intervals.length;
  expect(mean / 1e6).toBeGreaterThan(9.5);
  expect(mean / 1e6).toBeLessThan(10.5);
  expect(Math.max(...intervals)).toBeLessThanOrEqual(20e6 + 10);
  expect(Math.max(...intervals)).toBeGreaterThan(19e6);
  expect(Math.min(...intervals)).toBeLessThan(1e6);
});

test('stagger refuses intervals that its random numbers do not reach', () => {
  expect(() => stagger(-1, repeat(write))).toThrow('stagger takes 0 to 2,000,000 ms, not -1');
  expect(() => stagger(3e6, repeat(write))).toThrow(RangeError);
  expect(() => stagger(Number.NaN, repeat(write))).toThrow(RangeError);
});

test('sleep keeps one thread busy, and only that', () => {
  const generator = clients(sequence(sleep(25), limit(4, repeat(write))));
  expect(times(generator, { concurrency: 2 })).toEqual([0, 10, 20, 25]);
});
