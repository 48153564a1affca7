import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { selectCalls } from '../calls.ts';
import { decideQueue } from './queue.ts';
import { decideUnorderedQueue } from './unordered-queue.ts';
import { hasOrder } from './testing/all-orders.ts';
import { type Kind, playedContainer, sequentialContainer } from './testing/containers-played.ts';
import { recordedHistories } from './testing/recorded.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 10_000);

const deciders = { queue: decideQueue, bag: decideUnorderedQueue } as const;

describe.each(['queue', 'bag'] as const)('decide, of a %s,', (kind) => {
  test('agrees with all orders', () => {
    const object = sequentialContainer(kind);
    const tally = { true: 0, false: 0, undefined: 0 };
    const cores: number[] = [];
    fc.assert(
      fc.property(recordedHistories((draw) => playedContainer(kind, draw), 10), (calls) => {
        const decision = deciders[kind](calls);
        tally[`${decision?.linearizable}`]++;
        if (decision === undefined) return;
        expect(decision.linearizable).toBe(hasOrder(calls, object));
        if (decision.linearizable) return;
        cores[decision.core.length] = (cores[decision.core.length] ?? 0) + 1;
        expect(hasOrder(selectCalls(calls, decision.core), object)).toBe(false);
      }),
      { numRuns },
    );
    console.log(kind, tally, cores);
  }, 3_600_000);
});
