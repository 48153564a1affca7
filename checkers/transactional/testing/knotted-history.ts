/** Large histories in which nearly all transactions are in one knot, for tests. */
import { type History, HistoryBuilder } from '../../../history/history.ts';
import type { Value } from '../../../history/value.ts';

/** Whole numbers below `bound`, always the same ones (Park and Miller 1988). */
export function chance(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state * 48271) % 2147483647;
    return state % bound;
  };
}

/**
 * Transactions of one to four micro-ops on few keys, twenty at a time: every read misses up to five of the last elements, and
 * a third of the appends are lost.
 */
export function knottedHistory(transactions: number, keys: number): History {
  const below = chance(1);
  const lists = Array.from({ length: keys }, (): number[] => []);
  const builder = new HistoryBuilder();
  const push = (process: number, type: 'invoke' | 'ok', value: Value): void =>
    builder.push({ time: builder.length, process, type, f: 'txn', value });
  const asked: (readonly (readonly [key: number, appends: boolean, element: number])[])[] = [];
  for (let invoked = 0; invoked < transactions + 20; invoked++) {
    const client = invoked < 20 ? invoked : below(20);
    const pending = asked[client] ?? [];
    const done = pending.map(([key, appends, element]): Value => {
      const list = lists[key]!;
      if (!appends) return ['r', key, list.slice(0, Math.max(0, list.length - below(6)))];
      if (below(3) > 0) list.push(element);
      return ['append', key, element];
    });
    if (pending.length > 0) push(client, 'ok', done);
    asked[client] = Array.from({ length: 1 + below(4) }, (_, i) => [below(keys), below(2) === 0, invoked * 4 + i]);
    push(
      client,
      'invoke',
      asked[client].map(([key, appends, element]) => (appends ? ['append', key, element] : ['r', key, null])),
    );
  }
  return builder.build();
}
