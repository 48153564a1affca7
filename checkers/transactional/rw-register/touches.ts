/** What transactions did to one key, as others see it. */
import { int32Column } from '../columns.ts';
import { ABORTED, READ, type Transactions } from '../transactions.ts';
import { NO_VERSION, type RegisterVersions } from './register-versions.ts';

/** What a transaction did to a key that certainly happened, or may have. */
export interface Touch {
  readonly transaction: number;
  /** The version that it found; NO_VERSION where it did not look before it wrote, or where that is not known. */
  read: number;
  /** The version that it left; NO_VERSION where it left what was there. */
  written: number;
}

/** In the order of invocations, given the micro-ops on the key. Versions of which it is not known whose they are count as not known. */
export function touchesOf(
  { fate, microOps }: Transactions,
  { ambiguous, isLast, of, previous }: RegisterVersions,
  ofKey: Int32Array,
): Touch[] {
  const { kind, transaction } = microOps;
  const touches: Touch[] = [];
  let touch: Touch | undefined;
  for (const m of ofKey) {
    const t = transaction[m]!;
    if (fate[t] === ABORTED) continue;
    if (touch?.transaction !== t) {
      touch = { transaction: t, read: NO_VERSION, written: NO_VERSION };
      touches.push(touch);
    }
    const version = of[m]!;
    if (version === NO_VERSION || ambiguous.has(version)) continue;
    if (kind[m] === READ) {
      if (previous[m]! < 0) touch.read = version;
    } else if (isLast[m] === 1) touch.written = version;
  }
  return touches;
}

/**
 * The version that shows behind which others a transaction comes: the one it found, unless that is the initial one and it replaced it, for that one
 * comes behind none.
 */
export const firstOf = ({ read, written }: Touch, initial: number): number =>
  read === NO_VERSION || (written !== NO_VERSION && read === initial) ? written : read;

/** The version that it left behind, or showed to be there. */
export const lastOf = ({ read, written }: Touch): number => (written === NO_VERSION ? read : written);

/** Positions by group: those of group g are items[start[g]] to items[start[g + 1] - 1], ascending. */
export class Groups {
  private readonly start: Int32Array;
  private readonly items: Int32Array;

  constructor(groupOf: Int32Array, groups: number) {
    this.start = int32Column(groups + 1);
    for (const group of groupOf) this.start[group + 1]!++;
    for (let group = 0; group < groups; group++) this.start[group + 1]! += this.start[group]!;
    this.items = int32Column(groupOf.length);
    const free = this.start.slice();
    for (let i = 0; i < groupOf.length; i++) this.items[free[groupOf[i]!]!++] = i;
  }

  of(group: number): Int32Array {
    return this.items.subarray(this.start[group]!, this.start[group + 1]!);
  }
}
