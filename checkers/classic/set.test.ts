import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { History } from '../../history/history.ts';
import { Keyword, type Value, ValueSet } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { checkSet, set } from './set.ts';
import { type MadeUpOp, madeUpHistories, plainOps } from './testing/made-up.ts';
import { type Draw, type PlayedObject, playedHistories } from './testing/played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

describe('the set checker', () => {
  test('counts what was lost, unexpected, and recovered', () => {
    const verdict = checkSet(
      historyOf(`
        0 invoke add 0
        0 ok     add 0
        0 invoke add 1
        0 ok     add 1
        1 invoke add 2
        1 info   add 2
        2 invoke add 3
        3 invoke add 4
        3 fail   add 4
        0 invoke read
        0 ok     read [0,2,4,5,5]
      `),
    );
    expect(verdict).toMatchObject({
      valid: false,
      reason:
        'lost (1), unexpected (2): Process 0 added 1 at 0.3 s, but the final read, which began at 0.9 s, does not have it.',
      attemptCount: 4,
      acknowledgedCount: 2,
      okCount: 2,
      lostCount: 1,
      lost: [1],
      unexpectedCount: 2,
      unexpected: [4, 5],
      recoveredCount: 1,
      recovered: [2],
      findings: [
        {
          kind: 'unexpected',
          lines: [7, 8, 9, 10],
          sentence: 'The final read at 1 s returned 4, but its add failed at 0.8 s.',
        },
        {
          kind: 'unexpected',
          lines: [9, 10],
          sentence: 'The final read at 1 s returned 5, but nobody tried to add it.',
        },
        { kind: 'lost', lines: [2, 3, 9, 10] },
      ],
    });
  });

  test('is unknown where the set was never read, or nothing was ok', () => {
    expect(checkSet(historyOf('0 invoke add 0\n0 ok add 0'))).toEqual({
      valid: 'unknown',
      reason: 'the set was never read',
      untested: true,
    });
    expect(checkSet(historyOf('0 invoke add 0\n0 info add 0'))).toEqual({
      valid: 'unknown',
      reason: 'no op succeeded (1 invoked), so nothing was tested',
      untested: true,
    });
    expect(checkSet(historyOf(''))).toMatchObject({ valid: 'unknown' });
  });

  test('calls nothing lost that was acknowledged only after the final read began', () => {
    const text = '0 invoke add 0\n1 invoke read\n0 ok add 0\n1 ok read []';
    expect(checkSet(historyOf(text))).toMatchObject({ valid: true, acknowledgedCount: 1, lostCount: 0 });
  });

  test('calls unexpected what was read before its add began', () => {
    const text = '1 invoke read\n1 ok read [0]\n0 invoke add 0\n0 ok add 0';
    expect(checkSet(historyOf(text))).toMatchObject({
      valid: false,
      reason: 'unexpected (1): The final read at 0.1 s returned 0, but its add began only at 0.2 s.',
    });
  });

  test('judges each key apart, and tells which is invalid', () => {
    const verdict = checkSet(
      historyOf(`
        0 invoke add 0 "x"
        0 ok     add 0 "x"
        0 invoke add 0 "y"
        0 ok     add 0 "y"
        0 invoke add 0 "z"
        0 invoke read null "x"
        0 ok     read [0] "x"
        0 invoke read null "y"
        0 ok     read [] "y"
      `),
    );
    expect(verdict).toMatchObject({
      valid: false,
      reason: expect.stringMatching(/^key "y": lost \(1\): Process 0 added 0/),
      keys: 3,
      untestedKeys: 1,
      results: [{ key: 'y', verdict: { valid: false, lost: [0] } }],
    });
  });

  test('does not judge what it does not know', () => {
    expect(checkSet(historyOf('0 invoke remove 1\n0 ok remove 1'))).toEqual({
      valid: 'unknown',
      reason: 'op 0 is a remove; the set checker knows add, read: choose another one',
    });
    expect(checkSet(historyOf('0 invoke read\n0 ok read 7'))).toEqual({
      valid: 'unknown',
      reason: 'op 0, read, returned 7; expected a list or a set of all elements',
    });
  });

  const element = fc.integer({ min: 0, max: 5 }).map((n): Value => (n === 5 ? Keyword.of('five') : n));
  const madeUp: fc.Arbitrary<MadeUpOp> = fc.oneof(
    { weight: 3, arbitrary: element.map((value): MadeUpOp => ({ f: 'add', value, result: value })) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.array(element, { maxLength: 6 }), fc.boolean())
        .map(([list, isSet]): MadeUpOp => ({ f: 'read', value: null, result: isSet ? new ValueSet(list) : list })),
    },
  );

  test('agrees with the definition', () => {
    fc.assert(
      fc.property(madeUpHistories(madeUp, 20), (history) => {
        const expected = byDefinition(history);
        const verdict = checkSet(history);
        expect(verdict.valid).toBe(expected?.valid ?? 'unknown');
        if (expected !== undefined) expect(verdict).toMatchObject(expected);
      }),
      { numRuns },
    );
  });

  test('never convicts a set that keeps what it acknowledged', () => {
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedSet(draw, 0), 20),
        ({ history }) => {
          expect(set.check(history).valid).toBe(true);
        },
      ),
      { numRuns },
    );
  });

  test('convicts a set that lost an acknowledged element', () => {
    const tally = { lost: 0, kept: 0 };
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedSet(draw, 4), 20),
        ({ history, object }) => {
          const acknowledged = plainOps(history).filter(({ f, ends }) => f === 'add' && ends === 'ok');
          const isLost = acknowledged.some(({ input }) => !object.inside.has(input as number));
          tally[isLost ? 'lost' : 'kept']++;
          expect(set.check(history).valid).toBe(!isLost);
        },
      ),
      { numRuns },
    );
    expect(tally.lost).toBeGreaterThan(numRuns / 10);
    expect(tally.kept).toBeGreaterThan(numRuns / 10);
  });
});

