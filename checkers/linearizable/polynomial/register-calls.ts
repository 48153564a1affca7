/** The calls on a register, each with the one call that left the value it expects. */
import { isArray, type Value } from '../../../history/value.ts';
import { type Calls, CRASHED, REFUSED } from '../calls.ts';
import type { RegisterOptions } from '../models/register.ts';
import { ValueNumbers } from '../value-numbers.ts';
import { NEVER, type Spans, spansOf } from './spans.ts';

/** A call that constrains nothing: a crashed read, or a read of nil where that says nothing. */
export const IDLE = 0;
export const READ = 1;
export const WRITE = 2;
export const CAS = 3;

/** As the source of a call that expects nothing: a write. */
export const NOTHING_EXPECTED = -1;
/** As the source of a call whose value nobody leaves. */
export const NOBODY = -2;
const SEVERAL = -3;

export interface RegisterCalls extends Spans {
  readonly length: number;
  /** IDLE, READ, WRITE, or CAS. A cas(a, a) is a read of a. */
  readonly kind: Uint8Array;
  /**
   * The call that leaves the value that this one expects; `length` for the initial value, which stands for a write before
   * everything; NOTHING_EXPECTED or NOBODY.
   */
  readonly source: Int32Array;
  readonly events: Int32Array;
}

/**
 * Undefined where the values do not tell the source: a value is expected by a call that must have happened (see
 * markNeeded), and left by several, the initial value being left once already. Values that nobody need have seen may
 * repeat. Undefined also where calls were refused, and for ops other than `fs`. Linear.
 */
export function registerCallsOf(
  calls: Calls,
  { initial = null, nilReadIsUnknown = false }: RegisterOptions,
  fs: readonly string[],
): RegisterCalls | undefined {
  const { length, fate, f, input, output } = calls;
  const values = new ValueNumbers();
  const kind = new Uint8Array(length);
  const expects = new Int32Array(length).fill(NOTHING_EXPECTED);
  const leaves = new Int32Array(length);
  const first = values.of(initial);
  for (let call = 0; call < length; call++) {
    const name = f[call]!;
    if (fate[call] === REFUSED || !fs.includes(name)) return undefined;
    const crashed = fate[call] === CRASHED;
    if (name === 'read') {
      if (crashed || (nilReadIsUnknown && output[call] === null)) continue;
      kind[call] = READ;
      expects[call] = values.of(output[call]!);
    } else if (name === 'write') {
      kind[call] = WRITE;
      leaves[call] = values.of(input[call]!);
    } else {
      const pair = input[call];
      if (!isArray(pair) || pair.length !== 2) return undefined;
      expects[call] = values.of(pair[0] as Value);
      leaves[call] = values.of(pair[1] as Value);
      kind[call] = expects[call] === leaves[call] ? READ : CAS;
    }
  }

  const producer = new Int32Array(values.count).fill(NOBODY);
  producer[first] = length;
  for (let call = 0; call < length; call++) {
    if (kind[call] === WRITE || kind[call] === CAS) {
      producer[leaves[call]!] = producer[leaves[call]!] === NOBODY ? call : SEVERAL;
    }
  }
  for (let call = 0; call < length; call++) {
    if (kind[call] === READ || kind[call] === CAS) expects[call] = producer[expects[call]!]!;
  }
  const register = { length, kind, source: expects, events: calls.events, ...spansOf(calls) };
  return isUnambiguous(register) ? register : undefined;
}

function isUnambiguous(register: RegisterCalls): boolean {
  const { length, source } = register;
  const needed = new Uint8Array(length + 1);
  markNeeded(register, NEVER, needed, new Int32Array(length));
  for (let call = 0; call < length; call++) if (needed[call] === 1 && source[call] === SEVERAL) return false;
  return true;
}

/**
 * Marks the calls that must have happened if only what returned before `limit` is known: those that returned, and those
 * that left what another of them expects; notes for the latter the call that expects it. All others may be left out of
 * any linearization: what a needed call expects was left by a needed one, so each still finds what it found. Linear.
 */
export function markNeeded(
  { length, kind, source, returned }: RegisterCalls,
  limit: number,
  needed: Uint8Array,
  neededBy: Int32Array,
): void {
  needed.fill(0);
  needed[length] = 1;
  for (let call = 0; call < length; call++) {
    if (returned[call]! >= limit || kind[call] === IDLE) continue;
    needed[call] = 1;
    for (let user = call, from = source[user]!; from >= 0 && needed[from] === 0; user = from, from = source[user]!) {
      needed[from] = 1;
      neededBy[from] = user;
    }
  }
}
