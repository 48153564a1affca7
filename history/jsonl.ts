/**
 * The JSON-lines codec. A line is
 * `{"index":0,"time":1000,"process":0,"type":"invoke","f":"write","key":"x","value":3}`, then `error`, `node`, and
 * unknown fields, where there are any; a time that is not known is left out.
 *
 * JSON has fewer kinds of values than EDN. They are told apart so that a value read from EDN, written here, and read
 * again is the same:
 *
 * - A string `":a"` is the keyword `:a`, also as a name in an object. A string that begins with a colon and would be taken for a
 *   keyword, or that begins with two, is written with one more colon in front. Every string has a meaning, and different
 *   strings have different ones, so files of others, which know nothing of this, still compare right.
 * - Integers are digits, all of them, however large. `1.0` and `1e2` are the integers 1 and 100, as JSON holds them equal.
 * - What else JSON has no word for (sets, tagged values, literals, maps with other keys) is `{"#edn": "its EDN text"}`.
 */
import { Buffer } from 'node:buffer';
import { Atom, emptyHash, FieldAtoms, fieldOfName, nextHash } from './atoms.ts';
import { parseEdn } from './edn.ts';
import type { Extra, History } from './history.ts';
import { MalformedHistory } from './malformed.ts';
import type { Op } from './op.ts';
import { digitsMax, OpReader, type ReadOptions } from './op-reader.ts';
import {
  entriesOf,
  exactInteger,
  isArray,
  isPlainMap,
  Keyword,
  nameOf,
  plainKeywordName,
  type Value,
  ValueMap,
  valueKey,
} from './value.ts';

/** One line, without its line end. Exact: bigints are written with all their digits. */
export function encodeOp(op: Op, extra?: Extra): string {
  const { process, time } = op;
  let line = `{"index":${op.index},`;
  if (Number.isFinite(time)) line += `"time":${time},`;
  line += `"process":${typeof process === 'number' ? process : quoted(process)},"type":"${op.type}","f":${quoted(op.f)}`;
  if (op.key !== undefined) line += `,"key":${encodeValue(op.key)}`;
  line += `,"value":${encodeValue(op.value)}`;
  if (op.error !== undefined) line += `,"error":${encodeValue(op.error)}`;
  if (op.node !== undefined) line += `,"node":${quoted(op.node)}`;
  if (extra !== undefined) {
    for (const field of Object.keys(extra)) line += `,${quoted(field)}:${encodeValue(extra[field]!)}`;
  }
  return `${line}}`;
}

const textLengthMax = 1 << 16;

/** The whole history as JSON lines, in pieces of about 64 KiB, each of whole lines. */
export function* encodeHistory(history: History): Generator<string, void, void> {
  let text = '';
  for (let i = 0; i < history.length; i++) {
    text += `${encodeOp(history.op(i), history.extra(i))}\n`;
    if (text.length < textLengthMax) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

/** The JSON text of a value, from which the reader gets an equal one. */
export function encodeValue(value: Value): string {
  switch (typeof value) {
    case 'number':
      if (Number.isSafeInteger(value)) return `${value}`;
      return Number.isFinite(value) ? valueKey(value) : ednEscape(value);
    case 'string':
      return quoted(value);
    case 'boolean':
    case 'bigint':
      return `${value}`;
    default:
      return value === null ? 'null' : encodeObject(value);
  }
}

function encodeObject(value: Exclude<Value, null | boolean | number | bigint | string>): string {
  if (isArray(value)) {
    let text = '[';
    for (let i = 0; i < value.length; i++) text += i === 0 ? encodeValue(value[i]!) : `,${encodeValue(value[i]!)}`;
    return `${text}]`;
  }
  if (value instanceof Keyword)
    return plainKeywordName.test(value.name) ? JSON.stringify(`:${value.name}`) : ednEscape(value);
  return isPlainMap(value) || value instanceof ValueMap ? encodeMap(value) : ednEscape(value);
}

function encodeMap(map: Value): string {
  const entries = entriesOf(map) ?? [];
  if (entries.length === 1 && entries[0]?.[0] === ednField) return ednEscape(map);
  let text = '{';
  for (const [key, value] of entries) {
    const field = typeof key === 'string' || key instanceof Keyword ? encodeValue(key) : undefined;
    if (field?.startsWith('"') !== true) return ednEscape(map);
    text += `${text === '{' ? '' : ','}${field}:${encodeValue(value)}`;
  }
  return `${text}}`;
}

/** The only field of an object that stands for a value in EDN. */
const ednField = '#edn';

const ednEscape = (value: Value): string => `{"${ednField}":${JSON.stringify(valueKey(value))}}`;

const looksLikeKeyword = (text: string): boolean => plainKeywordName.test(text.slice(1));

function quoted(text: string): string {
  const { length } = text;
  if (length > 64) return JSON.stringify(escapedColon(text));
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c || (unit === 0x3a && i === 0)) {
      return JSON.stringify(escapedColon(text));
    }
  }
  return `"${text}"`;
}

