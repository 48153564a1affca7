/**
 * The dependencies between transactions that write registers and read them (Alvaro and Kingsbury 2020, section 4.2 and 5.2), from what is
 * known of the order of each key's versions. The reason of an edge is a micro-op: of wr the read, else the one by which the earlier transaction
 * read or wrote the version that the later one's came after.
 *
 * That version u of a key precedes version v is known for certain where u is the initial one. Else it is known
 *
 * - from writes that follow reads: the transaction that installed v had read u. Were it the other way round, who wrote u would have come
 *   both after that transaction and, as u was read, before it: a G1c. So it holds from read-committed up.
 * - from an order in time: a transaction had u before another had v. Were it the other way round, there would be a cycle over the step
 *   from the one to the other: of no more than writes if both wrote (G0), with a wr if the first read u and the second wrote v (G1c), and else with a
 *   single rw, out of the read of v. So it holds where a model forbids these cycles, with the order in time.
 *
 * With any rw in a cycle all of this is forbidden. Without, the order of u and v is a ww between their writers. In the first two of the cases of time
 * it is of no use, for a step of time, or a wr and a step of time, lead from writer to writer as well. In the last it stands as an rw: a cycle with it is as
 * bad as one with the rw that there would be without it.
 *
 * Where the user asserts that an order holds, its edges are plain ones.
 */
import { int32Column, uint8Column } from '../columns.ts';
import { allow, numberComponents, peel } from '../components.ts';
import {
  BY_COMMITTED_READS,
  BY_PROCESS,
  BY_REALTIME,
  type Graph,
  GraphBuilder,
  ONWARD,
  type Order,
  RW,
  WR,
  WW,
} from '../graph.ts';
import { COMMITTED, type Transactions } from '../transactions.ts';
import { eachNext, type Lifetimes, NEVER } from './next-versions.ts';
import { NO_VERSION, NOBODY, type RegisterVersions } from './register-versions.ts';
import { firstOf, Groups, lastOf, type Touch, touchesOf } from './touches.ts';

/** Whether an order is looked at, and whether its edges hold whatever the model. */
export type Source = 'asserted' | 'inferred' | undefined;

export interface Sources {
  readonly writesFollowReads: Source;
  /** The order of each process on each key. */
  readonly process: Source;
  /** Real time on each key. */
  readonly realTime: Source;
  /** Whether what nobody knows to have happened did where its writes were read. */
  readonly byReads: boolean;
}

export interface RegisterGraphs {
  readonly transactions: Graph;
  /**
   * Nodes are versions, edges ww what the asserted orders say of them, reduced: what follows from others may be missing. Undefined where nothing is
   * asserted.
   */
  readonly versions: Graph | undefined;
}

/** From so many pairs of readers and writers on, a junction stands between them. */
const pairsMax = 16;

/** Linear in the micro-ops, but for sorting versions by time. */
export function registerGraphs(
  transactions: Transactions,
  versions: RegisterVersions,
  sources: Sources,
  order: Order | undefined,
): RegisterGraphs {
  const build = new Build(transactions, versions, sources);
  const ordered = build.versionOrders();
  build.reads();
  build.keys();
  return { transactions: build.graph.build(order), versions: ordered };
}

/**
 * By version, the write whose transaction is the node that stands for it; NOBODY where it is not known who installed it, or whether. A transaction
 * that may have happened did, `byReads`, where one of its writes was read, and then all of them were installed. That the read may have been of
 * what was undone later, an rw need not say: no model forbids a cycle with one that does not also forbid such reads.
 */
function nodesOf({ length, microOps, fate }: Transactions, versions: RegisterVersions, byReads: boolean): Int32Array {
  const { ambiguous, installer, readerStart } = versions;
  const happened = uint8Column(length);
  for (let t = 0; t < length; t++) if (fate[t] === COMMITTED) happened[t] = 1;
  const node = int32Column(installer.length);
  node.set(installer);
  for (const version of ambiguous.keys()) node[version] = NOBODY;
  for (let v = 0; byReads && v < node.length; v++) {
    if (node[v] !== NOBODY && readerStart[v + 1]! > readerStart[v]!) happened[microOps.transaction[node[v]!]!] = 1;
  }
  for (let v = 0; v < node.length; v++) {
    if (node[v] !== NOBODY && happened[microOps.transaction[node[v]!]!] === 0) node[v] = NOBODY;
  }
  return node;
}

