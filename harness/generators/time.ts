/**
 * When ops happen. A generator that must wait says so by a draft in the future and does not ask what it wraps until
 * then: so no randomness is drawn for ops that are not taken, and waiting costs nothing.
 */
import type { Op } from '../../history/op.ts';
import type { Context, Emission, Generator, OpDraft } from '../generator.ts';
import { once } from './ops.ts';

const nsPerMs = 1_000_000;

const timeOf = (op: OpDraft, context: Context): number => op.time ?? context.time;

/** Nothing before a time in the future. Never carried out: a draft in the future makes the interpreter ask again. */
const notBefore = (time: number, generator: Generator): Emission => [
  { type: 'sleep', f: 'sleep', value: 0, time },
  generator,
];

/** Ops until `ms` after the first. A sleep that would last longer ends with the limit. */
export function timeLimit(ms: number, generator: Generator): Generator {
  return new UntilTime(ms * nsPerMs, undefined, generator);
}

class UntilTime implements Generator {
  readonly #limit: number;
  readonly #end: number | undefined;
  readonly #generator: Generator;

  constructor(limit: number, end: number | undefined, generator: Generator) {
    this.#limit = limit;
    this.#end = end;
    this.#generator = generator;
  }

  get quietUntil(): number | undefined {
    const { quietUntil } = this.#generator;
    return quietUntil === undefined || this.#end === undefined ? undefined : Math.min(quietUntil, this.#end);
  }

  op(context: Context): Emission {
    const end = this.#end;
    if (end !== undefined && context.time >= end) return null;
    const emission = this.#generator.op(context);
    if (emission === null) return null;
    const [op, rest] = emission;
    if (op === 'pending') return [op, this.#with(end, rest)];
    const time = timeOf(op, context);
    const ending = end ?? time + this.#limit;
    // Too late for this op; until the limit others may come, as soon as a thread is free.
    if (time >= ending) return notBefore(ending, this);
    return [cutShort(op, ending - time), this.#with(ending, rest)];
  }

  update(context: Context, event: Op): Generator {
    return this.#with(this.#end, this.#generator.update(context, event));
  }

  #with(end: number | undefined, generator: Generator): Generator {
    return end === this.#end && generator === this.#generator ? this : new UntilTime(this.#limit, end, generator);
  }
}

function cutShort(op: OpDraft, limit: number): OpDraft {
  if (op.type !== 'sleep' || (op.value as number) * nsPerMs <= limit) return op;
  return { ...op, value: limit / nsPerMs };
}

/**
 * Ops at random intervals, uniform between 0 and 2·ms and so `ms` on average, of all threads together. An op that has to
 * wait for a thread delays those after it; one that is late because a timer was does not, so that the rate is kept
 * where intervals are shorter than timers can be. The interval follows every op, so that the last one's ends the generator.
 *
 * @param stream where the intervals are drawn from
 */
export function stagger(ms: number, generator: Generator, stream = 'generator'): Generator {
  const bound = Math.round(ms * 2000) + 1;
  if (!(bound >= 1 && bound <= 2 ** 32)) throw new RangeError(`stagger takes 0 to 2,000,000 ms, not ${ms}`);
  return new Spaced((context) => context.stream(stream).below(bound) * 1000, 0, generator);
}

/** Ops `ms` apart, of all threads together. The interval follows every op, so that the last one's ends the generator. */
export function delay(ms: number, generator: Generator): Generator {
  return new Spaced(() => ms * nsPerMs, 0, generator);
}

class Spaced implements Generator {
  readonly #interval: (context: Context) => number;
  readonly #generator: Generator;
  readonly quietUntil: number;

  constructor(interval: (context: Context) => number, nextTime: number, generator: Generator) {
    this.#interval = interval;
    this.quietUntil = nextTime;
    this.#generator = generator;
  }

  op(context: Context): Emission {
    if (this.quietUntil > context.time) return notBefore(this.quietUntil, this);
    if (context.freeCount === 0) return ['pending', this];
    const emission = this.#generator.op(context);
    if (emission === null) return null;
    const [op, rest] = emission;
    if (op === 'pending') return [op, this.#with(rest)];
    if (timeOf(op, context) > context.time) return [op, this];
    const begin = op.time ?? Math.max(this.quietUntil, context.dueTime);
    return [op, new Spaced(this.#interval, begin + this.#interval(context), rest)];
  }

  update(context: Context, event: Op): Generator {
    return this.#with(this.#generator.update(context, event));
  }

  #with(generator: Generator): Generator {
    return generator === this.#generator ? this : new Spaced(this.#interval, this.quietUntil, generator);
  }
}

/** Keeps one thread from other work for `ms`. */
export function sleep(ms: number): Generator {
  return once({ type: 'sleep', f: 'sleep', value: ms });
}
