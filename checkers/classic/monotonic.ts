/**
 * Monotonic: rows get growing numbers in the order of the database's own timestamps (Jepsen, `monotonic` of its tests of CockroachDB).
 * Each `add` inserts, in one transaction, a row with a number greater than any there is and with the timestamp of the transaction;
 * at last a `read` returns all rows in the order of their timestamps. If timestamps follow the order of the transactions, as
 * clocks that are too far apart may prevent, the numbers grow from row to row.
 *
 * Where several tables are written, rows of different clients may be out of order in a database that is only serializable; those of one
 * client may not.
 */
import type { History } from '../../history/history.ts';
import { exactInteger, fieldOf, formatValue, isArray, type Json, type Value } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { type Calls, CRASHED, RETURNED } from '../linearizable/calls.ts';
import { momentOf } from '../moments.ts';
import { listed } from './elements.ts';
import { Findings } from './findings.ts';
import {
  conclusion,
  expectCalls,
  type Judged,
  judgeObjects,
  type ObjectCalls,
  type ObjectVerdict,
  objectChecker,
  Untested,
  unexpectedResult,
} from './object-checker.ts';

export interface MonotonicOptions {
  /** Whether numbers must grow over all rows, or only over those of each client. Default: all. */
  readonly order?: 'all' | 'client';
}

/** Of each list the first hundred. */
export interface MonotonicVerdict extends ObjectVerdict {
  readonly rowCount: number;
  /** Numbers whose add was acknowledged before the read began, and that it did not return. */
  readonly lostCount: number;
  readonly lost: readonly Json[];
  /** Numbers of more than one row. */
  readonly duplicateCount: number;
  readonly duplicates: readonly Json[];
  /** Numbers that were read although their add failed. */
  readonly revivedCount: number;
  readonly revived: readonly Json[];
  /** Numbers that were read although their add crashed. */
  readonly recoveredCount: number;
  readonly recovered: readonly Json[];
  /** Rows whose timestamp is less than that of the row before: the read is not in order. */
  readonly orderByErrorCount: number;
  /** Rows whose number is not greater than that of the row before. */
  readonly reorderCount: number;
  /** The same among the rows of one client, of one node, and of one table; 0 where rows do not name them. */
  readonly reorderPerClientCount: number;
  readonly reorderPerNodeCount: number;
  readonly reorderPerTableCount: number;
}

/**
 * A row is a whole number, or a map with `val`, and `sts` (its timestamp), `proc` (the client), `node`, and `tb` (the table) where
 * they are known. An add returns the row that it added. Unknown where nothing was read. Linear.
 */
export const checkMonotonic = (history: History, options: MonotonicOptions = {}): Judged<MonotonicVerdict> =>
  judgeObjects(history, (object) => judge(object, options));

export const monotonic = (options: MonotonicOptions = {}): Checker =>
  objectChecker('monotonic', (object) => judge(object, options));

const NONE = -1;

interface Row {
  readonly number: bigint;
  readonly timestamp: bigint | undefined;
  readonly from: Readonly<Record<Origin, Value | undefined>>;
}

type Origin = 'client' | 'node' | 'table';

