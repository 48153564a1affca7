import { type History, okCode } from '../history/history.ts';
import type { Checker, Verdict } from './checker.ts';

export interface RecoveryOptions {
  /** Clients that run at once. Client threads are process mod concurrency. */
  readonly concurrency: number;
  /** How soon after the recovery phase begins each thread must have had an op succeed. Default 10,000. */
  readonly recoveryMs?: number;
  /** Kinds of op of which each thread must have had one succeed; left out: any one op. */
  readonly fs?: readonly string[];
}

export interface RecoveryVerdict extends Verdict {
  /** From the beginning of the phase to the last thread's first ok op; absent where some thread had none. */
  readonly recoveredAfterMs?: number;
  /** Threads that had no ok op in time, ascending. */
  readonly notRecovered: readonly number[];
}

const recoveryMsDefault = 10_000;

/**
 * Whether the system serves again once every fault is healed: each client thread must have an op, or one of each kind asked
 * for, completed ok within `recoveryMs` of the first nemesis line `phase` with the value `recovery`. Linear.
 */
export function recovery(options: RecoveryOptions): Checker {
  return { name: 'recovery', check: (history) => checkRecovery(history, options) };
}

export function checkRecovery(history: History, options: RecoveryOptions): RecoveryVerdict {
  const { concurrency, recoveryMs = recoveryMsDefault, fs = [] } = options;
  const begun = phaseBegins(history, 'recovery');
  if (begun === undefined) {
    return { valid: 'unknown', reason: 'the run has no recovery phase, so recovery was not tested', notRecovered: [] };
  }
  const firstOkMs = new Float64Array(concurrency).fill(Number.POSITIVE_INFINITY);
  const missing = Array.from({ length: concurrency }, () => new Set(fs));
  const nodeOf = new Map<number, string>();
  const { types, processes, times, length } = history;
  for (let line = begun; line < length; line++) {
    if (!history.isClient(line)) continue;
    const thread = processes[line]! % concurrency;
    const node = history.node(line);
    if (node !== undefined) nodeOf.set(thread, node);
    if (types[line] !== okCode || firstOkMs[thread]! < Number.POSITIVE_INFINITY) continue;
    missing[thread]!.delete(history.f(line));
    if (missing[thread]!.size === 0) firstOkMs[thread] = (times[line]! - times[begun]!) / 1e6;
  }
  const late = [...firstOkMs.keys()].filter((thread) => !(firstOkMs[thread]! <= recoveryMs));
  const slowestMs = Math.max(...firstOkMs);
  const recovered = Number.isFinite(slowestMs) ? { recoveredAfterMs: slowestMs } : {};
  if (late.length === 0) return { valid: true, ...recovered, notRecovered: [] };
  return {
    valid: false,
    reason: sentence(late, firstOkMs, nodeOf, concurrency, recoveryMs, fs),
    ...recovered,
    notRecovered: late,
  };
}

/** The first line of a phase; undefined where it never began. */
function phaseBegins(history: History, name: string): number | undefined {
  return history.nemesisLines().find((line) => history.f(line) === 'phase' && history.value(line) === name);
}

function sentence(
  late: readonly number[],
  firstOkMs: Float64Array,
  nodeOf: ReadonlyMap<number, string>,
  concurrency: number,
  recoveryMs: number,
  fs: readonly string[],
): string {
  const who = late.map((thread) => (nodeOf.has(thread) ? `${thread} (${nodeOf.get(thread)})` : `${thread}`)).join(', ');
  const what = fs.length === 0 ? 'no op' : `not every kind of op (${fs.join(', ')})`;
  const which = late.length === 1 ? `client thread ${who}` : `${late.length} of ${concurrency} client threads (${who})`;
  const slow = late.map((thread) => firstOkMs[thread]!).filter(Number.isFinite);
  const ever = slow.length < late.length ? '' : `, only after ${Math.round(Math.max(...slow))} ms`;
  return `${which} had ${what} succeed within ${recoveryMs} ms of the end of all faults${ever}`;
}
