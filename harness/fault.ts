/**
 * Every fault, as data. A nemesis decides on faults, a runtime carries them out, the history records them: a nemesis
 * op's `f` is the fault's `f`, its `value` the fault. All nodes are named: whoever aims resolves `primaries` or
 * `minority` first. Each fault has its inverse, but for damage to files, which nothing undoes; network faults act between
 * nodes only, never on a client's link.
 */

/** Messages from `from` to `to` are affected; the other direction is a link of its own. */
export interface Link {
  readonly from: string;
  readonly to: string;
}

export type Direction = 'to' | 'from' | 'both';

export const partitionShapes = [
  'one',
  'halves',
  'majority',
  'minority-third',
  'majorities-ring',
  'bridge',
  'primaries',
] as const;
export type PartitionShape = (typeof partitionShapes)[number];

export type Fault =
  // Network. `heal` undoes every partition.
  | {
      readonly f: 'partition';
      readonly shape: PartitionShape;
      readonly direction: Direction;
      readonly cut: readonly Link[];
    }
  | { readonly f: 'heal' }
  // Packets on the named links. `restore-packets` undoes all of them.
  | { readonly f: 'delay'; readonly links: readonly Link[]; readonly timeMs: number; readonly jitterMs: number }
  | { readonly f: 'loss'; readonly links: readonly Link[]; readonly percent: number }
  | { readonly f: 'duplicate'; readonly links: readonly Link[]; readonly percent: number }
  | { readonly f: 'reorder'; readonly links: readonly Link[]; readonly percent: number }
  | { readonly f: 'corrupt'; readonly links: readonly Link[]; readonly percent: number }
  | { readonly f: 'rate'; readonly links: readonly Link[]; readonly bitsPerSecond: number }
  /** Messages wait, none is lost, until `release`. */
  | { readonly f: 'hold'; readonly links: readonly Link[] }
  | { readonly f: 'release' }
  | { readonly f: 'restore-packets' }
  // Processes.
  | { readonly f: 'kill'; readonly nodes: readonly string[] }
  | { readonly f: 'start'; readonly nodes: readonly string[] }
  | { readonly f: 'pause'; readonly nodes: readonly string[] }
  | { readonly f: 'resume'; readonly nodes: readonly string[] }
  // Clocks. `bump` makes the wall clock jump; `drift` changes how fast both clocks run; `reset-clock` undoes all.
  | { readonly f: 'bump'; readonly deltaMs: Readonly<Record<string, number>> }
  | { readonly f: 'drift'; readonly partsPerMillion: Readonly<Record<string, number>> }
  | {
      readonly f: 'strobe';
      readonly nodes: readonly string[];
      readonly deltaMs: number;
      readonly periodMs: number;
      readonly durationMs: number;
    }
  | { readonly f: 'reset-clock' }
  // Disks. `restore-disks` undoes those that last.
  | { readonly f: 'lose-unfsynced'; readonly nodes: readonly string[] }
  | { readonly f: 'torn-write'; readonly nodes: readonly string[] }
  | { readonly f: 'misdirect'; readonly nodes: readonly string[] }
  | { readonly f: 'eio'; readonly nodes: readonly string[]; readonly percent: number }
  | { readonly f: 'enospc'; readonly nodes: readonly string[] }
  | { readonly f: 'slow-disk'; readonly nodes: readonly string[]; readonly factor: number }
  | { readonly f: 'restore-disks' }
  // Files of nodes that are down; those that run are spared. Of each node one file is hit. `seed`, from 0 to 2^32-1, decides
  // which, and which of its bits. The completion says what was done (`FileDamageDone`).
  /** The last `dropBytes` bytes go. */
  | { readonly f: 'truncate'; readonly nodes: readonly string[]; readonly dropBytes: number; readonly seed: number }
  /** This part of all bits is turned, one of them at least. */
  | { readonly f: 'bitflip'; readonly nodes: readonly string[]; readonly probability: number; readonly seed: number }
  // Membership.
  | { readonly f: 'add'; readonly node: string }
  | { readonly f: 'remove'; readonly node: string };

export type FaultName = Fault['f'];

/** Damage to files. */
export type FileDamage = Extract<Fault, { readonly f: 'truncate' | 'bitflip' }>;

export const isFileDamage = (fault: Fault): fault is FileDamage => fault.f === 'truncate' || fault.f === 'bitflip';

/** What was done to a file. */
export interface DamagedFile {
  readonly node: string;
  /** As the node knows it. */
  readonly path: string;
  /** Before it was damaged. */
  readonly sizeBytes: number;
  readonly droppedBytes: number;
  readonly flippedBits: number;
}

/** As the history records it when it is done: `nodes` are those that were hit. */
export type FileDamageDone = FileDamage & { readonly damaged: readonly DamagedFile[] };

/** Faults that lose or change what was synced to disk. A promise that holds under all faults is not about these. */
export const durabilityFaults: ReadonlySet<string> = new Set<FaultName>(['truncate', 'bitflip', 'misdirect']);

/**
 * Which fault each one undoes; what is not listed begins a fault. `start` also belongs to `kill`, and so on: the
 * inverse names the family that ends with it. After damage to files a `start` is where the node goes on with what is left.
 */
export const inverses: Readonly<Partial<Record<FaultName, readonly FaultName[]>>> = {
  heal: ['partition'],
  release: ['hold'],
  'restore-packets': ['delay', 'loss', 'duplicate', 'reorder', 'corrupt', 'rate', 'hold'],
  start: ['kill', 'truncate', 'bitflip'],
  resume: ['pause'],
  'reset-clock': ['bump', 'drift', 'strobe'],
  'restore-disks': ['lose-unfsynced', 'torn-write', 'misdirect', 'eio', 'enospc', 'slow-disk'],
};

export const beginsFault = (f: string): boolean => !(f in inverses);
