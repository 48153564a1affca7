/** FIFO queue: what was enqueued first is dequeued first. */
import { ILLEGAL } from '../automaton.ts';
import { decideQueue } from '../polynomial/queue.ts';
import { type CollectionNames, type CollectionStates, collectionModel } from './collection.ts';
import { IntList } from './int-list.ts';
import type { Model } from './model.ts';
import { ABSENT, PairTable } from './pair-table.ts';

export const fifoQueueNames: CollectionNames = {
  model: 'fifo-queue',
  collection: 'queue',
  put: 'enqueue',
  hasPut: 'enqueued',
  take: 'dequeue',
  hasTaken: 'dequeued',
};

/** enqueue, and dequeue, which returns what it took; nil or `empty` where there was nothing. */
export function fifoQueue(): Model {
  const summary = 'Elements are enqueued, and dequeued in the same order.';
  return collectionModel({
    names: fifoQueueNames,
    summary,
    ordered: true,
    states: () => new QueueStates(),
    decide: decideQueue,
  });
}

const empty = 0;
const root = 0;

/** Odd, so that it can be undone modulo 2^32. */
const base = 0x9e3779b1;

/**
 * A queue is the last `length` elements of a path in a tree of all that was ever enqueued, so queues share what they have in
 * common. A step takes logarithmic time and constant memory, but for this: where two paths end in the same elements, they
 * are found to be the same queue by a hash, and compared, which takes up to their length.
 */
class QueueStates implements CollectionStates {
  // The tree: of each node what was enqueued, after what, at which depth, and a shortcut towards the root (Myers 1983).
  private readonly parents = new IntList();
  private readonly elementAt = new IntList();
  private readonly depths = new IntList();
  private readonly shortcuts = new IntList();
  private readonly children = new PairTable();

  // The queues: of each where its last element is in the tree, how many there are, their hash; the next one of the same length and hash, plus 1.
  private readonly lasts = new IntList();
  private readonly lengths = new IntList();
  private readonly hashes = new IntList();
  private readonly nextAlike = new IntList();
  private readonly byPath = new PairTable();
  private readonly byHash = new PairTable();
  private readonly powers = new IntList();

  // Steps that were taken; of dequeues what is left, plus 1, and what was first.
  private readonly enqueued = new PairTable();
  private readonly dequeued = new IntList();
  private readonly heads = new IntList();

  constructor() {
    this.addNode(-1, -1, 0, root);
    this.addQueue(root, 0, 0);
    this.powers.push(1);
  }

  put(state: number, element: number): number {
    const known = this.enqueued.get(state, element);
    if (known !== ABSENT) return known;
    const hash = (Math.imul(this.hashes.at(state), base) + element + 1) | 0;
    const next = this.queue(this.child(this.lasts.at(state), element), this.lengths.at(state) + 1, hash);
    this.enqueued.set(state, element, next);
    return next;
  }

  take(state: number, element: number): number {
    const rest = this.takeAny(state);
    return rest !== ILLEGAL && this.heads.at(state) === element ? rest : ILLEGAL;
  }

  /** Without the first. */
  takeAny(state: number): number {
    if (state === empty) return ILLEGAL;
    const known = this.dequeued.at(state) - 1;
    if (known >= 0) return known;
    const length = this.lengths.at(state) - 1;
    const last = this.lasts.at(state);
    const head = this.elementAt.at(this.ancestor(last, length));
    const hash = (this.hashes.at(state) - Math.imul(head + 1, this.power(length))) | 0;
    const rest = length === 0 ? empty : this.queue(last, length, hash);
    this.heads.set(state, head);
    this.dequeued.set(state, rest + 1);
    return rest;
  }

  elements(state: number, limit: number): { some: number[]; count: number } {
    const count = this.lengths.at(state);
    const skipped = Math.max(0, count - limit);
    const some: number[] = [];
    let node = this.ancestor(this.lasts.at(state), skipped);
    for (; some.length < count - skipped; node = this.parents.at(node)) some.push(this.elementAt.at(node));
    return { some: some.reverse(), count };
  }

  private queue(last: number, length: number, hash: number): number {
    const here = this.byPath.get(last, length);
    if (here !== ABSENT) return here;
    const key = (hash ^ Math.imul(length, 0x85ebca6b)) | 0;
    const first = this.byHash.get(key, length);
    let queue = first;
    while (queue >= 0 && !this.endAlike(this.lasts.at(queue), last, length)) queue = this.nextAlike.at(queue) - 1;
    if (queue < 0) {
      queue = this.addQueue(last, length, hash);
      this.nextAlike.set(queue, first === ABSENT ? 0 : first + 1);
      this.byHash.set(key, length, queue);
    }
    this.byPath.set(last, length, queue);
    return queue;
  }

  /** Whether the last `length` elements up to both nodes are the same. */
  private endAlike(one: number, other: number, length: number): boolean {
    for (let left = length; left > 0 && one !== other; left--) {
      if (this.elementAt.at(one) !== this.elementAt.at(other)) return false;
      one = this.parents.at(one);
      other = this.parents.at(other);
    }
    return true;
  }

  private child(node: number, element: number): number {
    const known = this.children.get(node, element);
    if (known !== ABSENT) return known;
    const shortcut = this.shortcuts.at(node);
    const farther = this.shortcuts.at(shortcut);
    const isEven =
      this.depths.at(node) - this.depths.at(shortcut) === this.depths.at(shortcut) - this.depths.at(farther);
    const child = this.addNode(node, element, this.depths.at(node) + 1, isEven ? farther : node);
    this.children.set(node, element, child);
    return child;
  }

  /** So many steps towards the root. */
  private ancestor(node: number, steps: number): number {
    const depth = this.depths.at(node) - steps;
    while (this.depths.at(node) > depth) {
      const shortcut = this.shortcuts.at(node);
      node = this.depths.at(shortcut) >= depth ? shortcut : this.parents.at(node);
    }
    return node;
  }

  /** `base` to this power, modulo 2^32. */
  private power(exponent: number): number {
    while (this.powers.length <= exponent) this.powers.push(Math.imul(this.powers.at(this.powers.length - 1), base));
    return this.powers.at(exponent);
  }

  private addNode(parent: number, element: number, depth: number, shortcut: number): number {
    this.parents.push(parent);
    this.elementAt.push(element);
    this.depths.push(depth);
    return this.shortcuts.push(shortcut);
  }

  private addQueue(last: number, length: number, hash: number): number {
    this.lasts.push(last);
    this.lengths.push(length);
    return this.hashes.push(hash);
  }
}
