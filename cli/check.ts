/** `ftest check`: judges recorded histories; no system is needed. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Validity, worst } from '../checkers/checker.ts';
import type { LinearizableVerdict } from '../checkers/evidence.ts';
import { ModelMismatch } from '../checkers/linearizable/models/model.ts';
import { checkStats } from '../checkers/stats.ts';
import { type History, validatePairing } from '../history/history.ts';
import { isIndependent, splitIndependent } from '../history/independent.ts';
import { MalformedHistory } from '../history/malformed.ts';
import { readHistory } from '../history/read.ts';
import { formatValue, type Value } from '../history/value.ts';
import { readRun } from '../reports/store.ts';
import { BadInput, type ExitCode, exitCodeOf } from './exit.ts';
import { judge } from './models.ts';
import { printJson } from './output.ts';
import type { CheckOptions } from './program.ts';

/** What `ftest check --json` prints of one history. */
export interface CheckedHistory {
  readonly valid: Validity;
  readonly reason?: string;
  readonly anomalies: readonly string[];
  /** The models that the history certainly does not satisfy, the weakest of them; then all that are stronger. */
  readonly not: readonly string[];
  readonly alsoNot: readonly string[];
  /** Clients' ops. */
  readonly ops: number;
  readonly parseMs: number;
  readonly checkMs: number;
  readonly evidence: Pick<LinearizableVerdict, 'keys' | 'failures' | 'undecided'>;
  /** Of a run's folder: the verdict of all its checks, as results.json has it. Here only the history is judged again. */
  readonly recorded?: Validity;
}

/** One history to judge. */
interface Source {
  /** As the caller named it. */
  readonly name: string;
  /** The file to read; null: stdin. */
  readonly path: string | null;
  /** The workload of a run; of other files the caller must say it. */
  readonly workload?: string;
  readonly recorded?: Validity | undefined;
  /** Found in a folder, not named by the caller: what is no history there is passed over. */
  readonly found: boolean;
}

const historyFile = /\.(?:edn|jsonl?)(?:\.gz)?$/;

export async function checkCommand(paths: readonly string[], options: CheckOptions): Promise<ExitCode> {
  const sources = paths.flatMap(sourcesOf);
  // Misspelt names are refused before anything large is read.
  for (const source of sources) judge({ ...options, workload: workloadOf(source, options) });
  const files: (CheckedHistory & { readonly file: string })[] = [];
  for (const source of sources) {
    const reading = await read(source);
    if (reading === undefined) continue;
    const checked = check(source, reading, options);
    files.push({ file: source.name, ...checked });
    if (!options.json) process.stdout.write(`${describe(source.name, checked)}\n`);
  }
  if (files.length === 0) throw new BadInput(`${paths.join(', ')}: expected histories, found none`);
  const valid = worst(files.map((file) => file.valid));
  const [only, ...others] = files;
  const single = sources.length === 1 && others.length === 0;
  if (options.json) printJson(single ? only : { valid, files });
  else if (!single) process.stdout.write(`${describeAll(files)}\n`);
  return exitCodeOf(valid);
}

function sourcesOf(path: string): Source[] {
  if (path === '-') return [{ name: 'stdin', path: null, found: false }];
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new BadInput(
      `${path} should be a history, a run's folder, or a folder of histories, but there is nothing there`,
    );
  if (!stat.isDirectory()) return [{ name: path, path, found: false }];
  if (existsSync(join(path, 'test.json'))) {
    const { historyPath, spec, results } = readRun(path);
    return [{ name: path, path: historyPath, workload: spec.workload, recorded: results?.valid, found: false }];
  }
  const names = readdirSync(path)
    .filter((name) => historyFile.test(name))
    .sort();
  if (names.length === 0)
    throw new BadInput(
      `${path} should hold histories (.edn, .json, or .jsonl, also with .gz) or be a run's folder with a test.json, but has none of them`,
    );
  return names.map((name) => ({ name: join(path, name), path: join(path, name), found: true }));
}

function workloadOf(source: Source, options: CheckOptions): string {
  const workload = options.workload ?? source.workload;
  if (workload !== undefined) return workload;
  throw new BadInput(`${source.name} does not say what was done: give --workload register or --workload cas-register`);
}

/** Undefined when a folder's file turns out to be no history at all, which is said on stderr. */
async function read(source: Source): Promise<{ readonly history: History; readonly parseMs: number } | undefined> {
  const beganMs = performance.now();
  try {
    const history = await readHistory(source.path ?? process.stdin, {
      file: source.name,
      tolerateTruncatedTail: source.workload !== undefined,
    });
    validatePairing(history, source.name);
    validateClients(history, source.name);
    const objects = isIndependent(history) ? splitIndependent(history) : history;
    return { history: objects, parseMs: performance.now() - beganMs };
  } catch (error) {
    if (source.found && error instanceof MalformedHistory && error.line === 1) {
      process.stderr.write(`passed over, no history: ${error.message}\n`);
      return undefined;
    }
    throw error;
  }
}