/** A set that, of 16 adds, does not carry out so many, though it says it does. */
class PlayedSet implements PlayedObject {
  readonly inside = new Set<number>();
  readonly last = [{ f: 'read', value: null }];
  #fresh = 0;
  readonly #draw: Draw;
  readonly #losses: number;

  constructor(draw: Draw, losses: number) {
    this.#draw = draw;
    this.#losses = losses;
  }

  ask() {
    return this.#draw(4) === 0 ? { f: 'read', value: null } : { f: 'add', value: this.#fresh++ };
  }

  apply({ f, value }: { f: string; value: Value }): Value {
    if (f === 'read') return [...this.inside];
    if (this.#draw(16) >= this.#losses) this.inside.add(value as number);
    return value;
  }
}

function byDefinition(history: History) {
  const ops = plainOps(history);
  if (!ops.some(({ ends }) => ends === 'ok')) return undefined;
  const reads = ops.filter(({ f, ends }) => f === 'read' && ends === 'ok').sort((a, b) => b.ended - a.ended);
  const [final] = reads;
  if (final === undefined) return undefined;
  const output = final.output instanceof ValueSet ? final.output.elements : (final.output as readonly Value[]);
  const read = new Set(output);
  const adds = ops.filter(({ f, ends }) => f === 'add' && ends !== 'fail');
  const attempted = new Set(adds.filter(({ began }) => began < final.ended).map(({ input }) => input));
  const ok = adds.filter(({ ends }) => ends === 'ok');
  const acknowledged = new Set(ok.map(({ input }) => input));
  const lost = new Set(
    ok.filter(({ input, ended }) => ended < final.began && !read.has(input)).map(({ input }) => input),
  );
  const unexpected = [...read].filter((value) => !attempted.has(value));
  const recovered = [...read].filter((value) => attempted.has(value) && !acknowledged.has(value));
  return {
    valid: lost.size === 0 && unexpected.length === 0,
    attemptCount: new Set(adds.map(({ input }) => input)).size,
    acknowledgedCount: acknowledged.size,
    okCount: read.size - unexpected.length,
    lostCount: lost.size,
    unexpectedCount: unexpected.length,
    recoveredCount: recovered.length,
  };
}
