/** The search for cycles in one knot: a graph in which every node reaches every other. */
import { allow, numberComponents, type Part } from './components.ts';
import {
  ANTI,
  type Automaton,
  bridging,
  type CycleClass,
  classOf,
  closing,
  DEAD,
  FORWARD,
  firstRoleOf,
  ORDERED,
  type Orders,
  ordersOf,
  PASSES,
  rolesOf,
} from './cycle-classes.ts';
import {
  BY_PROCESS,
  BY_REALTIME,
  type Graph,
  kindsEnd,
  NO_REASON,
  type Order,
  PROCESS,
  precedes,
  REALTIME,
  RW,
} from './graph.ts';

/** One step of a cycle: transactions by their numbers. */
export interface CycleStep {
  readonly from: number;
  readonly to: number;
  /** As in a Graph. */
  readonly kind: number;
  readonly reason: number;
}

export interface Cycle {
  /** As `G-single-item-realtime`. */
  readonly anomaly: string;
  /** Each transaction once; the last step leads back to where the first begins. */
  readonly steps: readonly CycleStep[];
  /** Whether no shorter cycle of its class goes through its component. */
  readonly shortest: boolean;
}

/** Cycles of up to one more step than this are looked for from all sides before longer ones are. */
const shallowDepth = 3;

/** How much of the budget that may take. */
const shallowShare = 1 / 4;

/** Without budget a cycle is looked for from so many edges. */
const looseTriesMax = 8;

export interface Outcome {
  /** One, of the class or of a worse one; none where none was found. */
  readonly cycle?: Cycle;
  /** Whether it is known that there is a cycle of the class, or that there is none. */
  readonly decided: boolean;
  /** Edges looked at. */
  readonly spent: number;
}

/** The kind of an edge that does not count: one that no edge has. */
const GONE = kindsEnd - 1;

const NOT_FOUND = -1;
const OUT_OF_BUDGET = -2;

interface Found {
  readonly steps: readonly CycleStep[];
  /** Whether it is known to be a shortest one. */
  readonly isShortest: boolean;
}

/** Takes the first of the walks of a search that visits no transaction twice. */
class Around {
  /** Of the one taken. */
  steps: readonly CycleStep[] = [];
  /** The length of the shortest one that was not taken. */
  rejected = Number.POSITIVE_INFINITY;
  private readonly stepsTo: (end: number) => readonly CycleStep[];

  constructor(stepsTo: (end: number) => readonly CycleStep[]) {
    this.stepsTo = stepsTo;
  }

  takes(end: number): boolean {
    this.steps = this.stepsTo(end);
    const isTaken = isSimple(this.steps);
    if (!isTaken) this.rejected = Math.min(this.rejected, this.steps.length);
    return isTaken;
  }
}

/** Nodes are those of the knot, steps are of the whole graph. */
export class KnotSearch {
  private readonly graph: Graph;
  private readonly whole: Int32Array;
  private readonly order: Order | undefined;
  private readonly orders: Orders;
  private left = 0;
  /** By node and state: when it was last visited, from where, and over which edge. */
  private visited = new Int32Array(0);
  private parent = new Int32Array(0);
  private via = new Int32Array(0);
  private visit = 0;
  private queue: number[] = [];
  private nextQueue: number[] = [];
  private unadjacent: Int32Array | undefined;

  constructor({ graph, whole }: Part, order: Order | undefined, orders: Orders) {
    this.graph = graph;
    this.whole = whole;
    const counts = orders === '-realtime' || (orders === '-process' && order?.kind === PROCESS);
    this.order = counts ? order : undefined;
    this.orders = orders;
  }

  /**
   * Looks for a shortest cycle of the class, over at most `budget` edges. Where that ends before, any cycle will do, of a worse class
   * even: there is one if an edge may be on a closed walk of the class; but with exactly one rw there may be none.
   */
  search(cycleClass: CycleClass, budget: number): Outcome {
    const candidates = this.candidates(cycleClass);
    if (candidates.length === 0) return { decided: true, spent: 0 };
    this.left = budget * shallowShare;
    const shallow = this.shallow(cycleClass, candidates);
    this.left = Math.max(this.left, 0) + budget * (1 - shallowShare);
    if (shallow !== undefined) return this.outcome(shallow.steps, shallow.isShortest, budget);
    const reaching = cycleClass === 'G-single-item' ? this.reaching(candidates) : candidates;
    if (reaching?.length === 0) return this.outcome(undefined, true, budget);
    const { steps, isShortest, isComplete } = this.deep(cycleClass, reaching ?? candidates);
    if (steps !== undefined || isComplete) return this.outcome(steps, isShortest, budget);
    const some = this.some(cycleClass, candidates);
    this.left = 0;
    return { ...this.outcome(some, false, budget), decided: cycleClass !== 'G-single-item' };
  }

