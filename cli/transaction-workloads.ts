/** Transactions that `ftest check` can judge, and the consistency models that they can be held to. */

import {
  canonicalModel,
  friendlyModel,
  modelNames,
  prohibitedAnomalies,
} from '../checkers/transactional/consistency-models.ts';
import type { TransactionalVerdict } from '../checkers/transactional/evidence.ts';
import { checkListAppend } from '../checkers/transactional/list-append.ts';
import { checkRwRegister } from '../checkers/transactional/rw-register.ts';
import type { History } from '../history/history.ts';
import type { Given, JudgedWorkload } from './judge.ts';

/** The models that histories of transactions can tell apart, all their names, the one that is the default first. */
const strongest = 'strict-serializable';
export const transactionModels: readonly string[] = [
  strongest,
  ...modelNames.filter((name) => name !== strongest && prohibitedAnomalies(name).length > 0),
];

/** What each model promises, in a sentence; by its canonical name. */
const promises: Readonly<Record<string, string>> = {
  'PL-1': 'Writes of transactions are not interleaved.',
  'PL-2':
    'Nothing is read that was aborted, or overwritten within its transaction, and no information flows in a circle.',
  'PL-CS': 'As read-committed, and no update of an object is lost.',
  'PL-2L': 'As read-committed, and what a transaction reads first it depends on from then on.',
  'PL-MSR': 'As read-committed, and each read is of a snapshot, later ones of later snapshots.',
  'PL-2+': 'As read-committed, and a transaction sees all effects of what it depends on.',
  'PL-FCV': 'As consistent-view, also of what began before a transaction ended.',
  'PL-2.99': 'Serializable but for predicates.',
  'PL-SI': 'Each transaction reads a snapshot, and of two that write the same at once only one commits.',
  'PL-3U': 'Transactions that write are serializable, and one that only reads sees a state that they explain.',
  'PL-3': 'Some order of the transactions explains all that they read.',
  'PL-SS': 'Some order that keeps to real time explains all that the transactions read.',
  'monotonic-atomic-view': 'Once something of a transaction is seen, all of it is.',
  'read-atomic': 'All of a transaction is seen, or nothing.',
  'causal-cerone': 'As read-atomic, and what is seen brings with it all that it depends on.',
  prefix: 'Each transaction sees a prefix of one order of all.',
  'parallel-snapshot-isolation': 'As snapshot isolation, but two writes may be seen in different orders.',
  'update-atomic': 'As read-atomic, and no update is lost.',
  'strong-session-serializable': 'Serializable in an order that keeps that of each process.',
  'strong-session-snapshot-isolation': 'Snapshot isolation, and a process sees what it has done.',
  'strong-snapshot-isolation': 'Snapshot isolation, and each snapshot has all that was over before it.',
  'strong-session-PL-1': 'As read-uncommitted, in an order that keeps that of each process.',
  'strong-session-PL-2': 'As read-committed, in an order that keeps that of each process.',
  'strong-PL-1': 'As read-uncommitted, in an order that keeps to real time.',
  'strong-PL-2': 'As read-committed, in an order that keeps to real time.',
};

/** Each model once, by the name that people know it by, with its other names. */
export function transactionModelsByName(): {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
}[] {
  const named = new Map<string, string[]>();
  for (const name of transactionModels) {
    const canonical = canonicalModel(name)!;
    const names = named.get(canonical);
    if (names === undefined) named.set(canonical, [name]);
    else names.push(name);
  }
  return [...named].map(([canonical, names]) => {
    const name = names.includes(strongest) ? strongest : friendlyModel(canonical);
    return { name, aliases: names.filter((other) => other !== name), summary: promises[canonical]! };
  });
}

type Check = (history: History, options: Checked) => TransactionalVerdict;
type Checked = Given['transactions'] & { readonly consistencyModels: readonly string[]; readonly budget?: number };

const transactions = (name: string, summary: string, checkHistory: Check): JudgedWorkload => ({
  name,
  kind: 'transactions',
  summary,
  fs: ['txn'],
  models: transactionModels,
  judge(asked, { transactions: options }) {
    const consistencyModels = asked.length === 0 ? [strongest] : asked;
    const prohibited = consistencyModels.flatMap((model) => prohibitedAnomalies(model));
    return {
      workload: name,
      model: consistencyModels.join(','),
      property: consistencyModels.join(' and '),
      breach: `is not ${consistencyModels.join(' and ')}`,
      realTime: options.linearizableKeys === true || prohibited.some((anomaly) => anomaly.endsWith('-realtime')),
      fs: ['txn'],
      check: (history, { budget }) =>
        checkHistory(history, { ...options, consistencyModels, ...(budget === undefined ? {} : { budget }) }),
      ruledOut: (verdict) => verdict as TransactionalVerdict,
    };
  },
});

export const transactionWorkloads: readonly JudgedWorkload[] = [
  transactions(
    'list-append',
    'Transactions that append to lists and read them; isolation as Elle infers it.',
    checkListAppend,
  ),
  transactions(
    'rw-register',
    'Transactions that write registers, each value once, and read them; isolation as Elle infers it.',
    checkRwRegister,
  ),
];
