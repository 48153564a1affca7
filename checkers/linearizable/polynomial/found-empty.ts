/** Calls that found a container empty. */
import { type Elements, EMPTY, LOST } from './elements.ts';

/**
 * The first call to return that found the container empty though it cannot have been, with calls that show it; undefined
 * where there is none. Linear.
 *
 * Calls happen in the gaps between events. In a gap an element that some call returned is certainly inside if its put has
 * returned and its take is not yet invoked; and of the elements that no call returned some are, if the puts of more of
 * them have returned than crashed takes have been invoked. A gap with neither is *clear*. Where the other calls have a
 * linearization, all have one just if each call that found nothing has a clear gap between its invocation and its return
 * (Lee and Mathur 2025, for calls that returned):
 *
 * Only if: when the container is empty, each element is not yet put in, or has been taken out, by a crashed take of its
 * own if no call returned it.
 *
 * If: say that the first element to be put in certainly, of those that no call returned, is taken by the first crashed
 * take, the second by the second, and so on, the others never. In a clear gap none of these elements is then certainly
 * inside. (Whether the other calls allow it is for each container to say.) So for a clear gap each element can come and
 * go before it, if both calls are invoked by then, or else come and go after it, since neither has returned. Let each
 * come and go before the first clear gap that allows it: then its calls return after the clear gap before that. So all of
 * these elements have the time to come and go between those two gaps, in the order of the given linearization, which
 * stays one when all calls of the others are taken out of it. And the container is empty in every clear gap.
 */
export function impossiblyEmpty(elements: Elements): readonly number[] | undefined {
  return walk(elements, () => {});
}

/**
 * Clear gaps, each the first for one or more calls that found nothing; one for each call, unless one is impossible.
 * Linear.
 */
export function clearGapsUsed(elements: Elements): number[] {
  const gaps: number[] = [];
  walk(elements, (gap) => gaps.push(gap));
  return gaps;
}

function walk(elements: Elements, use: (gap: number) => void): readonly number[] | undefined {
  const { events, invoked, returned, put, take, elementOf } = elements;
  /** Calls that found nothing, and have had no clear gap yet. */
  const waiting = new Set<number>();
  let inside = 0;
  let unreturned = 0;
  let lost = 0;
  for (let gap = 0; gap < events.length; gap++) {
    const call = events[gap]! >>> 1;
    const isReturn = (events[gap]! & 1) === 1;
    const element = elementOf[call]!;
    if (element === EMPTY) {
      if (!isReturn) waiting.add(call);
      else if (waiting.has(call)) return [call, ...holding(elements, call)];
    } else if (element === LOST) {
      lost++;
    } else if (element >= 0) {
      const takenBy = take[element]!;
      if (takenBy < 0) {
        if (isReturn) unreturned++;
      } else if (returned[put[element]!]! < invoked[takenBy]!) {
        if (isReturn && call !== takenBy) inside++;
        if (!isReturn && call === takenBy) inside--;
      }
    }
    if (waiting.size === 0 || inside > 0 || unreturned > lost) continue;
    waiting.clear();
    use(gap);
  }
  return undefined;
}

/** Calls that leave no gap clear between the invocation and the return of one that found nothing. */
function holding({ events, invoked, returned, put, take, elementOf, lost }: Elements, call: number): number[] {
  const shown: number[] = [];
  const unreturned: number[] = [];
  let furthest = -1;
  let reach = -1;
  let lostUntilNow = 0;
  let short = -1;
  const noneLost = lost.length === 0 || invoked[lost[0]!]! > returned[call]!;
  for (let gap = 0, next = invoked[call]!; next < returned[call]!; gap++) {
    const event = events[gap]!;
    const other = event >>> 1;
    const element = elementOf[other]!;
    if (element === LOST) {
      lostUntilNow++;
    } else if (element >= 0 && (event & 1) === 1 && other === put[element]) {
      const takenBy = take[element]!;
      if (takenBy < 0) {
        unreturned.push(other);
      } else if (invoked[takenBy]! > reach) {
        furthest = element;
        reach = invoked[takenBy]!;
      }
    }
    if (gap < next) continue;
    if (noneLost && unreturned.length > 0) return [...shown, unreturned[0]!];
    if (reach > gap) {
      shown.push(put[furthest]!, take[furthest]!);
      next = reach;
    } else {
      short = lostUntilNow;
      next = gap + 1;
    }
  }
  // The calls that were short of takes in the last such gap were so in the earlier ones.
  return short < 0 ? shown : [...shown, ...lost.subarray(0, short), ...unreturned.slice(0, short + 1)];
}
