/**
 * Availability: what share of the ops was ok, in the whole run and between the acts of the nemesis, and the longest time in which none
 * was (Maelstrom's `--availability`; Jepsen's `stats` counts the same, without phases).
 *
 * A phase begins where the nemesis has done something, and lasts until it has done the next thing. Of the two lines that a fault has, one
 * when it is asked for and one when it is done, the second counts. An op belongs to the phase in which it began.
 */
import { failCode, type History, invokeCode, okCode } from '../../history/history.ts';
import type { Checker, Verdict } from '../checker.ts';
import { conclusion } from './object-checker.ts';

export interface AvailabilityOptions {
  /** The share of ops that must be ok, from 0 to 1. Default: none. */
  readonly atLeast?: number;
}

interface Share {
  readonly ok: number;
  readonly fail: number;
  /** Never completed included. */
  readonly info: number;
  /** Of all the share that was ok, from 0 to 1; null where there were none. */
  readonly share: number | null;
}

export interface AvailabilityPhase extends Share {
  /** What the nemesis did: its `f`, or of a `phase` its name; null before it did anything. */
  readonly after: string | null;
  /** Its lines, the first and the last. */
  readonly from: number;
  readonly to: number;
  /** Absent where the history has no times. */
  readonly durationNs?: number;
}

/** A stretch in which no op completed ok, though some were asked for. */
export interface Outage {
  /**
   * The line of the last ok before it, or where nothing was under way then, of the first op that began after it; and that of the first ok
   * after that, or the last line.
   */
  readonly from: number;
  readonly to: number;
  readonly durationNs?: number;
}

export interface AvailabilityVerdict extends Verdict, Share {
  /** Phases in which no op began are left out. */
  readonly phases: readonly AvailabilityPhase[];
  /** The longest one: by time, where the history has times, else by lines. Absent where no op began. */
  readonly longestOutage?: Outage;
}

/** Unknown where no op succeeded, unless a share is asked for. Linear. */
export function checkAvailability(history: History, { atLeast }: AvailabilityOptions = {}): AvailabilityVerdict {
  const total = new Tally();
  const tallies = new Map<number, Tally>();
  const boundaries = boundariesOf(history);
  let phase = 0;
  for (const invocation of history.clientInvocations()) {
    while (phase + 1 < boundaries.length && boundaries[phase + 1]! <= invocation) phase++;
    const tally = tallies.get(phase) ?? new Tally();
    tallies.set(phase, tally);
    const completion = history.completionOf(invocation);
    const type = completion < 0 ? undefined : history.types[completion];
    tally.add(type);
    total.add(type);
  }
  const phases = [...tallies].map(([index, tally]): AvailabilityPhase => {
    const from = boundaries[index]!;
    const to = (boundaries[index + 1] ?? history.length) - 1;
    const end = Math.min(to + 1, history.length - 1);
    return {
      after: index === 0 ? null : deedOf(history, from),
      from,
      to,
      ...tally.share(),
      ...duration(history, from, end),
    };
  });
  const outage = longestOutage(history);
  const { share, ...counts } = total.share();
  const asked = total.count;
  const wrong =
    atLeast !== undefined && asked > 0 && share! < atLeast
      ? `${counts.ok} of ${asked} ops were ok, ${percent(share!)}, which is less than ${percent(atLeast)}`
      : undefined;
  const untested = counts.ok === 0 ? `no op succeeded (${asked} invoked), so nothing was tested` : undefined;
  return {
    ...conclusion(wrong, { untested }),
    ...counts,
    share,
    phases,
    ...(outage === undefined ? {} : { longestOutage: outage }),
  };
}

export const availability = (options: AvailabilityOptions = {}): Checker => ({
  name: 'availability',
  check: (history) => checkAvailability(history, options),
});

class Tally {
  #ok = 0;
  #fail = 0;
  #info = 0;

  get count(): number {
    return this.#ok + this.#fail + this.#info;
  }

  add(type: number | undefined): void {
    if (type === okCode) this.#ok++;
    else if (type === failCode) this.#fail++;
    else this.#info++;
  }

  share(): Share {
    const share = this.count === 0 ? null : this.#ok / this.count;
    return { ok: this.#ok, fail: this.#fail, info: this.#info, share };
  }
}

/** The first lines of all phases: line 0, and where the nemesis has done something. */
function boundariesOf(history: History): number[] {
  const boundaries = [0];
  let asked: number | undefined;
  for (const line of history.nemesisLines()) {
    const isDone = history.f(line) === 'phase' || (asked !== undefined && history.f(asked) === history.f(line));
    asked = isDone ? undefined : line;
    if (isDone) boundaries.push(line);
  }
  return boundaries;
}

function deedOf(history: History, line: number): string {
  const f = history.f(line);
  const value = history.value(line);
  return f === 'phase' && typeof value === 'string' ? value : f;
}

function longestOutage(history: History): Outage | undefined {
  const [first] = history.clientInvocations();
  if (first === undefined) return undefined;
  let longest: Outage | undefined;
  let open = 0;
  // From the last ok, or where nothing was under way then, from the first op that was asked for after it.
  let from: number | undefined;
  for (let line = first; line < history.length; line++) {
    const isLast = line === history.length - 1;
    const isClient = history.isClient(line);
    const isOk = isClient && history.types[line] === okCode;
    if (isClient && history.types[line] === invokeCode) {
      open++;
      from ??= line;
    } else if (isClient && history.invocationOf(line) >= 0) open--;
    if (from === undefined || !(isOk || isLast)) continue;
    const outage = { from, to: line, ...duration(history, from, line) };
    if (longest === undefined || isLonger(outage, longest)) longest = outage;
    from = open > 0 ? line : undefined;
  }
  return longest;
}

const isLonger = (one: Outage, other: Outage): boolean =>
  one.durationNs !== undefined && other.durationNs !== undefined
    ? one.durationNs > other.durationNs
    : one.to - one.from > other.to - other.from;

function duration(history: History, from: number, to: number): { readonly durationNs?: number } {
  const durationNs = history.time(to) - history.time(from);
  return Number.isFinite(durationNs) ? { durationNs } : {};
}

/** Rounded down, so that not quite enough never looks like enough. */
const percent = (share: number): string => `${Math.floor(share * 1e4) / 100} %`;
