import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Value } from '../../history/value.ts';
import { fifoQueue } from '../linearizable/models/fifo-queue.ts';
import { ModelMismatch } from '../linearizable/models/model.ts';
import { multiRegister } from '../linearizable/models/multi-register.ts';
import { casRegister, register } from '../linearizable/models/register.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { checkSequential, type SequentialOptions } from './sequential.ts';
import { type ReplicaShape, replicaHistory } from './testing/replicas.ts';

const check = (text: string, options: Partial<SequentialOptions> = {}) =>
  checkSequential(historyOf(text), { model: casRegister(), ...options });

const staleRead = `
  0 invoke write 1
  0 ok write 1
  1 invoke write 2
  1 ok write 2
  2 invoke read
  2 ok read 2
  3 invoke read
  3 ok read 1`;

/** Dekker's algorithm: each of two processes writes its own flag, and does not see the other's. */
const storeBuffer = `
  0 invoke write 1 "x"
  0 ok write 1 "x"
  1 invoke write 2 "y"
  1 ok write 2 "y"
  0 invoke read null "y"
  0 ok read null "y"
  1 invoke read null "x"
  1 ok read null "x"`;

describe('the verdict', () => {
  test('is valid of a stale read, if its process had seen nothing newer, and shows an order', () => {
    expect(check(staleRead, { order: true })).toEqual({ valid: true, keys: 1, ops: 4, order: [0, 6, 2, 4] });
    expect(check(staleRead)).toEqual({ valid: true, keys: 1, ops: 4 });
  });

  test('is invalid of a process that goes back', () => {
    const verdict = check(`${staleRead}
      3 invoke read
      3 ok read 2
      3 invoke read
      3 ok read 1`);
    expect(verdict).toMatchObject({ valid: false, keys: 1, ops: 6 });
    expect(verdict.failure).toEqual({
      minimal: [10],
      conflict: [0, 2, 6, 8, 10],
      story: [
        "Process 3 read 1 at 0.7 s, which only process 0's write of 1 left.",
        'Process 3 read 1 at 0.7 s, and after that read 2 at 0.9 s.',
        "Process 0's write of 1 came before process 3's read of 2, and so before process 1's write of 2, which that read found.",
        "Process 3 read 2 at 0.9 s, which only process 1's write of 2 left.",
        'Process 3 read 2 at 0.9 s, and after that read 1 at 1.1 s.',
        "Process 1's write of 2 came before process 3's read of 1, and so before process 0's write of 1, which that read found.",
        "So process 1's write of 2 came both before and after process 0's write of 1.",
      ],
    });
  });

  test('is not local: each key by itself may be in order, and all together not', () => {
    const verdict = check(storeBuffer);
    expect(verdict.valid).toBe(false);
    expect(verdict.failure).toEqual({
      minimal: [0, 2, 4, 6],
      conflict: [0, 2, 4, 6],
      story: [
        'Process 0 wrote 1 (key "x") at 0.1 s, and after that read nil (key "y") at 0.5 s.',
        'Process 0\'s read of nil (key "y") found what was there at first, and so came before process 1\'s write of 2 (key "y").',
        'Process 1 wrote 2 (key "y") at 0.3 s, and after that read nil (key "x") at 0.7 s.',
        'Process 1\'s read of nil (key "x") found what was there at first, and so came before process 0\'s write of 1 (key "x").',
        'So process 1\'s read of nil (key "x") came both before and after process 0\'s write of 1 (key "x").',
      ],
    });
    for (const key of ['x', 'y']) {
      const lines = storeBuffer.split('\n').filter((line) => line.includes(`"${key}"`));
      expect(check(lines.join('\n')).valid).toBe(true);
    }
  });

  test('of independent reads of independent writes', () => {
    const verdict = check(`
      0 invoke write 1 "x"
      0 ok write 1 "x"
      1 invoke write 2 "y"
      1 ok write 2 "y"
      2 invoke read null "x"
      2 ok read 1 "x"
      2 invoke read null "y"
      2 ok read null "y"
      3 invoke read null "y"
      3 ok read 2 "y"
      3 invoke read null "x"
      3 ok read null "x"`);
    expect(verdict.valid).toBe(false);
    expect(verdict.failure!.conflict).toEqual([0, 2, 4, 6, 8, 10]);
  });

  test('names the op whose failure took effect', () => {
    const sentence = 'Process 1 read 1 at 0.3 s, but nothing ever wrote 1 but process 0, whose write failed at 0.1 s.';
    const verdict = check(`
      0 invoke write 1
      0 fail write 1
      1 invoke read
      1 ok read 1`);
    expect(verdict).toEqual({
      valid: false,
      reason: `not sequentially consistent: ${sentence}`,
      keys: 1,
      ops: 2,
      failure: { minimal: [2], conflict: [2], story: [sentence] },
    });
  });

  test('lets a crashed write happen at any later time, once, or never, but not before what its process did before', () => {
    const late = `
      0 invoke write 1
      0 info write 1
      1 invoke write 2
      1 ok write 2
      1 invoke read
      1 ok read 1`;
    expect(check(late).valid).toBe(true);
    expect(check(late.replace('ok read 1', 'ok read 2')).valid).toBe(true);
    const twice = `${late}
      1 invoke write 2
      1 ok write 2
      1 invoke read
      1 ok read 1`;
    expect(check(twice).valid).toBe(false);
    const before = `
      0 invoke read
      0 ok read 1
      0 invoke write 1
      0 info write 1`;
    expect(check(before).valid).toBe(false);
  });

  test('puts nothing after a crashed op, even where its process goes on', () => {
    const goesOn = `
      0 invoke write 1
      0 info write 1
      0 invoke read
      0 ok read null
      0 invoke read
      0 ok read 1`;
    expect(check(goesOn).valid).toBe(true);
  });

  test('tells why an op of unknown outcome must have happened', () => {
    const verdict = check(`
      0 invoke cas [1,2]
      0 info cas [1,2]
      1 invoke read
      1 ok read 2`);
    expect(verdict.failure).toEqual({
      minimal: [2],
      conflict: [0, 2],
      story: [
        "Process 1 read 2 at 0.3 s, which only process 0's cas from 1 to 2 left.",
        'Process 0 began a cas from 1 to 2 at 0 s, of unknown outcome, but nothing ever wrote 1.',
      ],
    });
  });

  test('of values that are written twice comes from a search', () => {
    const twice = `
      0 invoke write 1
      0 ok write 1
      1 invoke write 1
      1 ok write 1
      0 invoke write 2
      0 ok write 2
      1 invoke write 3
      1 ok write 3
      2 invoke read
      2 ok read 2
      2 invoke read
      2 ok read 1
      2 invoke read
      2 ok read 3
      2 invoke read
      2 ok read 1`;
    expect(check(twice).failure).toEqual({
      minimal: [14],
      conflict: [0, 4, 6, 8, 10, 12, 14],
      story: [
        'Process 0 wrote 1 at 0.1 s, then wrote 2 at 0.5 s.',
        'Process 1 wrote 3 at 0.7 s.',
        'Process 2 read 2 at 0.9 s, then read 1 at 1.1 s, then read 3 at 1.3 s, then read 1 at 1.5 s.',
        'No order of these ops that keeps the order within each process explains them.',
      ],
    });
  });

  test('looks at refused cas where they count', () => {
    const refused = `
      0 invoke write 1
      0 ok write 1
      0 invoke cas [1,2]
      0 fail cas [1,2]`;
    expect(check(refused).valid).toBe(true);
    expect(check(refused, { observeFailedCas: true }).valid).toBe(false);
  });

  test('is that of other models too', () => {
    const swapped = `
      0 invoke enqueue 1
      0 ok enqueue 1
      0 invoke enqueue 2
      0 ok enqueue 2
      1 invoke dequeue
      1 ok dequeue 2`;
    expect(check(swapped, { model: fifoQueue() }).valid).toBe(false);
    expect(check(swapped.replace('1 ok dequeue 2', '1 ok dequeue 1'), { model: fifoQueue() }).valid).toBe(true);
  });

  test('is unknown where the budget does not suffice, and says how far it got', () => {
    const history = replicaHistory({ ...fewValues, seed: 1 });
    const verdict = checkSequential(history, { model: casRegister(), budget: 100 });
    expect(verdict.valid).toBe('unknown');
    expect(verdict.reason).toMatch(
      /^undecided: at most \d+ of \d+ ops of 10 processes could be put in order; the budget of 100 configurations is spent$/,
    );
  });

  test('is unknown where the time is up, and says so', () => {
    const history = replicaHistory({ ...fewValues, seed: 1 });
    const told: [number, number][] = [];
    const verdict = checkSequential(history, {
      model: casRegister(),
      onProgress: (done, total) => told.push([done, total]),
      isOverdue: () => true,
    });
    expect(verdict.valid).toBe('unknown');
    expect(verdict.reason).toMatch(/could be put in order; there was no time left$/);
    expect(told).not.toEqual([]);
    expect(told.every(([done, total]) => done <= total && total > 0)).toBe(true);
  });

  test('is valid of nothing, and refuses ops that the model does not know', () => {
    expect(check('nemesis info heal')).toEqual({ valid: true, keys: 0, ops: 0 });
    expect(() => check(staleRead, { model: fifoQueue() })).toThrow(ModelMismatch);
    expect(check(staleRead, { model: register() }).valid).toBe(true);
  });
});

