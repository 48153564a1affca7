import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Value } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { checkLongFork, longFork } from './long-fork.ts';
import { type MadeUpOp, madeUpHistories, plainOps } from './testing/made-up.ts';
import { type Asked, type Draw, type PlayedObject, playedHistories } from './testing/played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const check = (text: string) => checkLongFork(historyOf(text));

const written = `
  0 invoke txn [["w",0,1]]
  0 ok     txn [["w",0,1]]
  0 invoke txn [["w",1,1]]
  0 ok     txn [["w",1,1]]
  0 invoke txn [["w",2,1]]
  0 ok     txn [["w",2,1]]
`;

describe('the long-fork checker', () => {
  // The reads are those of jepsen's long_fork_test.clj.
  test('finds two reads that saw writes in different orders', () => {
    const verdict = check(`${written}
      1 invoke txn [["r",0,null],["r",1,null],["r",2,null]]
      2 invoke txn [["r",2,null],["r",0,null],["r",1,null]]
      1 ok     txn [["r",0,1],["r",1,1],["r",2,null]]
      2 ok     txn [["r",2,1],["r",0,1],["r",1,null]]
    `);
    expect(verdict).toEqual({
      valid: false,
      reason:
        'long-fork (1): Process 1 saw 1 written but not 2 at 0.8 s, and process 2 saw 2 written but not 1 at 0.9 s.',
      readCount: 2,
      earlyReadCount: 0,
      lateReadCount: 0,
      forks: [{ reads: [8, 9], keys: [1, 2] }],
      unexpectedCount: 0,
      findings: [expect.objectContaining({ kind: 'long-fork', lines: [6, 7, 8, 9] })],
    });
  });

  test('finds nothing where each read saw all that another saw, or keys of another group', () => {
    const verdict = check(`${written}
      1 invoke txn [["r",0,null],["r",1,null]]
      1 ok     txn [["r",0,null],["r",1,null]]
      1 invoke txn [["r",0,null],["r",1,null]]
      1 ok     txn [["r",0,1],["r",1,null]]
      1 invoke txn [["r",1,null],["r",0,null]]
      1 ok     txn [["r",1,1],["r",0,1]]
      1 invoke txn [["r",1,null],["r",2,null]]
      1 ok     txn [["r",1,1],["r",2,null]]
      1 invoke txn [["r",0,null],["r",2,null]]
      1 ok     txn [["r",0,null],["r",2,1]]
    `);
    expect(verdict).toMatchObject({ valid: true, readCount: 5, earlyReadCount: 1, lateReadCount: 1, forks: [] });
  });

  test('does not judge histories in which a key is written twice, or a transaction does both', () => {
    expect(check('0 invoke txn [["w",0,1]]\n0 ok txn [["w",0,1]]\n0 invoke txn [["w",0,2]]')).toEqual({
      valid: 'unknown',
      reason: 'op 0 and op 2 write key 0; expected each key to be written once',
    });
    const both = '[["w",0,1],["r",1,null]]';
    expect(check(`0 invoke txn ${both}\n0 ok txn ${both}`)).toEqual({
      valid: 'unknown',
      reason: 'op 0 is a txn of [["w" 0 1] ["r" 1 nil]]; expected reads, or a single write',
    });
    for (const txn of ['7', '[]', '[7]', '[["r"]]', '[["append",0,1]]']) {
      expect(check(`0 invoke txn ${txn}\n0 ok txn ${txn}`).reason, txn).toContain('expected a list of micro-ops');
    }
    expect(check('0 invoke txn [["r",0,null]]\n0 ok txn null').reason).toContain('returned nil; expected a list');
    expect(check('0 invoke txn [["r",0,null]]\n0 info txn').valid).toBe('unknown');
    expect(check(written)).toMatchObject({ valid: 'unknown', reason: 'no keys were read' });
  });

  test('tells values that nobody wrote', () => {
    const reads = '1 invoke txn [["r",0,null],["r",3,null]]\n1 ok txn [["r",0,7],["r",3,5]]';
    const failed = '0 invoke txn [["w",3,5]]\n0 fail txn [["w",3,5]]';
    expect(check(`${written}\n${failed}\n${reads}`)).toMatchObject({
      valid: false,
      unexpectedCount: 2,
      findings: [
        { sentence: 'Process 1 read 7 from 0 at 0.9 s, but nobody tried to write that.' },
        { sentence: 'Process 1 read 5 from 3 at 0.9 s, but the write of it failed at 0.7 s.', lines: [6, 7, 8, 9] },
      ],
    });
    const early = '0 invoke txn [["w",0,1]]\n0 ok txn [["w",0,1]]';
    expect(check(`1 invoke txn [["r",0,null]]\n1 ok txn [["r",0,1]]\n${early}`)).toMatchObject({
      valid: false,
      reason: 'unexpected (1): Process 1 read 1 from 0 at 0.1 s, but the write of it began only at 0.2 s.',
    });
  });

  const groups = [
    [0, 1],
    [0, 1, 2],
    [2, 3, 4, 5],
  ];
  const madeUp = fc.tuple(fc.constantFrom(...groups), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 })).map(
    ([group, seen]): MadeUpOp => ({
      f: 'txn',
      value: group.map((key) => ['r', key, null]),
      result: group.map((key, i) => ['r', key, seen[i] ? 1 : null]),
    }),
  );

  test('agrees with comparing all pairs of reads', () => {
    const tally = { forked: 0, straight: 0 };
    fc.assert(
      fc.property(madeUpHistories(madeUp, 10), (history) => {
        const reads = plainOps(history).filter(({ ends }) => ends === 'ok');
        fc.pre(reads.length > 0);
        const isForked = reads.some((one) => reads.some((other) => areForked(one.output, other.output)));
        tally[isForked ? 'forked' : 'straight']++;
        const verdict = checkLongFork(history);
        expect((verdict.forks as unknown[]).length > 0).toBe(isForked);
      }),
      { numRuns },
    );
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(numRuns / 40);
  });

  test('never convicts one copy, and convicts two that forked, wherever that shows', () => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedCopies(draw, 1), 20),
        playedHistories((draw) => new PlayedCopies(draw, 2), 20),
        (one, two) => {
          expect(longFork.check(one.history).valid).not.toBe(false);
          const reads = plainOps(two.history).filter(
            ({ f, ends, output }) => f === 'txn' && ends === 'ok' && isRead(output),
          );
          fc.pre(reads.length > 0);
          const isForked = reads.some((a) => reads.some((b) => areForked(a.output, b.output)));
          if (isForked) convicted++;
          expect(longFork.check(two.history).valid).toBe(!isForked);
        },
      ),
      { numRuns },
    );
    expect(convicted).toBeGreaterThan(numRuns / 40);
  });
});

