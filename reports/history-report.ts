/**
 * A page about recorded histories and what was found in them: for each counterexample the story and a drawing of the ops around
 * it, for each anomaly of transactions its story and its cycle, for a history that is linearizable an order that shows it.
 * Bounded, whatever the histories: about two megabytes.
 */
import { type Validity, type Verdict, worst } from '../checkers/checker.ts';
import type { KeyFailure, LinearizableVerdict, Linearization } from '../checkers/evidence.ts';
import type { History } from '../history/history.ts';
import type { Value } from '../history/value.ts';
import {
  type Counterexample,
  drawingFrame,
  drawingHint,
  drawingId,
  renderCounterexample,
  titleOf,
} from './counterexample.ts';
import { hasDetails, hasFindings, renderDetails } from './details.ts';
import { cut, displayCount, displayMs, displayText, displayValue, plural } from './display.ts';
import { type Drawn, drawAll, drawnMax, encodeDrawings, fitting, subjectOf, subjectOfOrder } from './drawing.ts';
import { readFaults } from './fault-windows.ts';
import { type Markup, markup, type Part } from './markup.ts';
import { builtAssets, classOf, type PageAssets, renderPage, section, table, wordOf } from './page.ts';
import { readSpans } from './spans.ts';
import { Room, renderTransactional } from './transactional.ts';
import { isTransactional, summarizeVerdict, verdictSign } from './verdict.ts';

/** One history that was checked. */
export interface CheckedFile {
  /** As the caller named it. */
  readonly name: string;
  /** The one that the lines in the verdict belong to. */
  readonly history: History;
  readonly verdict: Verdict;
  /** What it was checked for: `linearizable`, `sequential`, … */
  readonly model: string;
  readonly workload: string;
  readonly checkMs: number;
}

/** Of all files together, at most. */
const counterexamplesMax = 8;
const ordersMax = 8;
const filesMax = 300;
const undecidedFilesMax = 8;
const findingsFilesMax = 20;
/** Of one file, at most. */
const undecidedMax = 30;
/** Characters of a name, and of a reason. */
const nameMax = 120;
const reasonMax = 200;

/** A file with what of it is shown. */
interface Shown {
  readonly file: CheckedFile;
  readonly failures: readonly KeyFailure[];
  readonly examples: readonly Counterexample[];
  readonly linearizations: readonly Linearization[];
  readonly orders: readonly { readonly name: string; readonly of: Linearization; readonly drawn: Drawn | undefined }[];
  readonly undecided: Undecided;
  readonly findings: Findings;
}

/** The page. `assets` are the built ones unless given. Linear in the histories. */
export async function historyReport(
  files: readonly CheckedFile[],
  assets: PageAssets = builtAssets(),
): Promise<string> {
  let examplesLeft = counterexamplesMax;
  let ordersLeft = ordersMax;
  let undecidedLeft = undecidedFilesMax;
  const prepared = files.map((file, number) => {
    const failures = failuresOf(file.verdict);
    const linearizations = (file.verdict as Partial<LinearizableVerdict>).linearizations ?? [];
    const shownFailures = failures.slice(0, examplesLeft);
    const shownOrders = linearizations.slice(0, ordersLeft);
    examplesLeft -= shownFailures.length;
    ordersLeft -= shownOrders.length;
    return {
      file,
      failures,
      linearizations,
      drawn: drawnOf(file.history, `${number + 1}`, shownFailures, shownOrders),
    };
  });
  const drawings = fitting(prepared.flatMap(({ drawn }) => drawn.map((one) => one.drawn)));
  let at = 0;
  const room = new Room();
  let findingsLeft = findingsFilesMax;
  const shown: Shown[] = [];
  for (const [number, { file, failures, linearizations, drawn }] of prepared.entries()) {
    const examples: Counterexample[] = [];
    const orders: { name: string; of: Linearization; drawn: Drawn | undefined }[] = [];
    for (const { name, failure, linearization } of drawn) {
      const fits = drawings[at++];
      if (linearization !== undefined) orders.push({ name, of: linearization, drawn: fits });
      if (failure === undefined) continue;
      const lines = new Set(failure.conflict ?? failure.minimal);
      const told = readSpans(file.history, ({ index }) => lines.has(index));
      examples.push({ name, title: titleOf(file.model, failure), failure, told, drawn: fits });
    }
    const undecided = undecidedLeft > 0 ? undecidedOf(file.verdict) : [];
    if (undecided.length > 0) undecidedLeft--;
    const findings = findingsLeft > 0 ? await findingsOf(number + 1, file, room) : noFindings;
    if (findings.found !== null || findings.sections.length > 0) findingsLeft--;
    shown.push({ file, failures, examples, linearizations, orders, undecided, findings });
  }
  const valid = worst(files.map(({ verdict }) => verdict.valid));
  const undrawn = shown.filter(({ failures, examples }) => failures.length > 0 && examples.length === 0).length;
  const withDrawings = shown.find(({ examples, orders }) => examples.length + orders.length > 0);
  return renderPage(
    {
      title: `${wordOf[`${valid}`]}: ${files.length === 1 ? nameOf(files[0]!) : `${displayCount(files.length)} histories`}`,
      body: [
        heading(files, valid),
        files.length > 1 ? fileList(files) : null,
        undrawn > 0
          ? markup`<p class="hint">Of the invalid ones the first are drawn below. ${displayCount(undrawn)} more stand in the table only: to see one, check it by itself.</p>`
          : null,
        shown.map((one, number) =>
          renderFile(one, number + 1, files.length === 1, one === withDrawings ? drawingHint : null),
        ),
      ],
      data: new Map([['drawings', encodeDrawings(drawings)]]),
    },
    assets,
  );
}

