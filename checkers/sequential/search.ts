import { DeadEnds } from './dead-ends.ts';
import type { Program } from './program.ts';
import { type Candidate, likelyTimes, Schedule } from './schedule.ts';

export interface SearchOutcome {
  readonly outcome: 'sequential' | 'impossible' | 'exhausted';
  /** Configurations looked at. */
  readonly explored: number;
  /** All ops that must happen, and the optional ones that do, in an order that explains the program; else empty. */
  readonly order: readonly number[];
  /** The most ops that any attempt placed of those that must happen. */
  readonly placed: number;
}

/** Told now and then how many ops could be put in order; false ends the search as if its budget were spent. */
export type GoOn = (placed: number) => boolean;

/** Configurations between two questions whether to go on. */
export const askEvery = 1024;

interface Decision {
  /** How much had happened before. */
  readonly done: number;
  /** Those from `next` on have not been tried; only the first of all, and then all, are in order. */
  readonly candidates: Candidate[];
  next: number;
}

/**
 * Looks for an order of all ops that explains the program, depth first, through all that there are, those first that are close to the
 * order of lines. `edges` must hold in every such order. A configuration is how far each chain has gone, which optional ops have
 * happened, and the state of each object; from where none leads on is remembered.
 *
 * Exponential in the number of chains in the worst case: the problem is NP-complete (Gibbons and Korach 1997). The number of
 * configurations is polynomial where that of chains and objects is fixed.
 */
export function search(
  program: Program,
  edges: readonly (readonly [number, number])[],
  budget: number,
  goOn: GoOn = () => true,
): SearchOutcome {
  const schedule = new Schedule(program, edges);
  const times = likelyTimes(program);
  const deadEnds = new DeadEnds<true>(schedule);
  const decisions: Decision[] = [];
  let placed = 0;
  let explored = 0;
  const result = (outcome: SearchOutcome['outcome']): SearchOutcome => {
    return { outcome, explored, order: outcome === 'sequential' ? [...schedule.order] : [], placed };
  };
  // Optional ops after all others: times are lines, below 2^31.
  const time = ({ op }: Candidate): number => times[op]! + (schedule.chainOf[op]! < 0 ? 2 ** 31 : 0);
  const byTime = (a: Candidate, b: Candidate): number => time(a) - time(b);

  for (;;) {
    placed = Math.max(placed, schedule.placed);
    if (schedule.isComplete) return result('sequential');
    if (explored === budget || (explored % askEvery === 0 && !goOn(placed))) return result('exhausted');
    explored++;
    const candidates = [...schedule.candidates(), ...schedule.optionalCandidates()];
    const isDead = candidates.length > 1 && deadEnds.find() !== undefined;
    decisions.push({ done: schedule.order.length, candidates: isDead ? [] : candidates, next: 0 });
    for (;;) {
      const decision = decisions.at(-1);
      if (decision === undefined) return result('impossible');
      schedule.undoTo(decision.done);
      const candidate = nextOf(decision, byTime);
      if (candidate !== undefined) {
        schedule.take(candidate);
        break;
      }
      if (decision.candidates.length > 1) deadEnds.add(true);
      decisions.pop();
    }
  }
}

/** Most decisions need only one candidate, so the others are sorted when it has failed. */
function nextOf(decision: Decision, compare: (a: Candidate, b: Candidate) => number): Candidate | undefined {
  const { candidates, next } = decision;
  if (next === 0) {
    let least = 0;
    for (let at = 1; at < candidates.length; at++) if (compare(candidates[at]!, candidates[least]!) < 0) least = at;
    const [first, other] = [candidates[0], candidates[least]];
    if (first !== undefined && other !== undefined) [candidates[0], candidates[least]] = [other, first];
  } else if (next === 1) candidates.push(...candidates.splice(1).sort(compare));
  decision.next++;
  return candidates[next];
}
