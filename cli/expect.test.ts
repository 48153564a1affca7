import { expect, test } from 'vitest';
import { expectedOfAll } from './expect.ts';

test('several runs met a limit only if each of them did', () => {
  expect(expectedOfAll(['limit', 'limit'])).toBe('limit');
  expect(expectedOfAll(['limit', null, 'limit'])).toBe(null);
  expect(expectedOfAll(['limit', 'bug'])).toBe('bug');
});
