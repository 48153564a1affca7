/** Values as small integers: equal values, as EDN compares them, have one number. */
import { formatValue, type Value, valueKey } from '../../history/value.ts';

/** A number that stands for no one value. */
interface Anonymous {
  readonly description: string;
}

export class ValueNumbers {
  private readonly atoms = new Map<Value, number>();
  private readonly others = new Map<string, number>();
  private readonly names: ({ readonly value: Value } | Anonymous)[] = [];

  get count(): number {
    return this.names.length;
  }

  of(value: Value): number {
    const isAtom = Number.isSafeInteger(value) || typeof value === 'string' || value === null;
    const known = isAtom ? this.atoms.get(value) : this.others.get(valueKey(value));
    if (known !== undefined) return known;
    const number = this.names.push({ value }) - 1;
    if (isAtom) this.atoms.set(value, number);
    else this.others.set(valueKey(value), number);
    return number;
  }

  anonymous(description: string): number {
    return this.names.push({ description }) - 1;
  }

  describe(number: number): string {
    const name = this.names[number]!;
    return 'value' in name ? formatValue(name.value) : name.description;
  }
}
