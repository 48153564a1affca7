import { describe, expect, test } from 'vitest';
import { type GraphEdge, layOut, type Size } from './graphviz.ts';

/** A cycle, half of it upwards. */
const cycle = (length: number): { nodes: Size[]; edges: GraphEdge[] } => ({
  nodes: Array.from({ length }, (_, i) => ({ width: 100 + i, height: 40 })),
  edges: Array.from({ length }, (_, i) => ({
    from: i,
    to: (i + 1) % length,
    label: { width: 60, height: 20 },
    upwards: i >= Math.ceil(length / 2),
  })),
});

describe.each([2, 3, 4, 7, 60])('a cycle of %i', (length) => {
  const { nodes, edges } = cycle(length);

  test('each arrow begins at its first node and ends at its second', async () => {
    const layout = await layOut(nodes, edges);
    const touches = (place: number, { x, y }: { x: number; y: number }): boolean =>
      Math.abs(x - layout.nodes[place]!.x) <= nodes[place]!.width / 2 + 3 &&
      Math.abs(y - layout.nodes[place]!.y) <= nodes[place]!.height / 2 + 3;
    layout.edges.forEach(({ points }, i) => {
      expect(points.length % 3).toBe(1);
      expect(touches(edges[i]!.from, points[0]!), `the beginning of ${i}`).toBe(true);
      expect(touches(edges[i]!.to, points.at(-1)!), `the end of ${i}`).toBe(true);
    });
  });

  test('boxes and labels do not overlap, and nothing is outside', async () => {
    const layout = await layOut(nodes, edges);
    const boxes = [
      ...layout.nodes.map((middle, i) => ({ ...middle, ...nodes[i]! })),
      ...layout.edges.map(({ label }, i) => ({ ...label, ...edges[i]!.label })),
    ];
    boxes.forEach((a, i) => {
      expect(a.x - a.width / 2).toBeGreaterThanOrEqual(-1);
      expect(a.x + a.width / 2).toBeLessThanOrEqual(layout.width + 1);
      expect(a.y - a.height / 2).toBeGreaterThanOrEqual(-1);
      expect(a.y + a.height / 2).toBeLessThanOrEqual(layout.height + 1);
      for (const b of boxes.slice(i + 1)) {
        const apart =
          Math.abs(a.x - b.x) >= (a.width + b.width) / 2 - 1 || Math.abs(a.y - b.y) >= (a.height + b.height) / 2 - 1;
        expect(apart, JSON.stringify([a, b])).toBe(true);
      }
    });
    for (const { x, y } of layout.edges.flatMap(({ points }) => points)) {
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(-2);
      expect(x).toBeLessThanOrEqual(layout.width + 2);
      expect(y).toBeLessThanOrEqual(layout.height + 2);
    }
  });

  test('begins at the top, and goes down on one side and up on the other', async () => {
    const layout = await layOut(nodes, edges);
    expect(Math.min(...layout.nodes.map(({ y }) => y))).toBe(layout.nodes[0]!.y);
    edges.forEach(({ from, to, upwards }) => {
      expect(layout.nodes[to]!.y < layout.nodes[from]!.y).toBe(upwards);
    });
  });

  test('the same graph is laid out the same', async () => {
    expect(await layOut(nodes, edges)).toEqual(await layOut(nodes, edges));
  });
});
