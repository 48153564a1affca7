/** Components of thousands of transactions: a shortest cycle of each class, or else it is said what is not known. */
import { describe, expect, test } from 'vitest';
import { findCycles } from './cycles.ts';
import { type Graph, GraphBuilder, REALTIME, RW, WR, WW } from './graph.ts';
import { checkListAppend } from './list-append.ts';
import { chance, knottedHistory } from './testing/knotted-history.ts';

const size = 5000;

/** Everyone precedes the next three, round in a circle. */
function circle(kindOf: (from: number, by: number) => number): Graph {
  const builder = new GraphBuilder(size);
  for (let from = 0; from < size; from++) {
    for (let by = 1; by <= 3; by++) builder.add(from, (from + by) % size, kindOf(from, by));
  }
  return builder.build();
}

/** By anomaly, the length of the first cycle, negative where there may be a shorter one. */
function lengthsIn(graph: Graph, budget?: number, leastShare?: number): Record<string, number> {
  const { cycles } = findCycles(graph, budget, leastShare);
  return Object.fromEntries(
    [...cycles].map(([name, [first]]) => [name, first!.shortest ? first!.steps.length : -first!.steps.length]),
  );
}

describe('a knot of thousands', () => {
  test('whose cycles all go once round it', () => {
    const round = Math.ceil(size / 3);
    expect(lengthsIn(circle(() => WW))).toEqual({ G0: round });
    expect(lengthsIn(circle(() => RW))).toEqual({ 'G2-item': round });
    expect(lengthsIn(circle((from) => (from === 0 || from > size - 3 ? RW : WR)))).toMatchObject({
      'G-single-item': round,
    });
  });

  test('in which nearly everyone depends on many others', () => {
    const below = chance(7);
    const builder = new GraphBuilder(size);
    for (let from = 0; from < size; from++) {
      for (let i = 0; i < 20; i++) builder.add(from, below(size), RW);
      if (from % 2 === 0) builder.add(from, from + 1, WR);
    }
    expect(lengthsIn(builder.build())).toEqual({ 'G-single-item': 2, 'G-nonadjacent-item': 4, 'G2-item': 2 });
  });

  test('that real time ties', () => {
    const builder = new GraphBuilder(size);
    for (let from = 20; from < size; from++) builder.add(from, from - 15, RW);
    const sequence = Int32Array.from({ length: size }, (_, t) => t);
    const order = {
      kind: REALTIME,
      sequence,
      place: sequence,
      after: sequence.map((t) => Math.min(size, t + 20)),
      end: new Int32Array(size).fill(size),
    };
    expect(lengthsIn(builder.build(order))).toEqual({ 'G2-item-realtime': 3 });
  });

  test('is one of which without budget some cycle of each class is shown, or it is said that nobody knows', () => {
    const alternating = circle((from) => (from % 2 === 0 ? WR : RW));
    for (const length of Object.values(lengthsIn(alternating, 1, 1))) expect(length).toBeLessThan(0);
    const builder = new GraphBuilder(size);
    // Back by two rw only, far apart: no cycle has just one.
    for (let t = 0; t + 1 < size; t++) builder.add(t, t + 1, t % 100 === 50 ? RW : WR);
    builder.add(size - 1, 0, RW);
    expect(findCycles(builder.build()).undecided).toEqual([]);
    expect(findCycles(builder.build(), 1, 1).undecided).toEqual(['G-single-item']);
  });
});

test('a history in which updates are lost and reads are stale everywhere', () => {
  const verdict = checkListAppend(knottedHistory(size, 5));
  expect(verdict).toMatchObject({ valid: false, undecided: [] });
  const cycles = Object.entries(verdict.evidence).flatMap(([name, cases]) =>
    cases[0]!.steps === undefined ? [] : [[name, cases[0]!.shortest, cases[0]!.length]],
  );
  expect(Object.fromEntries(cycles.map(([name, , length]) => [name, length]))).toMatchObject({
    'G-single-item': 2,
    'G2-item': 2,
    'G-single-item-realtime': 2,
    'G0-realtime': 2,
  });
  for (const [name, isShortest, length] of cycles) {
    expect(isShortest, String(name)).toBe(true);
    expect(length, String(name)).toBeLessThanOrEqual(5);
  }
});
