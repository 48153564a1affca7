import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { History } from '../../history/history.ts';
import type { Value } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { checkSetFull, setFull } from './set-full.ts';
import { type MadeUpOp, madeUpHistories, plainOps } from './testing/made-up.ts';
import { type Draw, type PlayedObject, playedHistories } from './testing/played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

/** Lines are 0.1 s apart. */
const lineNs = 1e8;

const check = (...lines: string[]) => checkSetFull(historyOf(lines.join('\n')));

const add = '0 invoke add 0';
const added = '0 ok add 0';
const read = '1 invoke read';
const present = '1 ok read [0]';
const absent = '1 ok read []';

// From jepsen's checker_test.clj, set-full-test.
describe('the set-full checker', () => {
  test('calls never read what no read tells of', () => {
    const neverRead = {
      valid: 'unknown',
      attemptCount: 1,
      neverRead: [0],
      neverReadCount: 1,
      lostCount: 0,
      stableCount: 0,
    };
    expect(check(add, added)).toMatchObject(neverRead);
    expect(check(add, read, absent)).toMatchObject(neverRead);
    expect(check(read, add, absent, added)).toMatchObject(neverRead);
    expect(check(read, add, added, absent)).toMatchObject(neverRead);
    expect(check(add, read, absent, added)).toMatchObject(neverRead);
    expect(check(add, read, added, absent)).toMatchObject(neverRead);
  });

  test('calls stable what a read returned, be it concurrent or later', () => {
    const atOnce = { min: 0, p50: 0, p95: 0, p99: 0, max: 0 };
    const stable = {
      valid: true,
      attemptCount: 1,
      stableCount: 1,
      staleCount: 0,
      lostCount: 0,
      stableLatencyNs: atOnce,
    };
    expect(check(read, add, present, added)).toMatchObject(stable);
    expect(check(read, add, added, present)).toMatchObject(stable);
    expect(check(add, read, present, added)).toMatchObject(stable);
    expect(check(add, read, added, present)).toMatchObject(stable);
    expect(check(add, added, read, present)).toMatchObject(stable);
  });

  test('calls lost what a read that began later did not return', () => {
    expect(check(add, added, read, absent)).toMatchObject({
      valid: false,
      reason:
        'lost (1): 0 was acknowledged at 0.1 s, but the last read, which process 1 began at 0.2 s, did not return it.',
      lost: [0],
      neverReadCount: 0,
      lostLatencyNs: { min: 0, max: 0 },
      findings: [{ kind: 'lost', lines: [0, 1, 2, 3] }],
    });
  });

  test('tells how long it took until elements were lost', () => {
    const verdict = check(
      add,
      '1 invoke add 1',
      '2 invoke read',
      '2 ok read [1]',
      added,
      '1 ok add 1',
      '2 invoke read',
      '2 ok read [0,1]',
      '2 invoke read',
      '2 ok read [0]',
      '2 invoke read',
      '2 ok read []',
    );
    const lostLatencyNs = { min: 3 * lineNs, p50: 3 * lineNs, p95: 4 * lineNs, p99: 4 * lineNs, max: 4 * lineNs };
    expect(verdict).toMatchObject({ valid: false, lost: [0, 1], lostCount: 2, stableCount: 0, lostLatencyNs });
  });

  test('tells elements that came back from those that did not', () => {
    const verdict = check(
      add,
      added,
      '1 invoke add 1',
      '2 invoke read',
      '2 ok read [1]',
      '1 ok add 1',
      '2 invoke read',
      '3 invoke read',
      '3 ok read [1]',
      '2 ok read [0]',
    );
    expect(verdict).toMatchObject({
      valid: false,
      lost: [0],
      stableCount: 1,
      stale: [1],
      worstStale: [{ element: 1, known: 4, lastAbsent: 6, latencyNs: 2 * lineNs }],
      lostLatencyNs: { max: 5 * lineNs },
      stableLatencyNs: { max: 2 * lineNs },
    });
  });

  test('holds stale reads against a set only where it is to be linearizable', () => {
    const history = historyOf([add, added, read, absent, read, present].join('\n'));
    expect(checkSetFull(history)).toMatchObject({ valid: true, staleCount: 1 });
    expect(checkSetFull(history, { linearizable: true })).toMatchObject({
      valid: false,
      reason: 'stale (1): 0 was acknowledged at 0.1 s, but a read that began at 0.2 s did not return it.',
    });
  });

  test('tells what was recovered, duplicated, and unexpected', () => {
    expect(check(add, '0 info add 0', '2 invoke add 8', '2 fail add 8', read, '1 ok read [0,0,8,9,0]')).toMatchObject({
      valid: false,
      recovered: [0],
      recoveredCount: 1,
      duplicated: [{ element: 0, times: 3 }],
      duplicatedCount: 1,
      unexpected: [8, 9],
      unexpectedCount: 2,
    });
  });

  test('is unknown where nothing was ok, or a read is none', () => {
    expect(check(add, read).valid).toBe('unknown');
    expect(check(read, '1 ok read 7')).toEqual({
      valid: 'unknown',
      reason: 'op 0, read, returned 7; expected all elements',
    });
  });

  const element = fc.integer({ min: 0, max: 1 });
  const madeUp: fc.Arbitrary<MadeUpOp> = fc.oneof(
    element.map((value): MadeUpOp => ({ f: 'add', value, result: value })),
    fc.array(element, { maxLength: 3, size: 'max' }).map((result): MadeUpOp => ({ f: 'read', value: null, result })),
  );

  test('agrees with following each element through the history', () => {
    const tally = { stable: 0, lost: 0, neverRead: 0, stale: 0, duplicated: 0 };
    fc.assert(
      fc.property(madeUpHistories(madeUp, 24), fc.boolean(), (history, linearizable) => {
        fc.pre(plainOps(history).some(({ ends }) => ends === 'ok'));
        const verdict = checkSetFull(history, { linearizable });
        const expected = byFollowing(history, linearizable);
        tally.stable += expected.stableCount;
        tally.lost += expected.lostCount;
        tally.neverRead += expected.neverReadCount;
        tally.stale += expected.staleCount;
        tally.duplicated += expected.duplicatedCount;
        expect(verdict).toMatchObject(expected);
      }),
      { numRuns },
    );
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(numRuns / 40);
  });

  test('never convicts a linearizable set', () => {
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedSet(draw, 0), 20),
        ({ history }) => {
          const { valid, ...verdict } = setFull({ linearizable: true }).check(history);
          expect(valid === true || (valid === 'unknown' && verdict.stableCount === 0)).toBe(true);
        },
      ),
      { numRuns },
    );
  });

  test('convicts a set whose reads miss what was acknowledged before', () => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedSet(draw, 4), 20),
        ({ history, object }) => {
          const isConvicted = setFull({ linearizable: true }).check(history).valid === false;
          if (isConvicted) convicted++;
          if (isConvicted) expect(object.isStale).toBe(true);
        },
      ),
      { numRuns },
    );
    expect(convicted).toBeGreaterThan(numRuns / 10);
  });
});

