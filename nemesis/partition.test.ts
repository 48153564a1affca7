import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Direction, type Fault, type PartitionShape, partitionShapes } from '../harness/fault.ts';
import type { ClusterView } from '../harness/generator.ts';
import { randomStream } from '../harness/random.ts';
import { majorityOf } from './aim.ts';
import { partition, shapesFor } from './partition.ts';

const viewOf = (n: number, primaries: readonly string[] = ['n1']): ClusterView => ({
  nodeIds: Array.from({ length: n }, (_, i) => `n${i + 1}`),
  primaries: () => primaries,
});

type Partition = Fault & { readonly f: 'partition' };
const draw = (shape: PartitionShape, direction: Direction, seed: number, view: ClusterView): Partition =>
  partition(shape, direction, randomStream(seed, 'x'), view);

/** Whom each node still hears, itself included. */
function heardBy(view: ClusterView, { cut }: Partition): Map<string, readonly string[]> {
  const links = new Set(cut.map(({ from, to }) => `${from} ${to}`));
  return new Map(view.nodeIds.map((node) => [node, view.nodeIds.filter((other) => !links.has(`${other} ${node}`))]));
}

/** Sets of nodes that hear each other, directly or not; for cuts both ways. */
function components(view: ClusterView, fault: Partition): string[][] {
  const heard = heardBy(view, fault);
  const groups: string[][] = [];
  for (const node of view.nodeIds) {
    if (groups.flat().includes(node)) continue;
    const group = [node];
    for (const member of group) group.push(...(heard.get(member) ?? []).filter((other) => !group.includes(other)));
    groups.push(group);
  }
  return groups;
}

const sizes = (groups: string[][]): number[] => groups.map((group) => group.length).sort((a, b) => a - b);
const seeds = fc.nat({ max: 2 ** 32 - 1 });
const shapes = fc.constantFrom(...partitionShapes);

/** A shape, a cluster that can take it, and a seed. */
function forEach(shape: PartitionShape, claim: (view: ClusterView, fault: Partition) => void, nodesMax = 9): void {
  const property = fc.property(fc.integer({ min: 2, max: nodesMax }), seeds, (n, seed) => {
    if (!shapesFor(n).includes(shape)) return;
    const view = viewOf(n);
    claim(view, draw(shape, 'both', seed, view));
  });
  fc.assert(property, { numRuns: 300 });
}

describe('a partition of any shape', () => {
  test('cuts something, cuts no link twice, and none from a node to itself', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.constantFrom('to', 'from', 'both'),
        seeds,
        fc.integer({ min: 2, max: 9 }),
        (shape, direction, seed, n) => {
          const { cut } = draw(shape, direction, seed, viewOf(n));
          expect(cut.length).toBeGreaterThan(0);
          expect(new Set(cut.map(({ from, to }) => `${from} ${to}`)).size).toBe(cut.length);
          expect(cut.filter(({ from, to }) => from === to)).toEqual([]);
        },
      ),
    );
  });

  test('is symmetric when it cuts both ways, and cuts no pair both ways otherwise', () => {
    fc.assert(
      fc.property(shapes, seeds, fc.integer({ min: 2, max: 9 }), (shape, seed, n) => {
        const reversed = (direction: Direction) => {
          const links = new Set(draw(shape, direction, seed, viewOf(n)).cut.map(({ from, to }) => `${from} ${to}`));
          return [...links].map((link) => links.has(link.split(' ').reverse().join(' ')));
        };
        expect(reversed('both')).not.toContain(false);
        expect(reversed('to')).not.toContain(true);
        expect(reversed('from')).not.toContain(true);
      }),
    );
  });

  test('of both ways is that of to and that of from together', () => {
    fc.assert(
      fc.property(shapes, seeds, fc.integer({ min: 2, max: 9 }), (shape, seed, n) => {
        const links = (direction: Direction) =>
          draw(shape, direction, seed, viewOf(n)).cut.map(({ from, to }) => `${from} ${to}`);
        expect([...links('to'), ...links('from')].sort()).toEqual(links('both').sort());
      }),
    );
  });

  test('says what it is, and is one isolated node where there are too few nodes for the shape', () => {
    for (let n = 2; n <= 9; n++) {
      for (const shape of partitionShapes) {
        expect(draw(shape, 'both', 1, viewOf(n)).shape).toBe(shapesFor(n).includes(shape) ? shape : 'one');
      }
    }
    expect([1, 2, 3, 4].map((n) => shapesFor(n).length)).toEqual([0, 3, 6, 7]);
  });
});

