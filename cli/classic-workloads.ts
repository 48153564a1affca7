/** What Jepsen's other checkers judge, by the names of their workloads; see checkers/classic. */
import { classicCheckers } from '../checkers/classic/index.ts';
import type { JudgedWorkload } from './judge.ts';

/** Three checkers have names that objects or models have, too. */
interface Classic {
  readonly name: string;
  readonly checker: string;
  readonly summary: string;
  readonly fs: readonly string[];
  /** After "checked for". */
  readonly property: string;
}

const classics: readonly Classic[] = [
  {
    name: 'final-set',
    checker: 'set',
    summary: 'Elements are added, and at last all are read: none lost, none made up.',
    fs: ['add', 'read'],
    property: 'lost elements',
  },
  {
    name: 'set-full',
    checker: 'set-full',
    summary: 'Elements are added, and all are read now and then: lost, stale, never read; how long each took.',
    fs: ['add', 'read'],
    property: 'lost elements',
  },
  {
    name: 'total-queue',
    checker: 'total-queue',
    summary: 'What is enqueued comes out, in any order; the queue is drained at last.',
    fs: ['enqueue', 'dequeue', 'drain'],
    property: 'lost elements',
  },
  {
    name: 'unique-ids',
    checker: 'unique-ids',
    summary: 'No two calls return the same id.',
    fs: ['generate'],
    property: 'ids given twice',
  },
  {
    name: 'counter-bounds',
    checker: 'counter',
    summary: 'Each read of a counter lies between the least and the most that it can be then.',
    fs: ['add', 'read'],
    property: 'reads out of bounds',
  },
  {
    name: 'bank',
    checker: 'bank',
    summary: 'Transfers between accounts: each read shows the same total.',
    fs: ['transfer', 'read'],
    property: 'a constant total',
  },
  {
    name: 'long-fork',
    checker: 'long-fork',
    summary: 'Two writes are seen in one order by all; parallel snapshot isolation lets them be seen in two.',
    fs: ['txn', 'read', 'write'],
    property: 'forks',
  },
  {
    name: 'monotonic',
    checker: 'monotonic',
    summary: "Rows in the order of the database's timestamps have growing numbers.",
    fs: ['add', 'read'],
    property: 'rows out of order',
  },
  {
    name: 'sequential-inserts',
    checker: 'sequential',
    summary: 'What one client inserts first is seen first.',
    fs: ['write', 'read'],
    property: 'inserts out of order',
  },
  {
    name: 'causal',
    checker: 'causal',
    summary: 'What a client does to a register after another op, it sees.',
    fs: ['read-init', 'read', 'write'],
    property: 'causal consistency',
  },
  {
    name: 'causal-reverse',
    checker: 'causal-reverse',
    summary: 'No write is seen without those that were acknowledged before it began.',
    fs: ['write', 'read'],
    property: 'writes seen without earlier ones',
  },
  {
    name: 'write-skew',
    checker: 'write-skew',
    summary: 'Of two transactions that each insert where they found nothing, one succeeds (Adya G2).',
    fs: ['insert'],
    property: 'G2',
  },
  {
    name: 'kafka',
    checker: 'kafka',
    summary: 'A log as Kafka has it: lost writes, skipped and reordered offsets, gaps in polls.',
    fs: ['send', 'poll', 'txn', 'assign', 'subscribe', 'crash', 'debug-topic-partitions'],
    property: 'a consistent log',
  },
  {
    name: 'lock-ownership',
    checker: 'lock-ownership',
    summary: 'No two clients hold a lock at once, and its tokens grow.',
    fs: ['acquire', 'release', 'lock', 'unlock'],
    property: 'two holders at once',
  },
  {
    name: 'atomic-commit',
    checker: 'atomic-commitment',
    summary: 'Each transaction is committed by all its nodes or by none.',
    fs: ['transact', 'inspect'],
    property: 'atomic commitment',
  },
  {
    name: 'consensus',
    checker: 'consensus',
    summary: 'Of the values that are proposed under a key one is decided, for good.',
    fs: ['propose', 'learn', 'read'],
    property: 'consensus',
  },
  {
    name: 'availability',
    checker: 'availability',
    summary: 'What share of the ops was ok, in all and between the acts of the nemesis; any ops. Never invalid.',
    fs: [],
    property: 'availability',
  },
  {
    name: 'perf',
    checker: 'perf',
    summary: 'Rates and latencies, in all and in windows of time; any ops. Never invalid.',
    fs: [],
    property: 'rates and latencies',
  },
];

export const classicWorkloads: readonly JudgedWorkload[] = classics.map((classic) => ({
  name: classic.name,
  kind: 'classic',
  summary: classic.summary,
  fs: classic.fs,
  models: [],
  judge: () => ({
    workload: classic.name,
    model: null,
    property: classic.property,
    breach: 'is invalid',
    realTime: true,
    fs: classic.fs,
    check: (history) => classicCheckers.get(classic.checker)!.check(history),
    ruledOut: () => ({ anomalies: [`not-${classic.name}`], not: [], alsoNot: [] }),
  }),
}));