type Txn = readonly (readonly [string, number, Value])[];

const isRead = (txn: Value): boolean => (txn as Txn)[0]![0] === 'r';

function areForked(one: Value, other: Value): boolean {
  const keysOf = (txn: Value) => (txn as Txn).map(([, key]) => key).sort();
  if (keysOf(one).join() !== keysOf(other).join()) return false;
  const seen = (txn: Value) => new Set((txn as Txn).filter(([, , value]) => value !== null).map(([, key]) => key));
  const [a, b] = [seen(one), seen(other)];
  return [...a].some((key) => !b.has(key)) && [...b].some((key) => !a.has(key));
}

/** Copies of a store, each of which hears of a write at once or later. Reads ask one of them. */
class PlayedCopies implements PlayedObject {
  readonly #copies: Set<number>[];
  readonly #late: { readonly copy: Set<number>; readonly key: number }[] = [];
  #fresh = 0;
  readonly #draw: Draw;

  constructor(draw: Draw, copies: number) {
    this.#draw = draw;
    this.#copies = Array.from({ length: copies }, () => new Set<number>());
  }

  ask(): Asked {
    if (this.#draw(3) === 0) return { f: 'txn', value: [['w', this.#fresh++, 1]] };
    const group = 2 * this.#draw(1 + Math.ceil(this.#fresh / 2));
    return {
      f: 'txn',
      value: [
        ['r', group, null],
        ['r', group + 1, null],
      ],
    };
  }

  apply({ value }: Asked): Value {
    const txn = value as Txn;
    const main = this.#draw(this.#copies.length);
    if (txn[0]![0] === 'w') {
      this.#copies.forEach((copy, i) => {
        if (i === main) copy.add(txn[0]![1]);
        else this.#late.push({ copy, key: txn[0]![1] });
      });
      return value;
    }
    while (this.#late.length > 0 && this.#draw(3) === 0) {
      const [{ copy, key }] = this.#late.splice(this.#draw(this.#late.length), 1) as [
        { copy: Set<number>; key: number },
      ];
      copy.add(key);
    }
    return txn.map(([f, key]) => [f, key, this.#copies[main]!.has(key) ? 1 : null]);
  }
}
