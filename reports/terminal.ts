/** The summary that a person reads when a run ends: the verdict first, the line that reproduces it last. */
import { styleText } from 'node:util';
import type { Validity } from '../checkers/checker.ts';
import type { Finding } from '../checkers/classic/findings.ts';
import type { KeyFailure } from '../checkers/evidence.ts';
import type { Results } from '../harness/results.ts';
import type { TestSpec } from '../harness/spec.ts';
import { describeAnomaly } from './anomaly-words.ts';
import { cut, displayCount, displayMs, displayText, displayTime, displayValue, plural } from './display.ts';
import { tellStory } from './finding-story.ts';
import { describeOutcome, describeSpan, type Lines, readSpans, type Span } from './spans.ts';
import {
  describeExpected,
  describeFaults,
  describeVerdict,
  summarizeVerdict,
  verdictSign,
  verdictWord,
  violationsOf,
  worstAnomaly,
} from './verdict.ts';

export interface Summary {
  readonly results: Results;
  readonly spec: TestSpec;
  /** For the table of ops of a counterexample. */
  readonly history: Lines;
}

export interface Terminal {
  readonly colours: boolean;
  /** Characters on a line. */
  readonly columns: number;
}

/** What a stream can show: colours on a terminal only, and not where NO_COLOR is set (no-color.org). */
export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  const refused = environment.NO_COLOR !== undefined && environment.NO_COLOR !== '';
  return { colours: stream.isTTY === true && !refused, columns: stream.columns ?? 100 };
}

type Style = Parameters<typeof styleText>[0];

const styleOf = (valid: Validity): Style => (valid === true ? 'green' : valid === false ? 'red' : 'yellow');

