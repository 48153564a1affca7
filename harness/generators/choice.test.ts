import { expect, test } from 'vitest';
import {
  any,
  clients,
  cycle,
  delay,
  each,
  flipFlop,
  limit,
  mix,
  nemesis,
  once,
  repeat,
  sequence,
  stagger,
  timeLimit,
} from '../combinators.ts';
import type { Generator } from '../generator.ts';
import { simulate, timetable } from '../testing/simulate.ts';

const a = { f: 'a', value: null };
const b = { f: 'b', value: null };
const alone = { concurrency: 1 };
const fs = (generator: Generator, seed = 1) =>
  timetable(simulate(clients(generator), { ...alone, seed })).map(([, , f]) => f);
const count = (items: readonly string[], wanted: string) => items.filter((item) => item === wanted).length;

test('mix gives each generator its share', () => {
  const drawn = fs(limit(1000, mix([repeat(a), repeat(b)])));
  expect(count(drawn, 'a')).toBeGreaterThan(430);
  expect(count(drawn, 'b')).toBeGreaterThan(430);
});

test('mix goes on with the others when one is exhausted, and ends with the last', () => {
  const drawn = fs(mix([repeat(a, 3), repeat(b, 20)]));
  expect([count(drawn, 'a'), count(drawn, 'b')]).toEqual([3, 20]);
});

test('mix depends on the seed and on its stream alone', () => {
  const draw = (stream: string, seed: number) => fs(limit(50, mix([repeat(a), repeat(b)], stream)), seed).join('');
  expect(draw('generator', 1)).toBe(draw('generator', 1));
  expect(draw('generator', 1)).not.toBe(draw('generator', 2));
  expect(draw('generator', 1)).not.toBe(draw('other', 1));
});

test('any takes the soonest op', () => {
  const generator = any(limit(3, delay(30, repeat(a))), limit(3, delay(50, repeat(b))));
  const drawn = timetable(simulate(clients(generator), { concurrency: 3, latencyMs: 1 }));
  expect(drawn.map(([ms, , f]) => [ms, f]).slice(2)).toEqual([
    [30, 'a'],
    [50, 'b'],
    [60, 'a'],
    [100, 'b'],
  ]);
  expect(drawn.slice(0, 2).map(([ms]) => ms)).toEqual([0, 0]);
});

test('any of several that are ready takes a random one', () => {
  const drawn = fs(limit(1000, any(repeat(a), repeat(b))));
  expect(count(drawn, 'a')).toBeGreaterThan(430);
  expect(count(drawn, 'b')).toBeGreaterThan(430);
});

test('any is exhausted when all are', () => {
  const drawn = fs(any(repeat(a, 3), repeat(b, 4)));
  expect([count(drawn, 'a'), count(drawn, 'b')]).toEqual([3, 4]);
});

test('what the nemesis draws does not depend on how busy the clients are', () => {
  const faults = (rateMs: number) => {
    const draw = each((context) => ({ f: 'fault', value: context.stream('nemesis').uint32() }));
    const work = clients(stagger(rateMs, repeat(a)));
    const generator = timeLimit(2000, any(work, nemesis(stagger(100, draw, 'nemesis'))));
    const history = simulate(generator, { concurrency: 5 });
    return history.filter((op) => op.process === 'nemesis').map((op) => op.value);
  };
  const quiet = faults(500);
  expect(quiet.length).toBeGreaterThan(20);
  expect(faults(3).slice(0, 20)).toEqual(quiet.slice(0, 20));
});

test('flipFlop takes turns and stops when one is exhausted', () => {
  expect(fs(flipFlop(cycle(sequence(once(a))), repeat(b, 2)))).toEqual(['a', 'b', 'a', 'b', 'a']);
});
