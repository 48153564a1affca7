/**
 * The checker of rw-register against brute force: on small histories it rules out nothing that may be, and it is right both ways where
 * reads tell the order of all writes.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { impossibleModels, modelNames, prohibitedAnomalies } from './consistency-models.ts';
import { checkRwRegister, type RwRegisterOptions } from './rw-register.ts';
import { onlyOps } from './testing/only-ops.ts';
import {
  historyOfRegisters,
  registerTransactionsOfKnownOrders,
  serializableRegisterTransactions,
  smallRegisterTransactions,
} from './testing/register-arbitrary-transactions.ts';
import {
  explanations,
  registersAreSerializable,
  registersAreSnapshotIsolated,
  type SmallRegisterTransaction,
} from './testing/register-brute-force.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 1000);

/** What the evidence rules out, also where the verdict is valid because the models asked for allow it. */
function ruledOut(transactions: readonly SmallRegisterTransaction[], model: string): string[] {
  const verdict = checkRwRegister(historyOfRegisters(transactions), { consistencyModels: [model] });
  return ruledOutBy(Object.keys(verdict.evidence));
}

function ruledOutBy(anomalies: readonly string[]): string[] {
  const { not, alsoNot } = impossibleModels(anomalies);
  return [...not, ...alsoNot];
}

const prohibited = new Map(modelNames.map((model) => [model, prohibitedAnomalies(model)]));

/** Of these models one that some explanation satisfies, whatever may have happened in whichever order; undefined where there is none. */
function wronglyRuledOut(
  transactions: readonly SmallRegisterTransaction[],
  models: readonly string[],
): string | undefined {
  if (models.length === 0) return undefined;
  for (const anomalies of explanations(transactions)) {
    const satisfied = models.find((model) => !prohibited.get(model)!.some((anomaly) => anomalies.has(anomaly)));
    if (satisfied !== undefined) return satisfied;
  }
  return undefined;
}

describe('no model is ruled out that some order of versions satisfies', () => {
  test.each(['strict-serializable', 'strong-session-serializable', 'serializable'])('looking for %s', (model) => {
    fc.assert(
      fc.property(smallRegisterTransactions(5), (transactions) => {
        expect(wronglyRuledOut(transactions, ruledOut(transactions, model))).toBe(undefined);
      }),
      { numRuns },
    );
  });
});

/** How each model has its transactions done, and which may be asserted besides of histories that satisfy it. */
const models = [
  ['serializable', registersAreSerializable, 'none', 5],
  ['strong-session-serializable', registersAreSerializable, 'process', 5],
  ['strict-serializable', registersAreSerializable, 'realtime', 5],
  ['snapshot-isolation', registersAreSnapshotIsolated, 'none', 4],
  ['strong-session-snapshot-isolation', registersAreSnapshotIsolated, 'process', 4],
  ['strong-snapshot-isolation', registersAreSnapshotIsolated, 'realtime', 4],
] as const;

describe('no history is invalid that some execution explains', () => {
  test.each(models)('%s', (model, explain, kept, max) => {
    const asserted: readonly RwRegisterOptions[] = [
      {},
      { inference: false },
      { writesFollowReads: true },
      ...(kept === 'none' ? [] : [{ sequentialKeys: true }]),
      ...(kept === 'realtime' ? [{ linearizableKeys: true }] : []),
    ];
    fc.assert(
      fc.property(smallRegisterTransactions(max), fc.constantFrom(...asserted), (transactions, options) => {
        const history = historyOfRegisters(transactions);
        const { valid } = checkRwRegister(history, { ...options, consistencyModels: [model] });
        if (valid === false) expect(explain(transactions, kept)).toBe(false);
      }),
      { numRuns },
    );
  });
});

describe('a history is valid just where some execution explains it, where reads tell the order of all writes', () => {
  test.each(models)('%s', (model, explain, kept, max) => {
    fc.assert(
      fc.property(registerTransactionsOfKnownOrders(max), (transactions) => {
        const { valid } = checkRwRegister(historyOfRegisters(transactions), { consistencyModels: [model] });
        expect(valid !== false).toBe(explain(transactions, kept));
      }),
      { numRuns },
    );
  });
});

test('stale reads of one state rule out only models that keep an order in time', () => {
  fc.assert(
    fc.property(serializableRegisterTransactions(12), (transactions) => {
      expect(ruledOut(transactions, 'strict-serializable')).not.toContain('serializable');
      expect(
        ruledOut(transactions, 'strict-serializable').filter((model) => !/^(strict|strong|linear)/.test(model)),
      ).toEqual([]);
    }),
    { numRuns },
  );
});

test('each anomaly is found, with each of what it may rest on', () => {
  const found = new Set<string>();
  for (const transactions of fc.sample(smallRegisterTransactions(6), { seed: 1, numRuns: 3000 })) {
    for (const model of ['strict-serializable', 'strong-session-serializable']) {
      const { evidence } = checkRwRegister(historyOfRegisters(transactions), { consistencyModels: [model] });
      for (const [anomaly, cases] of Object.entries(evidence)) {
        found.add(anomaly);
        for (const { steps } of cases) for (const { restsOn } of steps ?? []) found.add(`rests on ${restsOn}`);
      }
    }
  }
  for (const anomaly of [
    ...['G1a', 'G1b', 'garbage-read', 'internal', 'future-read', 'dirty-update', 'lost-update', 'G1c', 'G1c-process'],
    ...[
      'G1c-realtime',
      'G-single-item',
      'G-single-item-process',
      'G-single-item-realtime',
      'G2-item',
      'G2-item-process',
    ],
    ...['G2-item-realtime', 'G-nonadjacent-item-realtime', 'rests on process', 'rests on realtime'],
  ]) {
    expect([...found]).toContain(anomaly);
  }
});

test('the minimal history of each anomaly rules out by itself what the anomaly does', () => {
  fc.assert(
    fc.property(
      smallRegisterTransactions(6),
      fc.constantFrom({}, { sequentialKeys: true, writesFollowReads: true }, { linearizableKeys: true }),
      fc.boolean(),
      (transactions, asserted, inference) => {
        const options = { ...asserted, inference };
        const history = historyOfRegisters(transactions);
        const { evidence } = checkRwRegister(history, options);
        for (const [anomaly, cases] of Object.entries(evidence)) {
          for (const { minimal } of cases) {
            const found = Object.keys(checkRwRegister(onlyOps(history, minimal), options).evidence);
            expect(ruledOutBy(found)).toEqual(expect.arrayContaining(ruledOutBy([anomaly])));
          }
        }
      },
    ),
    { numRuns },
  );
});