const escapedColon = (text: string): string =>
  text.startsWith('::') || (text.startsWith(':') && looksLikeKeyword(text)) ? `:${text}` : text;

/** What a JSON string stands for: see the head of this file. */
function decodeString(text: string): string | Keyword {
  if (text.charCodeAt(0) !== 0x3a) return text;
  if (text.charCodeAt(1) === 0x3a) return text.slice(1);
  return looksLikeKeyword(text) ? Keyword.of(text.slice(1)) : text;
}

const newline = 0x0a;
const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** 1 for bytes that end a number or a word. */
const endsToken = new Uint8Array(256);
for (let byte = 0; byte <= 0x20; byte++) endsToken[byte] = 1;
for (const byte of [quote, comma, colon, openBracket, closeBracket, openBrace, closeBrace]) endsToken[byte] = 1;

/** 1 for what begins a comment elsewhere: `#`, `;`, `//`. */
const beginsComment = new Uint8Array(256);
for (const character of '#;/') beginsComment[character.charCodeAt(0)] = 1;

const endsName = new Uint8Array(256);
endsName[quote] = 1;

/** Reads JSON lines, or one array of ops, which may have any layout. */
export class JsonReader extends OpReader {
  /** Where the array around all ops stands, if there is one. */
  #array: 'none' | 'begun' | 'behind an op' | 'behind a comma' | 'closed' = 'none';
  /** An op has been read, but not yet the end of its line. */
  #behindOp = false;
  #begun = false;
  readonly #fieldAtoms = new FieldAtoms();

  protected override spell(name: string): string {
    return `"${name}"`;
  }

