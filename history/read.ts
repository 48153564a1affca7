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
  /** Told how many bytes of the input have been read, before decompression. */
  readonly onProgress?: (bytes: number) => void;
}

const chunkLength = 256 * 1024;

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
  let cut = false;
  for await (const chunk of decompressed(counted(chunks, options.onProgress), reader, (truncated) => {
    cut = truncated;
  })) {
    reader.feed(chunk);
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
    const format = formatOf(this.#head, this.#head.length > headLengthMax);
    if (format !== undefined) this.#begin(format);
  }

  finish(cut = false): History {
    if (this.#reader === undefined) this.#begin(formatOf(this.#head, true) ?? 'edn');
    return this.#reader!.finish(cut);
  }

  /** For an error in the input that is none of its bytes. */
  refuse(expected: string, found: string): never {
    if (this.#reader === undefined) throw new MalformedHistory(this.#options.file ?? 'history', 1, 1, expected, found);
    return this.#reader.refuse(expected, found);
  }

  #begin(format: 'edn' | 'json'): void {
    this.#reader = format === 'edn' ? new EdnReader(this.#options) : new JsonReader(this.#options);
    this.#reader.feed(hasByteOrderMark(this.#head) ? this.#head.subarray(3) : this.#head);
    this.#head = Buffer.alloc(0);
  }
}

/** So many bytes of whitespace and brackets at the beginning are taken for EDN. */
const headLengthMax = 1 << 16;

const hasByteOrderMark = (bytes: Uint8Array): boolean => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

/**
 * The format that the first bytes show; undefined where they do not suffice. JSON begins with `{"`, or has it behind
 * one bracket; whatever begins otherwise is left to the EDN reader, which says what it expects.
 */
function formatOf(bytes: Buffer, final: boolean): 'edn' | 'json' | undefined {
  const undecided = final ? 'edn' : undefined;
  if (bytes.length < 3 && bytes[0] === 0xef) return undecided;
  let at = hasByteOrderMark(bytes) ? 3 : 0;
  for (const opening of ['[', '{']) {
    at = behindWhitespace(bytes, at);
    if (at === bytes.length) return undecided;
    if (bytes[at] === opening.charCodeAt(0)) at++;
    else if (opening === '{') return bytes[at] === 0x5d ? 'json' : 'edn';
  }
  at = behindWhitespace(bytes, at);
  if (at === bytes.length) return undecided;
  return bytes[at] === 0x22 || bytes[at] === 0x7d ? 'json' : 'edn';
}

function behindWhitespace(bytes: Uint8Array, at: number): number {
  while (at < bytes.length && (bytes[at] === 0x20 || (bytes[at]! >= 0x09 && bytes[at]! <= 0x0d))) at++;
  return at;
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onProgress: ((bytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    onProgress?.(bytes);
    yield chunk;
  }
}

/** The chunks, decompressed where they begin as gzip does. A compressed file without end is reported, not thrown. */
async function* decompressed(
  chunks: AsyncGenerator<Uint8Array, void, void>,
  reader: HistoryReader,
  onTruncated: (truncated: true) => void,
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
    if (code === 'Z_BUF_ERROR') onTruncated(true);
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
