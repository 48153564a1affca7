/** Which versions come before which, and a cycle among them. */

/** Why a version comes before another: two calls of one process, in this order, of which the second read the other version. */
export interface Reason {
  readonly version: number;
  readonly earlier: number;
  readonly later: number;
}

const NO_CALL = -1;
const NO_VERSION = -1;

/** Nodes of cycles from which a shortest one is looked for. */
const startsMax = 32;

/**
 * A graph whose nodes are versions, and others that stand for several of them. Edges carry the call that was the later of two;
 * those into nodes that stand for several carry none. All linear.
 */
export class VersionGraph {
  private nodes: number;
  private readonly from: number[] = [];
  private readonly to: number[] = [];
  private readonly earlier: number[] = [];
  private readonly later: number[] = [];

  constructor(versions: number) {
    this.nodes = versions;
  }

  /** A node that stands for these two, and all that they stand for. */
  both(one: number, other: number): number {
    const node = this.nodes++;
    this.add(one, node, NO_CALL, NO_CALL);
    this.add(other, node, NO_CALL, NO_CALL);
    return node;
  }

  /** `earlier` may be -1 where it is the writer of the version at which the path to this edge began. */
  add(from: number, to: number, earlier: number, later: number): void {
    this.from.push(from);
    this.to.push(to);
    this.earlier.push(earlier);
    this.later.push(later);
  }

  /** The reasons of a short cycle; undefined where there is no cycle. */
  cycle(): readonly Reason[] | undefined {
    const out = new Edges(this.nodes, this.from);
    const isLeft = this.nodesThatAreLeft(out);
    const first = isLeft.indexOf(1);
    if (first < 0) return undefined;
    const starts = new Set([this.onCycle(first, isLeft, out)]);
    for (let node = first; node < this.nodes && starts.size < startsMax; node++)
      if (isLeft[node] === 1) starts.add(node);
    let best: number[] | undefined;
    for (const start of starts) {
      const cycle = this.shortest(start, isLeft, out);
      if (cycle !== undefined && (best === undefined || cycle.length < best.length)) best = cycle;
    }
    return this.reasons(best!);
  }

  /** 1 for each node that is left when those before all others, and those after all others, are taken away one after the other. */
  private nodesThatAreLeft(out: Edges): Uint8Array {
    const isLeft = new Uint8Array(this.nodes).fill(1);
    const takeAway = (edges: Edges, ends: readonly number[]): void => {
      const waiting = new Int32Array(this.nodes);
      for (let node = 0; node < this.nodes; node++) {
        if (isLeft[node] === 1) edges.forEach(node, (edge) => waiting[ends[edge]!]!++);
      }
      const free: number[] = [];
      for (let node = 0; node < this.nodes; node++) if (isLeft[node] === 1 && waiting[node] === 0) free.push(node);
      for (let node = free.pop(); node !== undefined; node = free.pop()) {
        isLeft[node] = 0;
        edges.forEach(node, (edge) => {
          const end = ends[edge]!;
          if (--waiting[end]! === 0 && isLeft[end] === 1) free.push(end);
        });
      }
    };
    takeAway(out, this.to);
    takeAway(new Edges(this.nodes, this.to), this.from);
    return isLeft;
  }

  /** A node of a cycle: each that is left has one of them after it, so going on comes round. */
  private onCycle(start: number, isLeft: Uint8Array, out: Edges): number {
    const seen = new Set<number>();
    let node = start;
    while (!seen.has(node)) {
      seen.add(node);
      let next = node;
      out.forEach(node, (edge) => {
        if (isLeft[this.to[edge]!] === 1) next = this.to[edge]!;
      });
      node = next;
    }
    return node;
  }

  /** The edges of a shortest cycle through the node; undefined where it is on none. */
  private shortest(start: number, isLeft: Uint8Array, out: Edges): number[] | undefined {
    const cameBy = new Map<number, number>();
    const queue = [start];
    for (let at = 0; at < queue.length && !cameBy.has(start); at++) {
      out.forEach(queue[at]!, (edge) => {
        const node = this.to[edge]!;
        if (isLeft[node] === 0 || cameBy.has(node)) return;
        cameBy.set(node, edge);
        queue.push(node);
      });
    }
    if (!cameBy.has(start)) return undefined;
    const cycle: number[] = [];
    for (let node = start; cycle.length === 0 || node !== start; ) {
      const edge = cameBy.get(node)!;
      cycle.push(edge);
      node = this.from[edge]!;
    }
    return cycle.reverse();
  }

  private reasons(cycle: readonly number[]): Reason[] {
    // It begins with a version, so that no reason is cut in two.
    const first = cycle.findIndex((_, at) => this.later[cycle.at(at - 1)!] !== NO_CALL);
    const turned = [...cycle.slice(first), ...cycle.slice(0, first)];
    const reasons: Reason[] = [];
    let version = NO_VERSION;
    for (const edge of turned) {
      if (version === NO_VERSION) version = this.from[edge]!;
      if (this.later[edge] === NO_CALL) continue;
      reasons.push({ version, earlier: this.earlier[edge]!, later: this.later[edge]! });
      version = NO_VERSION;
    }
    return reasons;
  }
}

/** Edges by one of their ends. */
class Edges {
  private readonly first: Int32Array;
  private readonly edges: Int32Array;

  constructor(nodes: number, ends: readonly number[]) {
    this.first = new Int32Array(nodes + 1);
    for (const end of ends) this.first[end + 1]!++;
    for (let node = 0; node < nodes; node++) this.first[node + 1]! += this.first[node]!;
    this.edges = new Int32Array(ends.length);
    const filled = this.first.slice();
    ends.forEach((end, edge) => {
      this.edges[filled[end]!++] = edge;
    });
  }

  forEach(node: number, visit: (edge: number) => void): void {
    for (let at = this.first[node]!; at < this.first[node + 1]!; at++) visit(this.edges[at]!);
  }
}
