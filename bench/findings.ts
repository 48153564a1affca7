/** What convicts a bug, and how soon which combination of workload, nemesis, and cluster does. */
import type { Results } from '../harness/results.ts';
import { defaultSpec, type TestSpec } from '../harness/spec.ts';
import type { NodeSystem } from '../protocol/system.ts';

/** Seeds 1, 2, … up to this one are tried: a seed is also the number of seeds that it took. */
export const seedsMax = 200;

/** An invariant or a checker, and the first seed with which it saw the bug. */
export interface Conviction {
  readonly name: string;
  readonly seed: number;
}

/** How soon one combination convicts a bug. */
export interface Finding {
  /** With the bug; the seed is that of the first violation a client could see, else that of the first broken invariant. */
  readonly spec: TestSpec;
  readonly invariant: Conviction | null;
  readonly violation: Conviction | null;
}

/** The first invariant that broke, by name. */
export const brokenInvariant = ({ brokenInvariants }: Results): string | undefined => brokenInvariants[0]?.name;

/**
 * The checker that refused what clients were told. A system that only fails to recover is not convicted, and what
 * invariants see, clients do not.
 */
export const visibleViolation = ({ checkers }: Results): string | undefined =>
  Object.keys(checkers).find((name) => name !== 'recovery' && name !== 'invariants' && checkers[name]?.valid === false);

const nemeses = [
  ['partition'],
  ['kill'],
  ['partition', 'kill'],
  ['partition', 'clock'],
  ['partition', 'kill', 'pause', 'clock'],
];

/** Whether the correct system keeps all its promises under them: else a violation would not tell of the bug. */
const isPromisedUnder = ({ promises }: NodeSystem, nemesis: readonly string[]): boolean =>
  promises.every(({ under }) => under === 'all' || nemesis.every((fault) => under.includes(fault)));

/** What is tried on a system's bugs. */
export const nemesesFor = (system: NodeSystem): readonly (readonly string[])[] =>
  nemeses.filter((nemesis) => isPromisedUnder(system, nemesis));

/** What is tried on each bug, the simplest first: few nodes and frequent faults, for 60 simulated seconds. */
export function combinations(system: NodeSystem, bug: string): readonly TestSpec[] {
  return nemesesFor(system).flatMap((nemesis) =>
    [3, 5].flatMap((nodes) =>
      [1000, 3000].map((nemesisIntervalMs) => ({
        ...defaultSpec(system.name, system.defaultWorkload, 1, nodes),
        nemesis,
        nemesisIntervalMs,
        bug,
      })),
    ),
  );
}

/** So many seeds are tried with all combinations at least; as soon as enough have found something, the others end. */
const seedsOfAll = 5;
const promisingMax = 2;

/** Seeds of both columns together; one that nothing was found in costs more than any two that something was. */
const cost = ({ invariant, violation }: Finding): number =>
  (invariant?.seed ?? 2 * seedsMax) + (violation?.seed ?? 2 * seedsMax);

const byCost = (a: Finding, b: Finding): number => cost(a) - cost(b);

const complete = ({ invariant, violation }: Finding): boolean => invariant !== null && violation !== null;

/**
 * Tries seed after seed with each combination until one has both broken an invariant and shown clients a violation.
 * Gives the best combination; of equal ones, the first. `run` gives undefined for a run without a verdict.
 */
export async function convict(
  specs: readonly TestSpec[],
  run: (spec: TestSpec) => Promise<Results | undefined>,
): Promise<Finding> {
  let findings = specs.map((spec): Finding => ({ spec, invariant: null, violation: null }));
  for (let seed = 1; seed <= seedsMax && !findings.some(complete); seed++) {
    findings = await Promise.all(
      findings.map(async (finding) => extend(finding, seed, await run({ ...finding.spec, seed }))),
    );
    const promising = findings.filter(({ invariant, violation }) => invariant ?? violation);
    if (seed >= seedsOfAll && promising.length >= promisingMax) {
      findings = promising.toSorted(byCost).slice(0, promisingMax);
    }
  }
  return findings.toSorted(byCost)[0] as Finding;
}

function extend(finding: Finding, seed: number, results: Results | undefined): Finding {
  if (results === undefined) return finding;
  const found = (name: string | undefined): Conviction | null => (name === undefined ? null : { name, seed });
  const invariant = finding.invariant ?? found(brokenInvariant(results));
  const violation = finding.violation ?? found(visibleViolation(results));
  const spec = { ...finding.spec, seed: violation?.seed ?? invariant?.seed ?? finding.spec.seed };
  return { spec, invariant, violation };
}
