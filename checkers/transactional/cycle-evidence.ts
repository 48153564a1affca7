/** A cycle as evidence: each step with its reason in words. */
import { toJson, type Value } from '../../history/value.ts';

import type { Evidence, StepEvidence, StepKind } from './evidence.ts';
import { BY_PROCESS, BY_REALTIME, PROCESS, REALTIME, RW, WR, WW } from './graph.ts';
import type { Cycle, CycleStep } from './knot-search.ts';
import type { Transactions } from './transactions.ts';

/** Why a step that is a dependency holds. */
export interface StepReason {
  /** After "because": `T2 read 5, which T1 appended to key 3`. */
  readonly because: string;
  readonly key: Value;
  /** Other transactions without which it could not be told, by their numbers. */
  readonly witnesses: readonly number[];
}

/** Tells why a step holds whose kind is WW, WR, or RW, given the names of its transactions. */
export type TellStep = (step: CycleStep, earlier: string, later: string) => StepReason;

/** Of longer cycles so many steps are shown from the beginning, and so many from the end. */
const stepsShown = 50;

/** The evidence that a cycle is. The transactions are called T1, T2, and so on, from its first step on. */
export function cycleEvidence(transactions: Transactions, cycle: Cycle, tell: TellStep): Evidence {
  const { length } = cycle.steps;
  const all = new Set(cycle.steps.map(({ from }) => from));
  const isShown = (i: number): boolean => i < stepsShown || i >= length - stepsShown;
  const steps: StepEvidence[] = [];
  const story: string[] = [];
  cycle.steps.forEach((step, i) => {
    const [earlier, later] = [`T${i + 1}`, `T${((i + 1) % length) + 1}`];
    const reason = (step.kind & (WW | WR | RW)) === 0 ? undefined : tell(step, earlier, later);
    for (const witness of reason?.witnesses ?? []) all.add(witness);
    if (!isShown(i)) return;
    const why = reason?.because ?? orderReason(transactions, step, earlier, later);
    const because = `${earlier} < ${later}, because ${why}`;
    const restsOn = restsOnOf(step.kind);
    steps.push({
      from: transactions.invocation[step.from]!,
      to: transactions.invocation[step.to]!,
      kind: nameOf(step.kind),
      because,
      ...(restsOn === undefined ? {} : { restsOn }),
      ...(reason === undefined ? {} : { key: toJson(reason.key) }),
    });
    story.push(i + 1 < length ? `${because}.` : `However, ${because}: a contradiction.`);
    if (!isShown(i + 1))
      story.push(`So it goes on, over ${length - 2 * stepsShown} more, to T${length - stepsShown + 1}.`);
  });
  return {
    ops: steps.map(({ from }) => from),
    minimal: linesOf(transactions, all),
    story,
    steps,
    length,
    shortest: cycle.shortest,
  };
}

/** Invocation lines of transactions, ascending, each once. */
export const linesOf = ({ invocation }: Transactions, transactions: Iterable<number>): number[] =>
  [...new Set(transactions)].map((t) => invocation[t]!).sort((a, b) => a - b);

function nameOf(kind: number): StepKind {
  if ((kind & WW) !== 0) return 'ww';
  if ((kind & WR) !== 0) return 'wr';
  if ((kind & RW) !== 0) return 'rw';
  return (kind & PROCESS) !== 0 ? 'process' : 'realtime';
}

function restsOnOf(kind: number): 'process' | 'realtime' | undefined {
  if ((kind & BY_REALTIME) !== 0) return 'realtime';
  return (kind & BY_PROCESS) !== 0 ? 'process' : undefined;
}

/** Of nanoseconds: in seconds, or, below one, in milliseconds. */
const durationOf = (ns: number): string => (ns >= 1e9 ? `${ns / 1e9} s` : `${ns / 1e6} ms`);

function orderReason(
  { history, process, invocation, completion }: Transactions,
  { from, to, kind }: CycleStep,
  earlier: string,
  later: string,
): string {
  if ((kind & REALTIME) === 0) return `process ${process[from]} did ${earlier} before ${later}`;
  const [returned, invoked] = [completion[from]!, invocation[to]!];
  const ago = history.time(invoked) - history.time(returned);
  const by = ago > 0 ? `, ${durationOf(ago)} before` : ', before';
  return `${earlier} had returned (line ${history.line(returned)})${by} ${later} was invoked (line ${history.line(invoked)})`;
}
