/** The order that all explanations of a program share, as far as it follows from single reads; and the cycle in it, if there is one. */
import { CRASHED } from '../linearizable/calls.ts';
import { NO_VALUE, type Program } from './program.ts';
import { producersOf } from './settle.ts';

/** Why one op comes before another. */
export const IN_PROCESS = 0;
/** Given with the program. */
export const GIVEN = 1;
/** The second looks at a value that only the first leaves. */
export const READS_FROM = 2;
/** The first leaves another value, before `via` looks at what the second alone leaves. */
export const OVERWRITTEN_BEFORE = 3;
/** The first looks at what `via` alone leaves, and the second, after `via`, leaves another value. */
export const OVERWRITES_AFTER = 4;

export interface Step {
  readonly from: number;
  readonly to: number;
  readonly why: number;
  /** An op; -1 where there is none, or it is the object's beginning. */
  readonly via: number;
  /** For the two last kinds the steps that lead from the first to `via`, or from `via` to the second; else none. */
  readonly path: readonly Step[];
}

export interface Saturation {
  /** Absent where no contradiction was found. */
  readonly contradiction?: Contradiction;
  /** Pairs in addition to those of the program; none that follows from others. */
  readonly edges: readonly (readonly [number, number])[];
}

/** No order explains the program. */
export interface Contradiction {
  /** The ops that show it, ascending. */
  core(): number[];
  /** Steps that lead from an op back to itself. To be asked for where the core is small. */
  cycle(): Step[];
}

/** Entries in the table of what each op comes after: 4 bytes each. */
const tableMax = 1 << 26;

/** Beyond so many rounds the order so far is taken. */
const roundsMax = 200;

/**
 * Starts from the order within each process, and from each look at a value that only one op leaves to that op. Then, for op `r` that looks
 * at what only `w` leaves, and `v` that leaves another value of the same object, until nothing is added:
 * - `v` before `r` makes `v` before `w`;
 * - `w` before `v` makes `r` before `v`.
 *
 * Each holds in every order that explains the program, so a cycle proves that there is none. The opposite is no proof: the problem
 * is NP-complete (Gibbons and Korach 1997), though what is left without a cycle mostly is possible. The rules are those of
 * TSOtool (Hangal et al. 2004) and of gradual consistency checking (Zennou et al. 2019).
 *
 * With `inTime` it is supposed besides that no op changes anything before all that returned before its invocation have happened. Then
 * a contradiction proves nothing, and the edges are good for finding an order.
 *
 * What each op comes after is a count for each chain (a vector time), so a round costs ops times chains; few rounds are
 * usual. Undefined where the table would be too large.
 */
export function saturate(program: Program, inTime = false): Saturation | undefined {
  const ops = program.chains.reduce((sum, chain) => sum + chain.length, 0);
  if (ops * program.chains.length > tableMax) return undefined;
  return new Order(program, inTime ? momentsOf(program) : []).saturate();
}

/** For each change that has ops returned just before its invocation the line of that: moments that separate the ones from the others. */
function momentsOf({ chains, leaves, line, objects, object, call }: Program): number[] {
  const ends: number[] = [];
  for (const chain of chains) {
    for (const op of chain) {
      if (leaves[op] !== NO_VALUE) ends.push(2 * line[op]!);
      const { calls } = objects[object[op]!]!;
      if (calls.fate[call[op]!] !== CRASHED) ends.push(2 * calls.completion[call[op]!]! + 1);
    }
  }
  ends.sort((a, b) => a - b);
  const isReturn = (end: number | undefined): boolean => end !== undefined && end % 2 === 1;
  return ends.filter((end, at) => !isReturn(end) && isReturn(ends[at - 1])).map((end) => end / 2);
}

/** The ops of one chain that change one object, ascending. */
interface Changers {
  readonly chain: number;
  readonly nodes: number[];
}

/** Ops are nodes here, numbered along the chains. */
class Order {
  private readonly program: Program;
  private readonly nodes: number;
  private readonly width: number;
  private readonly opOf: Int32Array;
  private readonly chainOf: Int32Array;
  private readonly firstOf: Int32Array;

  // Edges between chains. Incoming and outgoing ones of a node are linked lists.
  private from: number[] = [];
  private to: number[] = [];
  private why: number[] = [];
  private via: number[] = [];
  private readonly firstIn: Int32Array;
  private readonly firstOut: Int32Array;
  private nextIn: number[] = [];
  private nextOut: number[] = [];

