/**
 * The properties that Raft guarantees at all times (figure 3.2), checked after every event. What was once true of a
 * term or an index stays true, so each monitor remembers it beyond restarts of nodes. A step that changes neither log
 * nor role costs O(1); else each new entry is looked at once, and each election walks the log of the new leader.
 */
import type { Invariant, InvariantMonitor } from '../../protocol/system.ts';
import { Ledger, Snapshots } from '../machines/ledger.ts';
import type { Entry } from './messages.ts';
import type { RaftDescription } from './raft.ts';

type Monitor = InvariantMonitor<RaftDescription>;
type Descriptions = readonly (RaftDescription | undefined)[];

/** The same object in one process, nearly always; what a snapshot or a disk gave back may be an equal one. */
function sameEntry(a: Entry, b: Entry): boolean {
  if (a === b) return true;
  return a.term === b.term && a.command?.client === b.command?.client && a.command?.id === b.command?.id;
}

const described = (entry: Entry): string =>
  entry.command === null
    ? `the no-op of term ${entry.term}`
    : `request ${entry.command.id} of ${entry.command.client} in term ${entry.term}`;

function electionSafety(nodeIds: readonly string[]): Monitor {
  const leaderOf = new Map<number, number>();
  const lastTermLed = nodeIds.map(() => 0);
  return {
    observe(changed, descriptions) {
      const node = descriptions[changed];
      if (node === undefined || node.role !== 'leader' || node.term === lastTermLed[changed]) return undefined;
      lastTermLed[changed] = node.term;
      const earlier = leaderOf.get(node.term);
      leaderOf.set(node.term, changed);
      if (earlier === undefined || earlier === changed) return undefined;
      return `${nodeIds[earlier]} and ${nodeIds[changed]} were both elected leader of term ${node.term}`;
    },
  };
}

/** What was first seen at an index under a term, anywhere. */
interface Original {
  readonly entry: Entry;
  readonly previousTerm: number | undefined;
  readonly node: number;
}

/** How far a monitor has looked at a node's log. */
class Seen {
  #node: RaftDescription | undefined;
  #revision = 0;
  #lastIndex = 0;

