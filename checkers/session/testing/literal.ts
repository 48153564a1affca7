/** The session guarantees word for word, on one register whose written values are distinct. Exponential; shares nothing with the checkers. */
import type { Value } from '../../../history/value.ts';
import type { SessionGuarantee } from '../guarantees.ts';

export interface PlainOp {
  readonly process: number;
  /** The value that it returned, or found and replaced; undefined where it read nothing. */
  readonly read?: Value;
  /** The value that it left; undefined where it wrote nothing. */
  readonly wrote?: Value;
  readonly isCrashed: boolean;
}

/** Whether the ops, in the order of their invocations, keep the guarantee. The register holds null at first. */
export function keeps(ops: readonly PlainOp[], guarantee: SessionGuarantee): boolean {
  const written = ops.flatMap(({ wrote }) => (wrote === undefined ? [] : [wrote]));
  const reads = ops.filter(({ read, isCrashed }) => read !== undefined && !isCrashed);
  if (reads.some(({ read }) => read !== null && !written.includes(read!))) return false;
  switch (guarantee) {
    case 'monotonic-reads':
      return someOrder(written, (isNotAfter) =>
        pairs(reads).every(([one, other]) => one.process !== other.process || isNotAfter(one.read!, other.read!)),
      );
    case 'read-your-writes':
      return someOrder(written, (isNotAfter) =>
        pairs(ops).every(([one, other]) => {
          const isOwnWrite = one.process === other.process && one.wrote !== undefined && !one.isCrashed;
          const isRead = other.read !== undefined && !other.isCrashed;
          return !isOwnWrite || !isRead || isNotAfter(one.wrote!, other.read!);
        }),
      );
    case 'monotonic-writes':
      return pairs(ops).every(([one, other]) => {
        if (one.process !== other.process || one.wrote === undefined || other.wrote === undefined) return true;
        return one.isCrashed || !isSeenBefore(reads, other.wrote, one.wrote);
      });
    case 'writes-follow-reads':
      return [...pairs(ops), ...ops.map((op): [PlainOp, PlainOp] => [op, op])].every(([one, other]) => {
        if (one.process !== other.process || one.isCrashed || other.wrote === undefined) return true;
        if (one.read === undefined || one.read === null || one.read === other.wrote) return true;
        return !isSeenBefore(reads, other.wrote, one.read);
      });
  }
}

/** Whether a process whose own reads do not go back reads the one value and later the other. */
function isSeenBefore(reads: readonly PlainOp[], first: Value, second: Value): boolean {
  return pairs(reads).some(([one, other]) => {
    const own = reads.filter(({ process }) => process === one.process).map(({ read }) => read!);
    return one.process === other.process && one.read === first && other.read === second && !goesBack(own);
  });
}

function goesBack(values: readonly Value[]): boolean {
  return values.some((value, at) => {
    const earlier = values.slice(0, at);
    const last = earlier.lastIndexOf(value);
    const isAgain = last >= 0 && earlier.slice(last).some((other) => other !== value);
    return isAgain || (value === null && earlier.some((other) => other !== null));
  });
}

function pairs<Item>(items: readonly Item[]): [Item, Item][] {
  return items.flatMap((one, at) => items.slice(at + 1).map((other): [Item, Item] => [one, other]));
}

/** Whether the values can be put in some order, null first, for which it holds. */
function someOrder(values: readonly Value[], holds: (isNotAfter: (a: Value, b: Value) => boolean) => boolean): boolean {
  const place = (rest: readonly Value[], order: readonly Value[]): boolean =>
    rest.length === 0
      ? holds((a, b) => order.indexOf(a) <= order.indexOf(b))
      : rest.some((value) =>
          place(
            rest.filter((other) => other !== value),
            [...order, value],
          ),
        );
  return place(values, [null]);
}
