import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { NodeClock } from './clock.ts';
import { Timers } from './timers.ts';

let clock: NodeClock;
let timers: Timers;
let fired: string[];
beforeEach(() => {
  vi.useFakeTimers();
  clock = new NodeClock(() => Date.now());
  fired = [];
  timers = new Timers(clock, (name) => fired.push(`${name} at ${Date.now() - start}`));
  start = Date.now();
});
let start = 0;
afterEach(() => {
  vi.useRealTimers();
});

describe('timers', () => {
  test('fire within their bounds, each delay drawn', () => {
    for (let i = 0; i < 200; i++) timers.set(`${i}`, 10, 20);
    vi.advanceTimersByTime(9);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(12);
    expect(fired).toHaveLength(200);
    expect(new Set(fired.map((line) => line.split(' at ')[1])).size).toBeGreaterThan(3);
  });

  test('a timer set anew replaces the earlier one', () => {
    timers.set('a', 10, 10);
    timers.set('a', 30, 30);
    vi.advanceTimersByTime(100);
    expect(fired).toEqual(['a at 30']);
  });

  test('a cleared timer does not fire, nor one that never was', () => {
    timers.set('a', 10, 10);
    timers.clear('a');
    timers.clear('b');
    vi.advanceTimersByTime(100);
    expect(fired).toEqual([]);
  });

  test('run on the monotonic clock: a jump of the wall clock leaves them alone, drift does not', () => {
    timers.set('a', 100, 100);
    clock.set(1_000_000, 0);
    timers.reschedule();
    vi.advanceTimersByTime(50);
    clock.set(1_000_000, 1_000_000);
    timers.reschedule();
    vi.advanceTimersByTime(100);
    expect(fired).toEqual(['a at 75']);
  });

  test('slow down with their clock', () => {
    timers.set('a', 100, 100);
    clock.set(0, -500_000);
    timers.reschedule();
    vi.advanceTimersByTime(300);
    expect(fired).toEqual(['a at 200']);
  });
});

describe('a clock', () => {
  test('gains what it drifts, and jumps only on the wall', () => {
    let now = 1000;
    const skewed = new NodeClock(() => now);
    const wallBefore = skewed.wallMs();
    skewed.set(5000, 100_000);
    now += 1000;
    expect(skewed.monotonicMs()).toBeCloseTo(1100);
    expect(skewed.skewMs()).toBeCloseTo(5100);
    expect(skewed.wallMs() - wallBefore).toBe(6100);
    skewed.set(0, 0);
    now += 1000;
    expect(skewed.monotonicMs()).toBeCloseTo(2100);
    expect(skewed.wallMs() - wallBefore).toBe(2000);
  });
});
