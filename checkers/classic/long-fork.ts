/**
 * Long fork: two writes are seen in different orders (Jepsen, tests/long_fork.clj). Parallel snapshot isolation allows it, snapshot
 * isolation does not (Sovran and others, SOSP 2011).
 *
 *     T1 writes x    T2 writes y    T3 reads x and not y    T4 reads y and not x
 *
 * Each key is nil at first and written at most once, by a transaction of its own; others read several keys, always of one group.
 * Then of any two reads of one group one must have seen all that the other saw. Sorted by how much they saw, that is so of all
 * if it is so of neighbours.
 */
import type { History } from '../../history/history.ts';
import { formatValue, isArray, type Json, nameOf, toJson, type Value, valuesEqual } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { RETURNED } from '../linearizable/calls.ts';
import { ValueNumbers } from '../linearizable/value-numbers.ts';
import { momentOf } from '../moments.ts';
import { Findings } from './findings.ts';
import {
  conclusion,
  expectCalls,
  type Judged,
  judgeObjects,
  type ObjectCalls,
  type ObjectVerdict,
  objectChecker,
  Unjudgeable,
  unexpectedInput,
  unexpectedResult,
} from './object-checker.ts';

export interface LongForkVerdict extends ObjectVerdict {
  readonly readCount: number;
  /** Reads that saw nothing yet, and such that saw all there is to see in their group: neither can be part of a fork. */
  readonly earlyReadCount: number;
  readonly lateReadCount: number;
  /** Neighbours of which neither saw all that the other saw; the first ten, each the lines on which the two reads ended. */
  readonly forks: readonly Fork[];
  /** Values read that nobody had tried to write, or only in transactions that failed. */
  readonly unexpectedCount: number;
}

export interface Fork {
  readonly reads: readonly [number, number];
  /** A key that only the first read saw, and one that only the second saw. */
  readonly keys: readonly [Json, Json];
}

/** Transactions are lists of `[r key value]`, or of one `[w key value]`. Unknown where a key is written twice. n log n. */
export const checkLongFork = (history: History): Judged<LongForkVerdict> => judgeObjects(history, judge);

export const longFork: Checker = objectChecker('long-fork', judge);

const forksMax = 10;

interface Write {
  readonly call: number;
  readonly value: Value;
}

interface Read {
  readonly call: number;
  /** Numbers of the keys that it saw written. */
  readonly seen: ReadonlySet<number>;
}

