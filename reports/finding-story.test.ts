import { expect, test } from 'vitest';
import { History } from '../history/history.ts';
import type { Op, Process } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { tellStory } from './finding-story.ts';

const ms = 1_000_000;

/** Every line 100 ms after the last. */
const historyOf = (...lines: readonly (readonly [Process, Op['type'], string, Value])[]): History =>
  History.from(
    lines.map(([process, type, f, value], index) => {
      const node = process === 'nemesis' ? {} : { node: `n${process}` };
      return { index, time: index * 100 * ms, process, type, f, value, ...node };
    }),
  );

const link = (from: string, to: string): Value => ({ from, to });
const partition = {
  f: 'partition',
  shape: 'halves',
  direction: 'both',
  cut: [link('n1', 'n2'), link('n2', 'n1')],
} as unknown as Value;
const kill = { f: 'kill', nodes: ['n2'] } as unknown as Value;

const history = historyOf(
  [1, 'invoke', 'transact', null],
  ['nemesis', 'info', 'partition', partition],
  ['nemesis', 'info', 'partition', partition],
  [1, 'ok', 'transact', null],
  ['nemesis', 'info', 'heal', { f: 'heal' } as unknown as Value],
  ['nemesis', 'info', 'heal', { f: 'heal' } as unknown as Value],
  [2, 'invoke', 'inspect', null],
  [2, 'ok', 'inspect', null],
  ['nemesis', 'info', 'kill', kill],
  ['nemesis', 'info', 'kill', kill],
);

test('faults that begin and end in between stand among what was seen; later ones do not', () => {
  const story = [
    { line: 0, sentence: 'a client asks' },
    { line: 7, sentence: 'n2 has aborted it' },
  ];
  expect(tellStory({ story }, history)).toEqual([
    '0.000 s: a client asks',
    '0.100 s: partition halves: n1 | n2',
    '0.500 s: the end of partition halves',
    '0.700 s: n2 has aborted it',
  ]);
});

test('a fault that goes on when the story begins is told first, one that has ended is not', () => {
  const story = (line: number) => [
    { line, sentence: 'a client asks' },
    { line: 7, sentence: 'n2 has aborted it' },
  ];
  expect(tellStory({ story: story(3) }, history)[0]).toBe('0.100 s: partition halves: n1 | n2');
  expect(tellStory({ story: story(6) }, history)).toEqual(['0.600 s: a client asks', '0.700 s: n2 has aborted it']);
});

test('a long story is told by its beginning and its end', () => {
  const story = Array.from({ length: 100 }, (_, i) => ({ line: 7, sentence: `scene ${i}` }));
  const told = tellStory({ story }, history);
  expect(told).toHaveLength(25);
  expect(told.slice(11, 14)).toEqual(['0.700 s: scene 11', '… 76 more', '0.700 s: scene 88']);
});
