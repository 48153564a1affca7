import type { History } from '../../history/history.ts';
import { formatValue } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { cycleEvidence } from './cycle-evidence.ts';
import { findCycles } from './cycles.ts';
import type { TransactionalVerdict } from './evidence.ts';
import { hasSteps, orderOf } from './order.ts';
import { cyclicVersions } from './rw-register/cyclic-versions.ts';
import { registerAnomalies } from './rw-register/register-anomalies.ts';
import { registerGraphs, type Source, type Sources } from './rw-register/register-graph.ts';
import { type RegisterVersions, versionsOf } from './rw-register/register-versions.ts';
import { RegisterWords } from './rw-register/register-words.ts';
import { type Transactions, transactionsOf } from './transactions.ts';
import { defaultModels, type TransactionalOptions, verdictOn, type WantedOrder, wantedOrder } from './verdict.ts';

export interface RwRegisterOptions extends TransactionalOptions {
  /** That each process sees the versions of each key in their order, whatever else holds. */
  readonly sequentialKeys?: boolean;
  /** That each key is linearizable by itself, whatever else holds. */
  readonly linearizableKeys?: boolean;
  /** That a transaction which wrote a key overwrote what it had read of it, whatever else holds. */
  readonly writesFollowReads?: boolean;
  /**
   * Whether to infer all of this where it is not asserted, as far as the models asked for promise it: default true. Without, the verdict is
   * that of Elle with the same options, but that reads of what nobody wrote count.
   */
  readonly inference?: boolean;
}

/**
 * Whether transactions that write registers and read them are isolated as consistency models ask, as Elle judges it (Alvaro and
 * Kingsbury, Elle: Inferring Isolation Anomalies from Experimental Observations, VLDB 2020). Values must be written once to a key;
 * registers are nil at first.
 */
export function rwRegister(options: RwRegisterOptions = {}): Checker {
  return { name: 'rw-register', check: (history) => checkRwRegister(history, options) };
}

/**
 * As the checker does. Linear in the micro-ops but for sorting, unless there are cycles; see findCycles.
 *
 * @throws ModelMismatch where an op is no transaction of writes and reads
 * @throws RangeError where no consistency model is called so
 */
export function checkRwRegister(history: History, options: RwRegisterOptions = {}): TransactionalVerdict {
  const models = options.consistencyModels ?? defaultModels;
  const wanted = wantedOrder(models);
  const sources = sourcesOf(options, wanted);
  const transactions = transactionsOf(history, 'registers');
  const versions = versionsOf(transactions);
  const evidence = registerAnomalies(transactions, versions, sources.byReads);
  const graphs = registerGraphs(transactions, versions, sources, orderOf(transactions, wanted));
  const words = new RegisterWords(transactions, versions, sources);
  const { cycles, undecided } = findCycles(graphs.transactions, options.budget);
  for (const [anomaly, found] of cycles) {
    evidence.set(
      anomaly,
      found.map((cycle) => cycleEvidence(transactions, cycle, words.tell)),
    );
  }
  const cyclic = graphs.versions === undefined ? [] : cyclicVersions(transactions, versions, graphs.versions, words);
  if (cyclic.length > 0) evidence.set('cyclic-versions', cyclic);
  return verdictOn({
    models,
    transactions: transactions.length,
    evidence,
    undecided,
    isEmpty: !hasSteps(graphs.transactions),
    doubts: doubtsOf(transactions, versions),
  });
}

/** An order in time is of no use to models that do not keep it. */
function sourcesOf(options: RwRegisterOptions, wanted: WantedOrder): Sources {
  const byReads = options.inference ?? true;
  const source = (isAsserted: boolean | undefined, isPromised: boolean): Source =>
    isAsserted === true ? 'asserted' : byReads && isPromised ? 'inferred' : undefined;
  return {
    writesFollowReads: source(options.writesFollowReads, true),
    process: source(options.sequentialKeys, wanted !== undefined),
    realTime: source(options.linearizableKeys, wanted === 'realtime'),
    byReads,
  };
}

/** Of what was read, and may be of either of two writers. */
function doubtsOf(
  { microOps, invocation, keys, values }: Transactions,
  { ambiguous, initial, key, value, readerStart }: RegisterVersions,
): string[] {
  const read = [...ambiguous].filter(([version]) => readerStart[version + 1]! > readerStart[version]!);
  return read.slice(0, 1).map(([version, [first, second]]) => {
    const [line, again] = [first, second].map((m) => invocation[microOps.transaction[m]!]!);
    const name = `key ${formatValue(keys[key[version]!]!, 40)}`;
    const others = read.length > 1 ? ` (as with ${read.length - 1} other values)` : '';
    return initial[key[version]!] === version
      ? `nil was written to ${name} by op ${line}, so that nobody can tell it from what was there at first${others}.`
      : `${formatValue(values[value[version]!]!, 40)} was written to ${name} twice, by ops ${line} and ${again}, so that nobody can tell whose it is${others}.`;
  });
}