  private outcome(steps: readonly CycleStep[] | undefined, isShortest: boolean, budget: number): Outcome {
    const spent = budget - Math.max(this.left, 0);
    return { decided: true, spent, ...(steps && { cycle: this.cycleOf(steps, isShortest) }) };
  }

  /**
   * Edges with the first role of the class that a closed walk of it may have. Of those `done` nothing more is to be found: of G2-item no
   * walk on which another rw follows one of them, of the other classes no walk over one.
   */
  private candidates(cycleClass: CycleClass, done?: Uint8Array): number[] {
    const { graph } = this;
    const roles = rolesOf(cycleClass, this.orders);
    const first = firstRoleOf(cycleClass);
    const candidates: number[] = [];
    if (!graph.kind.some((kind) => (roles[kind]! & first) !== 0)) return candidates;
    const unadjacent = cycleClass === 'G-single-item' || cycleClass === 'G-nonadjacent-item';
    const component = this.componentsFor(cycleClass, roles, done);
    for (let node = 0; node < graph.transactions; node++) {
      for (let edge = graph.start[node]!; edge < graph.start[node + 1]!; edge++) {
        const role = roles[graph.kind[edge]!]!;
        if ((role & first) === 0 || (role === (FORWARD | ORDERED) && isOrderStep(graph.kind[edge]!))) continue;
        if (done?.[edge] === 1) continue;
        const to = graph.target[edge]! + (unadjacent ? graph.nodes : 0);
        if (component === undefined || component[node] === component[to]) candidates.push(edge);
      }
    }
    return candidates;
  }

  /** The components that closed walks of the class are within; undefined where it is one. */
  private componentsFor(cycleClass: CycleClass, roles: Uint8Array, done?: Uint8Array): Int32Array | undefined {
    if (cycleClass === 'G0' || cycleClass === 'G1c') {
      const kind =
        done === undefined ? this.graph.kind : this.graph.kind.map((its, edge) => (done[edge] === 1 ? GONE : its));
      return numberComponents(
        { ...this.graph, kind },
        allow((its) => roles[its] !== 0),
      ).of;
    }
    if (done !== undefined) return this.withoutAdjacent(cycleClass === 'G2-item' ? 'allowed' : 'gone', done);
    if (cycleClass === 'G2-item') return undefined;
    this.unadjacent ??= this.withoutAdjacent('gone', new Uint8Array(this.graph.kind.length));
    return this.unadjacent;
  }

  /**
   * The components of the graph whose walks have no two rw next to each other: each node twice, the second time (its number plus
   * that of all nodes) for when an rw led to it. Edges `done` are gone; or they are the only ones that no rw may follow.
   */
  private withoutAdjacent(done: 'gone' | 'allowed', isDone: Uint8Array): Int32Array {
    const { nodes, start, target, kind } = this.graph;
    const roles = rolesOf('G2-item', this.orders);
    const doubled = new Int32Array(2 * nodes + 1);
    const edges = start[nodes]!;
    const itsTarget = new Int32Array(2 * edges + nodes);
    let count = 0;
    for (let node = 0; node < nodes; node++) {
      for (let edge = start[node]!; edge < start[node + 1]!; edge++) {
        const role = roles[kind[edge]!]!;
        if ((role & ANTI) !== 0) {
          if (done === 'gone' && isDone[edge] === 1) continue;
          itsTarget[count++] = target[edge]! + (done === 'gone' || isDone[edge] === 1 ? nodes : 0);
        } else if ((role & PASSES) !== 0) itsTarget[count++] = target[edge]!;
      }
      itsTarget[count++] = nodes + node;
      doubled[node + 1] = count;
    }
    for (let node = 0; node < nodes; node++) {
      for (let edge = start[node]!; edge < start[node + 1]!; edge++) {
        const role = roles[kind[edge]!]!;
        if ((role & FORWARD) !== 0) itsTarget[count++] = target[edge]!;
        else if ((role & PASSES) !== 0) itsTarget[count++] = nodes + target[edge]!;
      }
      doubled[nodes + node + 1] = count;
    }
    const product: Graph = {
      transactions: 2 * nodes,
      nodes: 2 * nodes,
      start: doubled,
      target: itsTarget.subarray(0, count),
      kind: new Uint8Array(count),
      reason: new Int32Array(0),
      order: undefined,
    };
    return numberComponents(
      product,
      allow(() => true),
    ).of;
  }

