/** Rows of intervals on one axis of time, drawn on a canvas. */
import type { PageFault } from '../page-data.ts';
import { font, onThemeChange, type Palette, readPalette } from './palette.ts';
import type { Range } from './range.ts';
import { secondsText } from './run.ts';
import { hideTip, showTip } from './tip.ts';

export const gutterPx = 84;
export const marginPx = 16;
const axisPx = 22;

export interface Pen {
  readonly context: CanvasRenderingContext2D;
  readonly palette: Palette;
  readonly range: Range;
  readonly rightPx: number;
  x(ms: number): number;
}

export interface Lane {
  readonly label: string;
  readonly heightPx: number;
  /** Space above it, where a group begins. */
  readonly spaceAbovePx: number;
  draw(pen: Pen, y: number): void;
  /** What to say of the time pointed at; null for nothing. */
  details(ms: number, slackMs: number): string | null;
}

export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
  readonly label: string;
  /** Instead of the label, where that does not fit. */
  readonly shortLabel: string;
  readonly details: string;
  fill(palette: Palette): string;
  ink(palette: Palette): string;
  readonly hatched: boolean;
}

function hatch({ context, palette }: Pen, left: number, y: number, width: number, height: number): void {
  context.save();
  context.beginPath();
  context.rect(left, y, width, height);
  context.clip();
  context.strokeStyle = palette.muted;
  context.lineWidth = 1;
  context.beginPath();
  for (let x = left - height; x < left + width; x += 6) {
    context.moveTo(x, y + height);
    context.lineTo(x + height, y);
  }
  context.stroke();
  context.restore();
}

/** Text cut off where the bar ends; none where not even a few letters fit. */
export function barLabel(context: CanvasRenderingContext2D, text: string, x: number, y: number, width: number): void {
  if (width < 26) return;
  const measured = context.measureText(text).width;
  const fits = Math.floor((text.length * (width - 8)) / measured);
  if (fits >= text.length) context.fillText(text, x + 4, y);
  else if (fits > 3) context.fillText(`${text.slice(0, fits - 2)}…`, x + 4, y);
}

/** A lane of few intervals, sorted by their start, none overlapping another. */
export function intervalLane(label: string, intervals: readonly Interval[], heightPx: number, spaceAbovePx = 0): Lane {
  return {
    label,
    heightPx,
    spaceAbovePx,
    draw(pen, y) {
      const { context, palette, range } = pen;
      for (const one of intervals) {
        if (one.endMs < range.min || one.startMs > range.max) continue;
        const left = Math.max(gutterPx, pen.x(one.startMs));
        const width = Math.max(1.5, Math.min(pen.rightPx, pen.x(one.endMs)) - left);
        context.fillStyle = one.fill(palette);
        context.fillRect(left, y + 1, width, heightPx - 2);
        if (one.hatched) hatch(pen, left, y + 1, width, heightPx - 2);
        context.fillStyle = one.ink(palette);
        const fits = context.measureText(one.label).width <= width - 8;
        barLabel(context, fits ? one.label : one.shortLabel, left, y + heightPx / 2 + 0.5, width);
      }
    },
    details: (ms, slackMs) =>
      intervals.find(({ startMs, endMs }) => startMs - slackMs <= ms && ms <= endMs + slackMs)?.details ?? null,
  };
}

function tickMs(spanMs: number, wanted: number): number {
  const rough = spanMs / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5, 10].find((step) => power * step >= rough) ?? 10);
}

export class Lanes {
  readonly #host: HTMLElement;
  readonly #canvas = document.createElement('canvas');
  readonly #range: Range;
  readonly #lanes: readonly Lane[];
  readonly #drag: 'zoom' | 'move';
  readonly #faults: readonly PageFault[];
  #palette = readPalette();
  #asked = false;
  #selection: { fromPx: number; toPx: number } | undefined;

