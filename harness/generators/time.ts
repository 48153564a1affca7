/**
 * When ops happen. A generator that must wait says so by a draft in the future and does not ask what it wraps until
 * then: so no randomness is drawn for ops that are not taken, and waiting costs nothing.
 */
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
  return untilTime(ms * nsPerMs, undefined, generator);
}

function untilTime(limit: number, end: number | undefined, generator: Generator): Generator {
  return {
    op(context) {
      if (end !== undefined && context.time >= end) return null;
      const emission = generator.op(context);
      if (emission === null) return null;
      const [op, rest] = emission;
      if (op === 'pending') return [op, rest === generator ? this : untilTime(limit, end, rest)];
      const time = timeOf(op, context);
      const ending = end ?? time + limit;
      if (time >= ending) return null;
      const next = ending === end && rest === generator ? this : untilTime(limit, ending, rest);
      return [cutShort(op, ending - time), next];
    },
    update(context, event) {
      const next = generator.update(context, event);
      return next === generator ? this : untilTime(limit, end, next);
    },
  };
}

function cutShort(op: OpDraft, limit: number): OpDraft {
  if (op.type !== 'sleep' || (op.value as number) * nsPerMs <= limit) return op;
  return { ...op, value: limit / nsPerMs };
}

/**
 * Ops at random intervals, uniform between 0 and 2·ms and so `ms` on average, of all threads together. Whoever is
 * late is not made up for. The interval follows every op, so that the last one's ends the generator.
 *
 * @param stream where the intervals are drawn from
 */
export function stagger(ms: number, generator: Generator, stream = 'generator'): Generator {
  const bound = Math.round(ms * 2000) + 1;
  if (!(bound >= 1 && bound <= 2 ** 32)) throw new RangeError(`stagger takes 0 to 2,000,000 ms, not ${ms}`);
  return spaced((context) => context.stream(stream).below(bound) * 1000, 0, generator);
}

/** Ops `ms` apart, of all threads together. The interval follows every op, so that the last one's ends the generator. */
export function delay(ms: number, generator: Generator): Generator {
  return spaced(() => ms * nsPerMs, 0, generator);
}

function spaced(interval: (context: Context) => number, nextTime: number, generator: Generator): Generator {
  return {
    op(context) {
      if (nextTime > context.time) return notBefore(nextTime, this);
      if (context.free.length === 0) return ['pending', this];
      const emission = generator.op(context);
      if (emission === null) return null;
      const [op, rest] = emission;
      if (op === 'pending') return [op, rest === generator ? this : spaced(interval, nextTime, rest)];
      const time = timeOf(op, context);
      if (time > context.time) return [op, this];
      return [op, spaced(interval, time + interval(context), rest)];
    },
    update(context, event) {
      const next = generator.update(context, event);
      return next === generator ? this : spaced(interval, nextTime, next);
    },
  };
}

/** Keeps one thread from other work for `ms`. */
export function sleep(ms: number): Generator {
  return once({ type: 'sleep', f: 'sleep', value: ms });
}
