import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { History } from '../../history/history.ts';
import type { Value } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { type MadeUpOp, madeUpHistories, type PlainOp, plainOps } from './testing/made-up.ts';
import { type Asked, type Draw, type PlayedObject, playedHistories } from './testing/played.ts';
import { checkTotalQueue, totalQueue } from './total-queue.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const check = (text: string) => checkTotalQueue(historyOf(text));

describe('the total-queue checker', () => {
  // From jepsen's checker_test.clj, total-queue-test.
  test('tells what was recovered', () => {
    const verdict = check(`
      1 invoke enqueue 1
      2 invoke enqueue 2
      2 ok     enqueue 2
      3 invoke dequeue
      3 ok     dequeue 1
      3 invoke dequeue
      3 ok     dequeue 2
    `);
    expect(verdict).toEqual({
      valid: true,
      attemptCount: 2,
      acknowledgedCount: 1,
      okCount: 2,
      unexpectedCount: 0,
      unexpected: [],
      duplicatedCount: 0,
      duplicated: [],
      missingCount: 0,
      missing: [],
      lostCount: 0,
      recoveredCount: 1,
      recovered: [1],
      crashedCount: 0,
      drained: false,
      findings: [],
    });
  });

  const pathological = `
    1 invoke enqueue "hung"
    2 invoke enqueue "enqueued"
    2 ok     enqueue "enqueued"
    3 invoke enqueue "dup"
    3 ok     enqueue "dup"
    5 invoke dequeue
    5 ok     dequeue "wtf"
    6 invoke dequeue
    6 ok     dequeue "dup"
    7 invoke dequeue
    7 ok     dequeue "dup"
  `;

  test('tells what was lost, unexpected, and duplicated', () => {
    const verdict = check(`${pathological}\n8 invoke dequeue\n8 ok dequeue null`);
    expect(verdict).toMatchObject({
      valid: false,
      reason:
        'lost (1), unexpected (1): "enqueued" was enqueued at 0.2 s and never came out, though the queue was empty at 1.2 s.',
      attemptCount: 3,
      acknowledgedCount: 2,
      okCount: 1,
      lostCount: 1,
      missing: ['enqueued'],
      unexpected: ['wtf'],
      duplicated: ['dup'],
      recoveredCount: 0,
      drained: true,
    });
    expect(verdict.findings).toMatchObject([
      {
        kind: 'duplicated',
        lines: [3, 8, 10],
        sentence: '"dup", which was enqueued once, came out at 0.8 s and again at 1 s.',
      },
      {
        kind: 'unexpected',
        lines: [5, 6],
        sentence: 'Process 5 took out "wtf" at 0.6 s, but nobody tried to enqueue it.',
      },
      { kind: 'lost', lines: [1, 2, 11, 12] },
    ]);
  });

  test('calls nothing lost that a crashed dequeue may have taken', () => {
    const verdict = check(
      `4 invoke dequeue\n${pathological.replace('"wtf"', '"hung"')}\n8 invoke drain\n8 ok drain []`,
    );
    expect(verdict).toMatchObject({ valid: true, missing: ['enqueued'], lostCount: 0, crashedCount: 1 });
  });

  test('calls nothing lost that may be still inside', () => {
    const text = '0 invoke enqueue 1\n0 ok enqueue 1';
    expect(check(text)).toMatchObject({
      valid: 'unknown',
      reason: '1 elements did not come out, but the queue was never drained: they may be still inside',
    });
    expect(check(`1 invoke drain\n${text}\n1 ok drain []`)).toMatchObject({ valid: true, missing: [1], lostCount: 0 });
    expect(check(`${text}\n1 invoke drain\n1 ok drain []`)).toMatchObject({ valid: false, lostCount: 1 });
  });

  test('counts a drain as many dequeues', () => {
    const text =
      '0 invoke enqueue 1\n0 ok enqueue 1\n0 invoke enqueue 2\n0 ok enqueue 2\n1 invoke drain\n1 ok drain [2,1,3]';
    expect(check(text)).toMatchObject({ valid: false, okCount: 2, unexpected: [3] });
  });

  test('calls nothing lost that a crashed drain may have taken', () => {
    const text = '0 invoke enqueue 1\n0 ok enqueue 1\n2 invoke drain\n2 info drain\n1 invoke drain\n1 ok drain []';
    expect(check(text)).toMatchObject({ valid: true, missing: [1], crashedCount: 1 });
  });

  test('calls unexpected what came out too early', () => {
    expect(check('1 invoke dequeue\n1 ok dequeue 1\n0 invoke enqueue 1\n0 ok enqueue 1')).toMatchObject({
      valid: false,
      unexpected: [1],
      reason: 'unexpected (1): Process 1 took out 1 at 0.1 s, but its enqueue began only at 0.2 s.',
    });
  });

  test('holds duplicates against a queue that delivers each element once', () => {
    const text = '0 invoke enqueue 1\n0 ok enqueue 1\n1 invoke drain\n1 ok drain [1,1]';
    expect(check(text)).toMatchObject({ valid: true, duplicatedCount: 1 });
    expect(checkTotalQueue(historyOf(text), { exactlyOnce: true }).valid).toBe(false);
  });

  const element = fc.integer({ min: 0, max: 3 });
  const madeUp: fc.Arbitrary<MadeUpOp> = fc.oneof(
    { weight: 3, arbitrary: element.map((value): MadeUpOp => ({ f: 'enqueue', value, result: value })) },
    { weight: 3, arbitrary: fc.option(element).map((result): MadeUpOp => ({ f: 'dequeue', value: null, result })) },
    {
      weight: 1,
      arbitrary: fc.array(element, { maxLength: 3 }).map((result): MadeUpOp => ({ f: 'drain', value: null, result })),
    },
  );

  test('agrees with counting element by element', () => {
    const tally = { true: 0, false: 0, unknown: 0, lost: 0 };
    fc.assert(
      fc.property(madeUpHistories(madeUp, 24), fc.boolean(), (history, exactlyOnce) => {
        fc.pre(plainOps(history).some(({ ends }) => ends === 'ok'));
        const expected = byTrying(history, exactlyOnce);
        const verdict = checkTotalQueue(history, { exactlyOnce });
        expect(verdict).toMatchObject(expected);
        tally[`${verdict.valid}`]++;
        if (expected.lostCount > 0) tally.lost++;
      }),
      { numRuns },
    );
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(numRuns / 100);
  });

  test('never convicts a queue that keeps what it has', () => {
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedQueue(draw, 0), 24),
        ({ history }) => {
          expect(totalQueue({ exactlyOnce: true }).check(history).valid).toBe(true);
        },
      ),
      { numRuns },
    );
  });

  test('convicts a queue that loses what it has, where no dequeue crashed', () => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedQueue(draw, 3), 24),
        ({ history, object }) => {
          const ops = plainOps(history);
          const isLost = ops.some(
            ({ f, ends, input }) => f === 'enqueue' && ends === 'ok' && object.lost.has(input as number),
          );
          const verdict = totalQueue().check(history);
          if (ops.every(({ f, ends }) => f === 'enqueue' || ends !== 'info')) {
            expect(verdict.valid).toBe(!isLost);
            if (isLost) convicted++;
          } else if (!isLost) expect(verdict.valid).toBe(true);
        },
      ),
      { numRuns },
    );
    expect(convicted).toBeGreaterThan(numRuns / 10);
  });
});