describe('one way', () => {
  test('to: the isolated node does not hear, and is heard', () => {
    const view = viewOf(5);
    const [deaf, ...others] = [...heardBy(view, draw('one', 'to', 3, view))].sort((a, b) => a[1].length - b[1].length);
    expect(deaf?.[1]).toEqual([deaf?.[0]]);
    for (const [, heard] of others) expect(heard).toEqual(view.nodeIds);
  });

  test('from: the isolated node hears, and is not heard', () => {
    const view = viewOf(5);
    const heard = [...heardBy(view, draw('one', 'from', 3, view))];
    const mute = heard.find(([, whom]) => whom.length === 5)?.[0];
    for (const [node, whom] of heard) if (node !== mute) expect(whom).toEqual(view.nodeIds.filter((id) => id !== mute));
  });

  test('a majority does not hear, or is not heard by, the nodes it leaves over', () => {
    const view = viewOf(5);
    const cut = draw('majority', 'from', 3, view).cut;
    expect(new Set(cut.map(({ from }) => from)).size).toBe(2);
    expect(new Set(cut.map(({ to }) => to)).size).toBe(3);
  });
});

describe('shapes', () => {
  test('one isolates exactly one node', () => {
    forEach('one', (view, fault) => expect(sizes(components(view, fault))).toEqual([1, view.nodeIds.length - 1]));
  });

  test('halves are two groups that differ by one node at most', () => {
    forEach('halves', (view, fault) => {
      const n = view.nodeIds.length;
      expect(sizes(components(view, fault))).toEqual([Math.floor(n / 2), Math.ceil(n / 2)]);
    });
  });

  test('majority leaves a majority together, and the rest together', () => {
    forEach('majority', (view, fault) => {
      const n = view.nodeIds.length;
      expect(sizes(components(view, fault))).toEqual([n - majorityOf(n), majorityOf(n)]);
    });
  });

  test('minority-third isolates as many as are less than a third', () => {
    forEach('minority-third', (view, fault) => {
      const n = view.nodeIds.length;
      const [small] = sizes(components(view, fault));
      expect((small as number) * 3).toBeLessThan(n);
      expect(((small as number) + 1) * 3).toBeGreaterThanOrEqual(n);
    });
  });

  test('majorities-ring: every node hears a majority, no two the same one', () => {
    forEach(
      'majorities-ring',
      (view, fault) => {
        const heard = [...heardBy(view, fault).values()];
        for (const nodes of heard) expect(nodes.length).toBeGreaterThanOrEqual(majorityOf(view.nodeIds.length));
        expect(new Set(heard.map((nodes) => nodes.join(' '))).size).toBe(heard.length);
      },
      25,
    );
  });

  test('majorities-ring: no node hears more than it needs, save one where the degrees cannot come out even', () => {
    for (const n of [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 50, 51, 99]) {
      const view = viewOf(n);
      const degrees = [...heardBy(view, draw('majorities-ring', 'both', n, view)).values()].map(({ length }) => length);
      const spare = degrees.filter((degree) => degree !== majorityOf(n));
      expect(spare).toEqual(n % 4 === 3 ? [majorityOf(n) + 1] : []);
    }
  });

  test('majorities-ring of five is a ring', () => {
    const view = viewOf(5);
    const heard = heardBy(view, draw('majorities-ring', 'both', 9, view));
    const around = ['n1'];
    for (let i = 0; i < 4; i++) {
      const next = heard.get(around.at(-1) as string)?.find((node) => !around.includes(node));
      around.push(next as string);
    }
    expect([...around].sort()).toEqual(view.nodeIds);
    expect(heard.get('n1')).toContain(around.at(-1));
  });

  test('bridge: one node hears all, and without it there are two halves', () => {
    forEach('bridge', (view, fault) => {
      const bridges = [...heardBy(view, fault)].filter(([, heard]) => heard.length === view.nodeIds.length);
      expect(bridges).toHaveLength(1);
      const rest = view.nodeIds.filter((node) => node !== bridges[0]?.[0]);
      const groups = sizes(components({ ...view, nodeIds: rest }, fault));
      expect(groups).toEqual([Math.floor(rest.length / 2), Math.ceil(rest.length / 2)]);
    });
  });

  test('primaries: some of the real primaries are each alone, and all others together', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 3, max: 9 }), fc.integer({ min: 1, max: 3 }), (seed, n, many) => {
        const primaries = randomStream(seed, 'primaries').shuffle(viewOf(n).nodeIds).slice(0, many);
        const view = viewOf(n, primaries);
        const fault = draw('primaries', 'both', seed, view);
        const heard = heardBy(view, fault);
        const isolated = [...heard].filter(([, nodes]) => nodes.length === 1).map(([node]) => node);
        const others = view.nodeIds.filter((node) => !isolated.includes(node));
        if (others.length > 0) expect(isolated.length).toBeGreaterThan(0);
        for (const node of isolated) if (others.length > 0) expect(primaries).toContain(node);
        for (const node of others) expect(heard.get(node)).toEqual(others);
      }),
    );
  });

  test('primaries without a primary isolate one node', () => {
    expect(draw('primaries', 'both', 1, viewOf(5, [])).shape).toBe('one');
  });
});
