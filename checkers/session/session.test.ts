import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../harness/random.ts';
import { History } from '../../history/history.ts';
import type { Op } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import { ModelMismatch } from '../linearizable/models/model.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { replicaHistory } from '../sequential/testing/replicas.ts';
import { type SessionGuarantee, sessionGuarantees } from './guarantees.ts';
import { checkSession, session } from './session.ts';
import { keeps, type PlainOp } from './testing/literal.ts';
import { storeHistory } from './testing/replicated-store.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 4_000);

const check = (text: string, guarantee: SessionGuarantee) => checkSession(historyOf(text), guarantee);

/** The verdicts under all guarantees, in the order of sessionGuarantees. */
const validities = (text: string) => sessionGuarantees.map((guarantee) => check(text, guarantee).valid);

describe('the definitions', () => {
  test('read your writes: not the first value after an own write', () => {
    const text = `
      0 invoke write 1
      0 ok write 1
      0 invoke read
      0 ok read null`;
    expect(validities(text)).toEqual([false, true, true, true]);
    expect(check(text, 'read-your-writes')).toEqual({
      valid: false,
      reason:
        'the register breaks read-your-writes: Process 0 wrote 1 at 0.1 s, and after that read nil at 0.3 s, which was there before anything was written.',
      guarantee: 'read-your-writes',
      keys: 1,
      ops: 2,
      failures: [
        {
          key: null,
          conflict: [0, 2],
          story: [
            'Process 0 wrote 1 at 0.1 s, and after that read nil at 0.3 s, which was there before anything was written.',
          ],
        },
      ],
      undecided: [],
    });
  });

  test('read your writes: two processes that each see the write of the other as the newer one', () => {
    const text = `
      0 invoke write 1
      0 ok write 1
      1 invoke write 2
      1 ok write 2
      0 invoke read
      0 ok read 2
      1 invoke read
      1 ok read 1`;
    expect(validities(text)).toEqual([false, true, true, true]);
    expect(check(text, 'read-your-writes').failures[0]).toEqual({
      key: null,
      conflict: [0, 2, 4, 6],
      story: [
        'Process 0 wrote 1 at 0.1 s, and after that read 2 at 0.5 s, so 1 comes before 2.',
        'Process 1 wrote 2 at 0.3 s, and after that read 1 at 0.7 s, so 2 comes before 1.',
        'No order of the versions 1 and 2 allows all of that.',
      ],
    });
  });

  test('read your writes: an own earlier write says that one of two guarantees is broken, both ways that both are not', () => {
    const text = `
      0 invoke write 1
      0 ok write 1
      0 invoke write 2
      0 ok write 2
      0 invoke read
      0 ok read 1`;
    expect(check(text, 'read-your-writes')).toMatchObject({
      valid: 'unknown',
      reason:
        'the register undecided: Process 0 wrote 2 at 0.3 s, and after that read 1 at 0.5 s, its own earlier write: either that, or the order of its writes, is broken',
    });
    const both = `${text}
      0 invoke read
      0 ok read 2`;
    expect(check(both, 'read-your-writes').valid).toBe(false);
  });

  test('read your writes: a write that has not returned need not be seen', () => {
    expect(
      validities(`
        0 invoke write 1
        0 info write 1
        0 invoke read
        0 ok read null`),
    ).toEqual([true, true, true, true]);
  });

  test('monotonic reads: no process goes back', () => {
    const text = `
      0 invoke write 1
      0 ok write 1
      0 invoke write 2
      0 ok write 2
      1 invoke read
      1 ok read 2
      1 invoke read
      1 ok read 1
      1 invoke read
      1 ok read 2`;
    expect(check(text, 'monotonic-reads').failures[0]).toEqual({
      key: null,
      conflict: [0, 2, 4, 6, 8],
      story: [
        'Process 1 read 1 at 0.7 s, and after that read 2 at 0.9 s, so 1 comes before 2.',
        'Process 1 read 2 at 0.5 s, and after that read 1 at 0.7 s, so 2 comes before 1.',
        'No order of the versions 1 and 2 allows all of that.',
      ],
    });
    expect(check(text, 'read-your-writes').valid).toBe(true);
    // Process 1 goes back itself, which says nothing of the order of the writes.
    expect(check(text, 'monotonic-writes').valid).toBe('unknown');
  });

  test('monotonic reads: two processes do not see two versions in opposite orders', () => {
    expect(
      validities(`
        0 invoke write 1
        0 ok write 1
        1 invoke write 2
        1 ok write 2
        2 invoke read
        2 ok read 1
        2 invoke read
        2 ok read 2
        3 invoke read
        3 ok read 2
        3 invoke read
        3 ok read 1`),
    ).toEqual([true, false, true, true]);
  });

  test('monotonic reads: not the first value after another one', () => {
    const text = `
      0 invoke write 1
      0 ok write 1
      1 invoke read
      1 ok read 1
      1 invoke read
      1 ok read null`;
    expect(validities(text)).toEqual([true, false, true, true]);
    expect(check(text, 'monotonic-reads').failures[0]!.conflict).toEqual([0, 2, 4]);
  });

  test('monotonic writes: two writes of one process are seen in its order', () => {
    const text = `
      0 invoke write 1
      0 ok write 1
      0 invoke write 2
      0 ok write 2
      1 invoke read
      1 ok read 2
      1 invoke read
      1 ok read 1`;
    expect(validities(text)).toEqual([true, true, false, true]);
    expect(check(text, 'monotonic-writes').failures[0]).toEqual({
      key: null,
      conflict: [0, 2, 4, 6],
      story: [
        'Process 0 wrote 1 at 0.1 s, and after that wrote 2 at 0.3 s.',
        'Process 1 read 2 at 0.5 s, and after that read 1 at 0.7 s: in the opposite order.',
      ],
    });
    const crashedLater = text.replace('0 ok write 2', '0 info write 2');
    expect(check(crashedLater, 'monotonic-writes').valid).toBe(false);
    const crashedEarlier = text.replace('0 ok write 1', '0 info write 1');
    expect(check(crashedEarlier, 'monotonic-writes').valid).toBe(true);
  });

  test('writes follow reads: what was written after a read is seen after what was read', () => {
    const text = `
      0 invoke write 1
      0 ok write 1
      1 invoke read
      1 ok read 1
      1 invoke write 2
      1 ok write 2
      2 invoke read
      2 ok read 2
      2 invoke read
      2 ok read 1`;
    expect(validities(text)).toEqual([true, true, true, false]);
    expect(check(text, 'writes-follow-reads').failures[0]).toEqual({
      key: null,
      conflict: [0, 2, 4, 6, 8],
      story: [
        'Process 1 read 1 at 0.3 s, and after that wrote 2 at 0.5 s.',
        'Process 2 read 2 at 0.7 s, and after that read 1 at 0.9 s: in the opposite order.',
      ],
    });
  });

  test('writes follow reads: a cas follows what it found', () => {
    const text = `
      0 invoke write 1
      0 ok write 1
      1 invoke cas [1,2]
      1 ok cas [1,2]
      2 invoke read
      2 ok read 2
      2 invoke read
      2 ok read 1`;
    expect(check(text, 'writes-follow-reads').failures[0]!.story[0]).toBe('Process 1 changed 1 to 2 by cas at 0.3 s.');
  });

  test('keys are judged apart', () => {
    const verdict = check(
      `
      0 invoke write 1 "x"
      0 ok write 1 "x"
      0 invoke read null "y"
      0 ok read null "y"
      0 invoke read null "x"
      0 ok read null "x"`,
      'read-your-writes',
    );
    expect(verdict).toMatchObject({ valid: false, keys: 2, ops: 3, failures: [{ key: 'x', conflict: [0, 4] }] });
    expect(verdict.reason).toMatch(/^key "x" breaks read-your-writes: /);
  });
});

