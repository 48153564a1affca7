import { failCode, type History, infoCode, okCode } from '../history/history.ts';
import { formatValue } from '../history/value.ts';
import type { Checker, Verdict } from './checker.ts';

/** Ops of one kind, by how they ended. An op that never completed counts as `info`. */
interface Counts {
  readonly invoke: number;
  readonly ok: number;
  readonly fail: number;
  readonly info: number;
}

/** From invocation to completion of ops that were ok, in nanoseconds; nearest rank. */
interface Latencies {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface StatsVerdict extends Verdict, Counts {
  /** Per f, in the order of their first appearance. `latencyNs` where an op was ok and the history has times. */
  readonly byF: Readonly<Record<string, Counts & { readonly latencyNs?: Latencies }>>;
}

/** An f that was tried this often and never succeeded has not been tested. */
const triesMin = 10;

/** So much of an error is told. */
const errorMax = 200;

/** How clients' ops ended, and how long they took. Nothing succeeded, overall or of one f: `unknown`, for nothing was tested. */
export function stats(): Checker {
  return { name: 'stats', check: checkStats };
}

export function checkStats(history: History): StatsVerdict {
  const total = { invoke: 0, ok: 0, fail: 0, info: 0 };
  const tallies = new Map<string, Tally>();
  const { fIds, types, pairs, times } = history;
  const tallyOf: Tally[] = [];
  for (const line of history.clientInvocations()) {
    const f = fIds[line]!;
    let tally = tallyOf[f];
    if (tally === undefined) {
      tally = { counts: { invoke: 0, ok: 0, fail: 0, info: 0 }, latencies: [] };
      tallyOf[f] = tally;
      tallies.set(history.f(line), tally);
    }
    const completion = pairs[line]!;
    const outcome = outcomeOf(completion < 0 ? infoCode : types[completion]!);
    tally.counts.invoke++;
    tally.counts[outcome]++;
    total.invoke++;
    total[outcome]++;
    const latency = outcome === 'ok' ? times[completion]! - times[line]! : Number.NaN;
    if (latency >= 0) tally.latencies.push(latency);
  }
  const reason = reasonOf(history, total, tallies);
  const byF = Object.fromEntries([...tallies].map(([f, tally]) => [f, summaryOf(tally)]));
  return { valid: reason === undefined ? true : 'unknown', ...(reason === undefined ? {} : { reason }), ...total, byF };
}

interface Tally {
  readonly counts: { -readonly [Name in keyof Counts]: number };
  readonly latencies: number[];
}

const outcomeOf = (type: number): 'ok' | 'fail' | 'info' =>
  type === okCode ? 'ok' : type === failCode ? 'fail' : 'info';

function reasonOf(history: History, total: Counts, tallies: ReadonlyMap<string, Tally>): string | undefined {
  if (total.ok === 0)
    return `no op succeeded (${total.invoke} invoked${commonestError(history)}), so nothing was tested`;
  if (!succeededUnderLoad(history)) return 'no op succeeded before the heal, so nothing was tested';
  const never = [...tallies].filter(([, { counts }]) => counts.ok === 0 && counts.invoke >= triesMin);
  if (never.length === 0) return undefined;
  return never.map(([f, { counts }]) => `no ${f} succeeded (${counts.invoke} invoked)`).join(', ');
}

/** `, most often "connection-refused"`; empty where no completion has an error. */
function commonestError(history: History): string {
  const counts = new Map<string, number>();
  for (const line of history.clientInvocations()) {
    const completion = history.completionOf(line);
    const error = completion < 0 ? undefined : history.error(completion);
    if (error !== undefined && error !== null) {
      const words = typeof error === 'string' ? error : formatValue(error);
      counts.set(words, (counts.get(words) ?? 0) + 1);
    }
  }
  const [first] = [...counts].sort(([, a], [, b]) => b - a);
  return first === undefined ? '' : `, most often with the error ${JSON.stringify(first[0].slice(0, errorMax))}`;
}

/** Whether an op was ok before the phase `heal`, where the history has one: what comes later only looks at what is left. */
function succeededUnderLoad(history: History): boolean {
  const isHeal = (line: number): boolean => history.f(line) === 'phase' && history.value(line) === 'heal';
  const end = history.nemesisLines().find(isHeal) ?? history.length;
  for (let line = 0; line < end; line++) if (history.types[line] === okCode && history.isClient(line)) return true;
  return false;
}

function summaryOf({ counts, latencies }: Tally): Counts & { latencyNs?: Latencies } {
  if (latencies.length === 0) return counts;
  const sorted = Float64Array.from(latencies).sort();
  const rank = (percent: number): number => sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)]!;
  return { ...counts, latencyNs: { p50: rank(50), p95: rank(95), p99: rank(99), max: sorted[sorted.length - 1]! } };
}
