import { describe, expect, test } from 'vitest';
import {
  checkSeedRange,
  concurrency,
  freshSeed,
  milliseconds,
  names,
  positiveNumber,
  seed,
  wholeNumber,
} from './arguments.ts';

const bad = ['', ' ', 'abc', '-1', 'NaN', 'Infinity', '1e3', '0x10', '1,5', '1..2', '１'];

describe('numbers', () => {
  test('a whole number within its bounds is read, both bounds included', () => {
    const read = wholeNumber('--nodes', 'nodes', 1, 99);
    expect([read('1'), read('5'), read('99')]).toEqual([1, 5, 99]);
  });

  test.each([...bad, '0', '100', '1.5'])(
    '%j is no number of nodes, and the refusal says what was expected and what came',
    (text) => {
      const message = `--nodes expects nodes: a whole number from 1 to 99, got ${JSON.stringify(text)}`;
      expect(() => wholeNumber('--nodes', 'nodes', 1, 99)(text)).toThrow(message);
    },
  );

  test.each([...bad, '0', '0.0', '1000001', '.'])('%j is no rate', (text) => {
    expect(() => positiveNumber('--rate', 'ops per second', 1e6)(text)).toThrow('--rate expects');
  });

  test('rates may be fractions', () => {
    expect(positiveNumber('--rate', 'ops per second', 1e6)('0.5')).toBe(0.5);
  });

  test('seconds become whole milliseconds', () => {
    const read = milliseconds('--time-limit', 100);
    expect([read('60'), read('0.25'), read('0.001')]).toEqual([60_000, 250, 1]);
  });

  test.each([...bad, '0', '0.0001', '101'])('%j is no time limit', (text) => {
    expect(() => milliseconds('--time-limit', 100)(text)).toThrow('--time-limit expects seconds');
  });

  test('seeds go from 0 to 2^32-1', () => {
    expect([seed('0'), seed('4294967295')]).toEqual([0, 4294967295]);
    expect(() => seed('4294967296')).toThrow(
      '--seed expects a seed: a whole number from 0 to 4294967295, got "4294967296"',
    );
  });

  test('a range of seeds must not pass the largest', () => {
    expect(() => checkSeedRange(4294967290, 6)).not.toThrow();
    expect(() => checkSeedRange(4294967290, 7)).toThrow('begin at 4294967289 or below');
  });

  test('a fresh seed leaves room for all runs', () => {
    for (let i = 0; i < 100; i++) expect(() => checkSeedRange(freshSeed(4_000_000_000), 4_000_000_000)).not.toThrow();
  });
});

describe('concurrency', () => {
  test('is a number, or a number per node', () => {
    expect(concurrency('10')).toEqual({ count: 10, perNode: false });
    expect(concurrency('2n')).toEqual({ count: 2, perNode: true });
  });

  test.each([...bad, '0', '0n', 'n', '2m', '10000'])('%j is refused', (text) => {
    expect(() => concurrency(text)).toThrow('--concurrency expects');
  });
});

describe('names', () => {
  test('are split at commas, each kept once', () => {
    expect(names('--nemesis')('partition, kill,partition')).toEqual(['partition', 'kill']);
  });

  test.each(['', ',', 'a,,b', 'a,'])('%j is refused', (text) => {
    expect(() => names('--nemesis')(text)).toThrow('--nemesis expects names separated by commas');
  });
});
