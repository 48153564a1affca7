import { type Problem, UNCONSTRAINED } from './automaton.ts';
import type { Rules } from './rules.ts';
import type { Search, SearchOptions, SearchResult } from './search.ts';

/** Configurations kept in the first attempt, and how much wider each further one is. */
const firstWidth = 16;
const widening = 8;

/** What the search that leaves nothing out may look at in an attempt, for each configuration of its width. */
const exactPerWidth = 4_000;

export type GoOn = (walked: number) => boolean;

/**
 * Decides whether the calls are linearizable; `budget` is the configurations that all searches together may look at. The
 * number of configurations may be exponential, so two searches close in on the answer from both sides, wider with each
 * attempt: one that keeps only the best so many, and is right if it gets through; and one that joins those above that
 * number to what can do more than any of them, lets crashed ops happen again and again, and is right if it does not.
 * Between them, where ops crashed, one that leaves nothing out.
 */
export function decide(search: Search, problem: Problem, budget: number, rules: Rules, goOn?: GoOn): SearchResult {
  const options = { rules, ...(goOn === undefined ? {} : { goOn }) };
  if (!rules.bracket) return search.run(problem, { ...options, budget });
  const crashed = hasCrashed(problem);
  let left = budget;
  let explored = 0;
  let joins = true;
  const attempt = (more: Partial<SearchOptions>): SearchResult => {
    const result = search.run(problem, { ...options, budget: left, ...more });
    left -= result.explored;
    explored += result.explored;
    return { ...result, explored };
  };
  const first = attempt({ width: firstWidth, excess: 'dropped' });
  if (first.outcome !== 'impossible' || !first.narrowed) return first;
  for (let width = firstWidth; ; width *= widening) {
    if (joins) {
      const joined = attempt({ width, excess: 'joined', crashedRepeat: true });
      if (joined.outcome !== 'linearizable') return joined;
      joins = joined.narrowed;
    }
    const kept = attempt({ width, excess: 'dropped', retry: true });
    if (kept.outcome !== 'impossible' || !kept.narrowed) return kept;
    if (!crashed) continue;
    const whole = attempt({ budget: Math.min(left, width * exactPerWidth) });
    if (whole.outcome !== 'exhausted' || left <= 0) return whole;
  }
}

function hasCrashed({ op, events }: Problem): boolean {
  const returned = new Uint8Array(op.length);
  for (const event of events) if ((event & 1) === 1) returned[event >>> 1] = 1;
  return op.some((number, call) => number !== UNCONSTRAINED && returned[call] === 0);
}
