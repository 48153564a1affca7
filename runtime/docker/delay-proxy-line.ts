/**
 * One direction of a connection: what one socket receives goes out by the other, later. Bytes keep their order, and so do the
 * end of the stream and a reset, which take as long as bytes do. What waits is bounded: beyond that nothing more is taken
 * in, and the sender's own window fills.
 */
import type { Socket } from 'node:net';
import type { Delay } from './peer-link.ts';

/** So much waits at most, but for one read more. */
const heldBytesMax = 16 << 20;

interface Held {
  readonly dueMs: number;
  /** What is received, or how it ended. */
  readonly what: Buffer | 'end' | 'reset';
}

export class DelayLine {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #delay: () => Delay | undefined;
  /** In the order in which it came and goes, even if what is behind is due earlier. */
  readonly #held: Held[] = [];
  #heldBytes = 0;
  /** `to` takes no more for now. */
  #full = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param delay is asked for at each read. Both sockets must allow one half to end before the other. */
  constructor(from: Socket, to: Socket, delay: () => Delay | undefined) {
    this.#from = from;
    this.#to = to;
    this.#delay = delay;
    from.on('data', (chunk: Buffer) => this.#take(chunk));
    from.on('end', () => this.#take('end'));
    from.on('error', () => this.#take('reset'));
    to.on('drain', () => {
      this.#full = false;
      this.#release();
    });
    to.on('close', () => this.#abandon());
  }

  #take(what: Held['what']): void {
    const { timeMs, jitterMs } = this.#delay() ?? { timeMs: 0, jitterMs: 0 };
    const delayMs = Math.max(0, timeMs + (Math.random() * 2 - 1) * jitterMs);
    this.#held.push({ dueMs: performance.now() + delayMs, what });
    if (typeof what !== 'string') this.#heldBytes += what.length;
    if (this.#heldBytes > heldBytesMax) this.#from.pause();
    this.#release();
  }

  /** Lets go of what is due, if `to` takes it. */
  #release(): void {
    clearTimeout(this.#timer);
    while (!this.#full) {
      const first = this.#held[0];
      if (first === undefined) return;
      const earlyMs = first.dueMs - performance.now();
      if (earlyMs > 0) {
        this.#timer = setTimeout(() => this.#release(), Math.ceil(earlyMs));
        return;
      }
      this.#held.shift();
      this.#pass(first.what);
    }
  }

  #pass(what: Held['what']): void {
    if (what === 'end') this.#to.end();
    else if (what === 'reset') {
      // Of what is not connected yet there is nothing to reset.
      if (this.#to.connecting) this.#to.destroy();
      else this.#to.resetAndDestroy();
    } else {
      this.#full = !this.#to.write(what);
      this.#heldBytes -= what.length;
      if (this.#heldBytes <= heldBytesMax) this.#from.resume();
    }
  }

  /** Nobody takes it any more. */
  #abandon(): void {
    clearTimeout(this.#timer);
    this.#full = true;
    this.#held.length = 0;
    this.#from.resume();
  }
}
