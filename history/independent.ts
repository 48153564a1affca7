/** Jepsen's independent objects: the value of each client op is a tuple `[key value]`. */
import { type Extra, type History, HistoryBuilder, type OpFields, okCode } from './history.ts';
import { isArray, Keyword, type Value, valuesEqual } from './value.ts';

/**
 * Whether every value of a client's op is a tuple `[key value]`, so that splitIndependent makes sense. EDN does not mark
 * tuples, so this asks for more than pairs: every invocation has one, its key is a scalar, an ok has the same key or no
 * value, and a `cas` has a pair within. A register's ops fail this by their reads of nil, cas `[from to]` by what is within.
 */
export function isIndependent(history: History): boolean {
  const invocations = history.clientInvocations();
  if (invocations.length === 0) return false;
  for (const i of invocations) {
    const tuple = tupleOf(history, i);
    if (tuple === undefined || history.keyIds[i] !== -1) return false;
    const completion = history.completionOf(i);
    // A fail or an info may carry anything, such as :timed-out.
    if (completion < 0 || history.types[completion] !== okCode || history.value(completion) === null) continue;
    const completed = tupleOf(history, completion);
    if (completed === undefined || !valuesEqual(tuple[0], completed[0])) return false;
  }
  return true;
}

type Tuple = readonly [Value, Value];

function tupleOf(history: History, i: number): Tuple | undefined {
  const value = history.value(i);
  if (!isArray(value) || value.length !== 2) return undefined;
  const [key, inner] = value as Tuple;
  if (key === null || (typeof key === 'object' && !(key instanceof Keyword))) return undefined;
  if (history.f(i) === 'cas' && !(isArray(inner) && inner.length === 2)) return undefined;
  return [key, inner];
}

/**
 * The history with clients' tuples `[key value]` taken apart into key and value. A completion that lost its tuple gets
 * its invocation's key, and no value. Lines that are no clients', and those without tuple, stay as they are.
 */
export function splitIndependent(history: History): History {
  const builder = new HistoryBuilder();
  for (let i = 0; i < history.length; i++) {
    const op = history.op(i);
    const tuple = history.isClient(i) ? splitOf(history, i) : undefined;
    const fields: OpFields = tuple === undefined ? op : { ...op, key: tuple[0], value: tuple[1] };
    builder.push(fields);
    builder.setLine(history.line(i));
    const extra: Extra | undefined = history.extra(i);
    if (extra !== undefined) builder.setExtra(extra);
  }
  return builder.build(history.cutAtLine);
}

function splitOf(history: History, i: number): Tuple | undefined {
  const invocation = history.invocationOf(i);
  const own = pairOf(history.value(i));
  if (invocation < 0) return own;
  const invoked = pairOf(history.value(invocation));
  if (invoked === undefined) return own;
  return own !== undefined && valuesEqual(own[0], invoked[0]) ? own : [invoked[0], null];
}

const pairOf = (value: Value): Tuple | undefined =>
  isArray(value) && value.length === 2 ? (value as Tuple) : undefined;
