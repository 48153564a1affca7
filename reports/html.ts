/**
 * index.html: one file that needs nothing else. Everything that matters is in the markup and can be read without
 * script; charts and the timeline are drawn by the page's own code (client/) from columns packed into it. A strict
 * Content-Security-Policy admits that code by its hash, and nothing else.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { KeyFailure } from '../checkers/evidence.ts';
import type { Results } from '../harness/results.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { Op } from '../history/op.ts';
import { displayCount, displayMs, displayTime, displayValue, plural } from './display.ts';
import { readFaults } from './fault-windows.ts';
import { renderFigure } from './figure.ts';
import { type Markup, markup, type Part } from './markup.ts';
import { type Measurements, measure } from './measure.ts';
import {
  columnNames,
  encodePage,
  makeColumns,
  neverUs,
  opTypes,
  type PageHead,
  type PageProblem,
} from './page-data.ts';
import { describeOutcome, describeSpan, invocationOf, type Lines, readSpans, type Span } from './spans.ts';
import {
  describeExpected,
  describeRun,
  describeVerdict,
  nodeIdsOf,
  summarizeVerdict,
  type Violation,
  verdictSign,
  violationsOf,
} from './verdict.ts';

export interface ReportInput {
  readonly results: Results;
  readonly spec: TestSpec;
  readonly history: Lines;
}

/** The page's own code and style, as `client/build.js` makes them. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/** Of a longer history the page holds a sample, and all ops around each counterexample. */
export const opsShownMax = 200_000;
/** How many lines before a counterexample's end are always included. */
const problemLinesMax = 20_000;
const prefixShown = 24;

function readAsset(name: string): string {
  const beside = new URL(`./${name}`, import.meta.url);
  const built = new URL(`../dist/reports/${name}`, import.meta.url);
  const url = [beside, built].find((candidate) => existsSync(candidate));
  if (url === undefined) throw new Error(`The report's ${name} has not been built: run npm run build.`);
  return readFileSync(url, 'utf8');
}

/** What the build left beside this file, or in dist/ when it runs from its sources. */
export const builtAssets = (): PageAssets => ({ script: readAsset('client.js'), style: readAsset('client.css') });

/** A violation with the ops that it is told with. */
interface Told extends Violation {
  readonly contradiction: number | undefined;
  readonly minimal: readonly Span[];
  readonly around: readonly Span[];
}

function tell(history: Lines, violations: readonly Violation[]): Told[] {
  const wanted = violations.map(({ failure }) => {
    const contradiction = invocationOf(history, failure.completion);
    const minimal = new Set(failure.conflict ?? failure.minimal);
    const pending = failure.configurations.flatMap((configuration) => configuration.pending);
    const around = new Set([...minimal, ...failure.prefix.slice(-prefixShown), ...pending]);
    if (contradiction !== undefined) around.add(contradiction);
    return { contradiction, minimal, around };
  });
  const all = new Set(wanted.flatMap(({ around }) => [...around]));
  const spans = all.size === 0 ? [] : readSpans(history, ({ index }) => all.has(index));
  return violations.map((violation, i) => {
    const { contradiction, minimal, around } = wanted[i] as (typeof wanted)[number];
    const pick = (set: ReadonlySet<number>): Span[] => spans.filter(({ index }) => set.has(index));
    return { ...violation, contradiction, minimal: pick(minimal), around: pick(around) };
  });
}

const titleOf = ({ checker, failure }: Violation): string =>
  failure.key === null ? `Not ${checker}` : `Key ${displayValue(failure.key, 60)} is not ${checker}`;

function problemOf(told: Told): PageProblem {
  const spans = told.minimal.length > 0 ? told.minimal : told.around;
  const startMs = Math.min(...spans.map(({ startNs }) => startNs)) / 1e6;
  const ends = spans.map(({ startNs, endNs }) => (endNs ?? startNs) / 1e6);
  const last = told.around.find(({ completion }) => completion === told.failure.completion);
  const endMs = Math.max(...ends, (last?.endNs ?? 0) / 1e6);
  return {
    title: titleOf(told),
    startMs,
    endMs,
    atMs: last?.endNs === undefined ? endMs : last.endNs / 1e6,
    ops: spans.map(({ index }) => index),
    contradiction: told.contradiction ?? -1,
  };
}

