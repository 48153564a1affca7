/**
 * What the readers of EDN and of JSON have in common: bytes arrive in chunks of any size, ops go into a HistoryBuilder,
 * and what is wrong is said with its place.
 *
 * A form that the bytes at hand do not hold to its end is read again from its start when there are twice as many, so
 * the parsers are plain recursive descent, and the cost stays linear however small the chunks are.
 */
import { Buffer } from 'node:buffer';
import { type Atom, Atoms, fields } from './atoms.ts';
import { type Extra, type History, HistoryBuilder, type OpFields } from './history.ts';
import { MalformedHistory, NoHistory } from './malformed.ts';
import type { OpType, Process } from './op.ts';
import { formatValue, isArray, Keyword, Literal, mapOf, nameOf, setField, type Value, ValueMap } from './value.ts';

export interface ReadOptions {
  /** How messages name the input. */
  readonly file?: string;
  /**
   * Whether the file may end within an op, as when its writer was killed: that op is left out, and `History.cutAtLine`
   * names its line. Otherwise it is malformed. Default false.
   */
  readonly tolerateTruncatedTail?: boolean;
  /** An op of more bytes is refused, and not held in memory either. Default 64 MiB. */
  readonly formLengthMax?: number;
}

/** Maps, lists, tags, and discards within each other; the op counts as one. */
export const depthMax = 512;

/** A number of more digits is refused. */
export const digitsMax = 4096;

/** A file of more ops is refused: its columns alone would take 2 GB. */
const linesMax = 1 << 26;

const endOfFile = 'the end of the file';

/** Thrown, and caught again at once, where the bytes at hand end before the form does. */
const incomplete = new Error('more bytes are needed');

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const newline = 0x0a;

class Draft implements OpFields {
  time = Number.NaN;
  process: Process = 0;
  type: OpType = 'invoke';
  f = '';
  key: Value | undefined;
  value: Value = null;
  error: Value | undefined;
  node: string | undefined;
}

export abstract class OpReader {
  protected bytes: Buffer = Buffer.alloc(0);
  protected pos = 0;
  protected end = 0;
  /** All bytes are at hand. */
  protected final = false;
  /** Line of `pos`, from 1. */
  protected line = 1;
  /** Where in `bytes` the line of `pos` begins; negative when that has been dropped. */
  protected lineStart = 0;
  protected readonly atoms = new Atoms();

  readonly #file: string;
  readonly #tolerateTruncatedTail: boolean;
  readonly #formLengthMax: number;
  readonly #builder = new HistoryBuilder();
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #markPos = 0;
  #markLine = 1;
  #markLineStart = 0;

  readonly #draft = new Draft();
  #extra: { [field: string]: Value } | undefined;
  #seen = 0;
  #opAt = 0;
  #opLine = 1;
  /** Bytes of this form that were compared as elements of sets or keys of maps, those within each other each time. */
  #compared = 0;
  /** Taken off every time: see #timeOf. Undefined before the first time, null where nothing is taken off. */
  #epoch: bigint | null | undefined;

  constructor(options: ReadOptions) {
    this.#file = options.file ?? 'history';
    this.#tolerateTruncatedTail = options.tolerateTruncatedTail ?? false;
    this.#formLengthMax = options.formLengthMax ?? 64 * 1024 * 1024;
  }

