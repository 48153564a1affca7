/** Throughput and latency of a whole history, in one pass that keeps one number per completed op. */
import { displayMs } from './display.ts';
import type { PageThroughput } from './page-data.ts';
import type { Lines } from './spans.ts';

/** The ops of one f: how they ended, and how long those took that were ok. */
export interface Latency {
  readonly f: string;
  readonly invoke: number;
  readonly ok: number;
  readonly fail: number;
  readonly info: number;
  /** Empty text where no op was ok. */
  readonly p50: string;
  readonly p95: string;
  readonly p99: string;
  readonly highest: string;
}

export interface Measurements {
  readonly durationNs: number;
  readonly latencies: readonly Latency[];
  readonly throughput: PageThroughput;
}

const binsWanted = 120;
const binWidthsMs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000];

const binWidthMs = (durationMs: number): number =>
  binWidthsMs.find((width) => durationMs / width <= binsWanted) ?? Math.ceil(durationMs / binsWanted);

class Tally {
  readonly counts = { invoke: 0, ok: 0, fail: 0, info: 0 };
  readonly okNs: number[] = [];
}

/** The nearest-rank quantile of sorted values. */
const quantile = (sorted: Float64Array, share: number): string =>
  sorted.length === 0 ? '' : displayMs((sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] as number) / 1e6);

function latency(f: string, { counts, okNs }: Tally): Latency {
  const sorted = Float64Array.from(okNs).sort();
  return {
    f,
    ...counts,
    p50: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
    highest: quantile(sorted, 1),
  };
}

export function measure(lines: Lines): Measurements {
  let durationNs = 0;
  for (let index = Math.max(0, lines.length - 1000); index < lines.length; index++) {
    durationNs = Math.max(durationNs, lines.op(index).time);
  }
  const binMs = binWidthMs(durationNs / 1e6);
  const bins = Math.max(1, Math.ceil(durationNs / 1e6 / binMs));
  const throughput = { binMs, ok: zeros(bins), fail: zeros(bins), info: zeros(bins) };
  const tallies = new Map<string, Tally>();
  const begun = new Map<number, number>();
  for (let index = 0; index < lines.length; index++) {
    const op = lines.op(index);
    if (op.process === 'nemesis') continue;
    let tally = tallies.get(op.f);
    if (tally === undefined) {
      tally = new Tally();
      tallies.set(op.f, tally);
    }
    tally.counts[op.type]++;
    if (op.type === 'invoke') {
      begun.set(op.process, op.time);
      continue;
    }
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(op.time / 1e6 / binMs)));
    throughput[op.type][bin] = (throughput[op.type][bin] ?? 0) + 1;
    const start = begun.get(op.process);
    begun.delete(op.process);
    if (op.type === 'ok' && start !== undefined) tally.okNs.push(Math.max(0, op.time - start));
  }
  return { durationNs, throughput, latencies: [...tallies].map(([f, tally]) => latency(f, tally)) };
}

const zeros = (length: number): number[] => Array.from({ length }, () => 0);