/** Interned texts; the empty one is 0. */
class Texts {
  readonly all: string[] = [''];
  readonly #places = new Map<string, number>([['', 0]]);
  place(text: string): number {
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.all.length;
      this.all.push(text);
      this.#places.set(text, place);
    }
    return place;
  }
}

function sampling(opsTotal: number, told: readonly Told[]): (invocation: Op, ordinal: number) => boolean {
  const stride = Math.ceil(opsTotal / opsShownMax);
  if (stride <= 1) return () => true;
  const ranges = told.map(({ around, failure }) => {
    const first = Math.min(failure.completion, ...around.map(({ index }) => index));
    return { from: Math.max(first, failure.completion - problemLinesMax), to: failure.completion + 200 };
  });
  return ({ index }, ordinal) => ordinal % stride === 0 || ranges.some(({ from, to }) => from <= index && index <= to);
}

/** Everything that is read from the history before the page is written. */
interface Read {
  readonly measured: Measurements;
  readonly told: readonly Told[];
  readonly faults: ReturnType<typeof readFaults>;
}

function pack(input: ReportInput, { measured, told, faults }: Read): { bytes: Uint8Array; shown: number } {
  const { results, spec, history } = input;
  const texts = new Texts();
  const spans = readSpans(history, sampling(results.stats.invoke, told));
  const columns = makeColumns(spans.length);
  let lastUs = 0;
  spans.forEach((span, row) => {
    const startUs = Math.max(lastUs, Math.floor(span.startNs / 1000));
    columns.index[row] = span.index;
    columns.startDeltaUs[row] = startUs - lastUs;
    columns.durationUs[row] =
      span.endNs === undefined
        ? neverUs
        : Math.min(neverUs - 1, Math.max(0, Math.round((span.endNs - span.startNs) / 1000)));
    columns.process[row] = span.process;
    columns.key[row] = span.key === undefined ? 0 : texts.place(displayValue(span.key, 80));
    columns.input[row] = span.input === null ? 0 : texts.place(displayValue(span.input));
    columns.output[row] = span.type !== 'ok' || span.output === null ? 0 : texts.place(displayValue(span.output));
    columns.error[row] = span.error === undefined ? 0 : texts.place(displayValue(span.error));
    columns.f[row] = texts.place(span.f);
    columns.node[row] = texts.place(span.node ?? '');
    columns.type[row] = opTypes.indexOf(span.type);
    lastUs = startUs;
  });
  const between = ({ startNs, endNs }: { startNs: number; endNs: number }) => ({
    startMs: startNs / 1e6,
    endMs: endNs / 1e6,
  });
  const head: PageHead = {
    durationMs: Math.max(1, measured.durationNs / 1e6),
    concurrency: spec.concurrency,
    nodes: nodeIdsOf(spec),
    texts: texts.all,
    throughput: measured.throughput,
    faults: faults.windows.map((fault) => ({
      f: fault.f,
      label: fault.label,
      detail: fault.detail,
      healed: fault.healed,
      ...between(fault),
    })),
    phases: faults.phases.map((phase) => ({ name: phase.name, ...between(phase) })),
    nodeChanges: results.nodeChanges.map(({ time, node, role, term, primary }) => ({
      timeMs: time / 1e6,
      node,
      role,
      term,
      primary,
    })),
    problems: told.map(problemOf),
    opsTotal: results.stats.invoke,
    opTypes,
    neverUs,
    columns: columnNames,
  };
  return { bytes: encodePage(head, columns), shown: spans.length };
}

const classOf = { true: 'valid', false: 'invalid', unknown: 'unknown' } as const;
const wordOf = { true: 'Valid', false: 'Invalid', unknown: 'Unknown' } as const;

