/** One line on a terminal that says how far a check is, while it takes longer than a second. */

/** What a terminal is asked for; process.stderr is one. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const showAfterMs = 1000;
const everyMs = 100;

/** What goes on, as `reading x.edn: 12 MB`. Called when the line is drawn. */
export type Activity = () => string;

/** The line is written anew in its place, and gone when the check is over. Without a terminal nothing is written. */
export class ProgressLine {
  readonly #stream: TerminalStream | undefined;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout | undefined;
  #activity: Activity | undefined;
  #beganMs = 0;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #shown = false;

  constructor(stream: TerminalStream | undefined, now: () => number = () => performance.now()) {
    this.#stream = stream?.isTTY === true ? stream : undefined;
    this.#now = now;
    // Checks may keep the thread busy, so whoever works also calls update; the timer serves while others work.
    if (this.#stream !== undefined) this.#timer = setInterval(() => this.update(), everyMs).unref();
  }

  /** A check begins. */
  begin(activity: Activity): void {
    this.#beganMs = this.#now();
    this.#activity = activity;
  }

  /** The same check goes on with something else. */
  goOn(activity: Activity): void {
    this.#activity = activity;
  }

  /** Cheap, to be called often. */
  update(): void {
    if (this.#stream === undefined || this.#activity === undefined) return;
    const nowMs = this.#now();
    if (nowMs - this.#beganMs < showAfterMs || nowMs - this.#drawnMs < everyMs) return;
    this.#drawnMs = nowMs;
    this.#shown = true;
    const width = (this.#stream.columns || 80) - 1;
    const text = `${this.#activity()}, ${Math.floor((nowMs - this.#beganMs) / 1000)} s`;
    this.#stream.write(`\r${text.length > width ? `${text.slice(0, width - 1)}…` : text}\x1b[K`);
  }

  /** The check is over: takes the line away. */
  end(): void {
    this.#activity = undefined;
    if (this.#shown) this.#stream?.write('\r\x1b[K');
    this.#shown = false;
  }

  /** No check will follow. */
  close(): void {
    this.end();
    clearInterval(this.#timer);
  }
}
