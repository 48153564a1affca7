/** Latency and throughput over time, with the faults shaded behind them. */
import uPlot from 'uplot';
import { gutterPx, marginPx } from './lanes.ts';
import { font, onThemeChange, type Palette, readPalette } from './palette.ts';
import type { Range } from './range.ts';
import { opDetails, type Run, secondsText } from './run.ts';
import { hideTip, showTip } from './tip.ts';

const lowestMs = 0.01;
const infoType = 2;
const failType = 1;

function shadeFaults(run: Run, palette: () => Palette, labelled: boolean): uPlot.Plugin {
  return {
    hooks: {
      drawClear: (plot) => {
        const { ctx, bbox } = plot;
        const colours = palette();
        ctx.save();
        ctx.beginPath();
        ctx.rect(bbox.left, 0, bbox.width, bbox.top + bbox.height);
        ctx.clip();
        ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
        ctx.textBaseline = 'top';
        let free = Number.NEGATIVE_INFINITY;
        for (const { f, label, startMs, endMs } of run.head.faults) {
          const left = plot.valToPos(startMs, 'x', true);
          const width = Math.max(devicePixelRatio, plot.valToPos(endMs, 'x', true) - left);
          ctx.globalAlpha = 0.45;
          ctx.fillStyle = colours.fault(f);
          ctx.fillRect(left, bbox.top, width, bbox.height);
          ctx.globalAlpha = 1;
          const textLeft = Math.max(left, bbox.left) + 4 * devicePixelRatio;
          if (!labelled || textLeft < free || left > bbox.left + bbox.width) continue;
          ctx.fillStyle = colours.muted;
          ctx.fillText(label, textLeft, bbox.top - 15 * devicePixelRatio);
          free = textLeft + ctx.measureText(label).width + 8 * devicePixelRatio;
        }
        ctx.fillStyle = colours.muted;
        for (const { startMs } of run.head.phases.slice(1)) {
          const x = plot.valToPos(startMs, 'x', true);
          for (let y = bbox.top; y < bbox.top + bbox.height; y += 6 * devicePixelRatio) {
            ctx.fillRect(x, y, devicePixelRatio, 3 * devicePixelRatio);
          }
        }
        ctx.fillStyle = colours.invalid;
        for (const { atMs } of run.head.problems) {
          ctx.fillRect(plot.valToPos(atMs, 'x', true), bbox.top, 1.5 * devicePixelRatio, bbox.height);
        }
        ctx.restore();
      },
    },
  };
}

/** Points of one type; ok as squares, fail as crosses, info as triangles, so that colour is not all that tells them apart. */
function drawPoints(plot: uPlot, run: Run, type: number, colour: string, from: number, to: number): void {
  const { ctx } = plot;
  const types = run.columns.type;
  const ys = plot.data[1] as unknown as Float64Array;
  const size = (type === 0 ? 2.5 : 6) * devicePixelRatio;
  const half = size / 2;
  ctx.fillStyle = colour;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  for (let row = from; row <= to; row++) {
    if (types[row] !== type) continue;
    const x = plot.valToPos(run.startMs[row] as number, 'x', true);
    const y = plot.valToPos(ys[row] as number, 'y', true);
    if (type === failType) {
      ctx.moveTo(x - half, y - half);
      ctx.lineTo(x + half, y + half);
      ctx.moveTo(x + half, y - half);
      ctx.lineTo(x - half, y + half);
    } else if (type === infoType) {
      ctx.moveTo(x, y - half);
      ctx.lineTo(x + half, y + half);
      ctx.lineTo(x - half, y + half);
    } else ctx.fillRect(x - half, y - half, size, size);
  }
  if (type === failType) ctx.stroke();
  else if (type === infoType) ctx.fill();
}

function nearestRow(plot: uPlot, run: Run, left: number, top: number): number {
  const ys = plot.data[1] as unknown as Float64Array;
  const reach = 8;
  const from = plot.posToIdx(left - reach);
  const to = plot.posToIdx(left + reach);
  let best = reach * reach;
  let found = -1;
  for (let row = from; row <= to; row++) {
    const dx = plot.valToPos(run.startMs[row] as number, 'x') - left;
    const dy = plot.valToPos(ys[row] as number, 'y') - top;
    if (dx * dx + dy * dy < best) {
      best = dx * dx + dy * dy;
      found = row;
    }
  }
  return found;
}

function axes(palette: () => Palette, { yLabel, ySplits, xLabels }: ChartParts): uPlot.Axis[] {
  const common = {
    font,
    stroke: () => palette().muted,
    grid: { stroke: () => palette().rule, width: 1 },
    ticks: { show: false },
  };
  return [
    {
      ...common,
      size: xLabels ? 26 : 6,
      space: 110,
      values: (plot, values) => {
        const spanMs = (plot.scales.x?.max ?? 0) - (plot.scales.x?.min ?? 0);
        return values.map((value) => (xLabels ? secondsText(value, spanMs) : ''));
      },
    },
    {
      ...common,
      size: gutterPx,
      space: 32,
      values: (_, values) => values.map((value) => (value === null ? '' : yLabel(value))),
      ...(ySplits === undefined ? {} : { splits: () => ySplits, filter: () => ySplits }),
    },
  ];
}

