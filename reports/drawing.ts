/** Chooses which ops of a history are drawn, and where: bounded, whatever the history. */
import type { KeyFailure, Linearization } from '../checkers/evidence.ts';
import type { Op } from '../history/op.ts';
import { type Value, valueKey } from '../history/value.ts';
import { type Bars, placeBars } from './bars.ts';
import { displayTime } from './display.ts';
import type { Drawing, DrawnOp, DrawnOrder } from './drawing-data.ts';
import type { FaultWindow } from './fault-windows.ts';
import { describeOutcome, describeSpan, describeWhen, type Lines, readSpans, type Span } from './spans.ts';

/** Ops in one drawing, at most. */
export const drawnMax = 1_000;

/** Ops before a window that are drawn with it, and lines looked at for them, at most. */
const contextOps = 30;
const contextLines = 20_000;

/** The least width of a point of a path. */
const pointWidth = 15;

/** An order to be drawn: lines of invocations, and the states they leave. */
interface Order {
  readonly skipped: number;
  readonly start: string;
  readonly steps: readonly { readonly op: number; readonly state: string }[];
  readonly end: string | null;
}

/** What is to be drawn. */
export interface Subject {
  readonly id: string;
  readonly key: Value;
  /** Whether the ops of all keys are wanted. */
  readonly everyKey: boolean;
  /** Lines within which all ops of the key are wanted; their window, if it shows a contradiction. */
  readonly from: number;
  readonly to: number;
  readonly window: { readonly from: number; readonly to: number } | null;
  /** Invocation lines of ops wanted wherever they are, the most wanted first. */
  readonly wanted: readonly number[];
  readonly told: ReadonlySet<number>;
  readonly orders: readonly Order[];
  /** Line of the completion that cannot be; -1 where there is none. */
  readonly impossible: number;
  readonly why: string;
}

/** A drawing, and how many ops of its window it leaves out. */
export interface Drawn {
  readonly drawing: Drawing;
  readonly leftOut: number;
}

/** Evidence as earlier versions stored it has no window and no paths. */
export function subjectOf(id: string, lines: Lines, failure: KeyFailure): Subject {
  const told = new Set(failure.conflict ?? failure.minimal);
  const everyKey = failure.key === null && [...told].some((line) => lines.op(line).key !== undefined);
  const paths = failure.paths ?? [];
  const window = failure.window ?? { from: Math.min(failure.completion, ...told), to: failure.completion };
  const pending = failure.configurations.flatMap((configuration) => configuration.pending);
  const orders: Order[] =
    paths.length > 0
      ? paths.map(({ skipped, start, steps, dies }) => ({ skipped, start, steps, end: dies.why }))
      : [{ skipped: 0, start: '', steps: failure.prefix.map((op) => ({ op, state: '' })), end: '' }];
  return {
    id,
    key: failure.key,
    everyKey,
    from: contextBefore(lines, ofKey(failure.key, everyKey), window.from),
    to: window.to,
    window,
    wanted: [...told, ...(paths[0] === undefined ? [] : [paths[0].dies.op]), ...orders.flatMap(opsOf), ...pending],
    told,
    orders,
    impossible: failure.completion,
    why: failure.story.at(-1) ?? '',
  };
}

const opsOf = ({ steps }: Order): number[] => steps.map(({ op }) => op).reverse();

/** A linearization, or as much of it from its beginning as can be drawn. */
export function subjectOfOrder(id: string, { key, order, states }: Linearization): Subject {
  const steps = order.slice(0, drawnMax).map((op, index) => ({ op, state: states[index] ?? '' }));
  return {
    id,
    key,
    everyKey: false,
    from: 0,
    to: -1,
    window: null,
    wanted: steps.map(({ op }) => op),
    told: new Set(),
    orders: [{ skipped: 0, start: '', steps, end: null }],
    impossible: -1,
    why: '',
  };
}

