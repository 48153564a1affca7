/** Judges one history for `ftest check`, or a run by the checkers of its workload. */
import { checkSafely, type Validity, type Verdict, worst } from '../checkers/checker.ts';
import { ModelMismatch } from '../checkers/linearizable/models/model.ts';
import { checkStats } from '../checkers/stats.ts';
import { nodeIdsOf } from '../harness/spec.ts';
import type { TimeOrder } from '../history/by-time.ts';
import type { History } from '../history/history.ts';
import { displayText } from '../reports/display.ts';
import type { RecordedRun } from '../reports/store.ts';
import { GivenUp } from './check-history.ts';
import { BadInput } from './exit.ts';
import type { Effort, Judge } from './judge.ts';
import { createRegistry } from './registry.ts';

export interface Judgement {
  readonly verdict: Verdict;
  /** The history that the indexes in the verdict belong to. */
  readonly history: History;
}

/**
 * The verdict of the judge's checker. Where the lines cannot say just what the times say (see TimeOrder), a violation must
 * show in the relaxed order too, or the verdict is unknown. An op that the model does not know is refused, with its
 * place; whatever else fails in a checker leaves the verdict open.
 */
export async function judgeHistory(
  { history, relaxed, tied }: TimeOrder,
  judge: Judge,
  effort: Effort,
  file: string,
): Promise<Judgement> {
  const verdict = await verdictOf(history, judge, effort, file);
  if (verdict.valid !== false || relaxed === undefined || tied === undefined || !judge.realTime) {
    return { verdict, history };
  }
  const confirmed = await verdictOf(relaxed, judge, effort, file);
  if (confirmed.valid === false) return { verdict: confirmed, history: relaxed };
  const reason = `lines ${tied.join(' and ')} end ops of two processes at the very time at which both begin their next, and whether the history ${judge.breach} depends on which came first`;
  return { verdict: { ...confirmed, valid: 'unknown', reason }, history };
}

async function verdictOf(history: History, judge: Judge, effort: Effort, file: string): Promise<Verdict> {
  try {
    return await judge.check(history, effort);
  } catch (error) {
    if (error instanceof ModelMismatch) throw mismatch(history, judge, error, file);
    if (error instanceof GivenUp) throw error;
    return {
      valid: 'unknown',
      reason: `the checker failed: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

function mismatch(
  history: History,
  { workload, fs }: Judge,
  { index, message }: ModelMismatch,
  file: string,
): BadInput {
  const f = history.f(index);
  const what = fs.includes(f) ? message : `the op is ${f.slice(0, 40)}, but a ${workload} has ${fs.join(', ')}`;
  return new BadInput(displayText(`${file}:${history.line(index)}: ${what}`));
}

/** A history in which no op succeeded proves nothing of the system that a run tested; of itself it is valid, as nothing contradicts it. */
export function provedBy(history: History, verdict: Verdict, isRun: boolean): Verdict {
  if (verdict.valid !== true) return verdict;
  const { ok, invoke } = checkStats(history);
  if (ok > 0) return verdict;
  const reason = `no op of a client succeeded (${invoke} invoked), so nothing was tested`;
  return { ...verdict, valid: isRun ? 'unknown' : true, reason };
}

/** The verdicts of the checkers that the run's own workload has. Throws BadInput for a workload that is not ours. */
export function judgeByRun(history: History, { spec, path }: RecordedRun): Verdict {
  const workload = createRegistry().workloads.get(spec.workload);
  if (workload === undefined) {
    throw new BadInput(`${path} is a run of the workload ${spec.workload}, which is not known here: give --workload`);
  }
  const nodeIds = nodeIdsOf(spec);
  const verdicts = workload
    .create({ spec, nodeIds })
    .checkers.map((checker) => [checker.name, checkSafely(checker, history)] as const);
  const valid: Validity = worst(verdicts.map(([, verdict]) => verdict.valid));
  const reason = verdicts.find(([, verdict]) => verdict.valid === valid)?.[1].reason;
  const checkers = Object.fromEntries(verdicts);
  return provedBy(history, { valid, ...(reason === undefined ? {} : { reason }), checkers }, true);
}