const fewValues: Omit<ReplicaShape, 'seed'> = {
  family: 'few-values',
  processes: 10,
  keys: 5,
  invocations: 1_000,
  crashedPerMille: 0,
  lag: 10,
};

describe('histories of a store whose replicas lag', () => {
  const shapes = [
    { processes: 10, keys: 1, invocations: 20_000, crashedPerMille: 0, lag: 20 },
    { processes: 10, keys: 10, invocations: 10_000, crashedPerMille: 10, lag: 20 },
    { processes: 20, keys: 10, invocations: 10_000, crashedPerMille: 50, lag: 50 },
    { processes: 50, keys: 10, invocations: 10_000, crashedPerMille: 0, lag: 100 },
    { processes: 50, keys: 100, invocations: 10_000, crashedPerMille: 10, lag: 100 },
    { processes: 50, keys: 1, invocations: 5_000, crashedPerMille: 50, lag: 100 },
  ];
  const named = shapes.map((shape) => [Object.values(shape).join(' '), shape] as const);

  test.each(named)('are found in order where values are distinct: %s', (_, shape) => {
    for (const family of ['distinct', 'compare-and-set'] as const) {
      const verdict = checkSequential(replicaHistory({ ...shape, family, seed: 1 }), { model: casRegister() });
      expect(verdict.valid).toBe(true);
    }
  });

  test.each(named)('are found out of order by one stale read: %s', (_, shape) => {
    for (const family of ['distinct', 'compare-and-set'] as const) {
      const history = replicaHistory({ ...shape, family, seed: 2, staleAfter: 0.9 });
      const verdict = checkSequential(history, { model: casRegister() });
      expect(verdict.valid).toBe(false);
      expect(verdict.failure!.conflict.length).toBeLessThan(20);
    }
  });

  test.each([
    [10, 0],
    [10, 10],
    [20, 0],
    [20, 10],
  ])(
    'are found in order over five values, with a few hundred ops a key: %i processes, %i in a thousand crashed',
    (processes, crashedPerMille) => {
      const shape = { ...fewValues, processes, crashedPerMille, keys: 1_000, opsPerKey: 200, invocations: 5_000 };
      const verdict = checkSequential(replicaHistory({ ...shape, seed: 1 }), { model: casRegister(), budget: 500_000 });
      expect(verdict.valid).toBe(true);
    },
  );

  test('are linearizable where nothing lags, and then cost no search', () => {
    const history = replicaHistory({ ...fewValues, processes: 20, invocations: 5_000, lag: 0, seed: 1 });
    expect(checkSequential(history, { model: casRegister(), budget: 0 }).valid).toBe(true);
  });
});

