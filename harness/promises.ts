/** What a target promises, held against the faults that really happened. */
import type { Verdict } from '../checkers/checker.ts';
import type { Guarantee } from '../protocol/system.ts';
import { durabilityFaults } from './fault.ts';

/**
 * Whether a violation of `property` lies outside what the promises cover: they speak of the property, but none of
 * them holds under all the kinds of fault that happened. Of a property that no promise mentions no limit is stated.
 */
export function isStatedLimit(promises: readonly Guarantee[], property: string, faults: Iterable<string>): boolean {
  const spoken = promises.filter((promise) => promise.property === property);
  const happened = [...faults];
  const isCovered = (under: Guarantee['under'], fault: string): boolean =>
    under === 'all' ? !durabilityFaults.has(fault) : under.includes(fault);
  const covers = ({ under }: Guarantee): boolean =>
    under !== 'never' && happened.every((fault) => isCovered(under, fault));
  return spoken.length > 0 && !spoken.some(covers);
}

/** In words, why what was violated need never have held; nothing of what holds under some faults. */
export const reasonsNeverPromised = (
  promises: readonly Guarantee[],
  verdicts: Readonly<Record<string, Verdict>>,
): readonly string[] => [
  ...new Set(
    promises.flatMap(({ property, under, except }) =>
      under === 'never' && except !== undefined && verdicts[property]?.valid === false ? [except] : [],
    ),
  ),
];

/** `bug` when one is switched on; `limit` when every violation is a stated limit of the target; else null. */
export function expectedOutcome(
  bug: string | null,
  promises: readonly Guarantee[],
  verdicts: Readonly<Record<string, Verdict>>,
  faults: Iterable<string>,
): 'bug' | 'limit' | null {
  if (bug !== null) return 'bug';
  const violated = Object.keys(verdicts).filter((name) => verdicts[name]?.valid === false);
  const happened = [...faults];
  const limits = violated.length > 0 && violated.every((name) => isStatedLimit(promises, name, happened));
  return limits ? 'limit' : null;
}
