/**
 * Which line each client has open. A Map would do, but it holds at most 2^24 clients, and a hostile file names a new one
 * on every line. Clients are few and numbered from 0 almost always, so a column indexed by their number serves; else
 * they are numbered by their rank.
 */
export class OpenCalls {
  readonly #lines: Int32Array;
  /** All clients, ascending; undefined where each is its own rank. */
  readonly #ranked: Int32Array | undefined;

  /** `processes` as History has them: those below 0 are no clients. */
  constructor(processes: Int32Array) {
    let last = -1;
    for (const process of processes) if (process > last) last = process;
    const sparse = last > 4 * processes.length + 1024;
    this.#ranked = sparse ? processes.slice().sort() : undefined;
    this.#lines = new Int32Array(sparse ? processes.length : last + 1).fill(-1);
  }

  /** The open line of a client; -1 where there is none. */
  get(process: number): number {
    return this.#lines[this.#rank(process)]!;
  }

  open(process: number, line: number): void {
    this.#lines[this.#rank(process)] = line;
  }

  close(process: number): void {
    this.#lines[this.#rank(process)] = -1;
  }

  /** Where the client stands first among the ranked. */
  #rank(process: number): number {
    const ranked = this.#ranked;
    if (ranked === undefined) return process;
    let low = 0;
    for (let high = ranked.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (ranked[middle]! < process) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
