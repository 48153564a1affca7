/**
 * What a checker says beside valid and reason, whatever it is: numbers as a list of facts, lists and records as tables, findings as
 * sentences with their lines. By the names of fields alone: `lostCount` beside `lost` counts it, `…Ns` and `…Ms` are durations,
 * `read` or `lines` are lines of the history. Bounded, whatever the verdict.
 */
import type { Verdict } from '../checkers/checker.ts';
import type { Finding } from '../checkers/classic/findings.ts';
import { fromJson, type Json } from '../history/value.ts';
import { cut, displayCount, displayMs, displayText, plural } from './display.ts';
import { isScalar, lineFields, type Scalar, scalarText, wordsOf } from './field-text.ts';
import { hasStory, tellStory } from './finding-story.ts';
import { type Markup, markup, type Part } from './markup.ts';
import { classOf, table, wordOf } from './page.ts';
import { renderPhases } from './phases.ts';
import type { Lines } from './spans.ts';
import { displayJson } from './transaction-text.ts';
import { renderWindows } from './windows.ts';

/** Facts, elements of a list in one line, tables, rows and columns of a table, findings, and keys, at most. */
const factsMax = 40;
const elementsMax = 24;
const tablesMax = 12;
const rowsMax = 30;
const columnsMax = 10;
const findingsMax = 40;
const keysMax = 6;
const longestElement = 40;
const longestText = 300;

/** Fields that are told apart from the others. */
const toldApart: ReadonlySet<string> = new Set([
  'valid',
  'reason',
  'findings',
  'results',
  'phases',
  'longestOutage',
  'windows',
  'windowNs',
]);

type Fields = { readonly [name: string]: unknown };

/** Whether a verdict has more to tell than a line can hold. Counterexamples are told as such. */
export function hasDetails(verdict: Verdict): boolean {
  if (Array.isArray(verdict.failures) || verdict.failure !== undefined) return false;
  return Object.values(verdict).some((field) =>
    Array.isArray(field) ? field.length > 0 : isRecord(field) && Object.keys(field).length > 0,
  );
}

/** Whether it is one of a classic checker, whose details are its evidence. */
export const hasFindings = (verdict: Verdict): boolean =>
  ['findings', 'results', 'phases', 'windows'].some((name) => Array.isArray(verdict[name]));

/** The details, without a heading. `id` is a part of ids of the page. */
export function renderDetails(id: string, verdict: Verdict, lines: Lines): Markup {
  const { findings, results, phases, windows, windowNs } = verdict;
  const facts = factsOf(verdict, lines);
  const tables = Object.entries(verdict)
    .filter(([name]) => !toldApart.has(name))
    .flatMap(([name, field]) => renderField(name, field, lines) ?? []);
  return markup`${renderFacts(facts)}${latencies(verdict)}${tables.slice(0, tablesMax)}${
    tables.length > tablesMax ? hint(tables.length - tablesMax, 'more table') : null
  }${
    Array.isArray(phases) ? renderPhases(phases, verdict.longestOutage, lines) : null
  }${Array.isArray(windows) ? renderWindows(id, windows, typeof windowNs === 'number' ? windowNs : 0) : null}${
    Array.isArray(findings) ? renderFindings(findings, lines) : null
  }${Array.isArray(results) ? renderKeys(id, results, lines) : null}`;
}

function factsOf(verdict: Verdict, lines: Lines): [string, Part][] {
  const facts: [string, Part][] = [];
  for (const [name, field] of Object.entries(verdict)) {
    if (toldApart.has(name) || field === undefined) continue;
    if (isScalar(field)) {
      const listed = verdict[name.replace(/Count$/, '')];
      if (!name.endsWith('Count')) facts.push([wordsOf(name), scalarText(name, field, lines)]);
      else if (isListOfScalars(listed) && listed.length > 0) {
        const base = name.replace(/Count$/, '');
        facts.push([
          wordsOf(base),
          markup`${scalarText(name, field, lines)}: ${listText(base, listed, lines, Number(field))}`,
        ]);
      } else facts.push([wordsOf(name), scalarText(name, field, lines)]);
    } else if (isListOfScalars(field) && field.length > 0 && !isScalar(verdict[`${name}Count`])) {
      facts.push([wordsOf(name), listText(name, field, lines)]);
    } else if (isShort(field)) facts.push([wordsOf(name), cellText(name, field, lines)]);
  }
  return facts;
}

