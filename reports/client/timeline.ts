/** The timeline of ops: opens at the first counterexample, or on the whole run. */
import { clusterLanes } from './cluster-lanes.ts';
import { Lanes } from './lanes.ts';
import { type Emphasis, opLanes, rowsByClient } from './op-lanes.ts';
import { Range } from './range.ts';
import { opDetails, type Run } from './run.ts';

function button(label: string, press: () => void): HTMLButtonElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.textContent = label;
  element.addEventListener('click', press);
  return element;
}

class Timeline {
  readonly #run: Run;
  readonly #range: Range;
  readonly #clients: readonly Uint32Array[];
  readonly #lanes: Lanes;
  readonly #said: HTMLElement;
  readonly #emphasis: Emphasis = { rows: new Set(), contradiction: -1, key: undefined, focused: -1 };
  #client = 0;

  constructor(host: HTMLElement, said: HTMLElement, run: Run) {
    this.#run = run;
    this.#said = said;
    this.#range = new Range(run.head.durationMs);
    this.#clients = rowsByClient(run);
    const lanes = [...clusterLanes(run.head), ...opLanes(run, this.#clients, this.#emphasis)];
    this.#lanes = new Lanes(host, this.#range, lanes, run.head.faults, 'move');
    host.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.#onArrow(event.key) || this.#range.onKey(event.key)) event.preventDefault();
    });
  }

  zoom(factor: number): void {
    this.#range.zoom(factor);
  }

  showAll(): void {
    Object.assign(this.#emphasis, { key: undefined, focused: -1 });
    this.#range.reset();
    this.#lanes.redraw();
  }

  showProblem(number: number): void {
    const problem = this.#run.head.problems[number];
    if (problem === undefined) return;
    const rowOf = new Map<number, number>();
    this.#run.columns.index.forEach((line, row) => {
      rowOf.set(line, row);
    });
    const contradiction = rowOf.get(problem.contradiction) ?? -1;
    const rows = problem.ops.flatMap((line) => rowOf.get(line) ?? []);
    const example = contradiction >= 0 ? contradiction : rows[0];
    const key = example === undefined ? 0 : this.#run.columns.key[example];
    Object.assign(this.#emphasis, {
      rows: new Set(rows),
      contradiction,
      key: key === 0 ? undefined : key,
      focused: -1,
    });
    const space = Math.max(5, (problem.endMs - problem.startMs) * 0.4);
    this.#range.set(problem.startMs - space, problem.endMs + space);
    this.#lanes.redraw();
  }

  #onArrow(key: string): boolean {
    if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].includes(key)) return false;
    const { startMs } = this.#run;
    const { focused } = this.#emphasis;
    const middle = (this.#range.min + this.#range.max) / 2;
    const at = focused >= 0 ? (startMs[focused] as number) : middle;
    const down = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0;
    this.#client = (this.#client + down + this.#clients.length) % this.#clients.length;
    const rows = this.#clients[this.#client] as Uint32Array;
    const here = rows.findIndex((row) => (startMs[row] as number) >= at);
    const from = here < 0 ? rows.length - 1 : here;
    const step = down !== 0 || focused < 0 ? 0 : key === 'ArrowRight' ? 1 : -1;
    const row = rows[Math.min(rows.length - 1, Math.max(0, from + step))];
    if (row !== undefined) this.#focus(row);
    return true;
  }

  #focus(row: number): void {
    this.#emphasis.focused = row;
    this.#said.textContent = opDetails(this.#run, row).replaceAll('\n', ' · ');
    const start = this.#run.startMs[row] as number;
    if (start < this.#range.min || start > this.#range.max) {
      this.#range.set(start - this.#range.span / 2, start + this.#range.span / 2);
    }
    this.#lanes.redraw();
  }
}

export function mountTimeline(run: Run): void {
  const host = document.querySelector<HTMLElement>('#ops');
  const tools = document.querySelector<HTMLElement>('#ops-tools');
  const said = document.querySelector<HTMLElement>('#ops-said');
  if (host === null || tools === null || said === null) return;
  const timeline = new Timeline(host, said, run);
  const { problems } = run.head;
  tools.append(
    ...problems.map(({ label }, i) => button(label, () => timeline.showProblem(i))),
    button('Whole run', () => timeline.showAll()),
    button('Zoom in', () => timeline.zoom(0.6)),
    button('Zoom out', () => timeline.zoom(1 / 0.6)),
  );
  if (problems.length > 0) timeline.showProblem(0);
}
