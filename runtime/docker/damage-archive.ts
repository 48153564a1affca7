/**
 * What Docker gives of a container's files: tar archives (POSIX.1-2001: ustar headers, pax records where those have no room),
 * listed as they come, or taken apart and put together again with one file changed.
 */
import { dataEnd } from '../file-damage.ts';

const blockBytes = 512;

/** Types of entries. */
const regularFile = ['0', '\0'];
const paxRecords = 'x';

interface Header {
  readonly type: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/** A file in an archive. */
export interface ArchivedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Up to the last byte that is not zero. */
  readonly dataBytes: number;
}

/** The regular files of an archive. Linear in its length; keeps none of it. Throws when the archive ends too early. */
export async function filesOfArchive(archive: AsyncIterable<Buffer | string>): Promise<readonly ArchivedFile[]> {
  const files: ArchivedFile[] = [];
  const pieces = new Pieces(archive);
  let longPath: string | undefined;
  for (;;) {
    const header = readHeader(await pieces.take(blockBytes));
    if (header === undefined) break;
    const { type, sizeBytes } = header;
    if (type === paxRecords) {
      longPath = pathIn(await pieces.take(sizeBytes));
    } else {
      let [at, dataBytes] = [0, 0];
      await pieces.pass(sizeBytes, (piece) => {
        const end = dataEnd(piece);
        if (end > 0) dataBytes = at + end;
        at += piece.length;
      });
      if (regularFile.includes(type)) files.push({ path: longPath ?? header.path, sizeBytes, dataBytes });
      longPath = undefined;
    }
    await pieces.pass(paddingAfter(sizeBytes), () => {});
  }
  await pieces.drain();
  return files;
}

/** An archive of one file: what stands before its content, and the content. Both are views of it. */
export interface TakenApart {
  readonly before: Buffer;
  readonly content: Buffer;
}

/** Throws where there is no file in it. */
export function takeApart(archive: Buffer): TakenApart {
  for (let at = 0; ; ) {
    const header = readHeader(archive.subarray(at, at + blockBytes));
    if (header === undefined) throw new Error('expected an archive with a file in it');
    const { type, sizeBytes } = header;
    const start = at + blockBytes;
    if (regularFile.includes(type)) {
      return { before: archive.subarray(0, start), content: archive.subarray(start, start + sizeBytes) };
    }
    at = start + sizeBytes + paddingAfter(sizeBytes);
  }
}

/** The archive with other content: owner, mode, and all else that is said of the file stay. */
export function putTogether({ before, content }: TakenApart): Buffer {
  const copy = Buffer.from(before);
  const header = copy.subarray(-blockBytes);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(' '.repeat(8), 148);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([copy, content, Buffer.alloc(paddingAfter(content.length) + 2 * blockBytes)]);
}

/** undefined of the block of zeros at the end. */
function readHeader(block: Buffer): Header | undefined {
  if (dataEnd(block) === 0) return undefined;
  const text = (from: number, bytes: number): string =>
    block
      .subarray(from, from + bytes)
      .toString()
      .replace(/\0.*$/s, '');
  const prefix = text(345, 155);
  const name = text(0, 100);
  return {
    type: String.fromCharCode(block[156] as number),
    path: prefix === '' ? name : `${prefix}/${name}`,
    sizeBytes: Number.parseInt(text(124, 12), 8),
  };
}

/** The path that pax records give, `<length> path=<value>\n` being one of them. */
const pathIn = (records: Buffer): string | undefined => records.toString().match(/^\d+ path=(.*)$/m)?.[1];

const paddingAfter = (sizeBytes: number): number => (blockBytes - (sizeBytes % blockBytes)) % blockBytes;

/** A stream, so many bytes at a time. */
class Pieces {
  readonly #iterator: AsyncIterator<Buffer | string>;
  #rest = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer | string>) {
    this.#iterator = stream[Symbol.asyncIterator]();
  }

  async take(bytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    await this.pass(bytes, (piece) => pieces.push(piece));
    return Buffer.concat(pieces);
  }

  async pass(bytes: number, see: (piece: Buffer) => void): Promise<void> {
    let left = bytes;
    while (left > 0) {
      if (this.#rest.length === 0) await this.#more();
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      see(piece);
    }
  }

  /** Reads to the end: whoever sends is not to be left waiting. */
  async drain(): Promise<void> {
    while (!(await this.#iterator.next()).done);
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#iterator.next();
    if (done) throw new Error('an archive ended too early');
    this.#rest = Buffer.from(value);
  }
}