/** A set, of which a read misses, of 16 elements, so many. */
class PlayedSet implements PlayedObject {
  readonly last = [{ f: 'read', value: null }];
  isStale = false;
  readonly #inside: number[] = [];
  #fresh = 0;
  readonly #draw: Draw;
  readonly #misses: number;

  constructor(draw: Draw, misses: number) {
    this.#draw = draw;
    this.#misses = misses;
  }

  ask() {
    return this.#draw(2) === 0 ? { f: 'read', value: null } : { f: 'add', value: this.#fresh++ };
  }

  apply({ f, value }: { f: string; value: Value }): Value {
    if (f !== 'read') {
      this.#inside.push(value as number);
      return value;
    }
    const found = this.#inside.filter(() => this.#draw(16) >= this.#misses);
    if (found.length < this.#inside.length) this.isStale = true;
    return found;
  }
}

/** As Jepsen does it, element by element and line by line. */
function byFollowing(history: History, linearizable: boolean) {
  const ops = plainOps(history);
  const reads = ops.filter(({ f, ends }) => f === 'read' && ends === 'ok');
  const adds = ops.filter(({ f, ends }) => f === 'add' && ends !== 'fail');
  const list = (output: Value) => output as readonly number[];
  const firstAdd = (value: Value) => Math.min(...adds.filter(({ input }) => input === value).map(({ began }) => began));

  const result = {
    attemptCount: 0,
    stableCount: 0,
    lostCount: 0,
    neverReadCount: 0,
    staleCount: 0,
    duplicatedCount: 0,
    recoveredCount: 0,
    unexpectedCount: 0,
  };
  for (const value of new Set(adds.map(({ input }) => input as number))) {
    const began = firstAdd(value);
    const after = reads.filter(({ ended }) => ended > began);
    const having = after.filter(({ output }) => list(output).includes(value));
    const missing = after.filter(({ output }) => !list(output).includes(value));
    const acknowledged = adds.filter(({ input, ends }) => input === value && ends === 'ok').map(({ ended }) => ended);
    const known = Math.min(...acknowledged, ...having.map(({ ended }) => ended));
    const lastPresent = Math.max(-1, ...having.map((read) => read.began));
    const lastAbsent = Math.max(-1, ...missing.map((read) => read.began));
    const isStable = lastPresent > lastAbsent;
    const isLost = Number.isFinite(known) && lastAbsent > lastPresent && known < lastAbsent;
    result.attemptCount++;
    if (isStable) result.stableCount++;
    else if (isLost) result.lostCount++;
    else result.neverReadCount++;
    if (isStable && lastAbsent > known) result.staleCount++;
    if (having.some(({ output }) => list(output).filter((each) => each === value).length > 1)) result.duplicatedCount++;
    if (having.length > 0 && acknowledged.length === 0) result.recoveredCount++;
  }
  const unexpected = reads.flatMap(({ output, ended }) => list(output).filter((value) => firstAdd(value) > ended));
  result.unexpectedCount = new Set(unexpected).size;
  const isWrong =
    result.lostCount > 0 ||
    result.duplicatedCount > 0 ||
    result.unexpectedCount > 0 ||
    (linearizable && result.staleCount > 0);
  return { valid: isWrong ? false : result.stableCount === 0 ? 'unknown' : true, ...result };
}
