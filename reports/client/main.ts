/** The report page's own code: reads the columns in the page and draws what the markup leaves to be drawn. */
import { mountCharts } from './charts.ts';
import { clusterLanes } from './cluster-lanes.ts';
import { enableCopy, enliven } from './figures.ts';
import { Lanes } from './lanes.ts';
import { Range } from './range.ts';
import { type Run, readRun } from './run.ts';
import { mountTimeline } from './timeline.ts';

function legend(run: Run): HTMLElement {
  const list = document.createElement('ul');
  list.className = 'legend';
  list.append(
    ...run.head.opTypes.map((type) => {
      const item = document.createElement('li');
      const swatch = document.createElement('span');
      swatch.className = `mark ${type}`;
      item.append(swatch, type);
      return item;
    }),
  );
  return list;
}

function mountOverview(run: Run): void {
  const host = document.querySelector<HTMLElement>('#overview');
  if (host === null) return;
  const range = new Range(run.head.durationMs);
  host.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (range.onKey(event.key)) event.preventDefault();
  });
  host.append(legend(run));
  mountCharts(host, run, range);
  const lanes = clusterLanes(run.head);
  if (lanes.length > 0) {
    const title = document.createElement('h3');
    title.textContent = 'Faults and nodes';
    host.append(title);
    new Lanes(host, range, lanes, run.head.faults, 'zoom').redraw();
  }
}

async function start(): Promise<void> {
  enableCopy();
  enliven();
  const run = await readRun(document.querySelector('#data')?.textContent ?? '');
  mountOverview(run);
  mountTimeline(run);
  document.documentElement.dataset.ready = 'true';
}

start().catch((error: unknown) => {
  const said = document.querySelector('#overview');
  if (said !== null) said.textContent = `The charts could not be drawn: ${String(error)}`;
  throw error;
});
