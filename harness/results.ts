/** What a run came to: the object that `--json` prints and results.json holds. */
import { type Validity, type Verdict, worst } from '../checkers/checker.ts';
import { countFaults } from '../checkers/faults.ts';
import type { History } from '../history/history.ts';
import type { BrokenInvariant, Execution, NodeChange } from './ports.ts';
import { expectedOutcome, reasonsNeverPromised } from './promises.ts';
import { defaultSpec, type RuntimeName, type TestSpec } from './spec.ts';
import type { Test } from './test.ts';

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
  /** Of a limit that no fault brings about, but what was asked for: why it is one, in words. */
  readonly limits?: readonly string[];
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

/** A run that is over, before it is summed up. */
export interface FinishedRun {
  readonly test: Test;
  readonly history: History;
  readonly execution: Execution;
  readonly checkers: Readonly<Record<string, Verdict>>;
  readonly interrupted: boolean;
  readonly wallMs: number;
}

/** Sums a run up. Where it is stored is for the store to say: `store` and `report` are null. */
export function resultsOf(run: FinishedRun, digest: Results['history']): Results {
  const { test, history, execution, checkers } = run;
  const { spec, promises } = test;
  const faults = countFaults(history);
  const expected = expectedOutcome(spec.bug, promises, checkers, Object.keys(faults));
  const limits = expected === 'limit' ? reasonsNeverPromised(promises, checkers) : [];
  const valid = worst(Object.values(checkers).map((verdict) => verdict.valid));
  return {
    target: spec.target,
    workload: spec.workload,
    nemesis: spec.nemesis,
    runtime: spec.runtime,
    seed: spec.seed,
    bug: spec.bug,
    valid,
    expected,
    ...(limits.length === 0 ? {} : { limits }),
    checkers,
    stats: countOps(history),
    faults,
    simulatedMs: Math.round(execution.duration / 1e6),
    wallMs: run.wallMs,
    history: digest,
    store: null,
    report: null,
    reproduce: reproduceCommand(spec),
    interrupted: run.interrupted,
    marks: execution.marks,
    nodeChanges: execution.nodeChanges,
    brokenInvariants: execution.brokenInvariants,
  };
}

function countOps(history: History): Results['stats'] {
  const counts = { invoke: 0, ok: 0, fail: 0, info: 0 };
  for (const line of history.clientInvocations()) {
    const completion = history.completionOf(line);
    const type = completion < 0 ? 'info' : history.type(completion);
    counts.invoke++;
    if (type !== 'invoke') counts[type]++;
  }
  return counts;
}

/** The command that does a run again: a complete line to paste, with the seed and every option that is no default. */
export function reproduceCommand(spec: TestSpec): string {
  const usual = defaultSpec(spec.target, spec.workload, spec.seed, spec.nodes);
  const words = ['ftest', spec.target, '--workload', spec.workload];
  const add = (option: string, value: string | number, differs: boolean): void => {
    if (differs) words.push(`--${option}`, String(value));
  };
  if (spec.config !== undefined) words.push('--config', spec.config);
  add('nemesis', spec.nemesis.join(','), spec.nemesis.length > 0);
  add('runtime', spec.runtime, spec.runtime !== usual.runtime);
  add('nodes', spec.nodes, spec.nodes !== defaultSpec('', '', 0).nodes);
  add('concurrency', spec.concurrency, spec.concurrency !== usual.concurrency);
  add('rate', spec.rate, spec.rate !== usual.rate);
  add('time-limit', spec.timeLimitMs / 1000, spec.timeLimitMs !== usual.timeLimitMs);
  add('op-timeout', spec.opTimeoutMs / 1000, spec.opTimeoutMs !== usual.opTimeoutMs);
  add('nemesis-interval', spec.nemesisIntervalMs / 1000, spec.nemesisIntervalMs !== usual.nemesisIntervalMs);
  if (spec.bug !== null) words.push('--bug', spec.bug);
  for (const [option, value] of Object.entries(spec.options)) {
    words.push(`--${option}`, ...(value === 'true' ? [] : [value]));
  }
  words.push('--seed', String(spec.seed));
  return words.map(shellWord).join(' ');
}

const shellWord = (word: string): string =>
  /^[A-Za-z0-9_.,:=@%+/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
