/** A counterexample on a page: the story, the few ops that contradict each other, and room for the drawing of those around them. */
import type { KeyFailure } from '../checkers/evidence.ts';
import { displayCount, displayText, displayTime, displayValue, plural } from './display.ts';
import { renderFigure } from './figure.ts';
import { type Markup, markup, type Part } from './markup.ts';
import { table } from './page.ts';
import { describeOutcome, describeSpan, describeWhen, type Lines, type Span } from './spans.ts';

export interface Counterexample {
  /** Names it within the page: a part of ids. */
  readonly name: string;
  readonly title: string;
  readonly failure: KeyFailure;
  /** The ops that the story tells of. */
  readonly told: readonly Span[];
  /** Whether the page holds a drawing of the ops around it, and of how many ops of the window it has no room for. */
  readonly drawn: { readonly leftOut: number } | undefined;
}

export const drawingId = (name: string): string => `drawing-${name}`;

/** The title of what a checker found wrong with an object. */
export const titleOf = (checker: string, failure: KeyFailure): string =>
  failure.key === null ? `Not ${checker}` : `Key ${displayValue(failure.key, 60)} is not ${checker}`;

/** What is needed to understand the drawings of a page, once. */
export const drawingHint: Markup = markup`<p class="hint" id="drawing-hint">Ops stand in the order of the history; time is stretched so that labels fit. Bars that overlap ran at once, and either may have come first. Numbered points are an order in which the ops could have happened. Point at an op for its details. With the keyboard: ← and → go from op to op of a client, ↑ and ↓ from client to client.</p>`;

/** Where the page's code draws. */
export const drawingFrame = (name: string, title: string): Markup =>
  markup`<div class="drawing" id="${drawingId(name)}"><div class="tools"></div><div class="frame" tabindex="0" role="group" aria-label="${title}" aria-describedby="drawing-hint"><p class="hint">The page's script draws this.</p></div><p class="said" aria-live="polite"></p></div>`;

function opsTable(spans: readonly Span[], completion: number, lines: Lines): Markup {
  const timed = spans.every(({ startNs, endNs }) => Number.isFinite(startNs) && Number.isFinite(endNs ?? 0));
  const named = spans.some(({ node }) => node !== undefined);
  const rows = spans.map((span) => [
    `client ${span.process}`,
    ...(named ? [span.node ?? ''] : []),
    markup`<code>${describeSpan(span)}</code>${span.completion === completion ? markup` <span class="verdict invalid">✗ cannot be</span>` : null}`,
    ...(timed
      ? [displayTime(span.startNs), span.endNs === undefined ? '' : displayTime(span.endNs)]
      : [describeWhen(span, lines)]),
    describeOutcome(span),
  ]);
  const when = timed ? ['From', 'To'] : ['When'];
  return table('Ops of the contradiction', ['Process', ...(named ? ['Node'] : []), 'Op', ...when, 'Outcome'], rows);
}

function configurations({ configurations, basis }: KeyFailure): Part {
  if (configurations.length === 0) return null;
  const rows = configurations.map(
    ({ state, pending, whyDead }) =>
      markup`<li data-pending="${pending.join(' ')}" tabindex="0"><code>${displayText(state.slice(0, 200))}</code><span>${displayText(whyDead)}</span></li>`,
  );
  const title =
    basis === 'core'
      ? 'What these ops alone could have left just before, and why each possibility dies'
      : 'What the object could have been just before, and why each possibility dies';
  return markup`<h4>${title}</h4><ul class="configurations">${rows}</ul>`;
}

const bases = {
  history: 'The orders are of the whole history before.',
  window: 'The orders begin where the marked window does, whatever came before.',
  core: 'The orders are of these few ops alone.',
} as const;

export function renderCounterexample({ name, title, failure, told, drawn }: Counterexample, lines: Lines): Markup {
  const id = `violation-${name}`;
  const around = 'The ops around it, and the orders that go furthest';
  return markup`<article aria-labelledby="${id}"><h3 id="${id}">${title}</h3><ol class="story">${failure.story.map(
    (sentence, i) =>
      markup`<li${i === failure.story.length - 1 ? markup` class="contradiction"` : null}>${displayText(sentence)}</li>`,
  )}</ol>${
    told.length === 0
      ? null
      : markup`<h4>The few ops that contradict each other</h4>${renderFigure({ title: 'The few ops that contradict each other', spans: told, contradiction: failure.completion, lines })}${opsTable(told, failure.completion, lines)}`
  }${
    drawn === undefined
      ? null
      : markup`<h4>${around}</h4>${drawingFrame(name, around)}<p class="hint">${bases[failure.basis] ?? bases.history}${
          drawn.leftOut > 0
            ? ` Of the ops around it ${plural(drawn.leftOut, 'more op')} ${drawn.leftOut === 1 ? 'is' : 'are'} left out: no more than ${displayCount(1000)} are drawn.`
            : ''
        }</p>`
  }${configurations(failure)}</article>`;
}
