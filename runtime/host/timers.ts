/** A node's timers on its monotonic clock, by setTimeout. A busy machine may make them late, never early. */
import type { NodeClock } from './clock.ts';

interface Timer {
  readonly deadlineMs: number;
  handle: NodeJS.Timeout;
}

export class Timers {
  readonly #clock: NodeClock;
  readonly #fired: (name: string) => void;
  readonly #timers = new Map<string, Timer>();

  constructor(clock: NodeClock, fired: (name: string) => void) {
    this.#clock = clock;
    this.#fired = fired;
  }

  /** Sets the timer anew, to fire after a drawn time in [minMs, maxMs]. */
  set(name: string, minMs: number, maxMs: number): void {
    this.clear(name);
    const deadlineMs = this.#clock.monotonicMs() + minMs + Math.random() * (maxMs - minMs);
    this.#timers.set(name, { deadlineMs, handle: this.#schedule(name, deadlineMs) });
  }

  clear(name: string): void {
    const timer = this.#timers.get(name);
    if (timer === undefined) return;
    clearTimeout(timer.handle);
    this.#timers.delete(name);
  }

  clearAll(): void {
    for (const name of [...this.#timers.keys()]) this.clear(name);
  }

  /** To be called when the clock's rate has changed. */
  reschedule(): void {
    for (const [name, timer] of this.#timers) {
      clearTimeout(timer.handle);
      timer.handle = this.#schedule(name, timer.deadlineMs);
    }
  }

  #schedule(name: string, deadlineMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#due(name), Math.ceil(this.#clock.machineMsUntil(deadlineMs)));
  }

  #due(name: string): void {
    const timer = this.#timers.get(name);
    if (timer === undefined) return;
    // setTimeout counts from a clock that its loop read earlier, so that it may fire a fraction of a millisecond early.
    if (this.#clock.machineMsUntil(timer.deadlineMs) > 0) {
      timer.handle = this.#schedule(name, timer.deadlineMs);
      return;
    }
    this.#timers.delete(name);
    this.#fired(name);
  }
}
