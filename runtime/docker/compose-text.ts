/** The two small languages within the strings of a compose file: variables, and words as a shell takes them apart. */
import { SpecError } from '../../harness/spec.ts';

/** Variables by name: `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Puts in variables as Compose does: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?error}`, `${NAME?error}`,
 * `${NAME:+instead}`, `${NAME+instead}`, and `$$` for a dollar sign. With a colon an empty variable counts as one that is not set. What
 * stands after the sign may hold variables itself. One that is not set is empty, and `missing` is called with it.
 *
 * @throws SpecError for what is none of these, and where a variable must be set and is not
 * @see https://docs.docker.com/reference/compose-file/interpolation/
 */
export function interpolate(text: string, variables: Variables, missing: (name: string) => void): string {
  let result = '';
  let rest = text;
  while (true) {
    const dollar = rest.indexOf('$');
    if (dollar < 0) return result + rest;
    result += rest.slice(0, dollar);
    rest = rest.slice(dollar);
    const simple = /^\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*))/.exec(rest);
    if (simple !== null) {
      const [whole, escaped, name] = simple;
      result += escaped ?? valueOr(name as string, variables, missing);
      rest = rest.slice(whole.length);
      continue;
    }
    const begin = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(:?[-?+])?/.exec(rest);
    const length = begin === null ? -1 : lengthOfBraces(rest);
    if (begin === null || length < 0)
      throw new SpecError(`"${text}" has a $ that begins no variable: write $$ for a dollar sign`);
    const [opening, name, sign] = begin as unknown as readonly [string, string, string?];
    const word = rest.slice(opening.length, length - 1);
    if (sign === undefined && word !== '') throw new SpecError(`"${text}" has no variable in ${rest.slice(0, length)}`);
    const value = variables[name];
    const isThere = sign?.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
    const filled = () => interpolate(word, variables, missing);
    if (sign === undefined) result += valueOr(name, variables, missing);
    else if (sign.endsWith('-')) result += isThere ? value : filled();
    else if (sign.endsWith('+')) result += isThere ? filled() : '';
    else if (isThere) result += value;
    else throw new SpecError(`the variable ${name} must be set${word === '' ? '' : `: ${filled()}`}`);
    rest = rest.slice(length);
  }
}

function valueOr(name: string, variables: Variables, missing: (name: string) => void): string {
  const value = variables[name];
  if (value === undefined) missing(name);
  return value ?? '';
}

/** From a `${` at the beginning to after its brace; -1 where it has none. */
function lengthOfBraces(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text.startsWith('${', i)) depth++;
    if (text[i] === '}' && --depth === 0) return i + 1;
  }
  return -1;
}

/** The words of a command line, with quotes and backslashes as in a shell; nothing else means anything. */
export function wordsIn(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const character = line[i] as string;
    if (quote !== '') {
      if (character === quote) quote = '';
      else if (character === '\\' && quote === '"' && /["\\$`]/.test(line[i + 1] ?? '')) word += line[++i] as string;
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + (character === '\\' ? (line[++i] ?? '') : character);
    }
  }
  if (quote !== '') throw new SpecError(`the command ${line} has a ${quote} that does not end`);
  if (word !== undefined) words.push(word);
  return words;
}
