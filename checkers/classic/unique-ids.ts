/** Unique ids: no two calls of `generate` return the same one (Jepsen, checker.clj, `unique-ids`). */
import type { History } from '../../history/history.ts';
import { formatValue, type Json, toJson } from '../../history/value.ts';
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
} from './object-checker.ts';

export interface UniqueIdsVerdict extends ObjectVerdict {
  /** Calls that did not fail. */
  readonly attemptedCount: number;
  readonly acknowledgedCount: number;
  /** Distinct ids that were returned more than once. */
  readonly duplicatedCount: number;
  /** Those returned most often, at most 48. */
  readonly duplicated: readonly { readonly id: Json; readonly times: number }[];
  /** The least id and the greatest, where all are numbers, or all are strings. */
  readonly range?: readonly [Json, Json];
}

/** n log n. */
export const checkUniqueIds = (history: History): Judged<UniqueIdsVerdict> => judgeObjects(history, judge);

export const uniqueIds: Checker = objectChecker('unique-ids', judge);

const duplicatedMax = 48;

function judge({ history, calls }: ObjectCalls): UniqueIdsVerdict {
  expectCalls(calls, 'unique-ids', ['generate']);
  const { completion, invocation, output } = calls;
  const numbers = new ValueNumbers();
  const firstCall: number[] = [];
  const times: number[] = [];
  const findings = new Findings();
  let acknowledgedCount = 0;
  for (let call = 0; call < calls.length; call++) {
    if (calls.fate[call] !== RETURNED) continue;
    acknowledgedCount++;
    const id = numbers.of(output[call]!);
    if (id === times.length) {
      times.push(1);
      firstCall.push(call);
      continue;
    }
    times[id]!++;
    const first = firstCall[id]!;
    findings.add('duplicated', () => ({
      lines: [invocation[first]!, completion[first]!, invocation[call]!, completion[call]!],
      sentence: `${formatValue(output[call]!)} was returned to process ${calls.process[first]} ${momentOf(history, completion[first]!)}, and to process ${calls.process[call]} ${momentOf(history, completion[call]!)}.`,
    }));
  }
  const duplicated = [...times.keys()].filter((id) => times[id]! > 1).sort((a, b) => times[b]! - times[a]!);
  const idOf = (id: number) => output[firstCall[id]!]!;
  const range = rangeOf(firstCall.map((call) => output[call]!));
  return {
    ...conclusion(findings.reason(['duplicated'])),
    attemptedCount: calls.length,
    acknowledgedCount,
    duplicatedCount: duplicated.length,
    duplicated: duplicated.slice(0, duplicatedMax).map((id) => ({ id: toJson(idOf(id)), times: times[id]! })),
    ...(range === undefined ? {} : { range: [toJson(range[0]), toJson(range[1])] as const }),
    findings: findings.told,
  };
}

/** Undefined where they cannot be compared. */
function rangeOf<Item>(ids: readonly Item[]): readonly [Item, Item] | undefined {
  const isNumber = (id: Item): boolean => typeof id === 'bigint' || typeof id === 'number';
  if (ids.length === 0 || !(ids.every(isNumber) || ids.every((id) => typeof id === 'string'))) return undefined;
  let [least, greatest] = [ids[0] as Item, ids[0] as Item];
  for (const id of ids) {
    if (id < least) least = id;
    if (id > greatest) greatest = id;
  }
  return [least, greatest];
}
