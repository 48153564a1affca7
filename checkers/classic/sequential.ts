/**
 * Sequential: what one client inserts first is seen first (Jepsen, `sequential` of its tests of CockroachDB). A `write` of a key
 * inserts several rows one after the other, each in a transaction of its own; a `read` of it looks for the same rows in the opposite
 * order, each in a transaction of its own. In a sequentially consistent order a read that finds a row finds all that come after it:
 * those were there before.
 *
 *     A: insert x    A: insert y    B: find y    B: find no x
 */
import type { History } from '../../history/history.ts';
import { formatValue, isArray, type Value } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { RETURNED } from '../linearizable/calls.ts';
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
  unexpectedResult,
} from './object-checker.ts';

export interface SequentialVerdict extends ObjectVerdict {
  /** Reads that found all rows, some but not all, or none. */
  readonly allCount: number;
  readonly someCount: number;
  readonly noneCount: number;
  /** Reads that found a row, and then not one that had been inserted before it. */
  readonly badCount: number;
}

/**
 * A read returns `[key rows]`, or the rows where the line has the key: in the order in which it looked, nil for each that it did not
 * find. Linear.
 */
export const checkSequential = (history: History): Judged<SequentialVerdict> => judgeObjects(history, judge);

export const sequential: Checker = objectChecker('sequential', judge);

function judge({ history, key, calls }: ObjectCalls): SequentialVerdict {
  expectCalls(calls, 'sequential', ['write', 'read']);
  const findings = new Findings();
  const counts = { all: 0, some: 0, none: 0 };
  for (let call = 0; call < calls.length; call++) {
    if (calls.f[call] !== 'read' || calls.fate[call] !== RETURNED) continue;
    const returned = calls.output[call]!;
    const told = rowsIn(returned);
    const rows = told ?? (key !== null && isArray(returned) ? returned : unexpectedResult(calls, call, '[key rows]'));
    const named = told === undefined ? key : (returned as readonly Value[])[0]!;
    const found = rows.filter((row) => row !== null).length;
    counts[found === 0 ? 'none' : found === rows.length ? 'all' : 'some']++;
    const first = rows.findIndex((row) => row !== null);
    const missing = first < 0 ? -1 : rows.indexOf(null, first);
    if (missing < 0) continue;
    const [began, ended] = [calls.invocation[call]!, calls.completion[call]!];
    findings.add('out-of-order', () => ({
      lines: [began, ended],
      sentence: `Process ${calls.process[call]} read key ${formatValue(named)} until ${momentOf(history, ended).replace(/^(at|on) /, '')}: it found ${formatValue(rows[first]!)}, row ${first + 1} of ${rows.length} that it looked for, and then not row ${missing + 1}, which was inserted before it.`,
    }));
  }
  const reads = counts.all + counts.some + counts.none;
  return {
    ...conclusion(findings.reason(['out-of-order']), { untested: reads === 0 ? 'nothing was read' : undefined }),
    allCount: counts.all,
    someCount: counts.some,
    noneCount: counts.none,
    badCount: findings.count('out-of-order'),
    findings: findings.told,
  };
}

function rowsIn(value: Value): readonly Value[] | undefined {
  if (!isArray(value) || value.length !== 2) return undefined;
  return isArray(value[1]) ? value[1] : undefined;
}
