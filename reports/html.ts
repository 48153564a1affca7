/**
 * index.html: one file that needs nothing else. Everything that matters is in the markup and can be read without
 * script; charts, the timeline, and what is around a counterexample are drawn by the page's own code (client/) from
 * what is packed into the page.
 */
import type { Results } from '../harness/results.ts';
import { nodeIdsOf, type TestSpec } from '../harness/spec.ts';
import type { Op } from '../history/op.ts';
import { worstFirst } from './anomaly-words.ts';
import { type Counterexample, drawingHint, drawingId, renderCounterexample, titleOf } from './counterexample.ts';
import { hasDetails, renderDetails } from './details.ts';
import { displayCount, displayMs, displayTime, displayValue, plural } from './display.ts';
import { drawAll, encodeDrawings, fitting, subjectOf } from './drawing.ts';
import { readFaults } from './fault-windows.ts';
import { type Markup, markup, type Part } from './markup.ts';
import { type Measurements, measure } from './measure.ts';
import { builtAssets, classOf, type PageAssets, renderPage, section, table, wordOf } from './page.ts';
import {
  columnNames,
  encodePage,
  makeColumns,
  neverUs,
  opTypes,
  type PageHead,
  type PageProblem,
} from './page-data.ts';
import { invocationOf, type Lines, readSpans, type Span } from './spans.ts';
import { Room, renderTransactional } from './transactional.ts';
import {
  casesOf,
  describeExpected,
  describeRun,
  describeVerdict,
  isTransactional,
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

/** Of a longer history the page holds a sample, and all ops around each counterexample. */
export const opsShownMax = 200_000;
/** How many lines before a counterexample's end are always included. */
const problemLinesMax = 20_000;
const prefixShown = 24;
/** Anomalies that are marked in the charts, at most. */
const anomaliesMax = 8;

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

function problemOf(told: Told, label: string): PageProblem {
  const spans = told.minimal.length > 0 ? told.minimal : told.around;
  const startMs = Math.min(...spans.map(({ startNs }) => startNs)) / 1e6;
  const ends = spans.map(({ startNs, endNs }) => (endNs ?? startNs) / 1e6);
  const last = told.around.find(({ completion }) => completion === told.failure.completion);
  const endMs = Math.max(...ends, (last?.endNs ?? 0) / 1e6);
  return {
    label,
    startMs,
    endMs,
    atMs: last?.endNs === undefined ? endMs : last.endNs / 1e6,
    ops: spans.map(({ index }) => index),
    contradiction: told.contradiction ?? -1,
  };
}

/** The worst anomalies of transactions, the first case of each. */
function anomaliesIn(history: Lines, { checkers }: Results): PageProblem[] {
  const cases = Object.values(checkers).flatMap((verdict) => {
    if (verdict.valid !== false || !isTransactional(verdict)) return [];
    return worstFirst(verdict.anomalies).flatMap((anomaly) => {
      const [first] = casesOf(verdict, anomaly);
      return first === undefined ? [] : [{ anomaly, ops: first.ops }];
    });
  });
  const shown = cases.slice(0, anomaliesMax);
  const wanted = new Set(shown.flatMap(({ ops }) => ops));
  const spans = new Map(
    (wanted.size === 0 ? [] : readSpans(history, ({ index }) => wanted.has(index))).map((span) => [span.index, span]),
  );
  return shown.flatMap(({ anomaly, ops }) => {
    const all = ops.flatMap((line) => spans.get(line) ?? []);
    if (all.length === 0) return [];
    const endMs = Math.max(...all.map(({ startNs, endNs }) => (endNs ?? startNs) / 1e6));
    const startMs = Math.min(...all.map(({ startNs }) => startNs / 1e6));
    return [{ label: anomaly, startMs, endMs, atMs: endMs, ops: all.map(({ index }) => index), contradiction: -1 }];
  });
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

function sampling(
  opsTotal: number,
  told: readonly Told[],
  anomalies: readonly PageProblem[],
): (invocation: Op, ordinal: number) => boolean {
  const stride = Math.ceil(opsTotal / opsShownMax);
  if (stride <= 1) return () => true;
  const ranges = told.map(({ around, failure }) => {
    const first = Math.min(failure.completion, ...around.map(({ index }) => index));
    return { from: Math.max(first, failure.completion - problemLinesMax), to: failure.completion + 200 };
  });
  const wanted = new Set(anomalies.flatMap(({ ops }) => ops));
  return ({ index }, ordinal) =>
    ordinal % stride === 0 || wanted.has(index) || ranges.some(({ from, to }) => from <= index && index <= to);
}

/** Everything that is read from the history before the page is written. */
interface Read {
  readonly measured: Measurements;
  readonly told: readonly Told[];
  readonly anomalies: readonly PageProblem[];
  readonly faults: ReturnType<typeof readFaults>;
}

function pack(input: ReportInput, { measured, told, anomalies, faults }: Read): { bytes: Uint8Array; shown: number } {
  const { results, spec, history } = input;
  const texts = new Texts();
  const spans = readSpans(history, sampling(results.stats.invoke, told, anomalies));
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
    problems: [
      ...told.map((one, i) => problemOf(one, told.length === 1 ? 'Counterexample' : `Counterexample ${i + 1}`)),
      ...anomalies,
    ],
    opsTotal: results.stats.invoke,
    opTypes,
    neverUs,
    columns: columnNames,
  };
  return { bytes: encodePage(head, columns), shown: spans.length };
}

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

function violations(examples: readonly Counterexample[], history: Lines): Part {
  const [first, ...rest] = examples.map((example) => renderCounterexample(example, history));
  if (first === undefined) return null;
  return section(
    'violations',
    rest.length === 0 ? 'The counterexample' : `${examples.length} counterexamples`,
    drawingHint,
    first,
    rest.length === 0
      ? null
      : markup`<details><summary>${plural(rest.length, 'more counterexample')}</summary>${rest}</details>`,
  );
}

/** What the checkers of transactions found, and what others tell beside their verdicts, a section each: those of bad verdicts apart. */
async function findings({ checkers }: Results, history: Lines): Promise<{ bad: Markup[]; others: Markup[] }> {
  const room = new Room();
  const [bad, others]: [Markup[], Markup[]] = [[], []];
  for (const [number, [name, verdict]] of Object.entries(checkers).entries()) {
    const id = `findings-${number + 1}`;
    const sections = verdict.valid === true ? others : bad;
    if (isTransactional(verdict)) {
      sections.push(section(id, `Transactions: ${name}`, await renderTransactional(id, verdict, history, room)));
    } else if (!shownElsewhere.has(name) && hasDetails(verdict)) {
      sections.push(section(id, `Details: ${name}`, room.fit(renderDetails(id, verdict, history)) ?? noRoom));
    }
  }
  return { bad, others };
}

/** Checkers whose findings have sections of their own: statistics and faults. */
const shownElsewhere: ReadonlySet<string> = new Set(['stats', 'faults']);

const noRoom = markup`<p class="hint">There is no room for them here; results.json has them.</p>`;

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

/** The page. `assets` are the built ones unless given. Linear in the history. */
export async function renderHtml(input: ReportInput, assets: PageAssets = builtAssets()): Promise<string> {
  const { results, history } = input;
  const read: Read = {
    measured: measure(history),
    told: tell(history, violationsOf(results)),
    anomalies: anomaliesIn(history, results),
    faults: readFaults(history, nodeIdsOf(input.spec)),
  };
  const { bytes, shown } = pack(input, read);
  const subjects = read.told.map(({ failure }, i) => subjectOf(drawingId(`${i + 1}`), history, failure));
  const drawn = fitting(drawAll(history, subjects, read.faults.windows));
  const examples = read.told.map(({ checker, failure, minimal }, i): Counterexample => {
    const name = `${i + 1}`;
    return { name, title: titleOf(checker, failure), failure, told: minimal, drawn: drawn[i] };
  });
  const found = await findings(results, history);
  return renderPage(
    {
      title: `${wordOf[`${results.valid}`]}: ${results.target} ${results.workload}, seed ${results.seed}`,
      body: [
        heading(input),
        checkers(results),
        violations(examples, history),
        found.bad,
        invariants(results),
        overTime(),
        timeline(shown < results.stats.invoke),
        faultList(read),
        statistics(read),
        found.others,
        marks(results),
        footing(input, shown),
      ],
      data: new Map([
        ['data', bytes],
        ['drawings', encodeDrawings(drawn)],
      ]),
    },
    assets,
  );
}