class Build {
  readonly graph: GraphBuilder;
  /** While it is here, nothing but the asserted order of versions is looked for. */
  private versionGraph: GraphBuilder | undefined;
  /** By version, with which others it is in a cycle; undefined where nothing is asserted. */
  private component: Int32Array | undefined;
  private readonly transactions: Transactions;
  private readonly versions: RegisterVersions;
  private readonly sources: Sources;
  private readonly lifetimes: Lifetimes;
  /** By version, the write of its node, or NOBODY. */
  private readonly node: Int32Array;
  private readonly stampOf: Int32Array;
  private stamps = 0;

  constructor(transactions: Transactions, versions: RegisterVersions, sources: Sources) {
    this.transactions = transactions;
    this.versions = versions;
    this.sources = sources;
    this.graph = new GraphBuilder(transactions.length);
    const { length } = versions;
    this.node = nodesOf(transactions, versions, sources.byReads);
    this.stampOf = int32Column(length);
    const timed = sources.realTime === undefined ? 0 : length;
    this.lifetimes = {
      firstReturn: int32Column(timed).fill(NEVER),
      lastInvoked: int32Column(timed).fill(-1),
      written: int32Column(timed),
    };
    if (timed === 0) return;
    const { microOps, invocation } = transactions;
    for (let v = 0; v < length; v++) {
      const installer = versions.installer[v]!;
      if (installer !== NOBODY) this.lifetimes.written[v] = invocation[microOps.transaction[installer]!]!;
    }
  }

  /**
   * What the asserted orders say of versions. What they say of two that precede each other, they do not say of the transactions too.
   */
  versionOrders(): Graph | undefined {
    const { writesFollowReads, process, realTime } = this.sources;
    if (![writesFollowReads, process, realTime].includes('asserted')) return undefined;
    this.versionGraph = new GraphBuilder(this.versions.length);
    this.keys();
    const graph = this.versionGraph.build();
    this.versionGraph = undefined;
    const cyclic = peel(graph);
    if (cyclic.length > 0) {
      this.component = numberComponents(
        graph,
        allow(() => true),
      ).of;
    }
    return graph;
  }

  /** wr. */
  reads(): void {
    const { transactions, versions, graph, node } = this;
    const { of } = versions;
    const { transaction } = transactions.microOps;
    for (const m of versions.readers) {
      const writer = node[of[m]!]!;
      if (writer !== NOBODY) graph.add(transaction[writer]!, transaction[m]!, WR, m);
    }
  }

  /** All that is known of the order of versions, key by key. */
  keys(): void {
    const { transactions, versions, sources } = this;
    const { microOps, keys } = transactions;
    const microOpsByKey = new Groups(microOps.key, keys.length);
    const versionsByKey = new Groups(versions.key, keys.length);
    for (let k = 0; k < keys.length; k++) {
      const ofKey = versionsByKey.of(k);
      const touches = touchesOf(transactions, versions, microOpsByKey.of(k));
      this.initial(versions.initial[k]!, ofKey);
      if (sources.writesFollowReads !== undefined) this.writesFollowReads(touches);
      if (sources.process !== undefined) this.processOrder(touches, versions.initial[k]!);
      if (sources.realTime !== undefined) this.realTime(touches, ofKey, versions.initial[k]!);
    }
  }

  private initial(initial: number, ofKey: Int32Array): void {
    const { versions, node, versionGraph } = this;
    if (initial === NO_VERSION || versions.ambiguous.has(initial)) return;
    const later: number[] = [];
    for (const v of ofKey) {
      if (v === initial) continue;
      if (node[v] !== NOBODY) later.push(v);
      versionGraph?.add(initial, v, WW);
    }
    if (versionGraph === undefined) this.link(initial, later, RW);
  }

