import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventQueue } from './queue.ts';

describe('the agenda', () => {
  test('gives events by time, and events of one time in the order they were added', () => {
    const commands = fc.array(fc.oneof(fc.nat({ max: 20 }), fc.constant('pop' as const)), { maxLength: 800 });
    fc.assert(
      fc.property(commands, (steps) => {
        const queue = new EventQueue<number>();
        const expected: { time: number; id: number }[] = [];
        let id = 0;
        for (const step of steps) {
          if (step === 'pop') {
            expected.sort((a, b) => a.time - b.time || a.id - b.id);
            const next = expected.shift();
            expect(queue.isDueBefore(next?.time ?? 99)).toBe(false);
            expect(queue.isDueBefore((next?.time ?? 99) + 1)).toBe(next !== undefined);
            expect(queue.pop()).toBe(next !== undefined);
            if (next !== undefined) expect([queue.time, queue.payload]).toEqual([next.time, next.id]);
          } else {
            expected.push({ time: step, id });
            queue.push(step, 0, 0, id++);
          }
          expect(queue.size).toBe(expected.length);
        }
      }),
    );
  });

  test('grows beyond its first capacity and keeps kind, target, and payload together', () => {
    const queue = new EventQueue<string>();
    for (let i = 0; i < 2000; i++) queue.push((i * 7919) % 2000, i % 5, i, `p${i}`);
    let last = -1;
    while (queue.pop()) {
      expect(queue.time).toBeGreaterThan(last);
      last = queue.time;
      expect(queue.payload).toBe(`p${queue.target}`);
      expect(queue.kind).toBe(queue.target % 5);
    }
    expect(last).toBe(1999);
  });
});
