/** Which threads do what. Narrowing is by thread, so that it outlives the processes that a thread plays. */
import { fillIn, Narrowing } from '../context.ts';
import type { Context, Emission, Generator, Thread } from '../generator.ts';
import { soonest } from './choice.ts';
import { sequence } from './ops.ts';

/** Ops for the threads that satisfy the predicate; only their events are passed on. */
export function onThreads(predicate: (thread: Thread) => boolean, generator: Generator): Generator {
  return on(new Narrowing(predicate), generator);
}

/** Ops for clients only. */
export function clients(generator: Generator): Generator {
  return onThreads((thread) => thread !== 'nemesis', generator);
}

/** Ops for the nemesis only. */
export function nemesis(generator: Generator): Generator {
  return onThreads((thread) => thread === 'nemesis', generator);
}

function on(narrowing: Narrowing, generator: Generator): Generator {
  return {
    op(context) {
      const emission = askNarrowed(narrowing, context, generator);
      if (emission === null) return null;
      const [op, rest] = emission;
      const next = rest === generator ? this : on(narrowing, rest);
      return op === 'pending' ? [op, next] : [op, next];
    },
    update(context, event) {
      const inner = narrowing.of(context);
      if (inner.thread(event.process) === undefined) return this;
      const next = generator.update(inner, event);
      return next === generator ? this : on(narrowing, next);
    },
  };
}

/** Asks a generator for an op by some threads only. With none of them free it is not taken. */
function askNarrowed(narrowing: Narrowing, context: Context, generator: Generator): Emission {
  const inner = narrowing.of(context);
  if (inner.threads.length === 0) return null;
  const emission = generator.op(inner);
  if (emission === null || emission[0] === 'pending') return emission;
  const draft = emission[0];
  if (draft.time !== undefined && draft.time > context.time) return emission;
  if (inner.free.length === 0) return ['pending', generator];
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
function sideBySide(lanes: readonly Lane[]): Generator {
  return {
    op(context) {
      const found = soonest(context, lanes, askLane);
      if (found === null) return null;
      const [op, rest, i] = found;
      const lane = lanes[i] as Lane;
      if (op === 'pending' || rest === lane.generator) return [op, this] as Emission;
      return [op, sideBySide(lanes.with(i, { narrowing: lane.narrowing, generator: rest }))];
    },
    update(context, event) {
      for (let i = 0; i < lanes.length; i++) {
        const { narrowing, generator } = lanes[i] as Lane;
        const inner = narrowing.of(context);
        if (inner.thread(event.process) === undefined) continue;
        const next = generator.update(inner, event);
        return next === generator ? this : sideBySide(lanes.with(i, { narrowing, generator: next }));
      }
      return this;
    },
  };
}

/** Lanes that are laid out when the threads in reach are known. */
export function lanesOf(layOut: (threads: readonly Thread[]) => readonly [readonly Thread[], Generator][]): Generator {
  const build = (context: Context): Generator =>
    sideBySide(
      layOut(context.threads).map(([threads, generator]) => {
        const members = new Set(threads);
        return { narrowing: new Narrowing((thread) => members.has(thread)), generator };
      }),
    );
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
export function synchronize(generator: Generator): Generator {
  return {
    op(context) {
      return context.free.length === context.threads.length ? generator.op(context) : ['pending', this];
    },
    update(context, event) {
      const next = generator.update(context, event);
      return next === generator ? this : synchronize(next);
    },
  };
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
