/**
 * Values as EDN has them: `:a` is not `"a"`, and integers are exact beyond 2^53.
 *
 * | EDN                                  | here                                                             |
 * |--------------------------------------|------------------------------------------------------------------|
 * | `nil`, `true`, `"a"`                 | null, boolean, string                                            |
 * | integer within ±(2^53-1)             | number, never bigint: one representation of each                 |
 * | integer beyond                       | bigint                                                           |
 * | float that is no whole number        | number (NaN and the infinities too)                              |
 * | `1.0`, `1/2`, `1.5M`, `\a`, `symbol` | Literal: EDN holds them different from all of the above          |
 * | `:a`                                 | Keyword                                                          |
 * | `[1 2]`, `(1 2)`                     | array: Clojure holds lists and vectors equal                     |
 * | `{"a" 1}`, `{}`                      | plain object: all keys are strings                               |
 * | `{:a 1}`, `{0 10}`                   | ValueMap: at least one key is no string, so `:a` is not `"a"` here either |
 * | `#{1 2}`                             | ValueSet                                                         |
 * | `#tag value`                         | Tagged                                                           |
 */

/** An EDN keyword, interned: two keywords of one name are the same object. */
export class Keyword {
  readonly name: string;
  private constructor(name: string) {
    this.name = name;
  }
  static readonly #interned = new Map<string, Keyword>();
  static of(name: string): Keyword {
    let keyword = Keyword.#interned.get(name);
    if (keyword === undefined) {
      keyword = new Keyword(name);
      Keyword.#interned.set(name, keyword);
    }
    return keyword;
  }
  toString(): string {
    return `:${this.name}`;
  }
  toJSON(): string {
    return `:${this.name}`;
  }
}

/** An EDN scalar that JSON has no word for, by its canonical text: `1.0`, `1/2`, `1.5M`, `\a`, or a symbol. */
export class Literal {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
  toJSON(): string {
    return this.text;
  }
}

/** An EDN map, its entries in the order of the file; see mapOf. */
export class ValueMap {
  readonly entries: readonly (readonly [Value, Value])[];
  readonly #byKey = new Map<string, Value>();
  /** Of entries with equal keys the last one counts. */
  constructor(entries: Iterable<readonly [Value, Value]>) {
    const distinct = new Map<string, readonly [Value, Value]>();
    for (const entry of entries) {
      const key = valueKey(entry[0]);
      distinct.set(key, entry);
      this.#byKey.set(key, entry[1]);
    }
    this.entries = [...distinct.values()];
  }
  get(key: Value): Value | undefined {
    return this.#byKey.get(valueKey(key));
  }
  toJSON(): unknown {
    return toJson(this);
  }
}

/** An EDN set, its elements in the order of the file, each once. */
export class ValueSet {
  readonly elements: readonly Value[];
  constructor(elements: Iterable<Value>) {
    const distinct = new Map<string, Value>();
    for (const element of elements) distinct.set(valueKey(element), element);
    this.elements = [...distinct.values()];
  }
  toJSON(): unknown {
    return toJson(this);
  }
}

/** `#tag value`. */
export class Tagged {
  readonly tag: string;
  readonly value: Value;
  constructor(tag: string, value: Value) {
    this.tag = tag;
    this.value = value;
  }
  toJSON(): unknown {
    return toJson(this);
  }
}

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Keyword
  | Literal
  | ValueMap
  | ValueSet
  | Tagged
  | readonly Value[]
  | { readonly [key: string]: Value };

export const isArray = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

/** The one representation of an integer: bigints within ±(2^53-1) become numbers, numbers beyond become bigints. */
export function exactInteger(value: Value): Value {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value;
}

/** The name of a keyword, a string itself: where files of different origin say `:append` or `"append"`. */
export function nameOf(value: Value | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof Keyword ? value.name : undefined;
}

/** A map with these entries: a plain object when all keys are strings, else a ValueMap. */
export function mapOf(entries: readonly (readonly [Value, Value])[]): Value {
  for (const [key] of entries) if (typeof key !== 'string') return new ValueMap(entries);
  const object: { [key: string]: Value } = {};
  for (const [key, value] of entries) setField(object, key as string, value);
  return object;
}

/** Sets a field also when it is called `__proto__`. */
export function setField(object: { [key: string]: Value }, field: string, value: Value): void {
  if (field !== '__proto__') object[field] = value;
  else Object.defineProperty(object, field, { value, enumerable: true, configurable: true, writable: true });
}

