/**
 * What a checker of transactions found, on a page: the models that are ruled out, and of each anomaly what it is, its story, its
 * cycle as a graph, the reads that disagree, and the few transactions that show it. Bounded, whatever the verdict.
 */
import type { Evidence, TransactionalVerdict } from '../checkers/transactional/evidence.ts';
import { describeAnomaly, worstFirst } from './anomaly-words.ts';
import { canBeDrawn, drawnTransactionsMax, renderCycle } from './cycle-graph.ts';
import { cut, displayCount, displayText, plural } from './display.ts';
import { type Markup, markup, type Part } from './markup.ts';
import { table } from './page.ts';
import { renderReads } from './read-matrix.ts';
import { describeOutcome, type Lines, readSpans, type Span } from './spans.ts';
import { microOpsOf } from './transaction-text.ts';
import { casesOf } from './verdict.ts';

/** Anomalies that are shown at once; the others when they are asked for. */
const openMax = 6;

/** Of one anomaly cases, of one case sentences and transactions, of a transaction micro-ops, at most. */
const casesMax = 3;
const sentencesMax = 24;
const lastSentences = 4;
const transactionsMax = 40;
const microOpsMax = 16;
/** Characters of a sentence. */
const sentenceMax = 500;
/** Names of models in one list. */
const namesMax = 60;

/** Bytes of all cases of anomalies on one page. */
const anomalyBytesMax = 500_000;

/** What is left of that; it may be shared by several verdicts. */
export class Room {
  #bytes: number;

  constructor(bytes = anomalyBytesMax) {
    this.#bytes = bytes;
  }

  /** The part, or null where there is no room for it. */
  fit(part: Markup): Markup | null {
    const bytes = Buffer.byteLength(part.text);
    if (bytes > this.#bytes) return null;
    this.#bytes -= bytes;
    return part;
  }
}

/** One case of an anomaly, and where on the page it is. */
interface Case {
  readonly id: string;
  readonly anomaly: string;
  readonly evidence: Evidence;
}

/** The findings, without a heading of their own. `id` is a part of ids of the page. Reads the history once. */
export async function renderTransactional(
  id: string,
  verdict: TransactionalVerdict,
  lines: Lines,
  room: Room,
): Promise<Markup> {
  const prohibited = worstFirst(verdict.anomalies).filter((anomaly) => casesOf(verdict, anomaly).length > 0);
  const allowed = worstFirst(verdict.otherAnomalies).filter((anomaly) => casesOf(verdict, anomaly).length > 0);
  const cases = [...prohibited, ...allowed].map((anomaly, number) =>
    casesOf(verdict, anomaly)
      .slice(0, casesMax)
      .map((evidence, place): Case => ({ id: `${id}-${number + 1}-${place + 1}`, anomaly, evidence })),
  );
  const wanted = new Set(cases.flat().flatMap(({ evidence }) => linesShown(evidence)));
  const told = wanted.size === 0 ? [] : readSpans(lines, ({ index }) => wanted.has(index));
  const spans = new Map(told.map((span) => [span.index, span]));
  const rendered = cases.map((): (Markup | null)[] => []);
  // The first case of every anomaly before the second of any, as long as there is room.
  for (let place = 0; place < casesMax; place++) {
    for (const [number, ofOne] of cases.entries()) {
      const one = ofOne[place];
      if (one !== undefined) rendered[number]!.push(room.fit(await renderCase(one, spans, lines)));
    }
  }
  const articles = cases.map((ofOne, number) =>
    renderAnomaly(`${id}-${number + 1}`, verdict, ofOne[0]!.anomaly, rendered[number]!),
  );
  const bad = articles.slice(0, prohibited.length);
  const others = articles.slice(prohibited.length);
  const more = bad.splice(openMax);
  return markup`${renderModels(verdict)}${bad}${
    more.length === 0
      ? null
      : markup`<details><summary>${plural(more.length, 'more kind')} of anomaly</summary>${more}</details>`
  }${
    others.length === 0
      ? null
      : markup`<details><summary>${plural(others.length, 'kind')} of anomaly that the models asked for allow</summary>${others}</details>`
  }`;
}

const linesShown = ({ minimal, steps = [] }: Evidence): number[] => [
  ...minimal.slice(0, transactionsMax),
  ...steps.map(({ from }) => from),
];

function renderModels({ models, not, alsoNot, undecided, transactions }: TransactionalVerdict): Markup {
  const rows: [string, Part][] = [
    ['Asked for', nameList(models)],
    ['Ruled out', not.length === 0 ? 'nothing' : nameList(not)],
    ...(alsoNot.length === 0 ? [] : [['And so, as they are stronger', nameList(alsoNot)] as [string, Part]]),
    ...(undecided.length === 0 ? [] : [['Left undecided', nameList(undecided)] as [string, Part]]),
    ['Transactions', displayCount(transactions)],
  ];
  return markup`<dl class="facts">${rows.map(([name, text]) => markup`<div><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>`;
}

function nameList(names: readonly string[]): string {
  const shown = names.slice(0, namesMax).map((name) => cut(displayText(name), 60));
  const left = names.length - shown.length;
  return `${shown.join(', ')}${left > 0 ? `, and ${displayCount(left)} more` : ''}`;
}

function renderAnomaly(
  id: string,
  verdict: TransactionalVerdict,
  anomaly: string,
  rendered: readonly (Markup | null)[],
): Markup {
  const [first, ...rest] = rendered;
  const more = rest.filter((one) => one !== null);
  const left = casesOf(verdict, anomaly).length - (first == null ? 0 : 1) - more.length;
  const meaning = describeAnomaly(anomaly);
  return markup`<article class="anomaly" aria-labelledby="${id}"><h3 id="${id}">${displayText(anomaly)}</h3>${
    meaning === undefined ? null : markup`<p class="meaning">${meaning}</p>`
  }${first ?? null}${
    more.length === 0
      ? null
      : markup`<details><summary>${plural(more.length, 'more case')} of it</summary>${more.map(
          (one, i) => markup`<h4>Case ${i + 2}</h4>${one}`,
        )}</details>`
  }${
    left > 0
      ? markup`<p class="hint">${plural(left, 'more case')} that the checker tells of: not shown here.</p>`
      : null
  }</article>`;
}

async function renderCase(
  { id, anomaly, evidence }: Case,
  spans: ReadonlyMap<number, Span>,
  lines: Lines,
): Promise<Markup> {
  const graph = canBeDrawn(evidence) ? await renderCycle(id, anomaly, evidence.steps!, spans, lines) : null;
  return markup`<div class="case">${renderStory(evidence)}${graph ?? describeCycle(evidence)}${
    evidence.reads === undefined ? null : renderReads(evidence.reads, evidence.ops)
  }${renderMinimal(evidence, spans, lines)}</div>`;
}

function renderStory({ story }: Evidence): Markup {
  const sentence = (text: string, last: boolean): Markup =>
    markup`<li${last ? markup` class="contradiction"` : null}>${cut(displayText(text), sentenceMax)}</li>`;
  const left = story.length - sentencesMax;
  if (left <= 0) {
    return markup`<ol class="story">${story.map((text, i) => sentence(text, i === story.length - 1))}</ol>`;
  }
  const head = story.slice(0, sentencesMax - lastSentences);
  const tail = story.slice(-lastSentences);
  return markup`<ol class="story">${head.map((text) => sentence(text, false))}</ol><p class="hint">${plural(left, 'more sentence')} left out here.</p><ol class="story" start="${
    story.length - lastSentences + 1
  }">${tail.map((text, i) => sentence(text, i === lastSentences - 1))}</ol>`;
}

