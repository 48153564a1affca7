/**
 * A node's two clocks. The wall clock starts with a skew, jumps when bumped, and drifts; the monotonic clock, which
 * timers run on, drifts at the same rate and never jumps. Rates are in parts per million: at +50,000 a second lasts
 * 1/1.05 of a real one.
 */
const nsPerMs = 1_000_000;
const million = 1_000_000;

/**
 * Wall clocks begin here, in milliseconds since 1970, whatever the seed. Below 2^31, where whole numbers cost engines
 * nothing: each event of a node carries the time.
 */
const epochMs = 1_000_000_000;

export class NodeClock {
  readonly #skewNs: number;
  readonly #naturalDriftPpm: number;
  #driftPpm: number;
  #bumpNs = 0;
  /** The piece of time since which the rate has been what it is. */
  #sinceNs = 0;
  #monotonicNsThen = 0;

  /** @param naturalDriftPpm what `reset` returns to: no crystal is exact. */
  constructor(skewNs: number, naturalDriftPpm: number) {
    this.#skewNs = skewNs;
    this.#naturalDriftPpm = naturalDriftPpm;
    this.#driftPpm = naturalDriftPpm;
  }

  /** Nanoseconds on the monotonic clock at simulated time `now`. */
  monotonicNs(now: number): number {
    const elapsed = now - this.#sinceNs;
    return this.#monotonicNsThen + elapsed + Math.floor((elapsed * this.#driftPpm) / million);
  }

  /** Whole milliseconds on the wall clock at simulated time `now`. */
  wallMs(now: number): number {
    return epochMs + Math.floor((this.monotonicNs(now) + this.#skewNs + this.#bumpNs) / nsPerMs);
  }

  /** The simulated time, not before `now`, at which the monotonic clock shows `monotonicNs`, if the rate stays. */
  whenMonotonic(monotonicNs: number, now: number): number {
    const left = monotonicNs - this.monotonicNs(now);
    if (left <= 0) return now;
    return now + Math.ceil((left * million) / (million + this.#driftPpm));
  }

  bump(deltaMs: number): void {
    this.#bumpNs += deltaMs * nsPerMs;
  }

  /** Adds to the natural drift. Timers that are set must be scheduled anew. */
  drift(partsPerMillion: number, now: number): void {
    this.#monotonicNsThen = this.monotonicNs(now);
    this.#sinceNs = now;
    this.#driftPpm = this.#naturalDriftPpm + partsPerMillion;
  }

  /** Takes back bumps and drift. The wall clock jumps to where it would be, give or take what drift has added. */
  reset(now: number): void {
    this.drift(0, now);
    this.#bumpNs = now - this.#monotonicNsThen;
  }
}
