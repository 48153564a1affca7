/** Runs a sample of docs/bugs.md again. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { unrecorded } from '../cli/memory-journal.ts';
import { createRegistry } from '../cli/registry.ts';
import { perform } from '../cli/stored-run.ts';
import type { Results } from '../harness/results.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { NodeSystem } from '../protocol/system.ts';
import { targets } from '../targets/index.ts';
import { bugsPage } from './bugs-page.ts';
import { brokenInvariant, type Conviction, type Finding, visibleViolation } from './findings.ts';
import { cellsOf, medianText, type Searches } from './median-runs.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const findings = JSON.parse(read('testdata/bugs.json')) as Finding[];
const searches = JSON.parse(read('testdata/bug-searches.json')) as Searches[];
const registry = createRegistry();

async function run(spec: TestSpec): Promise<Results> {
  return (await perform(spec, registry, { ...unrecorded, digest: () => ({ lines: 0, sha256: '' }) })).results;
}

interface Sample {
  readonly bug: string;
  readonly column: 'invariant' | 'violation';
  readonly conviction: Conviction;
  readonly spec: TestSpec;
}

/** One column of each bug, in turn, where both have something. */
const sample = findings.map(({ spec, invariant, violation }, i): Sample => {
  const column = violation === null || (invariant !== null && i % 2 === 0) ? 'invariant' : 'violation';
  const conviction = (column === 'invariant' ? invariant : violation) as Conviction;
  return { bug: spec.bug as string, column, conviction, spec: { ...spec, seed: conviction.seed } };
});

describe('docs/bugs.md', () => {
  const systems = [...targets.values()];

  test('has every bug of every target, and each is found', () => {
    const named = systems.flatMap((system) => system.bugs.map(({ name }) => `${system.name} ${name}`));
    expect(findings.map(({ spec }) => `${spec.target} ${spec.bug}`)).toEqual(named);
    for (const { spec, invariant, violation } of findings)
      expect(invariant ?? violation, spec.bug ?? '').not.toBeNull();
  });

  test('has the searches for every bug, with each workload and nemesis', () => {
    const cells = findings.flatMap((finding) =>
      cellsOf(targets.get(finding.spec.target) as NodeSystem, finding, registry.workloads),
    );
    const named = (each: Pick<Searches, 'target' | 'workload' | 'nemesis'> & { readonly bug: string | null }): string =>
      [each.target, each.bug, each.workload, ...each.nemesis].join(' ');
    expect(searches.map(named)).toEqual(cells.map(named));
  });

  test('a median may be one of a search that has not ended', () => {
    const median = (runs: readonly number[], openRuns: number): string =>
      medianText({ target: '', bug: '', workload: '', nemesis: [], runs, openRuns });
    expect(median([1, 9, 3, 2, 8], 0)).toBe('3');
    expect(median([], 40)).toBe('> 40');
    expect(median([10], 30)).toBe('> 30');
    expect(median([10, 2], 28)).toBe('10');
  });

  test('says what was found: `npm run bugs -- --write` generates it', () => {
    expect(read('../docs/bugs.md')).toBe(bugsPage(systems, findings, searches));
  });
});

describe('the seed that docs/bugs.md names', () => {
  test.each(sample)('convicts $bug again, by its $column', async ({ column, conviction, spec }) => {
    const results = await run(spec);
    const seen = column === 'invariant' ? brokenInvariant(results) : visibleViolation(results);
    expect(seen).toBe(conviction.name);
    expect(results.expected).toBe('bug');
  });

  test.each(sample)('finds nothing without $bug', async ({ spec }) => {
    const { valid, checkers } = await run({ ...spec, bug: null });
    expect(valid, JSON.stringify(checkers)).toBe(true);
  });
});
