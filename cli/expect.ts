/** `--expect`: a run that is to find a violation. */
import type { Validity } from '../checkers/checker.ts';
import type { Results } from '../harness/results.ts';
import { type ExitCode, exitCodeOf, exitCodes } from './exit.ts';

/** Any violation; or one of which the target states that it may happen under these faults. */
export const expectations = ['violation', 'limit'] as const;
export type Expectation = (typeof expectations)[number];

/**
 * How the command ends: as the verdict says, or where a violation is wanted 0 if it was found, 1 if not. Where it is not, that is said on
 * stderr. `expected` as in the results of the run that was invalid.
 */
export function exitCodeWanted(
  valid: Validity,
  expected: Results['expected'] | undefined,
  wanted: Expectation | undefined,
): ExitCode {
  if (wanted === undefined || valid === 'unknown') return exitCodeOf(valid);
  if (valid === true) return missed(`--expect ${wanted}: no violation was found`);
  if (wanted === 'violation' || expected === 'limit') return exitCodes.valid;
  return missed('--expect limit: a violation was found that is no stated limit of the target');
}

/** Of runs that all were invalid: a limit only if each of them met one. */
export function expectedOfAll(each: readonly Results['expected'][]): Results['expected'] {
  const other = each.find((expected) => expected !== 'limit');
  return other === undefined ? 'limit' : other;
}

function missed(message: string): ExitCode {
  process.stderr.write(`${message}\n`);
  return exitCodes.invalid;
}