  protected override readTop(): boolean {
    this.#skipLines();
    if (this.pos === this.end) return false;
    this.mark();
    if (this.#array === 'none') this.#readLine();
    else this.#readElement(this.#array, this.bytes[this.pos]!);
    return true;
  }

  protected override finishTop(): void {
    if (this.#array !== 'none' && this.#array !== 'closed') this.needMore('an op or ]');
  }

  #readLine(): void {
    if (this.#behindOp) this.unexpected('the end of the line');
    if (!this.#begun && this.bytes[this.pos] === openBracket) {
      this.pos++;
      this.#array = 'begun';
    } else {
      this.#op();
      this.#behindOp = true;
    }
    this.#begun = true;
  }

  #readElement(state: 'begun' | 'behind an op' | 'behind a comma' | 'closed', byte: number): void {
    if (state === 'closed') this.unexpected('the end of the file');
    if (byte === closeBracket && state !== 'behind a comma') {
      this.pos++;
      this.#array = 'closed';
    } else if (state === 'behind an op') {
      if (byte !== comma) this.unexpected(', or ]');
      this.pos++;
      this.#array = 'behind a comma';
    } else {
      this.#op();
      this.#array = 'behind an op';
    }
  }

  /** Passes whitespace and line ends between ops. */
  #skipLines(): void {
    for (; this.pos < this.end; ) {
      const byte = this.bytes[this.pos];
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d && byte !== newline) return;
      this.pos++;
      if (byte !== newline) continue;
      this.beginLine();
      this.#behindOp = false;
    }
  }

  /** Passes whitespace within an op, which in JSON lines holds no line end, and gives the byte there. */
  #next(expected: string): number {
    for (; this.pos < this.end; ) {
      const byte = this.bytes[this.pos]!;
      if (byte > 0x20) return byte;
      const passable = byte === 0x20 || byte === 0x09 || byte === 0x0d || (byte === newline && this.#array !== 'none');
      if (!passable) return byte;
      this.pos++;
      if (byte === newline) this.beginLine();
    }
    return this.needMore(expected);
  }

  /** One value and nothing else. */
  single(text: string): Value {
    this.bytes = Buffer.from(`${text}\n`);
    this.end = this.bytes.length;
    this.#next('a value');
    const value = this.#value(1);
    if (this.bytes.toString('utf8', this.pos).trim() !== '') this.unexpected('the end of the value');
    return value;
  }

  #op(): void {
    const first = this.bytes[this.pos]!;
    if (first !== openBrace) {
      const comment = beginsComment[first] === 1 ? ', for JSON has no comments' : '';
      this.unexpected(`an op: an object { … }${comment}`);
    }
    this.beginOp();
    this.pos++;
    if (!this.#begun && this.#array === 'none') this.#refuseLayout();
    let byte = this.#next('a field of the op or }');
    for (let ordinal = 0; byte !== closeBrace; ordinal++) {
      const nameAt = this.pos;
      if (byte !== quote) this.unexpected('the name of a field, in quotes');
      const atom = this.#fieldName(ordinal);
      if (this.#next(':') !== colon) this.unexpected(':');
      this.pos++;
      this.#next('a value');
      const at = this.pos;
      this.assign(atom, this.#value(2), nameAt, at);
      byte = this.#next(', or }');
      if (byte === closeBrace) break;
      if (byte !== comma) this.unexpected(', or }');
      this.pos++;
      byte = this.#next('the name of a field, in quotes');
      if (byte === closeBrace) this.unexpected('the name of a field, in quotes');
    }
    this.pos++;
    this.endOp();
  }

  /** Other JSON than histories is often laid out over many lines, and begins with a line that has the bracket only. */
  #refuseLayout(): void {
    let at = this.pos;
    while (at < this.end && (this.bytes[at] === 0x20 || this.bytes[at] === 0x0d)) at++;
    if (at === this.end) this.needMore('a field of the op or }');
    if (this.bytes[at] === newline) this.noHistory(this.pos - 1, 'an op on one line', 'the end of the line');
  }

  #fieldName(ordinal: number): Pick<Atom, 'name' | 'field'> {
    const likely = this.#fieldAtoms.likely(ordinal, this.bytes, this.pos + 1, endsName);
    if (likely !== undefined) {
      this.pos += 2 + likely.length;
      return likely;
    }
    const atom = this.#string();
    if (atom.name.charCodeAt(0) !== colon) {
      if (atom instanceof Atom) this.#fieldAtoms.remember(ordinal, atom);
      return atom;
    }
    const name = nameOf(decodeString(atom.name))!;
    return { name, field: fieldOfName(name) };
  }

  /** The value that begins at `pos`, whitespace having been passed. */
  #value(depth: number): Value {
    const byte = this.bytes[this.pos]!;
    if (byte === quote) return decodeString(this.#string().name);
    if ((byte >= 0x30 && byte <= 0x39) || byte === 0x2d) return this.#number();
    if (byte === openBracket) return this.#items(depth);
    return byte === openBrace ? this.#object(depth) : this.#word();
  }

  #items(depth: number): Value[] {
    this.checkDepth(depth);
    this.pos++;
    const items: Value[] = [];
    if (this.#next('a value or ]') === closeBracket) {
      this.pos++;
      return items;
    }
    for (;;) {
      items.push(this.#value(depth + 1));
      const byte = this.#next(', or ]');
      if (byte !== comma && byte !== closeBracket) this.unexpected(', or ]');
      this.pos++;
      if (byte === closeBracket) return items;
      this.#next('a value');
    }
  }

  #object(depth: number): Value {
    this.checkDepth(depth);
    const mapAt = this.pos++;
    const entries: [Value, Value][] = [];
    let byte = this.#next('a name in quotes or }');
    while (byte !== closeBrace || entries.length > 0) {
      if (byte !== quote) this.unexpected('a name in quotes');
      const name = decodeString(this.#string().name);
      if (this.#next(':') !== colon) this.unexpected(':');
      this.pos++;
      this.#next('a value');
      entries.push([name, this.#value(depth + 1)]);
      byte = this.#next(', or }');
      if (byte === closeBrace) break;
      if (byte !== comma) this.unexpected(', or }');
      this.pos++;
      byte = this.#next('a name in quotes');
    }
    this.pos++;
    return this.#unescaped(entries, mapAt);
  }

  #unescaped(entries: readonly [Value, Value][], at: number): Value {
    const only = entries.length === 1 ? entries[0] : undefined;
    if (only?.[0] !== ednField || typeof only[1] !== 'string') return this.map(entries, at);
    try {
      return parseEdn(only[1]);
    } catch (error) {
      if (!(error instanceof MalformedHistory)) throw error;
      return this.malformed(at, `EDN text for "${ednField}"`, `${error.found} where EDN has ${error.expected}`);
    }
  }

  /** The string that begins at `pos`, as it stands. */
  #string(): Pick<Atom, 'name' | 'field'> {
    const { bytes, end } = this;
    const start = this.pos + 1;
    let hashed = emptyHash;
    for (let stop = start; stop < end; stop++) {
      const byte = bytes[stop]!;
      if (byte === quote) {
        this.pos = stop + 1;
        if (stop - start <= 32) return this.atoms.find(bytes, start, stop, hashed);
        return { name: bytes.toString('latin1', start, stop), field: 0 };
      }
      if (byte < 0x20 || byte >= 0x80 || byte === backslash) break;
      hashed = nextHash(hashed, byte);
    }
    const name = this.#unusualString();
    return { name, field: fieldOfName(name) };
  }

  /** A string with escapes or characters beyond ASCII. */
  #unusualString(): string {
    const { bytes, end } = this;
    const at = this.pos;
    for (let stop = at + 1; stop < end; stop++) {
      const byte = bytes[stop]!;
      if (byte === backslash) stop++;
      else if (byte < 0x20) this.unexpected('the end of the string', stop);
      else if (byte === quote) {
        const text = this.text(at, stop + 1);
        this.pos = stop + 1;
        try {
          return JSON.parse(text) as string;
        } catch {
          this.malformed(at, 'a string with the escapes of JSON', 'another escape');
        }
      }
    }
    return this.needMore('the end of the string');
  }

  #number(): Value {
    const { bytes, end } = this;
    const start = this.pos;
    const negative = bytes[start] === 0x2d;
    const first = negative ? start + 1 : start;
    let stop = first;
    let number = 0;
    while (stop < end) {
      const digit = bytes[stop]! - 0x30;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
      stop++;
    }
    if (stop === end) this.needMore('the end of the number');
    const count = stop - first;
    if (endsToken[bytes[stop]!] === 0 || count === 0 || count > 15 || (count > 1 && bytes[first] === 0x30)) {
      return this.#unusualNumber();
    }
    this.pos = stop;
    return negative ? 0 - number : number;
  }

  #unusualNumber(): Value {
    const at = this.pos;
    const text = this.#token('a number');
    if (text.length > digitsMax) this.malformed(at, `a number of at most ${digitsMax} characters`, 'a longer one');
    const match = /^(-?(?:0|[1-9]\d*))(?:\.\d+)?(?:[eE][+-]?\d+)?$/.exec(text);
    if (match === null) return this.unexpected('a number', at);
    if (match[1] === text) return exactInteger(BigInt(text));
    const number = Number(text);
    if (!Number.isFinite(number)) this.malformed(at, 'a number within ±1.8e308', text);
    return exactInteger(number === 0 ? 0 : number);
  }

  #word(): Value {
    const at = this.pos;
    const word = this.#token('a value');
    if (word === 'null') return null;
    if (word === 'true') return true;
    return word === 'false' ? false : this.unexpected('a value', at);
  }

  #token(expected: string): string {
    const { bytes, end } = this;
    const start = this.pos;
    let stop = start;
    while (stop < end && endsToken[bytes[stop]!] === 0) stop++;
    if (stop === end) this.needMore(expected);
    this.pos = stop;
    return bytes.toString('latin1', start, stop);
  }
}

/** The value that a JSON text holds, as in a history: `":a"` is the keyword. Throws MalformedHistory. */
export function parseJson(text: string, options: ReadOptions = {}): Value {
  return new JsonReader(options).single(text);
}
