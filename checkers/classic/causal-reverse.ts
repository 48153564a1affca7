/**
 * Causal reverse: a later write is seen without an earlier one (Jepsen, tests/causal_reverse.clj, and `comments` of its tests of
 * CockroachDB). Values are written once each, and all are read at once. A write that was acknowledged before another began
 * comes before it in every strictly serializable order; so a read that has the later one must have the earlier one too.
 * Serializability alone does not promise that.
 */
import type { History } from '../../history/history.ts';
import { formatValue, type Json, toJson, type Value } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { RETURNED } from '../linearizable/calls.ts';
import { ValueNumbers } from '../linearizable/value-numbers.ts';
import { momentOf } from '../moments.ts';
import { elementsIn, originOf } from './elements.ts';
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

export interface CausalReverseVerdict extends ObjectVerdict {
  readonly readCount: number;
  readonly errorCount: number;
  /** Reads that miss earlier writes; the first ten. */
  readonly errors: readonly MissingWrites[];
  /** Values read that nobody had tried to write, or only in writes that failed. */
  readonly unexpectedCount: number;
}

export interface MissingWrites {
  /** The line on which the read ended. */
  readonly read: number;
  /** How many values it must have had, for those it had. */
  readonly expectedCount: number;
  readonly missingCount: number;
  /** The first hundred. */
  readonly missing: readonly Json[];
}

/** Ops are `write` of a value, and `read` of a list or a set of all that were written. Linear. */
export const checkCausalReverse = (history: History): Judged<CausalReverseVerdict> => judgeObjects(history, judge);

export const causalReverse: Checker = objectChecker('causal-reverse', judge);

const errorsMax = 10;
const missingMax = 100;

interface Write {
  readonly call: number;
  readonly value: Value;
  /** How many writes had been acknowledged when it began. */
  readonly after: number;
  /** Which acknowledgement was its own, from 0; Infinity while there is none. */
  rank: number;
}

function judge(object: ObjectCalls): CausalReverseVerdict {
  const { history, calls } = object;
  expectCalls(calls, 'causal-reverse', ['write', 'read']);
  const numbers = new ValueNumbers();
  const writes: Write[] = [];
  const acknowledged: Write[] = [];
  const reads: number[] = [];
  for (const event of calls.events) {
    const call = event >>> 1;
    const isReturn = (event & 1) === 1;
    if (calls.f[call] === 'read') {
      if (isReturn) reads.push(call);
      continue;
    }
    const value = calls.input[call]!;
    const number = numbers.of(value);
    if (number === writes.length) {
      writes.push({ call, value, after: acknowledged.length, rank: Number.POSITIVE_INFINITY });
    }
    const write = writes[number]!;
    if (!isReturn || calls.fate[call] !== RETURNED || write.rank < Number.POSITIVE_INFINITY) continue;
    write.rank = acknowledged.push(write) - 1;
  }

  const findings = new Findings();
  const errors: MissingWrites[] = [];
  let errorCount = 0;
  for (const call of reads) {
    const [began, ended] = [calls.invocation[call]!, calls.completion[call]!];
    const found = elementsIn(calls.output[call]!) ?? unexpectedResult(calls, call, 'a list of all values written');
    const seen = new Set<Write>();
    let latest: Write | undefined;
    for (const value of found) {
      const write = writes[numbers.of(value)];
      if (write === undefined || calls.invocation[write.call]! > ended) {
        findings.add('unexpected', () => {
          const origin = originOf(object, 'write', value);
          const begun = write === undefined ? -1 : calls.invocation[write.call]!;
          const why = write === undefined ? origin.what : `its write began only ${momentOf(history, begun)}`;
          return {
            lines: [began, ended, begun, ...origin.lines],
            sentence: `Process ${calls.process[call]} read ${formatValue(value)} ${momentOf(history, ended)}, but ${why}.`,
          };
        });
        continue;
      }
      seen.add(write);
      if (latest === undefined || write.after > latest.after) latest = write;
    }
    if (latest === undefined) continue;
    const expectedCount = latest.after;
    let had = 0;
    for (const { rank } of seen) if (rank < expectedCount) had++;
    if (had === expectedCount) continue;
    errorCount++;
    if (errors.length >= errorsMax) continue;
    const missing = acknowledged.slice(0, expectedCount).filter((write) => !seen.has(write));
    errors.push({
      read: ended,
      expectedCount,
      missingCount: missing.length,
      missing: missing.slice(0, missingMax).map(({ value }) => toJson(value)),
    });
    const [earlier, later] = [missing[0]!, latest];
    findings.add('causal-reverse', () => ({
      lines: [
        ...[earlier.call, later.call].flatMap((write) => [calls.invocation[write]!, calls.completion[write]!]),
        began,
        ended,
      ],
      sentence: `Process ${calls.process[call]} read ${formatValue(later.value)} ${momentOf(history, ended)} but not ${formatValue(earlier.value)}, whose write was acknowledged ${momentOf(history, calls.completion[earlier.call]!)}, before that of ${formatValue(later.value)} began ${momentOf(history, calls.invocation[later.call]!)}.`,
    }));
  }
  return {
    ...conclusion(findings.reason(['causal-reverse', 'unexpected']), {
      untested: reads.length === 0 ? 'nothing was read' : undefined,
    }),
    readCount: reads.length,
    errorCount,
    errors,
    unexpectedCount: findings.count('unexpected'),
    findings: findings.told,
  };
}
