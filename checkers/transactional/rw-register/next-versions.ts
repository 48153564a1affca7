/**
 * Which versions of a key come next after which in real time: one precedes another where a transaction that had it returned before one
 * was invoked that had the other. As intervals do (Fishburn 1970), versions so ordered take two lines each to be compared: the first on which
 * anyone returned who had it, and the last on which anyone was invoked who had it.
 */

/** Nobody who had the version returned. */
export const NEVER = 0x7fffffff;

/** Each by version. */
export interface Lifetimes {
  /** The first line on which a transaction that had it returned, or NEVER. */
  readonly firstReturn: Int32Array;
  /** The last line on which a transaction that had it was invoked; -1 where nobody was. */
  readonly lastInvoked: Int32Array;
  /** The line on which the transaction that wrote it was invoked; 0 where that is not known. */
  readonly written: Int32Array;
}

/** So many next versions of one are named at most. There are more only where versions contradict each other, or with as many clients. */
const nextMax = 64;

/**
 * For each version that precedes others, those of the others for which `isNext` holds and that come next, from which the rest follows. Where
 * `isWhole`, that is all of them which began to be written before one of those that come next was over, although another may precede
 * them: so that beyond a single such step there are only returns before invocations. Linear in the versions times how many
 * are open at once, but for sorting them.
 */
export function eachNext(
  versions: readonly number[],
  isNext: (version: number) => boolean,
  { firstReturn, lastInvoked, written }: Lifetimes,
  isWhole: boolean,
  visit: (version: number, next: readonly number[]) => void,
): void {
  const begun = (v: number): number => Math.min(written[v]!, lastInvoked[v]!);
  const byReturn = versions.filter((v) => firstReturn[v] !== NEVER).sort((a, b) => firstReturn[a]! - firstReturn[b]!);
  const byBegin = versions.filter((v) => lastInvoked[v]! >= 0 && isNext(v)).sort((a, b) => begun(a) - begun(b));
  const returnsOfInvoked = byReturn.filter((v) => lastInvoked[v]! >= 0 && isNext(v));
  // Those that began and may be invoked once more, the last to begin first: positions in byBegin.
  const older = new Int32Array(byBegin.length);
  let newest = -1;
  let begin = 0;
  let returnAt = 0;
  const next: number[] = [];
  for (const v of byReturn) {
    const returned = firstReturn[v]!;
    while (returnAt < returnsOfInvoked.length && firstReturn[returnsOfInvoked[returnAt]!]! <= returned) returnAt++;
    let at = returnAt;
    while (at < returnsOfInvoked.length && lastInvoked[returnsOfInvoked[at]!]! <= returned) at++;
    const first = returnsOfInvoked[at] ?? -1;
    const over = first < 0 ? NEVER : firstReturn[first]!;
    for (; begin < byBegin.length && begun(byBegin[begin]!) <= over; begin++) {
      older[begin] = newest;
      newest = begin;
    }
    next.length = 0;
    for (let position = newest, newer = -1; position >= 0 && next.length < nextMax; position = older[position]!) {
      const other = byBegin[position]!;
      if (lastInvoked[other]! <= returned) {
        if (newer < 0) newest = older[position]!;
        else older[newer] = older[position]!;
        continue;
      }
      newer = position;
      if (other !== v && (isWhole || other === first || lastInvoked[other]! <= over)) next.push(other);
    }
    if (next.length > 0) visit(v, next);
  }
}
