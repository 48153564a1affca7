/**
 * When faults happen. Each package has a schedule of its own with a random stream of its own, so that the faults of one
 * stay what and when they are, whichever other packages run beside it.
 */
import { once } from '../harness/combinators.ts';
import type { Fault } from '../harness/fault.ts';
import type { Context, Generator, OpDraft } from '../harness/generator.ts';
import { type Random, randomStream } from '../harness/random.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { Value } from '../history/value.ts';

const nsPerMs = 1_000_000;
const nsPerUs = 1_000;

/** The op by which the nemesis injects a fault. */
export const injection = (fault: Fault): OpDraft => ({
  process: 'nemesis',
  f: fault.f,
  value: fault as unknown as Value,
});

/** Injects one fault, once. */
export const inject = (fault: Fault): Generator => once(injection(fault));

/** A fault, what is known from then on, and when the next one is due: in `soonMs`, else after an interval. */
export interface Drawn<State> {
  readonly fault: Fault;
  readonly next: State;
  readonly soonMs?: number;
}

export interface Schedule<State> {
  readonly spec: TestSpec;
  /** The name of the random stream, `nemesis-<package>`. */
  readonly stream: string;
  readonly initial: State;
  /**
   * Decides on the next fault. `random` is fresh for each: how much is drawn from it, which may depend on what the
   * cluster looks like, changes nothing about when and what the later ones are.
   */
  draw(state: State, random: Random, context: Context): Drawn<State>;
}

/**
 * Faults without end. Intervals are uniform between 0 and twice spec.nemesisIntervalMs, as with Jepsen's stagger; the
 * first fault comes within one interval, and before half of the time limit, so that even short runs have one.
 */
export function schedule<State>(options: Schedule<State>): Generator {
  const { spec, stream, initial } = options;
  const firstMsMax = Math.min(spec.nemesisIntervalMs, spec.timeLimitMs / 2);
  // Asking a generator must not draw unless the op is taken: so the first time has a stream of its own.
  const first = drawTimeNs(randomStream(spec.seed, `${stream}-first`), firstMsMax);
  return due(options, initial, first);
}

/** Nanoseconds, a whole number of microseconds, uniform in [0, boundMs) and up to 1 ms more. */
const drawTimeNs = (random: Random, boundMs: number): number =>
  random.below(Math.ceil(boundMs)) * nsPerMs + random.below(1000) * nsPerUs;

function due<State>(options: Schedule<State>, state: State, time: number): Generator {
  return {
    quietUntil: time,
    op(context) {
      if (context.time < time) return [{ type: 'sleep', f: 'sleep', value: 0, process: 'nemesis', time }, this];
      if (!context.free.includes('nemesis')) return ['pending', this];
      const { spec, stream, draw } = options;
      const random = randomStream(context.stream(stream).uint32(), stream);
      const intervalNs = drawTimeNs(random, 2 * spec.nemesisIntervalMs);
      const { fault, next, soonMs } = draw(state, random, context);
      const wait = soonMs === undefined ? intervalNs : soonMs * nsPerMs;
      return [injection(fault), due(options, next, context.time + wait)];
    },
    update() {
      return this;
    },
  };
}