  /** A shortest cycle, if there is one of few steps, found from all sides at once. Undefined too where the budget ends. */
  private shallow(cycleClass: CycleClass, candidates: readonly number[]): Found | undefined {
    const { graph, order } = this;
    const local = rolesOf(cycleClass, this.orders).map((role, kind) => (isOrderStep(kind) ? 0 : role));
    const closers = [false, true].map((ordered) => closing(cycleClass, this.orders, ordered));
    const canClose = this.orders === '' || graph.kind.some((kind) => (kind & (BY_PROCESS | BY_REALTIME)) !== 0);
    const bridge = bridging(cycleClass);
    let doubtful = Number.POSITIVE_INFINITY;
    for (let depth = 1; depth <= shallowDepth; depth++) {
      if (canClose) {
        for (const edge of candidates) {
          const automaton = closers[(local[graph.kind[edge]!]! & ORDERED) !== 0 ? 1 : 0]!;
          const around = new Around((end) => this.closed(edge, end, automaton));
          const end = this.walk(graph.target[edge]!, this.sourceOf(edge), local, automaton, depth, around);
          if (end === OUT_OF_BUDGET) return undefined;
          doubtful = Math.min(doubtful, around.rejected);
          if (end >= 0) return { steps: around.steps, isShortest: around.steps.length <= doubtful };
        }
      }
      if (order === undefined) continue;
      for (let node = 0; node < graph.transactions; node++) {
        const around = new Around((end) => this.bridged(end, bridge));
        const end = this.walk(node, NOT_FOUND, local, bridge, depth, around);
        if (end === OUT_OF_BUDGET) return undefined;
        doubtful = Math.min(doubtful, around.rejected);
        if (end >= 0) return { steps: around.steps, isShortest: around.steps.length <= doubtful };
      }
    }
    return undefined;
  }

  /**
   * A shortest cycle through one of the candidates; `isComplete` where the budget sufficed for all of them. Once a candidate was begun
   * with, cycles over it are known, and every so often those are left out that are on no other cycle any more: in a
   * knot whose cycles are long, a few transactions are on all of them.
   */
  private deep(
    cycleClass: CycleClass,
    candidates: readonly number[],
  ): Partial<Found> & { isShortest: boolean; isComplete: boolean } {
    const { graph } = this;
    const roles = rolesOf(cycleClass, this.orders);
    const closers = [false, true].map((ordered) => closing(cycleClass, this.orders, ordered));
    const tried = new Uint8Array(graph.kind.length);
    const done = new Uint8Array(graph.kind.length);
    const pruningCost = 2 * (graph.kind.length + graph.nodes);
    let pruneBelow = this.left - 2 * pruningCost;
    let left = candidates;
    let steps: readonly CycleStep[] | undefined;
    let doubtful = Number.POSITIVE_INFINITY;
    for (let i = 0; i < left.length; i++) {
      if (this.left < pruneBelow) {
        left = this.candidates(cycleClass, done).filter((edge) => tried[edge] === 0);
        i = 0;
        this.left -= pruningCost;
        pruneBelow = this.left - 2 * pruningCost;
        if (left.length === 0) break;
      }
      const edge = left[i]!;
      const automaton = closers[(roles[graph.kind[edge]!]! & ORDERED) !== 0 ? 1 : 0]!;
      const depthMax = steps === undefined ? graph.nodes : steps.length - 2;
      const around = new Around((end) => this.closed(edge, end, automaton));
      const end = this.walk(graph.target[edge]!, this.sourceOf(edge), roles, automaton, depthMax, around);
      if (end === OUT_OF_BUDGET) return { ...(steps && { steps }), isShortest: false, isComplete: false };
      tried[edge] = 1;
      if (end >= 0) steps = around.steps;
      if (end >= 0 || around.rejected === Number.POSITIVE_INFINITY) done[edge] = 1;
      doubtful = Math.min(doubtful, around.rejected);
    }
    return { ...(steps && { steps }), isShortest: steps === undefined || steps.length <= doubtful, isComplete: true };
  }

