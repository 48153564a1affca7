/** The report page's own code: reads the columns in the page and draws what the markup leaves to be drawn. */

import type { Drawing } from '../drawing-data.ts';
import { mountCharts } from './charts.ts';
import { clusterLanes } from './cluster-lanes.ts';
import { mountDrawings } from './drawing.ts';
import { enableCopy, enliven } from './figures.ts';
import { Lanes } from './lanes.ts';
import { Range } from './range.ts';
import { inflate, type Run, readRun } from './run.ts';
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

/** What an element of the page holds; a page about a history alone has no charts. */
const packed = (id: string): string | undefined => document.getElementById(id)?.textContent ?? undefined;

async function start(): Promise<void> {
  enableCopy();
  enliven();
  mountDrawings(JSON.parse(new TextDecoder().decode(await inflate(packed('drawings') ?? ''))) as Drawing[]);
  const data = packed('data');
  if (data !== undefined) {
    const run = readRun(await inflate(data));
    mountOverview(run);
    mountTimeline(run);
  }
  document.documentElement.dataset.ready = 'true';
}

start().catch((error: unknown) => {
  const said = document.querySelector('#overview');
  if (said !== null) said.textContent = `The charts could not be drawn: ${String(error)}`;
  throw error;
});
