import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../dist/bench/hashes.js', import.meta.url));
const seeds = 50;

/** Another Node, by the path of its program; .ci/run names a Node 24. */
const otherNode = process.env.FTEST_OTHER_NODE;

async function hashes(node: string): Promise<string[]> {
  const { stdout } = await execa(node, [program, '1', `${seeds}`]);
  return stdout.split('\n');
}

test('a seed gives the same history in two processes, byte for byte, and each seed another', async () => {
  const [one, other] = await Promise.all([hashes(process.execPath), hashes(process.execPath)]);
  expect(one).toHaveLength(seeds);
  expect(other).toEqual(one);
  expect(new Set(one.map((line) => line.split(' ')[1])).size).toBe(seeds);
});

const named = otherNode === undefined ? ': skipped, FTEST_OTHER_NODE names none' : '';
test.skipIf(otherNode === undefined)(
  `a seed gives the same history under another version of Node${named}`,
  async () => {
    expect((await execa(otherNode as string, ['--version'])).stdout).not.toBe(process.version);
    expect(await hashes(otherNode as string)).toEqual(await hashes(process.execPath));
  },
);
