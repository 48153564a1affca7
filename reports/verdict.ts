/** What a run came to, in words: the terminal, the HTML report, and JUnit say the same. */

import type { Validity, Verdict } from '../checkers/checker.ts';
import type { Outage } from '../checkers/classic/availability.ts';
import type { KeyFailure, LinearizableVerdict } from '../checkers/evidence.ts';
import type { Evidence, TransactionalVerdict } from '../checkers/transactional/evidence.ts';
import type { Results } from '../harness/results.ts';
import type { TestSpec } from '../harness/spec.ts';
import { worstFirst } from './anomaly-words.ts';
import { displayList, displayMs, displayValue, plural } from './display.ts';
import { scalarText, wordsOf } from './field-text.ts';

export const verdictWord = (valid: Validity): 'valid' | 'INVALID' | 'unknown' =>
  valid === true ? 'valid' : valid === false ? 'INVALID' : 'unknown';

export const verdictSign = (valid: Validity): '✓' | '✗' | '?' => (valid === true ? '✓' : valid === false ? '✗' : '?');

/** n1, n2, … */
const carriesFailures = (verdict: Verdict): verdict is LinearizableVerdict =>
  Array.isArray(verdict.failures) && verdict.failures.every((failure) => Array.isArray(failure?.story));

/** One counterexample, and the checker that found it. */
export interface Violation {
  readonly checker: string;
  readonly failure: KeyFailure;
}

/** All counterexamples, in the order of the checkers. */
export function violationsOf(results: Results): Violation[] {
  return Object.entries(results.checkers).flatMap(([checker, verdict]) =>
    carriesFailures(verdict) ? verdict.failures.map((failure) => ({ checker, failure })) : [],
  );
}

export function isTransactional(verdict: Verdict): verdict is TransactionalVerdict {
  const { models, anomalies, otherAnomalies, not, alsoNot, undecided, evidence } =
    verdict as Partial<TransactionalVerdict>;
  const lists = [models, anomalies, otherAnomalies, not, alsoNot, undecided];
  return lists.every(Array.isArray) && typeof evidence === 'object' && evidence !== null;
}

/** Cases of an anomaly, those that the checker tells of. */
export const casesOf = ({ evidence }: TransactionalVerdict, anomaly: string): readonly Evidence[] =>
  Object.hasOwn(evidence, anomaly) ? evidence[anomaly]! : [];

/** The worst anomaly that the models asked for do not have, with the first case of it; undefined where there is none. */
export function worstAnomaly(
  verdict: Verdict,
): { readonly verdict: TransactionalVerdict; readonly anomaly: string; readonly evidence: Evidence } | undefined {
  if (verdict.valid !== false || !isTransactional(verdict)) return undefined;
  const anomaly = worstFirst(verdict.anomalies).find((name) => casesOf(verdict, name).length > 0);
  return anomaly === undefined ? undefined : { verdict, anomaly, evidence: casesOf(verdict, anomaly)[0]! };
}

function summarizeTransactional({ valid, reason, models, anomalies, transactions }: TransactionalVerdict): string {
  if (valid === 'unknown' && reason !== undefined) return reason;
  if (valid === false) return `not ${displayList(models)}: ${displayList(worstFirst(anomalies))}`;
  return `${plural(transactions, 'transaction')}, no anomaly that ${displayList(models)} rules out`;
}

function counts(verdict: Verdict): string {
  return Object.entries(verdict)
    .filter((entry): entry is [string, number | string] => ['number', 'string'].includes(typeof entry[1]))
    .filter(([name]) => name !== 'reason' && name !== 'valid')
    .slice(0, 4)
    .map(
      ([name, value]) =>
        `${wordsOf(name)} ${typeof value === 'number' ? scalarText(name, value) : displayValue(value, 40)}`,
    )
    .join(', ');
}

/** Of a verdict on availability, how long nothing was served at most. */
function outage({ longestOutage }: Verdict): string {
  const ns = (longestOutage as Outage | undefined)?.durationNs;
  return ns === undefined ? '' : `longest outage ${displayMs(ns / 1e6)}`;
}

/** One line on a checker's verdict: its reason, or what it counted. */
export function summarizeVerdict(verdict: Verdict): string {
  if (isTransactional(verdict)) return summarizeTransactional(verdict);
  if (verdict.reason !== undefined) return verdict.reason;
  if (!carriesFailures(verdict)) return [counts(verdict), outage(verdict)].filter(Boolean).join(', ');
  const objects = verdict.failures[0]?.key ?? verdict.undecided[0]?.key ?? null;
  const noun = objects === null && verdict.keys === 1 ? 'object' : 'key';
  if (verdict.failures.length > 0) {
    const named = verdict.failures.map(({ key }) => displayValue(key, 20));
    const which = noun === 'key' ? `: ${displayList(named)}` : '';
    return `${verdict.failures.length} of ${plural(verdict.keys, noun)} ${verdict.failures.length === 1 ? 'is' : 'are'} not linearizable${which}`;
  }
  if (verdict.undecided.length > 0) return `${plural(verdict.undecided.length, noun)} undecided`;
  return `${plural(verdict.keys, noun)}, ${plural(verdict.ops, 'op')}`;
}

/** `6 partitions and 2 kills`, or `no fault`. */
export function describeFaults(faults: Results['faults']): string {
  const happened = Object.entries(faults).filter(([, count]) => count > 0);
  return happened.length === 0 ? 'no fault' : displayList(happened.map(([f, count]) => plural(count, f)));
}

const places = { sim: 'in the simulator', process: 'as real processes', docker: 'in containers' } as const;

/** What was tested, in a sentence without its full stop. */
export function describeRun(results: Results, spec: TestSpec): string {
  const where = places[results.runtime];
  const bug = results.bug === null ? '' : `, with the bug ${results.bug},`;
  return (
    `${results.target}${bug} ran on ${plural(spec.nodes, 'node')} ${where} and served the ${results.workload} workload ` +
    `for ${displayMs(spec.timeLimitMs)} at ${spec.rate} ops/s, with ${describeFaults(results.faults)}`
  );
}

/** Why the verdict is what it is, in a sentence without its full stop. */
export function describeVerdict(results: Results): string {
  const all = Object.entries(results.checkers);
  if (results.valid === true) return `${plural(all.length, 'check')} passed: ${displayList(all.map(([name]) => name))}`;
  const telling = all.filter(([, verdict]) => verdict.valid === results.valid);
  const why = telling
    .map(([name, verdict]) => {
      const summary = summarizeVerdict(verdict).replace(/\.$/, '');
      return summary.includes(name) ? summary : `${name}: ${summary}`;
    })
    .join('; ');
  if (results.interrupted) return why === '' ? 'the run was interrupted' : `the run was interrupted; ${why}`;
  return why === '' ? 'no checker gave a reason' : why;
}

/** Why a violation is no surprise; undefined when it is one. */
export function describeExpected(results: Results): string | undefined {
  if (results.valid === true) {
    if (results.bug === null) return undefined;
    return `The bug ${results.bug} is switched on, and did not show: docs/bugs.md names the faults it takes, and --runs tries many seeds.`;
  }
  if (results.expected === 'bug') return `Expected: the bug ${results.bug ?? ''} is switched on.`;
  if (results.expected !== 'limit') return undefined;
  const { target, limits = [] } = results;
  if (limits.length > 0) return `Expected: ${target} does not promise this, for ${displayList(limits)}.`;
  return `Expected: ${target} does not promise this under the faults that happened (${describeFaults(results.faults)}).`;
}
