/** Generators of ops, and those that pass ops of another generator on: how many, which, and with what changes. */
import type { Op, Process } from '../../history/op.ts';
import { canStart, fillIn } from '../context.ts';
import type { Context, Emission, Generator, OpDraft } from '../generator.ts';

/** One op. */
export function once(draft: OpDraft): Generator {
  return {
    op(context) {
      return canStart(context, draft) ? [draft, nothing] : ['pending', this];
    },
    update() {
      return this;
    },
  };
}

/** No op at all. */
export const nothing: Generator = {
  op() {
    return null;
  },
  update() {
    return this;
  },
};

/**
 * Ops from a function, which is called anew for each op until it returns null. It is called when a thread is free,
 * may be called more often than its ops are taken, and must have no state but the context's streams.
 */
export function each(draw: (context: Context) => OpDraft | null): Generator {
  return {
    op(context) {
      if (context.freeCount === 0) return ['pending', this];
      const draft = draw(context);
      if (draft === null) return null;
      return canStart(context, draft) ? [draft, this] : ['pending', this];
    },
    update() {
      return this;
    },
  };
}

/** The first op of a generator (or the draft) again and again: `count` times, or without end. */
export function repeat(what: OpDraft | Generator, count = Number.POSITIVE_INFINITY): Generator {
  return repeated(isGenerator(what) ? what : once(what), count);
}

const isGenerator = (what: OpDraft | Generator): what is Generator => 'op' in what;

function repeated(generator: Generator, count: number): Generator {
  return {
    op(context) {
      if (count <= 0) return null;
      const emission = generator.op(context);
      if (emission === null) return null;
      const [op, rest] = emission;
      return op === 'pending' ? [op, repeated(rest, count)] : [op, repeated(generator, count - 1)];
    },
    update(context, event) {
      const next = generator.update(context, event);
      return next === generator ? this : repeated(next, count);
    },
  };
}

/** Each generator until it is exhausted, then the next. Ops of one may still run when the next begins: see `phases`. */
export const sequence = (...generators: readonly Generator[]): Generator => new Sequence(generators, 0, generators[0]);

class Sequence implements Generator {
  readonly #generators: readonly Generator[];
  readonly #from: number;
  readonly #head: Generator | undefined;

  /** @param head what is left of the generator at `from` */
  constructor(generators: readonly Generator[], from: number, head: Generator | undefined) {
    this.#generators = generators;
    this.#from = from;
    this.#head = head;
  }

  get quietUntil(): number | undefined {
    return this.#head?.quietUntil;
  }

  op(context: Context): Emission {
    const generators = this.#generators;
    let current = this.#head;
    for (let i = this.#from; current !== undefined; current = generators[++i]) {
      const emission = current.op(context);
      if (emission !== null) return [emission[0], this.#with(i, emission[1])] as Emission;
    }
    return null;
  }

  update(context: Context, event: Op): Generator {
    return this.#head === undefined ? this : this.#with(this.#from, this.#head.update(context, event));
  }

  #with(from: number, head: Generator): Generator {
    if (from === this.#from && head === this.#head) return this;
    return from === this.#generators.length - 1 ? head : new Sequence(this.#generators, from, head);
  }
}

/** A generator from its beginning again, whenever it is exhausted. One without any op ends the cycle. */
export function cycle(generator: Generator): Generator {
  return cycling(generator, generator);
}

function cycling(original: Generator, current: Generator): Generator {
  return {
    op(context) {
      const emission = current.op(context) ?? original.op(context);
      return rewrap(emission, (rest) => cycling(original, rest));
    },
    update(context, event) {
      const next = current.update(context, event);
      return next === current ? this : cycling(original, next);
    },
  };
}

/** At most `count` ops. */
export const limit = (count: number, generator: Generator): Generator => new Limited(count, generator);

class Limited implements Generator {
  readonly #count: number;
  readonly #generator: Generator;

  constructor(count: number, generator: Generator) {
    this.#count = count;
    this.#generator = generator;
  }

