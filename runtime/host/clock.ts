/**
 * A node's two clocks in real time: the wall clock is ahead of the machine's by a skew, and both run faster than the
 * machine's by a drift. The monotonic clock, which timers run on, never jumps.
 */
import { performance } from 'node:perf_hooks';

const million = 1_000_000;

export class NodeClock {
  readonly #machineMs: () => number;
  /** The piece of time since which skew and drift have been what they are, on the machine's clock. */
  #sinceMs: number;
  #monotonicMsThen = 0;
  #skewMsThen = 0;
  #driftPpm = 0;

  /** @param machineMs the machine's monotonic clock, in milliseconds. */
  constructor(machineMs: () => number = () => performance.now()) {
    this.#machineMs = machineMs;
    this.#sinceMs = machineMs();
  }

  /** The wall clock is `skewMs` ahead of the machine's now, and both clocks gain `driftPpm` microseconds a second. */
  set(skewMs: number, driftPpm: number): void {
    const now = this.#machineMs();
    this.#monotonicMsThen = this.monotonicMs();
    this.#sinceMs = now;
    this.#skewMsThen = skewMs;
    this.#driftPpm = driftPpm;
  }

  get driftPpm(): number {
    return this.#driftPpm;
  }

  /** How far the wall clock is ahead of the machine's now, what drift has added included. */
  skewMs(): number {
    return this.#skewMsThen + ((this.#machineMs() - this.#sinceMs) * this.#driftPpm) / million;
  }

  monotonicMs(): number {
    return this.#monotonicMsThen + ((this.#machineMs() - this.#sinceMs) * (million + this.#driftPpm)) / million;
  }

  /** Whole milliseconds since 1970. */
  wallMs(): number {
    return Math.floor(performance.timeOrigin + this.#machineMs() + this.skewMs());
  }

  /** How long, on the machine's clock, until the monotonic clock shows `monotonicMs`, if the rate stays; at least 0. */
  machineMsUntil(monotonicMs: number): number {
    return Math.max(0, ((monotonicMs - this.monotonicMs()) * million) / (million + this.#driftPpm));
  }
}