  private writesFollowReads(touches: readonly Touch[]): void {
    const isAsserted = this.sources.writesFollowReads === 'asserted';
    const pairs: Pairs = new Map();
    for (const { read, written } of touches) {
      if (read === NO_VERSION || written === NO_VERSION || read === written || this.isInitial(read)) continue;
      addPair(pairs, read, written);
      if (isAsserted) this.versionGraph?.add(read, written, WW);
    }
    if (this.versionGraph !== undefined) return;
    this.eachPair(pairs, (version, next) => {
      if (isAsserted) this.linkAsserted(version, next);
      else this.link(version, next, RW | BY_COMMITTED_READS);
    });
  }

  private processOrder(touches: readonly Touch[], initial: number): void {
    const { transactions, sources } = this;
    const isAsserted = sources.process === 'asserted';
    const last = new Map<number, number>();
    const found: Pairs = new Map();
    const all: Pairs = new Map();
    for (const touch of touches) {
      const t = touch.transaction;
      const isCommitted = transactions.fate[t] === COMMITTED;
      if (!isCommitted && !sources.byReads) continue;
      const process = transactions.process[t]!;
      const version = last.get(process) ?? NO_VERSION;
      const next = firstOf(touch, initial);
      if (version !== NO_VERSION && next !== NO_VERSION && version !== next && version !== initial) {
        addPair(all, version, next);
        if (next === touch.read) addPair(found, version, next);
        if (isAsserted) this.versionGraph?.add(version, next, WW);
      }
      if (isCommitted) {
        const left = lastOf(touch);
        if (left !== NO_VERSION) last.set(process, left);
      }
    }
    if (this.versionGraph !== undefined) return;
    this.eachPair(all, (version, next) => {
      if (isAsserted) this.linkAsserted(version, next);
      else this.link(version, next, RW | BY_PROCESS);
    });
    if (!isAsserted) this.eachPair(found, (version, next) => this.linkWrites(version, next, RW | BY_PROCESS));
  }

  private realTime(touches: readonly Touch[], ofKey: Int32Array, initial: number): void {
    const { transactions, versions, lifetimes, node } = this;
    const { fate, invocation, completion } = transactions;
    const isAsserted = this.sources.realTime === 'asserted';
    const { firstReturn, lastInvoked } = lifetimes;
    const returns = (v: number, t: number): void => {
      if (v !== NO_VERSION && completion[t]! < firstReturn[v]!) firstReturn[v] = completion[t]!;
    };
    const invokes = (v: number, t: number): void => {
      if (v !== NO_VERSION && invocation[t]! > lastInvoked[v]!) lastInvoked[v] = invocation[t]!;
    };
    for (const touch of touches) {
      const { transaction: t, read, written } = touch;
      if (isAsserted) {
        invokes(firstOf(touch, initial), t);
        if (fate[t] === COMMITTED) returns(lastOf(touch), t);
        continue;
      }
      for (const v of [read, written]) {
        invokes(v, t);
        if (fate[t] === COMMITTED) returns(v, t);
      }
    }
    const known = Array.from(ofKey).filter((v) => !versions.ambiguous.has(v));
    const { versionGraph } = this;
    if (versionGraph !== undefined) {
      if (!isAsserted) return;
      const isKnown = (): boolean => true;
      eachNext(known, isKnown, lifetimes, false, (version, next) => {
        for (const later of next) versionGraph.add(version, later, WW);
      });
      return;
    }
    const others = known.filter((v) => v !== initial);
    const hasNode = (v: number): boolean => node[v] !== NOBODY;
    eachNext(others, hasNode, lifetimes, !isAsserted, (version, next) => {
      if (isAsserted) this.linkAsserted(version, next);
      else this.linkLate(version, next);
    });
  }

  private isInitial(version: number): boolean {
    return this.versions.initial[this.versions.key[version]!] === version;
  }

  /** ww and rw, but between versions that precede each other. */
  private linkAsserted(version: number, later: readonly number[]): void {
    const { component } = this;
    const apart = component === undefined ? later : later.filter((v) => component[v] !== component[version]);
    this.linkWrites(version, apart, WW);
    this.link(version, apart, RW);
  }