interface Named {
  readonly name: string;
  readonly failure?: KeyFailure;
  readonly linearization?: Linearization;
  readonly drawn: Drawn;
}

function drawnOf(
  history: History,
  number: string,
  failures: readonly KeyFailure[],
  linearizations: readonly Linearization[],
): Named[] {
  if (failures.length + linearizations.length === 0) return [];
  const named = [
    ...failures.map((failure, i) => ({ name: `${number}-${i + 1}`, failure })),
    ...linearizations.map((linearization, i) => ({ name: `${number}-order-${i + 1}`, linearization })),
  ];
  const subjects = named.map((one) =>
    'failure' in one
      ? subjectOf(drawingId(one.name), history, one.failure)
      : subjectOfOrder(drawingId(one.name), one.linearization),
  );
  const faults = readFaults(history, []).windows;
  return drawAll(history, subjects, faults).map((drawn, i) => ({ ...named[i]!, drawn }));
}

/** The counterexamples of whatever checker: `failures`, or one `failure`, each at least with a story. */
function failuresOf(verdict: Verdict): KeyFailure[] {
  const given = Array.isArray(verdict.failures) ? verdict.failures : [verdict.failure];
  return given
    .filter((failure): failure is Partial<KeyFailure> => Array.isArray(failure?.story))
    .map((failure) => {
      const minimal = failure.minimal ?? [];
      const told = failure.conflict ?? minimal;
      const span = { from: Math.min(...told), to: Math.max(...told) };
      return {
        key: null as Value,
        completion: -1,
        minimal,
        window: span,
        basis: 'history' as const,
        prefix: [],
        configurations: [],
        paths: [],
        story: [],
        ...failure,
      };
    });
}

function heading(files: readonly CheckedFile[], valid: Validity): Markup {
  const [first] = files;
  const models = [...new Set(files.map(({ model }) => model))];
  const workloads = [...new Set(files.map(({ workload }) => workload))];
  const invalid = files.filter(({ verdict }) => verdict.valid === false).length;
  const unknown = files.filter(({ verdict }) => verdict.valid === 'unknown').length;
  const why =
    files.length === 1
      ? summarizeVerdict(first!.verdict)
      : `${displayCount(files.length)} histories: ${displayCount(files.length - invalid - unknown)} valid, ${displayCount(invalid)} invalid, ${displayCount(unknown)} unknown`;
  const sum = (field: string): number =>
    files.reduce(
      (total, { verdict }) => total + (typeof verdict[field] === 'number' ? (verdict[field] as number) : 0),
      0,
    );
  const figures: [string, string][] = [
    [displayCount(sum('ops')), 'ops'],
    ...(['key', 'transaction'] as const).flatMap((noun): [string, string][] => {
      const count = sum(`${noun}s`);
      const isCounted = files.some(({ verdict }) => typeof verdict[`${noun}s`] === 'number');
      return isCounted ? [[displayCount(count), count === 1 ? noun : `${noun}s`]] : [];
    }),
    [displayMs(files.reduce((total, { checkMs }) => total + checkMs, 0)), 'to check'],
  ];
  return markup`<header class="${classOf[`${valid}`]}"><p class="identity">${
    files.length === 1 ? nameOf(first!) : `${displayCount(files.length)} histories`
  }<span>${workloads.join(', ')}</span><span>${models.join(', ')}</span></p><h1><span class="sign" aria-hidden="true">${verdictSign(valid)}</span>${wordOf[`${valid}`]}</h1><p class="why">${asSentence(displayText(why))}</p><dl class="figures">${figures.map(
    ([number, name]) => markup`<div><dt>${name}</dt><dd>${number}</dd></div>`,
  )}</dl></header>`;
}

const nameOf = ({ name }: Pick<CheckedFile, 'name'>): string => cut(displayText(name), nameMax);

const asSentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;

