/**
 * Histories played on a real object, with crashed calls and late effects, and perhaps falsified results, out of a tape of
 * numbers.
 */
import fc from 'fast-check';
import type { Value } from '../../../../history/value.ts';
import { type Calls, CRASHED, RETURNED } from '../../calls.ts';

/** Draws a whole number from 0 to `below`, exclusive. */
export type Draw = (below: number) => number;

/** A real object. */
export interface Played {
  /** What a client asks for next. */
  ask(draw: Draw): { readonly f: string; readonly input: Value };
  /** Takes effect; the output, or undefined where the call fails. */
  apply(f: string, input: Value): Value | undefined;
  /** A result made up. */
  lie(draw: Draw, f: string, input: Value): Value;
}

export interface Setting {
  readonly processes: number;
  readonly calls: number;
  /** Of 16 calls so many crash. */
  readonly crashes: number;
  /** Of 16 results so many are made up. */
  readonly lies: number;
}

interface Entry {
  readonly f: string;
  readonly input: Value;
  readonly process: number;
  output: Value | undefined;
  applied: boolean;
  fate: number | 'failed';
}

/** Each process goes from asking to taking effect to returning; a crashed call may take effect later or never. */
export function record(object: Played, { processes, calls: callsMax, crashes, lies }: Setting, draw: Draw): Calls {
  const entries: Entry[] = [];
  const events: [Entry, boolean][] = [];
  const pending = new Map<number, Entry>();
  const crashed: Entry[] = [];
  const apply = (entry: Entry): void => {
    if (entry.applied) return;
    entry.applied = true;
    entry.output = object.apply(entry.f, entry.input);
  };

  while (entries.length < callsMax || pending.size > 0) {
    const process = draw(processes);
    const entry = pending.get(process);
    if (entry === undefined) {
      if (entries.length >= callsMax && draw(2) === 0) break;
      if (crashed.length > 0 && draw(3) === 0) apply(crashed[draw(crashed.length)]!);
      if (entries.length >= callsMax) continue;
      const asked: Entry = { ...object.ask(draw), process, output: null, applied: false, fate: CRASHED };
      entries.push(asked);
      events.push([asked, false]);
      pending.set(process, asked);
    } else if (draw(16) < crashes) {
      crashed.push(entry);
      pending.delete(process);
    } else if (!entry.applied && draw(2) === 0) {
      apply(entry);
    } else {
      apply(entry);
      entry.fate = entry.output === undefined ? 'failed' : RETURNED;
      if (draw(16) < lies) {
        entry.fate = RETURNED;
        entry.output = object.lie(draw, entry.f, entry.input);
      }
      events.push([entry, true]);
      pending.delete(process);
    }
  }
  return columns(entries, events);
}

function columns(all: readonly Entry[], allEvents: readonly [Entry, boolean][]): Calls {
  const entries = all.filter(({ fate }) => fate !== 'failed');
  const events = allEvents.filter(([{ fate }]) => fate !== 'failed');
  const number = new Map(entries.map((entry, index) => [entry, index]));
  const invocation = new Int32Array(entries.length);
  const completion = new Int32Array(entries.length).fill(-1);
  events.forEach(([entry, isReturn], line) => {
    (isReturn ? completion : invocation)[number.get(entry)!] = line;
  });
  return {
    length: entries.length,
    invocation,
    completion,
    fate: Uint8Array.from(entries, ({ fate }) => (fate === RETURNED ? RETURNED : CRASHED)),
    process: Int32Array.from(entries, ({ process }) => process),
    f: entries.map(({ f }) => f),
    input: entries.map(({ input }) => input),
    output: entries.map(({ fate, output }) => (fate === RETURNED ? output! : null)),
    events: Int32Array.from(events, ([entry, isReturn]) => number.get(entry)! * 2 + (isReturn ? 1 : 0)),
  };
}

export interface Range {
  readonly processesMax: number;
  /** One of these is drawn: see Setting. */
  readonly crashes: readonly number[];
}

/**
 * Histories of half of `callsMax` calls to `callsMax`: valid ones, slightly falsified ones, and ones made up altogether.
 */
export function recordedHistories(
  object: (draw: Draw) => Played,
  callsMax: number,
  { processesMax, crashes }: Range = { processesMax: 5, crashes: [0, 0, 1, 2, 6] },
): fc.Arbitrary<Calls> {
  const length = callsMax * 16;
  return fc
    .tuple(
      fc.record({
        processes: fc.integer({ min: 1, max: processesMax }),
        calls: fc.integer({ min: Math.ceil(callsMax / 2), max: callsMax }),
        crashes: fc.constantFrom(...crashes),
        lies: fc.constantFrom(0, 0, 1, 3, 16),
      }),
      fc.noBias(fc.array(fc.nat(0xffff), { minLength: length, maxLength: length })),
    )
    .map(([setting, tape]) => {
      let at = 0;
      const draw: Draw = (below) => tape[at++ % tape.length]! % below;
      return record(object(draw), setting, draw);
    });
}