  /** From who wrote the version to who wrote each later one. */
  private linkWrites(version: number, later: readonly number[], kind: number): void {
    const { transactions, graph, node } = this;
    const { fate, microOps } = transactions;
    const { transaction } = microOps;
    const writer = node[version]!;
    if (writer === NOBODY) return;
    for (const v of later) {
      const next = node[v]!;
      if (next === NOBODY) continue;
      const areSure = fate[transaction[writer]!] === COMMITTED && fate[transaction[next]!] === COMMITTED;
      graph.add(transaction[writer]!, transaction[next]!, areSure ? kind : kind | BY_COMMITTED_READS, writer);
    }
  }

  /** From all who read the version to who wrote each later one. */
  private link(version: number, later: readonly number[], kind: number): void {
    const { transactions, versions, graph, node } = this;
    const { transaction } = transactions.microOps;
    const { readers } = versions;
    const start = versions.readerStart[version]!;
    const end = versions.readerStart[version + 1]!;
    if (start === end) return;
    const writers: number[] = [];
    for (const v of later) if (node[v] !== NOBODY) writers.push(transaction[node[v]!]!);
    const count = end - start;
    if (count * writers.length <= Math.max(pairsMax, count + writers.length)) {
      for (let i = start; i < end; i++) {
        const reader = readers[i]!;
        for (const writer of writers) graph.add(transaction[reader]!, writer, kind, reader);
      }
      return;
    }
    const own = onlyCommon(transaction, readers.subarray(start, end), writers);
    const junction = graph.junction();
    for (let i = start; i < end; i++) {
      const reader = readers[i]!;
      if (transaction[reader] !== own) graph.add(transaction[reader]!, junction, kind, reader);
      else for (const writer of writers) graph.add(own, writer, kind, reader);
    }
    for (const writer of writers) graph.add(junction, writer, ONWARD);
  }

  /**
   * From all who had the version to who wrote each later one; where the one had returned before the other was invoked, there is a step of real
   * time.
   */
  private linkLate(version: number, later: readonly number[]): void {
    const { transactions, versions, graph, node } = this;
    const { completion, invocation, fate, microOps } = transactions;
    const { transaction } = microOps;
    const kind = RW | BY_REALTIME;
    const { readers } = versions;
    const start = versions.readerStart[version]!;
    const end = versions.readerStart[version + 1]!;
    const isLate = (m: number, next: number): boolean => {
      const t = transaction[m]!;
      return fate[t] !== COMMITTED || completion[t]! > invocation[next]!;
    };
    const writer = node[version]!;
    let late = 0;
    for (const v of later) {
      const next = transaction[node[v]!]!;
      if (writer !== NOBODY && isLate(writer, next)) graph.add(transaction[writer]!, next, kind, writer);
      for (let i = start; i < end; i++) if (isLate(readers[i]!, next)) late++;
    }
    if (late === 0) return;
    if (late > Math.max(pairsMax, end - start + later.length)) {
      this.link(version, later, kind);
      return;
    }
    for (const v of later) {
      const next = transaction[node[v]!]!;
      for (let i = start; i < end; i++) {
        if (isLate(readers[i]!, next)) graph.add(transaction[readers[i]!]!, next, kind, readers[i]!);
      }
    }
  }

  /** Each version with those that come after it, each once. */
  private eachPair(pairs: Pairs, visit: (version: number, later: readonly number[]) => void): void {
    for (const [version, later] of pairs) {
      const stamp = ++this.stamps;
      visit(
        version,
        later.filter((v) => {
          const isNew = this.stampOf[v] !== stamp;
          this.stampOf[v] = stamp;
          return isNew;
        }),
      );
    }
  }
}

type Pairs = Map<number, number[]>;

function addPair(pairs: Pairs, version: number, later: number): void {
  const others = pairs.get(version);
  if (others === undefined) pairs.set(version, [later]);
  else others.push(later);
}

/**
 * The transaction that is on both sides, where there is just one; else -1. Over a junction it would seem to precede itself; where there are
 * several, they do, over each other.
 */
function onlyCommon(transaction: Int32Array, readers: Int32Array, writers: readonly number[]): number {
  const writing = new Set(writers);
  const common = new Set<number>();
  for (const reader of readers) if (writing.has(transaction[reader]!)) common.add(transaction[reader]!);
  const [first] = common;
  return common.size === 1 ? first! : -1;
}