  /** Row by row, for each node how many nodes of each chain come before it. */
  private readonly before: Int32Array;
  private readonly order: Int32Array;
  private readonly isChanged: Uint8Array;
  private readonly isTouched: Uint8Array;

  /** The one node that leaves what a node looks at; NOWHERE where there is none, or several; BEGINNING where the object held it at first. */
  private readonly source: Int32Array;
  /** Of each node the last of each chain that look at what it alone leaves; and of each object those that look at what it held at first. */
  private readonly lookers = new Map<number, number[]>();
  private readonly lookersAtFirst = new Map<number, number[]>();
  private readonly changers: Changers[][];

  constructor(program: Program, moments: readonly number[]) {
    const { objects, object, leaves } = program;
    const chains = [...program.chains, ...(moments.length === 0 ? [] : [moments.map(() => MOMENT)])];
    const nodes = chains.reduce((sum, chain) => sum + chain.length, 0);
    this.program = program;
    this.nodes = nodes;
    this.width = chains.length;
    this.opOf = new Int32Array(nodes);
    this.chainOf = new Int32Array(nodes);
    this.firstOf = new Int32Array(chains.length + 1);
    this.firstIn = new Int32Array(nodes).fill(-1);
    this.firstOut = new Int32Array(nodes).fill(-1);
    this.before = new Int32Array(nodes * chains.length);
    this.order = new Int32Array(nodes);
    this.isChanged = new Uint8Array(nodes);
    this.isTouched = new Uint8Array(nodes).fill(1);
    this.source = new Int32Array(nodes).fill(NOWHERE);
    this.changers = objects.map(() => []);
    const nodeOf = new Int32Array(program.length).fill(-1);
    let node = 0;
    chains.forEach((chain, index) => {
      this.firstOf[index] = node;
      for (const op of chain) {
        this.opOf[node] = op;
        this.chainOf[node] = index;
        if (op !== MOMENT) nodeOf[op] = node;
        if (op !== MOMENT && leaves[op] !== NO_VALUE) {
          const lists = this.changers[object[op]!]!;
          if (lists.at(-1)?.chain !== index) lists.push({ chain: index, nodes: [] });
          lists.at(-1)!.nodes.push(node);
        }
        node++;
      }
    });
    this.firstOf[chains.length] = node;
    for (const [first, second] of program.edges) this.add(nodeOf[first]!, nodeOf[second]!, GIVEN, -1);
    this.addMoments(moments);
    this.addSources();
  }

  /** What returned before a moment comes before it; what is invoked after it, and changes something, comes after it. */
  private addMoments(moments: readonly number[]): void {
    const { leaves, line, objects, object, call } = this.program;
    const ops = this.nodes - moments.length;
    for (let node = 0; node < ops && moments.length > 0; node++) {
      const op = this.opOf[node]!;
      const { calls } = objects[object[op]!]!;
      if (leaves[op] !== NO_VALUE) {
        const moment = countUpTo(moments, line[op]!) - 1;
        if (moment >= 0) this.add(ops + moment, node, GIVEN, -1);
      }
      if (calls.fate[call[op]!] === CRASHED) continue;
      const moment = countUpTo(moments, calls.completion[call[op]!]!);
      if (moment < moments.length) this.add(node, ops + moment, GIVEN, -1);
    }
  }

  private addSources(): void {
    const { objects, object, expects, leaves, values } = this.program;
    const producers = producersOf(this.program);
    const producer = new Int32Array(values).fill(NOWHERE);
    for (const { initial } of objects) if (initial !== NO_VALUE) producer[initial] = BEGINNING;
    for (let node = 0; node < this.nodes; node++) {
      const op = this.opOf[node]!;
      if (op !== MOMENT && leaves[op] !== NO_VALUE) producer[leaves[op]!] = node;
    }
    for (let node = 0; node < this.nodes; node++) {
      const op = this.opOf[node]!;
      if (op === MOMENT || expects[op] === NO_VALUE || producers[expects[op]!] !== 1) continue;
      const source = producer[expects[op]!]!;
      this.source[node] = source;
      if (source === NOWHERE) continue;
      const lookers = source === BEGINNING ? listOf(this.lookersAtFirst, object[op]!) : listOf(this.lookers, source);
      const last = lookers.at(-1);
      if (last !== undefined && this.chainOf[last] === this.chainOf[node]) lookers.pop();
      lookers.push(node);
      if (source >= 0) this.add(source, node, READS_FROM, -1);
    }
  }