function table(
  caption: string,
  head: readonly Part[],
  rows: readonly (readonly Part[])[],
  numbersFrom = head.length,
): Markup {
  const cell = (part: Part, column: number): Markup =>
    column === 0
      ? markup`<th scope="row">${part}</th>`
      : markup`<td${column >= numbersFrom ? markup` class="number"` : null}>${part}</td>`;
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table><caption class="hidden">${caption}</caption><thead><tr>${head.map(
    (title, column) => markup`<th scope="col"${column >= numbersFrom ? markup` class="number"` : null}>${title}</th>`,
  )}</tr></thead><tbody>${rows.map((row) => markup`<tr>${row.map(cell)}</tr>`)}</tbody></table></div>`;
}

const section = (id: string, title: string, ...content: readonly Part[]): Markup =>
  markup`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content}</section>`;

function heading({ results, spec }: ReportInput): Markup {
  const { stats } = results;
  const expected = describeExpected(results);
  const figures: [string, string][] = [
    [displayCount(stats.invoke), 'ops'],
    [stats.invoke === 0 ? '–' : `${((100 * stats.ok) / stats.invoke).toFixed(1)} %`, 'ok'],
    [displayCount(stats.fail), 'fail'],
    [displayCount(stats.info), 'info'],
    [displayCount(Object.values(results.faults).reduce((sum, count) => sum + count, 0)), 'faults'],
    [displayMs(results.simulatedMs), results.runtime === 'sim' ? 'simulated' : 'run time'],
    [displayMs(results.wallMs), 'wall time'],
  ];
  return markup`<header class="${classOf[`${results.valid}`]}"><p class="identity">${results.target}<span>${results.workload}</span><span>${
    results.nemesis.length === 0 ? 'no nemesis' : results.nemesis.join(', ')
  }</span><span>seed ${results.seed}</span>${results.bug === null ? null : markup`<span>bug ${results.bug}</span>`}</p><h1><span class="sign" aria-hidden="true">${verdictSign(results.valid)}</span>${wordOf[`${results.valid}`]}</h1><p class="why">${describeVerdict(results)}.</p><p class="what">${describeRun(results, spec)}.</p>${
    expected === undefined ? null : markup`<p class="expected">${expected}</p>`
  }<div class="reproduce"><span id="reproduce-label">Reproduce</span><code id="reproduce" tabindex="0" role="textbox" aria-readonly="true" aria-labelledby="reproduce-label">${results.reproduce}</code><button type="button" id="copy">Copy</button></div><dl class="figures">${figures.map(
    ([number, name]) => markup`<div><dt>${name}</dt><dd>${number}</dd></div>`,
  )}</dl></header>`;
}

function checkers({ checkers }: Results): Markup {
  const rows = Object.entries(checkers).map(([name, verdict]) => [
    name,
    markup`<span class="verdict ${classOf[`${verdict.valid}`]}"><span aria-hidden="true">${verdictSign(verdict.valid)}</span> ${wordOf[`${verdict.valid}`].toLowerCase()}</span>`,
    summarizeVerdict(verdict),
  ]);
  return section('checkers', 'Checkers', table('Checkers', ['Checker', 'Verdict', 'Findings'], rows));
}

function opsTable(spans: readonly Span[], completion: number): Markup {
  const rows = spans.map((span) => [
    `client ${span.process}`,
    span.node ?? '',
    markup`<code>${describeSpan(span)}</code>${span.completion === completion ? markup` <span class="verdict invalid">✗ cannot be</span>` : null}`,
    displayTime(span.startNs),
    span.endNs === undefined ? '' : displayTime(span.endNs),
    describeOutcome(span),
  ]);
  return table('Ops of the contradiction', ['Process', 'Node', 'Op', 'From', 'To', 'Outcome'], rows);
}

function notesOf(failure: KeyFailure): Map<number, string> {
  const notes = new Map<number, string>();
  failure.prefix.slice(-prefixShown).forEach((index, i) => {
    notes.set(index, `Number ${i + 1} in the longest order that was found.`);
  });
  for (const { state, pending, whyDead } of failure.configurations) {
    for (const index of pending) {
      notes.set(index, [notes.get(index), `Pending with state ${state}: ${whyDead}`].filter(Boolean).join('\n'));
    }
  }
  return notes;
}

function configurations(failure: KeyFailure): Part {
  if (failure.configurations.length === 0) return null;
  const rows = failure.configurations.map(
    ({ state, pending, whyDead }) =>
      markup`<li data-pending="${pending.join(' ')}" tabindex="0"><code>${state}</code><span>${whyDead}</span></li>`,
  );
  return markup`<h4>What the object could have been just before, and why each possibility dies</h4><ul class="configurations">${rows}</ul>`;
}

function violation(told: Told, number: number): Markup {
  const { failure, minimal, around } = told;
  const notes = notesOf(failure);
  const figure = (title: string, spans: readonly Span[], path: readonly number[]): Markup =>
    renderFigure({ title, spans, path, contradiction: failure.completion, notes });
  const wider = around.length > minimal.length;
  return markup`<article aria-labelledby="violation-${number}"><h3 id="violation-${number}">${titleOf(told)}</h3><ol class="story">${failure.story.map(
    (sentence, i) =>
      markup`<li${i === failure.story.length - 1 ? markup` class="contradiction"` : null}>${sentence}</li>`,
  )}</ol>${
    minimal.length === 0
      ? null
      : markup`<h4>The few ops that contradict each other</h4>${figure('The few ops that contradict each other', minimal, [])}${opsTable(minimal, failure.completion)}`
  }${
    wider
      ? markup`<h4>The ops around it, numbered in the longest order that can be</h4>${figure('The ops around the contradiction', around, failure.prefix.slice(-prefixShown))}`
      : null
  }${configurations(failure)}</article>`;
}

function violations(told: readonly Told[]): Part {
  if (told.length === 0) return null;
  const title = told.length === 1 ? 'The counterexample' : `${told.length} counterexamples`;
  const rest = told.slice(1);
  return section(
    'violations',
    title,
    markup`<p class="hint">Ops stand in the order of the history; time is stretched so that labels fit. Bars that overlap ran at once, and either may have come first.</p>`,
    violation(told[0] as Told, 1),
    rest.length === 0
      ? null
      : markup`<details><summary>${plural(rest.length, 'more counterexample')}</summary>${rest.map((one, i) => violation(one, i + 2))}</details>`,
  );
}

function invariants({ brokenInvariants }: Results): Part {
  if (brokenInvariants.length === 0) return null;
  const rows = brokenInvariants.map(({ name, time, node, reason }) => [name, displayTime(time), node, reason]);
  return section(
    'invariants',
    'Broken invariants',
    table('Broken invariants', ['Invariant', 'First at', 'Node', 'What is wrong'], rows),
  );
}

const overTime = (): Markup =>
  section(
    'over-time',
    'Over time',
    markup`<p class="hint" id="over-time-hint">Drag across a chart to zoom in, double-click to see the whole run. With the keyboard: + and − zoom, ← and → move, 0 shows all.</p><noscript><p>The charts are drawn by the page's script, which this browser does not run.</p></noscript><div id="overview" class="canvas-block" tabindex="0" role="group" aria-labelledby="over-time" aria-describedby="over-time-hint"></div>`,
  );

