/** Why one transaction precedes another, by what they appended and read. */
import { formatValue } from '../../../history/value.ts';
import type { StepReason, TellStep } from '../cycle-evidence.ts';
import { RW, WR } from '../graph.ts';
import type { CycleStep } from '../knot-search.ts';
import { ABORTED, APPEND, listRead, type Transactions } from '../transactions.ts';
import { NOBODY } from './append-index.ts';
import { UNPLACED, type VersionOrders } from './version-orders.ts';

/** Tells why the steps of a cycle hold. The longest read of a key is what shows the order of what was appended to it. */
export function tellAppends(transactions: Transactions, orders: VersionOrders): TellStep {
  const { microOps, keys, values } = transactions;
  const element = (append: number): string => formatValue(values[microOps.value[append]!]!, 40);

  const becauseWritten = (append: number, earlier: string, later: string, key: string): string => {
    const k = microOps.key[append]!;
    const at = orders.place[append]!;
    const before = at === UNPLACED ? orders.start[k + 1]! - 1 : at - 1;
    const appended = `${earlier} appended ${element(orders.writer[before]!)} to ${key}`;
    return at === UNPLACED
      ? `${appended}, and ${later} appended ${element(append)}, which the longest read does not have, so that it came later`
      : `${appended}, and ${later} appended ${element(append)} after it`;
  };

  const becauseNotSeen = (step: CycleStep, earlier: string, later: string, key: string): string => {
    const isRead = microOps.kind[step.reason] !== APPEND;
    const append = isRead ? unreadAppend(transactions, orders, step) : step.reason;
    const read = isRead ? step.reason : readBefore(transactions, orders, step);
    const list = formatValue(listRead(transactions, read), 60);
    const when = orders.place[append] === UNPLACED ? 'later' : 'next';
    return `${earlier} read ${list} from ${key}, to which ${later} appended ${element(append)} ${when}`;
  };

  /** Where reads do not fit together, what a read found is known by who appended its last element. */
  const overwritten = ({ kind, reason }: CycleStep): readonly number[] => {
    const k = microOps.key[reason]!;
    if ((orders.deviates === undefined && orders.repeats[k] === 0) || (kind & RW) === 0) return [];
    const at = orders.place[reason]!;
    const before = at === UNPLACED || microOps.kind[reason] !== APPEND ? orders.start[k + 1]! - 1 : at - 1;
    return before < orders.start[k]! || orders.writer[before] === NOBODY ? [] : [orders.writer[before]!];
  };

  return (step, earlier, later): StepReason => {
    const k = microOps.key[step.reason]!;
    const key = `key ${formatValue(keys[k]!, 40)}`;
    if ((step.kind & WR) !== 0) {
      const last = formatValue(values[microOps.value[step.reason]!]!, 40);
      return { because: `${later} read ${last}, which ${earlier} appended to ${key}`, key: keys[k]!, witnesses: [] };
    }
    const longest = orders.longest[k]!;
    const witnesses = longest < 0 ? [] : [longest, ...overwritten(step)];
    return {
      because:
        (step.kind & RW) !== 0
          ? becauseNotSeen(step, earlier, later, key)
          : becauseWritten(step.reason, earlier, later, key),
      key: keys[k]!,
      witnesses: witnesses.map((m) => microOps.transaction[m]!),
    };
  };
}

/** The append of the later transaction, of a step over a junction, that no longest read has. */
function unreadAppend({ microOps, fate }: Transactions, { place }: VersionOrders, { to, reason }: CycleStep): number {
  for (let m = microOps.start[to]!; m < microOps.start[to + 1]!; m++) {
    const isOfKey = microOps.kind[m] === APPEND && microOps.key[m] === microOps.key[reason];
    if (isOfKey && place[m] === UNPLACED && fate[to] !== ABORTED) return m;
  }
  throw new Error(`transaction ${to} appended nothing unread to the key of micro-op ${reason}`);
}

/** The read of the earlier transaction that returned what was there just before the append. */
function readBefore(
  { microOps }: Transactions,
  { place, start, writer }: VersionOrders,
  { from, reason }: CycleStep,
): number {
  const k = microOps.key[reason]!;
  const before = (place[reason] === UNPLACED ? start[k + 1]! : place[reason]!) - 1;
  const elements = before + 1 - start[k]!;
  let sameSize = -1;
  for (let m = microOps.start[from]!; m < microOps.start[from + 1]!; m++) {
    if (microOps.kind[m] === APPEND || microOps.key[m] !== k || microOps.size[m]! < 0) continue;
    if (elements === 0 ? microOps.size[m] === 0 : endsWith(m, writer[before]!)) return m;
    if (microOps.size[m] === elements) sameSize = m;
  }
  if (sameSize < 0) throw new Error(`transaction ${from} read nothing that micro-op ${reason} overwrote`);
  return sameSize;

  function endsWith(read: number, append: number): boolean {
    return append !== NOBODY && microOps.size[read]! > 0 && microOps.value[read] === microOps.value[append];
  }
}
