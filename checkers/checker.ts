/** What a checker is: a pure function from a history to a verdict with evidence. It knows nothing of how the history was made. */
import type { History } from '../history/history.ts';

/** Invalid (`false`) outranks `unknown`, which outranks valid (`true`). */
export type Validity = true | false | 'unknown';

/** A checker's answer: JSON, so that it can be stored and reported. `reason` says why a verdict is not `true`. */
export interface Verdict {
  readonly valid: Validity;
  readonly reason?: string;
  readonly [detail: string]: unknown;
}

export interface Checker {
  /** The name under which results.json holds the verdict. */
  readonly name: string;
  check(history: History): Verdict;
}

/** The verdict on several: the worst of them. Of none: valid. */
export function worst(validities: Iterable<Validity>): Validity {
  let result: Validity = true;
  for (const validity of validities) {
    if (validity === false) return false;
    if (validity === 'unknown') result = 'unknown';
  }
  return result;
}

/** Runs a checker so that its own exception is an `unknown` verdict with the reason, never a crash. */
export function checkSafely(checker: Checker, history: History): Verdict {
  try {
    return checker.check(history);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { valid: 'unknown', reason: `the ${checker.name} checker failed: ${message}` };
  }
}
