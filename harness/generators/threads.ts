/** Which threads do what. Narrowing is by thread, so that it outlives the processes that a thread plays. */
import type { Op } from '../../history/op.ts';
import { fillIn, Narrowing } from '../context.ts';
import type { Context, Emission, Generator, Thread } from '../generator.ts';
import { type Choice, soonest } from './choice.ts';
import { sequence } from './ops.ts';

/** Ops for the threads that satisfy the predicate; only their events are passed on. */
export function onThreads(predicate: (thread: Thread) => boolean, generator: Generator): Generator {
  return new On(new Narrowing((threads) => threads.filter(predicate)), generator);
}

/** Ops for clients only. */
export function clients(generator: Generator): Generator {
  return onThreads((thread) => thread !== 'nemesis', generator);
}

/** Ops for the nemesis only. */
export function nemesis(generator: Generator): Generator {
  return onThreads((thread) => thread === 'nemesis', generator);
}

class On implements Generator {
  readonly #narrowing: Narrowing;
  readonly #generator: Generator;

  constructor(narrowing: Narrowing, generator: Generator) {
    this.#narrowing = narrowing;
    this.#generator = generator;
  }

  get quietUntil(): number | undefined {
    return this.#generator.quietUntil;
  }

  op(context: Context): Emission {
    const emission = askNarrowed(this.#narrowing, context, this.#generator);
    return emission === null ? null : ([emission[0], this.#with(emission[1])] as Emission);
  }

  update(context: Context, event: Op): Generator {
    const inner = this.#narrowing.of(context);
    if (inner.thread(event.process) === undefined) return this;
    return this.#with(this.#generator.update(inner, event));
  }

  #with(generator: Generator): Generator {
    return generator === this.#generator ? this : new On(this.#narrowing, generator);
  }
}

/** Asks a generator for an op by some threads only. With none of them free it is not taken. */
function askNarrowed(narrowing: Narrowing, context: Context, generator: Generator): Emission {
  const inner = narrowing.of(context);
  if (inner.threads.length === 0) return null;
  const emission = generator.op(inner);
  if (emission === null || emission[0] === 'pending') return emission;
  const draft = emission[0];
  if (draft.time !== undefined && draft.time > context.time) return emission;
  if (inner.freeCount === 0) return ['pending', generator];
  return [fillIn(inner, draft), emission[1]];
}

/** Some threads with a generator of their own. */
interface Lane {
  readonly narrowing: Narrowing;
  readonly generator: Generator;
}

const askLane = (context: Context, { narrowing, generator }: Lane): Emission =>
  askNarrowed(narrowing, context, generator);

/** Lanes side by side: ops of whichever has the soonest, events to the lane of their thread. */
class SideBySide implements Choice {
  readonly #lanes: readonly Lane[];
  /** Where each thread's lane is. */
  readonly #laneOf: ReadonlyMap<Thread, number>;

  constructor(lanes: readonly Lane[], laneOf: ReadonlyMap<Thread, number>) {
    this.#lanes = lanes;
    this.#laneOf = laneOf;
  }

  op(context: Context): Emission {
    return soonest(context, this, this.#lanes, askLane);
  }

  update(context: Context, event: Op): Generator {
    const thread = context.thread(event.process);
    const i = thread === undefined ? undefined : this.#laneOf.get(thread);
    if (i === undefined) return this;
    const { narrowing, generator } = this.#lanes[i] as Lane;
    return this.replace(i, generator.update(narrowing.of(context), event));
  }

  replace(i: number, generator: Generator): Generator {
    const lane = this.#lanes[i] as Lane;
    if (generator === lane.generator) return this;
    const lanes = this.#lanes.slice();
    lanes[i] = { narrowing: lane.narrowing, generator };
    return new SideBySide(lanes, this.#laneOf);
  }
}

/** Lanes that are laid out when the threads in reach are known, each thread in one of them at most. */
export function lanesOf(layOut: (threads: readonly Thread[]) => readonly [readonly Thread[], Generator][]): Generator {
  const build = (context: Context): Generator => {
    const laneOf = new Map<Thread, number>();
    const lanes = layOut(context.threads).map(([threads, generator], i) => {
      for (const thread of threads) laneOf.set(thread, i);
      return { narrowing: new Narrowing(() => threads), generator };
    });
    return new SideBySide(lanes, laneOf);
  };
  return {
    op(context) {
      return build(context).op(context);
    },
    update(context, event) {
      return build(context).update(context, event);
    },
  };
}

/** A copy of the generator for each thread. */
export function eachThread(generator: Generator): Generator {
  return lanesOf((threads) => threads.map((thread) => [[thread], generator]));
}

/**
 * `reserve([2, writes], [3, cas], reads)`: the first two threads in reach write, the next three compare and set, all
 * others read. A lane that gets no thread is exhausted.
 */
export function reserve(...parts: readonly [...(readonly [count: number, Generator])[], Generator]): Generator {
  return lanesOf((threads) => {
    let from = 0;
    return parts.map((part) => {
      if (!Array.isArray(part)) return [threads.slice(from), part as Generator];
      const [count, generator] = part as readonly [number, Generator];
      from += count;
      return [threads.slice(from - count, from), generator];
    });
  });
}

/** Waits until every thread in reach is free, then is the generator. */
export const synchronize = (generator: Generator): Generator => new Synchronized(generator);

class Synchronized implements Generator {
  readonly #generator: Generator;

  constructor(generator: Generator) {
    this.#generator = generator;
  }

  op(context: Context): Emission {
    return context.freeCount === context.threads.length ? this.#generator.op(context) : ['pending', this];
  }

  update(context: Context, event: Op): Generator {
    const next = this.#generator.update(context, event);
    return next === this.#generator ? this : new Synchronized(next);
  }
}

/** Each generator in turn, after all ops of the one before have ended. */
export function phases(...generators: readonly Generator[]): Generator {
  return sequence(...generators.map(synchronize));
}

/**
 * The second after all ops of the first have ended. (Not named `then`, as Jepsen's is: a module that exports `then` is taken for a
 * promise by `import()`.)
 */
export function andThen(first: Generator, second: Generator): Generator {
  return sequence(first, synchronize(second));
}
