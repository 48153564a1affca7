/** Maelstrom's messages as lines of text, and what ftest's own nodes and their harness say to each other besides. */
import { StringDecoder } from 'node:string_decoder';
import type { Body, Message } from '../../protocol/message.ts';

/** The address of the harness. Only ftest's own nodes know it; no node of a cluster has such a name. */
export const harnessId = 'ftest';

/** From whom a node hears its `init`. */
export const initClientId = 'c0';

/** The first message to a node: who it is and who there is. Answered by `init_ok`. */
export interface InitBody extends Body {
  readonly type: 'init';
  readonly msg_id: number;
  readonly node_id: string;
  readonly node_ids: readonly string[];
}

/** To a node of ours: its wall clock is now so far ahead of the machine's, and both its clocks so much too fast. */
export interface ClockBody extends Body {
  readonly type: 'clock';
  readonly skew_ms: number;
  readonly drift_ppm: number;
}

/** From a node of ours, when any of these has changed. */
export interface DescribeBody extends Body {
  readonly type: 'describe';
  readonly role: string;
  readonly term: number;
  readonly primary: boolean;
}

/** From a node of ours: its `mark` effect. */
export interface MarkBody extends Body {
  readonly type: 'mark';
  readonly name: string;
}

/** The message that a line is, or undefined if it is none. */
export function parseMessage(line: string): Message | undefined {
  let message: Partial<Message> | null;
  try {
    message = JSON.parse(line) as Partial<Message> | null;
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const { src, dest, body } = message;
  if (typeof src !== 'string' || typeof dest !== 'string' || typeof body?.type !== 'string') return undefined;
  return message as Message;
}

/** Where text goes: a socket or a pipe. */
interface Sink {
  readonly writable: boolean;
  write(text: string): unknown;
}

/**
 * Writes lines to a stream: all those of one turn of the event loop at its end, in one piece, for a system call costs more
 * than a line. What the stream does not take any more is lost.
 */
export class LineWriter {
  readonly #sink: Sink;
  #lines = '';

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** How much waits for the end of the turn. */
  get waitingLength(): number {
    return this.#lines.length;
  }

  write(line: string): void {
    if (this.#lines === '') process.nextTick(() => this.#flush());
    this.#lines += `${line}\n`;
  }

  #flush(): void {
    const lines = this.#lines;
    this.#lines = '';
    if (this.#sink.writable) this.#sink.write(lines);
  }
}

/** Cuts what a stream brings into lines, without their ends. */
export class LineSplitter {
  readonly #line: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(line: (line: string) => void) {
    this.#line = line;
  }

  push(chunk: Buffer): void {
    const text = this.#decoder.write(chunk);
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const line = this.#rest + text.slice(start, end);
      this.#rest = '';
      start = end + 1;
      this.#line(line);
    }
    this.#rest += text.slice(start);
  }

  /** The stream has ended: what is left is a line if it is not empty. */
  end(): void {
    const line = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (line !== '') this.#line(line);
  }
}
