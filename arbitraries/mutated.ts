/** Histories with something changed: what a checker should notice, where it matters. */
import fc from 'fast-check';
import { History } from '../history/history.ts';
import { isArray, nameOf, type Value } from '../history/value.ts';
import { severalOf } from './lists.ts';
import { readable } from './readable.ts';

/**
 * - `reads`: what an op that was ok found out becomes another value.
 * - `swaps`: two ops that were ok, of one `f`, find out what the other did.
 * - `drops`: an op is left out, both lines of it.
 * - `fates`: an op that was ok becomes one that failed, or one that failed becomes `info`.
 * - `moves`: two lines next to each other, of different clients, change places.
 */
export type Mutation = 'reads' | 'swaps' | 'drops' | 'fates' | 'moves';

const mutations: readonly Mutation[] = ['reads', 'swaps', 'drops', 'fates', 'moves'];

export interface MutationOptions {
  /** Default 2. */
  readonly changesMax?: number;
  /** Default: all of them. */
  readonly mutations?: readonly Mutation[];
}

interface Change {
  readonly mutation: Mutation;
  /** What is changed, out of all that could be; modulo their number. */
  readonly at: number;
  readonly other: number;
}

/**
 * Histories of `histories` with one change or several. Completions go on belonging to their invocations, and ops that say what to put in are
 * ok with that value. A change that is not possible is left out, and a change need not make a wrong history of a right one.
 * Shrinks to fewer changes, in earlier lines, and as `histories` do. Linear in the history for each change.
 */
export function mutated(histories: fc.Arbitrary<History>, options: MutationOptions = {}): fc.Arbitrary<History> {
  const change = fc.record({
    mutation: fc.constantFrom(...(options.mutations ?? mutations)),
    at: fc.nat({ max: 0xffff }),
    other: fc.nat({ max: 0xffff }),
  });
  const changes = severalOf(change, 1, options.changesMax ?? 2);
  return fc
    .tuple(histories, fc.noBias(changes))
    .map(([history, all]) => readable(all.reduce((changedSoFar, one) => changed(changedSoFar, one), history)));
}

function changed(history: History, change: Change): History {
  switch (change.mutation) {
    case 'reads':
      return withReadChanged(history, change);
    case 'swaps':
      return withReadsSwapped(history, change);
    case 'drops':
      return withoutOp(history, change);
    case 'fates':
      return withAnotherFate(history, change);
    case 'moves':
      return withLinesSwapped(history, change);
  }
}

/** Ops that only say what to put in. */
const findsNothingOut = new Set(['write', 'w', 'cas', 'enqueue', 'add', 'remove', 'push', 'put', 'append']);

/** Whether the value of a line, or a micro-op in it, was found out by the op. */
function isFound(history: History, i: number): boolean {
  if (!history.isClient(i) || history.type(i) !== 'ok') return false;
  if (history.f(i) === 'txn')
    return isArray(history.value(i)) && foundIn(history.value(i) as readonly Value[]).length > 0;
  return !findsNothingOut.has(history.f(i));
}

/** Positions of the micro-ops that read. */
const foundIn = (microOps: readonly Value[]): number[] =>
  [...microOps.keys()].filter((at) => {
    const microOp = microOps[at];
    return isArray(microOp) && microOp.length === 3 && ['r', 'read'].includes(nameOf(microOp[0]) ?? '');
  });

const linesWhere = (history: History, matches: (i: number) => boolean): number[] =>
  Array.from({ length: history.length }, (_, i) => i).filter(matches);

const pick = <T>(items: ArrayLike<T>, at: number): T | undefined => items[at % items.length];

const withValue = (history: History, values: ReadonlyMap<number, Value>): History =>
  History.from([...history.ops()].map((op) => (values.has(op.index) ? { ...op, value: values.get(op.index)! } : op)));