describe('what cannot be told', () => {
  const twice = `
    0 invoke write 1
    0 ok write 1
    1 invoke write 1
    1 ok write 1`;

  test('a value that was written twice, once it is read', () => {
    expect(validities(twice)).toEqual([true, true, true, true]);
    const read = `${twice}
      2 invoke read
      2 ok read 1`;
    for (const guarantee of sessionGuarantees) {
      expect(check(read, guarantee)).toMatchObject({
        valid: 'unknown',
        reason:
          'the register undecided: 1 was written at 0.1 s and at 0.3 s, so a read of it does not tell which of the two it saw',
        undecided: [{ key: null }],
      });
    }
  });

  test('a value that was there at first, and written', () => {
    const text = `
      0 invoke write null
      0 ok write null
      0 invoke read
      0 ok read null`;
    expect(check(text, 'read-your-writes').reason).toBe(
      'the register undecided: nil was there at first and was written at 0.1 s, so a read of it does not tell which of the two it saw',
    );
  });

  test('does not hide what the other reads show', () => {
    const text = `${twice}
      2 invoke read
      2 ok read 1
      2 invoke write 5
      2 ok write 5
      2 invoke read
      2 ok read null`;
    expect(check(text, 'read-your-writes').valid).toBe(false);
  });

  test('a write that failed does not make a value ambiguous, and a read of it is garbage', () => {
    const text = `
      0 invoke write 1
      0 fail write 1
      0 invoke write 1
      0 ok write 1
      1 invoke read
      1 ok read 1`;
    expect(validities(text)).toEqual([true, true, true, true]);
    const garbage = `
      0 invoke write 1
      0 fail write 1
      1 invoke read
      1 ok read 1`;
    expect(validities(garbage)).toEqual([false, false, false, false]);
    expect(check(garbage, 'monotonic-reads').failures[0]!.story).toEqual([
      'Process 1 read 1 at 0.3 s, but nothing ever wrote 1 but process 0, whose write failed at 0.1 s.',
    ]);
  });
});