  saturate(): Saturation {
    for (let round = 0; round < roundsMax; round++) {
      const sorted = this.sort();
      if (sorted < this.nodes) return { contradiction: this.contradiction(sorted), edges: [] };
      this.spread();
      const edges = this.from.length;
      for (let at = 0; at < this.nodes; at++) {
        const node = this.order[at]!;
        if (this.isChanged[node] === 0) continue;
        this.applyToLook(node);
        this.applyToChange(node);
      }
      if (this.from.length === edges) break;
    }
    return { edges: this.edges() };
  }

  private contradiction(sorted: number): Contradiction {
    return {
      core: () => this.core(this.cycle(sorted)).sort((a, b) => a - b),
      cycle: () => this.steps(this.cycle(sorted)),
    };
  }

  /** `v` before `r` makes `v` before `w`; here `node` is `r`. */
  private applyToLook(node: number): void {
    const source = this.source[node]!;
    if (source < 0) return;
    const object = this.program.object[this.opOf[node]!]!;
    for (const { chain, nodes } of this.changers[object]!) {
      const changer = lastBelow(nodes, this.firstOf[chain]! + this.countBefore(node, chain));
      if (changer >= 0 && changer !== source && !this.isBefore(changer, source)) {
        this.add(changer, source, OVERWRITTEN_BEFORE, node);
      }
    }
  }

  /** `w` before `v` makes `r` before `v`; here `node` is `v`. What holds of earlier `w` of a chain follows from the last. */
  private applyToChange(node: number): void {
    const op = this.opOf[node]!;
    if (op === MOMENT || this.program.leaves[op] === NO_VALUE) return;
    const object = this.program.object[op]!;
    const hold = (lookers: readonly number[] | undefined, via: number): void => {
      for (const looker of lookers ?? []) {
        if (looker !== node && !this.isBefore(looker, node)) this.add(looker, node, OVERWRITES_AFTER, via);
      }
    };
    let isFirst = true;
    for (const { chain, nodes } of this.changers[object]!) {
      const changer = lastBelow(nodes, this.firstOf[chain]! + this.countBefore(node, chain));
      if (changer < 0) continue;
      isFirst = false;
      hold(this.lookers.get(changer), changer);
    }
    if (isFirst) hold(this.lookersAtFirst.get(object), -1);
  }

  private countBefore(node: number, chain: number): number {
    return this.before[node * this.width + chain]!;
  }

  private isBefore(first: number, second: number): boolean {
    const chain = this.chainOf[first]!;
    return this.countBefore(second, chain) > first - this.firstOf[chain]!;
  }

  private add(from: number, to: number, why: number, via: number): void {
    const edge = this.from.length;
    this.from.push(from);
    this.to.push(to);
    this.why.push(why);
    this.via.push(via);
    this.nextIn.push(this.firstIn[to]!);
    this.nextOut.push(this.firstOut[from]!);
    this.firstIn[to] = edge;
    this.firstOut[from] = edge;
    this.isTouched[to] = 1;
  }

  /** The node before this one in its chain; -1 for the first. */
  private previous(node: number): number {
    return node > this.firstOf[this.chainOf[node]!]! ? node - 1 : -1;
  }

  /** The node after this one in its chain; -1 for the last. */
  private next(node: number): number {
    return node + 1 < this.firstOf[this.chainOf[node]! + 1]! ? node + 1 : -1;
  }

  /** Fills `order` (Kahn 1962). Answers how many nodes are in it: the others are on cycles, or after them. */
  private sort(): number {
    const waiting = new Int32Array(this.nodes);
    for (const to of this.to) waiting[to]!++;
    let sorted = 0;
    for (let node = 0; node < this.nodes; node++) {
      if (this.previous(node) >= 0) waiting[node]!++;
      if (waiting[node] === 0) this.order[sorted++] = node;
    }
    const free = (node: number): void => {
      if (--waiting[node]! === 0) this.order[sorted++] = node;
    };
    for (let at = 0; at < sorted; at++) {
      const node = this.order[at]!;
      const next = this.next(node);
      if (next >= 0) free(next);
      for (let edge = this.firstOut[node]!; edge >= 0; edge = this.nextOut[edge]!) free(this.to[edge]!);
    }
    return sorted;
  }