/** Of a cycle that is too long to be drawn. */
function describeCycle({ steps, length = 0 }: Evidence): Part {
  if (steps === undefined || length <= drawnTransactionsMax) return null;
  return markup`<p class="hint">The cycle has ${displayCount(length)} transactions; no more than ${drawnTransactionsMax} are drawn.</p>`;
}

function renderMinimal(
  { minimal, ops, steps, length }: Evidence,
  spans: ReadonlyMap<number, Span>,
  lines: Lines,
): Part {
  if (minimal.length === 0) return null;
  // Of a long cycle some steps are left out: each of the others says what its first transaction is called.
  const names = new Map(
    steps === undefined
      ? ops.map((line, i) => [line, `T${i + 1}`])
      : steps.map(({ from, because }) => [from, /^T\d+/.exec(because)?.[0] ?? '']),
  );
  const isWhole = steps === undefined || steps.length === length;
  const shown = minimal.slice(0, transactionsMax).flatMap((line) => spans.get(line) ?? []);
  const rows = shown.map((span) => [
    names.get(span.index) ?? (isWhole ? 'shows order' : ''),
    `${span.process}`,
    markup`<span class="unbroken">${lineText(span, lines)}</span>`,
    markup`<code>${transactionText(span)}</code>`,
    describeOutcome(span),
  ]);
  const left = minimal.length - shown.length;
  const title = 'The few transactions that show it';
  return markup`<h4>${title}</h4>${table(title, ['Transaction', 'Process', 'Lines', 'What it did', 'Outcome'], rows)}${
    left > 0 ? markup`<p class="hint">The first ${shown.length} of ${displayCount(minimal.length)}.</p>` : null
  }`;
}

function lineText({ index, completion }: Span, lines: Lines): string {
  const line = (at: number): number => lines.line?.(at) ?? at + 1;
  return completion === undefined ? `${line(index)}` : `${line(index)}, ${line(completion)}`;
}

function transactionText(span: Span): string {
  const all = microOpsOf(span);
  const left = all.length - microOpsMax;
  const shown = all.slice(0, microOpsMax).map(({ text }) => text);
  return `${shown.join('; ')}${left > 0 ? `; … and ${left} more` : ''}`;
}
