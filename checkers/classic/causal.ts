/**
 * Causal: what one client does to a register after another op, it sees (Jepsen, tests/causal.clj). Each key is used by one client at
 * a time. Of a key, an op follows the op before it if both are of one process, or if its `link` is the `position` of that op: fields
 * of the completion that a client may add. Then it must see at least as much:
 *
 * - A read returns what the op before it wrote or read, or what was written later.
 * - An op whose `link` is neither `init` nor the position of the op before it follows nothing that was done: that is an error.
 *
 * An op that does not follow begins anew: it may see any state that the register ever had. A crashed write may take effect at
 * any later time, once. As in Jepsen, a read of nil says nothing.
 */
import type { History } from '../../history/history.ts';
import { formatValue, nameOf, type Value, valuesEqual } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { type Calls, RETURNED } from '../linearizable/calls.ts';
import { ValueNumbers } from '../linearizable/value-numbers.ts';
import { momentOf } from '../moments.ts';
import { Findings } from './findings.ts';
import {
  conclusion,
  expectCalls,
  type Judged,
  judgeObjects,
  type ObjectCalls,
  type ObjectVerdict,
  objectChecker,
  Unjudgeable,
} from './object-checker.ts';

export interface CausalOptions {
  /** What a register holds before it is written. Default 0. */
  readonly initial?: Value;
}

export interface CausalVerdict extends ObjectVerdict {
  readonly readCount: number;
  readonly errorCount: number;
}

/** Ops are `write`, `read`, and `read-init`, the first read of a key. Linear where values are distinct and few processes crash. */
export const checkCausal = (history: History, options: CausalOptions = {}): Judged<CausalVerdict> =>
  judgeObjects(history, (object) => judge(object, options));

export const causal = (options: CausalOptions = {}): Checker =>
  objectChecker('causal', (object) => judge(object, options));

/** Values named in a sentence, at most. */
const shownMax = 5;

function judge({ history, calls }: ObjectCalls, { initial = 0 }: CausalOptions): CausalVerdict {
  expectCalls(calls, 'causal', ['write', 'read', 'read-init']);
  const findings = new Findings();
  const register = new Register(initial);
  let before = -1;
  let readCount = 0;
  for (let call = 0; call < calls.length; call++) {
    const value = calls.input[call]!;
    if (calls.fate[call] !== RETURNED) {
      if (calls.f[call] === 'write') register.mayWrite(value);
      continue;
    }
    refuseOverlap(calls, before, call);
    const [began, ended] = [calls.invocation[call]!, calls.completion[call]!];
    const lines = before < 0 ? [began, ended] : [calls.invocation[before]!, calls.completion[before]!, began, ended];
    const who = `process ${calls.process[call]}`;
    const link = field(history, call, calls, 'link');
    const position = before < 0 ? undefined : field(history, before, calls, 'position');
    const isLinked = link !== undefined && position !== undefined && valuesEqual(link, position);
    if (link !== undefined && position !== undefined && !isLinked && nameOf(link) !== 'init') {
      findings.add('broken-link', () => ({
        lines,
        sentence: `The ${calls.f[call]} of ${who} ${momentOf(history, ended)} is linked to position ${formatValue(link)}, but the op before it was at position ${formatValue(position)}.`,
      }));
    }
    if (before >= 0 && !isLinked && calls.process[before] !== calls.process[call]) register.beginAnew();
    before = call;
    if (calls.f[call] === 'write') {
      register.write(value);
      continue;
    }
    readCount++;
    const read = calls.output[call]!;
    if (read === null) continue;
    const expected = register.describe();
    if (register.read(read)) continue;
    findings.add('not-causal', () => ({
      lines,
      sentence: `The ${calls.f[call]} of ${who} ${momentOf(history, ended)} returned ${formatValue(read)}, but after the ops before it the register could only hold ${expected}.`,
    }));
  }
  const wrong = findings.reason(['not-causal', 'broken-link']);
  return {
    ...conclusion(wrong, { untested: readCount === 0 ? 'nothing was read' : undefined }),
    readCount,
    errorCount: findings.count('not-causal') + findings.count('broken-link'),
    findings: findings.told,
  };
}

function refuseOverlap({ invocation, completion }: Calls, before: number, call: number): void {
  if (before < 0 || completion[before]! < invocation[call]!) return;
  const both = `op ${invocation[before]} and op ${invocation[call]}`;
  throw new Unjudgeable(`${both} overlap; expected each key to be used by one client at a time`);
}

/** A field that the client added to the op; undefined where it did not. */
function field(history: History, call: number, calls: Calls, name: string): Value | undefined {
  const fields = history.extra(calls.completion[call]!) ?? history.extra(calls.invocation[call]!);
  return fields?.[name] ?? undefined;
}

/** What the client at hand may read. */
class Register {
  readonly #numbers = new ValueNumbers();
  /** All that was written, in order, the initial value first; and of each value where it stands there. */
  readonly #writes: Value[] = [];
  readonly #places: number[][] = [];
  /** The client has seen the state that the write at this place left. */
  #atLeast = 0;
  /** What it has read of a write without place since. */
  #late: Value | undefined;
  /** Writes without place, which the client has not read yet: crashed ones, and such as it had not seen when it wrote itself. */
  #placeless: Value[] = [];
  readonly #crashed: Value[] = [];

  constructor(initial: Value) {
    this.write(initial);
  }

  write(value: Value): void {
    const number = this.#numbers.of(value);
    // What it had not seen is concurrent, and may overwrite what it wrote.
    this.#placeless.push(...this.#writes.slice(this.#atLeast + 1));
    this.#places[number] ??= [];
    this.#atLeast = this.#writes.push(value) - 1;
    this.#places[number].push(this.#atLeast);
    this.#late = undefined;
  }

  mayWrite(value: Value): void {
    this.#crashed.push(value);
    this.#placeless.push(value);
  }

  /** Another client, which has seen nothing. */
  beginAnew(): void {
    this.#atLeast = 0;
    this.#late = undefined;
    this.#placeless = [...this.#crashed];
  }

  /** Whether the client may read the value; if so, it has. */
  read(value: Value): boolean {
    if (this.#late !== undefined && valuesEqual(value, this.#late)) return true;
    const least = this.#late === undefined ? this.#atLeast : this.#atLeast + 1;
    const place = this.#places[this.#numbers.of(value)]?.find((each) => each >= least);
    if (place !== undefined) {
      this.#atLeast = place;
      this.#late = undefined;
      return true;
    }
    const placeless = this.#placeless.findIndex((each) => valuesEqual(each, value));
    if (placeless < 0) return false;
    this.#late = this.#placeless.splice(placeless, 1)[0]!;
    return true;
  }

  describe(): string {
    const first = this.#late ?? this.#writes[this.#atLeast]!;
    const later = this.#writes.slice(this.#atLeast + 1);
    const words = [first, ...later, ...this.#placeless].map((value) => formatValue(value));
    return [...new Set(words)].slice(0, shownMax).join(' or ');
  }
}
