/**
 * What must be true of Multi-Paxos at all times, checked after every event. What was once promised, proposed, or chosen
 * stays so, and each monitor remembers it beyond restarts of nodes. A step that accepts and chooses nothing costs O(1)
 * per monitor; else each new acceptance and each chosen slot is looked at once.
 */
import type { Invariant, InvariantMonitor } from '../../protocol/system.ts';
import { Ledger, Snapshots } from '../machines/ledger.ts';
import type { Command } from '../machines/replicated.ts';
import { describedBallot } from './ballot.ts';
import type { PValue } from './messages.ts';
import type { PaxosDescription } from './paxos.ts';

type Monitor = InvariantMonitor<PaxosDescription>;

/** The same object in one process, nearly always; what a snapshot or a disk gave back may be an equal one. */
const sameCommand = (a: Command | null, b: Command | null): boolean =>
  a === b || (a !== null && b !== null && a.client === b.client && a.id === b.id);

const described = ({ command }: PValue): string =>
  command === null ? 'the no-op' : `request ${command.id} of ${command.client}`;

/** How many things of each node a monitor has looked at; those of a node that restarted it looks at again. */
class Progress {
  readonly #nodes: (PaxosDescription | undefined)[];
  readonly #seen: number[];

  constructor(nodeIds: readonly string[]) {
    this.#nodes = nodeIds.map(() => undefined);
    this.#seen = nodeIds.map(() => 0);
  }

  /** Returns how many were seen before; from now on, `count` have been. */
  advance(changed: number, node: PaxosDescription, count: number): number {
    const seen = this.#nodes[changed] === node ? (this.#seen[changed] as number) : 0;
    this.#nodes[changed] = node;
    this.#seen[changed] = count;
    return seen;
  }

  /** Whether this life of the node has not been seen before. */
  isNew(changed: number, node: PaxosDescription): boolean {
    return this.#nodes[changed] !== node;
  }
}

function agreement(nodeIds: readonly string[]): Monitor {
  const learned = new Ledger<{ readonly pvalue: PValue; readonly node: number }>();
  const snapshots = new Snapshots(nodeIds);
  const progress = new Progress(nodeIds);
  return {
    observe(changed, descriptions) {
      const node = descriptions[changed];
      if (node === undefined) return undefined;
      const seen = progress.advance(changed, node, node.chosen);
      if (seen === node.chosen) return undefined;
      const everywhere = snapshots.observe(changed, node.snapshotSlot);
      if (everywhere !== undefined) learned.dropBefore(everywhere);
      for (let slot = Math.max(seen + 1, learned.first); slot <= node.chosen; slot++) {
        // What came with a snapshot, or went into one in the same step, cannot be seen.
        const pvalue = node.at(slot);
        if (pvalue === undefined) continue;
        const other = learned.get(slot);
        if (other === undefined) learned.set(slot, { pvalue, node: changed });
        else if (!sameCommand(other.pvalue.command, pvalue.command)) {
          return `for slot ${slot}, ${nodeIds[other.node]} has learned that ${described(other.pvalue)} is chosen, but ${nodeIds[changed]} ${described(pvalue)}`;
        }
      }
      return undefined;
    },
  };
}

/** A node that has applied a slot has applied all before it: a snapshot, or something at each slot since. */
function appliedInOrder(nodeIds: readonly string[]): Monitor {
  const progress = new Progress(nodeIds);
  return {
    observe(changed, descriptions) {
      const node = descriptions[changed];
      if (node === undefined) return undefined;
      const seen = progress.advance(changed, node, node.applied);
      if (node.applied > node.chosen) {
        return `${nodeIds[changed]} has applied slot ${node.applied}, and knows only those up to ${node.chosen} to be chosen`;
      }
      if (node.applied < seen) return `${nodeIds[changed]} had applied slot ${seen}, and now only ${node.applied}`;
      for (let slot = Math.max(seen, node.snapshotSlot) + 1; slot <= node.applied; slot++) {
        if (node.at(slot) === undefined) {
          return `${nodeIds[changed]} has applied slot ${node.applied}, but nothing at slot ${slot}`;
        }
      }
      return undefined;
    },
  };
}

function promisesKept(nodeIds: readonly string[]): Monitor {
  const progress = new Progress(nodeIds);
  /** By node: the greatest ballot that it is known to have promised to a proposer, which survives its crashes. */
  const owed = nodeIds.map(() => 0);
  const lastLed = nodeIds.map(() => 0);
  return {
    observe(changed, descriptions) {
      const node = descriptions[changed];
      if (node === undefined) return undefined;
      const seen = progress.advance(changed, node, node.promised);
      const bound = Math.max(seen, owed[changed] as number);
      if (node.promised < bound) {
        return `${nodeIds[changed]} has promised ballot ${describedBallot(bound, nodeIds)}, and is back at ${describedBallot(node.promised, nodeIds)}`;
      }
      if (node.role === 'follower' || lastLed[changed] === node.promised) return undefined;
      // The quorum is complete when the proposer leads; later promises nobody counts.
      if (node.role === 'leader') lastLed[changed] = node.promised;
      for (let i = 0; i < nodeIds.length; i++) {
        if (i !== changed && node.promises[i] === 1) owed[i] = Math.max(owed[i] as number, node.promised);
      }
      return undefined;
    },
  };
}