  /** Any cycle of the class or a worse one, by a walk without budget. */
  private some(cycleClass: CycleClass, candidates: readonly number[]): CycleStep[] | undefined {
    const { graph } = this;
    const roles = rolesOf(cycleClass, this.orders);
    const unadjacent = cycleClass === 'G-single-item' || cycleClass === 'G-nonadjacent-item';
    const loose = unadjacent ? closing('G-nonadjacent-item', '', false, false) : closing('G1c', '', false);
    this.left = Number.POSITIVE_INFINITY;
    for (const edge of candidates.slice(0, looseTriesMax)) {
      const end = this.walk(graph.target[edge]!, this.sourceOf(edge), roles, loose, graph.nodes * loose.states);
      if (end >= 0) return simple(this.closed(edge, end, loose));
    }
    return undefined;
  }

  /**
   * The candidates whose end reaches their beginning by steps that are no rw; undefined where the budget ends. 32 at a time, along the
   * components in their order.
   */
  private reaching(candidates: readonly number[]): number[] | undefined {
    const { graph } = this;
    const roles = rolesOf('G-single-item', this.orders);
    const allowed = allow((kind) => (roles[kind]! & (FORWARD | PASSES)) !== 0);
    const { of, count } = numberComponents(graph, allowed);
    const perhaps = candidates.filter((edge) => of[graph.target[edge]!]! >= of[this.sourceOf(edge)]!);
    const batches = Math.ceil(perhaps.length / 32);
    if (batches * (graph.kind.length + graph.nodes) > this.left / 2) return undefined;
    this.left -= batches * (graph.kind.length + graph.nodes);
    const byComponent = Int32Array.from({ length: graph.nodes }, (_, node) => node).sort((a, b) => of[b]! - of[a]!);
    const reached = new Int32Array(count);
    const result: number[] = [];
    for (let batch = 0; batch < batches; batch++) {
      const edges = perhaps.slice(batch * 32, batch * 32 + 32);
      reached.fill(0);
      edges.forEach((edge, bit) => {
        reached[of[graph.target[edge]!]!]! |= 1 << bit;
      });
      for (const node of byComponent) {
        const mask = reached[of[node]!]!;
        if (mask === 0) continue;
        for (let edge = graph.start[node]!; edge < graph.start[node + 1]!; edge++) {
          if (allowed[graph.kind[edge]!] === 1) reached[of[graph.target[edge]!]!]! |= mask;
        }
      }
      edges.forEach((edge, bit) => {
        if ((reached[of[this.sourceOf(edge)]!]! & (1 << bit)) !== 0) result.push(edge);
      });
    }
    return result;
  }

  /**
   * Walks breadth first from `from`, at most `depthMax` steps, to where the automaton accepts: at `goal`, or, where that is NOT_FOUND, at
   * a transaction that precedes `from`; and where `around`, if given, takes it for a cycle. Gives the last node and state in one number, or
   * NOT_FOUND, or OUT_OF_BUDGET.
   */
  private walk(
    from: number,
    goal: number,
    roles: Uint8Array,
    automaton: Automaton,
    depthMax: number,
    around?: Around,
  ): number {
    const { transactions, nodes, start, target, kind } = this.graph;
    const { next, accepts, states } = automaton;
    if (this.visited.length < nodes * states) {
      this.visited = new Int32Array(nodes * states);
      this.parent = new Int32Array(nodes * states);
      this.via = new Int32Array(nodes * states);
      this.visit = 0;
    }
    const { visited, parent, via } = this;
    const visit = ++this.visit;
    let queue = this.queue;
    let nextQueue = this.nextQueue;
    queue.length = 0;
    nextQueue.length = 0;
    // A junction to begin with leads on from the goal; another transaction that comes to it may be led to the goal.
    for (const node of this.behind(from, goal)) {
      const first = node * states + automaton.initial;
      visited[first] = visit;
      parent[first] = -1;
      queue.push(first);
    }
    for (let depth = 0; queue.length > 0; depth++) {
      // Junctions first: what they lead to is as near as they are, and must not be taken for farther.
      for (let i = 0, isOnward = true; i < queue.length || isOnward; i++) {
        if (i === queue.length) {
          if (depth === depthMax) return NOT_FOUND;
          isOnward = false;
          i = 0;
        }
        const at = queue[i]!;
        const state = at % states;
        const node = (at - state) / states;
        if (node >= transactions !== isOnward) continue;
        const end = start[node + 1]!;
        this.left -= end - start[node]! + 1;
        if (this.left < 0) return OUT_OF_BUDGET;
        for (let edge = start[node]!; edge < end; edge++) {
          const role = roles[kind[edge]!]!;
          const nextState = role === 0 ? DEAD : next[state * 32 + role]!;
          if (nextState === DEAD) continue;
          const to = target[edge]!;
          const reached = to * states + nextState;
          // To come back to where it began makes no cycle.
          if (visited[reached] === visit || (to === from && to < transactions)) continue;
          const isGoal = goal >= 0 ? to === goal : to < transactions && this.comesBefore(to, from);
          if (isGoal && accepts[nextState]) {
            parent[reached] = at;
            via[reached] = edge;
            if (around === undefined || around.takes(reached)) return reached;
          }
          if (to === goal) continue;
          visited[reached] = visit;
          parent[reached] = at;
          via[reached] = edge;
          if (isOnward) queue.push(reached);
          else nextQueue.push(reached);
        }
      }
      [queue, nextQueue] = [nextQueue, queue];
      nextQueue.length = 0;
    }
    return NOT_FOUND;
  }

