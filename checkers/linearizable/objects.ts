/** A history taken apart: one object per key, with its calls. */
import { failCode, type History, invokeCode, okCode } from '../../history/history.ts';
import { Keyword, type Value } from '../../history/value.ts';
import { type Calls, CRASHED, REFUSED, RETURNED } from './calls.ts';

/** The objects of a history, in the order in which their keys appear. */
export interface Objects {
  readonly keys: readonly Value[];
  readonly calls: readonly Calls[];
  /** Clients' invocations on all of them, those that failed included. */
  readonly ops: number;
}

const NO_CALL = -1;

/**
 * Linearizability is local (Herlihy and Wing 1990, section 3.1): a history is linearizable if it is so for each object. Lines
 * without key are one object, its key null. A call that failed certainly did not happen and is left out; with
 * `observeFailedCas` a cas that failed with the error `precondition-failed` stays, as an observation. Linear.
 */
export function objectsOf(history: History, observeFailedCas = false): Objects {
  const { length, types, keyIds, pairs } = history;
  const fateOf = new Int8Array(length).fill(NO_CALL);
  const objectOfKey = new Int32Array(history.keys.length + 1).fill(-1);
  const keys: Value[] = [];
  const callCounts: number[] = [];
  const eventCounts: number[] = [];
  const invocations = history.clientInvocations();
  for (const line of invocations) {
    const key = keyIds[line]! + 1;
    if (objectOfKey[key] === -1) {
      objectOfKey[key] = keys.push(key === 0 ? null : history.keys[key - 1]!) - 1;
      callCounts.push(0);
      eventCounts.push(0);
    }
    const fate = fateOfCall(history, line, pairs[line]!, observeFailedCas);
    if (fate === NO_CALL) continue;
    const object = objectOfKey[key]!;
    fateOf[line] = fate;
    callCounts[object]!++;
    eventCounts[object]! += fate === CRASHED ? 1 : 2;
  }

  const calls = keys.map((_, object) => emptyCalls(callCounts[object]!, eventCounts[object]!));
  const callsTaken = new Int32Array(keys.length);
  const eventsTaken = new Int32Array(keys.length);
  const callOf = new Int32Array(length);
  for (let line = 0; line < length; line++) {
    const isInvocation = types[line] === invokeCode;
    const invocation = isInvocation ? line : pairs[line]!;
    if (invocation < 0) continue;
    const fate = fateOf[invocation]!;
    if (fate === NO_CALL || (!isInvocation && fate === CRASHED)) continue;
    const object = objectOfKey[keyIds[invocation]! + 1]!;
    const of = calls[object]!;
    if (isInvocation) {
      const call = callsTaken[object]!++;
      callOf[line] = call;
      of.invocation[call] = line;
      of.completion[call] = pairs[line]!;
      of.fate[call] = fate;
      of.process[call] = history.processes[line]!;
      of.f[call] = history.f(line);
      of.input[call] = history.value(line);
      of.output[call] = fate === RETURNED ? history.value(pairs[line]!) : null;
    }
    of.events[eventsTaken[object]!++] = callOf[invocation]! * 2 + (isInvocation ? 0 : 1);
  }
  return { keys, calls, ops: invocations.length };
}

function fateOfCall(history: History, line: number, completion: number, observeFailedCas: boolean): number {
  const type = completion < 0 ? undefined : history.types[completion];
  if (type === okCode) return RETURNED;
  if (type !== failCode) return CRASHED;
  return observeFailedCas && history.f(line) === 'cas' && isPreconditionFailed(history.error(completion))
    ? REFUSED
    : NO_CALL;
}

const isPreconditionFailed = (error: Value | undefined): boolean =>
  error === 'precondition-failed' || (error instanceof Keyword && error.name === 'precondition-failed');

const emptyCalls = (length: number, events: number) => ({
  length,
  invocation: new Int32Array(length),
  completion: new Int32Array(length),
  fate: new Uint8Array(length),
  process: new Int32Array(length),
  f: new Array<string>(length),
  input: new Array<Value>(length),
  output: new Array<Value>(length),
  events: new Int32Array(events),
});
