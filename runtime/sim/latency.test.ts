import { describe, expect, test } from 'vitest';
import { randomStream } from '../../harness/random.ts';
import { clientLatency, networkLatency, syncLatency } from './latency.ts';

const cases = [
  { name: 'network', distribution: networkLatency, minUs: 150, medianUs: 1000, maxUs: 30_000 },
  { name: 'sync', distribution: syncLatency, minUs: 400, medianUs: 2000, maxUs: 60_000 },
  { name: 'client', distribution: clientLatency, minUs: 38, medianUs: 250, maxUs: 2000 },
];

describe.each(cases)('$name latency', ({ distribution, minUs, medianUs, maxUs }) => {
  const random = randomStream(1, 'latency');
  const draws = Array.from({ length: 20_000 }, () => distribution.draw(random)).sort((a, b) => a - b);

  test('is a whole number of nanoseconds within its bounds', () => {
    expect(draws.every(Number.isInteger)).toBe(true);
    expect(draws[0]).toBeGreaterThanOrEqual(minUs * 1000);
    expect(draws.at(-1)).toBeLessThanOrEqual(maxUs * 1000);
  });

  test('has its median where the table says, and a tail beyond five medians', () => {
    expect(draws[10_000]! / 1000 / medianUs).toBeCloseTo(1, 1);
    expect(draws.at(-1)! / 1000).toBeGreaterThan(5 * medianUs);
  });
});
