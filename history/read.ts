/** Reads a history whatever its form: Jepsen's EDN, JSON lines, or a JSON array; compressed with gzip or not. */
import { Buffer } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { EdnReader } from './edn.ts';
import type { History } from './history.ts';
import { JsonReader } from './jsonl.ts';
import { MalformedHistory } from './malformed.ts';
import type { OpReader, ReadOptions } from './op-reader.ts';

export type { ReadOptions } from './op-reader.ts';

export interface ReadHistoryOptions extends ReadOptions {
  /**
   * Told how many bytes of the input have been read, before decompression: often, also while few bytes of input give much to
   * read. What it throws ends the reading.
   */
  readonly onProgress?: (bytes: number) => void;
}

const chunkLength = 256 * 1024;

/** Compressed histories give 10 to 30 times their size, ops that are all alike up to 200; what gives more is padding. */
const expansionMax = 500;
/** So much may come out of any file. */
const expandedMin = 256 * 1024 * 1024;

/**
 * Reads a history from a file or from chunks of bytes, which must not change afterwards. An empty one has no lines.
 *
 * Throws MalformedHistory, with the place, for anything that is no history: of a compressed file, the place in its
 * content. Errors of the file system come as they are.
 */
export async function readHistory(
  input: string | AsyncIterable<Uint8Array>,
  options: ReadHistoryOptions = {},
): Promise<History> {
  const fromFile = typeof input === 'string';
  const chunks = fromFile ? createReadStream(input, { highWaterMark: chunkLength }) : input;
  const reader = new HistoryReader({ ...(fromFile ? { file: input } : {}), ...options });
  let [bytes, fed, cut] = [0, 0, false];
  const count = (length: number): void => {
    bytes += length;
  };
  const onTruncated = (): void => {
    cut = true;
  };
  for await (const chunk of decompressed(counted(chunks, count), reader, onTruncated)) {
    reader.feed(chunk);
    fed += chunk.length;
    if (fed > expandedMin && fed > bytes * expansionMax) {
      reader.refuse(`gzip data that gives at most ${expansionMax} times its size`, 'more');
    }
    options.onProgress?.(bytes);
  }
  return reader.finish(cut);
}

/** Reads a history that is at hand whole and not compressed; see readHistory. */
export function parseHistory(text: string | Uint8Array, options: ReadOptions = {}): History {
  const reader = new HistoryReader(options);
  reader.feed(typeof text === 'string' ? Buffer.from(text) : text);
  return reader.finish();
}

/** Takes bytes in chunks of any size, and finds out by the first of them whether they are EDN or JSON. */
export class HistoryReader {
  readonly #options: ReadOptions;
  #head: Buffer = Buffer.alloc(0);
  #reader: OpReader | undefined;

  constructor(options: ReadOptions = {}) {
    this.#options = options;
  }

  /** The bytes must not change afterwards. Throws MalformedHistory. */
  feed(chunk: Uint8Array): void {
    if (this.#reader !== undefined) {
      this.#reader.feed(chunk);
      return;
    }
    this.#head = Buffer.concat([this.#head, chunk]);
    const format = this.#formatOf(this.#head.length > headLengthMax);
    if (format !== undefined) this.#begin(format);
  }

