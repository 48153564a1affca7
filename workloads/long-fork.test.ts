import { expect, test } from 'vitest';
import type { Op } from '../history/op.ts';
import { ask, invocations, probed } from './testing/imagined.ts';

type MicroOp = readonly [f: string, key: number | string, value: number | null];

const microOps = ({ value }: Op): readonly MicroOp[] => value as unknown as readonly MicroOp[];
const isWrite = (op: Op): boolean => microOps(op)[0]![0] === 'w';

test('each key is written once, alone, the keys in order', () => {
  const writes = invocations(ask('long-fork').load).filter(isWrite);
  expect(writes.map(microOps)).toEqual(writes.map((_, key) => [['w', key, 1]]));
  expect(writes.length).toBeGreaterThan(200);
});

test('reads are of a whole group of ten, the one being written or the one before, in random order', () => {
  const { load, final } = ask('long-fork');
  const orders = new Set<string>();
  let written = 0;
  for (const op of invocations(load)) {
    if (isWrite(op)) {
      written++;
      continue;
    }
    const keys = microOps(op).map(([, key]) => key as number);
    const first = Math.min(...keys);
    expect(keys.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, i) => first + i));
    expect(first % 10).toBe(0);
    expect(first).toBeLessThan(written);
    orders.add(keys.map((key) => key - first).join());
  }
  expect(orders.size).toBeGreaterThan(100);
  const groups = new Set(invocations(final).map((op) => Math.min(...microOps(op).map(([, key]) => key as number))));
  expect(groups.size).toBe(10);
  expect(Math.max(...groups)).toBe(Math.floor((written - 1) / 10) * 10);
});

test('whoever has written a key reads its group next, unless the write crashed', () => {
  let count = 0;
  const { load } = ask('long-fork', { respond: () => ({ type: ++count % 10 === 0 ? 'info' : 'ok' }) });
  const due = new Map<unknown, number>();
  for (const op of load) {
    if (op.type === 'info') due.delete(op.process);
    if (op.type !== 'invoke') continue;
    const group = due.get(op.process);
    if (group !== undefined) expect(Math.floor((microOps(op)[0]![1] as number) / 10)).toBe(group);
    due.delete(op.process);
    if (isWrite(op)) due.set(op.process, Math.floor((microOps(op)[0]![1] as number) / 10));
  }
});

test('the probes write keys that nobody reads', () => {
  const [ops] = probed('long-fork', 20);
  const keys = ops!.map((op) => microOps(op)[0]![1]);
  expect(new Set(keys).size).toBe(20);
  expect(keys.every((key) => typeof key === 'string')).toBe(true);
});