function fileList(files: readonly CheckedFile[]): Markup {
  const rows = files
    .slice(0, filesMax)
    .map(({ name, verdict, model, workload, checkMs }) => [
      markup`<code>${nameOf({ name })}</code>`,
      markup`<span class="verdict ${classOf[`${verdict.valid}`]}"><span aria-hidden="true">${verdictSign(verdict.valid)}</span> ${wordOf[`${verdict.valid}`].toLowerCase()}</span>`,
      workload,
      model,
      asSentence(cut(displayText(summarizeVerdict(verdict)), reasonMax)),
      displayMs(checkMs),
    ]);
  return section(
    'files',
    'Histories',
    table('Histories', ['History', 'Verdict', 'Workload', 'Model', 'Findings', 'Time'], rows, 5),
    files.length > filesMax
      ? markup`<p class="hint">The first ${filesMax} of ${displayCount(files.length)}.</p>`
      : null,
  );
}

/** What was found in one file; null where there is nothing to show. `only`: there is no other file. */
function renderFile(
  { file, failures, examples, linearizations, orders, undecided, findings }: Shown,
  number: number,
  only: boolean,
  hint: Part,
): Part {
  const { found, sections } = findings;
  if (examples.length + orders.length + undecided.length === 0 && found === null) return sections;
  const own = section(
    `file-${number}`,
    only ? describeFound(failures.length, orders.length, found !== null) : nameOf(file),
    hint,
    ...examples.map((example) => renderCounterexample(example, file.history)),
    failures.length > examples.length
      ? markup`<p class="hint">${plural(failures.length - examples.length, 'more counterexample')} left out here.</p>`
      : null,
    ...orders.map(({ name, of, drawn }) => renderOrder(name, of, drawn)),
    linearizations.length > orders.length
      ? markup`<p class="hint">The orders of ${plural(linearizations.length - orders.length, 'more key')} are left out here.</p>`
      : null,
    undecided.length === 0 ? null : renderUndecided(undecided),
    found,
  );
  return [own, ...sections];
}

function describeFound(failures: number, orders: number, found: boolean): string {
  if (found) return 'What was found';
  if (failures > 0) return failures === 1 ? 'The counterexample' : plural(failures, 'counterexample');
  return orders === 0 ? 'What could not be decided' : orders === 1 ? 'The order' : 'The orders';
}

function renderOrder(name: string, { key, order }: Linearization, drawn: Drawn | undefined): Markup {
  const title = key === null ? 'An order that explains it' : `An order that explains key ${displayValue(key, 60)}`;
  const id = `order-${name}`;
  const count = plural(order.length, 'op');
  const text =
    drawn === undefined
      ? `${count}; there is no room for the drawing here.`
      : order.length > drawnMax
        ? `The first ${displayCount(drawnMax)} of ${count}.`
        : `${count}.`;
  return markup`<article aria-labelledby="${id}"><h3 id="${id}">${title}</h3>${
    drawn === undefined ? null : drawingFrame(name, title)
  }<p class="hint">${text}</p></article>`;
}

/** Of transactions, and of a classic checker, what stands in the file's own section; of a run that its own checkers judged a section for each of them. */
async function findingsOf(number: number, { name, verdict, history }: CheckedFile, room: Room): Promise<Findings> {
  const id = `found-${number}`;
  if (isTransactional(verdict)) {
    return { found: await renderTransactional(id, verdict, history, room), sections: [] };
  }
  if (hasFindings(verdict)) return { found: room.fit(renderDetails(id, verdict, history)), sections: [] };
  const sections: Markup[] = [];
  for (const [place, [checker, one]] of Object.entries(verdict.checkers ?? {}).entries()) {
    const part = `${id}-${place + 1}`;
    const title = `${displayText(checker)}: ${nameOf({ name })}`;
    if (isTransactional(one)) {
      sections.push(section(part, title, await renderTransactional(part, one, history, room)));
    } else if (hasDetails(one)) {
      const fits = room.fit(section(part, title, renderDetails(part, one, history)));
      if (fits !== null) sections.push(fits);
    }
  }
  return { found: null, sections };
}

interface Findings {
  readonly found: Markup | null;
  readonly sections: readonly Markup[];
}

const noFindings: Findings = { found: null, sections: [] };

type Undecided = LinearizableVerdict['undecided'];

const undecidedOf = (verdict: Verdict): Undecided =>
  Array.isArray(verdict.undecided) && !isTransactional(verdict) ? (verdict.undecided as Undecided) : [];

function renderUndecided(undecided: Undecided): Markup {
  const rows = undecided
    .slice(0, undecidedMax)
    .map(({ key, reason }) => [
      key === null ? 'the object' : displayValue(key, 60),
      cut(displayText(reason), reasonMax),
    ]);
  return markup`<h3>Undecided</h3>${table('Undecided', ['Key', 'Reason'], rows)}${
    undecided.length > undecidedMax
      ? markup`<p class="hint">The first ${undecidedMax} of ${displayCount(undecided.length)}.</p>`
      : null
  }`;
}