/** What no client of one register does, and so is a mistake of whoever wrote the file: it must not pass for checked. */
function validateClients(history: History, name: string): void {
  for (let line = 0; line < history.length; line++) {
    const process: unknown = history.process(line);
    if (history.isClient(line) || process === 'nemesis') continue;
    throw new BadInput(
      `${name}:${history.line(line)}: the process should be a whole number, or nemesis, but is ${formatValue(process as Value)}`,
    );
  }
  for (const line of history.clientInvocations()) {
    const completion = history.completionOf(line);
    if (completion < 0) continue;
    const [begun, ended] = [history.f(line), history.f(completion)];
    const sameKey = history.keyIds[line] === history.keyIds[completion];
    if (begun === ended && sameKey) continue;
    const what = sameKey ? `${ended} completes a ${begun}` : 'the completion has another key than its invocation';
    throw new BadInput(`${name}:${history.line(completion)}: ${what}, which began at line ${history.line(line)}`);
  }
}

function check(
  source: Source,
  { history, parseMs }: { readonly history: History; readonly parseMs: number },
  options: CheckOptions,
): CheckedHistory {
  const { model, check: checkHistory } = judge({ ...options, workload: workloadOf(source, options) });
  const beganMs = performance.now();
  const { valid, reason, ops, keys, failures, undecided } = provedBy(history, verdictOf(source, history, checkHistory));
  const violated = valid === false;
  return {
    valid,
    ...(reason === undefined ? {} : { reason }),
    anomalies: violated ? [`not-${model.name}`] : [],
    not: violated ? [model.name] : [],
    alsoNot: violated ? model.stronger : [],
    ops,
    parseMs: Math.round(parseMs),
    checkMs: Math.round(performance.now() - beganMs),
    evidence: { keys, failures, undecided },
    ...(source.recorded === undefined ? {} : { recorded: source.recorded }),
  };
}

/** A history in which no op succeeded proves nothing. */
function provedBy(history: History, verdict: LinearizableVerdict): LinearizableVerdict {
  if (verdict.valid !== true) return verdict;
  const { ok, invoke } = checkStats(history);
  if (ok > 0) return verdict;
  return {
    ...verdict,
    valid: 'unknown',
    reason: `no op of a client succeeded (${invoke} invoked), so nothing was proved`,
  };
}

/** An op that the model does not know is the file's fault; whatever else fails in a checker leaves the verdict open. */
function verdictOf(
  source: Source,
  history: History,
  judgement: (history: History) => LinearizableVerdict,
): LinearizableVerdict {
  try {
    return judgement(history);
  } catch (error) {
    if (error instanceof ModelMismatch)
      throw new BadInput(`${source.name}:${history.line(error.index)}: ${error.message}`);
    const reason = `the checker failed: ${error instanceof Error ? error.message : String(error)}`;
    return { valid: 'unknown', reason, keys: 0, ops: 0, failures: [], undecided: [] };
  }
}

const wordOf = (valid: Validity): string => (valid === 'unknown' ? 'unknown' : valid ? 'valid' : 'INVALID');

function describe(name: string, { valid, reason, ops, evidence, parseMs, checkMs, recorded }: CheckedHistory): string {
  const word = wordOf(valid);
  const lines = [`${name}: ${word}, ${ops} ops, read in ${parseMs} ms, checked for linearizability in ${checkMs} ms`];
  if (recorded !== undefined && recorded !== valid) {
    lines.push(
      `  Only the history was judged again; all checks of the run together said ${wordOf(recorded)} (results.json).`,
    );
  }
  const [failure, ...more] = evidence.failures;
  if (failure === undefined) {
    if (reason !== undefined) lines.push(`  ${reason}`);
    return lines.join('\n');
  }
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  lines.push(
    `  ${failure.key === null ? 'the object' : `key ${formatValue(failure.key)}`}${others} is not linearizable:`,
  );
  for (const sentence of failure.story) lines.push(`  - ${sentence}`);
  return lines.join('\n');
}

function describeAll(files: readonly CheckedHistory[]): string {
  const count = (valid: Validity): number => files.filter((file) => file.valid === valid).length;
  return `${files.length} histories: ${count(true)} valid, ${count(false)} invalid, ${count('unknown')} unknown`;
}
