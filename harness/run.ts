/** The one verb: carries a test out in a runtime, records its history, and judges it. */
import { createHash } from 'node:crypto';
import { checkSafely, type Verdict } from '../checkers/checker.ts';
import { type History, HistoryBuilder } from '../history/history.ts';
import { encodeHistory } from '../history/jsonl.ts';
import type { Op } from '../history/op.ts';
import type { ClusterView } from './generator.ts';
import { Interpreter } from './interpreter.ts';
import type { Decider, Execution, Journal, NodeExit, Runtime } from './ports.ts';
import { type Results, resultsOf } from './results.ts';
import { SpecError } from './spec.ts';
import type { Test } from './test.ts';

export interface RunOutcome {
  /** Everything but where it is stored: `store` and `report` are null. */
  readonly results: Results;
  readonly history: History;
}

/**
 * Runs the test: every line goes to the journal as it happens. An abort of the signal ends it early: no new client
 * ops, heal, and the verdict on what there is, which is `unknown` unless something was violated.
 *
 * Throws a SpecError where the runtime cannot inject what the nemeses ask for, and what the runtime and the journal
 * throw: that is a failure of the harness, not a verdict.
 */
export async function runTest(
  test: Test,
  runtime: Runtime,
  journal: Journal,
  signal?: AbortSignal,
): Promise<RunOutcome> {
  checkFaults(test, runtime);
  const beganMs = performance.now();
  const builder = new HistoryBuilder();
  const recording: Journal = {
    record(op: Op) {
      builder.push(op);
      journal.record(op);
    },
    log: (node, time, text) => journal.log(node, time, text),
    flush: () => journal.flush(),
  };
  let decider: Decider | undefined;
  const interrupt = (): void => decider?.interrupt();
  signal?.addEventListener('abort', interrupt, { once: true });
  try {
    const execution = await runtime.execute({
      test,
      journal: recording,
      signal,
      begin(view) {
        decider = interpret(test, view, recording);
        if (signal?.aborted) decider.interrupt();
        return decider;
      },
    });
    const interrupted = signal?.aborted ?? false;
    journal.flush();
    const history = builder.build();
    const checkers = judge(test, history, execution, interrupted);
    const wallMs = Math.round(performance.now() - beganMs);
    const results = resultsOf({ test, history, execution, checkers, interrupted, wallMs }, digestOf(journal, history));
    return { results, history };
  } catch (error) {
    // What was recorded before it is what there is to find out why; a journal that cannot take it has said so already.
    try {
      journal.flush();
    } catch {}
    throw error;
  } finally {
    signal?.removeEventListener('abort', interrupt);
  }
}

function checkFaults(test: Test, runtime: Runtime): void {
  for (const fault of test.faults ?? []) {
    const reason = runtime.refuses(fault, test.system);
    if (reason === undefined) continue;
    throw new SpecError(`the runtime ${runtime.name} cannot inject the fault ${fault}: ${reason}`);
  }
}

function interpret(test: Test, view: ClusterView, journal: Journal): Interpreter {
  const { concurrency, opTimeoutMs, seed } = test.spec;
  return new Interpreter({
    generator: test.generator,
    ...(test.interrupted === undefined ? {} : { interrupted: test.interrupted }),
    concurrency,
    nodeIds: test.nodeIds,
    opTimeoutMs,
    isRead: (f) => test.service.isRead(f),
    seed,
    view,
    onLog: (time, text) => journal.log('harness', time, text),
  });
}

function judge(test: Test, history: History, execution: Execution, interrupted: boolean): Record<string, Verdict> {
  const verdicts: Record<string, Verdict> = {};
  for (const checker of test.checkers) verdicts[checker.name] = checkSafely(checker, history);
  const invariants = judgeInvariants(test, execution);
  if (invariants !== undefined) verdicts.invariants = invariants;
  if (execution.exits !== undefined) verdicts.nodes = judgeExits(execution.exits);
  // Of what never served it cannot be said that it no longer does: nothing was tested.
  if (verdicts.stats?.ok === 0 && verdicts.recovery?.valid === false) {
    verdicts.recovery = { ...verdicts.recovery, valid: 'unknown' };
  }
  if (!interrupted) return verdicts;
  // Whoever was stopped has not failed to recover.
  if (verdicts.recovery?.valid === false) verdicts.recovery = { valid: 'unknown', reason: 'interrupted' };
  verdicts.run = { valid: 'unknown', reason: 'interrupted' };
  return verdicts;
}

/** Only the simulator sees every step of every node: elsewhere there is no verdict. */
function judgeInvariants({ system, spec }: Test, { brokenInvariants }: Execution): Verdict | undefined {
  const [first] = brokenInvariants;
  if (first !== undefined) {
    return { valid: false, reason: `${first.name} was broken: ${first.reason}`, broken: brokenInvariants };
  }
  if (system.invariants.length === 0 || spec.runtime !== 'sim') return undefined;
  return { valid: true, watched: system.invariants.map(({ name }) => name) };
}

/** A reason is one line. All that is known of the log stands beside it. */
const linesInReason = 5;
/** Where an error happened, and an empty line, say less than what it was. */
const stackLine = /^\s*(?:at\s.*)?$/;

/** A node runs until it is killed: whoever ends before has failed, even if no client noticed. */
function judgeExits(exits: readonly NodeExit[]): Verdict {
  const [first, ...others] = exits;
  if (first === undefined) return { valid: true };
  const { node, code, time, log } = first;
  const more = others.length === 0 ? '' : ` (${others.length} more did)`;
  const telling = log.filter((line) => !stackLine.test(line)).slice(-linesInReason);
  const end = telling.length === 0 ? 'Its log is empty' : `The end of its log: ${telling.join(' | ')}`;
  const reason = `${node} ended with code ${code} at ${(time / 1e9).toFixed(1)} s, and nobody had killed it${more}. ${end}`;
  return { valid: false, reason, exits };
}

/** What the journal counted; of one that does not count, the history is encoded once more. */
function digestOf(journal: Journal, history: History): Results['history'] {
  if (journal.digest !== undefined) return journal.digest();
  const hash = createHash('sha256');
  for (const lines of encodeHistory(history)) hash.update(lines);
  return { lines: history.length, sha256: hash.digest('hex') };
}