function judge(object: ObjectCalls): LongForkVerdict {
  const { history, calls } = object;
  expectCalls(calls, 'long-fork', ['txn', 'read', 'write']);
  const keys = new ValueNumbers();
  const keyOf: Value[] = [];
  const numberOf = (key: Value): number => {
    const number = keys.of(key);
    if (number === keyOf.length) keyOf.push(key);
    return number;
  };
  const writes = new Map<number, Write>();
  const readers: number[] = [];
  for (let call = 0; call < calls.length; call++) {
    const txn = microOps(calls.input[call]!) ?? unexpectedInput(calls, call, 'a list of micro-ops');
    if (txn.every(({ isRead }) => isRead)) {
      if (calls.fate[call] === RETURNED) readers.push(call);
      continue;
    }
    const [write] = txn;
    if (txn.length !== 1 || write === undefined) unexpectedInput(calls, call, 'reads, or a single write');
    const earlier = writes.get(numberOf(write.key));
    if (earlier !== undefined) {
      const both = `op ${calls.invocation[earlier.call]} and op ${calls.invocation[call]}`;
      throw new Unjudgeable(`${both} write key ${formatValue(write.key)}; expected each key to be written once`);
    }
    writes.set(numberOf(write.key), { call, value: write.value });
  }

  const findings = new Findings();
  const groups = new Map<string, Read[]>();
  let earlyReadCount = 0;
  let lateReadCount = 0;
  for (const call of readers) {
    const txn = microOps(calls.output[call]!) ?? unexpectedResult(calls, call, 'a list of micro-ops');
    const values = new Map(txn.map(({ key, value }) => [numberOf(key), value]));
    const seen = new Set<number>();
    for (const [key, value] of values) {
      if (value === null) continue;
      seen.add(key);
      const write = writes.get(key);
      const known = write !== undefined && calls.invocation[write.call]! < calls.completion[call]!;
      if (known && valuesEqual(write.value, value)) continue;
      findings.add('unexpected', () => unexpectedRead(object, call, keyOf[key]!, value, write));
    }
    if (seen.size === 0) earlyReadCount++;
    if (seen.size === values.size) lateReadCount++;
    const group = [...values.keys()].sort((a, b) => a - b).join(' ');
    const reads = groups.get(group);
    if (reads === undefined) groups.set(group, [{ call, seen }]);
    else reads.push({ call, seen });
  }

  const forks: Fork[] = [];
  for (const reads of groups.values()) {
    reads.sort((a, b) => a.seen.size - b.seen.size);
    for (let i = 1; i < reads.length; i++) {
      const [less, more] = [reads[i - 1]!, reads[i]!];
      const onlyLess = firstMissing(less.seen, more.seen);
      if (onlyLess === undefined) continue;
      const onlyMore = firstMissing(more.seen, less.seen)!;
      const [one, other] = [keyOf[onlyLess]!, keyOf[onlyMore]!];
      const ended = [calls.completion[less.call]!, calls.completion[more.call]!] as const;
      if (forks.length < forksMax) forks.push({ reads: ended, keys: [toJson(one), toJson(other)] });
      findings.add('long-fork', () => ({
        lines: [...[less.call, more.call].map((call) => calls.invocation[call]!), ...ended],
        sentence: `Process ${calls.process[less.call]} saw ${formatValue(one)} written but not ${formatValue(other)} ${momentOf(history, ended[0])}, and process ${calls.process[more.call]} saw ${formatValue(other)} written but not ${formatValue(one)} ${momentOf(history, ended[1])}.`,
      }));
    }
  }
  const untested = readers.length === 0 ? 'no keys were read' : undefined;
  return {
    ...conclusion(findings.reason(['long-fork', 'unexpected']), { untested }),
    readCount: readers.length,
    earlyReadCount,
    lateReadCount,
    forks,
    unexpectedCount: findings.count('unexpected'),
    findings: findings.told,
  };
}

interface MicroOp {
  readonly isRead: boolean;
  readonly key: Value;
  readonly value: Value;
}

/** Undefined where it is no list of reads and writes, or empty. */
function microOps(txn: Value): MicroOp[] | undefined {
  if (!isArray(txn) || txn.length === 0) return undefined;
  const ops: MicroOp[] = [];
  for (const op of txn) {
    if (!isArray(op) || op.length < 2) return undefined;
    const name = nameOf(op[0]);
    const isRead = name === 'r' || name === 'read';
    if (!isRead && name !== 'w' && name !== 'write') return undefined;
    ops.push({ isRead, key: op[1]!, value: op[2] ?? null });
  }
  return ops;
}

function firstMissing(from: ReadonlySet<number>, inside: ReadonlySet<number>): number | undefined {
  for (const item of from) if (!inside.has(item)) return item;
  return undefined;
}

function unexpectedRead(
  { history, key: object, calls, failed }: ObjectCalls,
  call: number,
  key: Value,
  value: Value,
  write: Write | undefined,
): { readonly lines: readonly number[]; readonly sentence: string } {
  const [began, ended] = [calls.invocation[call]!, calls.completion[call]!];
  const what = `Process ${calls.process[call]} read ${formatValue(value)} from ${formatValue(key)} ${momentOf(history, ended)}`;
  if (write !== undefined && valuesEqual(write.value, value)) {
    const line = calls.invocation[write.call]!;
    return {
      lines: [began, ended, line],
      sentence: `${what}, but the write of it began only ${momentOf(history, line)}.`,
    };
  }
  for (const [f, w] of [
    ['txn', 'w'],
    ['txn', 'write'],
    ['write', 'w'],
    ['write', 'write'],
  ] as const) {
    const line = failed.find(f, object, [[w, key, value]]);
    if (line === undefined) continue;
    const completion = history.completionOf(line);
    const why = `the write of it failed ${momentOf(history, completion)}`;
    return { lines: [began, ended, line, completion], sentence: `${what}, but ${why}.` };
  }
  return { lines: [began, ended], sentence: `${what}, but nobody tried to write that.` };
}
