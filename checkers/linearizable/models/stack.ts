/** Stack: what was pushed last is popped first. */
import { ILLEGAL } from '../automaton.ts';
import { decideStack } from '../polynomial/stack.ts';
import { type CollectionNames, type CollectionStates, collectionModel } from './collection.ts';
import { IntList } from './int-list.ts';
import type { Model } from './model.ts';
import { ABSENT, PairTable } from './pair-table.ts';

export const stackNames: CollectionNames = {
  model: 'stack',
  collection: 'stack',
  put: 'push',
  hasPut: 'pushed',
  take: 'pop',
  hasTaken: 'popped',
};

/** push, and pop, which returns what it took; nil or `empty` where there was nothing. */
export function stack(): Model {
  const summary = 'Elements are pushed, and the last one is popped first.';
  return collectionModel({
    names: stackNames,
    summary,
    ordered: true,
    states: () => new StackStates(),
    decide: decideStack,
  });
}

/** A tree of all stacks: each knows what is on top and the stack below. A step takes constant time and memory. */
class StackStates implements CollectionStates {
  private readonly below = new IntList();
  private readonly top = new IntList();
  private readonly heights = new IntList();
  private readonly pushed = new PairTable();

  constructor() {
    this.add(ILLEGAL, -1, 0);
  }

  put(state: number, element: number): number {
    const known = this.pushed.get(state, element);
    if (known !== ABSENT) return known;
    const next = this.add(state, element, this.heights.at(state) + 1);
    this.pushed.set(state, element, next);
    return next;
  }

  take(state: number, element: number): number {
    return this.top.at(state) === element ? this.below.at(state) : ILLEGAL;
  }

  takeAny(state: number): number {
    return this.below.at(state);
  }

  elements(state: number, limit: number): { some: number[]; count: number } {
    const count = this.heights.at(state);
    const some: number[] = [];
    for (let at = state; some.length < Math.min(limit, count); at = this.below.at(at)) some.push(this.top.at(at));
    return { some, count };
  }

  private add(below: number, top: number, height: number): number {
    this.below.push(below);
    this.top.push(top);
    return this.heights.push(height);
  }
}