function withReadChanged(history: History, { at, other }: Change): History {
  const line = pick(
    linesWhere(history, (i) => isFound(history, i)),
    at,
  );
  if (line === undefined) return history;
  const value = history.value(line);
  if (history.f(line) !== 'txn') return withValue(history, new Map([[line, another(value, other)]]));
  const microOps = value as readonly Value[];
  const place = pick(foundIn(microOps), other)!;
  const [f, key, found] = microOps[place] as readonly [Value, Value, Value];
  const changedOps = microOps.with(place, [f, key, another(found, other >>> 4)]);
  return withValue(history, new Map([[line, changedOps]]));
}

/** A value near this one, and different: as `way` says. */
function another(value: Value, way: number): Value {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return way % 2 === 0 ? value - 1 : value + 1;
  if (typeof value === 'string') return way % 2 === 0 && value !== '' ? value.slice(1) : `${value}a`;
  if (!isArray(value) || value.length === 0) return isArray(value) ? [0] : 1;
  switch (way % 4) {
    case 0:
      return value.slice(0, -1);
    case 1:
      return value.slice(1);
    case 2:
      return value.length === 1 ? [value[0]!, value[0]!] : value.toReversed();
    default:
      return [...value, 0];
  }
}

function withReadsSwapped(history: History, { at, other }: Change): History {
  const lines = linesWhere(history, (i) => isFound(history, i) && history.f(i) !== 'txn');
  const one = pick(lines, at);
  if (one === undefined) return swappedMicroOps(history, at, other);
  const alike = lines.filter((i) => history.fIds[i] === history.fIds[one] && history.keyIds[i] === history.keyIds[one]);
  const two = pick(alike, other)!;
  const values = [
    [one, history.value(two)],
    [two, history.value(one)],
  ] as const;
  return withValue(history, new Map(values));
}

/** Two reads of one key, in any transactions, find what the other did. */
function swappedMicroOps(history: History, at: number, other: number): History {
  const reads = linesWhere(history, (i) => isFound(history, i)).flatMap((line) => {
    const microOps = history.value(line) as readonly Value[];
    return foundIn(microOps).map((place) => ({ line, place, microOp: microOps[place] as readonly Value[] }));
  });
  const one = pick(reads, at);
  if (one === undefined) return history;
  const two = pick(
    reads.filter(({ microOp }) => microOp[1] === one.microOp[1]),
    other,
  )!;
  const put = (from: History, to: typeof one, found: Value): History => {
    const [f, key] = to.microOp;
    const microOps = (from.value(to.line) as readonly Value[]).with(to.place, [f!, key!, found]);
    return withValue(from, new Map([[to.line, microOps]]));
  };
  return put(put(history, one, two.microOp[2]!), two, one.microOp[2]!);
}

function withoutOp(history: History, { at }: Change): History {
  const invocation = pick(history.clientInvocations(), at);
  if (invocation === undefined) return history;
  const completion = history.completionOf(invocation);
  return History.from([...history.ops()].filter(({ index }) => index !== invocation && index !== completion));
}

function withAnotherFate(history: History, { at }: Change): History {
  const line = pick(
    linesWhere(history, (i) => history.isClient(i) && (history.type(i) === 'ok' || history.type(i) === 'fail')),
    at,
  );
  if (line === undefined || history.invocationOf(line) < 0) return history;
  const value = history.value(history.invocationOf(line));
  const type = history.type(line) === 'ok' ? 'fail' : 'info';
  const process = history.process(line);
  // After an info the client goes on as a process that there was not.
  const successor = type === 'info' ? history.processes.reduce((most, one) => Math.max(most, one), 0) + 1 : process;
  return History.from(
    [...history.ops()].map((op) => {
      if (op.index === line) return { ...op, type, value };
      return op.index > line && op.process === process ? { ...op, process: successor } : op;
    }),
  );
}

function withLinesSwapped(history: History, { at }: Change): History {
  const line = pick(
    linesWhere(history, (i) => i + 1 < history.length && history.processes[i] !== history.processes[i + 1]),
    at,
  );
  if (line === undefined) return history;
  const ops = [...history.ops()];
  [ops[line], ops[line + 1]] = [ops[line + 1]!, ops[line]!];
  return History.from(ops);
}
