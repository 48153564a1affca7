/**
 * The node contract. A node is a pure state machine: an event goes in, effects come out, and a host (simulator,
 * process, container) carries the effects out. No clock, socket, disk, promise, or random source inside.
 */
import type { Body, Json, Message } from './message.ts';

/** What survived of a node's disk: the last value put under each key, and its logs. */
export interface Durable {
  readonly values: ReadonlyMap<string, Json>;
  readonly logs: ReadonlyMap<string, DurableLog>;
}

/** An append-only log as it was read back. `entries[0]` has the index `first`; an empty log continues at `first`. */
export interface DurableLog {
  readonly first: number;
  readonly entries: readonly Json[];
}

/**
 * What happens to a node. `nowMs` is the node's own wall clock, in whole milliseconds: faults skew it, make it jump
 * and drift. Timers run on the node's monotonic clock, which may drift and never jumps.
 */
export type Event<B extends Body = Body> =
  | StartEvent
  | { readonly type: 'message'; readonly nowMs: number; readonly message: Message<B> }
  | { readonly type: 'timer'; readonly nowMs: number; readonly name: string };

/**
 * The first event of each life. `incarnation` is 1 for the first and greater by one for each later life of the
 * node, by which message ids, transactions, and timers of an earlier life are told apart.
 */
export interface StartEvent {
  readonly type: 'start';
  readonly nowMs: number;
  readonly incarnation: number;
  readonly durable: Durable;
}

/**
 * What a node wants done. All effects of a node form one queue, across steps:
 *
 * - Writes (`put`, `append`, `truncate`, `compact`) reach the host's memory in order; a `sync` makes all writes
 *   before it durable. A kill loses what was not synced; in the simulator any prefix of it may survive.
 * - A `send` waits for every `sync` queued before it, also one of an earlier step: a reply never leaves before
 *   what it acknowledges is on disk. Later steps may run in the meantime. A host may merge waiting syncs.
 * - Timers, `log`, and `mark` take effect at once: a crash ends them all the same.
 * - A crash may fall between any two effects.
 */
export type Effect<B extends Body = Body> =
  | { readonly type: 'send'; readonly to: string; readonly body: B }
  /** Sets a durable value. Atomic: after a crash either the old value is there or the new one. */
  | { readonly type: 'put'; readonly key: string; readonly value: Json }
  /** Adds entries at the end of a log. A crash may keep any prefix of them. A log that is new begins at index 1. */
  | { readonly type: 'append'; readonly log: string; readonly entries: readonly Json[] }
  /** Removes the entries with index >= `from`. */
  | { readonly type: 'truncate'; readonly log: string; readonly from: number }
  /** Removes the entries with index < `before`; a log that this empties continues at `before`. */
  | { readonly type: 'compact'; readonly log: string; readonly before: number }
  | { readonly type: 'sync' }
  /**
   * Sets the timer `name` anew, replacing an earlier one of that name. The host draws when it fires, within
   * [minMs, maxMs], both included: a node needs no randomness of its own.
   */
  | { readonly type: 'set-timer'; readonly name: string; readonly minMs: number; readonly maxMs: number }
  | { readonly type: 'clear-timer'; readonly name: string }
  /** A line for the node's log file. */
  | { readonly type: 'log'; readonly text: string }
  /** Counts that an interesting situation occurred (an election won, a snapshot installed): the run reports the counts. */
  | { readonly type: 'mark'; readonly name: string };

/** What a node is told of itself before its `start` event. */
export interface Boot<Config> {
  readonly id: string;
  /** All nodes of the cluster, this one included, in the same order everywhere. */
  readonly nodeIds: readonly string[];
  readonly config: Config;
}

/**
 * What the outside may know of a node: the only window into its state. A system extends it. `describe` may return
 * the same live object each time: readers look at it at once and keep no reference.
 */
export interface Description {
  /** In the protocol's words: leader, follower, candidate, coordinator … */
  readonly role: string;
  /** Whether the node takes itself for a primary: `--nemesis` aims at these when it says `primaries`. */
  readonly primary: boolean;
  /** Term, ballot, view, or epoch: the number that says which of two primaries is the later. */
  readonly term: number;
}

/**
 * A protocol as a state machine.
 *
 * `step` may change the state it is given, which the node owns alone. Messages, durable records, and the arrays in
 * them are immutable: they may be shared between nodes.
 */
export interface NodeMachine<State, Config, B extends Body, D extends Description> {
  /** The state before the `start` event. */
  create(boot: Boot<Config>): State;
  step(state: State, event: Event<B>): readonly Effect<B>[];
  describe(state: State): D;
}