  /** Brings `before` up to date, and marks the nodes for which it changed. */
  private spread(): void {
    this.isChanged.fill(0);
    for (let at = 0; at < this.nodes; at++) {
      const node = this.order[at]!;
      const isTouched = this.isTouched[node] === 1;
      this.isTouched[node] = 0;
      let isChanged = isTouched && this.previous(node) < 0 ? 1 : 0;
      const previous = this.previous(node);
      if (previous >= 0 && (isTouched || this.isChanged[previous] === 1)) isChanged |= this.take(node, previous);
      for (let edge = this.firstIn[node]!; edge >= 0; edge = this.nextIn[edge]!) {
        const from = this.from[edge]!;
        if (isTouched || this.isChanged[from] === 1) isChanged |= this.take(node, from);
      }
      this.isChanged[node] = isChanged;
    }
  }

  /** All that comes before `from`, and `from`, come before `node`. Answers 1 where that is news. */
  private take(node: number, from: number): number {
    const { before, width } = this;
    const target = node * width;
    const origin = from * width;
    let isNews = 0;
    for (let chain = 0; chain < width; chain++) {
      const count = before[origin + chain]!;
      if (count <= before[target + chain]!) continue;
      before[target + chain] = count;
      isNews = 1;
    }
    const chain = this.chainOf[from]!;
    const own = from - this.firstOf[chain]! + 1;
    if (own > before[target + chain]!) {
      before[target + chain] = own;
      isNews = 1;
    }
    return isNews;
  }

  /** The edges that no others imply. */
  private edges(): (readonly [number, number])[] {
    const edges: (readonly [number, number])[] = [];
    for (let edge = 0; edge < this.from.length; edge++) {
      const [from, to] = [this.from[edge]!, this.to[edge]!];
      if (this.why[edge] !== GIVEN && !this.isImplied(from, to)) edges.push([this.opOf[from]!, this.opOf[to]!]);
    }
    return edges;
  }

  private isImplied(from: number, to: number): boolean {
    const previous = this.previous(to);
    if (previous >= 0 && (previous === from || this.isBefore(from, previous))) return true;
    for (let edge = this.firstIn[to]!; edge >= 0; edge = this.nextIn[edge]!) {
      const other = this.from[edge]!;
      if (other !== from && this.isBefore(from, other)) return true;
    }
    return false;
  }

