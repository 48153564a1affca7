/** `ftest check`: judges recorded histories; no system is needed. */
import { writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { type Validity, type Verdict, worst } from '../checkers/checker.ts';
import type { TimeOrder } from '../history/by-time.ts';
import { History } from '../history/history.ts';
import { HistoryError, MalformedHistory, NoHistory } from '../history/malformed.ts';
import { plural } from '../reports/display.ts';
import type { CheckedFile } from '../reports/history-report.ts';
import { GivenUp, readChecked } from './check-history.ts';
import { judgeByRun, judgeHistory, provedBy } from './check-judge.ts';
import { ProgressLine } from './check-progress.ts';
import { type Source, sourcesOf } from './check-sources.ts';
import { describeAll, describeChecked } from './check-text.ts';
import { readValue } from './check-value.ts';
import { findWorkload } from './check-workload.ts';
import { BadInput, type ExitCode, exitCodeOf, exitCodes } from './exit.ts';
import type { Given, Judge } from './judge.ts';
import { judgeOf, modelsNamed, workloadOfRun } from './judged-workloads.ts';
import type { CheckOptions } from './program.ts';
import { checkWritable } from './writable.ts';

/** What `ftest check --json` prints of one history. */
export interface CheckedHistory {
  readonly file: string;
  readonly valid: Validity;
  readonly reason?: string;
  /** What the ops were done on; null where there are none, or the workload of a run that only its own checkers judge. */
  readonly workload: string | null;
  /** Who says so: the caller, the run's test.json, or the ops themselves. */
  readonly workloadFrom: 'option' | 'run' | 'ops' | null;
  /** What it was held to; null where the run's own checkers judged. */
  readonly model: string | null;
  readonly order: 'line' | 'time';
  readonly anomalies: readonly string[];
  /** The models that the history certainly does not satisfy, the weakest of them; then all that are stronger. */
  readonly not: readonly string[];
  readonly alsoNot: readonly string[];
  /** Clients' ops. */
  readonly ops: number;
  readonly parseMs: number;
  readonly checkMs: number;
  /** What else the checker said. Its indexes are positions in the history, from 0, in the order named above. */
  readonly evidence: { readonly [detail: string]: unknown };
  /** The line that the file ended within: of a run whose harness died. */
  readonly cutAtLine?: number;
  /** Of a run's folder: the verdict of all its checks, as results.json has it. Here only the history is judged again. */
  readonly recorded?: Validity;
}

/** What it prints, among several, of one that cannot be judged. */
export interface RefusedHistory {
  readonly file: string;
  readonly valid: 'unknown';
  readonly error: string;
  /** From 1, where the error has a place. */
  readonly line?: number;
  readonly column?: number;
}

interface JudgedHistory {
  readonly checked: CheckedHistory;
  /** The lines that the indexes in the evidence belong to. */
  readonly history: History;
  /** Absent where nothing was judged, or the run's own checkers judged. */
  readonly judge?: Judge;
}

export async function checkCommand(paths: readonly string[], options: CheckOptions): Promise<ExitCode> {
  if (options.html !== undefined) checkWritable('--html', options.html);
  const check = new Check(options);
  const sources = paths.flatMap(sourcesOf);
  if (sources.filter(({ input }) => input === process.stdin).length > 1) throw new BadInput('- can be read only once');
  const single = sources.length === 1;
  const printed: (CheckedHistory | RefusedHistory)[] = [];
  try {
    for (const source of sources) {
      const outcome = await check.outcomeOf(source, single);
      if (outcome !== undefined) printed.push(outcome);
    }
  } finally {
    check.close();
  }
  if (printed.length === 0) throw new BadInput(`${paths.join(', ')}: expected histories, found none`);
  if (options.html !== undefined) await writeReport(options.html, check.files);
  const judged = printed.filter((one): one is CheckedHistory => !('error' in one));
  const refused = printed.length - judged.length;
  const valid = worst(printed.map((one) => one.valid));
  if (options.json) printExact(single ? printed[0] : { valid, files: printed });
  else if (!single)
    process.stdout.write(
      `${describeAll(
        judged.map((one) => one.valid),
        refused,
      )}\n`,
    );
  return refused > 0 ? exitCodes.badInput : exitCodeOf(valid);
}

async function writeReport(path: string, files: readonly CheckedFile[]): Promise<void> {
  const { historyReport } = await import('../reports/history-report.ts');
  writeFileSync(path, await historyReport(files));
}

/** JSON has no integers beyond 2^53 that others would read exactly: they are printed as text. */
function printExact(value: unknown): void {
  const text = JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? String(field) : field));
  process.stdout.write(`${text}\n`);
}

/** Of a history that was not read to its end nothing can be told but that. */
const noLines = History.from([]);

/** One call of the command: what it was asked for. */
class Check {
  /** Of the histories so far, if --html asks for a report. */
  readonly files: CheckedFile[] = [];
  readonly #options: CheckOptions;
  readonly #models: readonly string[];
  readonly #progress: ProgressLine;
  readonly #given: Given;

