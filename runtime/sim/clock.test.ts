import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NodeClock } from './clock.ts';

const second = 1_000_000_000;

describe("a node's clocks", () => {
  test('show simulated time, the wall clock with its skew', () => {
    const clock = new NodeClock(5_000_000, 0);
    expect(clock.monotonicNs(second)).toBe(second);
    expect(clock.wallMs(second) - clock.wallMs(0)).toBe(1000);
    expect(clock.wallMs(0) - new NodeClock(0, 0).wallMs(0)).toBe(5);
  });

  test('a bump moves the wall clock alone', () => {
    const clock = new NodeClock(0, 0);
    const before = clock.wallMs(second);
    clock.bump(-2500);
    expect(clock.wallMs(second)).toBe(before - 2500);
    expect(clock.monotonicNs(second)).toBe(second);
  });

  test('drift of 50,000 parts per million makes both clocks gain 5 % from then on', () => {
    const clock = new NodeClock(0, 0);
    const wall = clock.wallMs(second);
    clock.drift(50_000, second);
    expect(clock.monotonicNs(2 * second) - clock.monotonicNs(second)).toBe(1.05 * second);
    expect(clock.wallMs(2 * second) - wall).toBe(1050);
  });

  test('reset takes back bumps, and the rate', () => {
    const clock = new NodeClock(0, 0);
    clock.bump(60_000);
    clock.drift(-50_000, second);
    clock.reset(3 * second);
    expect(clock.wallMs(4 * second)).toBe(new NodeClock(0, 0).wallMs(4 * second));
    expect(clock.monotonicNs(4 * second) - clock.monotonicNs(3 * second)).toBe(second);
  });

  test('the monotonic clock never goes back, and whenMonotonic is the first moment that shows the deadline', () => {
    const faults = fc.array(fc.tuple(fc.integer({ min: 1, max: second }), fc.integer({ min: -50_000, max: 50_000 })));
    fc.assert(
      fc.property(faults, fc.integer({ min: 1, max: second }), (drifts, delay) => {
        const clock = new NodeClock(0, 17);
        let now = 0;
        let shown = 0;
        for (const [elapsed, ppm] of drifts) {
          now += elapsed;
          expect(clock.monotonicNs(now)).toBeGreaterThanOrEqual(shown);
          clock.drift(ppm, now);
          clock.bump(ppm);
          shown = clock.monotonicNs(now);
        }
        const at = clock.whenMonotonic(shown + delay, now);
        expect(clock.monotonicNs(at)).toBeGreaterThanOrEqual(shown + delay - 1);
        expect(clock.monotonicNs(at - 2)).toBeLessThan(shown + delay);
      }),
    );
  });
});
