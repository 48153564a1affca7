/** Databases against the checkers: no false alarm, and every anomaly where it may be. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { friendlyModel, prohibitedAnomalies } from '../checkers/transactional/consistency-models.ts';
import type { TransactionalVerdict } from '../checkers/transactional/evidence.ts';
import { checkListAppend } from '../checkers/transactional/list-append.ts';
import { checkRwRegister, type RwRegisterOptions } from '../checkers/transactional/rw-register.ts';
import {
  isSerializable,
  isSnapshotIsolated,
  type SmallTransaction,
} from '../checkers/transactional/testing/brute-force.ts';
import { validateCompletions } from '../history/completions.ts';
import { type History, validatePairing } from '../history/history.ts';
import type { Value } from '../history/value.ts';
import { type DatabaseOptions, databaseHistories, type IsolationLevel, isolationLevels } from './database-histories.ts';
import { mutated } from './mutated.ts';
import { textOf } from './readable.ts';
import type { TransactionWorkload } from './transactions.ts';

/** For each level, workload, and setting. */
const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 12);

type Check = (history: History, model: string) => TransactionalVerdict;

/** Enough for histories as small as these. */
const budget = 1_000_000;

const appends: Check = (history, model) => checkListAppend(history, { consistencyModels: [model], budget });

const registers =
  (options: RwRegisterOptions = {}): Check =>
  (history, model) =>
    checkRwRegister(history, { ...options, consistencyModels: [model], budget });

const workloads: readonly { workload: TransactionWorkload; check: Check }[] = [
  { workload: 'list-append', check: appends },
  { workload: 'rw-register', check: registers() },
];

/** Each process sees the versions of a key in their order. */
const withSequentialKeys: readonly IsolationLevel[] = [
  'strong-session-snapshot-isolation',
  'strong-snapshot-isolation',
  'strong-session-serializable',
  'strict-serializable',
];

const withLinearizableKeys: readonly IsolationLevel[] = ['strong-snapshot-isolation', 'strict-serializable'];

const anomaliesOf = ({ anomalies, otherAnomalies }: TransactionalVerdict): string[] => [
  ...anomalies,
  ...otherAnomalies,
];

/** Asked for most of all, so that all is looked for; and for the level itself. */
function expectNoFalseAlarm(history: History, level: IsolationLevel, check: Check): void {
  for (const asked of ['strict-serializable', 'strong-session-serializable', level]) {
    const verdict = check(history, asked);
    const wrong = anomaliesOf(verdict).filter((anomaly) => prohibitedAnomalies(level).includes(anomaly));
    expect(wrong, verdict.reason).toEqual([]);
    expect([...verdict.not, ...verdict.alsoNot]).not.toContain(friendlyModel(level));
    expect(verdict.undecided).toEqual([]);
    if (asked === level) expect(verdict.valid).not.toBe(false);
  }
}

const settings: readonly Partial<DatabaseOptions>[] = [
  {},
  { outOfTime: 'none' },
  { outOfTime: 'stale-reads' },
  { transactionsMax: 30, clients: 8, keyCount: 5, keyDistribution: 'exponential', writesPerKeyMax: 4 },
  { keyCount: 1, lengthMax: 6, readPercent: 30, crashPercent: 30, abortPercent: 25 },
  { keyCount: 2, lengthMin: 2, lengthMax: 2, crashPercent: 0, abortPercent: 0, clients: 3 },
];

describe.each<{ workload: TransactionWorkload; by: string; check: Check; levels: readonly IsolationLevel[] }>([
  { workload: 'list-append', by: 'default', check: appends, levels: isolationLevels },
  { workload: 'rw-register', by: 'default', check: registers(), levels: isolationLevels },
  { workload: 'rw-register', by: 'no inference', check: registers({ inference: false }), levels: isolationLevels },
  {
    workload: 'rw-register',
    by: 'writes that follow reads',
    check: registers({ writesFollowReads: true }),
    levels: isolationLevels,
  },
  {
    workload: 'rw-register',
    by: 'sequential keys',
    check: registers({ sequentialKeys: true }),
    levels: withSequentialKeys,
  },
  {
    workload: 'rw-register',
    by: 'linearizable keys',
    check: registers({ linearizableKeys: true, sequentialKeys: true, writesFollowReads: true }),
    levels: withLinearizableKeys,
  },
])('$workload, $by: no false alarm', ({ workload, check, levels }) => {
  test.each(levels)('at %s or below it', (level) => {
    for (const setting of settings) {
      fc.assert(
        fc.property(databaseHistories({ ...setting, level, workload }), (history) => {
          expectNoFalseAlarm(history, level, check);
        }),
        { numRuns },
      );
    }
  });
});

