/**
 * The calls on a container (queue, stack, bag), put together by element: what was put in, and the call that took it out.
 */
import { nameOf, type Value } from '../../../history/value.ts';
import { type Calls, CRASHED, REFUSED } from '../calls.ts';
import { ValueNumbers } from '../value-numbers.ts';
import { type Spans, spansOf } from './spans.ts';

/** The two ops of a container. `take` returns what it took out, or that there was nothing. */
export interface ContainerWords {
  readonly put: string;
  readonly take: string;
}

/** As the element of a call: it found the container empty. */
export const EMPTY = -1;
/** It crashed, and may have taken an element that no call returned, or found nothing, or not have happened. */
export const LOST = -2;
const DROPPED = -3;

export interface Elements extends Spans {
  readonly events: Int32Array;
  readonly count: number;
  /**
   * The call that put each element in, in order of invocation. Crashed ones are here only if what they put in was
   * returned: any other can be left out of a linearization, with the crashed call that took its element, if one did.
   */
  readonly put: Int32Array;
  /** The call that returned each element; -1 where none did. */
  readonly take: Int32Array;
  /** The element that a call put in or returned; EMPTY, LOST, or something less where it is left out. */
  readonly elementOf: Int32Array;
  /** The calls that are LOST, in order of invocation. */
  readonly lost: Int32Array;
}

/**
 * The elements. Or the calls of a contradiction that any container would show: a value was returned that none put in, or
 * before it was put in, or twice. Or undefined where a returned value was put in by several calls, or a value put in
 * stands for empty (nil, "empty", :empty), or there are refused calls or other ops. Values that no call returned may
 * repeat. Linear.
 */
export function elementsOf(calls: Calls, words: ContainerWords): Elements | readonly number[] | undefined {
  const { length, fate, f, input, output, events } = calls;
  const values = new ValueNumbers();
  const numberOf = new Int32Array(length);
  const isPut = new Uint8Array(length);
  const lost: number[] = [];
  for (let call = 0; call < length; call++) {
    if (fate[call] === REFUSED) return undefined;
    if (f[call] === words.put) {
      if (isEmpty(input[call]!)) return undefined;
      isPut[call] = 1;
      numberOf[call] = values.of(input[call]!);
    } else if (f[call] !== words.take) {
      return undefined;
    } else if (fate[call] === CRASHED) {
      lost.push(call);
      numberOf[call] = LOST;
    } else {
      numberOf[call] = isEmpty(output[call]!) ? EMPTY : values.of(output[call]!);
    }
  }

  const spans = spansOf(calls);
  const putOf = new Int32Array(values.count).fill(-1);
  const takeOf = new Int32Array(values.count).fill(-1);
  const repeated = new Uint8Array(values.count);
  for (let call = 0; call < length; call++) {
    if (isPut[call] === 0) continue;
    const value = numberOf[call]!;
    if (putOf[value] === -1) putOf[value] = call;
    else repeated[value] = 1;
  }
  let contradiction: number[] | undefined;
  for (const event of events) {
    const call = event >>> 1;
    const value = numberOf[call]!;
    if ((event & 1) === 0 || isPut[call] === 1 || value < 0) continue;
    if (repeated[value] === 1) return undefined;
    const put = putOf[value]!;
    const other = takeOf[value]!;
    takeOf[value] = call;
    if (contradiction !== undefined) continue;
    if (put < 0) contradiction = [call];
    else if (other >= 0) contradiction = [put, other, call];
    else if (spans.returned[call]! < spans.invoked[put]!) contradiction = [put, call];
  }
  if (contradiction !== undefined) return contradiction.sort((a, b) => a - b);

  const elementOf = numberOf;
  const put: number[] = [];
  const take: number[] = [];
  for (let call = 0; call < length; call++) {
    if (isPut[call] === 0) continue;
    const takenBy = takeOf[numberOf[call]!]!;
    if (fate[call] === CRASHED && takenBy < 0) {
      elementOf[call] = DROPPED;
      continue;
    }
    const element = put.push(call) - 1;
    take.push(takenBy);
    elementOf[call] = element;
  }
  take.forEach((call, element) => {
    if (call >= 0) elementOf[call] = element;
  });
  return {
    events,
    count: put.length,
    put: Int32Array.from(put),
    take: Int32Array.from(take),
    elementOf,
    lost: Int32Array.from(lost),
    ...spans,
  };
}

const isEmpty = (value: Value): boolean => value === null || nameOf(value) === 'empty';
