import type { Problem } from './automaton.ts';
import { UNCONSTRAINED } from './automaton.ts';
import type { Rules } from './rules.ts';
import type { Search, SearchResult } from './search.ts';

/** What the full search may look at before the cheap proofs are tried, where ops crashed. */
const probeBudget = 20_000;

/** Configurations kept by the search for a witness. */
const beamWidth = 64;

/**
 * Decides whether the calls are linearizable, within the budget of configurations for each search. Where ops crashed, the number of
 * configurations may be exponential in them, so a bracket comes first: if it is impossible even though every crashed op may
 * happen any number of times, it is impossible; if a search that keeps few configurations gets through, it is linearizable.
 */
export function decide(search: Search, problem: Problem, budget: number, rules: Rules): SearchResult {
  if (!rules.bracket || !hasCrashed(problem)) return search.run(problem, { budget, rules });
  const probe = search.run(problem, { budget: Math.min(budget, probeBudget), rules });
  if (probe.outcome !== 'exhausted' || budget <= probeBudget) return probe;
  return bracket(search, problem, budget, rules) ?? search.run(problem, { budget, rules });
}

/** A proof either way, or nothing. */
export function bracket(
  search: Search,
  problem: Problem,
  budget: number,
  rules: Rules,
  beam: number = beamWidth,
): SearchResult | undefined {
  const relaxed = search.run(problem, { budget, rules, crashedRepeat: true });
  if (relaxed.outcome === 'impossible') return relaxed;
  const greedy = search.run(problem, { budget, rules, beam });
  return greedy.outcome === 'linearizable' ? greedy : undefined;
}

function hasCrashed({ op, events }: Problem): boolean {
  const returned = new Uint8Array(op.length);
  for (const event of events) if ((event & 1) === 1) returned[event >>> 1] = 1;
  return op.some((number, call) => number !== UNCONSTRAINED && returned[call] === 0);
}
