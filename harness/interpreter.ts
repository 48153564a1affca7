/**
 * The interpreter: turns a generator and the completions of its ops into a history. A reducer without promise,
 * timer, or clock: the simulator and the real-time driver call the same one.
 *
 * - Completions are taken in before anything is invoked, and every line has a later time than the one before.
 * - Thread i asks node i mod n. A process whose op ends in `info` is dead: its thread goes on as process + concurrency.
 * - An op that takes longer than the op timeout is `info`; one that only reads, `fail`. What still comes is ignored.
 * - Ops of the nemesis are `info` both ways, one at a time, and do not time out. `phase` is done by being written.
 */
import type { Op, OpType, Process } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { canStart, fillIn, RunContext } from './context.ts';
import type { ClusterView, Generator, OpDraft, Thread } from './generator.ts';
import { nothing } from './generators/ops.ts';
import type { Completion, Decider, Decision } from './ports.ts';

export interface InterpreterOptions {
  readonly generator: Generator;
  /** What is left to do after an interrupt: the heal. Nothing, where left out. */
  readonly interrupted?: Generator;
  readonly concurrency: number;
  readonly nodeIds: readonly string[];
  readonly opTimeoutMs: number;
  /** True of ops that change nothing: they may time out as `fail`. */
  isRead(f: string): boolean;
  readonly seed: number;
  readonly view: ClusterView;
  /** Given the text of each `log` op. */
  onLog?(time: number, text: string): void;
}

