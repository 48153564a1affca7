/** Values as the caller types them. */
import { parseEdn } from '../history/edn.ts';
import { parseJson } from '../history/jsonl.ts';
import { MalformedHistory } from '../history/malformed.ts';
import { Literal, type Value } from '../history/value.ts';
import { BadInput } from './exit.ts';

/**
 * The value of an option: JSON as histories have it, where `":a"` is the keyword; what is no JSON, as EDN. `null` and `nil` are
 * the same. A bare word is refused, since what is meant is a string.
 */
export function readValue(option: string, text: string): Value {
  const value = parsed(parseJson, text) ?? parsed(parseEdn, text);
  const isWord = value?.[0] instanceof Literal && /^[^\d\\+-]/.test(value[0].text);
  if (value !== undefined && !isWord) return value[0];
  throw new BadInput(
    `${option} expects a value as JSON or EDN, such as 0, nil, "a", or {"x": 0}, got ${JSON.stringify(text)}`,
  );
}

/** Boxed, for null is a value. */
function parsed(parse: (text: string) => Value, text: string): readonly [Value] | undefined {
  try {
    return [parse(text)];
  } catch (error) {
    if (error instanceof MalformedHistory) return undefined;
    throw error;
  }
}
