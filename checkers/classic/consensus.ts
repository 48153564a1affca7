/**
 * Consensus: of the values that are proposed one is decided, for good (Lamport, Paxos Made Simple, 2001, section 2.1;
 * Chandra and Toueg, Unreliable Failure Detectors for Reliable Distributed Systems, 1996). Each key is a decision of
 * its own. Judged by what clients were told:
 *
 * - *Agreement*: all of them were told of the same decision. Two that differ are a `disagreement`; where the one began
 *   when the other was over, the decision was `changed` (integrity).
 * - *Validity*: what was decided had been proposed, by a call that began before anybody was told of the decision, and
 *   that did not fail. One that crashed may have been decided.
 * - *No decision is forgotten*: who asks what was decided after somebody was told of it is told so too, and not nil.
 *
 * Together they say that the object is linearizable: one whose first proposal decides. That somebody is told in the end
 * (termination) is for others to judge.
 */
import { fieldOf, formatValue, type Json, toJson, type Value, valueKey } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { type Calls, RETURNED } from '../linearizable/calls.ts';
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
  unexpectedInput,
  unexpectedResult,
} from './object-checker.ts';

export interface ConsensusVerdict extends ObjectVerdict {
  /** Proposals that did not fail. */
  readonly proposalCount: number;
  /** Calls that were told of the decision. */
  readonly toldCount: number;
  /** The values that somebody was told were decided, in the order in which that was first seen; at most ten. */
  readonly decided: readonly Json[];
}

/**
 * - `propose` a value, which must not be nil: ok with the value that was decided, or with a map that has it as
 *   `decided`.
 * - `learn`, or `read`: ok with the value that was decided, or nil.
 *
 * Linear in the calls, for each value that is decided.
 */
export const checkConsensus = (history: ObjectCalls['history']): Judged<ConsensusVerdict> =>
  judgeObjects(history, judge);

export const consensus: Checker = objectChecker('consensus', judge);

const decidedMax = 10;

/** A value that was decided, and the call that was told so first: the one that was over first. */
interface Decision {
  readonly value: Value;
  first: number;
}

function judge({ history, key, calls, failed }: ObjectCalls): ConsensusVerdict {
  expectCalls(calls, 'consensus', ['propose', 'learn', 'read']);
  const ofNil = calls.f.findIndex((f, call) => f === 'propose' && calls.input[call] === null);
  if (ofNil >= 0) unexpectedInput(calls, ofNil, 'a value that is not nil');
  const { completion, invocation, process } = calls;
  const findings = new Findings();
  const decidedIn = Array.from({ length: calls.length }, (_, call) => decisionOf(calls, call));
  const decisions = decisionsOf(calls, decidedIn);
  const [decision] = decisions;
  const linesOf = (call: number): number[] => [invocation[call]!, completion[call]!];
  const told = (call: number): string =>
    `Process ${process[call]} was told ${momentOf(history, completion[call]!)} that ${formatValue(decidedIn[call]!)} was decided`;

  for (const { first } of decisions.slice(1)) {
    const one = decision!.first;
    const isLater = invocation[first]! > completion[one]!;
    findings.add(isLater ? 'changed' : 'disagreement', () => ({
      lines: [...linesOf(one), ...linesOf(first)],
      sentence: `${told(one)}, but process ${process[first]} ${momentOf(history, completion[first]!)} that ${formatValue(decidedIn[first]!)} was.`,
    }));
  }

  for (const { value, first } of decisions) {
    const proposal = proposalOf(calls, value);
    if (proposal !== undefined && invocation[proposal]! < completion[first]!) continue;
    const failedLine = failed.find('propose', key, value);
    const why =
      proposal !== undefined
        ? `it was first proposed ${momentOf(history, invocation[proposal]!)}`
        : failedLine === undefined
          ? 'nobody had proposed it'
          : `its proposal, begun ${momentOf(history, failedLine)}, had failed`;
    const line = proposal === undefined ? (failedLine ?? -1) : invocation[proposal]!;
    findings.add('not-proposed', () => ({
      lines: [...linesOf(first), line, history.completionOf(line)],
      sentence: `${told(first)}, but ${why}.`,
    }));
  }

  for (let call = 0; call < calls.length && decision !== undefined; call++) {
    const { first } = decision;
    if (calls.fate[call] !== RETURNED || decidedIn[call] !== null) continue;
    if (invocation[call]! < completion[first]!) continue;
    findings.add('forgotten', () => ({
      lines: [...linesOf(first), ...linesOf(call)],
      sentence: `${told(first)}, but process ${process[call]}, which asked ${momentOf(history, invocation[call]!)}, that nothing was.`,
    }));
  }

  return {
    ...conclusion(findings.reason(['disagreement', 'changed', 'not-proposed', 'forgotten'])),
    proposalCount: calls.f.filter((f) => f === 'propose').length,
    toldCount: decidedIn.filter((value) => value !== null).length,
    decided: decisions.slice(0, decidedMax).map(({ value }) => toJson(value)),
    findings: findings.told,
  };
}

/** What a call was told was decided; null where it was told that nothing was, or was told nothing. */
function decisionOf(calls: Calls, call: number): Value {
  if (calls.fate[call] !== RETURNED) return null;
  const output = calls.output[call]!;
  if (calls.f[call] !== 'propose') return output;
  const field = fieldOf(output, 'decided');
  const decided = field === undefined ? output : field;
  if (decided === null) unexpectedResult(calls, call, 'the value that was decided');
  return decided;
}

/** The values that were decided, the one first told of first. */
function decisionsOf({ completion }: Calls, decidedIn: readonly Value[]): Decision[] {
  const decisions = new Map<string, Decision>();
  for (const [call, value] of decidedIn.entries()) {
    if (value === null) continue;
    const id = valueKey(value);
    const known = decisions.get(id);
    if (known === undefined) decisions.set(id, { value, first: call });
    else if (completion[call]! < completion[known.first]!) known.first = call;
  }
  return [...decisions.values()].sort((a, b) => completion[a.first]! - completion[b.first]!);
}

/** The first call that proposed it, of those that did not fail. */
function proposalOf({ f, input, length }: Calls, value: Value): number | undefined {
  const id = valueKey(value);
  for (let call = 0; call < length; call++) {
    if (f[call] === 'propose' && valueKey(input[call]!) === id) return call;
  }
  return undefined;
}