test('a read of nil may be said to say nothing, and the first value to be another one', () => {
  const text = `
    0 invoke write 1
    0 ok write 1
    0 invoke read
    0 ok read null`;
  expect(checkSession(historyOf(text), 'read-your-writes', { nilReadIsUnknown: true }).valid).toBe(true);
  const zero = text.replace('read null', 'read 0');
  expect(checkSession(historyOf(zero), 'read-your-writes').reason).toMatch(/nothing ever wrote 0/);
  expect(checkSession(historyOf(zero), 'read-your-writes', { initial: 0 }).reason).toMatch(/was there before anything/);
});

test('ops of other kinds are refused', () => {
  const text = `
    0 invoke enqueue 1
    0 ok enqueue 1`;
  expect(() => check(text, 'monotonic-reads')).toThrow(ModelMismatch);
  expect(session('monotonic-reads').name).toBe('monotonic-reads');
  expect(session('monotonic-reads').check(historyOf('nemesis info heal')).valid).toBe(true);
});

describe('against the definitions word for word', () => {
  const op = fc.record({
    process: fc.integer({ min: 0, max: 2 }),
    f: fc.constantFrom('read', 'read', 'read', 'write', 'write', 'cas'),
    pick: fc.integer({ min: 0, max: 7 }),
    isCrashed: fc.integer({ min: 0, max: 7 }).map((draw) => draw === 0),
  });

  /** Written values are distinct; what is read was mostly written by some op, perhaps a later one. */
  const opsOf = (drawn: readonly { process: number; f: string; pick: number; isCrashed: boolean }[]): PlainOp[] => {
    const written = drawn.flatMap(({ f }, at) => (f === 'read' ? [] : [at + 1]));
    const valueAt = (pick: number): Value => (pick === 7 ? 99 : (written[pick] ?? written[0] ?? null));
    return drawn.map(({ process, f, pick, isCrashed }, at): PlainOp => {
      const read = pick === 6 ? null : pick === 7 && at % 4 > 0 ? (written[1] ?? null) : valueAt(pick);
      if (f === 'read') return { process, read, isCrashed };
      if (f === 'write') return { process, wrote: at + 1, isCrashed };
      return { process, read: read === at + 1 ? null : read, wrote: at + 1, isCrashed };
    });
  };

  const historyFrom = (ops: readonly PlainOp[]): History => {
    const lines = ops.flatMap(({ process, read, wrote, isCrashed }): Omit<Op, 'index' | 'time'>[] => {
      const f = wrote === undefined ? 'read' : read === undefined ? 'write' : 'cas';
      const input: Value = f === 'read' ? null : f === 'write' ? wrote! : [read!, wrote!];
      const output = f === 'read' && !isCrashed ? read! : input;
      return [
        { process, type: 'invoke', f, value: input },
        { process, type: isCrashed ? 'info' : 'ok', f, value: output },
      ];
    });
    return History.from(lines.map((line, index) => ({ ...line, index, time: index })));
  };

  test.each(sessionGuarantees)('%s', (guarantee) => {
    let broken = 0;
    let kept = 0;
    fc.assert(
      fc.property(fc.noBias(fc.array(op, { minLength: 3, maxLength: 9 })), (drawn) => {
        const ops = opsOf(drawn);
        const truth = keeps(ops, guarantee);
        if (truth) kept++;
        else broken++;
        const verdict = checkSession(historyFrom(ops), guarantee);
        expect(verdict.valid === false).toBe(!truth);
        for (const { conflict } of verdict.failures) {
          const named = ops.filter((_, index) => conflict.includes(index * 2));
          expect(keeps(named, guarantee)).toBe(false);
        }
      }),
      { numRuns },
    );
    expect(Math.min(broken, kept)).toBeGreaterThan(numRuns / 50);
  });
});

