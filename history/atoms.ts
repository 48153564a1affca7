/** Names found in bytes: each is made a string once, however often it occurs. */
import { Buffer } from 'node:buffer';
import { Keyword } from './value.ts';

/** The fields of an op that ftest knows, one bit each. */
export const fields = {
  index: 1,
  time: 2,
  process: 4,
  type: 8,
  f: 16,
  key: 32,
  value: 64,
  error: 128,
  node: 256,
} as const;

const fieldBits: ReadonlyMap<string, number> = new Map(Object.entries(fields));

/** The bit of the field of this name; 0 when there is none. */
export const fieldOfName = (name: string): number => fieldBits.get(name) ?? 0;

export class Atom {
  readonly name: string;
  readonly hash: number;
  /** The bit of the field of this name; 0 when there is none. */
  readonly field: number;
  readonly #bytes: Uint8Array;
  #keyword: Keyword | undefined;

  constructor(name: string, hash: number) {
    this.name = name;
    this.hash = hash;
    this.field = fieldOfName(name);
    this.#bytes = Buffer.from(name);
  }

  /** The keyword of this name. */
  get keyword(): Keyword {
    this.#keyword ??= Keyword.of(this.name);
    return this.#keyword;
  }

  /** How many bytes the name takes in UTF-8. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Where this name ends if it stands at `start`; else -1. */
  behind(bytes: Uint8Array, start: number): number {
    const own = this.#bytes;
    const { length } = own;
    if (start + length > bytes.length) return -1;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== own[i]) return -1;
    return start + length;
  }
}

/** The names of an op's fields by their ordinal: most often those of the op before. */
export class FieldAtoms {
  readonly #atoms: Atom[] = [];

  /** The atom with this ordinal, if it stands at `start` and is followed by one of the bytes marked in `ends`. */
  likely(ordinal: number, bytes: Uint8Array, start: number, ends: Uint8Array): Atom | undefined {
    const atom = this.#atoms[ordinal];
    if (atom === undefined) return undefined;
    const stop = atom.behind(bytes, start);
    return stop > 0 && stop < bytes.length && ends[bytes[stop]!] === 1 ? atom : undefined;
  }

  remember(ordinal: number, atom: Atom): void {
    if (ordinal < ordinalMax) this.#atoms[ordinal] = atom;
  }
}

const ordinalMax = 16;
const slotCount = 1 << 14;
/** Names that collide more often than this, and those that come when the table is full, are made anew each time. */
const probesMax = 16;
const atomsMax = (slotCount / 4) * 3;

export const emptyHash = 0x811c9dc5 | 0;
/** FNV-1a, one byte further. */
export const nextHash = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193);

export class Atoms {
  readonly #slots: (Atom | undefined)[] = new Array<Atom | undefined>(slotCount).fill(undefined);
  #count = 0;

  /** The atom of the ASCII bytes in [start, end), whose hash is given. */
  find(bytes: Uint8Array, start: number, end: number, hash: number): Atom {
    for (let probe = 0; probe < probesMax; probe++) {
      const slot = (hash + probe) & (slotCount - 1);
      const atom = this.#slots[slot];
      if (atom === undefined) return this.#add(slot, new Atom(asciiText(bytes, start, end), hash));
      if (atom.hash === hash && atom.behind(bytes, start) === end) return atom;
    }
    return new Atom(asciiText(bytes, start, end), hash);
  }

  #add(slot: number, atom: Atom): Atom {
    if (this.#count < atomsMax) {
      this.#slots[slot] = atom;
      this.#count++;
    }
    return atom;
  }
}

function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