/** The line of such an op some ops before `line`, or as far back as is looked. */
function contextBefore(lines: Lines, isOfKey: (op: Op) => boolean, line: number): number {
  let from = line;
  for (let at = line - 1, ops = 0; at >= 0 && line - at < contextLines && ops < contextOps; at--) {
    const op = lines.op(at);
    if (op.type !== 'invoke' || !isOfKey(op)) continue;
    from = at;
    ops++;
  }
  return from;
}

function ofKey(key: Value, everyKey: boolean): (op: Op) => boolean {
  const text = valueKey(key);
  return (op) => everyKey || (op.key === undefined ? key === null : op.key === key || valueKey(op.key) === text);
}

/** All subjects of one history, which is read once. `faults` of the whole history. */
export function drawAll(lines: Lines, subjects: readonly Subject[], faults: readonly FaultWindow[]): Drawn[] {
  const matchers = subjects.map(({ key, everyKey, from, to, wanted }) => {
    const isOfKey = ofKey(key, everyKey);
    const set = new Set(wanted.slice(0, drawnMax));
    return (op: Op): boolean => set.has(op.index) || (from <= op.index && op.index <= to && isOfKey(op));
  });
  const spans = subjects.length === 0 ? [] : readSpans(lines, (op) => matchers.some((matches) => matches(op)));
  const asOp = (span: Span): Op => ({ ...span, time: span.startNs, type: 'invoke', value: span.input });
  return subjects.map((subject, i) => {
    const all = spans.filter((span) => matchers[i]!(asOp(span)));
    return draw(lines, subject, all, faults);
  });
}

function draw(lines: Lines, subject: Subject, all: readonly Span[], faults: readonly FaultWindow[]): Drawn {
  const ranks = new Map(subject.wanted.slice(0, drawnMax).map((line, rank) => [line, rank]));
  const rankOf = ({ index }: Span): number => ranks.get(index) ?? ranks.size + (subject.to - index);
  const spans = [...all]
    .sort((a, b) => rankOf(a) - rankOf(b))
    .slice(0, drawnMax)
    .sort((a, b) => a.index - b.index);
  const placeOf = new Map(spans.map(({ index }, place) => [index, place]));
  const eventLines = [...new Set(spans.flatMap(({ index, completion }) => [index, completion ?? index]))].sort(
    (a, b) => a - b,
  );
  const slots = subject.orders.map(({ steps }) => slotsOf(steps, eventLines, placeOf));
  const placed = placeBars(spans, roomFor(slots, eventLines));
  const from = spans.find(({ index }) => index >= subject.from)?.index;
  const [first, last] = [eventLines[0] ?? 0, eventLines.at(-1) ?? 0];
  return {
    leftOut: all.length - spans.length,
    drawing: {
      id: subject.id,
      width: round(placed.width),
      lanes: placed.lanes,
      ops: placed.bars.map(
        ({ span, lane, x, width, next, label }): DrawnOp => ({
          line: span.index,
          lane,
          x: round(x),
          width: round(width),
          next: round(next),
          type: span.type,
          label,
          details: detailsOf(span, lines, subject),
          told: subject.told.has(span.index),
          impossible: span.completion === subject.impossible,
        }),
      ),
      times: timesOf(placed),
      faults: faults
        .filter((fault) => fault.from <= last && fault.to >= first)
        .map(({ f, label, ...fault }) => ({
          f: f.replace(/^start-/, ''),
          label,
          from: fault.from < first ? 0 : round(placed.xOf(fault.from)),
          to: round(placed.xOf(fault.to)),
        })),
      window:
        subject.window === null
          ? null
          : { from: round(placed.xOf(subject.window.from)), to: round(placed.xOf(subject.window.to)) },
      gaps: from !== undefined && from > first ? [round(placed.xOf(from))] : [],
      orders: subject.orders.map(({ skipped, start, steps, end }, index): DrawnOrder => {
        const firstDrawn = steps.findIndex(({ op }) => placeOf.has(op));
        return {
          skipped: skipped + steps.length - slots[index]!.length,
          start: firstDrawn <= 0 ? start : steps[firstDrawn - 1]!.state,
          steps: pointsOf(slots[index]!, eventLines, placed),
          end,
        };
      }),
    },
  };
}