  /** `faults` are shaded behind all lanes. What a drag does: `zoom` into what it covers, or `move` along. */
  constructor(
    host: HTMLElement,
    range: Range,
    lanes: readonly Lane[],
    faults: readonly PageFault[],
    drag: 'zoom' | 'move',
  ) {
    this.#faults = faults;
    this.#host = host;
    this.#range = range;
    this.#lanes = lanes;
    this.#drag = drag;
    this.#canvas.setAttribute('aria-hidden', 'true');
    host.append(this.#canvas);
    range.onChange(() => this.redraw());
    onThemeChange(() => {
      this.#palette = readPalette();
      this.redraw();
    });
    new ResizeObserver(() => this.redraw()).observe(host);
    this.#listen();
  }

  get heightPx(): number {
    return this.#lanes.reduce((sum, { heightPx, spaceAbovePx }) => sum + heightPx + spaceAbovePx, 0) + axisPx;
  }

  redraw(): void {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  #timeAt(px: number): number {
    const width = this.#host.clientWidth - gutterPx - marginPx;
    return this.#range.min + ((px - gutterPx) / width) * this.#range.span;
  }

  #draw(): void {
    const width = this.#host.clientWidth;
    const height = this.heightPx;
    const scale = devicePixelRatio;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${height}px`;
    const context = this.#canvas.getContext('2d');
    if (context === null) return;
    context.scale(scale, scale);
    context.font = font;
    context.textBaseline = 'middle';
    const rightPx = width - marginPx;
    const perMs = (rightPx - gutterPx) / this.#range.span;
    const x = (ms: number): number => gutterPx + (ms - this.#range.min) * perMs;
    const pen: Pen = { context, palette: this.#palette, range: this.#range, rightPx, x };
    this.#shadeFaults(pen, height - axisPx);
    this.#drawAxis(pen, height);
    this.#eachLane((lane, y) => {
      context.fillStyle = this.#palette.muted;
      context.textAlign = 'right';
      context.fillText(lane.label, gutterPx - 8, y + lane.heightPx / 2 + 0.5);
      context.textAlign = 'left';
      lane.draw(pen, y);
    });
    if (this.#selection !== undefined) {
      const { fromPx, toPx } = this.#selection;
      context.globalAlpha = 0.15;
      context.fillStyle = this.#palette.text;
      context.fillRect(Math.min(fromPx, toPx), 0, Math.abs(toPx - fromPx), height - axisPx);
      context.globalAlpha = 1;
    }
  }

  #shadeFaults({ context, palette, rightPx, x }: Pen, height: number): void {
    context.globalAlpha = 0.22;
    for (const { f, startMs, endMs } of this.#faults) {
      const left = Math.max(gutterPx, x(startMs));
      const right = Math.min(rightPx, x(endMs));
      context.fillStyle = palette.fault(f);
      if (right > left) context.fillRect(left, 0, right - left, height);
    }
    context.globalAlpha = 1;
  }

  #drawAxis({ context, palette, range, rightPx, x }: Pen, height: number): void {
    const step = tickMs(range.span, Math.max(2, (rightPx - gutterPx) / 110));
    context.textAlign = 'center';
    for (let at = Math.ceil(range.min / step) * step; at <= range.max; at += step) {
      const px = Math.round(x(at)) + 0.5;
      context.fillStyle = palette.rule;
      context.fillRect(px, 0, 1, height - axisPx);
      context.fillStyle = palette.muted;
      if (px < rightPx - 12) context.fillText(secondsText(at, range.span), px, height - axisPx / 2 + 2);
    }
    context.textAlign = 'left';
  }

  #eachLane(visit: (lane: Lane, y: number) => void): void {
    let y = 0;
    for (const lane of this.#lanes) {
      y += lane.spaceAbovePx;
      visit(lane, y);
      y += lane.heightPx;
    }
  }

  #detailsAt(px: number, py: number): string | null {
    if (px < gutterPx) return null;
    const slackMs = (2 / Math.max(1, this.#host.clientWidth - gutterPx - marginPx)) * this.#range.span;
    let found: string | null = null;
    this.#eachLane((lane, y) => {
      if (y <= py && py < y + lane.heightPx) found = lane.details(this.#timeAt(px), slackMs);
    });
    return found;
  }

  #listen(): void {
    const canvas = this.#canvas;
    let lastPx: number | undefined;
    canvas.addEventListener('pointerdown', ({ offsetX, pointerId }) => {
      canvas.setPointerCapture(pointerId);
      lastPx = offsetX;
      if (this.#drag === 'zoom') this.#selection = { fromPx: offsetX, toPx: offsetX };
    });
    canvas.addEventListener('pointermove', ({ offsetX, offsetY, clientX, clientY }) => {
      if (lastPx === undefined) {
        const details = this.#detailsAt(offsetX, offsetY);
        if (details === null) hideTip();
        else showTip(details, clientX, clientY);
        return;
      }
      hideTip();
      if (this.#selection !== undefined) {
        this.#selection.toPx = offsetX;
        this.redraw();
      } else {
        this.#range.pan((lastPx - offsetX) / (this.#host.clientWidth - gutterPx - marginPx));
        lastPx = offsetX;
      }
    });
    canvas.addEventListener('pointerup', () => {
      lastPx = undefined;
      const selection = this.#selection;
      this.#selection = undefined;
      if (selection === undefined) return;
      const [from, to] = [selection.fromPx, selection.toPx].sort((a, b) => a - b) as [number, number];
      if (to - from > 4) this.#range.set(this.#timeAt(from), this.#timeAt(to));
      else this.redraw();
    });
    canvas.addEventListener('pointerleave', hideTip);
    canvas.addEventListener('dblclick', () => this.#range.reset());
    canvas.addEventListener(
      'wheel',
      (event) => {
        if (event.ctrlKey) this.#range.zoom(1.002 ** event.deltaY, this.#timeAt(event.offsetX));
        else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.#range.pan(event.deltaX / 800);
        else return;
        event.preventDefault();
      },
      { passive: false },
    );
  }
}
