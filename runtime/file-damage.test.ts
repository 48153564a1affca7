import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FileDamage } from '../harness/fault.ts';
import { damaged, dataEnd, fileBytesMax, fileToDamage, type StoredFile } from './file-damage.ts';

const truncate = (dropBytes: number, seed = 1): FileDamage => ({ f: 'truncate', nodes: ['n1'], dropBytes, seed });
const bitflip = (probability: number, seed = 1): FileDamage => ({ f: 'bitflip', nodes: ['n1'], probability, seed });
const file = (path: string, sizeBytes = 100, dataBytes = sizeBytes): StoredFile => ({ path, sizeBytes, dataBytes });
const path = '/data/journal';

/** How many bits differ. */
const bitsApart = (a: Buffer, b: Buffer): number =>
  a.reduce((sum, byte, i) => sum + (byte ^ (b[i] as number)).toString(2).replaceAll('0', '').length, 0);

describe('the file', () => {
  test('is drawn by the seed, for each node anew, whatever the order they are found in', () => {
    const files = ['a', 'b', 'c', 'd'].map((name) => file(name));
    const drawn = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const found = fileToDamage(truncate(1, seed), 'n1', files)?.path as string;
      expect(fileToDamage(bitflip(1, seed), 'n1', [...files].reverse())?.path).toBe(found);
      drawn.add(`${found} ${fileToDamage(truncate(1, seed), 'n2', files)?.path}`);
    }
    expect(drawn.size).toBeGreaterThan(10);
  });

  test('is none that is empty, has only zeros, or is too large', () => {
    const files = [file('empty', 0), file('zeros', 100, 0), file('large', fileBytesMax + 1), file('good')];
    for (let seed = 0; seed < 20; seed++) expect(fileToDamage(truncate(1, seed), 'n1', files)?.path).toBe('good');
    expect(fileToDamage(truncate(1), 'n1', files.slice(0, 3))).toBeUndefined();
  });
});

describe('a file that is cut short', () => {
  test('loses the end of its data, and the zeros behind', () => {
    const content = Buffer.from('0123456789\0\0\0');
    const { content: kept, done } = damaged(truncate(4), 'n1', path, content);
    expect(kept.toString()).toBe('012345');
    expect(done).toEqual({ node: 'n1', path, sizeBytes: 13, droppedBytes: 7, flippedBits: 0 });
  });

  test('is empty where it had no more than that', () => {
    expect(damaged(truncate(9), 'n1', path, Buffer.from('0123')).content.length).toBe(0);
  });
});

describe('a file with flipped bits', () => {
  test('differs in as many bits as said, the same for the same seed, and in no zeros at its end', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }).filter((bytes) => bytes.at(-1) !== 0),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(),
        (bytes, probability, seed) => {
          const before = Buffer.concat([bytes, Buffer.alloc(40)]);
          const { content, done } = damaged(bitflip(probability, seed), 'n1', path, Buffer.from(before));
          expect(done.flippedBits).toBe(Math.max(1, Math.round(bytes.length * 8 * probability)));
          expect(bitsApart(before, content)).toBe(done.flippedBits);
          expect(content.subarray(bytes.length)).toEqual(Buffer.alloc(40));
          expect(damaged(bitflip(probability, seed), 'n1', path, Buffer.from(before)).content).toEqual(content);
        },
      ),
    );
  });

  test('has them all over it', () => {
    const places = new Set<number>();
    for (let seed = 0; seed < 400; seed++) {
      const { content } = damaged(bitflip(0, seed), 'n1', path, Buffer.alloc(2, 0xff));
      places.add(content.readUInt16BE());
    }
    expect(places.size).toBe(16);
  });
});

test('data ends with the last byte that is not zero', () => {
  expect(dataEnd(Buffer.from([0, 1, 0, 0]))).toBe(2);
  expect(dataEnd(Buffer.from([0, 0]))).toBe(0);
  expect(dataEnd(Buffer.from([1]))).toBe(1);
});
