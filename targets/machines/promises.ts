/** What a protocol promises that replicates the machines of this folder: each is one object, on which all agree at every moment. */
import type { Guarantee } from '../../protocol/system.ts';

/** By the names of the checkers that judge it. */
const properties = [
  'linearizable',
  'list-append',
  'rw-register',
  'bank',
  'total-queue',
  'set',
  'set-full',
  'counter',
  'lock-ownership',
  'long-fork',
  'unique-ids',
  'write-skew',
  'monotonic',
  'sequential',
  'causal',
  'causal-reverse',
  'kafka',
  'consensus',
  'recovery',
  'invariants',
];

export const replicatedPromises: readonly Guarantee[] = properties.map((property) => ({
  property,
  under: 'all',
  except: 'faults that lose or change what was synced to disk',
}));