/** A step of an order, and after which of the lines drawn its point is. */
interface Slot {
  readonly place: number;
  readonly line: number;
  readonly state: string;
}

/** Each step as early as it can be: not before the one before it, nor before its own invocation. Those of ops not drawn are left out. */
function slotsOf(steps: Order['steps'], lines: readonly number[], placeOf: ReadonlyMap<number, number>): Slot[] {
  let line = lines[0] ?? 0;
  return steps.flatMap(({ op, state }) => {
    const place = placeOf.get(op);
    if (place === undefined) return [];
    line = Math.max(line, op);
    return [{ place, line, state }];
  });
}

function countByLine(slots: readonly Slot[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { line } of slots) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/** Room for the points of whichever order has most after a line. */
function roomFor(orders: readonly (readonly Slot[])[], lines: readonly number[]): Map<number, number> {
  const room = new Map<number, number>();
  for (const counts of orders.map(countByLine)) {
    for (const line of lines) {
      const points = counts.get(line) ?? 0;
      if (points > 0) room.set(line, Math.max(room.get(line) ?? 0, (points + 1) * pointWidth));
    }
  }
  return room;
}

function pointsOf(slots: readonly Slot[], lines: readonly number[], placed: Bars): DrawnOrder['steps'] {
  const counts = countByLine(slots);
  const nextLine = new Map(lines.map((line, i) => [line, lines[i + 1]]));
  const taken = new Map<number, number>();
  return slots.map(({ place, line, state }) => {
    const nth = (taken.get(line) ?? 0) + 1;
    taken.set(line, nth);
    const from = placed.xOf(line);
    const next = nextLine.get(line);
    const width = (next === undefined ? placed.width : placed.xOf(next)) - from;
    // Spread evenly, but no further apart than they need be.
    const step = Math.min(width / (counts.get(line)! + 1), pointWidth * 2);
    return [place, round(from + step * nth), state] as const;
  });
}

const round = (x: number): number => Math.round(x * 10) / 10;

function detailsOf(span: Span, lines: Lines, { impossible, why }: Subject): string {
  return [
    describeSpan(span),
    `client ${span.process}${span.node === undefined ? '' : ` on ${span.node}`}`,
    `${describeWhen(span, lines)}, ${describeOutcome(span)}`,
    ...(span.completion === impossible ? [`No order explains it. ${why}`] : []),
  ].join('\n');
}

function timesOf({ bars }: Bars): Drawing['times'] {
  const ends = bars.flatMap(({ span, x, width }) => [
    { x, ns: span.startNs },
    ...(span.endNs === undefined ? [] : [{ x: x + width, ns: span.endNs }]),
  ]);
  let free = 0;
  let last = '';
  return ends
    .sort((a, b) => a.x - b.x)
    .flatMap(({ x, ns }) => {
      const text = displayTime(ns);
      if (x < free || text === last || !Number.isFinite(ns)) return [];
      free = x + 84;
      last = text;
      return [{ x: round(x), text }];
    });
}

/** Bytes of all drawings of a page together, before they are packed. */
const bytesMax = 900_000;

/** The drawings, as far as there is room for them on a page, the first ones first. */
export function fitting(drawn: readonly Drawn[]): (Drawn | undefined)[] {
  let room = bytesMax;
  return drawn.map((one) => {
    const length = Buffer.byteLength(JSON.stringify(one.drawing));
    if (length > room) return undefined;
    room -= length;
    return one;
  });
}

/** What the page's code reads. */
export const encodeDrawings = (drawn: readonly (Drawn | undefined)[]): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(drawn.flatMap((one) => one?.drawing ?? [])));
