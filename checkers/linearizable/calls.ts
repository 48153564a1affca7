/** What was observed of one object, as calls: each an invocation with what became of it. */
import type { Value } from '../../history/value.ts';

/** It happened, and returned `output`. */
export const RETURNED = 0;
/** It may have happened, now or at any later time: an `info`, or no completion at all. */
export const CRASHED = 1;
/** It was refused because the state was not the one it expected, and that is taken as an observation. */
export const REFUSED = 2;

export interface Calls {
  readonly length: number;
  /** Line of the invocation, ascending. */
  readonly invocation: Int32Array;
  /** Line of the completion that says what became of it; -1 where there is none. */
  readonly completion: Int32Array;
  /** RETURNED, CRASHED, or REFUSED. */
  readonly fate: Uint8Array;
  /** The client that made the call. */
  readonly process: Int32Array;
  readonly f: readonly string[];
  readonly input: readonly Value[];
  /** What it returned; null where it did not. */
  readonly output: readonly Value[];
  /** Invocations and returns in order: twice the number of the call, plus 1 for a return. A crashed call does not return. */
  readonly events: Int32Array;
}

/** Only the calls to keep, with their completions, renumbered. */
export function selectCalls(calls: Calls, keep: readonly number[]): Calls {
  return splitCalls(calls, [keep])[0]!;
}

/** The calls invoked before this one returned, and no return after it. Numbers stay as they are. */
export function callsUntilReturn(calls: Calls, call: number): Calls {
  const events = calls.events.subarray(0, calls.events.indexOf(call * 2 + 1) + 1);
  const length = events.reduce((count, event) => count + (1 - (event & 1)), 0);
  return {
    length,
    invocation: calls.invocation.subarray(0, length),
    completion: calls.completion.subarray(0, length),
    fate: calls.fate.subarray(0, length),
    process: calls.process.subarray(0, length),
    f: calls.f.slice(0, length),
    input: calls.input.slice(0, length),
    output: calls.output.slice(0, length),
    events,
  };
}

/** The calls of each part, renumbered; no call is in two of them. Linear in all calls. */
export function splitCalls(calls: Calls, parts: readonly (readonly number[])[]): Calls[] {
  const partOf = new Int32Array(calls.length).fill(-1);
  const numberOf = new Int32Array(calls.length);
  parts.forEach((part, index) => {
    part.forEach((call, number) => {
      partOf[call] = index;
      numberOf[call] = number;
    });
  });
  const events: number[][] = parts.map(() => []);
  for (const event of calls.events) {
    const part = partOf[event >>> 1]!;
    if (part >= 0) events[part]!.push(numberOf[event >>> 1]! * 2 + (event & 1));
  }
  return parts.map((part, index) => columnsOf(calls, part, events[index]!));
}

function columnsOf(calls: Calls, keep: readonly number[], events: readonly number[]): Calls {
  return {
    length: keep.length,
    invocation: Int32Array.from(keep, (call) => calls.invocation[call]!),
    completion: Int32Array.from(keep, (call) => calls.completion[call]!),
    fate: Uint8Array.from(keep, (call) => calls.fate[call]!),
    process: Int32Array.from(keep, (call) => calls.process[call]!),
    f: keep.map((call) => calls.f[call]!),
    input: keep.map((call) => calls.input[call]!),
    output: keep.map((call) => calls.output[call]!),
    events: Int32Array.from(events),
  };
}
