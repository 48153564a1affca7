/**
 * Whether transactions on lists are serializable, or snapshot isolated, by trying every order: for tests. Of transactions that may have
 * happened every subset is tried.
 */

export interface SmallTransaction {
  readonly fate: 'ok' | 'info' | 'fail';
  readonly process: number;
  /** Line of the invocation, and of the completion. */
  readonly invoked: number;
  readonly completed: number;
  readonly microOps: readonly SmallMicroOp[];
}

/** An append has an element, a read what it found. */
export interface SmallMicroOp {
  readonly key: string;
  readonly element?: number;
  readonly found?: readonly number[];
}

type Lists = ReadonlyMap<string, readonly number[]>;

/** Which transactions must come before which: by real time, by the order of each process, or none. */
export type Kept = 'realtime' | 'process' | 'none';

/** Whether some order of the transactions explains what each read, each done at once. Factorial. */
export function isSerializable(transactions: readonly SmallTransaction[], kept: Kept): boolean {
  return subsets(transactions).some((some) => serializes(some, [], new Map(), kept));
}

function serializes(
  left: readonly SmallTransaction[],
  done: readonly SmallTransaction[],
  lists: Lists,
  kept: Kept,
): boolean {
  if (left.length === 0) return true;
  return left.some((next) => {
    if (left.some((other) => other !== next && mustPrecede(other, next, kept))) return false;
    const after = run(next, lists);
    return (
      after !== undefined &&
      serializes(
        left.filter((other) => other !== next),
        [...done, next],
        after,
        kept,
      )
    );
  });
}

/**
 * Whether snapshot isolation explains it (Adya 1999, section 4.3; generalized, so that a snapshot may be old): each transaction reads
 * what was committed when it began, and of two that overlap no two write one key. Factorial of twice as many.
 */
export function isSnapshotIsolated(transactions: readonly SmallTransaction[]): boolean {
  return subsets(transactions).some((some) => isolates(some, [], new Map()));
}

interface Begun {
  readonly transaction: SmallTransaction;
  readonly written: readonly string[];
  /** Keys that others wrote since it began. */
  readonly overtaken: ReadonlySet<string>;
}

function isolates(left: readonly SmallTransaction[], begun: readonly Begun[], lists: Lists): boolean {
  if (left.length === 0 && begun.length === 0) return true;
  const begins = left.some((next) => {
    if (run(next, lists) === undefined) return false;
    const written = next.microOps.filter(({ element }) => element !== undefined).map(({ key }) => key);
    const others = left.filter((other) => other !== next);
    return isolates(others, [...begun, { transaction: next, written, overtaken: new Set() }], lists);
  });
  if (begins) return true;
  return begun.some((one) => {
    if (one.written.some((key) => one.overtaken.has(key))) return false;
    const others = begun
      .filter((other) => other !== one)
      .map((other) => ({ ...other, overtaken: new Set([...other.overtaken, ...one.written]) }));
    return isolates(left, others, applied(one.transaction, lists));
  });
}

/** The lists after a transaction, done at once; undefined where it would not have read what it did. */
function run({ microOps }: SmallTransaction, lists: Lists): Lists | undefined {
  const own = new Map(lists);
  for (const { key, element, found } of microOps) {
    const list = own.get(key) ?? [];
    if (element !== undefined) own.set(key, [...list, element]);
    else if (found !== undefined && found.join() !== list.join()) return undefined;
  }
  return own;
}

function applied({ microOps }: SmallTransaction, lists: Lists): Lists {
  const after = new Map(lists);
  for (const { key, element } of microOps) {
    if (element !== undefined) after.set(key, [...(after.get(key) ?? []), element]);
  }
  return after;
}

function mustPrecede(one: SmallTransaction, other: SmallTransaction, kept: Kept): boolean {
  if (kept === 'none' || one.fate !== 'ok' || (kept === 'process' && one.process !== other.process)) return false;
  return one.completed < other.invoked;
}

/** All that certainly happened with every choice of those that may have; of those the reads tell nothing. */
function subsets(transactions: readonly SmallTransaction[]): SmallTransaction[][] {
  return transactions.reduce<SmallTransaction[][]>(
    (chosen, one) => {
      if (one.fate === 'fail') return chosen;
      if (one.fate === 'ok') return chosen.map((some) => [...some, one]);
      const microOps = one.microOps.filter(({ element }) => element !== undefined);
      return chosen.flatMap((some) => [some, [...some, { ...one, microOps }]]);
    },
    [[]],
  );
}
