/**
 * What generators see of a run. There is one RunContext per run, which the interpreter changes as ops begin and end;
 * narrowed contexts are windows onto it. A generator looks at a context while it is called, and keeps none.
 */
import type { Process } from '../history/op.ts';
import type { ClusterView, Context, OpDraft, Thread } from './generator.ts';
import { type Random, randomStream } from './random.ts';

export class RunContext implements Context {
  time = 0;
  dueTime = 0;
  readonly threads: readonly Thread[];
  readonly nodeIds: readonly string[];
  readonly view: ClusterView;
  readonly #seed: number;
  readonly #concurrency: number;
  /** By slot: the client threads, then the nemesis. */
  readonly #processes: Process[];
  readonly #busy: Uint8Array;
  readonly #streams = new Map<string, Random>();
  #freeCount: number;
  #free: readonly Thread[] | undefined;
  /** How often a thread has become busy or free: what was found out about them at the same count still holds. */
  changes = 0;

  constructor(options: { concurrency: number; nodeIds: readonly string[]; seed: number; view: ClusterView }) {
    const clients = Array.from({ length: options.concurrency }, (_, thread) => thread);
    this.threads = [...clients, 'nemesis'];
    this.nodeIds = options.nodeIds;
    this.view = options.view;
    this.#seed = options.seed;
    this.#concurrency = options.concurrency;
    this.#processes = [...this.threads];
    this.#busy = new Uint8Array(this.threads.length);
    this.#freeCount = this.threads.length;
  }

  get freeCount(): number {
    return this.#freeCount;
  }

  get free(): readonly Thread[] {
    if (this.#free === undefined) {
      const free: Thread[] = [];
      for (let slot = 0; slot < this.threads.length; slot++) {
        if (this.#busy[slot] === 0) free.push(this.threads[slot] as Thread);
      }
      this.#free = free;
    }
    return this.#free;
  }

  process(thread: Thread): Process {
    return this.#processes[this.slot(thread)] as Process;
  }

  thread(process: Process): Thread | undefined {
    if (process === 'nemesis') return process;
    const thread = process % this.#concurrency;
    return this.#processes[thread] === process ? thread : undefined;
  }

  stream(name: string): Random {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = randomStream(this.#seed, name);
      this.#streams.set(name, stream);
    }
    return stream;
  }

  /** Where a thread's state is kept: clients by number, the nemesis after them. */
  slot(thread: Thread): number {
    return thread === 'nemesis' ? this.#concurrency : thread;
  }

  isFree(thread: Thread): boolean {
    return this.#busy[this.slot(thread)] === 0;
  }

  /** The thread must be free. */
  occupy(thread: Thread): void {
    this.#busy[this.slot(thread)] = 1;
    this.#freeCount--;
    this.#changed();
  }

  /** The thread must be busy. */
  release(thread: Thread): void {
    this.#busy[this.slot(thread)] = 0;
    this.#freeCount++;
    this.#changed();
  }

  /** The process that a client thread plays is dead; its successor takes over. */
  renumber(thread: number): void {
    this.#processes[thread] = (this.#processes[thread] as number) + this.#concurrency;
  }

  #changed(): void {
    this.#free = undefined;
    this.changes++;
  }
}

/** A context with some of the threads of a run, which stays as it was. */
class NarrowedContext implements Context {
  readonly threads: readonly Thread[];
  readonly run: RunContext;
  /** By slot of the run: 1 for the threads in reach. */
  readonly #members: Uint8Array;
  /** The threads that are not in reach, where they are fewer: then these are counted. */
  readonly #others: readonly Thread[] | undefined;
  #free: readonly Thread[] = [];
  #freeCount = 0;
  /** At which count of the run's changes the two were found. */
  #listedAt = -1;
  #countedAt = -1;

  constructor(run: RunContext, threads: readonly Thread[]) {
    this.run = run;
    this.threads = threads;
    this.#members = new Uint8Array(run.threads.length);
    for (const thread of threads) this.#members[run.slot(thread)] = 1;
    if (threads.length * 2 > run.threads.length) {
      this.#others = run.threads.filter((thread) => this.#members[run.slot(thread)] === 0);
    }
  }

  get time(): number {
    return this.run.time;
  }

  get dueTime(): number {
    return this.run.dueTime;
  }

  get nodeIds(): readonly string[] {
    return this.run.nodeIds;
  }

  get view(): ClusterView {
    return this.run.view;
  }

  get free(): readonly Thread[] {
    const { run } = this;
    if (this.#listedAt !== run.changes) {
      this.#listedAt = run.changes;
      const free: Thread[] = [];
      for (const thread of this.threads) if (run.isFree(thread)) free.push(thread);
      this.#free = free;
    }
    return this.#free;
  }

  get freeCount(): number {
    const { run } = this;
    if (this.#countedAt !== run.changes) {
      this.#countedAt = run.changes;
      let count = 0;
      for (const thread of this.#others ?? this.threads) if (run.isFree(thread)) count++;
      this.#freeCount = this.#others === undefined ? count : run.freeCount - count;
    }
    return this.#freeCount;
  }

  isFree(thread: Thread): boolean {
    return this.#members[this.run.slot(thread)] === 1 && this.run.isFree(thread);
  }

  process(thread: Thread): Process {
    return this.run.process(thread);
  }

  thread(process: Process): Thread | undefined {
    const thread = this.run.thread(process);
    return thread !== undefined && this.#members[this.run.slot(thread)] === 1 ? thread : undefined;
  }

  stream(name: string): Random {
    return this.run.stream(name);
  }
}

/** Narrows contexts to some of their threads. Remembers the last one: a run has one context. */
export class Narrowing {
  readonly #choose: (threads: readonly Thread[]) => readonly Thread[];
  #parent: Context | undefined;
  #context: Context | undefined;

  constructor(choose: (threads: readonly Thread[]) => readonly Thread[]) {
    this.#choose = choose;
  }

  of(parent: Context): Context {
    if (this.#context === undefined || this.#parent !== parent) {
      const run = parent instanceof NarrowedContext ? parent.run : (parent as RunContext);
      this.#parent = parent;
      this.#context = new NarrowedContext(run, this.#choose(parent.threads));
    }
    return this.#context;
  }
}

/**
 * The draft with a process: its own, or that of a free thread at random, where some thread must be free. A draft in
 * the future stays as it is: nobody takes it yet, so that no thread need be drawn for it.
 */
export function fillIn(context: Context, draft: OpDraft): OpDraft {
  if (draft.process !== undefined || (draft.time !== undefined && draft.time > context.time)) return draft;
  const free = context.free;
  const thread = free.length === 1 ? (free[0] as Thread) : context.stream('threads').pick(free);
  const filledIn = copyDraft(draft);
  filledIn.process = context.process(thread);
  return filledIn;
}

/** A copy to change. Field by field, which is several times faster than spreading. */
export function copyDraft(draft: OpDraft): { -readonly [K in keyof OpDraft]: OpDraft[K] } {
  const { f, key, value, process, time, type } = draft;
  const copy: { -readonly [K in keyof OpDraft]: OpDraft[K] } = { f, value };
  if (key !== undefined) copy.key = key;
  if (process !== undefined) copy.process = process;
  if (time !== undefined) copy.time = time;
  if (type !== undefined) copy.type = type;
  return copy;
}

/** Whether a thread is free that may carry the draft out. */
export function canStart(context: Context, draft: OpDraft): boolean {
  if (draft.process === undefined) return context.freeCount > 0;
  const thread = context.thread(draft.process);
  return thread !== undefined && context.isFree(thread);
}
