import type { History } from '../history/history.ts';
import { isPlainMap, type Value } from '../history/value.ts';
import type { Verdict } from './checker.ts';

/** A nemesis that was asked for, with the `f`s of the faults it begins and ends. */
export interface AskedNemesis {
  readonly name: string;
  readonly faults: readonly string[];
}

export interface FaultsVerdict extends Verdict {
  /** How often each fault began, by `f`, in the order of first appearance. */
  readonly faults: Readonly<Record<string, number>>;
}

/** Ends of faults, by the words of the history: what is not listed begins one. */
const ends: ReadonlySet<string> = new Set([
  'heal',
  'release',
  'restore-packets',
  'start',
  'resume',
  'reset-clock',
  'restore-disks',
]);

/**
 * How often each fault began. A nemesis op has two lines, one when it is asked for and one when it is done; it counts once
 * it is done, and not if that line carries an error or says that nothing was met: nodes that were down already, for one.
 */
export function countFaults(history: History): Record<string, number> {
  const counts: Record<string, number> = {};
  let begun: number | undefined;
  for (const line of history.nemesisLines()) {
    const f = history.f(line);
    if (f === 'phase') continue;
    if (begun === undefined || history.f(begun) !== f) {
      begun = line;
      continue;
    }
    begun = undefined;
    if (ends.has(f) || history.error(line) !== undefined || metNothing(history.value(line))) continue;
    counts[f] = (counts[f] ?? 0) + 1;
  }
  return counts;
}

/** What a fault may name, of which none was left when it was carried out. */
const targets = ['nodes', 'cut', 'links', 'deltaMs', 'partsPerMillion'];

function metNothing(value: Value): boolean {
  if (!isPlainMap(value)) return false;
  return targets.some((field) => {
    const met = value[field];
    return typeof met === 'object' && met !== null && Object.keys(met).length === 0;
  });
}

/** What must have happened for a nemesis to have done anything: the fault that it is called after, if any is, or any of its own. */
const proofs = ({ name, faults }: AskedNemesis): readonly string[] => (faults.includes(name) ? [name] : faults);

/** Whether each nemesis that was asked for really began a fault: else `unknown`, for then its faults were not tested. */
export function faultsHappened(history: History, asked: readonly AskedNemesis[]): FaultsVerdict {
  const faults = countFaults(history);
  const idle = asked.filter((nemesis) => !proofs(nemesis).some((f) => (faults[f] ?? 0) > 0)).map(({ name }) => name);
  if (idle.length === 0) return { valid: true, faults };
  const names = idle.join(' and ');
  return { valid: 'unknown', reason: `no fault of ${names} happened, so nothing was tested under it`, faults };
}
