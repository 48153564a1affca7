/**
 * Which of two reads of one length, of which neither can have come from the other, is taken for the order of a key. There is no right one: the
 * history is broken. But which dependencies follow depends on it, so it is the one that Elle takes, for verdicts to be comparable:
 * the last in the order in which Clojure goes through a set of both, which is by the hash of each, five bits at a time, the lowest first.
 */
import type { Value } from '../../../history/value.ts';

/** Whether Elle takes `list` rather than `other`. Where elements are no small integers, whose hash this knows, it is `other`. */
export function takesFirst(list: readonly Value[], other: readonly Value[]): boolean {
  const [hash, otherHash] = [hashOf(list), hashOf(other)];
  if (hash === undefined || otherHash === undefined) return false;
  for (let shift = 0; shift < 32; shift += 5) {
    const difference = ((hash >>> shift) & 31) - ((otherHash >>> shift) & 31);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** Clojure's hash of a vector: of its elements' as of a Java list, mixed with its length by Murmur3 (Appleby 2011). */
function hashOf(list: readonly Value[]): number | undefined {
  let hash = 1;
  for (const element of list) {
    if (typeof element !== 'number' || (element | 0) !== element || element < 0) return undefined;
    const own = element === 0 ? 0 : finished(mixed(mixed(0, element), 0), 8);
    hash = (Math.imul(31, hash) + own) | 0;
  }
  return finished(mixed(0, hash), list.length);
}

function mixed(hash: number, word: number): number {
  const scrambled = Math.imul(rotated(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
  return (Math.imul(rotated(hash ^ scrambled, 13), 5) + 0xe6546b64) | 0;
}

function finished(hash: number, length: number): number {
  hash ^= length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}

const rotated = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));
