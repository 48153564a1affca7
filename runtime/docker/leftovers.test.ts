import { expect, test } from 'vitest';
import { removalOrder } from './leftovers.ts';

test('images are removed before those that they were made of', () => {
  const images = [
    { RepoTags: ['ftest/node:a'], Created: 1 },
    { RepoTags: ['ftest/built:b'], Created: 5 },
    { RepoTags: ['ftest/machine:c'], Created: 5 },
    { RepoTags: ['ftest/program:d', 'ftest/program:e'], Created: 5 },
    { RepoTags: ['ftest/built:f'], Created: 9 },
    { Created: 7 },
  ];
  expect(removalOrder(images)).toEqual([
    'ftest/built:f',
    'ftest/program:d',
    'ftest/program:e',
    'ftest/built:b',
    'ftest/machine:c',
    'ftest/node:a',
  ]);
});
