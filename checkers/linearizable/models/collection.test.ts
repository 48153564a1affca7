import { describe, expect, test } from 'vitest';
import { objectsOf } from '../objects.ts';
import { historyOf } from '../testing/history-of.ts';
import { refusalOf, sequential, statesOf, verdictOf, wordsOf } from '../testing/verdict-of.ts';
import { fifoQueue } from './fifo-queue.ts';
import { stack } from './stack.ts';
import { unorderedQueue } from './unordered-queue.ts';

const enqueuedTwo = [
  ['enqueue', 1, 1],
  ['enqueue', 2, 2],
] as const;
const pushedTwo = [
  ['push', 1, 1],
  ['push', 2, 2],
] as const;

describe('what is taken first', () => {
  test.each([
    ['fifo-queue', 1, true],
    ['fifo-queue', 2, false],
    ['unordered-queue', 1, true],
    ['unordered-queue', 2, true],
    ['unordered-queue', 3, false],
    ['fifo-queue', null, false],
    ['unordered-queue', null, false],
  ])('of a %s after 1 and 2: %s is %s', (name, taken, valid) => {
    const model = name === 'fifo-queue' ? fifoQueue() : unorderedQueue();
    expect(verdictOf(model, sequential(...enqueuedTwo, ['dequeue', null, taken]))).toBe(valid);
  });

  test.each([
    [2, true],
    [1, false],
    [null, false],
  ])('of a stack after 1 and 2: %s is %s', (taken, valid) => {
    expect(verdictOf(stack(), sequential(...pushedTwo, ['pop', null, taken]))).toBe(valid);
  });

  test.each([null, 'empty'])('is nothing where there is nothing: %s', (nothing) => {
    for (const model of [fifoQueue(), unorderedQueue()]) {
      expect(verdictOf(model, sequential(['dequeue', null, nothing]))).toBe(true);
      expect(verdictOf(model, sequential(['enqueue', 1, 1], ['dequeue', null, nothing]))).toBe(false);
      const drained = sequential(['enqueue', 1, 1], ['dequeue', null, 1], ['dequeue', null, nothing]);
      expect(verdictOf(model, drained)).toBe(true);
    }
    expect(verdictOf(stack(), sequential(['pop', null, nothing]))).toBe(true);
    expect(verdictOf(stack(), sequential(['push', 1, 1], ['pop', null, nothing]))).toBe(false);
  });

  test('is never the same element twice, unless it was put twice', () => {
    const again = [
      ['dequeue', null, 1],
      ['dequeue', null, 1],
    ] as const;
    for (const model of [fifoQueue(), unorderedQueue()]) {
      expect(verdictOf(model, sequential(['enqueue', 1, 1], ...again))).toBe(false);
      expect(verdictOf(model, sequential(['enqueue', 1, 1], ['enqueue', 1, 1], ...again))).toBe(true);
    }
  });

  test('may be any of those that were put at the same time', () => {
    const concurrently = (first: number, second: number): string => `
      0 invoke enqueue 1
      1 invoke enqueue 2
      0 ok enqueue 1
      1 ok enqueue 2
      0 invoke dequeue
      0 ok dequeue ${first}
      0 invoke dequeue
      0 ok dequeue ${second}`;
    expect(verdictOf(fifoQueue(), concurrently(1, 2))).toBe(true);
    expect(verdictOf(fifoQueue(), concurrently(2, 1))).toBe(true);
    expect(verdictOf(fifoQueue(), concurrently(2, 2))).toBe(false);
  });
});

describe('a crashed take', () => {
  const crashedTake = (take: string, later: string): string => `
    1 invoke ${take}
    1 info ${take}
    ${later}`;

  test('takes the first of a FIFO queue, and only one', () => {
    const [one, two, three] = [1, 2, 3].map((v) => sequential(['enqueue', v, v]));
    const taken = (v: number): string => sequential(['dequeue', null, v]);
    expect(verdictOf(fifoQueue(), crashedTake('dequeue', `${one}\n${two}\n${three}\n${taken(2)}`))).toBe(true);
    expect(verdictOf(fifoQueue(), crashedTake('dequeue', `${one}\n${two}\n${three}\n${taken(3)}`))).toBe(false);
  });

  test('takes the last of a stack', () => {
    const pushed = sequential(...pushedTwo, ['push', 3, 3]);
    expect(verdictOf(stack(), crashedTake('pop', `${pushed}\n${sequential(['pop', null, 2])}`))).toBe(true);
    expect(verdictOf(stack(), crashedTake('pop', `${pushed}\n${sequential(['pop', null, 1])}`))).toBe(false);
  });

  test('takes any of a bag, also after others were taken', () => {
    const emptied = sequential(...enqueuedTwo, ['dequeue', null, 1], ['dequeue', null, null]);
    expect(verdictOf(unorderedQueue(), crashedTake('dequeue', emptied))).toBe(true);
    const emptiedByTwo = sequential(...enqueuedTwo, ['dequeue', null, null]);
    expect(verdictOf(unorderedQueue(), crashedTake('dequeue', emptiedByTwo))).toBe(false);
  });
});