  /** The transaction itself, or those that a junction leads to, without one. */
  private behind(from: number, without: number): readonly number[] {
    const { transactions, start, target } = this.graph;
    if (from < transactions) return [from];
    const behind = new Set([from]);
    for (const node of behind) {
      if (node < transactions) continue;
      for (let edge = start[node]!; edge < start[node + 1]!; edge++)
        if (target[edge] !== without) behind.add(target[edge]!);
    }
    this.left -= behind.size;
    return [...behind].filter((node) => node < transactions);
  }

  private comesBefore(node: number, other: number): boolean {
    return this.order !== undefined && precedes(this.order, this.whole[node]!, this.whole[other]!);
  }

  /** The cycle of the candidate and the walk behind it that ended there. */
  private closed(candidate: number, end: number, { states }: Automaton): CycleStep[] {
    return this.stepsOver([candidate, ...this.edgesTo(end)], Math.floor(end / states));
  }

  /** The cycle of a walk and the step of the order that leads back to its beginning. */
  private bridged(end: number, { states }: Automaton): CycleStep[] {
    const edges = this.edgesTo(end);
    const steps = this.stepsOver(edges, Math.floor(end / states));
    const { kind } = this.order!;
    return [...steps, { from: steps.at(-1)!.to, to: steps[0]!.from, kind, reason: NO_REASON }];
  }

  private edgesTo(end: number): number[] {
    const edges: number[] = [];
    for (let at = end; this.parent[at]! >= 0; at = this.parent[at]!) edges.push(this.via[at]!);
    return edges.reverse();
  }

  /** Steps from transaction to transaction, of edges that follow each other. */
  private stepsOver(edges: readonly number[], last: number): CycleStep[] {
    const { graph, whole } = this;
    const begins = edges.filter((edge) => !isOnward(graph, edge));
    return begins.map((edge, i) => ({
      from: whole[this.sourceOf(edge)]!,
      to: whole[i + 1 < begins.length ? this.sourceOf(begins[i + 1]!) : last]!,
      kind: graph.kind[edge]!,
      reason: graph.reason[edge]!,
    }));
  }

  /** The node that an edge leads out of. */
  private sourceOf(edge: number): number {
    const { start, nodes } = this.graph;
    let low = 0;
    for (let high = nodes; high - low > 1; ) {
      const middle = (low + high) >>> 1;
      if (start[middle]! <= edge) low = middle;
      else high = middle;
    }
    return low;
  }

  private cycleOf(steps: readonly CycleStep[], shortest: boolean): Cycle {
    const kinds = steps.map(({ kind }) => kind);
    return { anomaly: `${classOf(kinds)}${ordersOf(kinds)}`, steps, shortest };
  }
}

const isOrderStep = (kind: number): boolean => kind === PROCESS || kind === REALTIME;

const isOnward = (graph: Graph, edge: number): boolean => graph.kind[edge] === 0;

const isSimple = (steps: readonly CycleStep[]): boolean => new Set(steps.map(({ from }) => from)).size === steps.length;

/**
 * A cycle of some of the steps of a closed walk, each transaction once. Where the walk has no two rw next to each other, the cycle has
 * none: of the two closed walks that a transaction visited twice makes of one, at least one is so.
 */
function simple(walk: readonly CycleStep[]): CycleStep[] {
  let steps = [...walk];
  for (;;) {
    const firstAt = new Map<number, number>();
    const again = steps.findIndex(({ from }, i) => {
      if (firstAt.has(from)) return true;
      firstAt.set(from, i);
      return false;
    });
    if (again < 0) return steps;
    const at = firstAt.get(steps[again]!.from)!;
    const inner = steps.slice(at, again);
    const isAdjacent = (inner[0]!.kind & RW) !== 0 && (inner.at(-1)!.kind & RW) !== 0;
    steps = inner.length > 1 && !isAdjacent ? inner : [...steps.slice(0, at), ...steps.slice(again)];
  }
}
