/** Whether every echo that was ok came back as it was sent. Linear. */
import type { History } from '../history/history.ts';
import { formatValue, valuesEqual } from '../history/value.ts';
import type { Checker, Verdict } from './checker.ts';

const mismatchesMax = 10;

/** An echo that came back otherwise; `invocation` and `completion` are indexes of lines. */
export interface Mismatch {
  readonly invocation: number;
  readonly completion: number;
  readonly sent: string;
  readonly received: string;
}

export interface EchoVerdict extends Verdict {
  /** Echoes that were ok. */
  readonly ops: number;
  /** The first of them that came back otherwise; at most ten. */
  readonly mismatches: readonly Mismatch[];
}

function check(history: History): EchoVerdict {
  const mismatches: Mismatch[] = [];
  let ops = 0;
  let wrong = 0;
  for (const invocation of history.clientInvocations()) {
    const completion = history.completionOf(invocation);
    if (history.f(invocation) !== 'echo' || completion < 0 || history.type(completion) !== 'ok') continue;
    ops++;
    const sent = history.value(invocation);
    const received = history.value(completion);
    if (valuesEqual(sent, received)) continue;
    wrong++;
    if (mismatches.length === mismatchesMax) continue;
    mismatches.push({ invocation, completion, sent: formatValue(sent), received: formatValue(received) });
  }
  const [first] = mismatches;
  if (first === undefined) return { valid: true, ops, mismatches };
  const reason = `${wrong} of ${ops} echoes came back changed, first ${first.sent} as ${first.received}`;
  return { valid: false, reason, ops, mismatches };
}

export const echo: Checker = { name: 'echo', check };