const nsPerMs = 1_000_000;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export class Interpreter implements Decider {
  readonly #options: InterpreterOptions;
  readonly #context: RunContext;
  readonly #timeout: number;
  #generator: Generator | null;
  #interrupted = false;
  /** By slot: the invocation that has not ended. */
  readonly #outstanding: (Op | undefined)[];
  /** By slot: when the op times out or the sleep ends; Infinity for neither. */
  readonly #expiry: Float64Array;
  /** No expiry is before this. */
  #earliestExpiry = Number.POSITIVE_INFINITY;
  /** When it was to be asked again at the latest. */
  #wakeAt = Number.POSITIVE_INFINITY;
  /** Threads with an invocation or a sleep. */
  #busy = 0;
  #index = 0;
  #lastTime = -1;
  #record: Op[] = [];
  #invoke: Op[] = [];

  constructor(options: InterpreterOptions) {
    this.#options = options;
    this.#context = new RunContext(options);
    this.#timeout = options.opTimeoutMs * nsPerMs;
    this.#generator = options.generator;
    this.#outstanding = this.#context.threads.map(() => undefined);
    this.#expiry = new Float64Array(this.#context.threads.length).fill(Number.POSITIVE_INFINITY);
  }

  interrupt(): void {
    if (this.#interrupted) return;
    this.#interrupted = true;
    this.#generator = this.#options.interrupted ?? nothing;
    for (const thread of this.#context.threads) if (this.#isAsleep(thread)) this.#release(thread);
  }

  next(now: number, completions: readonly Completion[]): Decision {
    if (now < this.#context.time) throw new Error(`time went backwards: from ${this.#context.time} to ${now}`);
    this.#context.time = now;
    this.#context.dueTime = Math.min(now, this.#wakeAt);
    this.#record = [];
    this.#invoke = [];
    for (const completion of completions) this.#takeIn(completion);
    if (now >= this.#earliestExpiry) this.#expire(now);
    const nextOp = this.#generate(now);
    const done = this.#generator === null && this.#busy === 0;
    if (!done && this.#busy === 0 && nextOp === Number.POSITIVE_INFINITY) {
      throw new Error('the generator waits for a completion, but nothing is outstanding');
    }
    this.#earliestExpiry = this.#findEarliestExpiry();
    this.#wakeAt = Math.min(nextOp, this.#earliestExpiry);
    return { record: this.#record, invoke: this.#invoke, wakeAt: this.#wakeAt, done };
  }

  #takeIn(completion: Completion): void {
    const thread = this.#context.thread(completion.process);
    if (thread === undefined) return;
    const invocation = this.#outstanding[this.#context.slot(thread)];
    if (invocation === undefined) return;
    if (completion.invocation !== undefined && completion.invocation !== invocation.index) return;
    const type = thread === 'nemesis' ? 'info' : completion.type;
    this.#complete(thread, invocation, type, completion.value, completion.error);
  }

  #complete(thread: Thread, invocation: Op, type: OpType, value: Value, error: Value | undefined): void {
    this.#outstanding[this.#context.slot(thread)] = undefined;
    this.#release(thread);
    this.#write(invocation.process, type, invocation, value, error);
    if (type === 'info' && thread !== 'nemesis') this.#context.renumber(thread);
  }

  /** Ends ops and sleeps whose time is over. */
  #expire(now: number): void {
    for (const thread of this.#context.threads) {
      const slot = this.#context.slot(thread);
      if ((this.#expiry[slot] as number) > now) continue;
      const invocation = this.#outstanding[slot];
      if (invocation === undefined) {
        this.#release(thread);
      } else {
        const type = this.#options.isRead(invocation.f) ? 'fail' : 'info';
        this.#complete(thread, invocation, type, invocation.value, 'timeout');
      }
    }
  }

  #isAsleep(thread: Thread): boolean {
    return !this.#context.isFree(thread) && this.#outstanding[this.#context.slot(thread)] === undefined;
  }

  #findEarliestExpiry(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < this.#expiry.length; slot++) earliest = Math.min(earliest, this.#expiry[slot] as number);
    return earliest;
  }

  /** Takes ops from the generator while there are any for now; gives the time of the next one, if known. */
  #generate(now: number): number {
    while (this.#generator !== null) {
      const { quietUntil } = this.#generator;
      if (quietUntil !== undefined && quietUntil > now) return quietUntil;
      const emission = this.#generator.op(this.#context);
      if (emission === null) {
        this.#generator = null;
        break;
      }
      const [draft, rest] = emission;
      if (draft === 'pending') {
        this.#generator = rest;
        break;
      }
      // Not taken yet: what completes in the meantime may lead to another op.
      if (draft.time !== undefined && draft.time > now) return draft.time;
      this.#generator = rest;
      this.#start(draft, now);
    }
    return Number.POSITIVE_INFINITY;
  }

  #start(draft: OpDraft, now: number): void {
    if (!canStart(this.#context, draft)) {
      throw new Error(`the generator gave an op (${draft.f}) for process ${draft.process ?? 'any'}, which is not free`);
    }
    const process = fillIn(this.#context, draft).process as Process;
    const thread = this.#context.thread(process) as Thread;
    if (draft.type === 'log') {
      this.#options.onLog?.(now, String(draft.value));
    } else if (draft.type === 'sleep') {
      this.#occupy(thread, now + Math.round((draft.value as number) * nsPerMs));
    } else {
      this.#begin(draft, process, thread);
    }
  }

  #begin(draft: OpDraft, process: Process, thread: Thread): void {
    if (thread !== 'nemesis') {
      this.#occupy(thread, this.#nextTime() + this.#timeout);
      this.#invokeOp(thread, this.#write(process, 'invoke', draft, draft.value, undefined));
    } else if (draft.f === 'phase') {
      this.#write(process, 'info', draft, draft.value, undefined);
      this.#write(process, 'info', draft, draft.value, undefined);
    } else {
      this.#occupy(thread, Number.POSITIVE_INFINITY);
      this.#invokeOp(thread, this.#write(process, 'info', draft, draft.value, undefined));
    }
  }

  #invokeOp(thread: Thread, invocation: Op): void {
    this.#outstanding[this.#context.slot(thread)] = invocation;
    this.#invoke.push(invocation);
  }

  #occupy(thread: Thread, expiry: number): void {
    this.#context.occupy(thread);
    this.#expiry[this.#context.slot(thread)] = expiry;
    this.#busy++;
  }

  #release(thread: Thread): void {
    this.#context.release(thread);
    this.#expiry[this.#context.slot(thread)] = Number.POSITIVE_INFINITY;
    this.#busy--;
  }

  /** When the next line is written. */
  #nextTime(): number {
    return Math.max(this.#context.time, this.#lastTime + 1);
  }

  /** Writes a line and tells the generator of it. */
  #write(process: Process, type: OpType, about: OpDraft | Op, value: Value, error: Value | undefined): Op {
    const time = this.#nextTime();
    this.#lastTime = time;
    const { nodeIds } = this.#options;
    const node = process === 'nemesis' ? undefined : nodeIds[(process % this.#options.concurrency) % nodeIds.length];
    const op: Writable<Op> = { index: this.#index++, time, process, type, f: about.f, value };
    if (about.key !== undefined) op.key = about.key;
    if (error !== undefined) op.error = error;
    if (node !== undefined) op.node = node;
    this.#record.push(op);
    if (this.#generator !== null) this.#generator = this.#generator.update(this.#context, op);
    return op;
  }
}
