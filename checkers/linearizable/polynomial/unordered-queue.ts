/**
 * Unordered queues (bags) whose elements differ, in linear time, whatever the concurrency and however many calls crashed.
 */
import type { Calls } from '../calls.ts';
import type { Decision } from '../models/model.ts';
import { decisionOf } from './earliest.ts';
import { elementsOf } from './elements.ts';
import { impossiblyEmpty } from './found-empty.ts';

/**
 * Decides an unordered queue with enqueue and dequeue (null, "empty", or :empty where it found nothing); undefined where
 * the calls do not tell the elements: see elementsOf. Any element may be dequeued that is inside, so elements hinder each
 * other only where the queue was found empty. Linear.
 */
export function decideUnorderedQueue(calls: Calls): Decision | undefined {
  const elements = elementsOf(calls, { put: 'enqueue', take: 'dequeue' });
  if (elements === undefined) return undefined;
  if (!('put' in elements)) return { linearizable: false, core: elements };
  return decisionOf(elements.returned, [impossiblyEmpty(elements)]);
}