  op(context: Context): Emission {
    if (this.#count <= 0) return null;
    const emission = this.#generator.op(context);
    if (emission === null) return null;
    const [op, rest] = emission;
    return op === 'pending' ? [op, this.#with(this.#count, rest)] : [op, this.#with(this.#count - 1, rest)];
  }

  update(context: Context, event: Op): Generator {
    return this.#with(this.#count, this.#generator.update(context, event));
  }

  #with(count: number, generator: Generator): Generator {
    return count === this.#count && generator === this.#generator ? this : new Limited(count, generator);
  }
}

/** Only the ops that satisfy the predicate; the others are dropped. Sleeps and logs pass. */
export function filter(predicate: (op: OpDraft) => boolean, generator: Generator): Generator {
  return {
    op(context) {
      let current = generator;
      for (;;) {
        const emission = current.op(context);
        if (emission === null) return null;
        const [op, rest] = emission;
        if (op === 'pending') return [op, filter(predicate, rest)];
        if (!entersHistory(op) || predicate(op)) return [op, filter(predicate, rest)];
        current = rest;
      }
    },
    update(context, event) {
      const next = generator.update(context, event);
      return next === generator ? this : filter(predicate, next);
    },
  };
}

/** Each op changed by a function. Sleeps and logs pass unchanged; updates show the ops as changed. */
export function map(change: (op: OpDraft, context: Context) => OpDraft, generator: Generator): Generator {
  return {
    op(context) {
      const emission = generator.op(context);
      if (emission === null) return null;
      const [op, rest] = emission;
      if (op === 'pending') return [op, map(change, rest)];
      return [entersHistory(op) ? change(op, context) : op, map(change, rest)];
    },
    update(context, event) {
      const next = generator.update(context, event);
      return next === generator ? this : map(change, next);
    },
  };
}

/** Renames `f`s: `{ start: 'kill' }` turns each `start` into a `kill`. */
export function fMap(names: Readonly<Record<string, string>>, generator: Generator): Generator {
  return map((op) => ({ ...op, f: names[op.f] ?? op.f }), generator);
}

/** Ops of a generator until one of them is ok. */
export function untilOk(generator: Generator): Generator {
  return unlessOk(generator, []);
}

function unlessOk(generator: Generator, active: readonly Process[]): Generator {
  return {
    op(context) {
      const emission = generator.op(context);
      if (emission === null) return null;
      const [draft, rest] = emission;
      if (draft === 'pending') return [draft, unlessOk(rest, active)];
      if (!entersHistory(draft)) return [draft, unlessOk(rest, active)];
      const op = fillIn(context, draft);
      return [op, unlessOk(rest, op.process === undefined ? active : [...active, op.process])];
    },
    update(context, event) {
      const next = generator.update(context, event);
      const ours = event.type !== 'invoke' && active.includes(event.process);
      if (ours && event.type === 'ok') return nothing;
      if (!ours) return next === generator ? this : unlessOk(next, active);
      return unlessOk(
        next,
        active.filter((process) => process !== event.process),
      );
    },
  };
}

/** Ends before more than `count` different processes have been in reach: info after info, processes are used up. */
export function processLimit(count: number, generator: Generator): Generator {
  return limitedProcesses(count, generator, new Set());
}

function limitedProcesses(count: number, generator: Generator, seen: ReadonlySet<Process>): Generator {
  return {
    op(context) {
      const emission = generator.op(context);
      if (emission === null) return null;
      const [op, rest] = emission;
      if (op === 'pending') return [op, limitedProcesses(count, rest, seen)];
      const processes = context.threads.map((thread) => context.process(thread));
      const all = processes.every((process) => seen.has(process)) ? seen : new Set([...seen, ...processes]);
      return all.size > count ? null : [op, limitedProcesses(count, rest, all)];
    },
    update(context, event) {
      const next = generator.update(context, event);
      return next === generator ? this : limitedProcesses(count, next, seen);
    },
  };
}

/** Says in the history that a phase of the run begins. */
export function phase(name: string): Generator {
  return once({ process: 'nemesis', f: 'phase', value: name });
}

/** A line in the harness's log. */
export function log(text: string): Generator {
  return once({ type: 'log', f: 'log', value: text });
}

/** False of sleeps and logs. */
export const entersHistory = (op: OpDraft): boolean => op.type === undefined || op.type === 'invoke';

/** The same emission, with a generator around what is left. */
export function rewrap(emission: Emission, around: (rest: Generator) => Generator): Emission {
  if (emission === null) return null;
  const [op, rest] = emission;
  return op === 'pending' ? [op, around(rest)] : [op, around(rest)];
}

/** Every generator told of an event; the same array when none of them changes. */
export function updateAll(generators: readonly Generator[], context: Context, event: Op): readonly Generator[] {
  let result = generators;
  for (let i = 0; i < generators.length; i++) {
    const generator = generators[i] as Generator;
    const next = generator.update(context, event);
    if (next !== generator) result = result.with(i, next);
  }
  return result;
}
