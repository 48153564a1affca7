import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isOrphan, newRunLabels, runLabel } from './labels.ts';

const labels = newRunLabels();
/** The labels with other words in the owner: boot, namespace, process id, start. */
const ownedBy = (change: (words: string[]) => void) => {
  const words = (labels['ftest.owner'] as string).split(' ');
  change(words);
  return { ...labels, 'ftest.owner': words.join(' ') };
};

test('runs have names of their own', () => {
  expect(newRunLabels()[runLabel]).not.toBe(labels[runLabel]);
});

test('what a living process made is no orphan', () => {
  expect(isOrphan(labels)).toBe(false);
});

test('what a process that has ended made is one', async () => {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  expect(isOrphan(ownedBy((words) => words.splice(2, 1, String(child.pid))))).toBe(true);
});

test('so is what another process of the same id made, and what an earlier boot left', () => {
  expect(isOrphan(ownedBy((words) => words.splice(3, 1, '1')))).toBe(true);
  expect(isOrphan(ownedBy((words) => words.splice(0, 1, 'another-boot')))).toBe(true);
});

test('of processes in another namespace nothing is known, nor of what is not labelled', () => {
  expect(isOrphan(ownedBy((words) => words.splice(1, 2, 'pid:[1]', '1')))).toBe(false);
  expect(isOrphan({})).toBe(false);
});
