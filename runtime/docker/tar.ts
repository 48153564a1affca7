/** Tar archives in memory (POSIX ustar), of regular files and the folders they lie in: what Docker takes images as. */
import { dirname } from 'node:path/posix';

export interface TarFile {
  /** From the root of the archive, without a slash at its head; 100 bytes at most. */
  readonly path: string;
  readonly content: Buffer;
  readonly executable?: boolean;
}

const blockBytes = 512;
const pathBytesMax = 100;

/** The same files give the same bytes: owner, times, and order are fixed. */
export function tarOf(files: readonly TarFile[]): Buffer {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const folders = [...new Set(sorted.flatMap(({ path }) => foldersAbove(path)))].sort();
  const parts = folders.map((folder) => header(`${folder}/`, 0, '5', 0o755));
  for (const { path, content, executable } of sorted) {
    parts.push(header(path, content.length, '0', executable ? 0o755 : 0o644), content);
    parts.push(Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes));
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === '.' ? [] : [...foldersAbove(folder), folder];
}

function header(path: string, size: number, type: '0' | '5', mode: number): Buffer {
  if (Buffer.byteLength(path) > pathBytesMax) throw new Error(`too long a path for a tar archive: ${path}`);
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  block.write(path, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write('ustar\0', 257);
  block.write('00', 263);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${octal(checksum, 6)} `, 148);
  return block;
}
