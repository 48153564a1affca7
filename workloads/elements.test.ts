/** Workloads whose ops are simple: each element once, and reads where they belong. */
import { describe, expect, test } from 'vitest';
import { ask, invocations, probed } from './testing/imagined.ts';

describe.each([
  { workload: 'set', writes: 'add', reads: false },
  { workload: 'set-full', writes: 'add', reads: true },
  { workload: 'causal-reverse', writes: 'write', reads: true },
])('$workload', ({ workload, writes, reads }) => {
  test('writes every element once, probes included', () => {
    const load = invocations(ask(workload).load);
    const written = load.filter(({ f }) => f === writes).map(({ value }) => value);
    expect(new Set(written).size).toBe(written.length);
    expect(written.length / load.length).toBeCloseTo(reads ? 0.5 : 1, 1);
    const [probes] = probed(workload, 20);
    expect(new Set(probes!.map(({ value }) => value)).size).toBe(20);
  });

  test('reads everything at last', () => {
    const { load, final } = ask(workload);
    const keys = new Set(load.map(({ key }) => key));
    expect(new Set(invocations(final).map(({ f, key }) => `${f} ${key}`))).toEqual(
      new Set([...keys].map((key) => `read ${key}`)),
    );
  });
});

test('counter adds 1 to 5, half of the time, and reads', () => {
  const load = invocations(ask('counter', { ops: 4000 }).load);
  const deltas = load.filter(({ f }) => f === 'add').map(({ value }) => value as number);
  expect([...new Set(deltas)].sort()).toEqual([1, 2, 3, 4, 5]);
  expect(deltas.length / load.length).toBeCloseTo(0.5, 1);
});

test('write-skew inserts two rows of each key, one into each table, with ids that nobody else has', () => {
  const values = invocations(ask('write-skew').load).map(({ value }) => value as readonly [number, (number | null)[]]);
  const tables = new Map<number, number[]>();
  for (const [key, ids] of values) {
    const place = ids[0] === null ? 1 : 0;
    expect(ids[1 - place]).toBe(null);
    tables.set(key, [...(tables.get(key) ?? []), place]);
  }
  expect(new Set(values.map(([, [a, b]]) => a ?? b)).size).toBe(values.length);
  expect([...tables.values()].every((places) => places.toSorted().join() === '0,1')).toBe(true);
  const [probes] = probed('write-skew', 20);
  expect(new Set(probes!.map(({ value }) => (value as readonly unknown[])[0])).size).toBe(20);
});

test('causal reads and writes each key in turn, by one client', () => {
  const { load } = ask('causal');
  const done = new Map<unknown, string[]>();
  const clients = new Map<unknown, unknown>();
  for (const { key, f, value, process, type } of load) {
    expect(clients.get(key) ?? process).toBe(process);
    clients.set(key, process);
    if (type === 'invoke') done.set(key, [...(done.get(key) ?? []), `${f} ${value}`]);
  }
  const whole = ['read null', 'write 1', 'read null', 'write 2', 'read null'];
  for (const ops of done.values()) expect(ops).toEqual(whole.slice(0, ops.length));
  expect(done.size).toBeGreaterThan(150);
  const [writes] = probed('causal', 20);
  for (const { key, process } of writes!) expect(key).toBe(`recovery ${process}`);
});

test('monotonic and unique-ids ask for nothing but what they are named after', () => {
  const fs = (workload: string) => new Set(invocations(ask(workload).load).map(({ f }) => f));
  expect([...fs('monotonic'), ...fs('unique-ids')]).toEqual(['add', 'generate']);
});
