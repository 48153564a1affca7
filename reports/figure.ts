/** A few ops as a picture that needs no script: the ones that contradict each other. */
import { type Bar, placeBars } from './bars.ts';
import { displayTime } from './display.ts';
import { type Markup, markup } from './markup.ts';
import { describeOutcome, describeSpan, describeWhen, type Lines, type Span } from './spans.ts';

export interface FigureOptions {
  /** Names the picture to who cannot see it. */
  readonly title: string;
  /** In the order of their invocations. */
  readonly spans: readonly Span[];
  /** Line of the completion that cannot be. */
  readonly contradiction: number;
  readonly lines: Lines;
}

const laneHeight = 40;
const barHeight = 24;
const letterWidth = 7.3;

function drawOp(
  { span, x, width, lane, label, open }: Bar,
  { contradiction, lines }: FigureOptions,
  gutter: number,
  right: number,
): Markup {
  const impossible = span.completion === contradiction;
  const left = gutter + x;
  const y = lane * laneHeight + 8;
  const tip = [
    describeSpan(span),
    `client ${span.process}${span.node === undefined ? '' : ` on ${span.node}`}`,
    `${describeWhen(span, lines)}, ${describeOutcome(span)}`,
    ...(impossible ? ['This is the op that no order explains.'] : []),
  ].join('\n');
  const tail = open
    ? markup`<line class="later" x1="${left + width}" x2="${right}" y1="${y + barHeight / 2}" y2="${y + barHeight / 2}"/>`
    : null;
  const cross = impossible ? markup`<text class="cross" x="${left + width + 4}" y="${y + 17}">✗</text>` : null;
  return markup`<g class="op ${span.type}${impossible ? ' impossible' : ''}" data-op="${span.index}" data-tip="${tip}" tabindex="0" role="img" aria-label="${tip.replaceAll('\n', '; ')}">${tail}<rect x="${left}" y="${y}" width="${width}" height="${barHeight}" rx="4"/><text x="${left + 7}" y="${y + 16}">${label}</text>${cross}</g>`;
}

function drawAxis(bars: readonly Bar[], gutter: number, y: number): Markup[] {
  const marks: Markup[] = [];
  let free = 0;
  const ends = bars.flatMap(({ span, x, width }) => [
    { x, timeNs: span.startNs },
    ...(span.endNs === undefined ? [] : [{ x: x + width, timeNs: span.endNs }]),
  ]);
  for (const { x, timeNs } of ends.sort((a, b) => a.x - b.x)) {
    if (x < free || !Number.isFinite(timeNs)) continue;
    marks.push(
      markup`<line class="tick" x1="${gutter + x}" x2="${gutter + x}" y1="0" y2="${y}"/><text class="time" x="${gutter + x}" y="${y + 14}">${displayTime(timeNs)}</text>`,
    );
    free = x + 76;
  }
  return marks;
}

export function renderFigure(options: FigureOptions): Markup {
  const { bars, lanes, width } = placeBars(options.spans);
  const bottom = lanes.length * laneHeight + 6;
  const gutter = 22 + letterWidth * Math.max(0, ...lanes.map((name) => name.length));
  const right = gutter + width + 64;
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${options.title}"><svg class="figure" width="${Math.ceil(right)}" height="${bottom + 22}" viewBox="0 0 ${Math.ceil(right)} ${bottom + 22}" role="group" aria-label="${options.title}">${drawAxis(bars, gutter, bottom)}${lanes.map(
    (name, i) =>
      markup`<text class="lane" x="0" y="${i * laneHeight + 24}">${name}</text><line class="rule" x1="${gutter - 8}" x2="${right}" y1="${(i + 1) * laneHeight + 2}" y2="${(i + 1) * laneHeight + 2}"/>`,
  )}${bars.map((bar) => drawOp(bar, options, gutter, right))}</svg></div>`;
}
