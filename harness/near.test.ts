import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, nearMatches, unknownName } from './near.ts';

test('an edit is an insertion, a removal, a replacement, or a swap of neighbours', () => {
  expect(editDistance('partition', 'partition')).toBe(0);
  expect(editDistance('raf', 'raft')).toBe(1);
  expect(editDistance('rraft', 'raft')).toBe(1);
  expect(editDistance('roft', 'raft')).toBe(1);
  expect(editDistance('rfat', 'raft')).toBe(1);
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('', 'abc')).toBe(3);
});

test('the distance is symmetric, and 0 only between equals', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

test('near matches come best first, and far ones not at all', () => {
  const names = ['partition', 'pause', 'kill', 'clock'];
  expect(nearMatches('partiton', names)).toEqual(['partition']);
  expect(nearMatches('puase', names)).toEqual(['pause']);
  expect(nearMatches('PAUSE', names)).toEqual(['pause']);
  expect(nearMatches('part', names)).toEqual(['partition']);
  expect(nearMatches('membership', names)).toEqual([]);
});

test('a message says what came and what to do', () => {
  expect(unknownName('target', 'rfat', ['raft', 'echo'])).toBe('unknown target "rfat": did you mean raft?');
  expect(unknownName('nemesis', 'xyzzy', ['kill', 'pause'])).toBe(
    'unknown nemesis "xyzzy": expected one of kill, pause',
  );
  expect(unknownName('bug', 'xyzzy', [])).toBe('unknown bug "xyzzy": there is none to choose from');
  expect(unknownName('bug', 'stale', ['stale-read', 'stale-lead'])).toBe(
    'unknown bug "stale": did you mean stale-lead or stale-read?',
  );
});
