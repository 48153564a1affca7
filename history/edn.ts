/**
 * The EDN reader, for histories as Jepsen's tools write them: maps, one after the other or within one list or vector,
 * with comments, discards, and tags such as `#jepsen.history.Op`. Which value stands for what: see value.ts.
 */
import { Buffer } from 'node:buffer';
import { Atom, emptyHash, FieldAtoms, fieldOfName, nextHash } from './atoms.ts';
import { digitsMax, OpReader, type ReadOptions } from './op-reader.ts';
import { exactInteger, Keyword, Literal, nameOf, Tagged, type Value, ValueSet, valueKey } from './value.ts';

const newline = 0x0a;
const quote = 0x22;
const hash = 0x23;
const semicolon = 0x3b;
const backslash = 0x5c;
const code = (character: string): number => character.charCodeAt(0);

/** 1 for bytes that end a number, keyword, or symbol: whitespace, controls, brackets, `"`, `;`, `,`. */
const endsToken = new Uint8Array(256);
for (let byte = 0; byte <= 0x20; byte++) endsToken[byte] = 1;
for (const character of '",;()[]{}\x7f') endsToken[code(character)] = 1;

/** What stands between forms, by the byte it begins with; 0 for bytes that do not. */
const blank = 1;
const lineFeed = 2;
const comment = 3;
const dispatch = 4;
const gap = new Uint8Array(256);
for (const character of ' ,\t\v\f\r') gap[code(character)] = blank;
gap[newline] = lineFeed;
gap[semicolon] = comment;
gap[hash] = dispatch;

/** No symbol of EDN begins with one of these. */
const notFirst = new Set([..."@`^~%'"].map(code));

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

export class EdnReader extends OpReader {
  /** The bracket that closes the list or vector around all ops; 0 outside, -1 behind it. */
  #closing = 0;
  #begun = false;
  /** The bytes at hand ended within a comment between ops: a comment may be longer than memory. */
  #inComment = false;
  readonly #fieldAtoms = new FieldAtoms();

  protected override spell(name: string): string {
    return `:${name}`;
  }

  protected override readTop(): boolean {
    if (this.#inComment) {
      this.#skipComment(0);
      this.mark();
    }
    this.#skip(0);
    if (this.pos === this.end) return false;
    this.mark();
    const byte = this.bytes[this.pos]!;
    if (this.#closing < 0) this.unexpected('the end of the file');
    if (this.#closing > 0 && byte === this.#closing) {
      this.pos++;
      this.#closing = -1;
    } else if (!this.#begun && (byte === code('[') || byte === code('('))) {
      this.pos++;
      this.#closing = byte === code('[') ? code(']') : code(')');
    } else {
      this.#op();
    }
    this.#begun = true;
    return true;
  }

  protected override finishTop(): void {
    if (this.#closing > 0) this.needMore(`an op or ${String.fromCharCode(this.#closing)}`);
  }

  /** One value and nothing else. */
  single(text: string): Value {
    this.bytes = Buffer.from(text);
    this.end = this.bytes.length;
    this.final = true;
    this.#skip(0);
    const value = this.#value(1);
    this.#skip(0);
    if (this.pos < this.end) this.unexpected('the end of the value');
    return value;
  }

  #op(): void {
    if (this.bytes[this.pos] === hash) {
      this.pos++;
      this.#tag();
      this.#skip(1);
    }
    if (this.bytes[this.pos] !== code('{')) this.unexpected('an op: a map { … }');
    this.beginOp();
    this.pos++;
    for (let ordinal = 0; ; ordinal++) {
      this.#skip(1);
      const nameAt = this.pos;
      if (nameAt >= this.end) this.needMore('a field of the op or }');
      const byte = this.bytes[nameAt]!;
      if (byte === 0x7d) break;
      const name = byte === 0x3a ? this.#fieldAtom(ordinal) : this.#fieldName();
      this.#skip(1);
      const at = this.pos;
      if (this.bytes[at] === code('}')) this.unexpected(`a value for :${name.name}`);
      this.assign(name, this.#value(2), nameAt, at);
    }
    this.pos++;
    this.endOp();
  }

  #fieldAtom(ordinal: number): Atom {
    const likely = this.#fieldAtoms.likely(ordinal, this.bytes, this.pos + 1, endsToken);
    if (likely !== undefined) {
      this.pos += 1 + likely.length;
      return likely;
    }
    const atom = this.#keywordAtom();
    this.#fieldAtoms.remember(ordinal, atom);
    return atom;
  }

  /** The name of a field that is not written as a keyword. */
  #fieldName(): { name: string; field: number } {
    const key = this.#value(2);
    const name = nameOf(key) ?? valueKey(key);
    return { name, field: fieldOfName(name) };
  }

