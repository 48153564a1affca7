/** Vectors of integers, each with one number however it came about: states of objects that hold many things apart. */
import { IntList } from './int-list.ts';
import { ABSENT, PairTable } from './pair-table.ts';

/** The vector of nothing but zeros. */
export const ZEROS = 0;

/**
 * Equal vectors have the same number. Each is a binary tree over the indices that shares all equal subtrees with the others
 * (hash consing), so a vector that differs from a known one in one place takes no more time and memory than the logarithm of
 * the length.
 */
export class Vectors {
  private readonly depth: number;
  private readonly lefts = new IntList();
  private readonly rights = new IntList();
  private readonly nodes = new PairTable();

  /** All vectors are of this length. */
  constructor(length: number) {
    let depth = 1;
    while (2 ** depth < length) depth++;
    this.depth = depth;
    this.nodes.set(0, 0, this.node(0, 0));
  }

  at(vector: number, index: number): number {
    let node = vector;
    for (let level = this.depth - 1; level >= 0 && node !== ZEROS; level--) {
      node = ((index >>> level) & 1) === 0 ? this.lefts.at(node) : this.rights.at(node);
    }
    return node;
  }

  /** The vector that has `item`, an integer from 0, in this place, and is else the same. */
  with(vector: number, index: number, item: number): number {
    return this.replaced(vector, this.depth - 1, index, item);
  }

  /** Visits the items other than 0 by ascending index until `visit` answers false. */
  visit(vector: number, visit: (index: number, item: number) => boolean): void {
    this.visitNode(vector, this.depth, 0, visit);
  }

  private replaced(node: number, level: number, index: number, item: number): number {
    if (level < 0) return item;
    const left = this.lefts.at(node);
    const right = this.rights.at(node);
    return ((index >>> level) & 1) === 0
      ? this.node(this.replaced(left, level - 1, index, item), right)
      : this.node(left, this.replaced(right, level - 1, index, item));
  }

  private node(left: number, right: number): number {
    const known = this.nodes.get(left, right);
    if (known !== ABSENT) return known;
    const node = this.lefts.push(left);
    this.rights.push(right);
    this.nodes.set(left, right, node);
    return node;
  }

  private visitNode(
    node: number,
    level: number,
    index: number,
    visit: (index: number, item: number) => boolean,
  ): boolean {
    if (node === ZEROS) return true;
    if (level === 0) return visit(index, node);
    return (
      this.visitNode(this.lefts.at(node), level - 1, index * 2, visit) &&
      this.visitNode(this.rights.at(node), level - 1, index * 2 + 1, visit)
    );
  }
}

/** The vectors that are states of an object, numbered from 0 in the order in which they are met; ZEROS is the first. */
export class VectorStates {
  private readonly vectors = new IntList();
  /** Of each vector its number as a state, plus 1. */
  private readonly states = new IntList();

  constructor() {
    this.of(ZEROS);
  }

  of(vector: number): number {
    const known = this.states.at(vector);
    if (known > 0) return known - 1;
    const state = this.vectors.push(vector);
    this.states.set(vector, state + 1);
    return state;
  }

  vector(state: number): number {
    return this.vectors.at(state);
  }
}
