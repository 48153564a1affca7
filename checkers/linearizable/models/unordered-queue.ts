/** Unordered queue, or bag: any of the elements may be dequeued. */
import { ILLEGAL } from '../automaton.ts';
import { decideUnorderedQueue } from '../polynomial/unordered-queue.ts';
import {
  type CollectionNames,
  type CollectionStates,
  collectionCallsOf,
  collectionModel,
  FOUND_EMPTY,
  TAKE,
} from './collection.ts';
import type { Model } from './model.ts';
import { VectorStates, Vectors } from './vectors.ts';

export const unorderedQueueNames: CollectionNames = {
  model: 'unordered-queue',
  collection: 'queue',
  put: 'enqueue',
  hasPut: 'enqueued',
  take: 'dequeue',
  hasTaken: 'dequeued',
};

/**
 * enqueue, and dequeue, which returns what it took; nil or `empty` where there was nothing. Where nothing was found empty, each
 * element is judged apart: it may be dequeued as often as it was enqueued, whatever else is there. Crashed dequeues are
 * left out then: they could only take away what others need.
 */
export function unorderedQueue(): Model {
  const summary = 'Elements are enqueued, and dequeued in any order; a bag.';
  const names = unorderedQueueNames;
  const model = collectionModel({
    names,
    summary,
    ordered: false,
    states: (elements) => new BagStates(elements),
    decide: decideUnorderedQueue,
  });
  return {
    ...model,
    parts(calls) {
      const { kind, element, elements } = collectionCallsOf(calls, names);
      if (kind.includes(FOUND_EMPTY)) return undefined;
      const isTaken = new Uint8Array(elements.count);
      for (let call = 0; call < calls.length; call++) if (kind[call] === TAKE) isTaken[element[call]!] = 1;
      const parts = new Map<number, number[]>();
      for (let call = 0; call < calls.length; call++) {
        const of = element[call]!;
        if (of < 0 || isTaken[of] === 0) continue;
        const part = parts.get(of);
        if (part === undefined) parts.set(of, [call]);
        else part.push(call);
      }
      return [...parts.values()];
    },
  };
}

/** How many there are of each element. */
class BagStates implements CollectionStates {
  private readonly counts: Vectors;
  private readonly states = new VectorStates();

  constructor(elements: number) {
    this.counts = new Vectors(elements);
  }

  put(state: number, element: number): number {
    const bag = this.states.vector(state);
    return this.states.of(this.counts.with(bag, element, this.counts.at(bag, element) + 1));
  }

  take(state: number, element: number): number {
    const bag = this.states.vector(state);
    const count = this.counts.at(bag, element);
    return count === 0 ? ILLEGAL : this.states.of(this.counts.with(bag, element, count - 1));
  }

  takeAny(state: number): number {
    let left = ILLEGAL;
    this.counts.visit(this.states.vector(state), (element) => {
      left = this.take(state, element);
      return false;
    });
    return left;
  }

  elements(state: number, limit: number): { some: number[]; count: number } {
    const some: number[] = [];
    let all = 0;
    this.counts.visit(this.states.vector(state), (element, count) => {
      for (let i = 0; i < count && some.length < limit; i++) some.push(element);
      all += count;
      return true;
    });
    return { some, count: all };
  }
}
