/**
 * Histories of one register for measuring checkers: recorded from a real register on which every client is always busy. At each
 * step one client, drawn at random, either lets its pending op take effect, or completes it and at once invokes the next.
 */
import { randomStream } from '../harness/random.ts';
import { type History, HistoryBuilder } from '../history/history.ts';
import type { Value } from '../history/value.ts';

/**
 * `distinct`: reads and writes, half each, each write of a value of its own. `compare-and-set`: reads, writes, and cas, a third each, each of
 * which would leave a value of its own; a cas expects the value its client saw last. `few-values`: the same over five values, drawn at
 * random.
 */
export type HistoryFamily = 'distinct' | 'compare-and-set' | 'few-values';

export interface HistoryShape {
  readonly family: HistoryFamily;
  readonly concurrency: number;
  /** Of a thousand invocations so many never return: half of them after they took effect, a quarter that do so later, a quarter that never do. */
  readonly crashedPerMille: number;
  readonly invocations: number;
  /** One read, after 99 % of the invocations, returns a value that was overwritten long before. */
  readonly stale: boolean;
  readonly seed: number;
}

interface Pending {
  readonly process: number;
  readonly f: 'read' | 'write' | 'cas';
  readonly input: Value;
  output: Value;
  applied: boolean;
  refused: boolean;
}

const fewValues = 5;

const nsPerLine = 100_000;

/** How many values back a stale read looks. */
const staleBy = 1000;

/** The same shape gives the same history. A cas that found another value fails, as `precondition-failed`. */
export function generateHistory(shape: HistoryShape): History {
  const { family, concurrency, crashedPerMille, invocations, seed } = shape;
  const random = randomStream(seed, `history ${family}`);
  const builder = new HistoryBuilder();
  const clients: Pending[] = [];
  const seen: Value[] = [];
  const abandoned: Pending[] = [];
  const past: Value[] = [null];
  let state: Value = null;
  let invoked = 0;
  let written = 0;
  let time = 0;
  let staleDue = shape.stale;

  const later = (): number => {
    time += nsPerLine;
    return time;
  };
  const leave = (value: Value): void => {
    state = value;
    past.push(value);
    if (past.length > staleBy * 2) past.splice(0, staleBy);
  };
  const drawn = (): Value => random.below(fewValues);
  const fresh = (): Value => (family === 'few-values' ? drawn() : ++written);
  const invoke = (client: number, process: number): void => {
    const draw = random.below(family === 'distinct' ? 2 : 3);
    const f = draw === 0 ? 'read' : draw === 1 ? 'write' : 'cas';
    const expected = (): Value => (family === 'few-values' ? drawn() : (seen[client] ?? null));
    const input: Value = f === 'read' ? null : f === 'write' ? fresh() : [expected(), fresh()];
    clients[client] = { process, f, input, output: null, applied: false, refused: false };
    builder.push({ time: later(), process, type: 'invoke', f, value: input });
    invoked++;
  };
  const apply = (op: Pending): void => {
    op.applied = true;
    if (op.f === 'read') op.output = state;
    else if (op.f === 'write') leave(op.input);
    else {
      const [expected, replacement] = op.input as readonly [Value, Value];
      if (state === expected) leave(replacement);
      else op.refused = true;
    }
  };
  const isStale = (op: Pending): boolean => staleDue && op.f === 'read' && invoked >= invocations * 0.99;
  const staleValue = (): Value => {
    staleDue = false;
    if (family !== 'few-values') return past[Math.max(0, past.length - staleBy)]!;
    const recent = past.slice(-2 * fewValues);
    const values = Array.from({ length: fewValues }, (_, value) => value);
    return values.sort((a, b) => recent.lastIndexOf(a) - recent.lastIndexOf(b))[0]!;
  };
  const complete = (client: number, op: Pending): void => {
    const { process, f, input } = op;
    if (op.refused)
      builder.push({ time: later(), process, type: 'fail', f, value: input, error: 'precondition-failed' });
    else {
      const value = f === 'read' ? (isStale(op) ? staleValue() : op.output) : input;
      builder.push({ time: later(), process, type: 'ok', f, value });
      seen[client] = f === 'read' ? value : f === 'write' ? input : (input as readonly Value[])[1]!;
    }
    if (invoked < invocations) invoke(client, process);
  };

  const crash = (client: number, { process, f, input }: Pending): void => {
    builder.push({ time: later(), process, type: 'info', f, value: input });
    if (invoked < invocations) invoke(client, process + concurrency);
  };
  const crashes = (): boolean => random.below(2000) < crashedPerMille;

  for (let client = 0; client < concurrency; client++) invoke(client, client);
  for (let idle = 0; idle < concurrency; ) {
    if (abandoned.length > 0 && random.below(20) === 0) apply(abandoned.pop()!);
    const client = random.below(concurrency);
    const op = clients[client];
    if (op === undefined) continue;
    const crashed = crashes();
    if (!op.applied && !crashed) {
      apply(op);
      continue;
    }
    delete clients[client];
    if (!op.applied && random.below(2) === 0) abandoned.push(op);
    if (crashed) crash(client, op);
    else complete(client, op);
    if (clients[client] === undefined) idle++;
  }
  return builder.build();
}
