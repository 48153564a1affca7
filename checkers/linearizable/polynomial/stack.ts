/**
 * Stacks whose elements differ, in near linear time, whatever the concurrency; where pops crashed, now and then without
 * an answer.
 */
import type { Calls } from '../calls.ts';
import type { Decision } from '../models/model.ts';
import { decisionOf } from './earliest.ts';
import { type Elements, elementsOf } from './elements.ts';
import { clearGapsUsed, impossiblyEmpty } from './found-empty.ts';
import { NEVER } from './spans.ts';
import { StackBottoms } from './stack-bottoms.ts';

/**
 * Decides a stack with push and pop (null, "empty", or :empty where it found nothing). Undefined where the calls do not
 * tell the elements: see elementsOf; and, seldom, where pops crashed: what they may have taken is weighed from either
 * side, which need not meet: see StackBottoms. The core shows a contradiction whose last return is early. Time n log n
 * for n calls.
 */
export function decideStack(calls: Calls): Decision | undefined {
  const elements = elementsOf(calls, { put: 'push', take: 'pop' });
  if (elements === undefined) return undefined;
  if (!('put' in elements)) return { linearizable: false, core: elements };
  const wronglyEmpty = impossiblyEmpty(elements);
  if (wronglyEmpty !== undefined) return decisionOf(elements.returned, [wronglyEmpty]);
  const all = Int32Array.from(elements.put.keys());
  const emptyIn = clearGapsUsed(elements);
  for (const lowest of ['longest', 'last'] as const) {
    const bottoms = new StackBottoms(elements, all, { emptyIn, lowest });
    const left = bottoms.takeOut();
    if (left.length > 0) return decisionOf(elements.returned, [coreOf(elements, left)]);
    if (bottoms.meetsDeadlines()) return { linearizable: true };
  }
  return undefined;
}

/** Of elements that cannot all be pushed and popped, a few that cannot. */
function coreOf(elements: Elements, left: Int32Array): number[] {
  const { put, take, lost, returned, invoked } = elements;
  const lastOf = (element: number): number => (take[element]! < 0 ? NEVER : returned[take[element]!]!);
  const ending = shortestBeginning(
    elements,
    left.toSorted((a, b) => lastOf(a) - lastOf(b) || a - b),
  );
  const begun = shortestBeginning(
    elements,
    ending.toSorted((a, b) => invoked[put[b]!]! - invoked[put[a]!]!),
  );
  const few = fewest(
    elements,
    begun.toSorted((a, b) => take[a]! - take[b]!),
  );
  const calls = Array.from(few, (element) => [put[element]!, take[element]!])
    .flat()
    .filter((call) => call >= 0);
  const unreturned = few.filter((element) => take[element]! < 0).length;
  const end = Math.max(...calls.map((call) => returned[call]!).filter((position) => position !== NEVER));
  // More crashed pops cannot have taken anything, nor later ones in time.
  return [...calls, ...lost.subarray(0, unreturned).filter((call) => invoked[call]! < end)];
}

const unremovable = (elements: Elements, among: Int32Array): Int32Array => new StackBottoms(elements, among).takeOut();

/** What is left of the shortest beginning of the list of which something is left. */
function shortestBeginning(elements: Elements, list: Int32Array): Int32Array {
  let without = 0;
  let length = 1;
  let left = unremovable(elements, list.subarray(0, length));
  while (left.length === 0) {
    if (length === list.length) throw new Error('expected elements that cannot be taken out');
    without = length;
    length = Math.min(list.length, length * 2);
    left = unremovable(elements, list.subarray(0, length));
  }
  while (length - without > 1) {
    const middle = (without + length) >>> 1;
    const found = unremovable(elements, list.subarray(0, middle));
    if (found.length === 0) {
      without = middle;
    } else {
      length = middle;
      left = found;
    }
  }
  return left;
}

/** Leaves out ever smaller pieces of the list as long as something is left, and the effort is bounded. */
function fewest(elements: Elements, list: Int32Array): Int32Array {
  let effort = 100_000 + 20 * list.length;
  for (let size = list.length >>> 1; size > 0; size >>>= 1) {
    for (let at = 0; at < list.length && effort > 0; ) {
      effort -= list.length;
      const found = unremovable(
        elements,
        list.filter((_, index) => index < at || index >= at + size),
      );
      if (found.length > 0) list = found;
      else at += size;
    }
  }
  return list;
}
