/** FIFO queues whose elements differ, in linear time, whatever the concurrency and however many calls crashed. */
import type { Calls } from '../calls.ts';
import type { Decision } from '../models/model.ts';
import { decisionOf } from './earliest.ts';
import { type Elements, elementsOf } from './elements.ts';
import { impossiblyEmpty } from './found-empty.ts';
import { NEVER } from './spans.ts';

/**
 * Decides a FIFO queue with enqueue and dequeue (null, "empty", or :empty where it found nothing); undefined where the
 * calls do not tell the elements: see elementsOf. Of a contradiction of each kind the core shows the one whose last
 * return is the earliest. Linear.
 *
 * Where every element is dequeued and nothing was found empty, a linearization exists just if no value was dequeued that
 * was not enqueued, or before that, or twice, and no element b overtook an element a: enqueue(a) returned before
 * enqueue(b) was invoked, and dequeue(b) before dequeue(a) (Henzinger, Sezgin, and Vafeiadis, "Aspect-oriented
 * linearizability proofs", 2013; Bouajjani, Emmi, Enea, and Hamza, "On reducing linearizability to state reachability",
 * 2015). An element that is never dequeued is as one dequeued after all else.
 *
 * An element that no call returned may have been taken by a crashed dequeue, which never returns and so overtakes
 * nothing. It must have been if some b overtook it otherwise, and then by one that was invoked before the deadline, the
 * earliest return of such a dequeue(b). Elements whose enqueues return later have no earlier deadlines. So those up to
 * the k-th need k crashed dequeues invoked before the deadline of the k-th, and if there are so many for each k, the k-th
 * element can be taken by the k-th crashed dequeue, as the proof for `impossiblyEmpty` has it.
 */
export function decideQueue(calls: Calls): Decision | undefined {
  const elements = elementsOf(calls, { put: 'enqueue', take: 'dequeue' });
  if (elements === undefined) return undefined;
  if (!('put' in elements)) return { linearizable: false, core: elements };
  return decisionOf(elements.returned, [...overtakings(elements), impossiblyEmpty(elements)]);
}

/**
 * Of the elements that a call returned the first that was overtaken; and of the others the first so many that too few can
 * have been taken.
 */
function overtakings(elements: Elements): (number[] | undefined)[] {
  const { events, invoked, returned, count, put, take, elementOf, lost } = elements;
  // Walked from the end: of the dequeued elements whose enqueue is invoked later, the one that is dequeued first.
  const overtaker = new Int32Array(count);
  let first = -1;
  let overtaken: number[] | undefined;
  let overtakenUntil = NEVER;
  for (let position = events.length - 1; position >= 0; position--) {
    const call = events[position]! >>> 1;
    const element = elementOf[call]!;
    if (element < 0 || call !== put[element]) continue;
    const takenBy = take[element]!;
    if (position === invoked[call]) {
      if (takenBy >= 0 && (first < 0 || returned[takenBy]! < returned[take[first]!]!)) first = element;
      continue;
    }
    overtaker[element] = first;
    if (first < 0 || takenBy < 0 || returned[take[first]!]! > invoked[takenBy]!) continue;
    if (returned[takenBy]! >= overtakenUntil) continue;
    overtakenUntil = returned[takenBy]!;
    overtaken = [call, takenBy, put[first]!, take[first]!];
  }

  const unreturned: number[] = [];
  let lostInTime = 0;
  for (const event of events) {
    const call = event >>> 1;
    const element = elementOf[call]!;
    if ((event & 1) === 0 || element < 0 || take[element]! >= 0) continue;
    unreturned.push(call);
    const by = overtaker[element]!;
    if (by < 0) break;
    const deadline = returned[take[by]!]!;
    while (lostInTime < lost.length && invoked[lost[lostInTime]!]! < deadline) lostInTime++;
    if (lostInTime < unreturned.length) {
      return [overtaken, [...unreturned, ...lost.subarray(0, lostInTime), put[by]!, take[by]!]];
    }
  }
  return [overtaken];
}
