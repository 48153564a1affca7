import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { Narrowing, RunContext } from './context.ts';
import type { Context, Thread } from './generator.ts';

const concurrency = 9;
const all: readonly Thread[] = [...Array.from({ length: concurrency }, (_, i) => i), 'nemesis'];

const run = (): RunContext =>
  new RunContext({ concurrency, nodeIds: ['n1'], seed: 1, view: { nodeIds: ['n1'], primaries: () => [] } });

function expectFree(context: Context, threads: readonly Thread[], busy: ReadonlySet<Thread>): void {
  const free = threads.filter((thread) => !busy.has(thread));
  // By turns the count and the list first: either may be what is found out last.
  if (busy.size % 2 === 0) expect(context.freeCount).toBe(free.length);
  expect(context.free).toEqual(free);
  expect(context.freeCount).toBe(free.length);
  expect(all.filter((thread) => context.isFree(thread))).toEqual(free);
}

test.prop([
  fc.subarray([...all]),
  fc.subarray([...all]),
  fc.array(fc.constantFrom(...all), { maxLength: 60, size: 'max' }),
])('which threads are free, and how many, follows every change, in narrowed contexts too', (some, fewer, toggled) => {
  const context = run();
  const outer = new Narrowing((threads) => threads.filter((thread) => some.includes(thread)));
  const inner = new Narrowing((threads) => threads.filter((thread) => fewer.includes(thread)));
  const both = some.filter((thread) => fewer.includes(thread));
  const busy = new Set<Thread>();
  for (const thread of toggled) {
    if (busy.delete(thread)) context.release(thread);
    else {
      busy.add(thread);
      context.occupy(thread);
    }
    expectFree(context, all, busy);
    expectFree(outer.of(context), some, busy);
    expectFree(inner.of(outer.of(context)), both, busy);
  }
});

test('a narrowed context knows the processes of its threads, and no others', () => {
  const context = run();
  const narrowed = new Narrowing(() => [2, 'nemesis']).of(context);
  context.renumber(2);
  expect(narrowed.process(2)).toBe(2 + concurrency);
  expect([2, 2 + concurrency, 3, 'nemesis' as const].map((process) => narrowed.thread(process))).toEqual([
    undefined,
    2,
    undefined,
    'nemesis',
  ]);
});
