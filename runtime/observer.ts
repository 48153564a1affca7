/** What a run in real time sees besides the history: marks, changes of nodes, and their logs, on the run's own clock. */
import { performance } from 'node:perf_hooks';
import type { Execution, Journal, NodeChange } from '../harness/ports.ts';

/** A node as the harness sees it. */
interface Observed {
  readonly id: string;
  readonly role: string;
  readonly description: { readonly role: string; readonly term: number; readonly primary: boolean } | undefined;
}

export const machineNs = (): number => Math.round(performance.now() * 1_000_000);

export class Observer {
  readonly #journal: Journal;
  readonly #marks = new Map<string, number>();
  readonly #nodeChanges: NodeChange[] = [];
  readonly #lastChange = new Map<string, NodeChange>();
  #begunNs: number | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  begin(): void {
    this.#begunNs = machineNs();
  }

  log(node: string, line: string): void {
    this.#journal.log(node, this.#now(), line);
  }

  mark(name: string): void {
    this.#marks.set(name, (this.#marks.get(name) ?? 0) + 1);
  }

  changed({ id: node, role, description }: Observed): void {
    const last = this.#lastChange.get(node);
    const term = description?.term ?? last?.term ?? 0;
    const primary = description?.primary === true && role === description.role;
    if (last?.role === role && last.term === term && last.primary === primary) return;
    const change = { time: this.#now(), node, role, term, primary };
    this.#lastChange.set(node, change);
    this.#nodeChanges.push(change);
  }

  observed(): Omit<Execution, 'duration'> {
    return {
      marks: Object.fromEntries([...this.#marks].sort(([a], [b]) => (a < b ? -1 : 1))),
      nodeChanges: [...this.#nodeChanges],
      brokenInvariants: [],
    };
  }

  /** Nanoseconds since the run began; 0 before. */
  #now(): number {
    return this.#begunNs === undefined ? 0 : machineNs() - this.#begunNs;
  }
}