function judge({ history, calls, key, failed }: ObjectCalls, { order = 'all' }: MonotonicOptions): MonotonicVerdict {
  expectCalls(calls, 'monotonic', ['add', 'read']);
  const read = finalRead(calls);
  const [began, ended] = [calls.invocation[read]!, calls.completion[read]!];
  const rows = rowsIn(calls.output[read]!) ?? unexpectedResult(calls, read, 'a list of rows');
  const findings = new Findings();
  const seen = new Set<bigint>();
  const duplicates = new Set<bigint>();
  for (const { number } of rows) {
    if (seen.has(number)) {
      if (!duplicates.has(number)) {
        findings.add('duplicate', () => ({
          lines: [began, ended],
          sentence: `The final read ${momentOf(history, ended)} returned more than one row with the number ${number}.`,
        }));
      }
      duplicates.add(number);
    }
    seen.add(number);
  }

  const lost: bigint[] = [];
  const recovered = new Set<bigint>();
  const acknowledged = new Set<bigint>();
  for (let call = 0; call < calls.length; call++) {
    if (calls.f[call] !== 'add') continue;
    if (calls.fate[call] === CRASHED) {
      const number = numberIn(calls.input[call]!);
      if (number !== undefined && seen.has(number)) recovered.add(number);
      continue;
    }
    const number = numberIn(calls.output[call]!) ?? unexpectedResult(calls, call, 'the row that was added');
    acknowledged.add(number);
    if (seen.has(number) || calls.completion[call]! > began) continue;
    lost.push(number);
    findings.add('lost', () => ({
      lines: [calls.invocation[call]!, calls.completion[call]!, began, ended],
      sentence: `Process ${calls.process[call]} added ${number} ${momentOf(history, calls.completion[call]!)}, but the final read, which began ${momentOf(history, began)}, does not have it.`,
    }));
  }
  for (const number of acknowledged) recovered.delete(number);

  const revived: bigint[] = [];
  for (const number of seen) {
    if (acknowledged.has(number) || recovered.has(number)) continue;
    const line = failed.find('add', key, exactInteger(number));
    if (line === undefined) continue;
    revived.push(number);
    findings.add('revived', () => ({
      lines: [line, history.completionOf(line), began, ended],
      sentence: `The final read ${momentOf(history, ended)} returned ${number}, but its add failed ${momentOf(history, history.completionOf(line))}.`,
    }));
  }

  const out = (kind: string, [one, next]: readonly [Row, Row], what: string): void =>
    findings.add(kind, () => ({
      lines: [began, ended],
      sentence: `The final read ${momentOf(history, ended)} returned ${describe(next)} after ${describe(one)}${what}.`,
    }));
  for (const pair of neighbours(rows, undefined)) {
    const [one, next] = pair;
    if (one.timestamp !== undefined && next.timestamp !== undefined && one.timestamp > next.timestamp) {
      out('order-by', pair, ', though rows were to be in the order of their timestamps');
    }
    if (one.number >= next.number) out('reordered', pair, '');
  }
  for (const origin of ['client', 'node', 'table'] as const) {
    for (const pair of neighbours(rows, origin)) {
      const [one, next] = pair;
      if (one.number < next.number) continue;
      out(`reordered-per-${origin}`, pair, `, both of ${origin} ${formatValue(next.from[origin]!)}`);
    }
  }
  const wrong = [
    ...['lost', 'duplicate', 'revived', 'order-by'],
    order === 'all' ? 'reordered' : 'reordered-per-client',
  ];
  const list = (numbers: Iterable<bigint>): readonly Json[] => listed([...numbers].map(exactInteger));
  return {
    ...conclusion(findings.reason(wrong)),
    rowCount: rows.length,
    lostCount: lost.length,
    lost: list(lost),
    duplicateCount: duplicates.size,
    duplicates: list(duplicates),
    revivedCount: revived.length,
    revived: list(revived),
    recoveredCount: recovered.size,
    recovered: list(recovered),
    orderByErrorCount: findings.count('order-by'),
    reorderCount: findings.count('reordered'),
    reorderPerClientCount: findings.count('reordered-per-client'),
    reorderPerNodeCount: findings.count('reordered-per-node'),
    reorderPerTableCount: findings.count('reordered-per-table'),
    findings: findings.told,
  };
}

function finalRead({ length, f, fate, completion, output }: Calls): number {
  let last = NONE;
  for (let call = 0; call < length; call++) {
    if (f[call] !== 'read' || fate[call] !== RETURNED || output[call] === null) continue;
    if (last === NONE || completion[call]! > completion[last]!) last = call;
  }
  if (last === NONE) throw new Untested('the rows were never read');
  return last;
}

/** Each row with the one before it, of those that come from the same place: undefined is anywhere. */
function* neighbours(rows: readonly Row[], origin: Origin | undefined): Iterable<readonly [Row, Row]> {
  const last = new Map<unknown, Row>();
  for (const row of rows) {
    const from = origin === undefined ? 'anywhere' : row.from[origin];
    if (from === undefined) continue;
    const place = typeof from === 'object' ? formatValue(from, Number.POSITIVE_INFINITY) : from;
    const before = last.get(place);
    if (before !== undefined) yield [before, row];
    last.set(place, row);
  }
}

function rowsIn(value: Value): readonly Row[] | undefined {
  if (!isArray(value)) return undefined;
  const rows: Row[] = [];
  for (const each of value) {
    const number = numberIn(each);
    if (number === undefined) return undefined;
    const part = (...names: readonly string[]): Value | undefined =>
      names.map((name) => fieldOf(each, name)).find((found) => found !== undefined && found !== null);
    const from = { client: part('proc', 'process'), node: part('node'), table: part('tb', 'table') };
    rows.push({ number, timestamp: wholeNumber(part('sts', 'timestamp') ?? null), from });
  }
  return rows;
}

/** The number of a row; undefined where it has none. */
const numberIn = (row: Value): bigint | undefined => wholeNumber(fieldOf(row, 'val') ?? row);

/** Timestamps may be too great for numbers, so that JSON has them as text. */
function wholeNumber(value: Value): bigint | undefined {
  if (typeof value === 'bigint' || Number.isInteger(value)) return BigInt(value as number | bigint);
  return typeof value === 'string' && /^-?\d+$/.test(value) ? BigInt(value) : undefined;
}

const describe = ({ number, timestamp }: Row): string =>
  timestamp === undefined ? String(number) : `${number} (timestamp ${timestamp})`;
