/** Whether completions fit their invocations. Lines that pair by process only may still come from different ops: a file mixed up. */
import { type History, okCode } from './history.ts';
import { HistoryError } from './malformed.ts';
import { formatValue, isArray, nameOf, type Value, valuesEqual } from './value.ts';

/** Ops that say what to put in: when they are ok, the value is still what it was. */
const givesItsValue = new Set(['write', 'cas', 'enqueue', 'add', 'push', 'put', 'append']);

/** Micro-ops of a transaction that find a value out, or the offset of a message: on the key that they name. */
const findsOut = new Set(['r', 'read', 'send']);

/**
 * Throws a HistoryError where a client's process is no number, where a completion is of another f or key than its
 * invocation, or where an op that was ok completes with another value than it was invoked with although it does not
 * find one out: a `write`, `cas`, `enqueue`, `add`, `push`, `put`, or `append`, or such a micro-op of a `txn`. A
 * completion without value (nil) is as good as one with the same; an add may return whether there was anything to add, or what, where it did not say. Lines must pair (see validatePairing). Linear.
 */
export function validateCompletions(history: History, file = 'history'): void {
  for (let i = 0; i < history.length; i++) {
    const process: unknown = history.process(i);
    if (history.isClient(i) || process === 'nemesis') continue;
    refuse(
      history,
      i,
      file,
      `the process should be a whole number, or nemesis, but is ${formatValue(process as Value)}`,
    );
  }
  for (const invocation of history.clientInvocations()) {
    const completion = history.completionOf(invocation);
    if (completion < 0) continue;
    const what = mismatch(history, invocation, completion);
    if (what !== undefined) {
      refuse(history, completion, file, `${what}, which began on line ${history.line(invocation)}`);
    }
  }
}

/** What does not fit, up to "which began at …"; undefined where all does. */
function mismatch(history: History, invocation: number, completion: number): string | undefined {
  const f = history.f(invocation);
  const ended = history.f(completion);
  if (ended !== f) return `${ended} completes a ${f}`;
  if (history.keyIds[invocation] !== history.keyIds[completion]) {
    return 'the completion has another key than its invocation';
  }
  if (history.types[completion] !== okCode) return undefined;
  const given = history.value(invocation);
  const returned = history.value(completion);
  if (returned === null || given === returned) return undefined;
  if (f === 'txn') return transactionMismatch(given, returned);
  if (!givesItsValue.has(f) || valuesEqual(given, returned)) return undefined;
  // A monotonic test asks for the next row, and is told which it was.
  if (f === 'add' && (given === null || saysWhetherAdded(given, returned))) return undefined;
  return `ok completes the ${f} of ${formatValue(given, 40)} with ${formatValue(returned, 40)}`;
}

/** `true` or `false`, alone or after the element. */
const saysWhetherAdded = (given: Value, returned: Value): boolean =>
  typeof returned === 'boolean' ||
  (isArray(returned) &&
    returned.length === 2 &&
    typeof returned[1] === 'boolean' &&
    valuesEqual(given, returned[0] ?? null));

function transactionMismatch(given: Value, returned: Value): string | undefined {
  if (!isArray(given) || !isArray(returned)) return undefined;
  if (given.length !== returned.length) {
    return `ok completes a txn of ${given.length} micro-ops with ${returned.length}`;
  }
  for (let i = 0; i < given.length; i++) {
    const [asked, done] = [given[i]!, returned[i]!];
    if (!isArray(asked) || !isArray(done) || valuesEqual(asked, done)) continue;
    const f = nameOf(asked[0]);
    if (f === 'poll' && nameOf(done[0]) === f) continue;
    const sameTarget = f !== undefined && f === nameOf(done[0]) && valuesEqual(asked[1] ?? null, done[1] ?? null);
    if (sameTarget && findsOut.has(f)) continue;
    return `ok completes the micro-op ${formatValue(asked, 40)} of a txn with ${formatValue(done, 40)}`;
  }
  return undefined;
}

function refuse(history: History, i: number, file: string, what: string): never {
  throw new HistoryError(what, i, file, history.line(i));
}
