/** A long history of one register made up for the tests of reports: recorded from a real one, with crashed ops and a partition. */
import { randomStream } from '../../harness/random.ts';
import { type History, HistoryBuilder } from '../../history/history.ts';
import type { Op } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';

export interface LongHistoryOptions {
  readonly ops?: number;
  /** Whether the last op reads a value that was overwritten long before. */
  readonly stale?: boolean;
  /** What is written instead of the n-th value. */
  readonly valued?: (n: number) => Value;
}

interface Pending {
  readonly process: number;
  readonly f: 'read' | 'write';
  readonly value: Value;
  output: Value;
  applied: boolean;
}

/** The same options give the same history. */
export function longHistory({ ops = 3000, stale = false, valued = (n) => n }: LongHistoryOptions): History {
  const random = randomStream(7, 'long history');
  const builder = new HistoryBuilder();
  const clients: Pending[] = [];
  let state: Value = null;
  let invoked = 0;
  let time = 0;
  const push = (op: Omit<Op, 'index' | 'time'>): void => builder.push({ ...op, time: time++ * 1e6 });
  const invoke = (process: number): void => {
    const f = random.chance(1, 2) ? 'read' : 'write';
    const value = f === 'write' ? valued(++invoked) : null;
    if (f === 'read') invoked++;
    clients[process % 6] = { process, f, value, output: null, applied: false };
    push({ process, type: 'invoke', f, value, node: `n${process % 3}` });
  };
  for (let process = 0; process < 6; process++) invoke(process);
  while (clients.some((client) => client !== undefined)) {
    const op = clients[random.below(6)];
    if (op === undefined) continue;
    if (!op.applied) {
      op.applied = true;
      if (op.f === 'read') op.output = state;
      else state = op.value;
      continue;
    }
    const { process, f, value } = op;
    const crashed = random.chance(1, 100);
    push({ process, type: crashed ? 'info' : 'ok', f, value: f === 'read' && !crashed ? op.output : value });
    delete clients[process % 6];
    if (invoked < ops) invoke(crashed ? process + 6 : process);
    if (invoked === ops - 60)
      for (const f of ['start-partition', 'start-partition'])
        push({ process: 'nemesis', type: 'info', f, value: null });
  }
  if (stale) {
    push({ process: 900_000, type: 'invoke', f: 'read', value: null });
    push({ process: 900_000, type: 'ok', f: 'read', value: valued(Math.floor(ops / 2)) });
  }
  return builder.build();
}
