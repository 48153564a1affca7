/**
 * Ops as bars, one lane per process, in the order of the history's lines. Time is stretched so that every label fits:
 * what matters is what overlaps and what does not.
 */
import { describeSpan, type Span } from './spans.ts';

export interface Bar {
  readonly span: Span;
  readonly label: string;
  readonly lane: number;
  readonly x: number;
  readonly width: number;
  /** It may take effect later than its bar ends. */
  readonly open: boolean;
  /** Where the next bar in its lane begins, or all end. */
  readonly next: number;
}

export interface Bars {
  readonly bars: readonly Bar[];
  /** What to call each lane. */
  readonly lanes: readonly string[];
  readonly width: number;
  /** Where a line of the history is; of one that begins or ends no bar, where the next does. */
  xOf(line: number): number;
}

const charWidth = 7.3;
const gap = 16;
const longestLabel = 30;

/** Of more processes than that, those of which one begins after the other has ended share a lane. */
const lanesOfTheirOwnMax = 16;

/** `spans`: in the order of their invocations. `room`: by line how much space is needed after it. */
export function placeBars(spans: readonly Span[], room: ReadonlyMap<number, number> = new Map()): Bars {
  const labels = spans.map(labelOf);
  const lines = [
    ...new Set(spans.flatMap(({ index, completion }) => (completion === undefined ? [index] : [index, completion]))),
  ].sort((a, b) => a - b);
  const xs = placeLines(spans, labels, lines, room);
  const starts = spans.map(({ index }, i) => xs.get(index)! + labelWidth(labels[i]!));
  const width = Math.max(200, ...xs.values(), ...starts) + gap;
  const { laneOf, lanes } = placeLanes(spans);
  const following: number[] = [];
  const bars: Bar[] = [];
  for (let i = spans.length - 1; i >= 0; i--) {
    const span = spans[i]!;
    const lane = laneOf.get(span.process)!;
    const x = xs.get(span.index)!;
    const next = following[lane] ?? width;
    const end = span.completion === undefined ? next : xs.get(span.completion)!;
    following[lane] = x;
    bars.push({ span, label: labels[i]!, lane, x, width: Math.max(8, end - x), open: span.type === 'info', next });
  }
  bars.reverse();
  return { bars, lanes, width, xOf: (line) => xs.get(line) ?? xs.get(lines.find((one) => one >= line) ?? -1) ?? width };
}

function labelOf(span: Span): string {
  const text = describeSpan(span);
  return text.length <= longestLabel ? text : `${text.slice(0, longestLabel - 1)}…`;
}

const labelWidth = (label: string): number => label.length * charWidth + 14;

/** The x of each line that begins or ends a span: as far right as labels and order ask for, no further. */
function placeLines(
  spans: readonly Span[],
  labels: readonly string[],
  lines: readonly number[],
  room: ReadonlyMap<number, number>,
): Map<number, number> {
  const endingAt = new Map(spans.flatMap((span, i) => (span.completion === undefined ? [] : [[span.completion, i]])));
  const xs = new Map<number, number>();
  let x = 8;
  for (const line of lines) {
    const ending = endingAt.get(line);
    if (ending !== undefined) x = Math.max(x, xs.get(spans[ending]!.index)! + labelWidth(labels[ending]!));
    xs.set(line, x);
    x += Math.max(gap, room.get(line) ?? 0);
  }
  return xs;
}

function placeLanes(spans: readonly Span[]): { laneOf: ReadonlyMap<number, number>; lanes: string[] } {
  const lives = new Map<number, { first: number; last: number }>();
  for (const { process, index, completion } of spans) {
    const life = lives.get(process) ?? { first: index, last: index };
    lives.set(process, { first: life.first, last: Math.max(life.last, completion ?? index) });
  }
  const shared = lives.size > lanesOfTheirOwnMax;
  const lanes: { last: number; processes: number[] }[] = [];
  const laneOf = new Map<number, number>();
  for (const [process, { first, last }] of lives) {
    let lane = shared ? lanes.findIndex((one) => one.last < first) : -1;
    if (lane < 0) lane = lanes.push({ last, processes: [] }) - 1;
    lanes[lane]!.last = last;
    lanes[lane]!.processes.push(process);
    laneOf.set(process, lane);
  }
  const nameOf = (processes: readonly number[]): string =>
    processes.length === 1
      ? `client ${processes[0]}`
      : `${processes.slice(0, 2).join(', ')}${processes.length > 2 ? ' …' : ''}`;
  return { laneOf, lanes: lanes.map(({ processes }) => nameOf(processes)) };
}