/** Words on lines of at most `columns` characters, those after the first indented; a longer word is left whole. */
function wrap(text: string, columns: number, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of displayText(text).split(' ')) {
    if (!empty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  lines.push(line);
  return lines;
}

class SummaryWriter {
  readonly #lines: string[] = [];
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  styled(style: Style, text: string): string {
    return this.#terminal.colours ? styleText(style, text, { validateStream: false }) : text;
  }

  line(text = ''): void {
    this.#lines.push(text);
  }

  /** A paragraph, wrapped, then styled line by line. */
  paragraph(text: string, first = '', rest = first, style?: Style): void {
    for (const line of wrap(text, this.#terminal.columns, first, rest)) {
      this.line(style === undefined ? line : this.styled(style, line));
    }
  }

  /** `label     text`, wrapped under the text. */
  field(label: string, text: string): void {
    const indent = ' '.repeat(12);
    const lines = wrap(text, this.#terminal.columns, indent, indent);
    this.line(`  ${this.styled('dim', label.padEnd(10))}${(lines[0] as string).slice(12)}`);
    for (const line of lines.slice(1)) this.line(line);
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

function writeOps(writer: SummaryWriter, spans: readonly Span[], contradiction: number, columns: number): void {
  const rows = spans.map((span) => [
    `client ${span.process}`,
    displayText(span.node ?? ''),
    displayTime(span.startNs),
    span.endNs === undefined ? '…' : displayTime(span.endNs),
    displayText(describeSpan(span)),
    describeOutcome(span),
  ]);
  const header = ['process', 'node', 'from', 'to', 'op', 'outcome'];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const format = (row: readonly string[], mark: string): string =>
    `  ${mark} ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd().slice(0, columns);
  writer.line(writer.styled('dim', format(header, ' ')));
  rows.forEach((row, i) => {
    const impossible = spans[i]?.completion === contradiction;
    const text = format(row, impossible ? '✗' : ' ');
    writer.line(impossible ? writer.styled('red', text) : text);
  });
}

function writeFailure(
  writer: SummaryWriter,
  failure: KeyFailure,
  spans: ReadonlyMap<number, Span>,
  columns: number,
): void {
  const title = failure.key === null ? 'Why it cannot be' : `Why key ${displayValue(failure.key, 40)} cannot be`;
  writer.line();
  writer.line(`  ${writer.styled('bold', title)}`);
  failure.story.forEach((sentence, i) => {
    const number = `  ${String(i + 1).padStart(2)}. `;
    writer.paragraph(sentence, number, ' '.repeat(number.length));
  });
  const minimal = (failure.conflict ?? failure.minimal).flatMap((index) => spans.get(index) ?? []);
  if (minimal.length === 0) return;
  writer.line();
  writeOps(writer, minimal, failure.completion, columns);
}

function writeViolations(writer: SummaryWriter, { results, history }: Summary, columns: number): void {
  const violations = violationsOf(results);
  const first = violations[0];
  if (first === undefined) return;
  const minimal = new Set(first.failure.conflict ?? first.failure.minimal);
  const spans = new Map(readSpans(history, ({ index }) => minimal.has(index)).map((span) => [span.index, span]));
  writeFailure(writer, first.failure, spans, columns);
  if (violations.length > 1) {
    writer.line();
    writer.line(`  ${plural(violations.length - 1, 'more counterexample')} in the report.`);
  }
}

/** Sentences of a story, and models, on a terminal; the report has more. */
const sentencesMax = 6;
const sentenceMax = 500;
const opsMax = 6;
const opMax = 200;
const modelsMax = 8;

function writeAnomaly(writer: SummaryWriter, { results, history }: Summary): void {
  const [first] = Object.values(results.checkers).flatMap((verdict) => worstAnomaly(verdict) ?? []);
  if (first === undefined) return;
  const { verdict, anomaly } = first;
  const meaning = describeAnomaly(anomaly);
  writer.line();
  writer.line(`  ${writer.styled('bold', displayText(anomaly))}`);
  if (meaning !== undefined) writer.paragraph(meaning, '  ');
  const { story, ops } = first.evidence;
  const told = new Set(ops.slice(0, opsMax));
  const spans = new Map(readSpans(history, ({ index }) => told.has(index)).map((span) => [span.index, span]));
  [...told].forEach((line, i) => {
    const span = spans.get(line);
    if (span !== undefined)
      writer.paragraph(cut(displayText(describeSpan(span)), opMax), `   T${i + 1}: `, ' '.repeat(7));
  });
  story.slice(0, sentencesMax).forEach((sentence, i) => {
    const number = `  ${String(i + 1).padStart(2)}. `;
    writer.paragraph(cut(sentence, sentenceMax), number, ' '.repeat(number.length));
  });
  if (story.length > sentencesMax)
    writer.line(`      ${plural(story.length - sentencesMax, 'more sentence')} in the report.`);
  const others = verdict.anomalies.length - 1;
  writer.line();
  writer.field('ruled out', modelList(verdict.not));
  if (verdict.alsoNot.length > 0) writer.field('with it', modelList(verdict.alsoNot));
  if (others > 0) writer.line(`  ${plural(others, 'more kind')} of anomaly in the report.`);
}

function modelList(models: readonly string[]): string {
  const left = models.length - modelsMax;
  return left > 0 ? `${models.slice(0, modelsMax).join(', ')}, and ${left} more` : models.join(', ');
}

/** How the first finding that has a story came about. */
function writeStory(writer: SummaryWriter, { results, history }: Summary): void {
  const findings = Object.values(results.checkers)
    .filter(({ valid }) => valid === false)
    .flatMap(({ findings }) => (Array.isArray(findings) ? (findings as readonly Finding[]) : []));
  const finding = findings.find((each) => each.story !== undefined);
  if (finding === undefined) return;
  writer.line();
  writer.line(`  ${writer.styled('bold', `How it came about: ${displayText(finding.kind)}`)}`);
  tellStory(finding, history).forEach((sentence, i) => {
    const number = `  ${String(i + 1).padStart(2)}. `;
    writer.paragraph(cut(displayText(sentence), sentenceMax), number, ' '.repeat(number.length));
  });
}

/** The summary, lines ending with a newline. Linear in the history when there is a violation, else small. */
export function renderSummary(summary: Summary, terminal: Terminal): string {
  const { results, spec } = summary;
  const { stats } = results;
  const writer = new SummaryWriter(terminal);
  const style = styleOf(results.valid);
  writer.line(
    writer.styled([style, 'bold'].flat() as Style, `${verdictWord(results.valid)} ${verdictSign(results.valid)}`),
  );
  writer.paragraph(`${describeVerdict(results)}.`, '  ');
  const expected = describeExpected(results);
  if (expected !== undefined) writer.paragraph(expected, '  ', '  ', 'yellow');
  writer.line();
  const nemesis = results.nemesis.length === 0 ? 'no nemesis' : `nemesis ${results.nemesis.join(', ')}`;
  const bug = results.bug === null ? '' : `, bug ${results.bug}`;
  writer.field(
    'test',
    `${results.target}, ${results.workload}, ${nemesis}${bug}, ${plural(spec.nodes, 'node')}, ${plural(spec.concurrency, 'client')}, seed ${results.seed}`,
  );
  writer.field(
    'time',
    results.runtime === 'sim'
      ? `${displayMs(results.simulatedMs)} simulated in ${displayMs(results.wallMs)}`
      : `${displayMs(results.wallMs)}, ${results.runtime} runtime`,
  );
  writer.field(
    'ops',
    `${displayCount(stats.invoke)}: ${displayCount(stats.ok)} ok, ${displayCount(stats.fail)} fail, ${displayCount(stats.info)} info`,
  );
  writer.field('faults', describeFaults(results.faults));
  const broken = results.brokenInvariants[0];
  if (broken !== undefined) {
    writer.field(
      'invariant',
      `${broken.name} broken on ${broken.node} at ${displayTime(broken.time)}: ${broken.reason}`,
    );
  }
  writer.line();
  const width = Math.max(0, ...Object.keys(results.checkers).map((name) => name.length));
  for (const [name, verdict] of Object.entries(results.checkers)) {
    const sign = writer.styled(styleOf(verdict.valid), verdictSign(verdict.valid));
    const text = wrap(summarizeVerdict(verdict), terminal.columns, ' '.repeat(width + 6), ' '.repeat(width + 6));
    writer.line(`  ${sign} ${name.padEnd(width)}  ${(text[0] as string).trimStart()}`.trimEnd());
    for (const line of text.slice(1)) writer.line(line);
  }
  writeViolations(writer, summary, terminal.columns);
  writeAnomaly(writer, summary);
  writeStory(writer, summary);
  writer.line();
  if (results.report !== null) writer.field('report', results.report);
  else if (results.store !== null) writer.field('store', results.store);
  // Never wrapped: it is there to be copied.
  writer.line(`  ${writer.styled('dim', 'reproduce'.padEnd(10))}${results.reproduce}`);
  return writer.toString();
}
