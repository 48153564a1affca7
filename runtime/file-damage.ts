/**
 * Damage to files, the same wherever they lie. The fault's seed decides on the file, of those that a node then has, and on
 * the bits; the file's content decides nothing but its end: zeros at the end, which many systems allot in advance, are no
 * data, and neither is a file of nothing else.
 */
import type { DamagedFile, FileDamage, FileDamageDone } from '../harness/fault.ts';
import { randomStream } from '../harness/random.ts';

/** Files are read whole; one that is larger is left alone. */
export const fileBytesMax = 256 << 20;

/** Of a large file not more bits are turned: it is not the less damaged for it. */
const flippedBitsMax = 100_000;

export interface StoredFile {
  /** As the node knows it. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Up to the last byte that is not zero. */
  readonly dataBytes: number;
}

/** Where the data of a piece of a file ends. */
export function dataEnd(content: Uint8Array): number {
  let end = content.length;
  while (end > 0 && content[end - 1] === 0) end--;
  return end;
}

/** Which file of the node is hit; undefined where none can be. */
export function fileToDamage({ seed }: FileDamage, node: string, files: readonly StoredFile[]): StoredFile | undefined {
  const candidates = files
    .filter(({ sizeBytes, dataBytes }) => dataBytes > 0 && sizeBytes <= fileBytesMax)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  return candidates.length === 0 ? undefined : randomStream(seed, `file of ${node}`).pick(candidates);
}

/** The file's content when it is damaged, and what was done to it. Turns bits in `content` itself. */
export function damaged(
  fault: FileDamage,
  node: string,
  path: string,
  content: Buffer,
): { readonly content: Buffer; readonly done: DamagedFile } {
  const dataBytes = dataEnd(content);
  const sizeBytes = content.length;
  const untouched = { node, path, sizeBytes, droppedBytes: 0, flippedBits: 0 };
  if (fault.f === 'truncate') {
    const kept = content.subarray(0, Math.max(0, dataBytes - fault.dropBytes));
    return { content: kept, done: { ...untouched, droppedBytes: sizeBytes - kept.length } };
  }
  const flippedBits = flip(fault, node, content.subarray(0, dataBytes));
  return { content, done: { ...untouched, flippedBits } };
}

/** Turns different bits, each as likely as any other; gives how many. */
function flip({ probability, seed }: Extract<FileDamage, { f: 'bitflip' }>, node: string, data: Buffer): number {
  const random = randomStream(seed, `bits of ${node}`);
  const bits = data.length * 8;
  const count = Math.min(bits, flippedBitsMax, Math.max(1, Math.round(bits * probability)));
  const flipped = new Set<number>();
  while (flipped.size < count) flipped.add(random.below(bits));
  for (const bit of flipped) data[bit >>> 3] = (data[bit >>> 3] as number) ^ (1 << (bit & 7));
  return count;
}

/** What the history says of damage that was done, to these files. */
export const damageDone = (fault: FileDamage, files: readonly DamagedFile[]): FileDamageDone => ({
  ...fault,
  nodes: files.map(({ node }) => node),
  damaged: files,
});