describe('what nobody takes', () => {
  test('stands in the way of what comes after it, if it was put for certain', () => {
    const put = (fate: string): string => `
      1 invoke enqueue 7
      1 ${fate} enqueue 7
      ${sequential(['enqueue', 1, 1], ['dequeue', null, 1])}`;
    expect(verdictOf(fifoQueue(), put('ok'))).toBe(false);
    expect(verdictOf(fifoQueue(), put('info'))).toBe(true);
    expect(verdictOf(unorderedQueue(), put('ok'))).toBe(true);
  });
});

describe('the states of a queue', () => {
  const { automaton } = fifoQueue().compile(
    objectsOf(historyOf(sequential(['enqueue', 0, 0], ['enqueue', 1, 1], ['dequeue', null, 0], ['dequeue', null, 1])))
      .calls[0]!,
  );
  const after = (ops: readonly number[], state = automaton.initial): number =>
    ops.reduce((at, op) => automaton.step(at, op), state);

  test('are one where the elements are the same in the same order, whatever was there before', () => {
    const direct = after([0, 1, 1, 0]);
    expect(after([2, 3], after([0, 1, 0, 1, 1, 0]))).toBe(direct);
    expect(after([3, 3], after([1, 1, 0, 1, 1, 0]))).toBe(direct);
    expect(after([0, 0, 0, 0, 2, 2, 2, 2])).toBe(automaton.initial);
    expect(after([1, 0, 1, 0])).not.toBe(direct);
  });

  test('are told apart also where they have the same hash', () => {
    const digits = (text: string): number[] => [...text].map(Number);
    const one = after(digits('1001000010000010010100'));
    const other = after(digits('0100110000100000000011'));
    expect(one).not.toBe(other);
    expect(automaton.describe(one)).toMatch(/^\[1 0 0 1 0 /);
    expect(automaton.describe(other)).toMatch(/^\[0 1 0 0 1 /);
  });
});

describe('what a model of a collection says', () => {
  test('of its states', () => {
    const puts = sequential(
      ['enqueue', 2, 2],
      ['enqueue', 1, 1],
      ['enqueue', 2, 2],
      ['dequeue', null, 2],
      ['dequeue', null, 1],
      ['dequeue', null, 2],
    );
    expect(statesOf(fifoQueue(), puts)).toEqual(['[2]', '[2 1]', '[2 1 2]', '[1 2]', '[2]', 'nothing']);
    expect(statesOf(unorderedQueue(), puts)).toEqual(['{2}', '{2 1}', '{2 2 1}', '{2 1}', '{2}', 'nothing']);
    const pushes = sequential(['push', 1, 1], ['push', 2, 2], ['pop', null, 2], ['pop', null, 1]);
    expect(statesOf(stack(), pushes)).toEqual(['[1]', '[2 1]', '[1]', 'nothing']);
  });

  test('of a long one, the first elements', () => {
    const many = Array.from({ length: 25 }, (_, i) => ['enqueue', i, i] as const);
    const taken = Array.from({ length: 25 }, (_, i) => ['dequeue', null, i] as const);
    const shown = Array.from({ length: 20 }, (_, i) => i).join(' ');
    for (const model of [fifoQueue(), unorderedQueue()]) {
      expect(statesOf(model, sequential(...many, ...taken))[24]).toContain(`${shown} … 5 more`);
    }
  });

  test('of calls', () => {
    const text = `
      0 invoke enqueue 4
      0 ok enqueue 4
      0 invoke dequeue
      0 ok dequeue 4
      0 invoke dequeue
      0 ok dequeue "empty"
      1 invoke dequeue
      1 info dequeue`;
    expect(wordsOf(fifoQueue(), text)).toEqual({
      nouns: ['enqueue of 4', 'dequeue of 4', 'dequeue that found nothing', 'dequeue'],
      pasts: ['enqueued 4', 'dequeued 4', 'found the queue empty'],
    });
    expect(wordsOf(stack(), sequential(['push', 4, 4], ['pop', null, 4], ['pop', null, null])).pasts).toEqual([
      'pushed 4',
      'popped 4',
      'found the stack empty',
    ]);
  });

  test('of ops that it does not know', () => {
    expect(refusalOf(fifoQueue(), sequential(['push', 1, 1]))).toBe(
      'op 0 is a push; the fifo-queue model knows enqueue, dequeue: choose another model',
    );
    expect(refusalOf(unorderedQueue(), sequential(['enqueue', null, null]))).toBe(
      'op 0 is an enqueue of nil, which as the result of a dequeue means that there was nothing to take',
    );
    expect(refusalOf(stack(), sequential(['push', 1, 1], ['push', 'empty', null]))).toContain(
      'op 2 is a push of "empty"',
    );
  });
});
