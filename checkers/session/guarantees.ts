/** The four session guarantees, each on one register. */
import { RETURNED } from '../linearizable/calls.ts';
import { type Reason, VersionGraph } from './version-graph.ts';
import { FIRST, NONE, type Versions } from './versions.ts';

export const sessionGuarantees = [
  'read-your-writes',
  'monotonic-reads',
  'monotonic-writes',
  'writes-follow-reads',
] as const;

export type SessionGuarantee = (typeof sessionGuarantees)[number];

/** What was found. */
export type Finding =
  /** The versions of these values would come before themselves: for each step two calls of one process that say so. */
  | { readonly kind: 'cycle'; readonly steps: readonly Reason[] }
  /** A call found what the register held at first, after an earlier one of its process that makes that impossible. */
  | { readonly kind: 'first'; readonly earlier: number; readonly later: number }
  /** One process did `before` and then `after`; another saw what the latter left, and then what the former left or saw. */
  | {
      readonly kind: 'order';
      readonly before: number;
      readonly after: number;
      readonly sawAfter: number;
      readonly sawBefore: number;
    };

/** What one guarantee says of one register. */
export interface Judgement {
  readonly violation?: Finding;
  /** It, or else another guarantee, is broken. */
  readonly doubt?: Doubt;
}

export interface Doubt {
  readonly earlier: number;
  readonly later: number;
  readonly because: 'own-writes-out-of-order' | 'reads-go-back';
}

/**
 * Reads of one process never go back: of two versions that it reads, the one it reads later comes later. Violated if the versions cannot be
 * put in one order, the first one first. Linear.
 */
export function monotonicReads({ calls, read, count }: Versions): Judgement {
  const graph = new VersionGraph(count);
  const last = new Map<number, number>();
  for (let call = 0; call < calls.length; call++) {
    if (read[call]! < 0) continue;
    const process = calls.process[call]!;
    const earlier = last.get(process);
    last.set(process, call);
    if (earlier === undefined || read[earlier] === read[call]) continue;
    if (read[call] === FIRST) return { violation: { kind: 'first', earlier, later: call } };
    graph.add(read[earlier]!, read[call]!, earlier, call);
  }
  const steps = graph.cycle();
  return steps === undefined ? {} : { violation: { kind: 'cycle', steps } };
}

/**
 * What a process reads is no older than what it wrote before: of each of its earlier writes, the version that it reads is that one, or comes
 * later. Violated if the versions cannot be put in one order, the first one first. A write counts as earlier where it returned.
 *
 * A process that reads its own write after a later one of its own is in doubt, if nothing else says which of the two came first:
 * where writes are not monotonic, the earlier one may have been ordered last. Time: ops times the logarithm of the writes of a process.
 */
export function readYourWrites({ calls, read, written, writer, count }: Versions): Judgement {
  const graph = new VersionGraph(count);
  const own = new Map<number, OwnWrites>();
  let doubt: Doubt | undefined;
  for (let call = 0; call < calls.length; call++) {
    const process = calls.process[call]!;
    let writes = own.get(process);
    const version = read[call]!;
    if (writes !== undefined && version >= 0) {
      if (version === FIRST) return { violation: { kind: 'first', earlier: writes.last, later: call } };
      const at = writes.placeOf(version);
      writes.before(at < 0 ? writes.count : at, (node) => graph.add(node, version, NONE, call));
      if (at >= 0) writes.after(at, (node) => graph.add(node, version, NONE, call));
      if (at >= 0 && at < writes.count - 1) {
        doubt ??= { earlier: writes.last, later: call, because: 'own-writes-out-of-order' };
      }
    }
    if (calls.fate[call] !== RETURNED || written[call] === NONE) continue;
    if (writes === undefined) {
      writes = new OwnWrites(graph);
      own.set(process, writes);
    }
    writes.add(written[call]!, call);
  }
  const cycle = graph.cycle();
  if (cycle !== undefined) {
    const steps = cycle.map(({ version, later }) => ({ version, earlier: writer[version]!, later }));
    return { violation: { kind: 'cycle', steps } };
  }
  return doubt === undefined ? {} : { doubt };
}

/** The writes of one process, in its order, in blocks: any stretch of them is a few nodes of the graph. */
class OwnWrites {
  private readonly graph: VersionGraph;
  /** Of each size (a power of two) the blocks of so many that begin at multiples of it. */
  private readonly blocks: number[][] = [[]];
  private readonly places = new Map<number, number>();
  /** The call that wrote last. */
  last = NONE;

  constructor(graph: VersionGraph) {
    this.graph = graph;
  }

  get count(): number {
    return this.blocks[0]!.length;
  }

  /** Writes whose version is ambiguous say only that there was one. */
  add(version: number, call: number): void {
    this.last = call;
    if (version < 0) return;
    this.places.set(version, this.count);
    let node = version;
    for (let size = 0; ; size++) {
      const blocks = this.blocks[size];
      if (blocks === undefined) {
        this.blocks.push([node]);
        return;
      }
      blocks.push(node);
      if (blocks.length % 2 === 1) return;
      node = this.graph.both(blocks.at(-2)!, node);
    }
  }

