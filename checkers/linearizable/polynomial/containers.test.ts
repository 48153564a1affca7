import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Keyword } from '../../../history/value.ts';
import { type Calls, CRASHED } from '../calls.ts';
import { objectsOf } from '../objects.ts';
import { historyOf } from '../testing/history-of.ts';
import { decideQueue } from './queue.ts';
import { decideStack } from './stack.ts';
import { Tally } from './testing/agreement.ts';
import { hasOrder } from './testing/all-orders.ts';
import { type Kind, playedContainer, sequentialContainer, wordsOf } from './testing/containers-played.ts';
import { recordedHistories } from './testing/recorded.ts';
import { decideUnorderedQueue } from './unordered-queue.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 10_000);

const decide = { queue: decideQueue, bag: decideUnorderedQueue, stack: decideStack } as const;
const kinds: readonly Kind[] = ['queue', 'bag', 'stack'];

const callsOf = (text: string): Calls => objectsOf(historyOf(text)).calls[0]!;

/** Whether some value was put in twice. */
function hasRepeats({ f, input }: Calls, kind: Kind): boolean {
  const values = input.filter((_, call) => f[call] === wordsOf(kind).put);
  return new Set(values).size < values.length;
}

describe.each(kinds)('a %s', (kind) => {
  test('is decided as by all orders', () => {
    const tally = new Tally();
    fc.assert(
      fc.property(
        recordedHistories((draw) => playedContainer(kind, draw), 10),
        (calls) => {
          const decision = decide[kind](calls);
          tally.expectRight(calls, decision, sequentialContainer(kind));
          if (decision !== undefined || hasRepeats(calls, kind)) return;
          expect(kind).toBe('stack');
          expect(calls.fate).toContain(CRASHED);
        },
      ),
      { numRuns },
    );
    tally.expectTelling(0.05);
  }, 3_600_000);

  test('is decided as by all orders where more calls follow each other', () => {
    const outcomes = { true: 0, false: 0 };
    fc.assert(
      fc.property(
        recordedHistories((draw) => playedContainer(kind, draw), 50, { processesMax: 3, crashes: [0, 0, 1] }),
        (calls) => {
          const decision = decide[kind](calls);
          const expected = hasOrder(calls, sequentialContainer(kind), 20_000);
          if (decision === undefined || expected === undefined) return;
          outcomes[`${expected}`]++;
          expect(decision.linearizable).toBe(expected);
        },
      ),
      { numRuns: numRuns / 50 },
    );
    expect(outcomes.true).toBeGreaterThan(numRuns / 1_000);
    expect(outcomes.false).toBeGreaterThan(numRuns / 1_000);
  }, 3_600_000);

  test('is not decided where it cannot be told what was taken, nor with other ops', () => {
    const { put, take } = wordsOf(kind);
    const once = `0 invoke ${put} 1\n0 ok ${put} 1\n`;
    const taken = `0 invoke ${take}\n0 ok ${take} 1\n`;
    expect(decide[kind](callsOf(once + taken))).toEqual({ linearizable: true });
    expect(decide[kind](callsOf(once + once))).toEqual({ linearizable: true });
    expect(decide[kind](callsOf(once + once + taken))).toBeUndefined();
    expect(decide[kind](callsOf(`${once}0 invoke peek\n0 ok peek 1`))).toBeUndefined();
    for (const empty of [null, 'empty', Keyword.of('empty')]) {
      const calls = callsOf(once + taken);
      expect(decide[kind]({ ...calls, output: [1, empty] })?.linearizable).toBe(false);
      expect(decide[kind]({ ...calls, input: [empty, null] })).toBeUndefined();
    }
  });

  test.each([
    [
      'taken, but never put in',
      (put: string, take: string) => `0 invoke ${take}\n0 ok ${take} 1\n0 invoke ${put} 2\n0 ok ${put} 2`,
      [0],
    ],
    [
      'taken before it was put in',
      (put: string, take: string) => `0 invoke ${take}\n0 ok ${take} 1\n0 invoke ${put} 1\n0 ok ${put} 1`,
      [0, 1],
    ],
    [
      'taken twice',
      (put: string, take: string) =>
        `0 invoke ${put} 1\n0 ok ${put} 1\n0 invoke ${take}\n0 ok ${take} 1\n0 invoke ${take}\n0 ok ${take} 1`,
      [0, 1, 2],
    ],
    [
      'there, though nothing was found',
      (put: string, take: string) => `0 invoke ${put} 1\n0 ok ${put} 1\n0 invoke ${take}\n0 ok ${take} null`,
      [0, 1],
    ],
    [
      'there, though nothing was found, even if a crashed call took another',
      (put: string, take: string) =>
        `1 invoke ${take}\n0 invoke ${put} 1\n0 ok ${put} 1\n0 invoke ${put} 2\n0 ok ${put} 2\n0 invoke ${take}\n0 ok ${take} null`,
      [0, 1, 2, 3],
    ],
  ])('shows a value that was %s', (_, text, core) => {
    const { put, take } = wordsOf(kind);
    expect(decide[kind](callsOf(text(put, take)))).toEqual({ linearizable: false, core });
  });
});