const timeline = (sampled: boolean): Markup =>
  section(
    'timeline',
    'Timeline of ops',
    markup`<p class="hint" id="timeline-hint">One row per client. Drag to move, scroll with Ctrl or pinch to zoom, point at an op for its details. With the keyboard: + and − zoom, ← and → go from op to op, ↑ and ↓ from client to client, 0 shows all.</p>${
      sampled
        ? markup`<p class="hint">Away from the counterexamples only a sample of the ops is included here.</p>`
        : null
    }<div id="ops-tools" class="tools"></div><div id="ops" class="canvas-block" tabindex="0" role="group" aria-labelledby="timeline" aria-describedby="timeline-hint"></div><p id="ops-said" class="said" aria-live="polite"></p>`,
  );

function faultList({ faults: { windows } }: Read): Markup {
  if (windows.length === 0) return section('faults', 'Faults', markup`<p>No fault happened.</p>`);
  const shown = windows.slice(0, 500);
  const rows = shown.map(({ f, label, detail, startNs, endNs, healed }) => [
    markup`<span class="swatch fault-${f}"></span>${label}`,
    displayTime(startNs),
    healed ? displayTime(endNs) : 'not undone',
    displayMs((endNs - startNs) / 1e6),
    detail,
  ]);
  const list = table('Faults', ['Fault', 'From', 'To', 'For', 'Detail'], rows);
  const more =
    windows.length > shown.length
      ? markup`<p class="hint">The first ${shown.length} of ${displayCount(windows.length)}.</p>`
      : null;
  return section(
    'faults',
    'Faults',
    shown.length > 12
      ? markup`<details><summary>${plural(windows.length, 'fault')}</summary>${list}${more}</details>`
      : list,
  );
}

