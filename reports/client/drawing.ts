/** Draws the ops around a contradiction, or an order of a whole history: bars in lanes, and each order as a path through them. */
import type { Drawing, DrawnOp, DrawnOrder } from '../drawing-data.ts';
import { hideTip, showTip } from './tip.ts';

const laneHeight = 40;
const barHeight = 24;
const axisHeight = 22;
const faultsHeight = 22;
const letterWidth = 7.3;
const reasonWidth = 240;
const labelDistance = 600;

type Attributes = Readonly<Record<string, string | number>>;

function svg(name: string, attributes: Attributes, ...children: readonly (Element | string)[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, String(value));
  element.append(...children);
  return element;
}

function button(label: string, press: () => void): HTMLButtonElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.textContent = label;
  element.addEventListener('click', press);
  return element;
}

class DrawingView {
  readonly #drawing: Drawing;
  readonly #frame: HTMLElement;
  readonly #said: HTMLElement;
  readonly #chosen = document.createElement('span');
  readonly #path = svg('g', { class: 'order' });
  readonly #groups: SVGElement[];
  readonly #top: number;
  readonly #namesWidth: number;
  /** Place of each op's step in the order that is shown. */
  #stepOf = new Map<number, number>();
  #order = 0;
  #focused = -1;

  constructor(host: HTMLElement, drawing: Drawing) {
    this.#drawing = drawing;
    this.#frame = host.querySelector<HTMLElement>('.frame') as HTMLElement;
    this.#said = host.querySelector<HTMLElement>('.said') as HTMLElement;
    this.#top = drawing.faults.length > 0 ? faultsHeight : 0;
    this.#namesWidth = 24 + letterWidth * Math.max(...drawing.lanes.map((name) => name.length));
    this.#groups = drawing.ops.map((op, place) => this.#drawOp(op, place));
    this.#frame.replaceChildren(this.#drawNames(), this.#drawAll());
    host.querySelector('.tools')?.replaceChildren(...this.#tools());
    this.#frame.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.#onKey(event.key)) event.preventDefault();
    });
    this.#showOrder(0);
    this.#showError();
  }

  get #bottom(): number {
    return this.#top + this.#drawing.lanes.length * laneHeight + 6;
  }

  get #shown(): DrawnOrder | undefined {
    return this.#drawing.orders[this.#order];
  }

  get #error(): number {
    return this.#drawing.ops.findIndex(({ impossible }) => impossible);
  }

  #tools(): Element[] {
    const { orders } = this.#drawing;
    const tools: Element[] = [];
    if (this.#error >= 0) tools.push(button('First error', () => this.#showError()));
    if (orders.some(({ steps }) => steps.length > 0)) {
      tools.push(
        button('Step back', () => this.#step(-1)),
        button('Step on', () => this.#step(1)),
      );
    }
    if (orders.length > 1) {
      tools.push(
        button('Previous order', () => this.#showOrder((this.#order + orders.length - 1) % orders.length)),
        button('Next order', () => this.#showOrder((this.#order + 1) % orders.length)),
      );
    }
    this.#chosen.className = 'chosen';
    return [...tools, this.#chosen];
  }

  #yOf(op: DrawnOp): number {
    return this.#top + op.lane * laneHeight + 8;
  }

  #drawNames(): SVGElement {
    const height = this.#bottom + axisHeight;
    return svg(
      'svg',
      { class: 'figure names', width: this.#namesWidth, height, 'aria-hidden': 'true' },
      ...this.#drawing.lanes.map((name, lane) =>
        svg('text', { class: 'lane', x: 12, y: this.#top + lane * laneHeight + 24 }, name),
      ),
    );
  }

  #drawAll(): SVGElement {
    const { width, times, faults, window, gaps, lanes } = this.#drawing;
    const bottom = this.#bottom;
    const right = width + (this.#error >= 0 ? reasonWidth : 24);
    return svg(
      'svg',
      { class: 'figure', width: right, height: bottom + axisHeight, 'aria-hidden': 'true' },
      ...faults.flatMap(({ f, label, from, to }) => [
        svg('rect', { class: `band fault-${f}`, x: from, y: 0, width: Math.max(2, to - from), height: bottom }),
        ...this.#labelsOf(label, from, to),
      ]),
      ...times.flatMap(({ x, text }) => [
        svg('line', { class: 'tick', x1: x, x2: x, y1: this.#top, y2: bottom }),
        svg('text', { class: 'time', x, y: bottom + 15 }, text),
      ]),
      ...lanes.map((_, lane) => {
        const y = this.#top + (lane + 1) * laneHeight + 2;
        return svg('line', { class: 'rule', x1: 0, x2: right, y1: y, y2: y });
      }),
      ...gaps.map((x) => svg('line', { class: 'gap', x1: x - 8, x2: x - 8, y1: this.#top, y2: bottom })),
      ...(window === null
        ? []
        : [
            svg('rect', {
              class: 'window',
              x: window.from - 4,
              y: this.#top + 1,
              width: window.to - window.from + 8,
              height: bottom - this.#top - 2,
              rx: 5,
            }),
          ]),
      ...this.#groups,
      this.#path,
    );
  }

  /** A long band is named again and again, so that its name is in sight wherever one looks. */
  #labelsOf(label: string, from: number, to: number): SVGElement[] {
    const needed = label.length * letterWidth + 12;
    const labels: SVGElement[] = [];
    for (let x = from; x + needed < to; x += labelDistance) {
      labels.push(svg('text', { class: 'fault', x: x + 6, y: 15 }, label));
    }
    return labels;
  }

  #drawOp(op: DrawnOp, place: number): SVGElement {
    const { x, width, next, type, label, impossible, told, line } = op;
    const y = this.#yOf(op);
    const middle = y + barHeight / 2;
    const names = ['op', type, ...(impossible ? ['impossible'] : []), ...(told ? ['told'] : [])];
    const group = svg(
      'g',
      { class: names.join(' '), 'data-op': line },
      ...(type === 'info' && next > x + width
        ? [svg('line', { class: 'later', x1: x + width, x2: next - 6, y1: middle, y2: middle })]
        : []),
      svg('rect', { x, y, width, height: barHeight, rx: 4 }),
      svg('text', { x: x + 7, y: y + 16 }, label),
      ...(impossible ? [svg('text', { class: 'cross', x: x + width + 5, y: y + 17 }, '✗ cannot be')] : []),
    );
    group.addEventListener('pointermove', (event) =>
      showTip(this.#describe(place), (event as PointerEvent).clientX, (event as PointerEvent).clientY),
    );
    group.addEventListener('pointerleave', hideTip);
    return group;
  }

  /** What there is to say of an op, with its place in the order that is shown. */
  #describe(place: number): string {
    const { details, impossible } = this.#drawing.ops[place] as DrawnOp;
    const order = this.#shown;
    if (order === undefined || order.steps.length === 0) return details;
    const step = this.#stepOf.get(place);
    if (step === undefined) {
      if (impossible && order.end) return `${details}\nIn this order: ${order.end}.`;
      return `${details}\nThis order does without it${order.skipped > 0 ? ', or has it before what is drawn' : ''}.`;
    }
    const before = step === 0 ? order.start : order.steps[step - 1]?.[2];
    const after = order.steps[step]?.[2];
    const states =
      after === '' ? '' : before === after ? `, which finds ${before} and leaves it` : `, from ${before} to ${after}`;
    return `${details}\nNumber ${order.skipped + step + 1} in this order${states}.`;
  }

  #showOrder(number: number): void {
    this.#order = number;
    const order = this.#shown;
    if (order === undefined) return;
    this.#stepOf = new Map(order.steps.map(([op], step) => [op, step]));
    const { ops, orders } = this.#drawing;
    const points = order.steps.map(([op, x]) => ({ x, y: this.#yOf(ops[op] as DrawnOp) + barHeight + 3 }));
    const last = points.at(-1);
    const dead = order.end === null ? undefined : ops[this.#error];
    const total = order.skipped + order.steps.length;
    this.#path.replaceChildren(
      svg('polyline', { class: 'path', points: points.map(({ x, y }) => `${x},${y}`).join(' ') }),
      ...(last === undefined || dead === undefined
        ? []
        : [
            svg('line', {
              class: 'dead',
              x1: last.x,
              y1: last.y,
              x2: Math.min(dead.x + dead.width - 8, Math.max(dead.x + 8, last.x)),
              y2: this.#yOf(dead) + (last.y > this.#yOf(dead) + barHeight ? barHeight : 0),
            }),
          ]),
      ...points.map(({ x, y }, step) =>
        svg(
          'g',
          { class: 'point' },
          svg('circle', { cx: x, cy: y, r: 6.5 }),
          svg('text', { x, y: y + 3 }, String(order.skipped + step + 1)),
        ),
      ),
    );
    const which = orders.length > 1 ? `Order ${number + 1} of ${orders.length}: ` : '';
    const size = total === 1 ? '1 op' : `${total} ops`;
    this.#chosen.textContent = total === 0 ? '' : `${which}${size}${order.end === null ? '' : ', and no further'}`;
    this.#said.textContent = order.end === null || order.end === '' ? '' : `No further: ${order.end}.`;
  }

  #showError(): void {
    if (this.#error >= 0) this.#focus(this.#error, false);
  }

  #step(by: number): void {
    const steps = this.#shown?.steps ?? [];
    const here = this.#stepOf.get(this.#focused);
    const from = here ?? (by > 0 ? -1 : steps.length);
    const op = steps[Math.min(steps.length - 1, Math.max(0, from + by))]?.[0];
    if (op !== undefined) this.#focus(op, true);
  }

  #onKey(key: string): boolean {
    const { ops } = this.#drawing;
    const here = ops[this.#focused];
    const inLane = (lane: number): number[] => ops.flatMap((op, place) => (op.lane === lane ? [place] : []));
    if (key === 'ArrowLeft' || key === 'ArrowRight') {
      const lane = inLane(here?.lane ?? 0);
      const at = lane.indexOf(this.#focused) + (key === 'ArrowRight' ? 1 : -1);
      this.#focus(lane[Math.min(lane.length - 1, Math.max(0, at))] ?? -1, true);
      return true;
    }
    if (key !== 'ArrowUp' && key !== 'ArrowDown') return false;
    const lanes = this.#drawing.lanes.length;
    const lane = inLane(((here?.lane ?? 0) + (key === 'ArrowDown' ? 1 : lanes - 1)) % lanes);
    const distance = (place: number): number => Math.abs((ops[place] as DrawnOp).x - (here?.x ?? 0));
    this.#focus(lane.sort((a, b) => distance(a) - distance(b))[0] ?? -1, true);
    return true;
  }

  /** Brings an op into sight; `aloud`: and says what there is to say of it. */
  #focus(place: number, aloud: boolean): void {
    const op = this.#drawing.ops[place];
    if (op === undefined) return;
    this.#groups[this.#focused]?.classList.remove('focused');
    this.#groups[place]?.classList.add('focused');
    this.#focused = place;
    const frame = this.#frame;
    const shown = frame.clientWidth - this.#namesWidth;
    const end = op.x + op.width;
    if (end < frame.scrollLeft + 40 || end > frame.scrollLeft + shown - 40 || !aloud) {
      frame.scrollLeft = Math.max(0, end - shown * 0.6);
    }
    if (aloud) this.#said.textContent = this.#describe(place).replaceAll('\n', ' · ');
  }
}

/** The first drawing is made at once, each of the others when it is about to come into sight. */
export function mountDrawings(drawings: readonly Drawing[]): void {
  const byHost = new Map<Element, Drawing>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const drawing = byHost.get(target);
        if (!isIntersecting || drawing === undefined) continue;
        observer.unobserve(target);
        new DrawingView(target as HTMLElement, drawing);
      }
    },
    { rootMargin: '600px' },
  );
  drawings.forEach((drawing, number) => {
    const host = document.getElementById(drawing.id);
    if (host === null) return;
    if (number === 0) {
      new DrawingView(host, drawing);
      return;
    }
    byHost.set(host, drawing);
    observer.observe(host);
  });
}