describe('decideQueue', () => {
  test('shows an element that overtook another', () => {
    const text = `0 invoke enqueue 1
      0 ok enqueue 1
      0 invoke enqueue 2
      0 ok enqueue 2
      0 invoke enqueue 3
      0 ok enqueue 3
      0 invoke dequeue
      0 ok dequeue 3`;
    expect(decideQueue(callsOf(text))).toEqual({ linearizable: false, core: [0, 2, 3] });
  });

  test('allows it where a crashed dequeue may have taken each that was overtaken', () => {
    const before = `1 invoke dequeue
      0 invoke enqueue 1
      0 ok enqueue 1
      0 invoke enqueue 2
      0 ok enqueue 2
      0 invoke enqueue 3
      0 ok enqueue 3
      `;
    const after = `0 invoke dequeue
      0 ok dequeue 3`;
    expect(decideQueue(callsOf(before + after))).toEqual({ linearizable: false, core: [0, 1, 2, 3, 4] });
    expect(decideQueue(callsOf(`${before}2 invoke dequeue\n${after}`))).toEqual({ linearizable: true });
  });
});

describe('decideStack', () => {
  test('shows an element that was taken from below another', () => {
    const text = `0 invoke push 1
      0 ok push 1
      0 invoke push 2
      0 ok push 2
      0 invoke push 3
      0 ok push 3
      0 invoke pop
      0 ok pop 1
      0 invoke pop
      0 ok pop 3`;
    expect(decideStack(callsOf(text))?.linearizable).toBe(false);
  });

  test('lets a crashed pop explain one element that was on top of another', () => {
    const text = `1 invoke pop
      0 invoke push 1
      0 ok push 1
      0 invoke push 2
      0 ok push 2
      0 invoke pop
      0 ok pop 1`;
    expect(decideStack(callsOf(text))).toEqual({ linearizable: true });
  });

  test.each([
    [
      'two that must be out one after the other',
      `9 invoke pop
       0 invoke push 1
       0 ok push 1
       0 invoke push 2
       0 ok push 2
       0 invoke pop
       0 ok pop 1
       0 invoke push 3
       0 ok push 3
       0 invoke push 4
       0 ok push 4
       0 invoke pop
       0 ok pop 3`,
    ],
    [
      'one that must be out when nothing is found, and another later',
      `9 invoke pop
       0 invoke push 1
       0 ok push 1
       0 invoke pop
       0 ok pop null
       0 invoke push 3
       0 ok push 3
       0 invoke push 4
       0 ok push 4
       0 invoke pop
       0 ok pop 3`,
    ],
    [
      'two of which the first must be out before a push',
      `9 invoke pop
       1 invoke push 1
       2 invoke push 2
       1 ok push 1
       1 invoke push 3
       1 ok push 3
       1 invoke pop
       2 ok push 2
       1 ok pop 1
       1 invoke push 4
       1 ok push 4
       1 invoke pop
       2 invoke push 5
       2 ok push 5
       8 invoke pop
       1 ok pop 2
       1 invoke push 6`,
    ],
  ])('does not let one explain %s', (_, text) => {
    const calls = callsOf(text);
    expect(hasOrder(calls, sequentialContainer('stack'))).toBe(false);
    expect(decideStack(calls)).toBeUndefined();
  });

  test('shows the crashed pops that were too few', () => {
    const text = `9 invoke pop
      0 invoke push 1
      0 ok push 1
      0 invoke push 2
      0 ok push 2
      0 invoke push 3
      0 ok push 3
      0 invoke pop
      0 ok pop 1
      9 invoke pop`;
    expect(decideStack(callsOf(text))).toEqual({ linearizable: false, core: [0, 1, 2, 3, 4] });
  });

  test('shows as few as there are among many, whatever came before and after', () => {
    const steps: string[] = [];
    const call = (f: string, value: number): number =>
      steps.push(`0 invoke ${f} ${f === 'push' ? value : ''}`, `0 ok ${f} ${value}`);
    for (let value = 1; value <= 500; value++) call('push', value);
    for (let value = 500; value > 250; value--) call('pop', value);
    call('push', 501);
    call('pop', 250);
    call('pop', 501);
    for (let value = 249; value > 0; value--) call('pop', value);
    expect(decideStack(callsOf(steps.join('\n')))).toEqual({ linearizable: false, core: [249, 750, 751, 752] });
  });
});