  /** Passes whitespace, comments, and discarded forms. */
  #skip(depth: number): void {
    const { bytes, end } = this;
    for (;;) {
      let { pos } = this;
      while (pos < end && gap[bytes[pos]!] === blank) pos++;
      this.pos = pos;
      if (pos === end) return;
      switch (gap[bytes[pos]!]) {
        case lineFeed:
          this.pos++;
          this.beginLine();
          break;
        case comment:
          this.#skipComment(depth);
          break;
        case dispatch:
          if (pos + 1 >= end) this.needMore('a form after #');
          if (bytes[pos + 1] !== code('_')) return;
          this.#discard(depth + 1);
          break;
        default:
          return;
      }
    }
  }

  #discard(depth: number): void {
    this.checkDepth(depth);
    this.pos += 2;
    this.#skip(depth);
    this.#value(depth);
  }

  #skipComment(depth: number): void {
    const lineEnd = this.bytes.indexOf(newline, this.pos);
    if (lineEnd < 0 && depth > 0) this.needMore('the end of the form');
    this.#inComment = lineEnd < 0;
    this.pos = lineEnd < 0 ? this.end : lineEnd;
  }

  /** The value that begins at `pos`, whitespace having been passed. */
  #value(depth: number): Value {
    if (this.pos >= this.end) this.needMore('a value');
    const byte = this.bytes[this.pos]!;
    if (byte >= 0x30 && byte <= 0x39) return this.#number();
    switch (byte) {
      case 0x3a: // :
        return this.#keywordAtom().keyword;
      case quote:
        return this.#string();
      case 0x5b: // [
        return this.#items(0x5d, depth);
      case 0x28: // (
        return this.#items(0x29, depth);
      case 0x7b: // {
        return this.#map(depth, undefined);
      case hash:
        return this.#dispatch(depth);
      case backslash:
        return this.#character();
      case 0x2b: // +
      case 0x2d: // -
        if (this.pos + 1 >= this.end && !this.final) this.needMore('a number or a symbol');
        return isDigit(this.bytes[this.pos + 1]) ? this.#number() : this.#symbol();
      default:
        return this.#symbol();
    }
  }

  #items(closing: number, depth: number): Value[] {
    this.checkDepth(depth);
    this.pos++;
    // Most lists are short: written as literals they take no more memory than they need.
    if (this.#closes(closing, depth)) return [];
    const first = this.#value(depth + 1);
    if (this.#closes(closing, depth)) return [first];
    const second = this.#value(depth + 1);
    if (this.#closes(closing, depth)) return [first, second];
    const third = this.#value(depth + 1);
    if (this.#closes(closing, depth)) return [first, second, third];
    const items = [first, second, third];
    do items.push(this.#value(depth + 1));
    while (!this.#closes(closing, depth));
    return items.slice();
  }

  /** Passes the bracket, if it comes next. */
  #closes(closing: number, depth: number): boolean {
    this.#skip(depth);
    if (this.pos >= this.end) this.needMore(`a value or ${String.fromCharCode(closing)}`);
    if (this.bytes[this.pos] !== closing) return false;
    this.pos++;
    return true;
  }

  /** `namespace` is given to keywords that have none: `#:ns{:a 1}` is `{:ns/a 1}`. */
  #map(depth: number, namespace: string | undefined): Value {
    this.checkDepth(depth);
    const mapAt = this.pos++;
    const entries: [Value, Value][] = [];
    for (;;) {
      this.#skip(depth);
      if (this.pos >= this.end) this.needMore('a key or }');
      if (this.bytes[this.pos] === code('}')) break;
      const key = this.#value(depth + 1);
      this.#skip(depth);
      if (this.bytes[this.pos] === code('}')) this.unexpected('a value for the key before');
      const bare = namespace !== undefined && key instanceof Keyword && !key.name.includes('/');
      entries.push([bare ? Keyword.of(`${namespace}/${key.name}`) : key, this.#value(depth + 1)]);
    }
    this.pos++;
    return this.map(entries, mapAt);
  }

  #dispatch(depth: number): Value {
    this.checkDepth(depth);
    const at = this.pos++;
    if (this.pos >= this.end) this.needMore('a form after #');
    switch (this.bytes[this.pos]) {
      case 0x7b: // {
        return this.#set(depth, at);
      case hash:
        return this.#symbolicNumber(at);
      case 0x3a: {
        const { name } = this.#keywordAtom();
        if (this.pos >= this.end) this.needMore('a map');
        if (this.bytes[this.pos] !== code('{')) this.unexpected('a map');
        return this.#map(depth, name);
      }
      default:
        return this.#tagged(depth);
    }
  }

  #set(depth: number, at: number): Value {
    const elements = this.#items(code('}'), depth);
    this.compares(at);
    const set = new ValueSet(elements);
    if (set.elements.length !== elements.length) this.malformed(at, 'a set with each element once', 'one twice');
    return set;
  }

  #symbolicNumber(at: number): number {
    this.pos++;
    switch (this.#token(this.pos)) {
      case 'Inf':
        return Number.POSITIVE_INFINITY;
      case '-Inf':
        return Number.NEGATIVE_INFINITY;
      case 'NaN':
        return Number.NaN;
      default:
        return this.unexpected('##Inf, ##-Inf, or ##NaN', at);
    }
  }

  #tagged(depth: number): Value {
    const tag = this.#tag();
    this.#skip(depth);
    const at = this.pos;
    const value = this.#value(depth + 1);
    if (tag !== 'ftest/keyword') return new Tagged(tag, value);
    return typeof value === 'string' ? Keyword.of(value) : this.unexpected('the name of a keyword in quotes', at);
  }

  #tag(): string {
    if (this.pos >= this.end) this.needMore('a tag');
    const byte = this.bytes[this.pos]!;
    if (!/[A-Za-z]/.test(String.fromCharCode(byte))) this.unexpected('a tag');
    return this.#atom(this.pos, 'the end of the tag').name;
  }

  /** The token that begins at `start`, as text; `pos` is behind it then. */
  #token(start: number): string {
    let stop = start;
    while (stop < this.end && endsToken[this.bytes[stop]!] === 0) stop++;
    if (stop === this.end && !this.final) this.needMore('the end of the form');
    this.pos = stop;
    return this.text(start, stop);
  }

  #keywordAtom(): Atom {
    const next = this.bytes[this.pos + 1];
    if (next !== undefined && (next === 0x3a || endsToken[next] === 1)) this.unexpected('a keyword');
    return this.#atom(this.pos + 1, 'the end of the keyword');
  }

  /** The token that begins at `start`; `pos` is behind it then. */
  #atom(start: number, missing: string): Atom {
    const { bytes, end } = this;
    let stop = start;
    let hashed = emptyHash;
    let high = 0;
    while (stop < end) {
      const byte = bytes[stop]!;
      if (endsToken[byte] === 1) break;
      hashed = nextHash(hashed, byte);
      high |= byte;
      stop++;
    }
    if (stop === start || (stop === end && !this.final)) this.needMore(missing);
    this.pos = stop;
    if (high < 0x80) return this.atoms.find(bytes, start, stop, hashed);
    return new Atom(this.text(start, stop), hashed);
  }

  #string(): string {
    const { bytes, end } = this;
    const start = this.pos + 1;
    let hashed = emptyHash;
    for (let stop = start; stop < end; stop++) {
      const byte = bytes[stop]!;
      if (byte === quote) {
        this.pos = stop + 1;
        return stop - start > 32
          ? bytes.toString('latin1', start, stop)
          : this.atoms.find(bytes, start, stop, hashed).name;
      }
      if (byte < 0x20 || byte >= 0x80 || byte === backslash) break;
      hashed = nextHash(hashed, byte);
    }
    return this.#longString();
  }

  /** A string with escapes, line ends, or characters beyond ASCII. */
  #longString(): string {
    const { bytes, end } = this;
    let from = ++this.pos;
    let text = '';
    while (this.pos < end) {
      const byte = bytes[this.pos]!;
      if (byte === quote) {
        text += this.text(from, this.pos++);
        return text;
      }
      if (byte === backslash) {
        text += this.text(from, this.pos) + this.#escape();
        from = this.pos;
        continue;
      }
      this.pos++;
      if (byte === newline) this.beginLine();
    }
    return this.needMore('the end of the string');
  }

  #escape(): string {
    const at = this.pos;
    // The longest escape has six characters; what follows it is at least the closing quote.
    if (at + 6 >= this.end && !this.final) this.needMore('the end of the string');
    const match = /^\\(?:([tnrbf"\\])|u([0-9a-fA-F]{4})|o?([0-3]?[0-7]{1,2}))/.exec(
      this.bytes.toString('latin1', at, at + 6),
    );
    if (match === null) return this.unexpected('an escape that EDN knows', at);
    this.pos += match[0].length;
    if (match[1] !== undefined) return escapes[match[1]]!;
    return String.fromCharCode(match[2] === undefined ? Number.parseInt(match[3]!, 8) : Number.parseInt(match[2], 16));
  }

  #number(): Value {
    const { bytes, end } = this;
    const start = this.pos;
    const sign = bytes[start]!;
    const first = sign === 0x2d || sign === 0x2b ? start + 1 : start;
    let stop = first;
    let number = 0;
    while (stop < end) {
      const digit = bytes[stop]! - 0x30;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
      stop++;
    }
    if (stop === end && !this.final) this.needMore('the end of the number');
    const count = stop - first;
    if ((stop < end && endsToken[bytes[stop]!] === 0) || count > 15 || (count > 1 && bytes[first] === 0x30)) {
      return this.#unusualNumber();
    }
    this.pos = stop;
    return sign === 0x2d ? 0 - number : number;
  }

  #unusualNumber(): Value {
    const at = this.pos;
    const text = this.#token(at);
    if (text.length > digitsMax) this.malformed(at, `a number of at most ${digitsMax} characters`, 'a longer one');
    return numberOf(text) ?? this.unexpected('a number', at);
  }

  #character(): Literal {
    const at = this.pos++;
    // Any character may stand behind the backslash, also one that would end a token.
    const width = characterWidth(this.bytes[this.pos] ?? 0);
    if (this.pos + width >= this.end && !this.final) this.needMore('a character');
    const text = this.#token(Math.min(this.pos + width, this.end));
    const whole = this.text(at + 1, this.pos);
    const character = text === '' ? whole : namedCharacter(whole);
    return character === undefined || character === ''
      ? this.unexpected('a character', at)
      : characterLiteral(character);
  }

  #symbol(): Value {
    const byte = this.bytes[this.pos]!;
    if (endsToken[byte] === 1 || notFirst.has(byte)) this.unexpected('a value');
    const { name } = this.#atom(this.pos, 'the end of the symbol');
    if (name === 'nil') return null;
    if (name === 'true') return true;
    return name === 'false' ? false : new Literal(name);
  }
}

