/**
 * Set: elements are added, and at last all are read (Jepsen, checker.clj, `set`). Every element whose add was acknowledged before
 * the final read began must be in it, and nothing that nobody tried to add, or whose add failed.
 */
import type { History } from '../../history/history.ts';
import { formatValue, type Json, type Value } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { RETURNED } from '../linearizable/calls.ts';
import { ValueNumbers } from '../linearizable/value-numbers.ts';
import { momentOf } from '../moments.ts';
import { elementsIn, listed, originOf } from './elements.ts';
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

/** Of each list of elements the first hundred. */
export interface SetVerdict extends ObjectVerdict {
  /** Distinct elements whose add did not fail. */
  readonly attemptCount: number;
  /** Distinct elements whose add was ok. */
  readonly acknowledgedCount: number;
  /** Distinct elements of the final read that somebody tried to add. */
  readonly okCount: number;
  /** Acknowledged before the final read began, but missing in it. */
  readonly lostCount: number;
  readonly lost: readonly Json[];
  /** In the final read, although nobody tried to add them, or only in adds that failed. */
  readonly unexpectedCount: number;
  readonly unexpected: readonly Json[];
  /** In the final read, although their adds crashed. */
  readonly recoveredCount: number;
  readonly recovered: readonly Json[];
}

/** The final read is the ok read that completed last. Without one the verdict is unknown. Linear in the ops and in what it read. */
export const checkSet = (history: History): Judged<SetVerdict> => judgeObjects(history, judge);

export const set: Checker = objectChecker('set', judge);

const NONE = -1;

function judge(object: ObjectCalls): SetVerdict {
  const { history, calls } = object;
  expectCalls(calls, 'set', ['add', 'read']);
  const elements = new ValueNumbers();
  const values: Value[] = [];
  /** Of each element the first add that did not fail, and the first one to return. */
  const addOf: number[] = [];
  const returnedAddOf: number[] = [];
  let finalRead = NONE;
  for (let call = 0; call < calls.length; call++) {
    const isReturned = calls.fate[call] === RETURNED;
    if (calls.f[call] === 'read') {
      const isLater = finalRead === NONE || calls.completion[call]! > calls.completion[finalRead]!;
      if (isReturned && calls.output[call] !== null && isLater) finalRead = call;
      continue;
    }
    const element = elements.of(calls.input[call]!);
    if (element === values.length) {
      values.push(calls.input[call]!);
      addOf.push(call);
      returnedAddOf.push(NONE);
    }
    const known = returnedAddOf[element]!;
    if (isReturned && (known === NONE || calls.completion[call]! < calls.completion[known]!)) {
      returnedAddOf[element] = call;
    }
  }
  if (finalRead === NONE) throw new Untested('the set was never read');
  const read = elementsIn(calls.output[finalRead]!);
  if (read === undefined) unexpectedResult(calls, finalRead, 'a list or a set of all elements');

  const attemptCount = values.length;
  const readBegan = calls.invocation[finalRead]!;
  const readEnded = calls.completion[finalRead]!;
  const findings = new Findings();
  const unexpected: Value[] = [];
  const recovered: Value[] = [];
  const isRead = new Uint8Array(attemptCount + read.length);
  let okCount = 0;
  for (const value of read) {
    const element = elements.of(value);
    if (isRead[element] === 1) continue;
    isRead[element] = 1;
    const wasAdded = element < attemptCount && calls.invocation[addOf[element]!]! < readEnded;
    if (wasAdded) {
      okCount++;
      if (returnedAddOf[element] === NONE) recovered.push(value);
      continue;
    }
    unexpected.push(value);
    findings.add('unexpected', () => {
      const add = element < attemptCount ? calls.invocation[addOf[element]!]! : NONE;
      const origin = originOf(object, 'add', value);
      const why = add === NONE ? origin.what : `its add began only ${momentOf(history, add)}`;
      return {
        lines: [readBegan, readEnded, add, ...origin.lines],
        sentence: `The final read ${momentOf(history, readEnded)} returned ${formatValue(value)}, but ${why}.`,
      };
    });
  }

  const lost: Value[] = [];
  let acknowledgedCount = 0;
  for (let element = 0; element < attemptCount; element++) {
    const add = returnedAddOf[element]!;
    if (add === NONE) continue;
    acknowledgedCount++;
    const [began, ended] = [calls.invocation[add]!, calls.completion[add]!];
    if (isRead[element] === 1 || ended > readBegan) continue;
    const value = values[element]!;
    lost.push(value);
    findings.add('lost', () => ({
      lines: [began, ended, readBegan, readEnded],
      sentence: `Process ${calls.process[add]} added ${formatValue(value)} ${momentOf(history, ended)}, but the final read, which began ${momentOf(history, readBegan)}, does not have it.`,
    }));
  }

  return {
    ...conclusion(findings.reason(['lost', 'unexpected'])),
    attemptCount,
    acknowledgedCount,
    okCount,
    lostCount: lost.length,
    lost: listed(lost),
    unexpectedCount: unexpected.length,
    unexpected: listed(unexpected),
    recoveredCount: recovered.length,
    recovered: listed(recovered),
    findings: findings.told,
  };
}
