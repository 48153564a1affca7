/**
 * Write skew by inserts: Adya's G2, on predicates (Jepsen, tests/adya.clj). Of each key two transactions look whether there are any
 * rows, and if there are none insert one, each into a table of its own. In a serializable order the one that comes second finds
 * the row of the first; so of each key at most one insert may be ok. Snapshot isolation lets both through.
 */
import { type History, okCode } from '../../history/history.ts';
import { formatValue, isArray, type Json, toJson, type Value } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { ValueNumbers } from '../linearizable/value-numbers.ts';
import { momentOf } from '../moments.ts';
import { Findings } from './findings.ts';
import { conclusion, judgeTogether, type ObjectVerdict, type Undecided, Unjudgeable } from './object-checker.ts';

export interface WriteSkewVerdict extends ObjectVerdict {
  readonly keyCount: number;
  /** Keys of which exactly one insert was ok. */
  readonly legalCount: number;
  /** Keys of which more than one was. */
  readonly illegalCount: number;
  /** The first hundred of them. */
  readonly illegal: readonly { readonly key: Json; readonly inserts: number }[];
}

/** Ops are `insert`, of a value that begins with the key where the lines of the history have none: `[key [a b]]`. Linear. */
export const checkWriteSkew = (history: History): WriteSkewVerdict | Undecided => judgeTogether(history, judge);

export const writeSkew: Checker = { name: 'write-skew', check: checkWriteSkew };

const illegalMax = 100;

function judge(history: History): WriteSkewVerdict {
  const numbers = new ValueNumbers();
  const keys: Value[] = [];
  const inserts: number[] = [];
  const firstOf: number[] = [];
  const findings = new Findings();
  for (const line of history.clientInvocations()) {
    const key = keyOf(history, line);
    const number = numbers.of(key);
    if (number === keys.length) {
      keys.push(key);
      inserts.push(0);
      firstOf.push(line);
    }
    const completion = history.completionOf(line);
    if (completion < 0 || history.types[completion] !== okCode) continue;
    inserts[number]!++;
    if (inserts[number] === 1) firstOf[number] = line;
    if (inserts[number] !== 2) continue;
    const first = firstOf[number]!;
    const account = (insert: number): string =>
      `process ${history.process(insert)} inserted ${formatValue(history.value(insert))} ${momentOf(history, history.completionOf(insert))}`;
    findings.add('write-skew', () => ({
      lines: [first, history.completionOf(first), line, completion],
      sentence: `Of key ${formatValue(key)} ${account(first)}, and ${account(line)}, though each looked first whether there was a row.`,
    }));
  }
  const illegal = [...keys.keys()].filter((number) => inserts[number]! > 1);
  return {
    ...conclusion(findings.reason(['write-skew'])),
    keyCount: keys.length,
    legalCount: inserts.filter((count) => count === 1).length,
    illegalCount: illegal.length,
    illegal: illegal.slice(0, illegalMax).map((number) => ({ key: toJson(keys[number]!), inserts: inserts[number]! })),
    findings: findings.told,
  };
}

function keyOf(history: History, line: number): Value {
  const f = history.f(line);
  if (f !== 'insert') {
    throw new Unjudgeable(`op ${line} is a ${f}; the write-skew checker knows insert: choose another one`);
  }
  const key = history.key(line);
  if (key !== undefined) return key;
  const value = history.value(line);
  if (isArray(value) && value.length === 2 && isArray(value[1])) return value[0]!;
  throw new Unjudgeable(`op ${line} is an insert of ${formatValue(value)}; expected [key [a b]]`);
}
