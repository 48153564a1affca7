/**
 * What generators see of a run. There is one RunContext per run, which the interpreter changes as ops begin and end;
 * narrowed contexts are windows onto it. A generator looks at a context while it is called, and keeps none.
 */
import type { Process } from '../history/op.ts';
import type { ClusterView, Context, OpDraft, Thread } from './generator.ts';
import { type Random, randomStream } from './random.ts';

export class RunContext implements Context {
  time = 0;
  readonly threads: readonly Thread[];
  readonly nodeIds: readonly string[];
  readonly view: ClusterView;
  readonly #seed: number;
  readonly #concurrency: number;
  /** By slot: the client threads, then the nemesis. */
  readonly #processes: Process[];
  readonly #busy: Uint8Array;
  readonly #streams = new Map<string, Random>();
  #free: readonly Thread[] | undefined;

  constructor(options: { concurrency: number; nodeIds: readonly string[]; seed: number; view: ClusterView }) {
    const clients = Array.from({ length: options.concurrency }, (_, thread) => thread);
    this.threads = [...clients, 'nemesis'];
    this.nodeIds = options.nodeIds;
    this.view = options.view;
    this.#seed = options.seed;
    this.#concurrency = options.concurrency;
    this.#processes = [...this.threads];
    this.#busy = new Uint8Array(this.threads.length);
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

  isBusy(thread: Thread): boolean {
    return this.#busy[this.slot(thread)] === 1;
  }

  occupy(thread: Thread): void {
    this.#busy[this.slot(thread)] = 1;
    this.#free = undefined;
  }

  release(thread: Thread): void {
    this.#busy[this.slot(thread)] = 0;
    this.#free = undefined;
  }

  /** The process that a client thread plays is dead; its successor takes over. */
  renumber(thread: number): void {
    this.#processes[thread] = (this.#processes[thread] as number) + this.#concurrency;
  }
}

/** Where a narrowed context keeps a thread: the nemesis, then clients by number. */
const slotOf = (thread: Thread): number => (thread === 'nemesis' ? 0 : thread + 1);

/** A context with some of the threads of another, which stays as it was. */
class NarrowedContext implements Context {
  readonly threads: readonly Thread[];
  readonly #parent: Context;
  /** By slot: 1 for the threads in reach. */
  readonly #members: Uint8Array;
  #parentFree: readonly Thread[] | undefined;
  #free: readonly Thread[] = [];

  constructor(parent: Context, threads: readonly Thread[]) {
    this.#parent = parent;
    this.threads = threads;
    this.#members = new Uint8Array(1 + Math.max(0, ...threads.map(slotOf)));
    for (const thread of threads) this.#members[slotOf(thread)] = 1;
  }

  get time(): number {
    return this.#parent.time;
  }

  get nodeIds(): readonly string[] {
    return this.#parent.nodeIds;
  }

  get view(): ClusterView {
    return this.#parent.view;
  }

  get free(): readonly Thread[] {
    const parentFree = this.#parent.free;
    if (parentFree !== this.#parentFree) {
      this.#parentFree = parentFree;
      const free: Thread[] = [];
      for (const thread of parentFree) if (this.#members[slotOf(thread)] === 1) free.push(thread);
      this.#free = free;
    }
    return this.#free;
  }

  process(thread: Thread): Process {
    return this.#parent.process(thread);
  }

  thread(process: Process): Thread | undefined {
    const thread = this.#parent.thread(process);
    return thread !== undefined && this.#members[slotOf(thread)] === 1 ? thread : undefined;
  }

  stream(name: string): Random {
    return this.#parent.stream(name);
  }
}

/** Narrows contexts to the threads that satisfy a predicate. Remembers the last one: a run has one context. */
export class Narrowing {
  readonly #predicate: (thread: Thread) => boolean;
  #parent: Context | undefined;
  #context: Context | undefined;

  constructor(predicate: (thread: Thread) => boolean) {
    this.#predicate = predicate;
  }

  of(parent: Context): Context {
    if (this.#context === undefined || this.#parent !== parent) {
      this.#parent = parent;
      this.#context = new NarrowedContext(parent, parent.threads.filter(this.#predicate));
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
  if (draft.process === undefined) return context.free.length > 0;
  const thread = context.thread(draft.process);
  return thread !== undefined && context.free.includes(thread);
}
