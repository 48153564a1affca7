/**
 * What a node in a container sends to one peer: a TCP connection of its own, in this direction only, made anew whenever
 * it breaks. As on a network, a message may be lost and is never doubled: what cannot leave within a second, what a
 * broken connection had not delivered, and what is for a peer that is down.
 */
import { connect, type Socket } from 'node:net';
import { LineWriter } from '../process/wire.ts';

/** How long messages are held back, in milliseconds: `timeMs`, and up to `jitterMs` more or less. */
export interface Delay {
  readonly timeMs: number;
  readonly jitterMs: number;
}

/** The kernel would try for seconds, with longer and longer pauses, and find a healed link late. */
const connectTimeoutMs = 250;
const retryMs = 50;
/** What waits longer for a connection is not sent any more. */
const keepMs = 1000;
/** A peer that stands still takes nothing in: beyond this its messages are lost. */
const backlogBytesMax = 64 << 20;

interface Waiting {
  readonly line: string;
  readonly sinceMs: number;
}

export class PeerLink {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #writer: LineWriter | undefined;
  #waiting: Waiting[] = [];
  /** When the last message that is held back goes: later ones do not overtake it. */
  #lastDueMs = 0;
  readonly #heldBack: string[] = [];
  #closed = false;
  #connecting: Socket | undefined;

  delay: Delay | undefined;

  /** @param address `172.18.0.2:7000`. */
  constructor(address: string) {
    const colon = address.lastIndexOf(':');
    this.#host = address.slice(0, colon);
    this.#port = Number(address.slice(colon + 1));
    this.#connect();
  }

  send(line: string): void {
    const now = performance.now();
    const { timeMs, jitterMs } = this.delay ?? { timeMs: 0, jitterMs: 0 };
    const heldBackMs = Math.max(0, timeMs + (Math.random() * 2 - 1) * jitterMs);
    const dueMs = Math.max(this.#lastDueMs, now + heldBackMs);
    if (dueMs <= now && this.#heldBack.length === 0) {
      this.#transmit(line);
      return;
    }
    this.#lastDueMs = dueMs;
    // Timers of different lengths may fire in another order than they are due: each lets the first one go.
    this.#heldBack.push(line);
    setTimeout(() => this.#transmit(this.#heldBack.shift()!), dueMs - now);
  }

  /** How many messages wait for a connection. */
  get waiting(): number {
    return this.#waiting.length;
  }

  close(): void {
    this.#closed = true;
    this.#connecting?.destroy();
  }

  #transmit(line: string): void {
    const socket = this.#socket;
    const writer = this.#writer;
    if (socket === undefined || writer === undefined) this.#waiting.push({ line, sinceMs: performance.now() });
    else if (socket.writableLength + writer.waitingLength < backlogBytesMax) writer.write(line);
  }

  #connect(): void {
    this.#forgetOld();
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    this.#connecting = socket;
    const timeout = setTimeout(() => socket.destroy(), connectTimeoutMs);
    socket.on('connect', () => {
      clearTimeout(timeout);
      this.#socket = socket;
      this.#writer = new LineWriter(socket);
      this.#forgetOld();
      for (const { line } of this.#waiting.splice(0)) this.#transmit(line);
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') this.#waiting = [];
    });
    // A peer says nothing here, but its end has to be seen.
    socket.resume();
    socket.on('close', () => {
      clearTimeout(timeout);
      this.#socket = undefined;
      this.#writer = undefined;
      if (!this.#closed) setTimeout(() => this.#connect(), retryMs);
    });
  }

  #forgetOld(): void {
    const oldest = performance.now() - keepMs;
    this.#waiting = this.#waiting.filter(({ sinceMs }) => sinceMs > oldest);
  }
}
