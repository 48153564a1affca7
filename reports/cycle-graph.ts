/** A cycle of transactions as a drawn graph, SVG within the page, for which no script is needed. */
import type { Evidence, StepEvidence, StepKind } from '../checkers/transactional/evidence.ts';
import { cut } from './display.ts';
import { type GraphEdge, type GraphLayout, layOut, type Point, type Size } from './graphviz.ts';
import { type Markup, markup, type Part } from './markup.ts';
import type { Lines, Span } from './spans.ts';
import { displayJson, keyText, microOpsOf } from './transaction-text.ts';

/** Transactions in a graph, at most: what is larger shows less than its list of steps. */
export const drawnTransactionsMax = 60;

/** Micro-ops of one transaction, and characters of each, at most. */
const microOpsMax = 4;
const microOpsMaxOfMany = 2;
const manyTransactions = 12;
const longestLine = 34;
const longestLabel = 22;

const letterWidth = 7.3;
const lineHeight = 17;
const padding = 10;
const labelHeight = 20;
const arrowLength = 9;

/** What each kind of edge means, in the order of the legend. */
const kinds: Readonly<Record<StepKind, { readonly name: string; readonly meaning: string }>> = {
  ww: { name: 'ww', meaning: 'the second wrote after the first to the same key' },
  wr: { name: 'wr', meaning: 'the second read what the first wrote' },
  rw: { name: 'rw', meaning: 'the first did not yet see what the second wrote' },
  process: { name: 'process', meaning: 'one process did the first before the second' },
  realtime: { name: 'real time', meaning: 'the first had ended before the second began' },
};

const orderNames = { process: 'process', realtime: 'real time' } as const;

/** A cycle that can be drawn: all its steps are there, and not too many. */
export const canBeDrawn = ({ steps, length }: Evidence): boolean =>
  steps !== undefined && steps.length > 1 && steps.length === length && length <= drawnTransactionsMax;

interface Node extends Size {
  readonly lines: readonly string[];
}

/**
 * The graph and its legend. `id` is a part of ids of the page; `spans` has the transactions of the cycle by the lines of their
 * invocations. Only for what can be drawn.
 */
