/**
 * Which models transactions on registers can satisfy, by trying everything: for tests. Two methods that share nothing with the checker
 * or each other: executions, serial or with snapshots, and dependency graphs (Adya 1999, section 3) of every order of the versions. Of
 * transactions that may have happened every subset is tried.
 */

export interface SmallRegisterTransaction {
  readonly fate: 'ok' | 'info' | 'fail';
  readonly process: number;
  /** Line of the invocation, and of the completion. */
  readonly invoked: number;
  readonly completed: number;
  readonly microOps: readonly SmallRegisterOp[];
}

/** A write has a value, a read what it found. */
export interface SmallRegisterOp {
  readonly key: string;
  readonly written?: number;
  readonly found?: number | null;
}

/** Which transactions must come before which: by real time, by the order of each process, or none. */
export type KeptOrder = 'realtime' | 'process' | 'none';

type Registers = ReadonlyMap<string, number>;

/** Whether some order of the transactions explains what each read, each done at once. Factorial. */
export function registersAreSerializable(transactions: readonly SmallRegisterTransaction[], kept: KeptOrder): boolean {
  return subsets(transactions).some((some) => serializes(some, new Map(), kept));
}

function serializes(left: readonly SmallRegisterTransaction[], registers: Registers, kept: KeptOrder): boolean {
  if (left.length === 0) return true;
  return left.some((next) => {
    const others = left.filter((other) => other !== next);
    if (others.some((other) => mustPrecede(other, next, kept)) || !explains(registers, next)) return false;
    return serializes(others, written(next, registers), kept);
  });
}

/** Whether a transaction, done at once, reads what it did. */
function explains(registers: Registers, { microOps }: SmallRegisterTransaction): boolean {
  const own = new Map(registers);
  return microOps.every(({ key, written, found }) => {
    if (written !== undefined) own.set(key, written);
    return written !== undefined || found === undefined || found === (own.get(key) ?? null);
  });
}

function written({ microOps }: SmallRegisterTransaction, registers: Registers): Registers {
  const after = new Map(registers);
  for (const { key, written } of microOps) if (written !== undefined) after.set(key, written);
  return after;
}

/**
 * Whether snapshot isolation explains it (Adya 1999, section 4.3; generalized, so that a snapshot may be old): each transaction reads
 * what was committed when it began, and of two that overlap no two write one key. What must come before another has ended
 * before that begins. Factorial of twice as many.
 */
export function registersAreSnapshotIsolated(
  transactions: readonly SmallRegisterTransaction[],
  kept: KeptOrder,
): boolean {
  return subsets(transactions).some((some) => isolates(some, [], new Map(), kept));
}

interface Begun {
  readonly transaction: SmallRegisterTransaction;
  /** Keys that others wrote since it began. */
  readonly overtaken: ReadonlySet<string>;
}

function isolates(
  left: readonly SmallRegisterTransaction[],
  begun: readonly Begun[],
  registers: Registers,
  kept: KeptOrder,
): boolean {
  if (left.length === 0 && begun.length === 0) return true;
  const notEnded = [...left, ...begun.map(({ transaction }) => transaction)];
  const begins = left.some((next) => {
    const others = left.filter((other) => other !== next);
    if (notEnded.some((other) => other !== next && mustPrecede(other, next, kept))) return false;
    if (!explains(registers, next)) return false;
    return isolates(others, [...begun, { transaction: next, overtaken: new Set() }], registers, kept);
  });
  if (begins) return true;
  return begun.some((one) => {
    const keys = one.transaction.microOps.flatMap(({ key, written }) => (written === undefined ? [] : [key]));
    if (keys.some((key) => one.overtaken.has(key))) return false;
    const others = begun
      .filter((other) => other !== one)
      .map((other) => ({ ...other, overtaken: new Set([...other.overtaken, ...keys]) }));
    return isolates(left, others, written(one.transaction, registers), kept);
  });
}

function mustPrecede(one: SmallRegisterTransaction, other: SmallRegisterTransaction, kept: KeptOrder): boolean {
  if (kept === 'none' || one.fate !== 'ok' || (kept === 'process' && one.process !== other.process)) return false;
  return one.completed < other.invoked;
}

/** All that certainly happened with every choice of those that may have; of those the reads tell nothing. */
function subsets(transactions: readonly SmallRegisterTransaction[]): SmallRegisterTransaction[][] {
  return transactions.reduce<SmallRegisterTransaction[][]>(
    (chosen, one) => {
      if (one.fate === 'fail') return chosen;
      if (one.fate === 'ok') return chosen.map((some) => [...some, one]);
      const microOps = one.microOps.filter(({ written }) => written !== undefined);
      return chosen.flatMap((some) => [some, [...some, { ...one, microOps }]]);
    },
    [[]],
  );
}

/**
 * The anomalies of each way in which it can have been: which of those that may have happened did, and in which order the versions of each key
 * were installed. Factorial.
 */