  finish(cut = false): History {
    if (this.#reader === undefined) this.#begin(this.#formatOf(true) ?? 'edn');
    return this.#reader!.finish(cut);
  }

  /** For an error in the input that is none of its bytes. */
  refuse(expected: string, found: string): never {
    if (this.#reader === undefined) throw new MalformedHistory(this.#options.file ?? 'history', 1, 1, expected, found);
    return this.#reader.refuse(expected, found);
  }

  #formatOf(final: boolean): Format | undefined {
    return formatOf(this.#head, final, jsonName.test(this.#options.file ?? '') ? 'json' : 'edn');
  }

  #begin(format: Format): void {
    this.#reader = format === 'edn' ? new EdnReader(this.#options) : new JsonReader(this.#options);
    if (isUtf16(this.#head)) this.#reader.refuse('UTF-8', 'UTF-16');
    this.#reader.feed(hasByteOrderMark(this.#head) ? this.#head.subarray(3) : this.#head);
    this.#head = Buffer.alloc(0);
  }
}

type Format = 'edn' | 'json';

/** So many bytes of whitespace, comments, and brackets at the beginning are passed to find the format. */
const headLengthMax = 1 << 16;

const jsonName = /\.jsonl?(?:\.gz)?$/i;

const hasByteOrderMark = (bytes: Uint8Array): boolean => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

const isUtf16 = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);

/**
 * The format that the first bytes show; undefined where they do not suffice. JSON begins with `{"`, or has it behind
 * one bracket; what EDN begins with is left to the EDN reader. Of whatever begins otherwise the reader of the format that the name
 * of the file promises says what it expected.
 */
function formatOf(bytes: Buffer, final: boolean, promised: Format): Format | undefined {
  const undecided = final ? promised : undefined;
  if (bytes.length < 3 && bytes[0] === 0xef) return undecided;
  let at = hasByteOrderMark(bytes) ? 3 : 0;
  for (const opening of ['[', '{']) {
    at = behindComments(bytes, at, final);
    if (at === bytes.length) return undecided;
    if (bytes[at] === opening.charCodeAt(0)) at++;
    else if (opening === '{') return bytes[at] === 0x5d ? 'json' : beginsEdn(bytes, at) ? 'edn' : promised;
  }
  at = behindComments(bytes, at, final);
  if (at === bytes.length) return undecided;
  return bytes[at] === 0x22 || bytes[at] === 0x7d ? 'json' : 'edn';
}

/** A list, a discard, or a tag with a map or a list. */
const beginsEdn = (bytes: Buffer, at: number): boolean =>
  /^(?:\(|#_|#[A-Za-z][^\s{([]*\s*[{([])/.test(bytes.toString('latin1', at, at + tagLengthMax));

const tagLengthMax = 256;

/**
 * Behind whitespace and lines that are comments somewhere: `; …` in EDN, `# …` and `// …` in neither format. The
 * end of the bytes where they do not suffice.
 */
function behindComments(bytes: Buffer, from: number, final: boolean): number {
  for (let at = from; ; ) {
    while (at < bytes.length && (bytes[at] === 0x20 || (bytes[at]! >= 0x09 && bytes[at]! <= 0x0d))) at++;
    if (bytes[at] !== 0x3b && bytes[at] !== 0x23 && bytes[at] !== 0x2f) return at;
    const lineEnd = bytes.indexOf(newline, at);
    if (lineEnd < 0 && !final && bytes.length - at < tagLengthMax) return bytes.length;
    if (!/^(?:;|\/\/|#[\s!#])/.test(bytes.toString('latin1', at, at + 2))) return at;
    if (lineEnd < 0) return bytes.length;
    at = lineEnd;
  }
}

const newline = 0x0a;

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  count: (length: number) => void,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of chunks) {
    count(chunk.length);
    yield chunk;
  }
}

/** The chunks, decompressed where they begin as gzip does. A compressed file without end is reported, not thrown. */
async function* decompressed(
  chunks: AsyncGenerator<Uint8Array, void, void>,
  reader: HistoryReader,
  onTruncated: () => void,
): AsyncGenerator<Uint8Array, void, void> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < 2) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield head;
    yield* chunks;
    return;
  }
  const whole = Readable.from(startingWith(head, chunks));
  const gunzip = createGunzip({ chunkSize: chunkLength });
  pipeline(whole, gunzip, () => {});
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'Z_BUF_ERROR') onTruncated();
    else if (typeof code === 'string' && code.startsWith('Z_')) reader.refuse('gzip data', 'data that is not');
    else throw error;
  }
}

async function* startingWith(
  head: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  yield head;
  yield* rest;
}