describe.each(workloads)('$workload: a database that does not keep real time', ({ workload, check }) => {
  test.each(['read-uncommitted', 'read-committed', 'snapshot-isolation', 'serializable'] as const)(
    'is strong at %s if nothing happens out of time',
    (level) => {
      const strong = level === 'serializable' ? 'strict-serializable' : (`strong-${level}` as const);
      fc.assert(
        fc.property(databaseHistories({ level, workload, outOfTime: 'none' }), (history) => {
          expectNoFalseAlarm(history, strong, check);
        }),
        { numRuns },
      );
    },
  );
});

/** Anomalies that show in some of the histories of a level, by the order in time that is looked at. */
const admitted: readonly [level: IsolationLevel, asked: string, anomalies: readonly string[]][] = [
  [
    'read-uncommitted',
    'serializable',
    [
      'G1a',
      'G1b',
      'G1c',
      'G-single-item',
      'G-nonadjacent-item',
      'G2-item',
      'internal',
      'lost-update',
      'incompatible-order',
    ],
  ],
  ['read-uncommitted', 'strict-serializable', ['G0-realtime', 'G1c-realtime']],
  ['read-uncommitted', 'strong-session-serializable', ['G0-process', 'G1c-process']],
  ['strong-session-read-uncommitted', 'strict-serializable', ['G0-realtime', 'G1c']],
  ['strong-read-uncommitted', 'strict-serializable', ['G1a', 'G1b', 'G1c', 'lost-update', 'G-single-item-realtime']],
  ['read-committed', 'serializable', ['G-single-item', 'G-nonadjacent-item', 'G2-item', 'internal', 'lost-update']],
  ['read-committed', 'strict-serializable', ['G0-realtime', 'G1c-realtime', 'G-single-item-realtime']],
  ['strong-session-read-committed', 'strict-serializable', ['G0-realtime', 'G1c-realtime', 'lost-update']],
  ['strong-read-committed', 'strict-serializable', ['G-single-item', 'lost-update', 'G-single-item-realtime']],
  ['snapshot-isolation', 'serializable', ['G2-item']],
  [
    'snapshot-isolation',
    'strict-serializable',
    ['G0-realtime', 'G1c-realtime', 'G-single-item-realtime', 'G-nonadjacent-item-realtime', 'G2-item-realtime'],
  ],
  [
    'snapshot-isolation',
    'strong-session-serializable',
    ['G0-process', 'G1c-process', 'G-single-item-process', 'G2-item-process'],
  ],
  ['strong-session-snapshot-isolation', 'strict-serializable', ['G2-item', 'G-single-item-realtime']],
  ['strong-snapshot-isolation', 'strict-serializable', ['G2-item', 'G2-item-realtime']],
  [
    'serializable',
    'strict-serializable',
    ['G0-realtime', 'G1c-realtime', 'G-single-item-realtime', 'G-nonadjacent-item-realtime', 'G2-item-realtime'],
  ],
  [
    'serializable',
    'strong-session-serializable',
    ['G0-process', 'G1c-process', 'G-single-item-process', 'G-nonadjacent-item-process', 'G2-item-process'],
  ],
  ['strong-session-serializable', 'strict-serializable', ['G0-realtime', 'G1c-realtime', 'G-single-item-realtime']],
];

const samples = 600;

