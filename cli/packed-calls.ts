/** Calls on an object as a message to another thread: what is copied there loses its class, so values that have one are spelled out. */
import type { Calls } from '../checkers/linearizable/calls.ts';
import { isArray, Keyword, Literal, Tagged, type Value, ValueMap, ValueSet } from '../history/value.ts';

/** An atom, an array of packed values, or anything else by its kind. */
type PackedValue = null | boolean | number | bigint | string | readonly PackedValue[] | Spelled;

interface Spelled {
  readonly kind: 'keyword' | 'literal' | 'tagged' | 'set' | 'map' | 'object';
  readonly parts: readonly PackedValue[];
}

export interface PackedCalls extends Omit<Calls, 'f' | 'input' | 'output'> {
  readonly fs: readonly string[];
  /** Of each call the position of its f in `fs`. */
  readonly f: Int32Array;
  readonly input: readonly PackedValue[];
  readonly output: readonly PackedValue[];
}

export function packCalls({ f, input, output, ...rest }: Calls): PackedCalls {
  const fs = [...new Set(f)];
  const numberOf = new Map(fs.map((name, number) => [name, number]));
  const numbers = Int32Array.from(f, (name) => numberOf.get(name)!);
  return { ...rest, fs, f: numbers, input: input.map(pack), output: output.map(pack) };
}

export function unpackCalls({ fs, f, input, output, ...rest }: PackedCalls): Calls {
  return {
    ...rest,
    f: Array.from(f, (number) => fs[number]!),
    input: input.map(unpack),
    output: output.map(unpack),
  };
}

function pack(value: Value): PackedValue {
  if (value === null || typeof value !== 'object') return value;
  if (isArray(value)) return value.map(pack);
  if (value instanceof Keyword) return { kind: 'keyword', parts: [value.name] };
  if (value instanceof Literal) return { kind: 'literal', parts: [value.text] };
  if (value instanceof Tagged) return { kind: 'tagged', parts: [value.tag, pack(value.value)] };
  if (value instanceof ValueSet) return { kind: 'set', parts: value.elements.map(pack) };
  const isMap = value instanceof ValueMap;
  const entries: readonly (readonly [Value, Value])[] = isMap ? value.entries : Object.entries(value);
  return { kind: isMap ? 'map' : 'object', parts: entries.map(([key, item]) => [pack(key), pack(item)]) };
}

function unpack(packed: PackedValue): Value {
  if (packed === null || typeof packed !== 'object') return packed;
  if (!('kind' in packed)) return packed.map(unpack);
  const parts = packed.parts.map(unpack);
  switch (packed.kind) {
    case 'keyword':
      return Keyword.of(parts[0] as string);
    case 'literal':
      return new Literal(parts[0] as string);
    case 'tagged':
      return new Tagged(parts[0] as string, parts[1]!);
    case 'set':
      return new ValueSet(parts);
    case 'map':
      return new ValueMap(parts as unknown as readonly (readonly [Value, Value])[]);
    default:
      return Object.fromEntries(parts as unknown as readonly (readonly [string, Value])[]);
  }
}
