/** Writes that failed: if a value comes from one, a failed op took effect. */
import { failCode, type History } from '../../history/history.ts';
import { isArray, type Value, valuesEqual } from '../../history/value.ts';
import { momentOf } from '../moments.ts';

/** After "nothing ever wrote 4": ` but process 3, whose write failed at 1.2 s`; empty where no such write failed. Linear. */
export function unlessFailed(history: History, key: Value, value: Value): string {
  for (const line of history.clientInvocations()) {
    const completion = history.completionOf(line);
    if (completion < 0 || history.types[completion] !== failCode) continue;
    if (!valuesEqual(history.key(line) ?? null, key)) continue;
    const f = history.f(line);
    const input = history.value(line);
    const left = f === 'write' ? input : f === 'cas' && isArray(input) ? input[1] : undefined;
    if (left === undefined || !valuesEqual(left, value)) continue;
    return ` but process ${history.process(line)}, whose ${f} failed ${momentOf(history, completion)}`;
  }
  return '';
}
