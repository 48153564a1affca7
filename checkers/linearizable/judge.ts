/** One object judged: by its model alone where that can be, else by search. */
import type { Calls } from './calls.ts';
import { decide } from './decide.ts';
import type { Decision, Model } from './models/model.ts';
import { allRules } from './rules.ts';
import type { Lacking, Search } from './search.ts';

export interface Judged {
  readonly outcome: 'linearizable' | 'impossible' | 'undecided';
  /** Configurations looked at. */
  readonly explored: number;
  /** Where impossible, found by search: the call at whose return no configuration was left. */
  readonly call?: number;
  /** Where impossible, found without: calls that are not linearizable as a history of their own. */
  readonly core?: readonly number[];
  /** Where undecided: what was spent, in words; and if it is known at which call, how many were pending then, and the crashed ones that might matter. */
  readonly limit?: string;
  readonly at?: number;
  readonly pending?: number;
  readonly crashed?: readonly number[];
  /** Where linearizable: an order that shows it, without calls that constrain nothing. May cost as much as the verdict did. */
  readonly order?: (search: Search) => ArrayLike<number> | undefined;
}

/**
 * The calls are decided as `decision` says, which is the model's own, or by search. `goOn` is told now and then how many events
 * of the calls have been walked, and stops all by answering false.
 */
export function judge(
  search: Search,
  model: Model,
  calls: Calls,
  budget: number,
  goOn?: (walked: number) => boolean,
  decision: Decision | undefined = model.decide?.(calls),
): Judged {
  if (decision?.linearizable === false) return { outcome: 'impossible', explored: 0, core: decision.core };
  if (decision?.linearizable === true) {
    return {
      outcome: 'linearizable',
      explored: 0,
      order: (again) => decision.order?.() ?? judgeBySearch(again, model, calls, budget).order?.(again),
    };
  }
  return judgeBySearch(search, model, calls, budget, goOn);
}

/** As judge, of calls that the model itself does not decide. */
export function judgeBySearch(
  search: Search,
  model: Model,
  calls: Calls,
  budget: number,
  goOn?: (walked: number) => boolean,
): Judged {
  const problem = model.compile(calls);
  const { outcome, explored, call, pending, crashed, lacking, by } = decide(search, problem, budget, allRules, goOn);
  if (outcome === 'impossible') return { outcome, explored, call };
  if (outcome === 'exhausted')
    return { outcome: 'undecided', explored, limit: limitOf(lacking, budget), at: call, pending, crashed };
  const options = { budget, rules: allRules, ...by, trace: true };
  return { outcome, explored, order: (again) => again.run(problem, options).configurations(1)[0]?.order };
}

function limitOf(lacking: Lacking | undefined, budget: number): string {
  if (lacking === 'time') return 'there was no time left';
  if (lacking === 'memory') return 'the configurations of one moment take too much memory';
  return `the budget of ${budget} configurations is spent`;
}