test('what registers held at first is inferred from the minimal sub-history alone', () => {
  const microOp = fc.tuple(fc.constantFrom('r', 'r', 'w'), fc.constantFrom('x', 'y'), fc.nat(2));
  const ops = fc.array(fc.tuple(fc.nat(2), fc.array(microOp, { minLength: 1, maxLength: 2 })), { maxLength: 6 });
  const historyOfOps = (some: readonly (readonly [number, readonly (readonly [string, string, number])[]])[]) =>
    historyOf(
      some
        .map(([process, txn]) => {
          const asked = txn.map(([f, key, value]) => [f, key, f === 'r' ? null : value]);
          return `${process} invoke txn ${JSON.stringify(asked)}\n${process} ok txn ${JSON.stringify(txn)}`;
        })
        .join('\n'),
    );
  const model = multiRegister();
  let invalid = 0;
  fc.assert(
    fc.property(ops, (some) => {
      const { failure } = checkSequential(historyOfOps(some), { model });
      if (failure === undefined) return;
      invalid++;
      const minimal = failure.minimal.map((line) => some[line / 2]!);
      expect(checkSequential(historyOfOps(minimal), { model }).valid).toBe(false);
      for (const left of minimal) {
        expect(checkSequential(historyOfOps(minimal.filter((op) => op !== left)), { model }).valid).toBe(true);
      }
    }),
    { numRuns: Number(process.env.FTEST_NUM_RUNS ?? 300) },
  );
  expect(invalid).toBeGreaterThan(0);
});

test('the order that is shown keeps that of each process, and explains each read', () => {
  const shape = { ...fewValues, family: 'distinct', invocations: 3_000, crashedPerMille: 10, seed: 3 } as const;
  const history = replicaHistory(shape);
  const { order } = checkSequential(history, { model: casRegister(), order: true });
  const held = new Map<Value, Value>();
  const last = new Map<number, number>();
  let reads = 0;
  for (const line of order!) {
    const process = history.processes[line]!;
    const completion = history.completionOf(line);
    const isOk = completion >= 0 && history.type(completion) === 'ok';
    if (isOk) {
      expect(line).toBeGreaterThan(last.get(process) ?? -1);
      last.set(process, line);
    }
    const key = history.key(line)!;
    if (history.f(line) === 'write') held.set(key, history.value(line));
    else {
      reads++;
      expect(history.value(completion)).toEqual(held.get(key) ?? null);
    }
  }
  expect(reads).toBeGreaterThan(1_000);
});
