/**
 * Generators decide what to do next. They are pure values, as Jepsen's are: asking one for an op gives the op and
 * the generator that is left. All randomness comes from the context's named streams.
 */
import type { Op, Process } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import type { Random } from './random.ts';

/** One worker: a client thread (0 to concurrency-1, talking to node thread mod n) or the nemesis. */
export type Thread = number | 'nemesis';

/** What a generator wants done. What it leaves out, the interpreter fills in: time (now), process (any free one). */
export interface OpDraft {
  readonly f: string;
  readonly key?: Value;
  readonly value: Value;
  readonly process?: Process;
  /** Nanoseconds since the run began; not before this. */
  readonly time?: number;
  /**
   * `sleep` (whose value is milliseconds) and `log` (text) are acted on by the interpreter and stay out of the
   * history.
   */
  readonly type?: 'invoke' | 'sleep' | 'log';
}

/** What is known of the cluster at this moment, through `describe`. */
export interface ClusterView {
  readonly nodeIds: readonly string[];
  /** Nodes that run and take themselves for a primary, the one of the highest term first. */
  primaries(): readonly string[];
}

/** Valid during the call it is given to: generators keep none. */
export interface Context {
  /** Nanoseconds since the run began. */
  readonly time: number;
  /**
   * When this call was due at the latest: before `time` where the clock woke the interpreter late, which happens in real
   * time only. What was to be done since then is late through no fault of the system's.
   */
  readonly dueTime: number;
  /** Threads in reach of this generator, in order; combinators such as `clients` narrow them. */
  readonly threads: readonly Thread[];
  /** Those of `threads` that are free, in order. */
  readonly free: readonly Thread[];
  /** How many are free, which is told sooner than which. */
  readonly freeCount: number;
  /** Whether a thread is in reach and free. */
  isFree(thread: Thread): boolean;
  /** The process that a thread plays now. */
  process(thread: Thread): Process;
  /** The thread that plays a process now, or undefined. */
  thread(process: Process): Thread | undefined;
  readonly nodeIds: readonly string[];
  readonly view: ClusterView;
  stream(name: string): Random;
}

/**
 * - `[op, rest]`: this op, now or at its time; `rest` is the generator from then on. An op whose time has not come is not
 *   taken: the generator is asked again at that time, or when something completes before.
 * - `['pending', rest]`: nothing until something completes.
 * - `null`: exhausted, for good.
 */
export type Emission = readonly [op: OpDraft, rest: Generator] | readonly ['pending', Generator] | null;

export interface Generator {
  op(context: Context): Emission;
  /**
   * Where known: whatever completes, `op` neither gives an op nor ends before this time, which is in the future. Spares
   * asking; a generator that does not say is asked after each completion.
   */
  readonly quietUntil?: number | undefined;
  /** Told of every invocation and completion (nemesis's included); gives the generator from then on. */
  update(context: Context, event: Op): Generator;
}
