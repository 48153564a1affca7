/**
 * Figure 3.2's properties, observed after every event. Each monitor looks only at what the node that stepped has
 * changed, so that it costs little; all survive restarts of nodes, for what was once true of a term stays true.
 */
import type { Invariant, InvariantMonitor } from '../../protocol/system.ts';
import type { Entry, RaftLog } from './log.ts';
import type { RaftDescription } from './raft.ts';

type Monitor = InvariantMonitor<RaftDescription>;
type Descriptions = readonly (RaftDescription | undefined)[];

/** At most one leader is elected in a term. */
function electionSafety(nodeIds: readonly string[]): Monitor {
  const leaderOf = new Map<number, number>();
  const lastTermLed = nodeIds.map(() => 0);
  return {
    observe(changed, descriptions) {
      const node = descriptions[changed] as RaftDescription;
      if (node.role !== 'leader' || node.term === lastTermLed[changed]) return undefined;
      lastTermLed[changed] = node.term;
      const other = leaderOf.get(node.term);
      leaderOf.set(node.term, changed);
      if (other === undefined || other === changed) return undefined;
      return `${nodeIds[other]} and ${nodeIds[changed]} were both elected in term ${node.term}`;
    },
  };
}

/** What a monitor has seen of a node's log. */
class Seen {
  log: RaftLog | undefined;
  last = 0;
  truncations = 0;

  /** The first index that may be new since the last look. */
  firstNew(log: RaftLog): number {
    const unchanged = this.log === log && this.truncations === log.truncations;
    const first = unchanged ? Math.max(this.last + 1, log.first) : log.first;
    this.log = log;
    this.last = log.last;
    this.truncations = log.truncations;
    return first;
  }

  changed(log: RaftLog): boolean {
    return this.log !== log || this.last !== log.last || this.truncations !== log.truncations;
  }
}

/** What an entry with some index and term looked like when it was first seen, anywhere. */
interface Original {
  readonly entry: Entry;
  readonly previousTerm: number | undefined;
  readonly node: number;
}

/** Two logs with an entry of the same index and term are the same up to it. */
function logMatching(nodeIds: readonly string[]): Monitor {
  const seen = nodeIds.map(() => new Seen());
  const originals: Map<number, Original>[] = [];
  return {
    observe(changed, descriptions) {
      const { log } = descriptions[changed] as RaftDescription;
      const view = seen[changed] as Seen;
      if (!view.changed(log)) return undefined;
      for (let index = view.firstNew(log); index <= log.last; index++) {
        const entry = log.entryAt(index) as Entry;
        const previousTerm = log.termAt(index - 1);
        originals[index] ??= new Map();
        const byTerm = originals[index] as Map<number, Original>;
        const original = byTerm.get(entry.term);
        if (original === undefined) {
          byTerm.set(entry.term, { entry, previousTerm, node: changed });
        } else if (!sameEntry(original.entry, entry)) {
          return `entry ${index} of term ${entry.term} is one command on ${nodeIds[original.node]} and another on ${nodeIds[changed]}`;
        } else if (
          original.previousTerm !== previousTerm &&
          original.previousTerm !== undefined &&
          previousTerm !== undefined
        ) {
          return `${nodeIds[original.node]} and ${nodeIds[changed]} agree on entry ${index} of term ${entry.term}, but before it one has term ${original.previousTerm}, the other ${previousTerm}`;
        }
      }
      return undefined;
    },
  };
}

/** In one process entries are shared, so identity nearly always decides. */
function sameEntry(a: Entry, b: Entry): boolean {
  return a === b || (a.command?.client === b.command?.client && a.command?.id === b.command?.id);
}

/** Entries that were committed, by index, as whoever committed them first had them. */
class Committed {
  readonly terms: number[] = [];
  last = 0;
}

/** A leader's log has every entry that was committed in earlier terms. */
function leaderCompleteness(nodeIds: readonly string[]): Monitor {
  const committed = new Committed();
  const lastTermLed = nodeIds.map(() => 0);
  return {
    observe(changed, descriptions) {
      const node = descriptions[changed] as RaftDescription;
      let reason: string | undefined;
      if (node.role === 'leader' && node.term !== lastTermLed[changed]) {
        lastTermLed[changed] = node.term;
        reason = missingFrom(node, nodeIds[changed] as string, committed);
      }
      noteCommitted(node, committed);
      return reason;
    },
  };
}

function noteCommitted({ log, commitIndex }: RaftDescription, committed: Committed): void {
  for (let index = Math.max(committed.last + 1, log.first); index <= commitIndex; index++) {
    committed.terms[index] = log.termAt(index) as number;
  }
  committed.last = Math.max(committed.last, commitIndex);
}

function missingFrom({ log, term }: RaftDescription, id: string, committed: Committed): string | undefined {
  for (let index = committed.last; index >= log.first; index--) {
    const committedTerm = committed.terms[index];
    if (committedTerm === undefined || committedTerm > term) continue;
    const here = log.termAt(index);
    if (here === committedTerm) return undefined;
    const found = here === undefined ? 'nothing' : `an entry of term ${here}`;
    return `${id} leads in term ${term} and has ${found} at index ${index}, where an entry of term ${committedTerm} was committed`;
  }
  return undefined;
}

/** No two nodes apply different commands at one index. */
function stateMachineSafety(nodeIds: readonly string[]): Monitor {
  const applied: { readonly entry: Entry; readonly node: number }[] = [];
  const lastApplied = nodeIds.map(() => 0);
  return {
    observe(changed, descriptions: Descriptions) {
      const node = descriptions[changed] as RaftDescription;
      const before = lastApplied[changed] as number;
      if (node.lastApplied === before) return undefined;
      lastApplied[changed] = node.lastApplied;
      const { log } = node;
      const from = before < node.lastApplied ? Math.max(before + 1, log.first) : log.first;
      for (let index = from; index <= node.lastApplied; index++) {
        const entry = log.entryAt(index);
        if (entry === undefined) continue;
        const other = applied[index];
        if (other === undefined) {
          applied[index] = { entry, node: changed };
        } else if (other.entry.term !== entry.term || !sameEntry(other.entry, entry)) {
          return `${nodeIds[other.node]} and ${nodeIds[changed]} applied different entries at index ${index}, of terms ${other.entry.term} and ${entry.term}`;
        }
      }
      return undefined;
    },
  };
}

const source = 'Ongaro 2014, Figure 3.2';

export const invariants: readonly Invariant<RaftDescription>[] = [
  { name: 'election-safety', summary: 'At most one leader is elected in a term.', source, monitor: electionSafety },
  {
    name: 'log-matching',
    summary: 'Logs that have an entry of the same index and term are the same up to it.',
    source,
    monitor: logMatching,
  },
  {
    name: 'leader-completeness',
    summary: 'An entry that was committed is in the log of every later leader.',
    source,
    monitor: leaderCompleteness,
  },
  {
    name: 'state-machine-safety',
    summary: 'No two nodes apply different commands at one index.',
    source,
    monitor: stateMachineSafety,
  },
];
