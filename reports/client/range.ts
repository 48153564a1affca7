/** The stretch of time that is shown, shared by everything drawn on one axis. */
export class Range {
  readonly fullMs: number;
  #min = 0;
  #max: number;
  readonly #listeners: (() => void)[] = [];

  constructor(fullMs: number) {
    this.fullMs = fullMs;
    this.#max = fullMs;
  }

  get min(): number {
    return this.#min;
  }

  get max(): number {
    return this.#max;
  }

  get span(): number {
    return this.#max - this.#min;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Kept within the run, and not below ten microseconds. */
  set(min: number, max: number): void {
    const span = Math.min(this.fullMs, Math.max(0.01, max - min));
    const from = Math.min(Math.max(0, min), this.fullMs - span);
    if (from === this.#min && from + span === this.#max) return;
    this.#min = from;
    this.#max = from + span;
    for (const listener of this.#listeners) listener();
  }

  reset(): void {
    this.set(0, this.fullMs);
  }

  /** A factor below 1 zooms in; the point in time `aroundMs` stays where it is. */
  zoom(factor: number, aroundMs = (this.#min + this.#max) / 2): void {
    const span = Math.min(this.fullMs, this.span * factor);
    const share = (aroundMs - this.#min) / this.span;
    this.set(aroundMs - span * share, aroundMs + span * (1 - share));
  }

  /** By a share of what is shown. */
  pan(share: number): void {
    const by = this.span * share;
    this.set(this.#min + by, this.#max + by);
  }

  /** + − ← → 0; true when the key was one of them. */
  onKey(key: string): boolean {
    if (key === '+' || key === '=') this.zoom(0.6);
    else if (key === '-') this.zoom(1 / 0.6);
    else if (key === 'ArrowLeft') this.pan(-0.2);
    else if (key === 'ArrowRight') this.pan(0.2);
    else if (key === '0') this.reset();
    else return false;
    return true;
  }
}
