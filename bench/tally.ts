/** What many runs of one target came to. The same whichever order they end in. */
import type { RecoveryVerdict } from '../checkers/recovery.ts';
import type { Results } from '../harness/results.ts';

/** How often something happened in all runs together, and in how many runs it happened at all. */
export interface Frequency {
  readonly total: number;
  readonly runs: number;
}

export class Tally {
  runs = 0;
  valid = 0;
  invalid = 0;
  unknown = 0;
  /** Runs that ended with an error of the harness or of a node, without a verdict. */
  errors = 0;
  readonly ops = { invoke: 0, ok: 0, fail: 0, info: 0 };
  readonly #simulatedMs: number[] = [];
  readonly #recoveryMs: number[] = [];
  readonly #marks = new Map<string, Frequency>();
  readonly #faults = new Map<string, Frequency>();

  add(results: Results): void {
    this.runs++;
    if (results.valid === 'unknown') this.unknown++;
    else if (results.valid) this.valid++;
    else this.invalid++;
    for (const outcome of ['invoke', 'ok', 'fail', 'info'] as const) this.ops[outcome] += results.stats[outcome];
    this.#simulatedMs.push(results.simulatedMs);
    const { recoveredAfterMs } = (results.checkers.recovery ?? {}) as Partial<RecoveryVerdict>;
    if (recoveredAfterMs !== undefined) this.#recoveryMs.push(recoveredAfterMs);
    count(this.#marks, results.marks);
    count(this.#faults, results.faults);
  }

  addError(): void {
    this.runs++;
    this.errors++;
  }

  get simulatedMs(): number {
    return this.#simulatedMs.reduce((sum, each) => sum + each, 0);
  }

  /** From the heal until every client was served again; nearest rank. Undefined while no run has recovered. */
  get recoveryMs(): { readonly median: number; readonly max: number } | undefined {
    if (this.#recoveryMs.length === 0) return undefined;
    const sorted = Float64Array.from(this.#recoveryMs).sort();
    return { median: sorted[Math.ceil(sorted.length / 2) - 1] as number, max: sorted.at(-1) as number };
  }

  mark(name: string): Frequency {
    return this.#marks.get(name) ?? { total: 0, runs: 0 };
  }

  /** By name of the fault, in the order of the alphabet. */
  get faults(): readonly (readonly [name: string, frequency: Frequency])[] {
    return [...this.#faults].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function count(frequencies: Map<string, Frequency>, counts: Readonly<Record<string, number>>): void {
  for (const [name, times] of Object.entries(counts)) {
    if (times === 0) continue;
    const { total, runs } = frequencies.get(name) ?? { total: 0, runs: 0 };
    frequencies.set(name, { total: total + times, runs: runs + 1 });
  }
}