  /** -1 where it is not one of them. */
  placeOf(version: number): number {
    return this.places.get(version) ?? -1;
  }

  /** Nodes for all in front of the place. */
  before(place: number, visit: (node: number) => void): void {
    this.stretch(0, place, visit);
  }

  /** Nodes for all behind the place. */
  after(place: number, visit: (node: number) => void): void {
    this.stretch(place + 1, this.count, visit);
  }

  private stretch(from: number, to: number, visit: (node: number) => void): void {
    while (from < to) {
      let size = 0;
      while (from % 2 ** (size + 1) === 0 && from + 2 ** (size + 1) <= to) size++;
      visit(this.blocks[size]![from / 2 ** size]!);
      from += 2 ** size;
    }
  }
}

/**
 * Of two writes of one process all see the earlier one first. Violated if some process reads the later one and then the earlier one, which
 * had returned before the other was invoked. Of a process whose own reads go back that says nothing. Linear.
 */
export function monotonicWrites(versions: Versions): Judgement {
  const { calls, read, writer } = versions;
  return outOfOrder(
    versions,
    (version, seen, report) => {
      const before = writer[version]!;
      const after = seen.get(calls.process[before]!);
      if (after === undefined || after.writer <= before || calls.fate[before] !== RETURNED) return;
      report(before, after.writer, after.saw);
    },
    read,
  );
}

/**
 * What a process writes after it has read a version is seen after that one. Violated if some process reads what was written, and then the
 * version that was read before. Of a process whose own reads go back that says nothing. Near linear: ops times processes at worst.
 */
export function writesFollowReads(versions: Versions): Judgement {
  const { calls, read } = versions;
  // Of each version the calls that were the first of their processes to read it.
  const readers = new Map<number, Map<number, number>>();
  for (let call = 0; call < calls.length; call++) {
    if (read[call]! <= FIRST) continue;
    let first = readers.get(read[call]!);
    if (first === undefined) {
      first = new Map();
      readers.set(read[call]!, first);
    }
    const process = calls.process[call]!;
    if (!first.has(process)) first.set(process, call);
  }
  return outOfOrder(
    versions,
    (version, seen, report) => {
      const first = readers.get(version)!;
      const processes = first.size < seen.size ? first.keys() : seen.keys();
      for (const process of processes) {
        const before = first.get(process);
        const after = seen.get(process);
        if (before === undefined || after === undefined || after.writer < before) continue;
        report(before, after.writer, after.saw);
        return;
      }
    },
    read,
  );
}

/** The last write of some process that another has seen, and the call that saw it. */
interface Seen {
  readonly writer: number;
  readonly saw: number;
}

/**
 * Walks what each process reads, with the last write of each other process that it has seen before. `look` reports calls `before` and `after`
 * of one process of which that one should be seen first whose version is read now.
 */
function outOfOrder(
  { calls, writer }: Versions,
  look: (
    version: number,
    seen: ReadonlyMap<number, Seen>,
    report: (before: number, after: number, sawAfter: number) => void,
  ) => void,
  read: Int32Array,
): Judgement {
  const goesBack = processesThatGoBack(calls.process, read);
  const seenBy = new Map<number, Map<number, Seen>>();
  const last = new Map<number, number>();
  let violation: Finding | undefined;
  let doubt: Doubt | undefined;
  for (let call = 0; call < calls.length && violation === undefined; call++) {
    const version = read[call]!;
    const reader = calls.process[call]!;
    if (version <= FIRST || last.get(reader) === version) continue;
    last.set(reader, version);
    let seen = seenBy.get(reader);
    if (seen === undefined) {
      seen = new Map();
      seenBy.set(reader, seen);
    }
    look(version, seen, (before, after, sawAfter) => {
      if (goesBack.has(reader)) doubt ??= { earlier: sawAfter, later: call, because: 'reads-go-back' };
      else violation = { kind: 'order', before, after, sawAfter, sawBefore: call };
    });
    const wrote = writer[version]!;
    const process = calls.process[wrote]!;
    if ((seen.get(process)?.writer ?? NONE) < wrote) seen.set(process, { writer: wrote, saw: call });
  }
  if (violation !== undefined) return { violation };
  return doubt === undefined ? {} : { doubt };
}

/** Those that read a version again after another one, or the first one after another. */
function processesThatGoBack(process: Int32Array, read: Int32Array): Set<number> {
  const found = new Set<number>();
  const known = new Map<number, Set<number>>();
  const last = new Map<number, number>();
  for (let call = 0; call < read.length; call++) {
    const version = read[call]!;
    const reader = process[call]!;
    if (version < 0 || last.get(reader) === version) continue;
    let versions = known.get(reader);
    if (versions === undefined) {
      versions = new Set();
      known.set(reader, versions);
    }
    if (versions.has(version) || (version === FIRST && versions.size > 0)) found.add(reader);
    versions.add(version);
    last.set(reader, version);
  }
  return found;
}