  private core(cycle: readonly number[]): number[] {
    const nodes = new Set<number>();
    const justified = new Set<number>();
    const open: (readonly number[])[] = [cycle];
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      for (const { from, to, edge } of this.merged(path)) {
        nodes.add(from).add(to);
        if (edge < 0 || justified.has(edge)) continue;
        justified.add(edge);
        if (this.via[edge]! >= 0) nodes.add(this.via[edge]!);
        open.push(this.reasons(edge));
      }
    }
    return Array.from(nodes, (node) => this.opOf[node]!);
  }

  /** Of some cycles among the nodes that could not be sorted the one that the fewest ops show. */
  private cycle(sorted: number): number[] {
    const isLeft = new Uint8Array(this.nodes).fill(1);
    for (let at = 0; at < sorted; at++) isLeft[this.order[at]!] = 0;
    const starts = new Set([this.onCycle(isLeft)]);
    const count = Math.max(startsLeast, Math.min(startsMost, Math.floor(startsCost / (this.nodes - sorted))));
    for (let edge = this.from.length - 1; edge >= 0 && starts.size < count; edge--) {
      if (this.why[edge]! >= OVERWRITTEN_BEFORE && isLeft[this.to[edge]!] === 1) starts.add(this.to[edge]!);
    }
    let best: number[] = [];
    let bestSize = Number.POSITIVE_INFINITY;
    for (const start of starts) {
      const cycle = this.path(start, start, this.from.length, (node) => isLeft[node] === 1);
      if (cycle === undefined) continue;
      const size = this.core(cycle).length;
      if (size < bestSize) [best, bestSize] = [cycle, size];
    }
    return best;
  }

  /** A node of a cycle: each of those that are left has one of them before it, so going back comes round. */
  private onCycle(isLeft: Uint8Array): number {
    const seen = new Set<number>();
    let node = isLeft.indexOf(1);
    while (!seen.has(node)) {
      seen.add(node);
      node = this.leftBefore(node, isLeft);
    }
    return node;
  }

  private leftBefore(node: number, isLeft: Uint8Array): number {
    const previous = this.previous(node);
    if (previous >= 0 && isLeft[previous] === 1) return previous;
    let edge = this.firstIn[node]!;
    while (isLeft[this.from[edge]!] === 0) edge = this.nextIn[edge]!;
    return this.from[edge]!;
  }

  /**
   * The edges (for a step along a chain, -1 less the node that it leads to) from one node to another, at least one, over nodes that are
   * allowed and edges added before `limit`: those that say the least. Undefined where there are none.
   */
  private path(from: number, to: number, limit: number, isAllowed: (node: number) => boolean): number[] | undefined {
    // Backwards, by cost (Dial 1969).
    const cameBy = new Map<number, number>();
    const costOf = new Map<number, number>();
    const byCost: number[][] = [[]];
    const reach = (node: number, by: number, cost: number): void => {
      if (!isAllowed(node) || (costOf.get(node) ?? Number.POSITIVE_INFINITY) <= cost) return;
      costOf.set(node, cost);
      cameBy.set(node, by);
      while (byCost.length <= cost) byCost.push([]);
      byCost[cost]!.push(node);
    };
    const expand = (node: number, cost: number): void => {
      for (let edge = this.firstIn[node]!; edge >= 0; edge = this.nextIn[edge]!) {
        if (edge < limit) reach(this.from[edge]!, edge, cost + costs[this.why[edge]!]!);
      }
      const previous = this.previous(node);
      if (previous >= 0) reach(previous, -1 - node, cost);
    };
    expand(to, 0);
    for (let cost = 0; cost < byCost.length && costOf.get(from) !== cost; cost++) {
      const list = byCost[cost]!;
      for (let node = list.pop(); node !== undefined; node = list.pop()) {
        if (costOf.get(node) === cost && node !== from) expand(node, cost);
      }
    }
    if (!cameBy.has(from)) return undefined;
    const path: number[] = [];
    for (let node = from; path.length === 0 || node !== to; ) {
      const by = cameBy.get(node)!;
      path.push(by);
      node = by < 0 ? -1 - by : this.to[by]!;
    }
    return path;
  }

  /** The edges of a path; steps along one chain are taken together, and have no edge (-1). */
  private merged(path: readonly number[]): { from: number; to: number; edge: number }[] {
    const steps: { from: number; to: number; edge: number }[] = [];
    for (const by of path) {
      const last = steps.at(-1);
      if (by >= 0) steps.push({ from: this.from[by]!, to: this.to[by]!, edge: by });
      else if (last?.edge === -1) last.to = -1 - by;
      else steps.push({ from: -2 - by, to: -1 - by, edge: -1 });
    }
    return steps;
  }

  /** The path that the edge follows from; empty where it follows from none. */
  private reasons(edge: number): number[] {
    const [from, to, why, via] = [this.from[edge]!, this.to[edge]!, this.why[edge]!, this.via[edge]!];
    if (via < 0) return [];
    const [first, last] = why === OVERWRITTEN_BEFORE ? [from, via] : [via, to];
    return this.path(first, last, edge, (node) => node === first || this.isBefore(first, node))!;
  }

  private steps(path: readonly number[]): Step[] {
    return this.merged(path).map(({ from, to, edge }): Step => {
      const ends = { from: this.opOf[from]!, to: this.opOf[to]! };
      if (edge < 0) return { ...ends, why: IN_PROCESS, via: -1, path: [] };
      const via = this.via[edge]! < 0 ? -1 : this.opOf[this.via[edge]!]!;
      return { ...ends, why: this.why[edge]!, via, path: this.steps(this.reasons(edge)) };
    });
  }
}

/** In place of the op of a node. */
const MOMENT = -1;

/** In place of a node. */
const NOWHERE = -1;
const BEGINNING = -2;

/** What a step of each kind costs: how much there is to say of it. */
const costs = [0, 1, 1, 3, 3];

/** From so many nodes a cycle is looked for, fewer where there are many nodes to go through. */
const startsLeast = 4;
const startsMost = 64;
const startsCost = 2_000_000;

function listOf(lists: Map<number, number[]>, index: number): number[] {
  let list = lists.get(index);
  if (list === undefined) {
    list = [];
    lists.set(index, list);
  }
  return list;
}

/** How many are no greater than the limit. */
function countUpTo(ascending: readonly number[], limit: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The greatest below the limit; -1 where there is none. */
function lastBelow(ascending: readonly number[], limit: number): number {
  return ascending[countUpTo(ascending, limit - 1) - 1] ?? -1;
}