/** A bag that may find nothing although there is something, and, of 16 enqueues, does not carry out so many, though it says it does. */
class PlayedQueue implements PlayedObject {
  readonly last: readonly Asked[] = [{ f: 'drain', value: null }];
  readonly lost = new Set<number>();
  readonly #inside: number[] = [];
  #fresh = 0;
  readonly #draw: Draw;
  readonly #faults: number;

  constructor(draw: Draw, faults: number) {
    this.#draw = draw;
    this.#faults = faults;
  }

  ask(): Asked {
    return this.#draw(2) === 0 ? { f: 'dequeue', value: null } : { f: 'enqueue', value: this.#fresh++ };
  }

  apply({ f, value }: Asked): Value {
    if (f === 'drain') return this.#inside.splice(0);
    if (f === 'dequeue') return this.#inside.splice(this.#draw(this.#inside.length + 1), 1)[0] ?? null;
    if (this.#draw(16) < this.#faults) this.lost.add(value as number);
    else this.#inside.push(value as number);
    return value;
  }
}

function byTrying(history: History, exactlyOnce: boolean) {
  const ops = plainOps(history);
  const enqueues = ops.filter(({ f, ends }) => f === 'enqueue' && ends !== 'fail');
  const takes = ops.filter(({ f, ends }) => f !== 'enqueue' && ends === 'ok');
  const crashed = ops.filter(({ f, ends }) => f !== 'enqueue' && ends === 'info');
  const outOf = ({ f, output }: PlainOp): readonly Value[] =>
    f === 'drain' ? (output as readonly Value[]) : output === null ? [] : [output];
  const drains = takes.filter(({ f, output }) => f === 'drain' || output === null);

  let unexpectedCount = 0;
  let duplicatedCount = 0;
  let recoveredCount = 0;
  const missing: number[] = [];
  for (const value of [0, 1, 2, 3]) {
    const tries = enqueues.filter(({ input }) => input === value);
    const begun = Math.min(...tries.map(({ began }) => began));
    const acknowledged = tries.filter(({ ends }) => ends === 'ok').map(({ ended }) => ended);
    const out = takes.flatMap((take) =>
      outOf(take)
        .filter((one) => one === value)
        .map(() => take.ended),
    );
    const early = out.filter((line) => line < begun).length;
    const known = out.length - early;
    unexpectedCount += early;
    duplicatedCount += Math.max(0, known - tries.length);
    recoveredCount += Math.max(0, Math.min(known, tries.length) - acknowledged.length);
    missing.push(...acknowledged.sort((a, b) => a - b).slice(known));
  }
  const lastDrain = Math.max(-1, ...drains.map(({ began }) => began));
  const gone = missing.filter((line) => line < lastDrain).length;
  const lostCount = crashed.some(({ f }) => f === 'drain') ? 0 : Math.max(0, gone - crashed.length);
  const isWrong = lostCount > 0 || unexpectedCount > 0 || (exactlyOnce && duplicatedCount > 0);
  const isUnknown = missing.length > 0 && drains.length === 0;
  return {
    valid: isWrong ? false : isUnknown ? 'unknown' : true,
    unexpectedCount,
    duplicatedCount,
    recoveredCount,
    missingCount: missing.length,
    lostCount,
  };
}
