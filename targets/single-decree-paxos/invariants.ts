/**
 * What must be true of single-decree Paxos at all times, checked after every event. What was once promised, accepted,
 * or chosen stays so, and each monitor remembers it beyond restarts of nodes. A step costs O(1) per monitor and
 * proposal of its instance; only the first of a life, O(instances).
 */
import type { Json } from '../../protocol/message.ts';
import type { Invariant, InvariantMonitor } from '../../protocol/system.ts';
import type { Scalar } from '../machines/requests.ts';
import { describedBallot } from '../paxos/ballot.ts';
import type { InstanceDescription } from './instance.ts';
import type { Proposal } from './messages.ts';
import type { SingleDecreeDescription } from './single-decree-paxos.ts';

type Monitor = InvariantMonitor<SingleDecreeDescription>;

/** What is wrong with an instance on a node, or undefined. Each life of a node has instances of its own, as objects. */
type Look<Memory> = (memory: Memory, instance: InstanceDescription, node: number) => string | undefined;

/** Looks at what each step was about, with what was remembered of that instance. */
function watch<Memory>(create: () => Memory, look: Look<Memory>): Monitor {
  const memories = new Map<Scalar, Memory>();
  const lives: (SingleDecreeDescription | undefined)[] = [];

  function lookAt(instance: InstanceDescription, node: number): string | undefined {
    let memory = memories.get(instance.key);
    if (memory === undefined) {
      memory = create();
      memories.set(instance.key, memory);
    }
    const reason = look(memory, instance, node);
    return reason === undefined ? undefined : `of ${JSON.stringify(instance.key)}, ${reason}`;
  }

  return {
    observe(changed, descriptions) {
      const node = descriptions[changed];
      if (node === undefined) return undefined;
      if (lives[changed] === node) {
        return node.touched === null ? undefined : lookAt(node.touched, changed);
      }
      lives[changed] = node;
      for (const instance of node.instances.values()) {
        const reason = lookAt(instance, changed);
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
  };
}

/** The same object in one process, nearly always. */
const sameValue = (a: Json, b: Json): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

const quoted = (value: Json): string => JSON.stringify(value);

function agreement(nodeIds: readonly string[]): Monitor {
  const create = (): { decided: Proposal | null; node: number } => ({ decided: null, node: -1 });
  return watch(create, (memory, { decided }, node) => {
    if (decided === null) return undefined;
    if (memory.decided === null) {
      memory.decided = decided;
      memory.node = node;
    } else if (!sameValue(memory.decided.value, decided.value)) {
      return `${nodeIds[memory.node]} has learned that ${quoted(memory.decided.value)} is chosen, but ${nodeIds[node]} ${quoted(decided.value)}`;
    }
    return undefined;
  });
}

/** Values as a set can hold them: JSON where they are no scalars. */
const element = (value: Json): Json => (typeof value === 'object' ? JSON.stringify([value]) : value);

function validity(nodeIds: readonly string[]): Monitor {
  return watch(
    () => new Set<Json>(),
    (asked, { waiting, accepted, proposal, decided }, node) => {
      for (const { value } of waiting) if (value !== null) asked.add(element(value));
      for (const found of [accepted, proposal, decided]) {
        if (found === null || asked.has(element(found.value))) continue;
        return `${nodeIds[node]} has ${quoted(found.value)}, which no client has proposed`;
      }
      return undefined;
    },
  );
}

/** By node, ballots: what it had when it was last seen, and what a proposer has been told that it has. */
interface Debts {
  readonly seen: number[];
  /** The life in which that was: what was not on disk at its end, nobody has been told. */
  readonly seenIn: (InstanceDescription | undefined)[];
  readonly owed: number[];
}

const debtsOf = (nodeIds: readonly string[]) => (): Debts => ({
  seen: nodeIds.map(() => 0),
  seenIn: nodeIds.map(() => undefined),
  owed: nodeIds.map(() => 0),
});

/** The ballot below which a node is not to be; from now on it has been seen at `ballot`. */
function boundOf({ seen, seenIn, owed }: Debts, instance: InstanceDescription, node: number, ballot: number): number {
  const bound = seenIn[node] === instance ? Math.max(seen[node]!, owed[node]!) : owed[node]!;
  seen[node] = ballot;
  seenIn[node] = instance;
  return bound;
}

/** The nodes with a flag owe the ballot. */
function owe({ owed }: Debts, flags: Readonly<Uint8Array>, ballot: number): void {
  for (let i = 0; i < flags.length; i++) if (flags[i] === 1 && owed[i]! < ballot) owed[i] = ballot;
}

function promisesKept(nodeIds: readonly string[]): Monitor {
  return watch(debtsOf(nodeIds), (debts, instance, node) => {
    const { promised, phase, ballot, promises, acceptors } = instance;
    const bound = boundOf(debts, instance, node, promised);
    if (promised < bound) {
      return `${nodeIds[node]} has promised ballot ${describedBallot(bound, nodeIds)}, and is back at ${describedBallot(promised, nodeIds)}`;
    }
    if (phase === 'prepare' || phase === 'accept') owe(debts, promises, ballot);
    if (phase === 'accept') owe(debts, acceptors, ballot);
    return undefined;
  });
}

function acceptancesKept(nodeIds: readonly string[]): Monitor {
  return watch(debtsOf(nodeIds), (debts, instance, node) => {
    const { accepted, phase, ballot, acceptors } = instance;
    const has = accepted?.ballot ?? 0;
    const bound = boundOf(debts, instance, node, has);
    if (has < bound) {
      return `${nodeIds[node]} has accepted a proposal in ballot ${describedBallot(bound, nodeIds)}, and is back at ${describedBallot(has, nodeIds)}`;
    }
    if (phase === 'accept') owe(debts, acceptors, ballot);
    return undefined;
  });
}

function acceptsWhatIsPromised(nodeIds: readonly string[]): Monitor {
  const create = () => ({
    seen: nodeIds.map((): Proposal | null => null),
    seenIn: nodeIds.map((): InstanceDescription | undefined => undefined),
  });
  return watch(create, ({ seen, seenIn }, instance, node) => {
    const { accepted, promised } = instance;
    const isNew = seenIn[node] !== instance;
    seenIn[node] = instance;
    if (accepted === null || (!isNew && accepted === seen[node])) return undefined;
    seen[node] = accepted;
    // A step accepts in the ballot that it promises; what a new life finds on disk may be from an earlier one.
    if (isNew ? accepted.ballot <= promised : accepted.ballot === promised) return undefined;
    return `${nodeIds[node]} has accepted ${quoted(accepted.value)} in ballot ${describedBallot(accepted.ballot, nodeIds)}, having promised ${describedBallot(promised, nodeIds)}`;
  });
}

/** The proposal of a ballot; the new one is added where there is none. */
function proposalOf(known: Proposal[], found: Proposal): Proposal {
  for (const proposal of known) if (proposal.ballot === found.ballot) return proposal;
  known.push(found);
  return found;
}

function oneProposalPerBallot(nodeIds: readonly string[]): Monitor {
  return watch(
    (): Proposal[] => [],
    (known, { accepted, proposal, decided }) => {
      for (const found of [accepted, proposal, decided]) {
        if (found === null) continue;
        const other = proposalOf(known, found);
        if (sameValue(other.value, found.value)) continue;
        return `both ${quoted(other.value)} and ${quoted(found.value)} were proposed in ballot ${describedBallot(found.ballot, nodeIds)}`;
      }
      return undefined;
    },
  );
}

function chosenIsStable(nodeIds: readonly string[]): Monitor {
  const create = (): { known: Proposal[]; chosen: Proposal | null } => ({ known: [], chosen: null });
  return watch(create, (memory, { accepted, proposal, decided }) => {
    const before = memory.known.length;
    if (accepted !== null) proposalOf(memory.known, accepted);
    if (proposal !== null) proposalOf(memory.known, proposal);
    const isLearned = decided !== null && (memory.chosen === null || decided.ballot < memory.chosen.ballot);
    if (isLearned) memory.chosen = decided;
    const { known, chosen } = memory;
    if (chosen === null || (!isLearned && known.length === before)) return undefined;
    const other = known.find(({ ballot, value }) => ballot > chosen.ballot && !sameValue(value, chosen.value));
    if (other === undefined) return undefined;
    return `${quoted(chosen.value)} is chosen in ballot ${describedBallot(chosen.ballot, nodeIds)}, but ${quoted(other.value)} is proposed in ${describedBallot(other.ballot, nodeIds)}`;
  });
}

/** By ballot: the nodes that were ever seen to have accepted its proposal, and whether that was found to be enough. */
type Acceptors = Map<number, Set<number>>;

function learnedIsChosen(nodeIds: readonly string[]): Monitor {
  const majority = (nodeIds.length >>> 1) + 1;
  return watch(
    (): Acceptors => new Map(),
    (acceptors, { accepted, decided }, node) => {
      if (accepted !== null) {
        const those = acceptors.get(accepted.ballot);
        if (those === undefined) acceptors.set(accepted.ballot, new Set([node]));
        else those.add(node);
      }
      const count = decided === null ? majority : (acceptors.get(decided.ballot)?.size ?? 0);
      if (decided === null || count >= majority) return undefined;
      return `${nodeIds[node]} takes ${quoted(decided.value)} for chosen in ballot ${describedBallot(decided.ballot, nodeIds)}, which ${count} of ${nodeIds.length} acceptors have accepted`;
    },
  );
}

const simple = 'Lamport 2001';

export const invariants: readonly Invariant<SingleDecreeDescription>[] = [
  {
    name: 'agreement',
    summary: 'No two nodes learn that different values are chosen for one instance.',
    source: `${simple}, §2.1`,
    monitor: agreement,
  },
  {
    name: 'validity',
    summary: 'Only values that clients have proposed are proposed, accepted, and learned.',
    source: `${simple}, §2.1`,
    monitor: validity,
  },
  {
    name: 'learned-is-chosen',
    summary: 'A node takes a value for chosen only when a majority of acceptors has accepted it in one ballot.',
    source: `${simple}, §2.1 and §2.3`,
    monitor: learnedIsChosen,
  },
  {
    name: 'promises-kept',
    summary: 'An acceptor never goes back behind a ballot that it has promised.',
    source: `${simple}, §2.2`,
    monitor: promisesKept,
  },
  {
    name: 'acceptances-kept',
    summary: 'An acceptor never goes back behind a proposal that it has accepted.',
    source: `${simple}, §2.2`,
    monitor: acceptancesKept,
  },
  {
    name: 'accepts-what-is-promised',
    summary: 'An acceptor accepts nothing in a ballot below its promise, and to accept is to promise.',
    source: `${simple}, §2.2 (P1a)`,
    monitor: acceptsWhatIsPromised,
  },
  {
    name: 'one-proposal-per-ballot',
    summary: 'In one ballot, one value at most is proposed for an instance.',
    source: `${simple}, §2.2`,
    monitor: oneProposalPerBallot,
  },
  {
    name: 'chosen-is-stable',
    summary: 'Once a value is chosen, every higher ballot that proposes something proposes that value.',
    source: `${simple}, §2.2 (P2b)`,
    monitor: chosenIsStable,
  },
];
