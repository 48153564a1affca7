/** Latencies and rates over time, window by window, as line charts that need no script. */
import type { PerfWindow } from '../checkers/classic/perf.ts';
import { cut, displayMs, displayText, plural } from './display.ts';
import { markup, type Part } from './markup.ts';

/** Kinds of op that are drawn, and points of one line, at most. */
const fsMax = 6;
const pointsMax = 400;

const plotWidth = 360;
const plotHeight = 130;
const gutter = 64;
const nameRoom = 60;
const top = 10;
const bottom = 24;

interface Series {
  readonly name: string;
  /** Of the pattern of its line, so that colour is not all that tells it apart. */
  readonly style: 'first' | 'second' | 'third';
  readonly points: readonly (readonly [timeNs: number, value: number])[];
}

interface Chart {
  readonly id: string;
  readonly title: string;
  readonly series: readonly Series[];
  readonly startNs: number;
  readonly endNs: number;
  /** Whether each power of ten takes as much room as the next. */
  readonly logarithmic: boolean;
  textOf(value: number): string;
}

/** Nothing for what are no windows. `windowNs` is how long each is. */
export function renderWindows(id: string, given: readonly unknown[], windowNs: number): Part {
  const all = given.filter(isWindow);
  if (all.length < 2) return null;
  const stride = Math.ceil(all.length / pointsMax);
  const windows = all.filter((_, i) => i % stride === 0);
  const startNs = windows[0]!.fromNs;
  const endNs = windows.at(-1)!.fromNs + (Number.isFinite(windowNs) ? windowNs : 0);
  const fs = [...new Set(windows.flatMap(({ byF }) => Object.keys(byF)))];
  const middle = (fromNs: number): number => Math.min(endNs, fromNs + windowNs / 2);
  const charts = fs.slice(0, fsMax).flatMap((f, i): Chart[] => {
    const measures = windows.flatMap(({ fromNs, byF }) =>
      Object.hasOwn(byF, f) ? [[middle(fromNs), byF[f]!] as const] : [],
    );
    const latency = (name: string, style: Series['style'], of: 'p50' | 'p95' | 'p99'): Series => ({
      name,
      style,
      points: measures.flatMap(([at, { latencyNs }]) =>
        latencyNs === undefined ? [] : [[at, latencyNs[of]] as const],
      ),
    });
    const named = cut(displayText(f), 40);
    const span = { startNs, endNs };
    return [
      {
        id: `${id}-latency-${i + 1}`,
        title: `Latency of ${named}`,
        series: [latency('median', 'first', 'p50'), latency('95 %', 'second', 'p95'), latency('99 %', 'third', 'p99')],
        ...span,
        logarithmic: true,
        textOf: (ns) => displayMs(ns / 1e6),
      },
      {
        id: `${id}-rate-${i + 1}`,
        title: `Rate of ${named}`,
        series: [
          {
            name: 'ok',
            style: 'first',
            points: measures.flatMap(([at, { okPerSecond }]) =>
              okPerSecond === undefined ? [] : [[at, okPerSecond] as const],
            ),
          },
        ],
        ...span,
        logarithmic: false,
        textOf: (rate) => `${Number(rate.toPrecision(3))} /s`,
      },
    ];
  });
  const left = fs.length - fsMax;
  return markup`<div class="charts">${charts.map(renderChart)}</div>${
    left > 0 ? markup`<p class="hint">${plural(left, 'more kind')} of op left out here.</p>` : null
  }`;
}

function isWindow(window: unknown): window is PerfWindow {
  if (!isRecord(window) || !isNumber(window.fromNs) || !isRecord(window.byF)) return false;
  return Object.values(window.byF).every(
    (measure) => isRecord(measure) && isNumberOrNone(measure.okPerSecond) && isLatency(measure.latencyNs),
  );
}

const isLatency = (latency: unknown): boolean =>
  latency === undefined || (isRecord(latency) && [latency.p50, latency.p95, latency.p99].every(isNumber));

const isNumber = (field: unknown): boolean => typeof field === 'number' && Number.isFinite(field);

const isNumberOrNone = (field: unknown): boolean => field === undefined || isNumber(field);

const isRecord = (field: unknown): field is { readonly [name: string]: unknown } =>
  typeof field === 'object' && field !== null && !Array.isArray(field);

function renderChart({ id, title, series, startNs, endNs, logarithmic, textOf }: Chart): Part {
  const values = series.flatMap(({ points }) => points.map(([, value]) => value));
  if (values.length === 0) return null;
  const scaled = (value: number): number => (logarithmic ? Math.log10(Math.max(value, 1)) : value);
  const highest = scaled(Math.max(...values));
  const lowest = logarithmic ? scaled(Math.min(...values)) : 0;
  const y = (value: number): number => {
    const share = highest === lowest ? 0.5 : (scaled(value) - lowest) / (highest - lowest);
    return round(top + (1 - share) * plotHeight);
  };
  const x = (timeNs: number): number => round(gutter + ((timeNs - startNs) / Math.max(1, endNs - startNs)) * plotWidth);
  const ends = highest === lowest ? [values[0]!] : [Math.max(...values), logarithmic ? Math.min(...values) : 0];
  const [width, height] = [gutter + plotWidth + nameRoom, top + plotHeight + bottom];
  const names = placeNames(
    series.filter(({ points }) => points.length > 0).map((one) => ({ one, y: y(one.points.at(-1)![1]) })),
  );
  return markup`<div><h3>${title}</h3><div class="scroll" tabindex="0" role="group" aria-label="${title}"><svg class="figure chart" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}"><title id="${id}">${title}, from ${textOf(
    Math.min(...values),
  )} to ${textOf(Math.max(...values))}</title>${ends.map(
    (value) =>
      markup`<line class="rule" x1="${gutter}" x2="${gutter + plotWidth}" y1="${y(value)}" y2="${y(value)}"/><text class="time" x="${gutter - 8}" y="${y(value) + 4}" text-anchor="end">${textOf(value)}</text>`,
  )}${series.map(
    ({ style, points }) =>
      markup`<polyline class="${style}" points="${points.map(([at, value]) => `${x(at)},${y(value)}`).join(' ')}"/>`,
  )}${names.map(
    ({ one, y: at }) =>
      markup`<text class="${one.style}" x="${gutter + plotWidth + 8}" y="${at + 4}">${one.name}</text>`,
  )}<text class="time" x="${gutter}" y="${height - 6}">${seconds(startNs)}</text><text class="time" x="${gutter + plotWidth}" y="${height - 6}" text-anchor="end">${seconds(endNs)}</text></svg></div></div>`;
}

/** Names beside the ends of their lines, far enough apart to be read. */
function placeNames(ends: readonly { readonly one: Series; readonly y: number }[]): { one: Series; y: number }[] {
  let free = 0;
  return [...ends]
    .sort((a, b) => a.y - b.y)
    .map(({ one, y }) => {
      const at = Math.max(y, free);
      free = at + 14;
      return { one, y: at };
    });
}

const seconds = (ns: number): string => `${Number((ns / 1e9).toFixed(1))} s`;

const round = (x: number): number => Math.round(x * 10) / 10;