/** Half of them with few keys and much at once, where what is rare elsewhere is not. */
const sampled = (options: DatabaseOptions): History[] =>
  [{}, { keyCount: 2, lengthMin: 2, abortPercent: 0, crashPercent: 0, transactionsMax: 16 }].flatMap((setting) =>
    fc.sample(databaseHistories({ ...setting, ...options }), { numRuns: samples / 2, seed: 1 }),
  );

/** Of registers the order of versions is known from reads only, so that a cycle of writes counts as one with reads. */
const shownByLists = new Set(['G0-process', 'G0-realtime', 'incompatible-order']);

function countsIn(histories: readonly History[], asked: string, check: Check): Map<string, number> {
  const counts = new Map<string, number>();
  for (const history of histories) {
    for (const anomaly of anomaliesOf(check(history, asked))) counts.set(anomaly, (counts.get(anomaly) ?? 0) + 1);
  }
  return counts;
}

describe.each(workloads)('$workload: anomalies', ({ workload, check }) => {
  test.each(admitted)('of %s, asked for %s', (level, asked, anomalies) => {
    const counts = countsIn(sampled({ level, workload }), asked, check);
    const shown = anomalies.filter((anomaly) => workload === 'list-append' || !shownByLists.has(anomaly));
    for (const anomaly of shown) expect(counts.get(anomaly) ?? 0, anomaly).toBeGreaterThan(0);
  });

  test('of stale reads are those of reads that rest on an order in time', () => {
    const histories = sampled({ level: 'serializable', workload, outOfTime: 'stale-reads' });
    const anomalies = [...countsIn(histories, 'strict-serializable', check).keys()];
    expect(anomalies).toContain('G-single-item-realtime');
    expect(anomalies.filter((anomaly) => !/^G.*-item-(process|realtime)$/.test(anomaly))).toEqual([
      'empty-transaction-graph',
    ]);
  });
});

describe('by trying every order', () => {
  test.each([
    ['serializable', 'none'],
    ['strong-session-serializable', 'process'],
    ['strict-serializable', 'realtime'],
  ] as const)('%s is', (level, kept) => {
    const small = databaseHistories({ level, workload: 'list-append', transactionsMax: 5, clients: 3 });
    fc.assert(
      fc.property(small, (history) => {
        expect(isSerializable(transactionsIn(history), kept)).toBe(true);
      }),
      { numRuns: numRuns * 10 },
    );
  });

  test('snapshot-isolation is, and shows what is not serializable', () => {
    let unserializable = 0;
    fc.assert(
      fc.property(databaseHistories({ ...crowded, level: 'snapshot-isolation' }), (history) => {
        expect(isSnapshotIsolated(transactionsIn(history))).toBe(true);
        if (!isSerializable(transactionsIn(history), 'none')) unserializable++;
      }),
      { numRuns: numRuns * 10, seed: 1 },
    );
    expect(unserializable).toBeGreaterThan(0);
  });

  test.each([
    ['serializable', 'none'],
    ['strong-session-serializable', 'process'],
    ['strict-serializable', 'realtime'],
  ] as const)('mutated histories are %s where the checker says so', (level, kept) => {
    let wrong = 0;
    const small = databaseHistories({ level, workload: 'list-append', transactionsMax: 5, clients: 3, keyCount: 2 });
    fc.assert(
      fc.property(mutated(small), (history) => {
        validatePairing(history);
        const explained = isSerializable(transactionsIn(history), kept);
        if (!explained) wrong++;
        expect(appends(history, level).valid !== false).toBe(explained);
      }),
      { numRuns: numRuns * 10 },
    );
    expect(wrong).toBeGreaterThan(numRuns / 2);
  });

  test('read-committed shows what no snapshot explains', () => {
    const histories = fc.sample(databaseHistories({ ...crowded, level: 'read-committed' }), { numRuns: 200, seed: 1 });
    expect(histories.some((history) => !isSnapshotIsolated(transactionsIn(history)))).toBe(true);
  });
});

const crowded = { workload: 'list-append', transactionsMax: 4, clients: 3, keyCount: 2 } as const;

