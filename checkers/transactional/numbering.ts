/** Values as small integers in the order of their first appearance: equal values, as EDN compares them, have one number. */
import { exactInteger, Keyword, type Value, valueKey } from '../../history/value.ts';

/** Whole numbers below this are looked up in a column, not in a map: keys and elements are small integers most often. */
const smallMax = 1 << 20;

export class Numbering {
  /** By number. */
  readonly values: Value[] = [];
  private small = new Int32Array(64);
  private readonly atoms = new Map<Value, number>();
  private readonly others = new Map<string, number>();

  /** The number of a value, a fresh one where it is new. */
  of(value: Value): number {
    const known = this.find(value);
    if (known >= 0) return known;
    const number = this.values.push(value) - 1;
    if (isSmall(value)) this.setSmall(value, number);
    else if (isAtom(value)) this.atoms.set(exactInteger(value), number);
    else this.others.set(valueKey(value), number);
    return number;
  }

  /** -1 where it has none. */
  find(value: Value): number {
    if (isSmall(value)) return value < this.small.length ? this.small[value]! - 1 : -1;
    return (isAtom(value) ? this.atoms.get(exactInteger(value)) : this.others.get(valueKey(value))) ?? -1;
  }

  private setSmall(value: number, number: number): void {
    if (value >= this.small.length) {
      const wider = new Int32Array(Math.max(value + 1, this.small.length * 2));
      wider.set(this.small);
      this.small = wider;
    }
    this.small[value] = number + 1;
  }
}

const isSmall = (value: Value): value is number =>
  typeof value === 'number' && (value | 0) === value && value >= 0 && value < smallMax;

/** What a Map compares as EDN does. A keyword is one object for each name. */
const isAtom = (value: Value): boolean => value === null || typeof value !== 'object' || value instanceof Keyword;