const escapes: Readonly<Record<string, string>> = {
  t: '\t',
  n: '\n',
  r: '\r',
  b: '\b',
  f: '\f',
  '"': '"',
  '\\': '\\',
};

/** Integers in any notation, floats, decimals, and ratios; undefined for what is none of these. */
function numberOf(text: string): Value | undefined {
  if (/^[+-]?(?:0|[1-9]\d*)N?$/.test(text)) return exactInteger(BigInt(text.replace(/^\+|N$/g, '')));
  const based = /^([+-]?)0(?:[xX]([0-9a-fA-F]+)|([0-7]+))N?$/.exec(text);
  if (based !== null) {
    const magnitude = BigInt(based[2] === undefined ? `0o${based[3]}` : `0x${based[2]}`);
    return exactInteger(based[1] === '-' ? -magnitude : magnitude);
  }
  const ratio = /^([+-]?\d{1,200})\/(\d{1,200})$/.exec(text);
  if (ratio !== null) return ratioOf(BigInt(ratio[1]!.replace('+', '')), BigInt(ratio[2]!));
  if (/^[+-]?\d+N?$/.test(text) || !/^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?M?$/.test(text)) return undefined;
  if (text.endsWith('M')) return new Literal(text.replace(/^\+/, ''));
  const number = Number(text);
  return Number.isInteger(number) ? new Literal(floatText(number)) : number;
}

