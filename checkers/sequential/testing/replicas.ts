/**
 * Histories of a replicated store for tests and measurements: one log of all changes, and for each process a replica that has
 * applied a prefix of it. Writes and cas are appended to the log, and are applied by the replica of their process before they return; reads
 * see the replica. So each process sees the log in order, its own changes in their places: sequentially consistent, and not
 * linearizable where replicas lag.
 */
import { randomStream } from '../../../harness/random.ts';
import { type History, HistoryBuilder } from '../../../history/history.ts';
import type { Value } from '../../../history/value.ts';

export interface ReplicaShape {
  /**
   * `distinct`: reads and writes, each write of a value of its own. `compare-and-set`: reads, writes, and cas, each of which would leave a
   * value of its own; a cas expects the value its process saw last of the key. `few-values`: the same over five values, drawn at random.
   */
  readonly family: 'distinct' | 'compare-and-set' | 'few-values';
  readonly processes: number;
  readonly keys: number;
  /** As with Jepsen's independent keys: groups of ten processes use one key for so many ops, and then the next. Default: all use all keys. */
  readonly opsPerKey?: number;
  readonly invocations: number;
  /** Of a thousand invocations so many never return. */
  readonly crashedPerMille: number;
  /** Changes that a replica may be behind. */
  readonly lag: number;
  readonly seed: number;
  /** One read, after so much of the invocations, returns what its process had seen overwritten. */
  readonly staleAfter?: number;
}

interface Pending {
  readonly client: number;
  readonly process: number;
  readonly key: number;
  readonly f: 'read' | 'write' | 'cas';
  readonly input: Value;
  output: Value;
  applied: boolean;
  refused: boolean;
}

const fewValues = 5;

const groupSize = 10;

/** The same shape gives the same history. A cas that found another value fails, as `precondition-failed`. */
export function replicaHistory(shape: ReplicaShape): History {
  const { family, processes, keys, invocations, crashedPerMille, lag, seed } = shape;
  const random = randomStream(seed, `replicas ${family}`);
  const builder = new HistoryBuilder();
  const log: { readonly key: number; readonly value: Value }[] = [];
  const head: Value[] = Array.from({ length: keys }, () => null);
  const applied = Array.from({ length: processes }, () => 0);
  const views: Value[][] = Array.from({ length: processes }, () => head.slice());
  const overwritten: Value[][] = Array.from({ length: processes }, () => []);
  const seen: Value[][] = Array.from({ length: processes }, () => head.slice());
  const pending: (Pending | undefined)[] = [];
  const opsOf = Array.from({ length: Math.ceil(processes / groupSize) }, () => 0);
  const abandoned: Pending[] = [];
  let invoked = 0;
  let written = 0;
  let time = 0;
  let staleDue = shape.staleAfter !== undefined;
  let staleKey = -1;

  const catchUp = (client: number, to: number): void => {
    for (; applied[client]! < to; applied[client]!++) {
      const { key, value } = log[applied[client]!]!;
      views[client]![key] = value;
    }
  };
  const change = (key: number, value: Value): void => {
    head[key] = value;
    log.push({ key, value });
  };
  const apply = (op: Pending, crashed: boolean): void => {
    const { client, key, f, input } = op;
    op.applied = true;
    if (f === 'read') {
      const least = Math.max(applied[client]!, log.length - lag);
      catchUp(client, least + random.below(log.length - least + 1));
      op.output = views[client]![key]!;
      return;
    }
    if (f === 'write') change(key, input);
    else {
      const [expected, replacement] = input as readonly [Value, Value];
      if (head[key] !== expected) op.refused = true;
      else change(key, replacement);
    }
    if (!crashed) catchUp(client, log.length);
  };
  const fresh = (): Value => (family === 'few-values' ? random.below(fewValues) : ++written);
  const invoke = (client: number, process: number): void => {
    const group = Math.floor(client / groupSize);
    opsOf[group] = opsOf[group]! + 1;
    const turn = Math.floor(opsOf[group]! / (shape.opsPerKey ?? 1));
    const key = shape.opsPerKey === undefined ? random.below(keys) : (turn * opsOf.length + group) % keys;
    const draw = random.below(family === 'distinct' ? 2 : 3);
    const f = draw === 0 ? 'read' : draw === 1 ? 'write' : 'cas';
    const expected = (): Value => (family === 'few-values' ? random.below(fewValues) : seen[client]![key]!);
    const input: Value = f === 'read' ? null : f === 'write' ? fresh() : [expected(), fresh()];
    pending[client] = { client, process, key, f, input, output: null, applied: false, refused: false };
    builder.push({ time: time++, process, type: 'invoke', f, key, value: input });
    invoked++;
  };
  const complete = (op: Pending): void => {
    const { client, process, key, f, input } = op;
    if (op.refused) {
      builder.push({ time: time++, process, type: 'fail', f, key, value: input, error: 'precondition-failed' });
      return;
    }
    let value = f === 'read' ? op.output : input;
    const old = overwritten[client]!;
    if (f === 'read' && staleDue && invoked >= invocations * shape.staleAfter! && old[key] !== undefined) {
      value = old[key]!;
      staleDue = false;
      staleKey = key;
    }
    builder.push({ time: time++, process, type: 'ok', f, key, value });
    const now = f === 'read' ? value : f === 'write' ? input : (input as readonly Value[])[1]!;
    if (now !== seen[client]![key]) old[key] = seen[client]![key]!;
    seen[client]![key] = now;
  };

  for (let client = 0; client < processes; client++) invoke(client, client);
  for (let idle = 0; idle < processes; ) {
    if (abandoned.length > 0 && random.below(20) === 0) apply(abandoned.pop()!, true);
    const client = random.below(processes);
    const op = pending[client];
    if (op === undefined) continue;
    const crashes = random.below(2000) < crashedPerMille;
    if (!op.applied && !crashes) {
      apply(op, false);
      continue;
    }
    pending[client] = undefined;
    if (!op.applied && random.below(2) === 0) abandoned.push(op);
    if (crashes)
      builder.push({ time: time++, process: op.process, type: 'info', f: op.f, key: op.key, value: op.input });
    else complete(op);
    if (crashes) [overwritten[client], seen[client]] = [[], Array.from({ length: keys }, () => null)];
    if (invoked < invocations) invoke(client, crashes ? op.process + processes : op.process);
    else idle++;
  }
  if (shape.staleAfter !== undefined && staleKey < 0) throw new Error('no read could be made stale');
  return builder.build();
}