/** As the brute force takes them. */
const transactionsIn = (history: History): SmallTransaction[] =>
  [...history.clientInvocations()].map((invoked): SmallTransaction => {
    const completed = history.completionOf(invoked);
    const type = completed < 0 ? 'info' : history.type(completed);
    const fate = type === 'ok' || type === 'fail' ? type : 'info';
    const microOps = history.value(fate === 'ok' ? completed : invoked) as readonly (readonly [
      string,
      string,
      Value,
    ])[];
    return {
      fate,
      process: history.processes[invoked]!,
      invoked,
      completed: completed < 0 ? history.length : completed,
      microOps: microOps.map(([f, key, value]) =>
        f === 'append' ? { key, element: value as number } : { key, found: (value ?? []) as readonly number[] },
      ),
    };
  });

describe('every history', () => {
  test('is well-formed, and its completions fit', () => {
    for (const { workload } of workloads) {
      for (const level of isolationLevels) {
        fc.assert(
          fc.property(databaseHistories({ level, workload, crashPercent: 30 }), (history) => {
            validatePairing(history);
            validateCompletions(history);
          }),
          { numRuns: numRuns * 2 },
        );
      }
    }
  });

  test('has crashes that happen and that do not, aborts, and ops without completion', () => {
    const histories = sampled({ level: 'strict-serializable', workload: 'list-append', crashPercent: 30 });
    let [open, failed, seen, late] = [0, 0, 0, 0];
    for (const history of histories) {
      const read = new Set<string>();
      for (let i = history.length - 1; i >= 0; i--) {
        const type = history.type(i);
        if (type === 'fail') failed++;
        if (type === 'invoke' && history.completionOf(i) < 0) open++;
        for (const [f, key, value] of history.value(i) as readonly (readonly [string, string, Value])[]) {
          if (type === 'ok' && f === 'r')
            for (const element of value as readonly Value[]) read.add(`${key} ${element}`);
          if (type === 'info' && f === 'append' && read.has(`${key} ${value}`)) late++;
          if (type === 'info' && f === 'append' && !read.has(`${key} ${value}`)) seen++;
        }
      }
    }
    for (const count of [open, failed, seen, late]) expect(count).toBeGreaterThan(20);
  });
});

/** What fast-check ends with where a property does not hold. */
function shrunk(
  histories: fc.Arbitrary<History>,
  holds: (history: History) => boolean,
): { history: History; message: string } {
  const result = fc.check(fc.property(histories, holds), { numRuns: 2000, seed: 3 });
  expect(result.failed).toBe(true);
  return { history: result.counterexample![0], message: fc.defaultReportMessage(result)! };
}

const isNot = (model: string, check: Check) => (history: History) => check(history, model).valid !== false;

describe.each(workloads)('$workload: a property that does not hold shrinks', ({ workload, check }) => {
  test('to a write skew of two short transactions', () => {
    const histories = databaseHistories({ level: 'snapshot-isolation', workload });
    const { history, message } = shrunk(histories, isNot('serializable', check));
    const transactions = transactionsIn(history);
    expect(transactions.length).toBeLessThanOrEqual(4);
    expect(transactions.every(({ fate }) => fate === 'ok')).toBe(true);
    expect(transactions.flatMap(({ microOps }) => microOps).length).toBeLessThanOrEqual(6);
    expect(message).toContain(textOf(history));
  });

  test('to a stale read of one process after another', () => {
    const histories = databaseHistories({ level: 'serializable', workload, outOfTime: 'stale-reads' });
    const { history } = shrunk(histories, isNot('strict-serializable', check));
    expect(transactionsIn(history).flatMap(({ microOps }) => microOps).length).toBeLessThanOrEqual(3);
  });

  test('to a dirty read of a transaction that aborted, among a few', () => {
    const histories = databaseHistories({ level: 'read-uncommitted', workload });
    const { history } = shrunk(histories, (each) => !anomaliesOf(check(each, 'read-committed')).includes('G1a'));
    const fates = transactionsIn(history).map(({ fate }) => fate);
    expect(fates.length).toBeLessThanOrEqual(4);
    expect(fates.filter((fate) => fate === 'fail')).toHaveLength(1);
  });
});
