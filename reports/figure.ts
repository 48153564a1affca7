/**
 * A counterexample as a picture: ops as bars, one lane per process, in the order of the history's lines. Time is
 * stretched so that every label fits: what matters here is what overlaps and what does not.
 */
import { displayTime } from './display.ts';
import { type Markup, markup } from './markup.ts';
import { describeOutcome, describeSpan, type Span } from './spans.ts';

export interface FigureOptions {
  /** Names the picture to who cannot see it. */
  readonly title: string;
  readonly spans: readonly Span[];
  /** Invocation lines in the order of linearization; those not among the spans are left out. */
  readonly path: readonly number[];
  /** Line of the completion that cannot be. */
  readonly contradiction: number;
  /** Said when an op is pointed at, by its invocation line. */
  readonly notes: ReadonlyMap<number, string>;
}

const laneHeight = 40;
const barHeight = 24;
const gutter = 96;
const charWidth = 7.3;
const gap = 16;
const longestLabel = 30;

interface Placed {
  readonly span: Span;
  readonly label: string;
  readonly x: number;
  readonly width: number;
  readonly y: number;
  /** It may take effect later than its bar ends. */
  readonly open: boolean;
}

function labelOf(span: Span): string {
  const text = describeSpan(span);
  return text.length <= longestLabel ? text : `${text.slice(0, longestLabel - 1)}…`;
}

/** The x of each line that begins or ends a span: as far right as labels and order ask for, no further. */
function placeLines(spans: readonly Span[], labels: readonly string[]): Map<number, number> {
  const spanEndingAt = new Map(
    spans.flatMap((span, i) => (span.completion === undefined ? [] : [[span.completion, i]])),
  );
  const lines = spans.flatMap(({ index, completion }) => (completion === undefined ? [index] : [index, completion]));
  const xs = new Map<number, number>();
  let x = gutter;
  for (const line of [...new Set(lines)].sort((a, b) => a - b)) {
    const ending = spanEndingAt.get(line);
    if (ending !== undefined) {
      const start = xs.get((spans[ending] as Span).index) as number;
      x = Math.max(x, start + (labels[ending] as string).length * charWidth + 14);
    }
    xs.set(line, x);
    x += gap;
  }
  return xs;
}

function place(spans: readonly Span[]): { placed: Placed[]; processes: number[]; width: number } {
  const labels = spans.map(labelOf);
  const xs = placeLines(spans, labels);
  const processes = [...new Set([...spans].sort((a, b) => a.index - b.index).map(({ process }) => process))];
  const starts = spans.map(({ index }, i) => (xs.get(index) as number) + (labels[i] as string).length * charWidth + 14);
  const right = Math.max(gutter + 200, ...xs.values(), ...starts) + gap;
  const placed = spans.map((span, i) => {
    const x = xs.get(span.index) as number;
    const end = span.completion === undefined ? right : (xs.get(span.completion) as number);
    return {
      span,
      label: labels[i] as string,
      x,
      width: Math.max(8, end - x),
      y: processes.indexOf(span.process) * laneHeight + 8,
      open: span.type === 'info',
    };
  });
  return { placed, processes, width: right };
}

/** Each op's point: after the one before, after its own invocation, before its own completion. */
function linearizationPoints(placed: readonly Placed[], path: readonly number[]): { x: number; y: number }[] {
  const byIndex = new Map(placed.map((one) => [one.span.index, one]));
  let x = 0;
  return path.flatMap((index) => {
    const one = byIndex.get(index);
    if (one === undefined) return [];
    x = Math.max(x + 7, one.x + 8);
    if (!one.open) x = Math.min(x, Math.max(one.x + 2, one.x + one.width - 6));
    return [{ x, y: one.y + barHeight + 3 }];
  });
}

function drawOp(one: Placed, options: FigureOptions, right: number): Markup {
  const { span, x, y, width, open, label } = one;
  const impossible = span.completion === options.contradiction;
  const note = options.notes.get(span.index);
  const tip = [
    describeSpan(span),
    `client ${span.process}${span.node === undefined ? '' : ` on ${span.node}`}`,
    `${displayTime(span.startNs)} to ${span.endNs === undefined ? 'the end' : displayTime(span.endNs)}, ${describeOutcome(span)}`,
    ...(note === undefined ? [] : [note]),
    ...(impossible ? ['This is the op that no order explains.'] : []),
  ].join('\n');
  const tail = open
    ? markup`<line class="later" x1="${x + width}" x2="${right}" y1="${y + barHeight / 2}" y2="${y + barHeight / 2}"/>`
    : null;
  const cross = impossible ? markup`<text class="cross" x="${x + width + 4}" y="${y + 17}">✗</text>` : null;
  return markup`<g class="op ${span.type}${impossible ? ' impossible' : ''}" data-op="${span.index}" data-tip="${tip}" tabindex="0" role="img" aria-label="${tip.replaceAll('\n', '; ')}">${tail}<rect x="${x}" y="${y}" width="${width}" height="${barHeight}" rx="4"/><text x="${x + 7}" y="${y + 16}">${label}</text>${cross}</g>`;
}

function drawAxis(placed: readonly Placed[], y: number): Markup[] {
  const marks: Markup[] = [];
  let free = 0;
  const ends = placed.flatMap(({ span, x, width }) => [
    { x, timeNs: span.startNs },
    ...(span.endNs === undefined ? [] : [{ x: x + width, timeNs: span.endNs }]),
  ]);
  for (const { x, timeNs } of ends.sort((a, b) => a.x - b.x)) {
    if (x < free) continue;
    marks.push(
      markup`<line class="tick" x1="${x}" x2="${x}" y1="0" y2="${y}"/><text class="time" x="${x}" y="${y + 14}">${displayTime(timeNs)}</text>`,
    );
    free = x + 76;
  }
  return marks;
}

export function renderFigure(options: FigureOptions): Markup {
  const { placed, processes, width } = place(options.spans);
  const bottom = processes.length * laneHeight + 6;
  const points = linearizationPoints(placed, options.path);
  const line = points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  const right = width + 64;
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${options.title}"><svg class="figure" width="${Math.ceil(right)}" height="${bottom + 22}" viewBox="0 0 ${Math.ceil(right)} ${bottom + 22}" role="group" aria-label="${options.title}">${drawAxis(placed, bottom)}${processes.map(
    (process, i) =>
      markup`<text class="lane" x="0" y="${i * laneHeight + 24}">client ${process}</text><line class="rule" x1="${gutter - 8}" x2="${right}" y1="${(i + 1) * laneHeight + 2}" y2="${(i + 1) * laneHeight + 2}"/>`,
  )}${placed.map((one) => drawOp(one, options, right))}${
    points.length > 1 ? markup`<polyline class="path" points="${line}"/>` : null
  }${points.map(({ x, y }, i) => markup`<g class="point"><circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="6.5"/><text x="${x.toFixed(1)}" y="${(y + 3).toFixed(1)}">${i + 1}</text></g>`)}</svg></div>`;
}
