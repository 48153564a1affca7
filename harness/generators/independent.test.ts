import { expect, test } from 'vitest';
import type { Op } from '../../history/op.ts';
import { clients, concurrent, each, independentSequential, limit, repeat } from '../combinators.ts';
import type { Generator } from '../generator.ts';
import { simulate } from '../testing/simulate.ts';

const write = { f: 'write', value: 1 };
const invocations = (history: readonly Op[]) => history.filter((op) => op.type === 'invoke');

test('concurrent gives each group of threads keys of its own', () => {
  const generator = concurrent({
    threadsPerKey: 2,
    keys: (i) => (i < 4 ? i : undefined),
    generator: () => repeat(write, 4),
  });
  const ops = invocations(simulate(clients(generator), { concurrency: 4 }));
  expect(ops).toHaveLength(16);
  for (const op of ops) expect((op.key as number) % 2).toBe(Math.floor((op.process as number) / 2));
  for (const key of [0, 1, 2, 3]) expect(ops.filter((op) => op.key === key)).toHaveLength(4);
});

test('completions carry the key too', () => {
  const generator = concurrent({ threadsPerKey: 1, keys: (i) => `k${i}`, generator: () => repeat(write, 2) });
  for (const op of simulate(clients(limit(20, generator)), { concurrency: 2 })) expect(op.key).toMatch(/^k\d+$/);
});

test('a last group may be smaller', () => {
  const generator = concurrent({ threadsPerKey: 2, keys: (i) => i, generator: () => repeat(write, 10) });
  const ops = invocations(simulate(clients(limit(100, generator)), { concurrency: 3 }));
  expect(new Set(ops.filter((op) => (op.key as number) % 2 === 1).map((op) => op.process))).toEqual(new Set([2]));
});

test('keys are numbered, and their generators know their ordinal', () => {
  const made: unknown[] = [];
  const generator = independentSequential({
    keys: (i) => ['x', 'y', 'z'][i],
    generator(key, ordinal) {
      made.push([key, ordinal]);
      return repeat(write, 2);
    },
  });
  const ops = invocations(simulate(clients(generator), { concurrency: 1 }));
  expect(ops.map((op) => op.key)).toEqual(['x', 'x', 'y', 'y', 'z', 'z']);
  expect(made.slice(0, 3)).toEqual(expect.arrayContaining([['x', 0]]));
});

test('a key’s generator is told of the events of its key alone', () => {
  const seen = new Map<unknown, Set<unknown>>();
  const watching = (key: unknown, left: number): Generator => ({
    op: (context) =>
      left === 0
        ? null
        : context.free.length === 0
          ? ['pending', watching(key, left)]
          : [write, watching(key, left - 1)],
    update(_context, event) {
      seen.set(key, (seen.get(key) ?? new Set()).add(event.key));
      return this;
    },
  });
  const generator = concurrent({
    threadsPerKey: 2,
    keys: (i) => (i < 6 ? i : undefined),
    generator: (key) => watching(key, 5),
  });
  simulate(clients(generator), { concurrency: 4 });
  expect(seen.size).toBe(6);
  for (const [key, keys] of seen) expect([...keys]).toEqual([key]);
});

test('ops of different keys run at the same time', () => {
  const generator = concurrent({ threadsPerKey: 1, keys: (i) => i, generator: () => each(() => write) });
  const ops = invocations(simulate(clients(limit(4, generator)), { concurrency: 4 }));
  expect(new Set(ops.map((op) => op.key)).size).toBe(4);
  expect(Math.max(...ops.map((op) => op.time))).toBeLessThan(1e6);
});

test('concurrent refuses groups without threads', () => {
  const generator = () => repeat(write);
  expect(() => concurrent({ threadsPerKey: 0, keys: (i) => i, generator })).toThrow('1 or more threads per key, not 0');
});
