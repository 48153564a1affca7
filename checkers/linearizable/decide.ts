import { type Problem, UNCONSTRAINED } from './automaton.ts';
import type { Rules } from './rules.ts';
import type { Search, SearchOptions, SearchResult } from './search.ts';

/** Configurations kept in the first attempt, and how much wider each further one is. */
const firstWidth = 4;
const widening = 8;

/** What the search that leaves nothing out may look at in an attempt, for each configuration of its width. */
const exactPerWidth = 4_000;

/** What the search that joins may look at in the first attempt; of objects that have many states it joins little. */
const joinedLeast = 250_000;
const joinedPerEvent = 64;

export interface Decided extends SearchResult {
  /** The options of the search that decided: with them, and a trace, it shows how. */
  readonly by: Partial<SearchOptions>;
}

/**
 * Decides whether the calls are linearizable; `budget` is the configurations that all searches together may look at. The
 * number of configurations may be exponential, so two searches close in on the answer from both sides, wider with each
 * attempt: one that keeps only the best so many, and is right if it gets through; and one that joins those above that
 * number to what can do more than any of them, lets crashed ops happen again and again, and is right if it does not.
 * Before them, where ops crashed, one that leaves nothing out.
 */
export function decide(
  search: Search,
  problem: Problem,
  budget: number,
  rules: Rules,
  goOn?: SearchOptions['goOn'],
): Decided {
  const options = { rules, ...(goOn === undefined ? {} : { goOn }) };
  if (!rules.bracket) return { ...search.run(problem, { ...options, budget }), by: {} };
  const crashed = hasCrashed(problem);
  let left = budget;
  let explored = 0;
  let joins = true;
  const attempt = (more: Partial<SearchOptions>): Decided => {
    const result = search.run(problem, { ...options, budget: left, ...more });
    left -= result.explored;
    explored += result.explored;
    return { ...result, explored, by: more };
  };
  const first = attempt({ width: firstWidth, excess: 'dropped', retries: 3 });
  if (first.outcome !== 'impossible' || !first.narrowed) return first;
  for (let width = firstWidth; ; width *= widening) {
    if (crashed) {
      const whole = attempt({ budget: Math.min(left, width * exactPerWidth) });
      if (whole.outcome !== 'exhausted' || isFinal(whole, left)) return whole;
    }
    if (joins) {
      const share = (joinedLeast + problem.events.length * joinedPerEvent) * (width / firstWidth);
      const joined = attempt({ budget: Math.min(left, share), width, excess: 'joined', crashedRepeat: true });
      if (joined.outcome === 'impossible') return joined;
      if (isFinal(joined, left)) return joined;
      if (joined.outcome === 'linearizable') joins = joined.narrowed;
    }
    const kept = attempt({ width: width * widening, excess: 'dropped', retries: 5 });
    if (kept.outcome !== 'impossible' || !kept.narrowed) return kept;
  }
}

/** Whether there is no point in going on. */
const isFinal = ({ lacking }: SearchResult, left: number): boolean => left <= 0 || lacking === 'time';

function hasCrashed({ op, events }: Problem): boolean {
  const returned = new Uint8Array(op.length);
  for (const event of events) if ((event & 1) === 1) returned[event >>> 1] = 1;
  return op.some((number, call) => number !== UNCONSTRAINED && returned[call] === 0);
}
