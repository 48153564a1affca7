/** What the harness needs of others: a Runtime to run nodes in, a Journal to write to. */
import type { Op, Process } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import type { AnySystem } from './container-system.ts';
import type { FaultName } from './fault.ts';
import type { ClusterView } from './generator.ts';
import type { RuntimeName } from './spec.ts';
import type { Test } from './test.ts';

/** How an invocation ended, as a runtime reports it to the interpreter. */
export interface Completion {
  readonly process: Process;
  readonly type: 'ok' | 'fail' | 'info';
  readonly value: Value;
  readonly error?: Value | undefined;
  /**
   * Index of the invocation's line, where the runtime knows it: a late answer is then never taken for that of the
   * same process's next op.
   */
  readonly invocation?: number;
}

/** What the interpreter wants now. */
export interface Decision {
  /** Lines for the journal, in order: the completions just taken in, then the invocations. */
  readonly record: readonly Op[];
  /** The invocations among them, for the runtime to carry out: clients' ops and nemesis ops (whose value is a Fault). */
  readonly invoke: readonly Op[];
  /** Ask again no later than this, in nanoseconds since the run began, even if nothing completes; Infinity: no need. */
  readonly wakeAt: number;
  /** Nothing is outstanding and nothing will come. */
  readonly done: boolean;
}

/** The pure decider of a run. The same for virtual and for real time. */
export interface Decider {
  /** `now` in nanoseconds since the run began, never before the last call's. */
  next(now: number, completions: readonly Completion[]): Decision;
  /** From the next call on: no new client ops, heal, finish. */
  interrupt(): void;
}

/**
 * Where a run is written as it happens. `record` and `log` may buffer; after `flush` a killed harness loses nothing
 * written before. All throw when the disk is full.
 */
export interface Journal {
  record(op: Op): void;
  /** A line of a node's own log. */
  log(node: string, time: number, text: string): void;
  flush(): void;
  /** What was recorded so far, where the journal keeps count: lines, and the SHA-256 (hex) of them as JSON lines. */
  digest?(): { readonly lines: number; readonly sha256: string };
}

/** A change of what a node is, as `describe` shows it. */
export interface NodeChange {
  readonly time: number;
  readonly node: string;
  /** `down` and `paused` are said by the runtime; any other role by the node. */
  readonly role: string;
  readonly term: number;
  readonly primary: boolean;
}

export interface BrokenInvariant {
  readonly name: string;
  readonly time: number;
  readonly node: string;
  /** What is wrong, in a sentence. */
  readonly reason: string;
}

/** A node that ended in mid run though nobody had killed it. */
export interface NodeExit {
  readonly time: number;
  readonly node: string;
  readonly code: number;
  /** The last lines of its log. */
  readonly log: readonly string[];
}

/** What a runtime saw besides the history. */
export interface Execution {
  /** Nanoseconds from the first event to the last, in the runtime's own time. */
  readonly duration: number;
  /** How often each mark was set, and what the host counts itself: `crash-between-write-and-sync`, `messages` … */
  readonly marks: Readonly<Record<string, number>>;
  readonly nodeChanges: readonly NodeChange[];
  /** The first of each broken invariant, in order of time. */
  readonly brokenInvariants: readonly BrokenInvariant[];
  /** In order of time; left out where a node that ends by itself ends the run. */
  readonly exits?: readonly NodeExit[];
}

/** What a runtime is given to carry out one test. */
export interface Session {
  readonly test: Test;
  readonly journal: Journal;
  /** Aborted when a person interrupts the run: whoever waits in real time wakes up then and asks the decider. */
  readonly signal?: AbortSignal | undefined;
  /** Called once, when the cluster is up; the run's time begins then. */
  begin(view: ClusterView): Decider;
}

export interface Runtime {
  readonly name: RuntimeName;
  /**
   * Undefined when this runtime can inject the fault here; else the reason why not, in a sentence. Of the nodes of a
   * container system not the same can be asked as of ftest's own, which are meant where no system is given.
   */
  refuses(fault: FaultName, system?: AnySystem): string | undefined;
  /**
   * Deploys the nodes, carries out what the decider decides until it is done, and stops everything it started,
   * also when it throws. Journals each Decision's `record` before it carries out `invoke`.
   */
  execute(session: Session): Promise<Execution>;
}