function statistics({ measured }: Read): Markup {
  const rows = measured.latencies.map(({ f, invoke, ok, fail, info, p50, p95, p99, highest }) => [
    markup`<code>${f}</code>`,
    ...[invoke, ok, fail, info].map(displayCount),
    p50,
    p95,
    p99,
    highest,
  ]);
  const head = ['Op', 'Invoked', 'Ok', 'Fail', 'Info', 'Median', '95 %', '99 %', 'Slowest'];
  return section(
    'statistics',
    'Statistics',
    table('Statistics', head, rows, 1),
    markup`<p class="hint">Latencies are those of ops that were ok.</p>`,
  );
}

function marks({ marks }: Results): Part {
  const rows = Object.entries(marks).map(([name, count]) => [name.replaceAll('-', ' '), displayCount(count)]);
  return rows.length === 0
    ? null
    : section('marks', 'What happened inside', table('Marks', ['Mark', 'Times'], rows, 1));
}

function footing({ results }: ReportInput, shown: number): Markup {
  const sampled = shown < results.stats.invoke;
  return markup`<footer><p>history.jsonl: ${plural(results.history.lines, 'line')}, SHA-256 <code>${results.history.sha256}</code></p>${
    results.store === null ? null : markup`<p>${results.store}</p>`
  }${
    sampled
      ? markup`<p>This page holds ${displayCount(shown)} of ${plural(results.stats.invoke, 'op')}: a sample for the charts and everything around each counterexample. Counts, throughput, and latencies in tables are of all ops.</p>`
      : null
  }</footer>`;
}

const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;

/** The page. `assets` are the built ones unless given. Linear in the history. */
export function renderHtml(input: ReportInput, assets: PageAssets = builtAssets()): string {
  const { results } = input;
  const read: Read = {
    measured: measure(input.history),
    told: tell(input.history, violationsOf(results)),
    faults: readFaults(input.history, nodeIdsOf(input.spec)),
  };
  const { bytes, shown } = pack(input, read);
  // An inline script ends where `</script` first stands, wherever that is.
  const script = assets.script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const { style } = assets;
  const policy = `default-src 'none'; script-src ${sha256(script)}; style-src ${sha256(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
  const title = `${wordOf[`${results.valid}`]}: ${results.target} ${results.workload}, seed ${results.seed}`;
  const body = markup`<main>${heading(input)}${checkers(results)}${violations(read.told)}${invariants(results)}${overTime()}${timeline(shown < results.stats.invoke)}${faultList(read)}${statistics(read)}${marks(results)}${footing(input, shown)}</main><div id="tip" role="tooltip" hidden></div>`;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">',
    `${markup`<title>${title}</title>`}<style>${style}</style></head>`,
    `<body>${body}`,
    `<script type="application/octet-stream" id="data">${gzipSync(bytes, { level: 6 }).toString('base64')}</script>`,
    `<script>${script}</script></body></html>\n`,
  ].join('\n');
}
