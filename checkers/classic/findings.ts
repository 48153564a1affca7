/** What a checker found wrong, as evidence: sentences, with the lines that show it. */

export interface Finding {
  /** In the words of the checker: `lost`, `wrong-total`. */
  readonly kind: string;
  /** Indexes of lines, ascending. */
  readonly lines: readonly number[];
  readonly sentence: string;
  /** How it came about, where that can be told: what was seen, in order. */
  readonly story?: readonly Scene[];
}

/** One thing that was seen, on a line. */
export interface Scene {
  readonly line: number;
  /** Without time and full stop: `n2 had aborted it`. */
  readonly sentence: string;
}

/** Of each kind, findings that are told, at most. */
const toldMax = 10;

/** Collects findings: counts them all, and tells the first of each kind. */
export class Findings {
  readonly told: Finding[] = [];
  readonly #counts = new Map<string, number>();

  /** `tell` is asked only of the first of a kind. Lines below 0 are none. */
  add(kind: string, tell: () => Omit<Finding, 'kind'>): void {
    const count = this.count(kind) + 1;
    this.#counts.set(kind, count);
    if (count > toldMax) return;
    const { lines, ...told } = tell();
    const shown = [...new Set(lines)].filter((line) => line >= 0).sort((a, b) => a - b);
    this.told.push({ kind, lines: shown, ...told });
  }

  count(kind: string): number {
    return this.#counts.get(kind) ?? 0;
  }

  /** Of the kinds that make a history invalid `lost (3), unexpected (1): ` and the first sentence; undefined where there are none. */
  reason(kinds: readonly string[]): string | undefined {
    const found = kinds.filter((kind) => this.count(kind) > 0);
    const first = this.told.find(({ kind }) => kind === found[0]);
    if (first === undefined) return undefined;
    return `${found.map((kind) => `${kind} (${this.count(kind)})`).join(', ')}: ${first.sentence}`;
  }
}
