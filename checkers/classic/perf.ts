/** Perf (Jepsen, checker/perf.clj): how many ops ended how, per second, and how long those took that were ok: in all, and in windows of time. */
import { failCode, type History, okCode } from '../../history/history.ts';
import type { Checker, Verdict } from '../checker.ts';
import { conclusion } from './object-checker.ts';
import { type Quantiles, quantilesOf } from './quantiles.ts';

export interface PerfOptions {
  /** Length of a window in nanoseconds. Default 10 s. It is doubled until there are no more than a thousand windows. */
  readonly windowNs?: number;
}

/** Ops that ended so; those that never completed are among `info`. */
export interface Measure {
  readonly ok: number;
  readonly fail: number;
  readonly info: number;
  /** Ops that were ok, per second. */
  readonly okPerSecond?: number;
  /** From invocation to completion of ops that were ok. */
  readonly latencyNs?: Quantiles;
}

export interface PerfWindow {
  readonly fromNs: number;
  readonly byF: Readonly<Record<string, Measure>>;
}

export interface PerfVerdict extends Verdict {
  /** From the first time in the history to the last; 0 where it has none. */
  readonly durationNs: number;
  /** Per f, in the order of first appearance. */
  readonly byF: Readonly<Record<string, Measure>>;
  readonly windowNs: number;
  /** Where ops began; windows in which none did are left out. None where the history has no times. */
  readonly windows: readonly PerfWindow[];
}

const windowNsDefault = 10e9;
const windowsMax = 1000;

/** Never invalid; unknown where no op succeeded. n log n. */
export function checkPerf(history: History, options: PerfOptions = {}): PerfVerdict {
  const { startNs, endNs } = spanOf(history);
  const durationNs = endNs - startNs;
  let windowNs = options.windowNs ?? windowNsDefault;
  if (!(windowNs > 0)) throw new TypeError(`a window cannot be ${windowNs} ns long; expected more than 0`);
  while (durationNs / windowNs >= windowsMax) windowNs *= 2;

  const total = new Map<string, Sample>();
  const windows = new Map<number, Map<string, Sample>>();
  let ok = 0;
  for (const invocation of history.clientInvocations()) {
    const f = history.f(invocation);
    const completion = history.completionOf(invocation);
    const type = completion < 0 ? undefined : history.types[completion];
    if (type === okCode) ok++;
    const beganNs = history.time(invocation);
    const latencyNs = type === okCode ? history.time(completion) - beganNs : Number.NaN;
    sampleOf(total, f).add(type, latencyNs);
    if (!Number.isFinite(beganNs)) continue;
    const index = Math.floor((beganNs - startNs) / windowNs);
    const window = windows.get(index) ?? new Map<string, Sample>();
    windows.set(index, window);
    sampleOf(window, f).add(type, latencyNs);
  }
  const measures = (samples: ReadonlyMap<string, Sample>, lengthNs: number): Record<string, Measure> =>
    Object.fromEntries([...samples].map(([f, sample]) => [f, sample.measure(lengthNs)]));
  const inOrder = [...windows].sort(([a], [b]) => a - b);
  const invoked = history.clientInvocations().length;
  return {
    ...conclusion(undefined, {
      untested: ok === 0 ? `no op succeeded (${invoked} invoked), so nothing was tested` : undefined,
    }),
    durationNs,
    byF: measures(total, durationNs),
    windowNs,
    windows: inOrder.map(([index, samples]) => ({
      fromNs: startNs + index * windowNs,
      // The last window ends with the history.
      byF: measures(samples, Math.min(windowNs, endNs - startNs - index * windowNs)),
    })),
  };
}

export const perf = (options: PerfOptions = {}): Checker => ({
  name: 'perf',
  check: (history) => checkPerf(history, options),
});

class Sample {
  #ok = 0;
  #fail = 0;
  #info = 0;
  readonly #latencies: number[] = [];

  add(type: number | undefined, latencyNs: number): void {
    if (type === okCode) this.#ok++;
    else if (type === failCode) this.#fail++;
    else this.#info++;
    if (latencyNs >= 0) this.#latencies.push(latencyNs);
  }

  measure(lengthNs: number): Measure {
    const latencyNs = quantilesOf(this.#latencies);
    return {
      ok: this.#ok,
      fail: this.#fail,
      info: this.#info,
      ...(lengthNs > 0 ? { okPerSecond: this.#ok / (lengthNs / 1e9) } : {}),
      ...(latencyNs === undefined ? {} : { latencyNs }),
    };
  }
}

function sampleOf(samples: Map<string, Sample>, f: string): Sample {
  const known = samples.get(f) ?? new Sample();
  samples.set(f, known);
  return known;
}

/** The least and the greatest time: those of foreign files may go back. */
function spanOf({ times }: History): { readonly startNs: number; readonly endNs: number } {
  let startNs = Number.POSITIVE_INFINITY;
  let endNs = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    if (time < startNs) startNs = time;
    if (time > endNs) endNs = time;
  }
  return endNs >= startNs ? { startNs, endNs } : { startNs: 0, endNs: 0 };
}
