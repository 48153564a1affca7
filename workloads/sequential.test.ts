import { expect, test } from 'vitest';
import type { Op } from '../history/op.ts';
import { ask, invocations } from './testing/imagined.ts';

const pair = ({ value }: Op): readonly [number, number] => value as unknown as readonly [number, number];

/** Some writes fail, some crash. */
function sometimes() {
  let count = 0;
  return () => ({ type: ++count % 11 === 0 ? 'info' : count % 7 === 0 ? 'fail' : 'ok' }) as const;
}

test('a client inserts the rows of a key in order, each once the one before is there', () => {
  const { load } = ask('sequential', { ops: 4000, respond: sometimes() });
  const next = new Map<number, number>();
  const writers = new Map<number, unknown>();
  for (const op of load) {
    if (op.f !== 'write') continue;
    const [key, row] = pair(op);
    expect(writers.get(key) ?? op.process).toBe(op.process);
    writers.set(key, op.process);
    if (op.type === 'invoke') expect(row).toBe(next.get(key) ?? 0);
    if (op.type === 'ok') next.set(key, row + 1);
    // Nothing may come after a row of which nobody knows.
    if (op.type === 'info') next.set(key, Number.NaN);
  }
  expect([...next.values()].filter((rows) => rows === 5).length).toBeGreaterThan(50);
  expect([...next.values()].filter(Number.isNaN).length).toBeGreaterThan(50);
});

test('reads look for the last row first, of keys that were begun', () => {
  const { load, final } = ask('sequential');
  let begun = 0;
  for (const op of invocations(load)) {
    const [key, rows] = op.value as unknown as readonly [number, readonly number[]];
    if (op.f === 'write') begun = Math.max(begun, key + 1);
    else {
      expect(rows).toEqual([4, 3, 2, 1, 0]);
      expect(key).toBeLessThan(begun);
      expect(key).toBeGreaterThanOrEqual(begun - 10);
    }
  }
  const keys = new Set(invocations(final).map((op) => pair(op)[0]));
  expect([keys.size, Math.max(...keys)]).toEqual([Math.min(64, begun), begun - 1]);
});