export function* explanations(transactions: readonly SmallRegisterTransaction[]): Generator<ReadonlySet<string>> {
  for (const happened of subsets(transactions)) {
    const always = anomaliesOfReads(happened);
    const keys = [...new Set(happened.flatMap(({ microOps }) => microOps.map(({ key }) => key)))];
    const installers = keys.map((key) => permutations(happened.filter((one) => lastWrite(one, key) !== undefined)));
    for (const orders of product(installers)) {
      const byKey = new Map(keys.map((key, i) => [key, orders[i]!]));
      yield new Set([...always, ...cycleAnomalies(happened, byKey)]);
    }
  }
}

function anomaliesOfReads(happened: readonly SmallRegisterTransaction[]): string[] {
  const found: string[] = [];
  const updates = new Set<string>();
  for (const one of happened) {
    const known = new Map<string, number | null>();
    const updated = new Set<string>();
    one.microOps.forEach(({ key, written, found: value }, i) => {
      if (written !== undefined) {
        if (known.has(key) && !updated.has(key) && !wroteBefore(one, key, i)) {
          const update = `${key} ${known.get(key)}`;
          if (updates.has(update)) found.push('lost-update');
          updates.add(update);
        }
        updated.add(key);
        known.set(key, written);
        return;
      }
      if (value === undefined) return;
      if (known.has(key) && known.get(key) !== value) found.push('internal');
      known.set(key, value);
      if (value === null) return;
      const writer = happened.find(({ microOps }) => microOps.some((op) => op.key === key && op.written === value));
      if (writer === undefined) found.push('G1a');
      else if (writer !== one && lastWrite(writer, key) !== value) found.push('G1b');
      else if (writer === one && !one.microOps.slice(0, i).some((op) => op.key === key && op.written === value)) {
        found.push('future-read');
      }
    });
  }
  return found;
}

const wroteBefore = ({ microOps }: SmallRegisterTransaction, key: string, end: number): boolean =>
  microOps.slice(0, end).some((op) => op.key === key && op.written !== undefined);

const lastWrite = ({ microOps }: SmallRegisterTransaction, key: string): number | undefined =>
  microOps.findLast((op) => op.key === key && op.written !== undefined)?.written;

/** What others see a transaction read: before its own writes. */
function firstRead({ microOps }: SmallRegisterTransaction, key: string): number | null | undefined {
  return microOps.find((op) => op.key === key)?.found;
}

type EdgeKind = 'ww' | 'wr' | 'rw' | 'process' | 'realtime';

function cycleAnomalies(
  happened: readonly SmallRegisterTransaction[],
  orders: ReadonlyMap<string, readonly SmallRegisterTransaction[]>,
): Set<string> {
  const edges = happened.map(() => happened.map(() => new Set<EdgeKind>()));
  const add = (from: SmallRegisterTransaction, to: SmallRegisterTransaction | undefined, kind: EdgeKind): void => {
    if (to !== undefined && from !== to) edges[happened.indexOf(from)]![happened.indexOf(to)]!.add(kind);
  };
  for (const [key, order] of orders) {
    for (let i = 0; i < order.length; i++) add(order[i]!, order[i + 1], 'ww');
    for (const one of happened) {
      const found = firstRead(one, key);
      if (found === undefined) continue;
      const at = order.findIndex((writer) => lastWrite(writer, key) === found);
      if (at >= 0) add(order[at]!, one, 'wr');
      if (at >= 0 || found === null) add(one, order[at + 1], 'rw');
    }
  }
  for (const one of happened) {
    for (const other of happened) {
      if (one !== other && mustPrecede(one, other, 'process')) add(one, other, 'process');
      if (one !== other && mustPrecede(one, other, 'realtime')) add(one, other, 'realtime');
    }
  }
  const found = new Set<string>();
  const extend = (path: readonly number[], kinds: readonly EdgeKind[]): void => {
    const last = path.at(-1)!;
    for (let next = path[0]!; next < happened.length; next++) {
      for (const kind of edges[last]![next]!) {
        if (next === path[0]) found.add(nameOf([...kinds, kind]));
        else if (!path.includes(next)) extend([...path, next], [...kinds, kind]);
      }
    }
  };
  for (let first = 0; first < happened.length; first++) extend([first], []);
  return found;
}

function nameOf(kinds: readonly EdgeKind[]): string {
  const suffix = kinds.includes('realtime') ? '-realtime' : kinds.includes('process') ? '-process' : '';
  const anti = kinds.filter((kind) => kind === 'rw').length;
  if (anti === 0) return `${kinds.includes('wr') ? 'G1c' : 'G0'}${suffix}`;
  if (anti === 1) return `G-single-item${suffix}`;
  const areApart = kinds.every((kind, i) => kind !== 'rw' || kinds[(i + 1) % kinds.length] !== 'rw');
  return `${areApart ? 'G-nonadjacent-item' : 'G2-item'}${suffix}`;
}

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

function product<Item>(choices: readonly (readonly Item[])[]): Item[][] {
  return choices.reduce<Item[][]>((some, choice) => some.flatMap((one) => choice.map((item) => [...one, item])), [[]]);
}
