/** A span: one op of a client, from its invocation to its completion. */
import type { Op } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { displayTime, displayValue } from './display.ts';

/** What reports need of a History. */
export interface Lines {
  readonly length: number;
  op(index: number): Op;
  /** The line of the file, from 1; by default the position from 1. */
  line?(index: number): number;
}

export interface Span {
  /** Index of the invocation's line. */
  readonly index: number;
  readonly process: number;
  readonly f: string;
  readonly key?: Value;
  readonly input: Value;
  /** What the completion says; null while there is none. */
  readonly output: Value;
  /** `info` also when the history ends before it completes. */
  readonly type: 'ok' | 'fail' | 'info';
  readonly startNs: number;
  /** Undefined when the history ends before it completes. */
  readonly endNs?: number;
  /** Index of the completion's line. */
  readonly completion?: number;
  readonly error?: Value;
  readonly node?: string;
}

function span(invocation: Op, completion: Op | undefined): Span {
  const node = invocation.node ?? completion?.node;
  return {
    index: invocation.index,
    process: invocation.process as number,
    f: invocation.f,
    input: invocation.value,
    output: completion?.value ?? null,
    type: completion === undefined ? 'info' : (completion.type as Span['type']),
    startNs: invocation.time,
    ...(invocation.key === undefined ? {} : { key: invocation.key }),
    ...(completion === undefined ? {} : { endNs: completion.time, completion: completion.index }),
    ...(completion?.error === undefined ? {} : { error: completion.error }),
    ...(node === undefined ? {} : { node }),
  };
}

/**
 * The spans of clients whose invocation `keep` accepts, in the order of their invocations. Linear in the history;
 * `ordinal` counts invocations from 0.
 */
export function readSpans(lines: Lines, keep: (invocation: Op, ordinal: number) => boolean = () => true): Span[] {
  const spans: Span[] = [];
  const pending = new Map<number, { readonly place: number; readonly invocation: Op }>();
  let ordinal = 0;
  for (let index = 0; index < lines.length; index++) {
    const op = lines.op(index);
    if (op.process === 'nemesis') continue;
    if (op.type === 'invoke') {
      if (!keep(op, ordinal++)) continue;
      pending.set(op.process, { place: spans.length, invocation: op });
      spans.push(span(op, undefined));
      continue;
    }
    const begun = pending.get(op.process);
    if (begun === undefined) continue;
    pending.delete(op.process);
    spans[begun.place] = span(begun.invocation, op);
  }
  return spans;
}

/** The line by which the op began that a completion's line ends; undefined when there is none. */
export function invocationOf(lines: Lines, completion: number): number | undefined {
  if (completion < 0 || completion >= lines.length) return undefined;
  const { process } = lines.op(completion);
  for (let index = completion - 1; index >= 0; index--) {
    const op = lines.op(index);
    if (op.process === process) return op.type === 'invoke' ? index : undefined;
  }
  return undefined;
}

/** `write 3`, `read → 4`, `read → nil`, `cas [1 2]`. */
export function describeSpan(span: Span): string {
  const asked = span.input === null ? span.f : `${span.f} ${displayValue(span.input, 60)}`;
  const tells = span.type === 'ok' && (span.input === null || displayValue(span.output) !== displayValue(span.input));
  return tells ? `${asked} → ${displayValue(span.output, 60)}` : asked;
}

/** What became of it: `ok`, `fail: precondition-failed`, `info: timeout`, `never completed`. */
export function describeOutcome(span: Span): string {
  if (span.endNs === undefined) return 'never completed';
  return span.error === undefined ? span.type : `${span.type}: ${displayValue(span.error, 80)}`;
}

/** `12.345 s to 12.350 s`; `lines 17 to 20` where the history has no times. */
export function describeWhen({ startNs, endNs, index, completion }: Span, lines: Lines): string {
  const timed = Number.isFinite(startNs) && (endNs === undefined || Number.isFinite(endNs));
  if (timed) return `${displayTime(startNs)} to ${endNs === undefined ? 'the end' : displayTime(endNs)}`;
  const line = (at: number): number => lines.line?.(at) ?? at + 1;
  return completion === undefined ? `from line ${line(index)} on` : `lines ${line(index)} to ${line(completion)}`;
}