/** The entries of a map of either representation; undefined of anything else. */
export function entriesOf(value: Value): readonly (readonly [Value, Value])[] | undefined {
  if (value instanceof ValueMap) return value.entries;
  return isPlainMap(value) ? Object.entries(value) : undefined;
}

/** What a map has under a name, be it a string or a keyword there; undefined where it has none or is no map. */
export function fieldOf(value: Value, name: string): Value | undefined {
  if (value instanceof ValueMap) return value.get(Keyword.of(name)) ?? value.get(name);
  return isPlainMap(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function isPlainMap(value: Value): value is { readonly [key: string]: Value } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Keyword) &&
    !(value instanceof Literal) &&
    !(value instanceof ValueMap) &&
    !(value instanceof ValueSet) &&
    !(value instanceof Tagged)
  );
}

/** Equality as EDN has it. NaN equals itself here. Linear in the size of the values. */
export function valuesEqual(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' && typeof b !== 'object')
    return typeof a !== 'string' && typeof b !== 'string' && valueKey(a) === valueKey(b);
  if (a === null || b === null || typeof a !== typeof b) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!valuesEqual(a[i], b[i])) return false;
    return true;
  }
  if (a instanceof Keyword || b instanceof Keyword) return false;
  return valueKey(a) === valueKey(b);
}

/** What a keyword may be called to stand in EDN as `:name`. */
export const plainKeywordName = /^[^\s\p{Cc}\p{Cs},:;"(){}[\]][^\s\p{Cc}\p{Cs},;"(){}[\]]*$/u;

/**
 * EDN text, the same for equal values and different for others: map entries and set elements are sorted. The EDN
 * reader reads it back. A keyword that EDN could not spell is `#ftest/keyword "its name"`.
 */
export function valueKey(value: Value): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return numberText(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return value === null ? 'nil' : objectKey(value);
  }
}

function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return String(value === 0 ? 0 : value);
  if (Number.isInteger(value)) return BigInt(value).toString();
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? '##NaN' : value > 0 ? '##Inf' : '##-Inf';
}

/** Concatenated, not joined: joining would copy lists within each other once for each level. */
function listKey(items: readonly Value[]): string {
  let text = '[';
  for (let i = 0; i < items.length; i++) text += i === 0 ? valueKey(items[i]!) : ` ${valueKey(items[i]!)}`;
  return `${text}]`;
}

function objectKey(value: Exclude<Value, null | boolean | number | bigint | string>): string {
  if (isArray(value)) return listKey(value);
  if (value instanceof Keyword) {
    return plainKeywordName.test(value.name) ? `:${value.name}` : `#ftest/keyword ${JSON.stringify(value.name)}`;
  }
  if (value instanceof Literal) return value.text;
  if (value instanceof ValueSet) return `#{${value.elements.map(valueKey).sort().join(' ')}}`;
  if (value instanceof Tagged) return `#${value.tag} ${valueKey(value.value)}`;
  const entries = (entriesOf(value) ?? []).map(([key, item]) => `${valueKey(key)} ${valueKey(item)}`);
  return `{${entries.sort().join(', ')}}`;
}

/** Short text for people, in EDN, cut after `lengthMax` characters. */
export function formatValue(value: Value, lengthMax = 80): string {
  const text = valueKey(value);
  return text.length <= lengthMax ? text : `${text.slice(0, Math.max(0, lengthMax - 1))}…`;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * A value for JSON.stringify, to be shown, not read back (encodeValue keeps everything): keywords become `":a"`, sets
 * become arrays, integers beyond 2^53 and what else JSON has no word for their EDN text, keys that are no strings too.
 */
export function toJson(value: Value): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : numberText(value);
  if (isArray(value)) return value.map(toJson);
  if (value instanceof ValueSet) return value.elements.map(toJson);
  const entries = typeof value === 'object' ? entriesOf(value) : undefined;
  if (entries === undefined) return valueKey(value);
  return Object.fromEntries(
    entries.map(([key, item]) => [typeof key === 'string' ? key : valueKey(key), toJson(item)]),
  );
}

/** What JSON.parse gave, as a Value: the same, once it is seen to hold nothing but JSON. Throws a TypeError for anything else. */
export function fromJson(json: unknown): Value {
  switch (typeof json) {
    case 'string':
    case 'boolean':
    case 'number':
      return json;
    case 'object': {
      if (json === null) return null;
      if (Array.isArray(json)) return json.map(fromJson);
      return mapOf(Object.entries(json).map(([key, item]) => [key, fromJson(item)] as const));
    }
    default:
      throw new TypeError(`expected JSON, found ${typeof json}`);
  }
}
