import type { History } from '../../history/history.ts';
import { formatValue } from '../../history/value.ts';
import type { Checker } from '../checker.ts';
import { cycleEvidence } from './cycle-evidence.ts';
import { findCycles } from './cycles.ts';
import type { TransactionalVerdict } from './evidence.ts';
import { appendAnomalies } from './list-append/append-anomalies.ts';
import { dependenciesOf } from './list-append/append-graph.ts';
import { AppendIndex } from './list-append/append-index.ts';
import { tellAppends } from './list-append/append-words.ts';
import { LongestReads, versionOrdersOf } from './list-append/version-orders.ts';
import { hasSteps, orderOf } from './order.ts';
import { type Transactions, transactionsOf } from './transactions.ts';
import { defaultModels, type TransactionalOptions, verdictOn, wantedOrder } from './verdict.ts';

/**
 * Whether transactions that append to lists and read them are isolated as consistency models ask, as Elle judges it (Alvaro and
 * Kingsbury, Elle: Inferring Isolation Anomalies from Experimental Observations, VLDB 2020). Elements must be appended once to a key;
 * lists are empty at first.
 */
export function listAppend(options: TransactionalOptions = {}): Checker {
  return { name: 'list-append', check: (history) => checkListAppend(history, options) };
}

/**
 * As the checker does. Linear in the elements of all reads, unless there are cycles; see findCycles.
 *
 * @throws ModelMismatch where an op is no transaction of appends and reads
 * @throws RangeError where no consistency model is called so
 */
export function checkListAppend(history: History, options: TransactionalOptions = {}): TransactionalVerdict {
  const models = options.consistencyModels ?? defaultModels;
  const order = wantedOrder(models);
  const reads = new LongestReads();
  const transactions = transactionsOf(history, 'lists', (microOp, key, list) => reads.see(microOp, key, list));
  const appends = new AppendIndex(transactions);
  const versionOrders = versionOrdersOf(transactions, appends, reads);
  const evidence = appendAnomalies(transactions, appends, versionOrders);
  const graph = dependenciesOf(transactions, appends, versionOrders).build(orderOf(transactions, order));
  const { cycles, undecided } = findCycles(graph, options.budget);
  const tell = tellAppends(transactions, versionOrders);
  for (const [anomaly, found] of cycles) {
    evidence.set(
      anomaly,
      found.map((cycle) => cycleEvidence(transactions, cycle, tell)),
    );
  }
  return verdictOn({
    models,
    transactions: transactions.length,
    evidence,
    undecided,
    isEmpty: !hasSteps(graph),
    doubts: doubtsOf(transactions, appends),
  });
}

function doubtsOf({ microOps, invocation, keys, values }: Transactions, { ambiguous }: AppendIndex): string[] {
  return [...ambiguous].slice(0, 1).map(([key, [first, second]]) => {
    const [line, again] = [first, second].map((m) => invocation[microOps.transaction[m]!]!);
    const element = formatValue(values[microOps.value[first]!]!, 40);
    const others = ambiguous.size > 1 ? ` (as to ${ambiguous.size - 1} other keys)` : '';
    return `${element} was appended to key ${formatValue(keys[key]!, 40)} twice, by ops ${line} and ${again}, so that nobody can tell whose it is${others}.`;
  });
}
