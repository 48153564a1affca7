/** What a node makes of a process that ends just before it is killed. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ClusterNode, type Surroundings } from './node.ts';

/** Answers `init`, and ends at the next line. */
const mortal = `
let lines = 0;
process.stdin.on('data', () => {
  if (++lines > 1) process.exit(7);
  console.log(JSON.stringify({ src: 'n1', dest: 'c0', body: { type: 'init_ok', in_reply_to: 1 } }));
});`;

async function mortalNode() {
  const failures: string[] = [];
  let group = 0;
  const surroundings: Surroundings = {
    said() {},
    log() {},
    changed() {},
    died() {},
    watch(watched) {
      group = watched;
    },
    forget() {},
    isDamaged: () => false,
    fail: (error) => failures.push(error.message),
    failure: new Promise<never>(() => {}),
  };
  const command = [process.execPath, '-e', mortal] as const;
  const node = new ClusterNode({ id: 'n1', nodeIds: ['n1'], folder: '', command }, surroundings);
  expect(await node.start()).toBe(true);
  return { node, failures, group };
}

const isZombie = (pid: number): boolean => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

describe.skipIf(process.platform !== 'linux')('a kill', () => {
  test('ends the life, and is no failure', async () => {
    const { node, failures } = await mortalNode();
    expect(await node.kill()).toBe(true);
    expect([node.role, failures]).toEqual(['down', []]);
  });

  test('of a node that has just ended by itself is none, and its end is a failure', async () => {
    const { node, failures, group } = await mortalNode();
    node.deliver('go');
    // Without giving way: the harness has not heard of the end yet.
    while (!isZombie(group));
    expect(await node.kill()).toBe(false);
    expect([node.role, failures]).toEqual([
      'down',
      ['n1 exited with code 7, and nobody had killed it. Its stderr is empty.'],
    ]);
  });
});