  /** The first entry that may be new; greater than the last when there is none. */
  firstNew(node: RaftDescription): number {
    const grewOnly = this.#node === node && this.#revision === node.revision;
    const first = grewOnly ? Math.max(this.#lastIndex + 1, node.firstIndex) : node.firstIndex;
    this.#node = node;
    this.#revision = node.revision;
    this.#lastIndex = node.lastIndex;
    return first;
  }
}

/**
 * Checked entry by entry: one index and term is one command everywhere, and has one term before it. By induction the
 * logs are then the same from their beginnings.
 */
function logMatching(nodeIds: readonly string[]): Monitor {
  const seen = nodeIds.map(() => new Seen());
  const snapshots = new Snapshots(nodeIds);
  const originals = new Ledger<Original[]>();
  return {
    observe(changed, descriptions) {
      const node = descriptions[changed];
      if (node === undefined) return undefined;
      const first = (seen[changed] as Seen).firstNew(node);
      if (first > node.lastIndex) return undefined;
      const everywhere = snapshots.observe(changed, node.snapshotIndex);
      if (everywhere !== undefined) originals.dropBefore(everywhere);
      for (let index = first; index <= node.lastIndex; index++) {
        const entry = node.entryAt(index) as Entry;
        const previousTerm = node.termAt(index - 1);
        if (isOriginal(originals.get(index), entry, previousTerm)) continue;
        const reason = compare(nodeIds, originals, index, { entry, previousTerm, node: changed });
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
  };
}

/** True where the entry was seen before as the very same object behind the same term: nearly always, in one process. */
function isOriginal(known: readonly Original[] | undefined, entry: Entry, previousTerm: number | undefined): boolean {
  if (known === undefined) return false;
  for (let i = 0; i < known.length; i++) {
    const original = known[i] as Original;
    if (original.entry === entry && original.previousTerm === previousTerm) return true;
  }
  return false;
}

/** Compares an entry with the one first seen at its index and term, or notes it as that. */
function compare(
  nodeIds: readonly string[],
  originals: Ledger<Original[]>,
  index: number,
  one: Original,
): string | undefined {
  const { term } = one.entry;
  const known = originals.get(index);
  const other = known?.find(({ entry }) => entry.term === term);
  if (other === undefined) {
    if (known === undefined) originals.set(index, [one]);
    else known.push(one);
    return undefined;
  }
  const [a, b] = [nodeIds[other.node], nodeIds[one.node]];
  if (!sameEntry(other.entry, one.entry)) {
    return `at index ${index}, ${a} has ${described(other.entry)}, but ${b} ${described(one.entry)}`;
  }
  if (other.previousTerm === one.previousTerm) return undefined;
  // The entry before may be gone into a snapshot.
  if (other.previousTerm === undefined || one.previousTerm === undefined) return undefined;
  return `${a} and ${b} have the same entry of term ${term} at index ${index}, but before it entries of terms ${other.previousTerm} and ${one.previousTerm}`;
}

interface Committed {
  readonly entry: Entry;
  /** The term of the node that first took the entry for committed. */
  readonly inTerm: number;
}

function leaderCompleteness(nodeIds: readonly string[]): Monitor {
  const committed = new Ledger<Committed>();
  let last = 0;
  const snapshots = new Snapshots(nodeIds);
  const lastTermLed = nodeIds.map(() => 0);

  /** What a leader lacks of the entries from `from` on that were committed before its term. */
  function missing(leader: RaftDescription, id: string, from: number): string | undefined {
    for (let index = Math.max(from, leader.snapshotIndex + 1, committed.first); index <= last; index++) {
      const expected = committed.get(index);
      if (expected === undefined || expected.inTerm >= leader.term) continue;
      const found = leader.entryAt(index);
      if (found !== undefined && sameEntry(found, expected.entry)) continue;
      const instead = found === undefined ? 'nothing' : described(found);
      return `${id} leads term ${leader.term} with ${instead} at index ${index}, where ${described(expected.entry)} was committed in term ${expected.inTerm}`;
    }
    return undefined;
  }

  /** Entries that nobody has committed before; leaders of later terms may be there already. */
  function commit(node: RaftDescription, descriptions: Descriptions): string | undefined {
    const from = last + 1;
    for (let index = from; index <= node.commitIndex; index++) {
      const entry = node.entryAt(index);
      if (entry !== undefined) committed.set(index, { entry, inTerm: node.term });
    }
    last = node.commitIndex;
    for (let i = 0; i < descriptions.length; i++) {
      const other = descriptions[i];
      if (other === undefined || other.role !== 'leader' || other.term <= node.term) continue;
      const reason = missing(other, nodeIds[i] as string, from);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  return {
    observe(changed, descriptions) {
      const node = descriptions[changed];
      if (node === undefined) return undefined;
      if (node.role === 'leader' && node.term !== lastTermLed[changed]) {
        lastTermLed[changed] = node.term;
        const reason = missing(node, nodeIds[changed] as string, 1);
        if (reason !== undefined) return reason;
      }
      const everywhere = snapshots.observe(changed, node.snapshotIndex);
      if (everywhere !== undefined) committed.dropBefore(everywhere);
      if (node.commitIndex <= last) return undefined;
      return commit(node, descriptions);
    },
  };
}

interface Applied {
  readonly entry: Entry;
  readonly node: number;
}

function stateMachineSafety(nodeIds: readonly string[]): Monitor {
  const applied = new Ledger<Applied>();
  const snapshots = new Snapshots(nodeIds);
  const nodes: (RaftDescription | undefined)[] = nodeIds.map(() => undefined);
  const lastApplied = nodeIds.map(() => 0);
  return {
    observe(changed, descriptions) {
      const node = descriptions[changed];
      if (node === undefined) return undefined;
      const known = nodes[changed] === node ? (lastApplied[changed] as number) : 0;
      if (known === node.lastApplied && nodes[changed] === node) return undefined;
      nodes[changed] = node;
      lastApplied[changed] = node.lastApplied;
      const everywhere = snapshots.observe(changed, node.snapshotIndex);
      if (everywhere !== undefined) applied.dropBefore(everywhere);
      for (let index = Math.max(known + 1, applied.first); index <= node.lastApplied; index++) {
        // Entries that came with a snapshot, or went into one in the same step, cannot be seen.
        const entry = node.entryAt(index);
        if (entry === undefined) continue;
        const other = applied.get(index);
        if (other === undefined) applied.set(index, { entry, node: changed });
        else if (!sameEntry(other.entry, entry)) {
          return `at index ${index}, ${nodeIds[other.node]} has applied ${described(other.entry)}, but ${nodeIds[changed]} ${described(entry)}`;
        }
      }
      return undefined;
    },
  };
}

const source = 'Ongaro 2014, figure 3.2';

export const invariants: readonly Invariant<RaftDescription>[] = [
  {
    name: 'election-safety',
    summary: 'At most one leader is elected in a term.',
    source: `${source}; §3.4`,
    monitor: electionSafety,
  },
  {
    name: 'log-matching',
    summary: 'Logs that have an entry with the same index and term are the same up to that entry.',
    source: `${source}; §3.5`,
    monitor: logMatching,
  },
  {
    name: 'leader-completeness',
    summary: 'An entry that is committed in a term is in the logs of the leaders of all later terms.',
    source: `${source}; §3.6.3`,
    monitor: leaderCompleteness,
  },
  {
    name: 'state-machine-safety',
    summary: 'No two nodes apply different entries at one index.',
    source: `${source}; §3.6.3`,
    monitor: stateMachineSafety,
  },
];