/** A record that is told in a line. */
const isShort = (field: unknown): field is Fields =>
  isRecord(field) &&
  !isQuantiles(field) &&
  Object.keys(field).length > 0 &&
  Object.keys(field).length <= columnsMax &&
  Object.values(field).every((value) => isScalar(value));

function renderFacts(facts: readonly [string, Part][]): Part {
  if (facts.length === 0) return null;
  const shown = facts.slice(0, factsMax);
  return markup`<dl class="facts">${shown.map(
    ([name, text]) => markup`<div><dt>${cut(displayText(name), longestElement)}</dt><dd>${text}</dd></div>`,
  )}</dl>${facts.length > shown.length ? hint(facts.length - shown.length, 'more field') : null}`;
}

/** `total` is how many there are of what is listed. */
function listText(name: string, list: readonly Scalar[], lines: Lines, total = list.length): Markup {
  const isLines = lineFields.has(name);
  const shown = list
    .slice(0, elementsMax)
    .map((element) => (isLines ? scalarText('lines', element, lines) : plainText(element)));
  const left = total - shown.length;
  return markup`<code>${shown.join(', ')}</code>${left > 0 ? ` and ${displayCount(left)} more` : null}`;
}

/** All durations of which quantiles are given, in one table. */
function latencies(verdict: Verdict): Part {
  const rows = Object.entries(verdict).filter((entry): entry is [string, Quantiles] => isQuantiles(entry[1]));
  if (rows.length === 0) return null;
  const ms = (ns: number): string => displayMs(ns / 1e6);
  return table(
    'Durations',
    ['Of what', 'Least', 'Median', '95 %', '99 %', 'Greatest'],
    rows.map(([name, { min, p50, p95, p99, max }]) => [wordsOf(name), ...[min, p50, p95, p99, max].map(ms)]),
    1,
  );
}

