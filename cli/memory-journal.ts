/** Journals that write no file. */
import type { Journal } from '../harness/ports.ts';
import type { Op } from '../history/op.ts';

/** Keeps nothing. */
export const unrecorded: Journal = {
  record() {},
  log() {},
  flush() {},
};

/** Keeps everything, to be written to another journal later. */
export class MemoryJournal implements Journal {
  readonly #ops: Op[] = [];
  readonly #logs: (readonly [node: string, time: number, text: string])[] = [];

  record(op: Op): void {
    this.#ops.push(op);
  }

  log(node: string, time: number, text: string): void {
    this.#logs.push([node, time, text]);
  }

  flush(): void {}

  copyTo(journal: Journal): void {
    for (const op of this.#ops) journal.record(op);
    for (const [node, time, text] of this.#logs) journal.log(node, time, text);
  }
}
