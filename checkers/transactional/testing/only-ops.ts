/** Parts of histories, for tests. */
import { type History, HistoryBuilder } from '../../../history/history.ts';

/** The history of these invocations, ascending, with their completions. */
export function onlyOps(history: History, invocations: readonly number[]): History {
  const builder = new HistoryBuilder();
  const kept = new Set(invocations);
  for (let i = 0; i < history.length; i++) {
    if (kept.has(i) || kept.has(history.invocationOf(i))) builder.push(history.op(i));
  }
  return builder.build();
}
