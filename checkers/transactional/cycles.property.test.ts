/** The search for cycles against all simple cycles of small graphs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CycleFindings, findCycles } from './cycles.ts';
import {
  BY_COMMITTED_READS,
  BY_PROCESS,
  BY_REALTIME,
  type Graph,
  GraphBuilder,
  ONWARD,
  type Order,
  PROCESS,
  precedes,
  REALTIME,
  RW,
  WR,
  WW,
} from './graph.ts';
import { processOrder, realTimeOrder } from './order.ts';
import { historyOfTransactions, smallTransactions } from './testing/arbitrary-transactions.ts';
import { transactionsOf } from './transactions.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const kinds = [
  WW,
  WW,
  WR,
  WR,
  RW,
  RW,
  RW,
  WW | BY_REALTIME,
  RW | BY_PROCESS,
  WW | BY_COMMITTED_READS,
  WR | BY_REALTIME,
];

interface Small {
  readonly graph: Graph;
  /** By from and to, the kinds of the steps there are. */
  readonly steps: ReadonlyMap<string, ReadonlySet<number>>;
}

const small: fc.Arbitrary<Small> = fc
  .record({
    transactions: smallTransactions(5),
    orderKind: fc.constantFrom('none', 'none', 'process', 'realtime'),
    edges: fc.array(fc.tuple(fc.nat(4), fc.nat(4), fc.constantFrom(...kinds)), { maxLength: 14 }),
    joined: fc.array(
      fc.tuple(fc.array(fc.nat(4), { maxLength: 3 }), fc.array(fc.nat(4), { maxLength: 3 }), fc.constantFrom(WW, RW)),
      {
        maxLength: 2,
      },
    ),
  })
  .map(({ transactions: given, orderKind, edges, joined }) => {
    const transactions = transactionsOf(historyOfTransactions(given), 'lists');
    const { length } = transactions;
    const builder = new GraphBuilder(length);
    const steps = new Map<string, Set<number>>();
    const addStep = (from: number, to: number, kind: number): void => {
      if (from === to) return;
      const there = steps.get(`${from} ${to}`) ?? new Set();
      steps.set(`${from} ${to}`, there.add(kind));
    };
    for (const [from, to, kind] of edges) {
      if (from >= length || to >= length) continue;
      builder.add(from, to, kind);
      addStep(from, to, kind);
    }
    for (const [sources, targets, kind] of joined) {
      const junction = builder.junction();
      for (const from of sources) if (from < length) builder.add(from, junction, kind);
      for (const to of targets) if (to < length) builder.add(junction, to, ONWARD);
      for (const from of sources) {
        for (const to of targets) if (from < length && to < length) addStep(from, to, kind);
      }
    }
    let order: Order | undefined;
    if (orderKind === 'process') order = processOrder(transactions);
    if (orderKind === 'realtime') order = realTimeOrder(transactions);
    for (let a = 0; a < length; a++) {
      for (let b = 0; b < length; b++) if (order !== undefined && precedes(order, a, b)) addStep(a, b, order.kind);
    }
    return { graph: builder.build(order), steps };
  });

/** By name, how many steps the shortest cycle has; if so wished, only of the worst kinds of step from each to each. */
function allCycles({ graph, steps }: Small, onlyWorst = false): Map<string, number> {
  const shortest = new Map<string, number>();
  const extend = (path: readonly number[], chosen: readonly number[]): void => {
    const last = path.at(-1)!;
    for (let to = path[0]!; to < graph.transactions; to++) {
      if (to !== path[0] && path.includes(to)) continue;
      const there = steps.get(`${last} ${to}`) ?? new Set();
      for (const kind of there) {
        if (onlyWorst && [WW, WR, RW].some((worst) => worst <= kind % 8 && worst !== kind && there.has(worst)))
          continue;
        if (to !== path[0]) extend([...path, to], [...chosen, kind]);
        else {
          const name = nameOf([...chosen, kind]);
          if (name !== undefined) shortest.set(name, Math.min(shortest.get(name) ?? 99, path.length));
        }
      }
    }
  };
  for (let first = 0; first < graph.transactions; first++) extend([first], []);
  return shortest;
}

