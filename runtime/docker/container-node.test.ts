/** What a node makes of a container that ends just before it is killed, by a container that ends as it is told. */
import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import { describe, expect, test } from 'vitest';
import { ContainerNode, type Surroundings } from './container-node.ts';
import type { Pod } from './pod.ts';

class TestNode extends ContainerNode {
  deaths = 0;
  bump(): void {}
  drift(): void {}
  resetClock(): void {}
  protected serves(): Promise<boolean> {
    return Promise.resolve(true);
  }
  protected override died(): void {
    this.deaths++;
  }
}

/** A node that serves; its container has `code` as soon as somebody wants to kill it. */
async function nodeThatEndsWith(code: number, byItself: boolean) {
  const stream = new PassThrough();
  const container = {
    attach: async () => stream,
    start: async () => {},
    async kill() {
      stream.end();
      stream.resume();
      if (byItself) throw Object.assign(new Error('is not running'), { statusCode: 409 });
    },
    wait: async () => ({ StatusCode: code }),
    inspect: async () => ({ State: { Running: false } }),
  };
  const docker = { createContainer: async () => container, modem: { demuxStream() {} } } as unknown as Docker;
  const ends: number[] = [];
  const logs: string[] = [];
  const surroundings: Surroundings = {
    isDamaged: () => false,
    log: (_node, line) => logs.push(line),
    changed() {},
    endedByItself: (_node, endedWith) => ends.push(endedWith),
    fail(error) {
      throw error;
    },
  };
  const options = { id: 'n1', docker, pod: { id: 'pod' } as Pod, name: 'n1', configuration: {}, volumes: [] };
  const node = new TestNode(options, surroundings);
  await node.create();
  expect(await node.start()).toBe(true);
  return { node, ends, logs };
}

describe('a kill', () => {
  test('ends the life, and nobody says that the node did', async () => {
    const { node, ends, logs } = await nodeThatEndsWith(137, false);
    expect(await node.kill()).toBe(true);
    expect([node.role, node.deaths, ends, logs]).toEqual(['down', 1, [], []]);
    expect(await node.kill()).toBe(false);
  });

  test('of a node that has just ended by itself is none, and its end is no secret', async () => {
    const { node, ends, logs } = await nodeThatEndsWith(7, true);
    expect(await node.kill()).toBe(false);
    expect([node.role, node.deaths, ends, logs]).toEqual(['down', 1, [7], ['n1 ended with code 7']]);
  });
});
