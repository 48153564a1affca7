/** A start that fails or is not wanted any more, by nodes that are made as they are told, without a Docker. */
import { describe, expect, test } from 'vitest';
import { Observer } from '../observer.ts';
import { Cluster, type Hosting } from './cluster.ts';
import type { ContainerNode } from './container-node.ts';
import type { Engine } from './engine.ts';
import { newRunLabels } from './labels.ts';

const engine = { docker: { createNetwork: async () => {} }, version: '' } as unknown as Engine;

/** What is done for a node, in steps that a test ends. */
class Steps {
  readonly begun: string[] = [];
  #end: (() => void)[] = [];

  begin(step: string): Promise<void> {
    this.begun.push(step);
    return new Promise((resolve) => this.#end.push(resolve));
  }

  endAll(): void {
    for (const end of this.#end.splice(0)) end();
  }
}

function clusterOf(nodes: readonly Partial<ContainerNode>[]): Cluster {
  const hosting: Hosting = {
    network: { ports: [] },
    hostNames: () => [],
    create: async () => nodes as readonly ContainerNode[],
    setUp: async () => {},
    ask: () => new Promise(() => {}),
    delay: async () => {},
    undelay: async () => {},
    endedByItself() {},
    close() {},
  };
  return new Cluster([], engine, 'pod', newRunLabels(), hosting, new Observer({ record() {}, log() {}, flush() {} }));
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What has become of a promise after what can happen at once has happened. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  let state = 'pending';
  promise.then(
    () => {
      state = 'resolved';
    },
    (error: Error) => {
      state = error.message;
    },
  );
  await turn();
  return state;
}

describe('a start', () => {
  test('that fails rejects with the first error when nothing is being made any more', async () => {
    const steps = new Steps();
    const cluster = clusterOf([
      { id: 'n1', create: () => steps.begin('make n1'), start: async () => true },
      { id: 'n2', create: () => Promise.reject(new Error('no such folder')) },
    ]);
    const start = cluster.start();
    expect(await stateOf(start)).toBe('pending');
    steps.endAll();
    expect(await stateOf(start)).toBe('no such folder');
    expect(await stateOf(cluster.startEnded)).toBe('resolved');
    expect(cluster.begun).toBe(false);
  });

  test('of a node that fails is heard of at once, though others are not ready', async () => {
    const steps = new Steps();
    const cluster = clusterOf([
      { id: 'n1', create: async () => {}, start: () => steps.begin('start n1').then(() => true) },
      { id: 'n2', create: async () => {}, start: () => Promise.reject(new Error('no such program')) },
    ]);
    expect(await stateOf(cluster.start())).toBe('no such program');
    expect(await stateOf(cluster.startEnded)).toBe('pending');
    steps.endAll();
    expect(await stateOf(cluster.startEnded)).toBe('resolved');
  });

  test('that is stopped goes no further than the step that it is at', async () => {
    const steps = new Steps();
    const cluster = clusterOf([
      { id: 'n1', create: () => steps.begin('make n1'), start: () => steps.begin('start n1').then(() => true) },
    ]);
    const start = cluster.start();
    expect(await stateOf(start)).toBe('pending');
    cluster.stop();
    expect(await stateOf(cluster.startEnded)).toBe('pending');
    steps.endAll();
    expect(await stateOf(cluster.startEnded)).toBe('resolved');
    expect(await stateOf(start)).toMatch(/^the cluster was stopped/);
    expect([steps.begun, cluster.begun]).toEqual([['make n1'], false]);
  });
});