describe('a store of replicas', () => {
  const runs = Math.max(400, Math.floor(numRuns / 20));
  const shape = { processes: 4, keys: 2, ops: 80 };

  /** What a store must keep for the checker of one guarantee to be right about it: see session(). */
  const enough: Readonly<Record<SessionGuarantee, readonly SessionGuarantee[]>> = {
    'read-your-writes': ['read-your-writes'],
    'monotonic-reads': ['monotonic-reads'],
    'monotonic-writes': ['monotonic-writes', 'monotonic-reads'],
    'writes-follow-reads': ['writes-follow-reads', 'monotonic-reads'],
  };

  test.each(sessionGuarantees)('that keeps %s is never found without it', (guarantee) => {
    for (let seed = 0; seed < runs; seed++) {
      const history = storeHistory({ ...shape, guarantees: enough[guarantee] }, randomStream(seed, guarantee));
      expect(checkSession(history, guarantee).failures, `seed ${seed}`).toEqual([]);
    }
  });

  test.each(sessionGuarantees)('that keeps all but %s is found without it', (guarantee) => {
    const guarantees = sessionGuarantees.filter((other) => other !== guarantee);
    let found = 0;
    for (let seed = 0; seed < runs; seed++) {
      const history = storeHistory({ ...shape, guarantees }, randomStream(seed, guarantee));
      if (checkSession(history, guarantee).valid === false) found++;
    }
    expect(found).toBeGreaterThan(runs / 200);
  });

  test('that lags, and is sequentially consistent, keeps all of them', () => {
    for (const family of ['distinct', 'compare-and-set'] as const) {
      const history = replicaHistory({
        family,
        processes: 10,
        keys: 3,
        invocations: 3_000,
        crashedPerMille: 20,
        lag: 30,
        seed: 1,
      });
      for (const guarantee of sessionGuarantees) expect(checkSession(history, guarantee).valid).toBe(true);
    }
  });
});
