import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { runLabel } from './labels.ts';
import { ofRun, removalOrder, remove } from './leftovers.ts';

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

test('what cannot be removed is said when all else has been', async () => {
  const removed: string[] = [];
  const removable = (name: string) => ({
    async remove() {
      if (name.startsWith('stuck')) throw Object.assign(new Error('active endpoints'), { statusCode: 403 });
      removed.push(name);
    },
  });
  const items = (...names: readonly string[]) =>
    names.map((name) => ({ Id: name, Name: name, Labels: { [runLabel]: name === 'other' ? 'b' : 'a' } }));
  const docker = {
    listContainers: async () => items('stuck-1', 'container', 'other'),
    listVolumes: async () => ({ Volumes: items('volume') }),
    listNetworks: async () => items('stuck-2', 'network'),
    getContainer: removable,
    getVolume: removable,
    getNetwork: removable,
  } as unknown as Docker;
  await expect(remove(docker, ofRun('a'))).rejects.toThrow('Docker could not remove a container: active endpoints');
  expect(removed).toEqual(['container', 'volume', 'network']);
});
