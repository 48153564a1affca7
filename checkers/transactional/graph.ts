/**
 * Dependency graphs of transactions, in compressed sparse rows: 9 bytes an edge, 4 a node. Nodes are transactions, by their
 * number, and after them *junctions*: where everyone of a set precedes everyone of another, the edges lead into a
 * junction and on from it, so that there are as many as members and not as pairs. An edge out of a junction has no kind of its
 * own: from a transaction over junctions to a transaction is one step, of the kind of the edge by which it began.
 */
import { int32Column, uint8Column } from './columns.ts';

/** Who wrote what the other overwrote (Adya 1999, section 3.1). */
export const WW = 1;
/** Who wrote what the other read. */
export const WR = 2;
/** Who read what the other overwrote. */
export const RW = 4;
/** Done by one process before the other. */
export const PROCESS = 8;
/** Completed before the other was invoked. */
export const REALTIME = 16;

/** Added to WW, WR, RW: the edge holds only where the order of a process does (sequential keys). */
export const BY_PROCESS = 32;
/** Added to WW, WR, RW: the edge holds only where real time does (linearizable keys). */
export const BY_REALTIME = 64;

/**
 * Added to WW, WR, RW: the edge holds only where what a committed transaction read was committed, so from read-committed up: a cycle
 * with it is a G1c at best.
 */
export const BY_COMMITTED_READS = 128;

/** The kind of an edge out of a junction. */
export const ONWARD = 0;

/** Kinds of edges are below this. */
export const kindsEnd = 256;

/** No reason given. */
export const NO_REASON = -1;

export interface Graph {
  /** Nodes below this are transactions, from here up junctions. */
  readonly transactions: number;
  readonly nodes: number;
  /** The edges of node n are [start[n], start[n + 1]). Between two nodes there may be several, also of one kind. */
  readonly start: Int32Array;
  readonly target: Int32Array;
  /** One of WW, WR, RW, PROCESS, REALTIME, perhaps with some of what it rests on (BY_…); or ONWARD. */
  readonly kind: Uint8Array;
  /** What whoever added the edge will know it by; see GraphBuilder.add. */
  readonly reason: Int32Array;
  /** What the transactions are ordered by besides, though not by edges. */
  readonly order: Order | undefined;
}

/**
 * Which transaction precedes which in the order of processes, or in real time: each precedes all from some place on in its
 * lane, so that it takes an integer for each, and no edges.
 */
export interface Order {
  /** PROCESS or REALTIME. */
  readonly kind: number;
  /** All transactions, lane by lane, in the order of their invocations. */
  readonly sequence: Int32Array;
  /** Where in `sequence` a transaction stands. */
  readonly place: Int32Array;
  /** The place from which on its lane comes after it; the end of the lane where nothing does. */
  readonly after: Int32Array;
  /** The end of its lane, exclusive. */
  readonly end: Int32Array;
}

/** Whether transaction a precedes transaction b. */
export function precedes({ after, end, place }: Order, a: number, b: number): boolean {
  const there = place[b]!;
  return after[a]! <= there && there < end[a]!;
}

/** Edges are kept in chunks, each of twice as many as the one before up to the most. */
const firstChunk = 64;
const chunkMax = 1 << 18;

interface Chunk {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly kind: Uint8Array;
  readonly reason: Int32Array;
}

const chunkOf = (length: number): Chunk => ({
  from: int32Column(length),
  to: int32Column(length),
  kind: uint8Column(length),
  reason: int32Column(length),
});

/** Takes edges in any order. */
export class GraphBuilder {
  readonly transactions: number;
  private junctions = 0;
  private readonly chunks: Chunk[] = [];
  private used = 0;

  constructor(transactions: number) {
    this.transactions = transactions;
  }

  /**
   * A new node that is no transaction. Only edges of kind ONWARD may lead out of it, to transactions or other junctions. A transaction
   * that would precede itself over it alone makes no cycle, but it makes the search for cycles slower.
   */
  junction(): number {
    return this.transactions + this.junctions++;
  }

  /**
   * An edge. An edge of a transaction to itself is left out: no cycle has it. `reason` comes back with the steps of cycles, from the
   * edge out of the transaction, to tell why it holds: the number of a micro-op, or whatever the caller keeps a table of.
   */
  add(from: number, to: number, kind: number, reason = NO_REASON): void {
    if (from === to) return;
    let chunk = this.chunks[this.chunks.length - 1];
    if (chunk === undefined || this.used === chunk.from.length) {
      chunk = chunkOf(chunk === undefined ? firstChunk : Math.min(2 * this.used, chunkMax));
      this.chunks.push(chunk);
      this.used = 0;
    }
    const at = this.used++;
    chunk.from[at] = from;
    chunk.to[at] = to;
    chunk.kind[at] = kind;
    chunk.reason[at] = reason;
  }

  /** The graph with all edges so far, its transactions in this order besides. Linear. */
  build(order?: Order): Graph {
    const { transactions } = this;
    const nodes = transactions + this.junctions;
    const start = int32Column(nodes + 1);
    this.chunks.forEach(({ from }, index) => {
      const end = this.endOf(index);
      for (let i = 0; i < end; i++) start[from[i]!]!++;
    });
    // Where each node's edges end, from there filled downwards until it is where they begin.
    for (let node = 1; node <= nodes; node++) start[node]! += start[node - 1]!;
    const edges = start[nodes]!;
    const target = int32Column(edges);
    const kind = uint8Column(edges);
    const reason = int32Column(edges);
    this.chunks.forEach((chunk, index) => {
      const end = this.endOf(index);
      for (let i = 0; i < end; i++) {
        const edge = --start[chunk.from[i]!]!;
        target[edge] = chunk.to[i]!;
        kind[edge] = chunk.kind[i]!;
        reason[edge] = chunk.reason[i]!;
      }
    });
    return { transactions, nodes, start, target, kind, reason, order };
  }

  private endOf(chunk: number): number {
    return chunk === this.chunks.length - 1 ? this.used : this.chunks[chunk]!.from.length;
  }
}
