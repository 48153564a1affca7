/** TestSpec: a test as JSON. What test.json holds, and what replay and workers exchange. */

export const runtimeNames = ['sim', 'process'] as const;
export type RuntimeName = (typeof runtimeNames)[number];

export interface TestSpec {
  readonly target: string;
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
