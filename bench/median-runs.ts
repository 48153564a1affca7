/** How many runs it takes to find a bug, by workload and nemesis: the median of several searches, one after the other. */
import type { Results } from '../harness/results.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { Workload } from '../harness/test.ts';
import type { NodeSystem } from '../protocol/system.ts';
import { brokenInvariant, type Finding, nemesesFor, visibleViolation } from './findings.ts';

/** What was tried with one bug, workload, and nemesis. */
export interface Searches {
  readonly target: string;
  readonly bug: string;
  readonly workload: string;
  readonly nemesis: readonly string[];
  /** Of each search that ended with a find, its runs, the last one included. */
  readonly runs: readonly number[];
  /** Runs since then, which found nothing. */
  readonly openRuns: number;
}

export const simulatedSeconds = 30;
export const searchesMax = 5;
export const runsMax = 40;
/** So many at once: some may be run in vain. */
const batch = 8;

/** Each bug is looked for with the workload that its target has by default, and another one. */
const others = ['register', 'list-append', 'atomic-commit'];
const workloadsMax = 2;

/** With the cluster and the interval that found the bug soonest. */
export function cellsOf(
  system: NodeSystem,
  { spec }: Finding,
  workloads: ReadonlyMap<string, Workload>,
): readonly TestSpec[] {
  const offered = others.filter((name) => {
    const workload = workloads.get(name);
    return workload !== undefined && system.services.includes(workload.service);
  });
  const names = [...new Set([system.defaultWorkload, ...offered])].slice(0, workloadsMax);
  return names.flatMap((workload) =>
    nemesesFor(system).map((nemesis) => ({ ...spec, workload, nemesis, timeLimitMs: simulatedSeconds * 1000 })),
  );
}

/** Seeds 1, 2, … one after the other, until enough searches have ended or enough runs were made. */
export async function searchAgain(
  spec: TestSpec,
  run: (spec: TestSpec) => Promise<Results | undefined>,
): Promise<Searches> {
  const runs: number[] = [];
  let openRuns = 0;
  for (let seed = 1; seed <= runsMax && runs.length < searchesMax; seed += batch) {
    const seeds = Array.from({ length: batch }, (_, i) => ({ ...spec, seed: seed + i }));
    for (const results of await Promise.all(seeds.map(run))) {
      if (runs.length === searchesMax) break;
      openRuns++;
      if (results === undefined || (brokenInvariant(results) ?? visibleViolation(results)) === undefined) continue;
      runs.push(openRuns);
      openRuns = 0;
    }
  }
  const { target, bug, workload, nemesis } = spec;
  return { target, bug: bug as string, workload, nemesis, runs, openRuns: runs.length === searchesMax ? 0 : openRuns };
}

/** `3`; `> 12` where the search that is in the middle had not ended after so many; the search that has not ended counts as one. */
export function medianText({ runs, openRuns }: Searches): string {
  const ended = runs.map((count) => ({ count, open: false }));
  const all = [...ended, ...(openRuns > 0 ? [{ count: openRuns, open: true }] : [])];
  const middle = all.toSorted((a, b) => a.count - b.count)[all.length >> 1];
  if (middle === undefined) return '';
  return middle.open ? `> ${middle.count}` : `${middle.count}`;
}
