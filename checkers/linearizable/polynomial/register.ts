/**
 * Registers whose values tell who left them: decided in linear time, whatever the concurrency and however many calls
 * crashed.
 */
import type { Calls } from '../calls.ts';
import type { Decision } from '../models/model.ts';
import type { RegisterOptions } from '../models/register.ts';
import { earliestContradiction } from './earliest.ts';
import { registerCallsOf } from './register-calls.ts';
import { RegisterChains } from './register-chains.ts';
import { NEVER } from './spans.ts';

const allWords: readonly string[] = ['read', 'write', 'cas'];

/**
 * Decides a register with read, write, and cas, if each value that a call which must have happened expects was left by
 * one call only, the initial one by none; undefined otherwise, and for refused calls and other ops than `fs`. See
 * RegisterChains. The core shows the contradiction that is known first. Linear, and times the logarithm of
 * the events where not linearizable.
 */
export function decideRegister(
  calls: Calls,
  options: RegisterOptions = {},
  fs: readonly string[] = allWords,
): Decision | undefined {
  const register = registerCallsOf(calls, options, fs);
  if (register === undefined) return undefined;
  const chains = new RegisterChains(register);
  return earliestContradiction(register.returned, (limit) => chains.contradictionBefore(limit));
}

/**
 * Numbers of calls in an order that explains what they found: all that returned and said something, and those that
 * crashed and must have happened. Undefined where `decideRegister` says anything but linearizable. Linear.
 */
export function linearizationOfRegister(
  calls: Calls,
  options: RegisterOptions = {},
  fs: readonly string[] = allWords,
): Int32Array | undefined {
  const register = registerCallsOf(calls, options, fs);
  if (register === undefined) return undefined;
  const chains = new RegisterChains(register);
  return chains.contradictionBefore(NEVER) === undefined ? chains.linearization() : undefined;
}