function floatText(number: number): string {
  const text = String(number === 0 ? 0 : number);
  return text.includes('e') ? text : `${text}.0`;
}

function ratioOf(numerator: bigint, denominator: bigint): Value | undefined {
  if (denominator === 0n) return undefined;
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator];
  while (b !== 0n) [a, b] = [b, a % b];
  if (denominator === a) return exactInteger(numerator / a);
  return new Literal(`${numerator / a}/${denominator / a}`);
}

function characterWidth(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

const characterNames: Readonly<Record<string, string>> = {
  newline: '\n',
  return: '\r',
  space: ' ',
  tab: '\t',
  formfeed: '\f',
  backspace: '\b',
};

function namedCharacter(name: string): string | undefined {
  if (Object.hasOwn(characterNames, name)) return characterNames[name];
  const escaped = /^u([0-9a-fA-F]{4})$|^o([0-3]?[0-7]{1,2})$/.exec(name);
  if (escaped === null) return undefined;
  return String.fromCharCode(
    escaped[1] === undefined ? Number.parseInt(escaped[2]!, 8) : Number.parseInt(escaped[1], 16),
  );
}

function characterLiteral(character: string): Literal {
  const name = Object.keys(characterNames).find((each) => characterNames[each] === character);
  if (name !== undefined) return new Literal(`\\${name}`);
  const unit = character.charCodeAt(0);
  const printable = unit > 0x20 && unit !== 0x7f && !(unit >= 0xd800 && character.length === 1 && unit < 0xe000);
  return new Literal(printable ? `\\${character}` : `\\u${unit.toString(16).padStart(4, '0')}`);
}

/** The value that an EDN text holds. Throws MalformedHistory. */
export function parseEdn(text: string, options: ReadOptions = {}): Value {
  return new EdnReader(options).single(text);
}