interface Quantiles {
  readonly min: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

const isQuantiles = (field: unknown): field is Quantiles =>
  isRecord(field) && ['min', 'p50', 'p95', 'p99', 'max'].every((name) => typeof field[name] === 'number');

/** A table of a list of records, or of a record of records or numbers; null where it is told otherwise. */
function renderField(name: string, field: unknown, lines: Lines): Part {
  if (field === null || typeof field !== 'object' || isQuantiles(field) || isShort(field)) return null;
  if (Array.isArray(field) && (field.length === 0 || isListOfScalars(field))) return null;
  const rows: [string | null, unknown][] = Array.isArray(field)
    ? field.map((row) => [null, row])
    : Object.entries(field).map(([key, row]) => [key, row]);
  if (rows.length === 0) return null;
  const title = cut(displayText(capital(wordsOf(name))), longestElement);
  const shown = rows.slice(0, rowsMax);
  const isNamed = !Array.isArray(field);
  const fields = new Set(shown.flatMap(([, row]) => (isRecord(row) ? Object.keys(row) : [''])));
  const columns = [...fields].slice(0, columnsMax);
  const cells = (row: unknown): Part[] =>
    columns.map((column) => {
      if (column === '') return isRecord(row) ? '' : cellText(name, row, lines);
      return isRecord(row) && row[column] !== undefined ? cellText(column, row[column], lines) : '';
    });
  const head = [
    isNamed ? 'Name' : '#',
    ...columns.map((column) => (column === '' ? 'Value' : cut(displayText(capital(wordsOf(column))), longestElement))),
  ];
  return markup`<h3>${title}</h3>${table(
    title,
    head,
    shown.map(([key, row], i) => [key === null ? i + 1 : cut(displayText(key), longestElement), ...cells(row)]),
  )}${rows.length > shown.length ? markup`<p class="hint">The first ${shown.length} of ${displayCount(rows.length)}.</p>` : null}${
    fields.size > columns.length ? hint(fields.size - columns.length, 'more column') : null
  }`;
}

function cellText(name: string, field: unknown, lines: Lines): Part {
  if (isScalar(field)) return scalarText(name, field, lines);
  if (isQuantiles(field)) {
    return `${displayMs(field.p50 / 1e6)} median, ${displayMs(field.p99 / 1e6)} 99 %, ${displayMs(field.max / 1e6)} at most`;
  }
  if (isListOfScalars(field)) return listText(name, field, lines);
  if (!isRecord(field)) return markup`<code>${plainText(field)}</code>`;
  const told = Object.entries(field)
    .slice(0, columnsMax)
    .map(([part, value]) => `${wordsOf(part)} ${isScalar(value) ? scalarText(part, value, lines) : plainText(value)}`);
  return cut(displayText(told.join(', ')), longestText);
}

function renderFindings(findings: readonly unknown[], lines: Lines): Part {
  const told = findings.filter(
    (finding): finding is Fields => isRecord(finding) && typeof finding.sentence === 'string',
  );
  if (told.length === 0) return null;
  const rows = told
    .slice(0, findingsMax)
    .map(({ kind, sentence, lines: at }) => [
      displayText(cut(typeof kind === 'string' ? kind : '', longestElement)),
      cut(displayText(String(sentence)), 2 * longestText),
      Array.isArray(at) && isListOfScalars(at) ? listText('lines', at, lines) : '',
    ]);
  return markup`<h3>What was found</h3>${table('What was found', ['Kind', 'What', 'Lines'], rows)}${
    told.length > rows.length
      ? markup`<p class="hint">The first ${rows.length} of ${displayCount(told.length)}.</p>`
      : null
  }${renderStory(told.find(hasStory), lines)}`;
}

function renderStory(finding: Fields | undefined, lines: Lines): Part {
  if (finding === undefined) return null;
  const sentences = tellStory(finding as unknown as Finding, lines);
  return markup`<h3>How it came about: ${displayText(cut(String(finding.kind), longestElement))}</h3><ol class="story">${sentences.map(
    (sentence, i) =>
      markup`<li${i === sentences.length - 1 ? markup` class="contradiction"` : null}>${cut(displayText(sentence), 2 * longestText)}</li>`,
  )}</ol>`;
}

function renderKeys(id: string, results: readonly unknown[], lines: Lines): Markup {
  const keyed = results.filter(
    (result): result is { readonly key: Json; readonly verdict: Verdict } =>
      isRecord(result) && isRecord(result.verdict),
  );
  const shown = keyed.slice(0, keysMax).map(({ key, verdict }, i) => {
    const known = typeof verdict.valid === 'boolean' ? (`${verdict.valid}` as const) : 'unknown';
    const reason = typeof verdict.reason === 'string' ? verdict.reason : '';
    return markup`<details${i === 0 ? markup` open` : null}><summary>Key ${displayJson(key)}: <span class="verdict ${classOf[known]}">${wordOf[known].toLowerCase()}</span></summary>${
      reason === '' ? null : markup`<p>${cut(displayText(reason), longestText)}</p>`
    }${renderDetails(`${id}-${i + 1}`, { ...verdict, results: undefined }, lines)}</details>`;
  });
  return markup`${shown}${keyed.length > shown.length ? hint(keyed.length - shown.length, 'more key') : null}`;
}

const hint = (count: number, noun: string): Markup => markup`<p class="hint">${plural(count, noun)} left out here.</p>`;

const isListOfScalars = (field: unknown): field is readonly Scalar[] => Array.isArray(field) && field.every(isScalar);

const isRecord = (field: unknown): field is Fields =>
  typeof field === 'object' && field !== null && !Array.isArray(field);

function plainText(field: unknown): string {
  try {
    return displayJson(fromJson(field) as Json, 2 * longestElement);
  } catch {
    return '…';
  }
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
