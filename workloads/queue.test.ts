import { expect, test } from 'vitest';
import type { Op } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { ask, invocations, probed } from './testing/imagined.ts';

/** A queue as it should be, every `infoEvery`-th of whose ops is not answered, and does nothing. */
function queue(infoEvery = Number.POSITIVE_INFINITY) {
  const elements: Value[] = [];
  let count = 0;
  return ({ f, value }: Op) => {
    if (++count % infoEvery === 0) return { type: 'info' } as const;
    if (f === 'dequeue') return { type: 'ok', value: elements.shift() ?? null } as const;
    elements.push(value);
    return { type: 'ok' } as const;
  };
}

test('no element is enqueued twice, and as many ops dequeue', () => {
  const load = invocations(ask('queue', { ops: 4000, respond: queue() }).load);
  const enqueued = load.filter(({ f }) => f === 'enqueue').map(({ value }) => value);
  expect(new Set(enqueued).size).toBe(enqueued.length);
  expect(enqueued.length / load.length).toBeCloseTo(0.5, 1);
});

test('at last every client dequeues until it finds nothing: then all is out', () => {
  const { load, final } = ask('queue', { seed: 3, respond: queue(50) });
  const acknowledged = load.filter(({ f, type }) => f === 'enqueue' && type === 'ok').map(({ value }) => value);
  const out = [...load, ...final]
    .filter(({ f, type, value }) => f === 'dequeue' && type === 'ok' && value !== null)
    .map(({ value }) => value);
  expect(out.toSorted()).toEqual(acknowledged.toSorted());
  const empty = final.filter(({ type, value }) => type === 'ok' && value === null);
  expect(empty.map(({ process }) => (process as number) % 10).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('the probes enqueue what nobody else does', () => {
  const [enqueues, dequeues] = probed('queue', 20);
  expect(new Set(enqueues!.map(({ value }) => value)).size).toBe(20);
  expect(dequeues!.every(({ f }) => f === 'dequeue')).toBe(true);
});
