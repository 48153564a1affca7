/** How ftest ends: Jepsen's exit codes, and the errors that stand for them. */
import type { Validity } from '../checkers/checker.ts';

export const exitCodes = {
  valid: 0,
  invalid: 1,
  unknown: 2,
  /** The second Ctrl-C. */
  interruptedTwice: 130,
  badInput: 254,
  harnessFailed: 255,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What the caller gave cannot be used. `message` is one sentence: what was expected, what came, what to do. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}

/** A target of somebody's own cannot go on: neither a verdict on it, nor a failure of ftest. */
export class TargetFailed extends Error {
  override readonly name = 'TargetFailed';
}

export function exitCodeOf(valid: Validity): ExitCode {
  if (valid === 'unknown') return exitCodes.unknown;
  return valid ? exitCodes.valid : exitCodes.invalid;
}
