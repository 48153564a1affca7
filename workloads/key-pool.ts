/**
 * The keys that transactions work on, and how transactions are made of them, as Elle's `wr-txns` does (elle.rw-register; Alvaro and
 * Kingsbury, VLDB 2020): a pool of keys, some more likely than others; half of the micro-ops read, half write; a key that
 * has been written often enough gives its place to a fresh one, so that no history of a key becomes long.
 */
import { each } from '../harness/combinators.ts';
import type { Context, Generator, OpDraft } from '../harness/generator.ts';
import { unknownName } from '../harness/near.ts';
import type { Random } from '../harness/random.ts';
import { SpecError, type TestSpec } from '../harness/spec.ts';
import type { WorkloadParts } from '../harness/test.ts';
import type { Value } from '../history/value.ts';
import { finalReads } from './final-reads.ts';
import { freshNumbers, runMemory, stream } from './run-memory.ts';

interface KeyPoolOptions {
  /** Of each place in the pool how likely it and those before it are together, in parts of the last. */
  readonly likelihoods: readonly number[];
  readonly minTxnLength: number;
  readonly maxTxnLength: number;
  readonly maxWritesPerKey: number;
}

const keyDistributions = ['exponential', 'uniform', 'zipf'];

/** Zipf's law in whole numbers. */
const zipfScale = 1_000_000;
const likelihoodMax = 2 ** 32;

/** After the heal so many keys are read, those that came last. */
const finalKeysMax = 64;

/**
 * Elle's options, by its names: `key-dist` exponential (each place is `key-dist-base`, 2, times as likely as the one before), uniform, or
 * zipf (place i is 1/i as likely as the first); `key-count` (10, uniform 3), `min-txn-length` (1), `max-txn-length` (4), `max-writes-per-key` (32).
 */
function keyPoolOptions({ options }: TestSpec): KeyPoolOptions {
  const distribution = options['key-dist'] ?? 'exponential';
  if (!keyDistributions.includes(distribution)) {
    throw new SpecError(unknownName('distribution of keys', distribution, keyDistributions));
  }
  const count = wholeOption(options, 'key-count', distribution === 'uniform' ? 3 : 10, 1, 1000);
  const base = wholeOption(options, 'key-dist-base', 2, 2, 1000);
  const minTxnLength = wholeOption(options, 'min-txn-length', 1, 1, 1000);
  const maxTxnLength = wholeOption(options, 'max-txn-length', Math.max(4, minTxnLength), minTxnLength, 1000);
  const maxWritesPerKey = wholeOption(options, 'max-writes-per-key', 32, 1, 1_000_000);
  return { likelihoods: likelihoodsOf(distribution, count, base), minTxnLength, maxTxnLength, maxWritesPerKey };
}

function wholeOption(options: TestSpec['options'], name: string, usual: number, min: number, max: number): number {
  const text = options[name];
  if (text === undefined) return usual;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new SpecError(`${name} must be a whole number from ${min} to ${max}, not ${text}`);
}

function likelihoodsOf(distribution: string, count: number, base: number): readonly number[] {
  const likelihoods: number[] = [];
  let sum = 0;
  let share = 1;
  for (let place = 0; place < count; place++) {
    sum += distribution === 'zipf' ? Math.floor(zipfScale / (place + 1)) : share;
    if (distribution === 'exponential') share *= base;
    likelihoods.push(sum);
  }
  if (sum <= likelihoodMax) return likelihoods;
  throw new SpecError(`${count} keys, each ${base} times as likely as the one before, are too many to draw from`);
}

/** How many keys each run has taken into its pool so far: they are numbered from 0. */
const keysTaken = runMemory(() => ({ count: 0 }));

/** Transactions without end. Whatever is written to a key are the numbers 1, 2, 3, … */
function transactions(write: string, options: KeyPoolOptions): Generator {
  const count = options.likelihoods.length;
  return new Transactions(
    write,
    options,
    Array.from({ length: count }, (_, place) => place),
    Array<number>(count).fill(0),
    count,
  );
}

class Transactions implements Generator {
  readonly #write: string;
  readonly #options: KeyPoolOptions;
  readonly #keys: readonly number[];
  readonly #written: readonly number[];
  readonly #nextKey: number;

  /**
   * @param keys the pool, by place
   * @param written how often each of them has been written
   */
  constructor(
    write: string,
    options: KeyPoolOptions,
    keys: readonly number[],
    written: readonly number[],
    nextKey: number,
  ) {
    this.#write = write;
    this.#options = options;
    this.#keys = keys;
    this.#written = written;
    this.#nextKey = nextKey;
  }

  op(context: Context): readonly ['pending', Generator] | readonly [OpDraft, Generator] {
    if (context.free.length === 0) return ['pending', this];
    const { likelihoods, minTxnLength, maxTxnLength, maxWritesPerKey } = this.#options;
    const random = context.stream(stream);
    const keys = this.#keys.slice();
    const written = this.#written.slice();
    let nextKey = this.#nextKey;
    const length = random.between(minTxnLength, maxTxnLength);
    const txn: Value[] = [];
    while (txn.length < length) {
      const writes = random.chance(1, 2);
      const place = placeIn(likelihoods, random);
      if (!writes) {
        txn.push(['r', keys[place]!, null]);
      } else if (written[place]! < maxWritesPerKey) {
        written[place]!++;
        txn.push([this.#write, keys[place]!, written[place]!]);
      } else {
        keys[place] = nextKey++;
        written[place] = 0;
      }
    }
    const taken = keysTaken(context);
    taken.count = Math.max(taken.count, nextKey);
    return [{ f: 'txn', value: txn }, new Transactions(this.#write, this.#options, keys, written, nextKey)];
  }

  update(): Generator {
    return this;
  }
}

function placeIn(likelihoods: readonly number[], random: Random): number {
  const drawn = random.below(likelihoods.at(-1)!);
  let place = 0;
  while (drawn >= likelihoods[place]!) place++;
  return place;
}

/** A key that only the probes use. */
const probeKey = 'recovery';
const valueOfProbe = freshNumbers();

/**
 * A workload of such transactions. The probes write and read a key of their own; at last the keys that came last are read, in
 * transactions as long as the longest, by clients on different nodes.
 *
 * @param write the micro-op that writes: `append` or `w`
 */
export function transactionParts(write: string, spec: TestSpec): Omit<WorkloadParts, 'checkers'> {
  const options = keyPoolOptions(spec);
  const probe = each((context) => ({
    f: 'txn',
    value: [
      [write, probeKey, valueOfProbe(context)],
      ['r', probeKey, null],
    ],
  }));
  const { maxTxnLength } = options;
  return {
    generator: transactions(write, options),
    probes: [{ f: 'txn', generator: probe }],
    finalReads: finalReads(spec, {
      range: (context) => [0, Math.ceil(Math.min(keysTaken(context).count, finalKeysMax) / maxTxnLength)],
      read(number, context) {
        const { count } = keysTaken(context);
        const first = Math.max(0, count - finalKeysMax) + number * maxTxnLength;
        const length = Math.min(maxTxnLength, count - first);
        return { f: 'txn', value: Array.from({ length }, (_, i): Value => ['r', first + i, null]) };
      },
    }),
  };
}