  /** Takes the next bytes, which must not change afterwards. Throws MalformedHistory. */
  feed(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    const left = this.end - this.pos;
    if (this.#waitingBytes < left && this.#waitingBytes + left <= this.#formLengthMax) return;
    this.#join();
    this.#readForms();
    if (this.end - this.pos > this.#formLengthMax) this.#refuseLength();
  }

  /**
   * The history, all bytes having been fed. `cut` says that the input itself is known to be cut, as a gzip stream that
   * lacks its end. Throws MalformedHistory.
   */
  finish(cut = false): History {
    this.#join();
    this.final = true;
    try {
      this.#readForms();
      this.finishTop();
    } catch (error) {
      const truncated = error instanceof MalformedHistory && error.found === endOfFile;
      if (!truncated || !this.#tolerateTruncatedTail) throw error;
      return this.#builder.build(this.#markLine);
    }
    if (!cut) return this.#builder.build();
    if (!this.#tolerateTruncatedTail) this.malformed(this.end, 'the rest of the compressed file', endOfFile);
    return this.#builder.build(this.line);
  }

  /** Where reading stands, for an error in the input that is not one of its bytes. */
  refuse(expected: string, found: string): never {
    return this.malformed(this.pos, expected, found);
  }

  /** Reads one form on the top level, beginning with mark(); false when the bytes at hand are used up. */
  protected abstract readTop(): boolean;

  /** Throws when the file may not end here. */
  protected abstract finishTop(): void;

  /** As the format writes the name of a field or a type. */
  protected abstract spell(name: string): string;

  /** The next form begins here: reading starts here again if it is not complete. */
  protected mark(): void {
    this.#markPos = this.pos;
    this.#markLine = this.line;
    this.#markLineStart = this.lineStart;
    this.#compared = 0;
  }

  /** To be called after a line feed has been passed. */
  protected beginLine(): void {
    this.line++;
    this.lineStart = this.pos;
  }

  /** There is nothing at `pos`: wait for more, or say what is missing. */
  protected needMore(expected: string): never {
    if (!this.final) throw incomplete;
    return this.malformed(this.end, expected, endOfFile);
  }

  /** What stands at `at` is not what it should be. */
  protected unexpected(expected: string, at = this.pos): never {
    if (at >= this.end) this.needMore(expected);
    const byte = this.bytes[at]!;
    if (byte === newline || (byte === 0x0d && this.bytes[at + 1] === newline)) {
      return this.malformed(at, expected, 'the end of the line');
    }
    if (byte === 0x20) return this.malformed(at, expected, 'a space');
    if (byte < 0x20 || byte === 0x7f) {
      return this.malformed(at, expected, `the byte 0x${byte.toString(16).padStart(2, '0')}`);
    }
    let stop = at + 1;
    while (stop < this.end && stop < at + 24 && !endsWord(this.bytes[stop]!) && !endsWord(byte)) stop++;
    if (stop === this.end && stop < at + 24 && !this.final) throw incomplete;
    return this.malformed(at, expected, this.bytes.toString('utf8', at, stop));
  }

  protected malformed(at: number, expected: string, found: string): never {
    const { line, column } = this.#placeOf(at);
    throw new MalformedHistory(this.#file, line, column, expected, found);
  }

  #placeOf(at: number): { readonly line: number; readonly column: number } {
    const { bytes } = this;
    let line = this.#markLine;
    let lineStart = this.#markLineStart;
    for (let i = this.#markPos; i < at; i++) {
      if (bytes[i] !== newline) continue;
      line++;
      lineStart = i + 1;
    }
    return { line, column: at - lineStart + 1 - continuationBytes(bytes, Math.max(lineStart, 0), at) };
  }

  protected checkDepth(depth: number): void {
    if (depth > depthMax) this.malformed(this.pos, `at most ${depthMax} forms within each other`, 'more');
  }

  /** The text between two places. Throws MalformedHistory when it is not UTF-8. */
  protected text(start: number, end: number): string {
    try {
      return utf8.decode(this.bytes.subarray(start, end));
    } catch {
      return this.malformed(start, 'UTF-8', 'bytes that are not');
    }
  }

  /**
   * To be called before what lies between `at` and `pos` is compared with others like it. Comparing is linear in the text, so
   * sets within sets cost their depth times their length, which is bounded here.
   */
  protected compares(at: number): void {
    this.#compared += this.pos - at;
    if (this.#compared > 2 * this.#formLengthMax) this.malformed(at, 'fewer sets and maps within each other', 'more');
  }

  /** A map out of its entries, each key once. `at` is where it begins. */
  protected map(entries: readonly (readonly [Value, Value])[], at: number): Value {
    if (entries.some(([key]) => isCompound(key))) this.compares(at);
    const map = mapOf(entries);
    const size = map instanceof ValueMap ? map.entries.length : Object.keys(map as object).length;
    if (size !== entries.length) this.malformed(at, 'a map with each key once', 'a key twice');
    return map;
  }

  protected beginOp(): void {
    const draft = this.#draft;
    draft.time = Number.NaN;
    draft.f = '';
    draft.key = undefined;
    draft.value = null;
    draft.error = undefined;
    draft.node = undefined;
    this.#extra = undefined;
    this.#seen = 0;
    this.#opAt = this.pos;
    this.#opLine = this.line;
  }

  /** Takes in one field of the op. `nameAt` and `at` are where its name and its value begin. */
  protected assign({ name, field }: Pick<Atom, 'name' | 'field'>, value: Value, nameAt: number, at: number): void {
    const draft = this.#draft;
    if ((this.#seen & field) !== 0) this.malformed(nameAt, 'each field once', `a second ${this.spell(name)}`);
    this.#seen |= field;
    switch (field) {
      case fields.index:
        if (value !== null && !isInteger(value)) this.#refuseValue(at, `an integer for ${this.spell('index')}`, value);
        return;
      case fields.time:
        draft.time = this.#timeOf(value, at);
        return;
      case fields.process:
        draft.process = this.#processOf(value, at);
        return;
      case fields.type:
        draft.type = this.#typeOf(value, at);
        return;
      case fields.f:
        draft.f = this.#fOf(value, at);
        return;
      case fields.key:
        draft.key = value;
        return;
      case fields.value:
        draft.value = value;
        return;
      case fields.error:
        draft.error = value;
        return;
      case fields.node:
        if (typeof value === 'string') draft.node = value;
        else this.#addExtra(name, value, nameAt);
        return;
      default:
        this.#addExtra(name, value, nameAt);
    }
  }

  /** The op is read to its end, `pos` being behind it. */
  protected endOp(): void {
    const draft = this.#draft;
    const missing = this.#missingField();
    if (missing !== undefined) this.#refuseMissing(missing);
    if (this.#builder.length >= linesMax) this.malformed(this.#opAt, `at most ${linesMax} ops`, 'more');
    if (this.pos - this.#markPos > this.#formLengthMax) this.#refuseLength();
    this.#builder.push(draft);
    this.#builder.setLine(this.#opLine);
    if (this.#extra !== undefined) this.#builder.setExtra(this.#extra as Extra);
  }

  #missingField(): string | undefined {
    const draft = this.#draft;
    if ((this.#seen & fields.process) === 0) return 'process';
    if ((this.#seen & fields.type) === 0) return 'type';
    if (draft.f !== '' || typeof draft.process !== 'number') return undefined;
    // Elle needs no f, since all its ops are transactions; histories written for it often have none.
    if (!isTransaction(draft.value)) return 'f';
    draft.f = 'txn';
    return undefined;
  }

  #refuseMissing(missing: string): never {
    const [expected, found] = [`an op with the field ${this.spell(missing)}`, 'one without'];
    const isOp = (this.#seen & (fields.process | fields.type)) !== 0;
    if (isOp || this.#builder.length > 0) this.malformed(this.#opAt, expected, found);
    this.noHistory(this.#opAt, expected, found);
  }

  /** The first form of the file, which begins at `at`, is something else than an op. */
  protected noHistory(at: number, expected: string, found: string): never {
    const { line, column } = this.#placeOf(at);
    throw new NoHistory(this.#file, line, column, expected, found);
  }

  #addExtra(name: string, value: Value, nameAt: number): void {
    this.#extra ??= {};
    if (Object.hasOwn(this.#extra, name)) this.malformed(nameAt, 'each field once', `a second ${this.spell(name)}`);
    setField(this.#extra, name, value);
  }

  /** Where the first time is beyond 2^53, as nanoseconds since 1970 are, times count from it, and so stay exact. */
  #timeOf(value: Value, at: number): number {
    if (value === null) return Number.NaN;
    if (this.#epoch === undefined) this.#epoch = typeof value === 'bigint' ? value : null;
    if (typeof value === 'number' && this.#epoch === null) return value;
    if (typeof value === 'bigint') return Number(value - (this.#epoch ?? 0n));
    const number = value instanceof Literal ? Number(value.text) : value;
    if (typeof number === 'number' && !(value instanceof Literal && Number.isNaN(number))) {
      return number - Number(this.#epoch ?? 0n);
    }
    return this.#refuseValue(at, `a number of nanoseconds for ${this.spell('time')}`, value);
  }

  #processOf(value: Value, at: number): Process {
    if (typeof value === 'number' && (value | 0) === value && value >= 0) return value;
    const name = nameOf(value);
    if (name === undefined || name === '') {
      const expected = `an integer from 0 to 2147483647 or a name for ${this.spell('process')}`;
      this.#refuseValue(at, expected, value);
    }
    // Other names than nemesis are what History keeps for processes that are no clients.
    return name as Process;
  }

  #typeOf(value: Value, at: number): OpType {
    const name = nameOf(value);
    if (name === 'invoke' || name === 'ok' || name === 'fail' || name === 'info') return name;
    const types = ['invoke', 'ok', 'fail', 'info'].map((type) => this.spell(type)).join(', ');
    return this.#refuseValue(at, `one of ${types} for type`, value);
  }

  #fOf(value: Value, at: number): string {
    if (value === null) return '';
    return nameOf(value) ?? this.#refuseValue(at, `a name for ${this.spell('f')}`, value);
  }

  #refuseValue(at: number, expected: string, value: Value): never {
    return this.malformed(at, expected, formatValue(value, 40));
  }

  #refuseLength(): never {
    return this.malformed(this.#markPos, `an op of at most ${this.#formLengthMax} bytes`, 'a longer one');
  }

  /** Drops what has been read and puts what was fed behind the rest. */
  #join(): void {
    if (this.#waiting.length === 0) return;
    this.lineStart += continuationBytes(this.bytes, Math.max(this.lineStart, 0), this.pos) - this.pos;
    const left = this.bytes.subarray(this.pos, this.end);
    const all = left.length === 0 ? this.#waiting : [left, ...this.#waiting];
    const [first] = all as [Uint8Array, ...Uint8Array[]];
    this.bytes = all.length > 1 ? Buffer.concat(all) : Buffer.from(first.buffer, first.byteOffset, first.length);
    this.pos = 0;
    this.end = this.bytes.length;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  #readForms(): void {
    try {
      this.mark();
      while (this.readTop()) this.mark();
    } catch (error) {
      // Tables have their limits: 2^24 different keys, for one.
      if (error instanceof RangeError) this.malformed(this.#markPos, 'a history that fits into memory', error.message);
      if (error !== incomplete) throw error;
      this.pos = this.#markPos;
      this.line = this.#markLine;
      this.lineStart = this.#markLineStart;
    }
  }
}

/** Whether a value is a list or a map or the like: comparing it takes more than a step. */
const isCompound = (value: Value): boolean =>
  typeof value === 'object' && value !== null && !(value instanceof Keyword) && !(value instanceof Literal);

/** Whether a value is a list of micro-ops, each with a name: `[["append", 8, 1], ["r", 8, null]]`. */
const isTransaction = (value: Value): boolean =>
  isArray(value) && value.length > 0 && value.every((micro) => isArray(micro) && nameOf(micro[0]) !== undefined);

const isInteger = (value: Value): boolean => typeof value === 'bigint' || Number.isInteger(value);

/** Bytes of UTF-8 that do not begin a character. */
function continuationBytes(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if ((bytes[i]! & 0xc0) === 0x80) count++;
  return count;
}

const wordEnds = new Set([...' \t\r\n,:;"(){}[]'].map((character) => character.charCodeAt(0)));
const endsWord = (byte: number): boolean => wordEnds.has(byte);
