/**
 * Which classes of cycles a dependency graph has, with a shortest cycle of each in each component.
 *
 * A component with cycles is a *knot*. Whether it has a cycle of a class, or of a worse one, is known from components of graphs with
 * fewer edges, in linear time; but for one class, G-single-item, that takes asking of each rw edge whether its end
 * reaches its beginning without another one. Short cycles are looked for first, from every edge, to a depth of one, two, and three; what is
 * longer by a breadth-first search from each edge, none deeper than the shortest cycle so far. A budget of edges looked at bounds
 * both: where it ends, the cycle shown may not be the shortest, and only of G-single-item it may be open whether there is one.
 */
import { allow, knotsOf, type Part, peel, Scissors } from './components.ts';
import { asBad, type CycleClass, cycleClasses, type Orders, rolesOf } from './cycle-classes.ts';
import { BY_PROCESS, BY_REALTIME, type Graph, PROCESS, REALTIME } from './graph.ts';
import { type Cycle, KnotSearch } from './knot-search.ts';

export interface CycleFindings {
  /** By anomaly, the shortest first, at most one for each component and `examplesMax` in all. */
  readonly cycles: ReadonlyMap<string, readonly Cycle[]>;
  /** Anomalies of which the budget left it open whether they are there, where no worse one answers for them. */
  readonly undecided: readonly string[];
}

/** Components are searched for a class until so many have shown a cycle of it. */
const examplesMax = 8;

/** Edges to look at, in all; a million takes about 10 ms. */
export const defaultBudget = 300_000_000;

/** Each class in each component may look at so many at least. */
const defaultLeastShare = 50_000;

/** Linear where there are no cycles; else as above. */
export function findCycles(graph: Graph, budget = defaultBudget, leastShare = defaultLeastShare): CycleFindings {
  const found = new Map<string, Cycle[]>();
  const open = new Set<string>();
  const all = allow(() => true);
  const perhaps = peel(graph);
  if (perhaps.length === 0) return { cycles: found, undecided: [] };
  const rest = new Scissors(graph).cut(perhaps, all);
  const knots = knotsOf(rest.graph, all);
  const scissors = new Scissors(rest.graph);
  const orders = ordersIn(graph);
  const total = knots.reduce((sum, knot) => sum + knot.length, 0);
  const isWanted = (anomaly: string): boolean => (found.get(anomaly)?.length ?? 0) < examplesMax;
  for (const knot of knots) {
    const wanted = orders.flatMap((each) => cycleClasses.map((cycleClass) => cycleClass + each)).filter(isWanted);
    if (wanted.length === 0) break;
    const part = partOf(rest, scissors.cut(knot, all));
    const here = searchKnot(graph, part, orders, new Set(wanted), (budget / total) * knot.length, leastShare);
    for (const cycle of here.cycles.values()) {
      const others = found.get(cycle.anomaly);
      if (others === undefined) found.set(cycle.anomaly, [cycle]);
      else if (others.length < examplesMax) others.push(cycle);
    }
    for (const anomaly of here.open) open.add(anomaly);
  }
  for (const cycles of found.values()) cycles.sort((a, b) => a.steps.length - b.steps.length);
  return { cycles: found, undecided: [...open] };
}

/** The orders that edges of the graph are of or rest on, none first. */
function ordersIn(graph: Graph): readonly Orders[] {
  let present = graph.order?.kind ?? 0;
  for (const kind of graph.kind) present |= kind;
  const orders: Orders[] = [''];
  if ((present & (PROCESS | BY_PROCESS)) !== 0) orders.push('-process');
  if ((present & (REALTIME | BY_REALTIME)) !== 0) orders.push('-realtime');
  return orders;
}

/** A part of a part, as a part of the whole. */
function partOf(part: Part, inner: Part): Part {
  return { graph: inner.graph, whole: inner.whole.map((node) => (node < 0 ? node : part.whole[node]!)) };
}

interface KnotFindings {
  /** The shortest by anomaly. */
  readonly cycles: ReadonlyMap<string, Cycle>;
  readonly open: readonly string[];
}

interface Unproven {
  readonly search: KnotSearch;
  readonly cycleClass: CycleClass;
  readonly each: Orders;
}

/**
 * Searches the knots within a knot that there are when fewer orders count, and itself. The budget is shared out by class and size; what
 * is left of it then goes to those searches that had too little.
 */
function searchKnot(
  graph: Graph,
  part: Part,
  orders: readonly Orders[],
  wanted: ReadonlySet<string>,
  budget: number,
  leastShare: number,
): KnotFindings {
  const cycles = new Map<string, Cycle>();
  let unproven: Unproven[] = [];
  let left = budget;
  const seek = ({ search, cycleClass, each }: Unproven, share: number): void => {
    const { cycle, decided, spent } = search.search(cycleClass, share);
    left -= spent;
    if (!decided || cycle?.shortest === false) unproven.push({ search, cycleClass, each });
    if (cycle === undefined) return;
    const known = cycles.get(cycle.anomaly);
    if (known === undefined || isBetter(cycle, known)) cycles.set(cycle.anomaly, cycle);
  };

  const scissors = new Scissors(part.graph);
  for (const each of orders) {
    const roles = rolesOf('G2-item', each);
    const allowed = allow((kind) => roles[kind] !== 0);
    const knots = knotsOf(part.graph, allowed);
    const total = knots.reduce((sum, knot) => sum + knot.length, 0);
    for (const knot of knots) {
      const share = (budget / orders.length / cycleClasses.length) * (knot.length / total);
      const search = new KnotSearch(partOf(part, scissors.cut(knot, allowed)), graph.order, each);
      for (const cycleClass of cycleClasses) {
        if (wanted.has(cycleClass + each)) seek({ search, cycleClass, each }, Math.max(Math.floor(share), leastShare));
      }
    }
  }
  const again = unproven;
  unproven = [];
  again.forEach((one, i) => {
    const share = Math.floor(left / (again.length - i));
    if (share > leastShare) seek(one, share);
    else unproven.push(one);
  });
  const unanswered = unproven.filter(
    ({ cycleClass, each }) => !asBad(cycleClass, each).some((name) => cycles.has(name)),
  );
  return { cycles, open: [...new Set(unanswered.map(({ cycleClass, each }) => cycleClass + each))] };
}

const isBetter = (cycle: Cycle, known: Cycle): boolean =>
  cycle.steps.length < known.steps.length || (cycle.steps.length === known.steps.length && cycle.shortest);