function acceptsWhatIsPromised(nodeIds: readonly string[]): Monitor {
  const progress = new Progress(nodeIds);
  return {
    observe(changed, descriptions) {
      const node = descriptions[changed];
      if (node === undefined) return undefined;
      const isNew = progress.isNew(changed, node);
      const seen = progress.advance(changed, node, node.acceptances);
      for (let position = seen + 1; position <= node.acceptances; position++) {
        const pvalue = node.acceptance(position);
        if (pvalue === undefined) continue;
        // A step accepts in the ballot that it promises; what a new life finds on disk may be from earlier ones.
        if (isNew ? pvalue.ballot <= node.promised : pvalue.ballot === node.promised) continue;
        return `${nodeIds[changed]} has accepted ${described(pvalue)} for slot ${pvalue.slot} in ballot ${describedBallot(pvalue.ballot, nodeIds)}, having promised ${describedBallot(node.promised, nodeIds)}`;
      }
      return undefined;
    },
  };
}

/** By slot, of what was accepted anywhere: one proposal of each ballot. */
function oneProposalPerBallot(nodeIds: readonly string[]): Monitor {
  const progress = new Progress(nodeIds);
  const snapshots = new Snapshots(nodeIds);
  const proposals = new Ledger<PValue[]>();

  function compare(pvalue: PValue): string | undefined {
    const known = proposals.get(pvalue.slot);
    if (known === undefined) {
      proposals.set(pvalue.slot, [pvalue]);
      return undefined;
    }
    const other = known.find(({ ballot }) => ballot === pvalue.ballot);
    if (other === undefined) known.push(pvalue);
    else if (!sameCommand(other.command, pvalue.command)) {
      return `for slot ${pvalue.slot}, both ${described(other)} and ${described(pvalue)} were proposed in ballot ${describedBallot(pvalue.ballot, nodeIds)}`;
    }
    return undefined;
  }

  return {
    observe(changed, descriptions) {
      const node = descriptions[changed];
      if (node === undefined) return undefined;
      const seen = progress.advance(changed, node, node.acceptances);
      if (seen === node.acceptances) return undefined;
      const everywhere = snapshots.observe(changed, node.snapshotSlot);
      if (everywhere !== undefined) proposals.dropBefore(everywhere);
      for (let position = seen + 1; position <= node.acceptances; position++) {
        const pvalue = node.acceptance(position);
        if (pvalue === undefined || pvalue.slot < proposals.first) continue;
        const reason = compare(pvalue);
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
  };
}

/** What is learned was chosen in the ballot of its proposal or in an earlier one. */
function chosenIsStable(nodeIds: readonly string[]): Monitor {
  const acceptances = new Progress(nodeIds);
  const chosen = new Progress(nodeIds);
  const snapshots = new Snapshots(nodeIds);
  const learned = new Ledger<PValue>();

  function contradicts(pvalue: PValue): string | undefined {
    const known = learned.get(pvalue.slot);
    if (known === undefined || pvalue.ballot <= known.ballot || sameCommand(known.command, pvalue.command)) {
      return undefined;
    }
    return `for slot ${pvalue.slot}, ${described(known)} is chosen in ballot ${describedBallot(known.ballot, nodeIds)} or before, but ${described(pvalue)} is proposed in ${describedBallot(pvalue.ballot, nodeIds)}`;
  }

  return {
    observe(changed, descriptions) {
      const node = descriptions[changed];
      if (node === undefined) return undefined;
      const seen = acceptances.advance(changed, node, node.acceptances);
      for (let position = seen + 1; position <= node.acceptances; position++) {
        const pvalue = node.acceptance(position);
        const reason = pvalue === undefined ? undefined : contradicts(pvalue);
        if (reason !== undefined) return reason;
      }
      const known = chosen.advance(changed, node, node.chosen);
      if (known === node.chosen) return undefined;
      const everywhere = snapshots.observe(changed, node.snapshotSlot);
      if (everywhere !== undefined) learned.dropBefore(everywhere);
      for (let slot = Math.max(known + 1, learned.first); slot <= node.chosen; slot++) {
        const pvalue = node.at(slot);
        if (pvalue !== undefined && learned.get(slot) === undefined) learned.set(slot, pvalue);
      }
      return undefined;
    },
  };
}

const simple = 'Lamport 2001';

export const invariants: readonly Invariant<PaxosDescription>[] = [
  {
    name: 'agreement',
    summary: 'No two nodes learn that different values are chosen for one slot.',
    source: `${simple}, §2.1`,
    monitor: agreement,
  },
  {
    name: 'applied-in-order',
    summary: 'Nodes apply chosen values only, slot by slot, and leave out none.',
    source: 'van Renesse and Altinbuken 2015, §2.1',
    monitor: appliedInOrder,
  },
  {
    name: 'promises-kept',
    summary: 'An acceptor never goes back behind a ballot that it has promised.',
    source: `${simple}, §2.2`,
    monitor: promisesKept,
  },
  {
    name: 'accepts-what-is-promised',
    summary: 'An acceptor accepts nothing in a ballot below its promise, and to accept is to promise.',
    source: `${simple}, §2.2 (P1a)`,
    monitor: acceptsWhatIsPromised,
  },
  {
    name: 'one-proposal-per-ballot',
    summary: 'In one ballot, one value at most is proposed for a slot.',
    source: `${simple}, §2.2`,
    monitor: oneProposalPerBallot,
  },
  {
    name: 'chosen-is-stable',
    summary:
      'Once a value is chosen for a slot, every higher ballot that proposes something there proposes that value.',
    source: `${simple}, §2.2 (P2b)`,
    monitor: chosenIsStable,
  },
];
