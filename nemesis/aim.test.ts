import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClusterView } from '../harness/generator.ts';
import { randomStream } from '../harness/random.ts';
import { aim, aimAtRandom, majorityOf, type Selector, selectors } from './aim.ts';

const viewOf = (n: number, primaries: readonly string[] = []): ClusterView => ({
  nodeIds: Array.from({ length: n }, (_, i) => `n${i + 1}`),
  primaries: () => primaries,
});

const seeds = fc.nat({ max: 2 ** 32 - 1 });
const count = (selector: Selector, n: number): number => aim(selector, randomStream(1, 'x'), viewOf(n)).length;
const sizes = (selector: Selector): number[] => [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => count(selector, n));

describe('selectors', () => {
  test('have the sizes of Jepsen for 1 to 9 nodes', () => {
    expect(sizes('one')).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(sizes('minority')).toEqual([0, 1, 1, 2, 2, 3, 3, 4, 4]);
    expect(sizes('minority-third')).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
    expect(sizes('majority')).toEqual([1, 2, 2, 3, 3, 4, 4, 5, 5]);
    expect(sizes('all')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(sizes('primaries')).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('name nodes of the cluster, each once, in its order', () => {
    fc.assert(
      fc.property(fc.constantFrom(...selectors), seeds, fc.integer({ min: 1, max: 9 }), (selector, seed, n) => {
        const view = viewOf(n, ['n1']);
        const nodes = aim(selector, randomStream(seed, 'x'), view);
        expect(nodes).toEqual(view.nodeIds.filter((node) => nodes.includes(node)));
      }),
    );
  });

  test('primaries are some of the real primaries, at least one', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      seen.add(aim('primaries', randomStream(seed, 'x'), viewOf(5, ['n4', 'n2'])).join(' '));
    }
    expect([...seen].sort()).toEqual(['n2', 'n2 n4', 'n4']);
  });

  test('random reaches every non-empty subset', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 300; seed++) seen.add(aim('random', randomStream(seed, 'x'), viewOf(3)).join(' '));
    expect(seen.size).toBe(2 ** 3 - 1);
  });

  test('one reaches every node', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) seen.add(aim('one', randomStream(seed, 'x'), viewOf(5)).join(' '));
    expect(seen.size).toBe(5);
  });

  test('a random aim hits at least one node, whatever the cluster', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 9 }), (seed, n) => {
        expect(aimAtRandom(randomStream(seed, 'x'), viewOf(n)).length).toBeGreaterThan(0);
      }),
    );
  });
});

test('a majority and what it leaves over are never both majorities', () => {
  for (let n = 1; n < 100; n++) expect(n - majorityOf(n)).toBeLessThan(majorityOf(n));
});