interface ChartParts {
  readonly title: string;
  readonly heightPx: number;
  readonly data: uPlot.AlignedData;
  readonly series: uPlot.Series[];
  readonly y: uPlot.Scale;
  readonly yLabel: (value: number) => string;
  /** Where the grid is; chosen by the chart when left out. */
  readonly ySplits?: number[];
  readonly xLabels: boolean;
  readonly onCursor?: (plot: uPlot) => void;
}

function mount(host: HTMLElement, run: Run, range: Range, palette: () => Palette, parts: ChartParts): uPlot {
  const title = document.createElement('h3');
  title.textContent = parts.title;
  const block = document.createElement('div');
  block.setAttribute('aria-hidden', 'true');
  host.append(title, block);
  const plot: uPlot = new uPlot(
    {
      width: host.clientWidth,
      height: parts.heightPx,
      padding: [parts.xLabels ? 6 : 20, marginPx, 0, 0],
      legend: { show: false },
      scales: { x: { time: false, range: () => [range.min, range.max] }, y: parts.y },
      axes: axes(palette, parts),
      series: [{}, ...parts.series],
      cursor: {
        y: false,
        points: { show: false },
        sync: { key: 'run' },
        drag: { x: true, y: false, setScale: false },
        bind: {
          dblclick: () => () => {
            range.reset();
            return null;
          },
        },
      },
      plugins: [shadeFaults(run, palette, !parts.xLabels)],
      hooks: {
        setCursor: parts.onCursor === undefined ? [] : [parts.onCursor],
        setSelect: [
          ({ select, posToVal }) => {
            if (select.width > 4) range.set(posToVal(select.left, 'x'), posToVal(select.left + select.width, 'x'));
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    },
    parts.data,
    block,
  );
  range.onChange(() => plot.setScale('x', { min: range.min, max: range.max }));
  new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: parts.heightPx })).observe(host);
  return plot;
}

const latencyText = (ms: number): string => (ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`);

function latencyChart(run: Run, palette: () => Palette): ChartParts {
  const ys = new Float64Array(run.rows);
  let highest = 1;
  let lowest = Number.POSITIVE_INFINITY;
  for (let row = 0; row < run.rows; row++) {
    const ms = Math.max(lowestMs, (run.endMs[row] as number) - (run.startMs[row] as number));
    ys[row] = ms;
    highest = Math.max(highest, ms);
    lowest = Math.min(lowest, ms);
  }
  const lowPower = Math.floor(Math.log10(Math.min(lowest, highest)));
  const highPower = Math.ceil(Math.log10(highest * 1.2));
  return {
    title: 'Latency',
    heightPx: 244,
    data: [run.startMs, ys],
    y: { distr: 3, range: () => [10 ** lowPower, 10 ** highPower] },
    ySplits: Array.from({ length: highPower - lowPower + 1 }, (_, i) => Number(`1e${lowPower + i}`)),
    yLabel: latencyText,
    xLabels: false,
    series: [
      {
        label: 'latency',
        points: { show: false },
        paths: (plot, _, from, to) => {
          const { ctx, bbox } = plot;
          ctx.save();
          ctx.beginPath();
          ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
          ctx.clip();
          for (let type = 0; type < run.head.opTypes.length; type++) {
            drawPoints(plot, run, type, palette().types[type] as string, from, to);
          }
          ctx.restore();
          return null;
        },
      },
    ],
    onCursor: (plot) => {
      const { left = -1, top = -1, event } = plot.cursor;
      if (event === null || event === undefined || left < 0 || top < 0) return;
      const row = nearestRow(plot, run, left, top);
      if (row < 0) hideTip();
      else showTip(opDetails(run, row), event.clientX, event.clientY);
    },
  };
}

function throughputChart(run: Run, palette: () => Palette): ChartParts {
  const { binMs } = run.head.throughput;
  const perSecond = (counts: readonly number[]): number[] => counts.map((count) => (count * 1000) / binMs);
  const middles = run.head.throughput.ok.map((_, bin) => Math.min(run.head.durationMs, (bin + 0.5) * binMs));
  const columns = run.head.opTypes.map((type) => perSecond(run.head.throughput[type]));
  const highest = Math.max(1, ...columns.flat());
  return {
    title: 'Throughput',
    heightPx: 170,
    data: [middles, ...columns],
    y: { range: () => [0, highest * 1.1] },
    yLabel: (value) => `${value} /s`,
    xLabels: true,
    series: run.head.opTypes.map((label, type) => ({
      label,
      width: 1.75,
      points: { show: false },
      stroke: () => palette().types[type] as string,
      ...(type === 0 ? {} : { dash: type === failType ? [6, 3] : [2, 3] }),
    })),
  };
}

/** Puts both charts into the host, on one range of time. */
export function mountCharts(host: HTMLElement, run: Run, range: Range): void {
  let colours = readPalette();
  const palette = (): Palette => colours;
  const charts = [latencyChart(run, palette), throughputChart(run, palette)].map((parts) =>
    mount(host, run, range, palette, parts),
  );
  onThemeChange(() => {
    colours = readPalette();
    for (const chart of charts) chart.redraw(false);
  });
  host.addEventListener('mouseleave', hideTip);
}
