import type { History } from '../../history/history.ts';
import { formatValue, type Value } from '../../history/value.ts';
import type { Checker, Validity } from '../checker.ts';
import type { KeyFailure, LinearizableVerdict } from '../evidence.ts';
import type { Calls } from './calls.ts';
import { decide } from './decide.ts';
import { explain } from './explain.ts';
import type { Model } from './models/model.ts';
import { objectsOf } from './objects.ts';
import { allRules } from './rules.ts';
import { Search, type SearchResult } from './search.ts';
import { seconds } from './story.ts';

export interface LinearizableOptions {
  /** What each object is. */
  readonly model: Model;
  /** A cas that failed with the error `precondition-failed` shows that the value was another one. Default: it shows nothing. */
  readonly observeFailedCas?: boolean;
  /** Configurations that one search may look at, for each object; about a second for a million. Default 4,000,000. */
  readonly budget?: number;
}

/** Counted in configurations, so that the verdict does not depend on the machine. */
const defaultBudget = 4_000_000;

/** Objects that failed are explained up to so many. */
const failuresMax = 10;

/**
 * Whether each object behaves as if one process at a time had used it, every op between its invocation and its
 * completion (Herlihy and Wing 1990). Op `f`s other than the model's are refused by a ModelMismatch. Linear in the history
 * where few calls overlap; see Search for the rest.
 */
export function linearizable(options: LinearizableOptions): Checker {
  return { name: 'linearizable', check: (history) => checkLinearizable(history, options) };
}

/** As the checker does. */
export function checkLinearizable(history: History, options: LinearizableOptions): LinearizableVerdict {
  const { model, observeFailedCas = false, budget = defaultBudget } = options;
  const { keys, calls, ops } = objectsOf(history, observeFailedCas);
  const search = new Search();
  const failing: { key: Value; calls: Calls; call: number }[] = [];
  const undecided: { key: Value; reason: string }[] = [];
  calls.forEach((of, object) => {
    const key = keys[object]!;
    const result = decide(search, model.compile(of), budget, allRules);
    if (result.outcome === 'impossible') failing.push({ key, calls: of, call: result.call });
    if (result.outcome === 'exhausted') undecided.push({ key, reason: whyUndecided(history, key, of, result, budget) });
  });

  failing.sort((a, b) => a.calls.completion[a.call]! - b.calls.completion[b.call]!);
  const failures = failing
    .slice(0, failuresMax)
    .map((one): KeyFailure => explain(search, { ...one, history, model }, budget));
  const valid: Validity = failing.length > 0 ? false : undecided.length > 0 ? 'unknown' : true;
  const counts = { keys: keys.length, ops, failures, undecided };
  if (valid === true) return { valid, ...counts };
  return { valid, reason: reasonOf(failures, failing.length, undecided), ...counts };
}

function reasonOf(failures: readonly KeyFailure[], failed: number, undecided: readonly { reason: string }[]): string {
  const [first] = failures;
  if (first === undefined) {
    const more = undecided.length > 1 ? `, and ${undecided.length - 1} more` : '';
    return `${undecided[0]!.reason}${more}`;
  }
  const others = failed > 1 ? ` (and ${failed - 1} more)` : '';
  return `${nameOf(first.key)}${others} is not linearizable: ${first.story.at(-1)!}`;
}

/** `key 7 undecided: 14 concurrent unknown writes at 12.4 s`: what made it hard, and when. */
function whyUndecided(history: History, key: Value, calls: Calls, result: SearchResult, budget: number): string {
  const line = calls.completion[result.call]!;
  const time = history.time(line);
  const when = Number.isFinite(time) ? `at ${seconds(time)}` : `on line ${history.line(line)}`;
  const fs = new Set(result.crashed.map((call) => calls.f[call]!));
  const [f] = fs;
  const ops = fs.size === 1 ? (f === 'cas' ? 'cas ops' : `${f}s`) : 'ops';
  const unknown = result.crashed.length > 0 ? ` and ${result.crashed.length} unknown ${ops}` : '';
  const many =
    result.crashed.length > result.pending
      ? `${result.crashed.length} concurrent unknown ${ops}`
      : `${result.pending} concurrent ops${unknown}`;
  return `${nameOf(key)} undecided: ${many} ${when}; the budget of ${budget} configurations is spent`;
}

const nameOf = (key: Value): string => (key === null ? 'the object' : `key ${formatValue(key)}`);