export async function renderCycle(
  id: string,
  anomaly: string,
  steps: readonly StepEvidence[],
  spans: ReadonlyMap<number, Span>,
  lines: Lines,
): Promise<Markup> {
  const all = steps.map((step, place) => nodeOf(place, step, steps.at(place - 1)!, spans, lines, steps.length));
  const labels = steps.map((step): Size => ({ width: labelOf(step).length * letterWidth + 14, height: labelHeight }));
  // Between two boxes of one width, with room for a label on each half, both arrows are straight.
  const together = Math.max(...all.map(({ width }) => width), ...labels.map(({ width }) => 2 * width + 60));
  const nodes = all.length > 2 ? all : all.map((node) => ({ ...node, width: together }));
  // Half of the cycle is drawn downwards and half upwards, so that it looks like one, and no arrow goes all the way back.
  const lowest = Math.ceil(steps.length / 2);
  const edges = labels.map(
    (label, place): GraphEdge => ({ from: place, to: (place + 1) % steps.length, label, upwards: place >= lowest }),
  );
  const layout = await layOut(nodes, edges);
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="The cycle of ${anomaly}">${draw(
    id,
    anomaly,
    steps,
    nodes,
    layout,
  )}</div>${legend(steps)}`;
}

function nodeOf(
  place: number,
  next: StepEvidence,
  last: StepEvidence,
  spans: ReadonlyMap<number, Span>,
  lines: Lines,
  transactions: number,
): Node {
  const span = spans.get(next.from);
  const title = `T${place + 1}`;
  if (span === undefined) return sized([title]);
  const keys = new Set([next, last].flatMap(({ key }) => (key === undefined ? [] : [keyText(key)])));
  const all = microOpsOf(span);
  const most = transactions > manyTransactions ? microOpsMaxOfMany : microOpsMax;
  const isTold = all.map(({ key }) => key !== undefined && keys.has(key));
  const told = all.filter((_, i) => isTold[i]).length;
  let others = Math.max(0, most - told);
  let room = most;
  const shown = all.filter((_, i) => (isTold[i] ? room-- > 0 : others-- > 0));
  const left = all.length - shown.length;
  return sized([
    `${title}  process ${span.process}, line ${lines.line?.(span.index) ?? span.index + 1}`,
    ...shown.map(({ text }) => cut(text, longestLine)),
    ...(left > 0 ? [`… and ${left} more`] : []),
  ]);
}

const sized = (lines: readonly string[]): Node => ({
  lines,
  width: Math.max(...lines.map((line) => line.length)) * letterWidth + 2 * padding,
  height: lines.length * lineHeight + padding,
});

function labelOf({ kind, key, restsOn }: StepEvidence): string {
  const about = key === undefined ? '' : ` ${cut(displayJson(key), longestLabel)}`;
  const by = restsOn === undefined ? '' : ` (${orderNames[restsOn]})`;
  return `${kinds[kind].name}${about}${by}`;
}

function draw(
  id: string,
  anomaly: string,
  steps: readonly StepEvidence[],
  nodes: readonly Node[],
  layout: GraphLayout,
): Markup {
  const [width, height] = [Math.ceil(layout.width) + 2, Math.ceil(layout.height) + 2];
  const told = steps.map((step, i) => `T${i + 1} to T${((i + 1) % steps.length) + 1}: ${labelOf(step)}`).join('; ');
  return markup`<svg class="figure graph" width="${width}" height="${height}" viewBox="-1 -1 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-description"><title id="${id}-title">The cycle of ${anomaly}: ${steps.length} transactions</title><desc id="${id}-description">${told}.</desc>${layout.edges.map(
    ({ points, label }, i) => drawEdge(steps[i]!, points, label),
  )}${layout.nodes.map((middle, i) => drawNode(nodes[i]!, middle))}</svg>`;
}

function drawNode({ lines, width, height }: Node, middle: Point): Markup {
  const [left, top] = [middle.x - width / 2, middle.y - height / 2];
  const [heading = '', ...rest] = lines;
  const [name = '', ...where] = heading.split('  ');
  const text = (y: number, part: Part): Markup =>
    markup`<text x="${round(left + padding)}" y="${round(y)}" xml:space="preserve">${part}</text>`;
  const first = top + lineHeight;
  return markup`<g class="node"><rect class="box" x="${round(left)}" y="${round(top)}" width="${round(width)}" height="${round(height)}" rx="6"/>${text(
    first,
    markup`<tspan class="name">${name}</tspan><tspan class="where">${where.map((part) => `  ${part}`)}</tspan>`,
  )}${rest.map((line, i) => text(first + (i + 1) * lineHeight, line))}</g>`;
}

function drawEdge(step: StepEvidence, points: readonly Point[], label: Point): Markup {
  const tip = points.at(-1)!;
  const before = [...points].reverse().find(({ x, y }) => Math.hypot(tip.x - x, tip.y - y) > 1) ?? tip;
  const length = Math.hypot(tip.x - before.x, tip.y - before.y) || 1;
  const along = { x: (tip.x - before.x) / length, y: (tip.y - before.y) / length };
  const at = (back: number, aside: number): string =>
    `${round(tip.x - along.x * back - along.y * aside)} ${round(tip.y - along.y * back + along.x * aside)}`;
  const [start, ...rest] = points.map(({ x, y }) => `${round(x)} ${round(y)}`);
  // The line ends within the arrow's head, so that it does not blunt its tip.
  const path = `M${start}C${[...rest.slice(0, -1), at(arrowLength - 2, 0)].join(' ')}`;
  const text = labelOf(step);
  const width = text.length * letterWidth + 10;
  const { name } = kinds[step.kind];
  return markup`<g class="edge ${step.kind}"><path d="${path}"/><polygon points="${at(0, 0)} ${at(arrowLength, arrowLength / 2.2)} ${at(arrowLength, -arrowLength / 2.2)}"/><rect class="ground" x="${round(label.x - width / 2)}" y="${round(label.y - labelHeight / 2)}" width="${round(width)}" height="${labelHeight}" rx="4"/><text x="${round(label.x - width / 2 + 5)}" y="${round(label.y + 4)}" xml:space="preserve"><tspan class="name">${name}</tspan>${text.slice(name.length)}</text></g>`;
}

const round = (x: number): number => Math.round(x * 10) / 10;

function legend(steps: readonly StepEvidence[]): Markup {
  const shown = (Object.keys(kinds) as StepKind[]).filter((kind) => steps.some((step) => step.kind === kind));
  const rests = (['process', 'realtime'] as const).filter((order) => steps.some(({ restsOn }) => restsOn === order));
  return markup`<ul class="edges">${shown.map(
    (kind) =>
      markup`<li><svg class="graph" width="34" height="10" viewBox="0 0 34 10" aria-hidden="true"><g class="edge ${kind}"><path d="M0 5H27"/><polygon points="34 5 25 1 25 9"/></g></svg><b>${kinds[kind].name}</b> ${kinds[kind].meaning}</li>`,
  )}${rests.map(
    (order) =>
      markup`<li><b>(${orderNames[order]})</b> it holds only if ${order === 'process' ? 'the order of each process' : 'real time'} is kept</li>`,
  )}</ul>`;
}
