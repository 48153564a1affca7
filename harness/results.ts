/** What a run came to: the object that `--json` prints and results.json holds. */
import type { Validity, Verdict } from '../checkers/checker.ts';
import type { BrokenInvariant, NodeChange } from './ports.ts';
import type { RuntimeName } from './spec.ts';

export interface Results {
  readonly target: string;
  readonly workload: string;
  readonly nemesis: readonly string[];
  readonly runtime: RuntimeName;
  readonly seed: number;
  readonly bug: string | null;
  readonly valid: Validity;
  /** Why a verdict that is not valid is no surprise: a stated limit of the target, or a bug switched on. */
  readonly expected: 'limit' | 'bug' | null;
  readonly checkers: Readonly<Record<string, Verdict>>;
  /** Clients' ops, by how they ended. */
  readonly stats: { readonly invoke: number; readonly ok: number; readonly fail: number; readonly info: number };
  /** How many faults of each kind really happened. */
  readonly faults: Readonly<Record<string, number>>;
  readonly simulatedMs: number;
  readonly wallMs: number;
  /** Lines of history.jsonl, the nemesis's included, and the SHA-256 (hex) of the uncompressed file. */
  readonly history: { readonly lines: number; readonly sha256: string };
  readonly store: string | null;
  readonly report: string | null;
  /** The command that does this run again. */
  readonly reproduce: string;
  readonly interrupted: boolean;
  readonly marks: Readonly<Record<string, number>>;
  readonly nodeChanges: readonly NodeChange[];
  readonly brokenInvariants: readonly BrokenInvariant[];
}