const has = (chosen: readonly number[], bits: number): boolean => chosen.some((kind) => (kind & bits) !== 0);

function nameOf(chosen: readonly number[]): string | undefined {
  if (!has(chosen, WW | WR | RW)) return undefined;
  const anti = chosen.map((kind) => (kind & RW) !== 0);
  const count = anti.filter(Boolean).length;
  const isAdjacent = anti.some((is, i) => is && anti[(i + 1) % anti.length]);
  const several = isAdjacent ? 'G2-item' : 'G-nonadjacent-item';
  const none = has(chosen, WR | BY_COMMITTED_READS) ? 'G1c' : 'G0';
  const name = count > 1 ? several : count === 1 ? 'G-single-item' : none;
  const orders = has(chosen, REALTIME | BY_REALTIME)
    ? '-realtime'
    : has(chosen, PROCESS | BY_PROCESS)
      ? '-process'
      : '';
  return name + orders;
}

const classes = ['G0', 'G1c', 'G-single-item', 'G-nonadjacent-item', 'G2-item'];
const orders = ['', '-process', '-realtime'];

/** Those that rule out all that this one does. */
function asBad(name: string): string[] {
  const at = classes.findIndex((one) => name.startsWith(one));
  const suffix = orders.indexOf(name.slice(classes[at]!.length));
  return classes.slice(0, at + 1).flatMap((one) => orders.slice(0, suffix + 1).map((order) => one + order));
}

function isGenuine({ steps }: Small, { cycles }: CycleFindings): void {
  for (const [name, found] of cycles) {
    for (const { anomaly, steps: taken } of found) {
      expect(anomaly).toBe(name);
      expect(nameOf(taken.map(({ kind }) => kind))).toBe(name);
      expect(new Set(taken.map(({ from }) => from)).size).toBe(taken.length);
      taken.forEach(({ from, to, kind }, i) => {
        expect(steps.get(`${from} ${to}`)?.has(kind)).toBe(true);
        expect(taken[(i + 1) % taken.length]!.from).toBe(to);
      });
    }
  }
}

describe('of small graphs', () => {
  test('a way round that visits a transaction twice hides none that does not', () => {
    const builder = new GraphBuilder(4);
    const [first, second] = [builder.junction(), builder.junction()];
    for (const [from, to, kind] of [
      [0, first, RW],
      [1, first, RW],
      [2, second, RW],
      [0, 1, WW],
      [3, 1, WW],
      [first, 0, ONWARD],
      [first, 2, ONWARD],
      [second, 3, ONWARD],
    ] as const)
      builder.add(from, to, kind);
    const [cycle] = findCycles(builder.build()).cycles.get('G2-item')!;
    expect(cycle!.steps.map(({ from }) => from)).toEqual([1, 2, 3]);
  });

  test('every class there is is found, or a worse one, and its shortest cycle', () => {
    fc.assert(
      fc.property(small, (one) => {
        const there = allCycles(one);
        const worst = allCycles(one, true);
        const found = findCycles(one.graph);
        isGenuine(one, found);
        expect(found.undecided).toEqual([]);
        for (const name of there.keys())
          expect(
            asBad(name).some((bad) => found.cycles.has(bad)),
            name,
          ).toBe(true);
        for (const [name, cycles] of found.cycles) {
          const { shortest, steps } = cycles[0]!;
          expect(steps.length, name).toBeGreaterThanOrEqual(there.get(name)!);
          if (shortest) expect(steps.length, name).toBeLessThanOrEqual(worst.get(name) ?? steps.length);
        }
      }),
      { numRuns },
    );
  });

  test('with a small budget every class is found or a worse one, or said to be undecided', () => {
    fc.assert(
      fc.property(small, (one) => {
        const found = findCycles(one.graph, 1, 3);
        isGenuine(one, found);
        for (const name of allCycles(one).keys()) {
          const isAnswered = asBad(name).some((bad) => found.cycles.has(bad) || found.undecided.includes(bad));
          expect(isAnswered, name).toBe(true);
        }
      }),
      { numRuns },
    );
  });
});
