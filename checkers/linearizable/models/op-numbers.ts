import { IntList } from './int-list.ts';
import { ABSENT, PairTable } from './pair-table.ts';

/** Ops of a kind with an argument, numbered from 0: equal ones have one number. */
export class OpNumbers {
  private readonly numbers = new PairTable();
  private readonly kinds = new IntList();
  private readonly arguments = new IntList();

  get count(): number {
    return this.kinds.length;
  }

  of(kind: number, argument: number): number {
    const known = this.numbers.get(kind, argument);
    if (known !== ABSENT) return known;
    const op = this.kinds.push(kind);
    this.arguments.push(argument);
    this.numbers.set(kind, argument, op);
    return op;
  }

  kind(op: number): number {
    return this.kinds.at(op);
  }

  argument(op: number): number {
    return this.arguments.at(op);
  }
}