  /** Misspelt names are refused before anything large is read. */
  constructor(options: CheckOptions) {
    this.#options = options;
    this.#models = options.model === undefined ? [] : modelsNamed(options.model);
    this.#given = givenBy(options);
    if (options.workload !== undefined) judgeOf(options.workload, this.#models, this.#given);
    this.#progress = new ProgressLine(options.quiet || process.env.CI ? undefined : process.stderr);
  }

  close(): void {
    this.#progress.close();
  }

  /**
   * Judges one history and prints the verdict; with --json only gives it. Undefined: it turned out to be none, which is
   * said on stderr. One that cannot be judged is an error when it is the only one, else an outcome too.
   */
  async outcomeOf(source: Source, single: boolean): Promise<CheckedHistory | RefusedHistory | undefined> {
    try {
      const { checked, history, judge } = await this.#judge(source);
      this.#keep(reportedFile(checked, history));
      const { json, quiet } = this.#options;
      this.#progress.end();
      if (!json) process.stdout.write(`${describeChecked(checked, history, judge ?? ownCheckers, quiet === true)}\n`);
      return checked;
    } catch (error) {
      if (source.found && error instanceof NoHistory) {
        process.stderr.write(`passed over, no history: ${error.message}\n`);
        return undefined;
      }
      if (single || !isRefusal(error)) throw error;
      process.stderr.write(`ftest: ${error.message}\n`);
      const refused = refusedHistory(source, error);
      const { file, valid, error: reason } = refused;
      this.#keep({ name: file, history: noLines, verdict: { valid, reason }, ...notJudged });
      return refused;
    } finally {
      this.#progress.end();
    }
  }

  #keep(file: CheckedFile): void {
    if (this.#options.html !== undefined) this.files.push(file);
  }

  async #judge(source: Source): Promise<JudgedHistory> {
    const deadline = new Deadline(this.#options.timeout);
    const beganMs = performance.now();
    const { order } = this.#options;
    let bytesRead = 0;
    this.#progress.begin(() => `reading ${source.name}: ${Math.floor(bytesRead / 1e6)} MB`);
    try {
      const lines = await readChecked(source, {
        order,
        onProgress: (bytes) => {
          bytesRead = bytes;
          deadline.check('the history was read');
          this.#progress.update();
        },
      });
      const parseMs = Math.round(performance.now() - beganMs);
      return await this.#judgeLines(source, lines, parseMs, deadline);
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error;
      const parseMs = Math.round(performance.now() - beganMs);
      const unread = { valid: 'unknown', reason: error.message } as const;
      return { checked: this.#checked(source, { verdict: unread, parseMs }), history: noLines };
    }
  }

  async #judgeLines(source: Source, lines: TimeOrder, parseMs: number, deadline: Deadline): Promise<JudgedHistory> {
    const { history } = lines;
    const beganMs = performance.now();
    const elapsed = () => ({ parseMs, checkMs: Math.round(performance.now() - beganMs), history });
    const own = this.#options.workload === undefined ? source.run : undefined;
    if (own !== undefined && workloadOfRun(own.spec.workload) === undefined) {
      const verdict = judgeByRun(history, own);
      return { checked: this.#checked(source, { verdict, byRun: own.spec.workload, ...elapsed() }), history };
    }
    const workload = this.#workloadOf(source, history);
    if (workload === null) {
      const verdict = { valid: 'unknown', reason: 'there is no op of a client in it, so nothing was proved' } as const;
      return { checked: this.#checked(source, { verdict, ...elapsed() }), history };
    }
    const judge = judgeOf(workload, this.#models, this.#given);
    const { budget, workers, observeFailedCas = false, linearization = false } = this.#options;
    if (linearization && judge.model !== 'linearizable' && judge.model !== 'sequential') {
      const held = judge.model === null ? workload : `${workload} under ${judge.model}`;
      throw new BadInput(
        `--linearization shows an order of the ops of linearizable or sequential objects, which ${held} has not: leave it out`,
      );
    }
    let [done, total] = [0, 0];
    this.#progress.goOn(() => {
      const share = total === 0 ? '' : `: ${Math.floor((done / total) * 100)} % of ${plural(history.length, 'line')}`;
      return `checking ${source.name}${share}`;
    });
    const judgement = await judgeHistory(
      lines,
      judge,
      {
        observeFailedCas,
        linearization,
        ...(budget === undefined ? {} : { budget }),
        ...(workers === undefined ? {} : { workers }),
        onProgress: (doneNow, totalNow) => {
          [done, total] = [doneNow, totalNow];
          this.#progress.update();
        },
        isOverdue: () => deadline.isOver(),
      },
      source.name,
    );
    const proved = provedBy(judgement.history, judgement.verdict, source.run !== undefined);
    const verdict = deadline.explain(proved);
    return { checked: this.#checked(source, { verdict, judge, ...elapsed() }), history: judgement.history, judge };
  }

  #workloadOf(source: Source, history: History): string | null {
    const { workload } = this.#options;
    if (workload !== undefined) return workload;
    const ofRun = source.run && workloadOfRun(source.run.spec.workload);
    // What is given of objects says that objects are meant.
    const isOfObjects = this.#models.length === 0 && Object.keys(this.#given.objects).length > 0;
    return ofRun ?? findWorkload(history, isOfObjects ? ['linearizable'] : this.#models, source.name);
  }

  #checked(source: Source, found: Found): CheckedHistory {
    const { verdict, judge, byRun, parseMs, checkMs = 0, history } = found;
    const { valid, reason } = verdict;
    const evidence = Object.fromEntries(Object.entries(verdict).filter(([field]) => !toldApart.has(field)));
    const workload = byRun ?? judge?.workload ?? null;
    const { anomalies, not, alsoNot } = (valid === false ? judge?.ruledOut(verdict) : undefined) ?? nothingRuledOut;
    const recorded = source.run?.results?.valid;
    const says = this.#options.workload !== undefined ? 'option' : source.run !== undefined ? 'run' : 'ops';
    return {
      file: source.name,
      valid,
      ...(reason === undefined ? {} : { reason }),
      workload,
      workloadFrom: workload === null ? null : says,
      model: judge?.model ?? null,
      order: this.#options.order,
      anomalies,
      not,
      alsoNot,
      ops: history?.clientInvocations().length ?? 0,
      parseMs,
      checkMs,
      evidence,
      ...(history?.cutAtLine === undefined ? {} : { cutAtLine: history.cutAtLine }),
      ...(recorded === undefined ? {} : { recorded }),
    };
  }
}

/** Of a verdict what stands beside the evidence. */
const toldApart: ReadonlySet<string> = new Set(['valid', 'reason', 'ops', 'anomalies', 'not', 'alsoNot']);

const nothingRuledOut = { anomalies: [], not: [], alsoNot: [] } as const;

/** What the options say of objects and transactions. */
function givenBy(options: CheckOptions): Given {
  const { initial, nilIsUnknown, sequentialKeys, linearizableKeys, writesFollowReads, inference } = options;
  return {
    objects: {
      ...(initial === undefined ? {} : { initial: readValue('--initial', initial) }),
      ...(nilIsUnknown ? { nilReadIsUnknown: true } : {}),
    },
    transactions: {
      ...(sequentialKeys ? { sequentialKeys } : {}),
      ...(linearizableKeys ? { linearizableKeys } : {}),
      ...(writesFollowReads ? { writesFollowReads } : {}),
      ...(inference ? {} : { inference }),
    },
  };
}

/** Of a run that no model judges. */
const ownCheckers = { property: 'what its run was', breach: 'is invalid' } as const;

const notJudged = { workload: 'not known', model: 'not checked', checkMs: 0 } as const;

function reportedFile(checked: CheckedHistory, history: History): CheckedFile {
  const { file: name, valid, reason, ops, anomalies, not, alsoNot, evidence, checkMs } = checked;
  const workload = checked.workload ?? notJudged.workload;
  const model = checked.model ?? (checked.workloadFrom === 'run' ? 'as its run was checked' : 'what the workload says');
  const ruledOut = { anomalies, not, alsoNot };
  return {
    name,
    history,
    verdict: { valid, ...(reason === undefined ? {} : { reason }), ops, ...ruledOut, ...evidence },
    workload,
    model,
    checkMs,
  };
}

/** What was found out of one history. */
interface Found {
  readonly verdict: Verdict;
  readonly judge?: Judge;
  /** The run's workload, where its own checkers judged. */
  readonly byRun?: string;
  readonly parseMs: number;
  readonly checkMs?: number;
  readonly history?: History;
}

/** --timeout, for one history. */
class Deadline {
  readonly #seconds: number | undefined;
  readonly #atMs: number;

  constructor(timeoutMs: number | undefined) {
    this.#seconds = timeoutMs === undefined ? undefined : timeoutMs / 1000;
    this.#atMs = performance.now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
  }

  isOver(): boolean {
    return performance.now() > this.#atMs;
  }

  /** Throws GivenUp when it is over. */
  check(meanwhile: string): void {
    if (this.isOver()) throw new GivenUp(`the timeout of ${this.#seconds} s passed while ${meanwhile}`);
  }

  /** Says of a verdict that time may have left open that it did. */
  explain(verdict: Verdict): Verdict {
    if (verdict.valid !== 'unknown' || !this.isOver()) return verdict;
    const reason = verdict.reason === undefined ? '' : `; ${verdict.reason}`;
    return { ...verdict, reason: `the timeout of ${this.#seconds} s passed${reason}` };
  }
}

type Refusal = MalformedHistory | HistoryError | BadInput;

const isRefusal = (error: unknown): error is Refusal =>
  error instanceof MalformedHistory || error instanceof HistoryError || error instanceof BadInput;

function refusedHistory(source: Source, error: Refusal): RefusedHistory {
  const refused = { file: source.name, valid: 'unknown', error: error.message } as const;
  if (error instanceof MalformedHistory) return { ...refused, line: error.line, column: error.column };
  return error instanceof HistoryError ? { ...refused, line: error.line } : refused;
}
