/** TestSpec: a test as JSON. What test.json holds, and what replay and workers exchange. */

export const runtimeNames = ['sim', 'process', 'docker'] as const;
export type RuntimeName = (typeof runtimeNames)[number];

export interface TestSpec {
  readonly target: string;
  /** The configuration file that the target comes from, as named; absent of a target of ftest's. Relative to the current folder. */
  readonly config?: string;
  readonly workload: string;
  /** Names of nemeses, in the order given; empty for none. */
  readonly nemesis: readonly string[];
  readonly runtime: RuntimeName;
  readonly nodes: number;
  /** Clients that run at once. */
  readonly concurrency: number;
  /** Ops per second, all clients together. */
  readonly rate: number;
  readonly timeLimitMs: number;
  readonly opTimeoutMs: number;
  readonly nemesisIntervalMs: number;
  /** 0 to 2^32-1, both included. */
  readonly seed: number;
  readonly bug: string | null;
  /** Options of the workload and of the nemesis, as given: `values`, `direction` … */
  readonly options: Readonly<Record<string, string>>;
}

/** The defaults of every option; concurrency is two clients per node. */
export function defaultSpec(target: string, workload: string, seed: number, nodes = 5): TestSpec {
  return {
    target,
    workload,
    nemesis: [],
    runtime: 'sim',
    nodes,
    concurrency: 2 * nodes,
    rate: 100,
    timeLimitMs: 60_000,
    opTimeoutMs: 5_000,
    nemesisIntervalMs: 10_000,
    seed,
    bug: null,
    options: {},
  };
}

/** n1, n2, … */
export const nodeIdsOf = ({ nodes }: Pick<TestSpec, 'nodes'>): readonly string[] =>
  Array.from({ length: nodes }, (_, i) => `n${i + 1}`);

/** A spec that cannot be run as it stands: exit code 254. `message` is one sentence for people. */
export class SpecError extends Error {
  override readonly name = 'SpecError';
}
