import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Value } from '../../history/value.ts';
import { historyOf } from '../linearizable/testing/history-of.ts';
import { type MadeUpOp, madeUpHistories, plainOps } from './testing/made-up.ts';
import { type Asked, type Draw, type PlayedObject, playedHistories } from './testing/played.ts';
import { checkWriteSkew, writeSkew } from './write-skew.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 3000);

const check = (text: string) => checkWriteSkew(historyOf(text));

describe('the write-skew checker', () => {
  test('finds keys of which two inserts were ok', () => {
    const verdict = check(`
      0 invoke insert [1,[1,null]]
      1 invoke insert [1,[null,2]]
      0 ok     insert [1,[1,null]]
      1 ok     insert [1,[null,2]]
      0 invoke insert [2,[3,null]]
      1 invoke insert [2,[null,4]]
      0 ok     insert [2,[3,null]]
      1 fail   insert [2,[null,4]]
      0 invoke insert [3,[5,null]]
      0 info   insert [3,[5,null]]
    `);
    expect(verdict).toEqual({
      valid: false,
      reason:
        'write-skew (1): Of key 1 process 0 inserted [1 [1 nil]] at 0.2 s, and process 1 inserted [1 [nil 2]] at 0.3 s, though each looked first whether there was a row.',
      keyCount: 3,
      legalCount: 1,
      illegalCount: 1,
      illegal: [{ key: 1, inserts: 2 }],
      findings: [expect.objectContaining({ lines: [0, 1, 2, 3] })],
    });
  });

  test('takes the key of the line where it has one', () => {
    const text =
      '0 invoke insert [1,null] 7\n0 ok insert [1,null] 7\n1 invoke insert [null,2] 7\n1 ok insert [null,2] 7';
    expect(check(text)).toMatchObject({ valid: false, illegal: [{ key: 7, inserts: 2 }] });
  });

  test('is unknown where nothing was ok, or an op is no insert', () => {
    expect(check('0 invoke insert [1,[1,null]]\n0 fail insert')).toEqual({
      valid: 'unknown',
      reason: 'no op succeeded (1 invoked), so nothing was tested',
      untested: true,
    });
    expect(check('0 invoke read\n0 ok read').reason).toMatch(/^op 0 is a read; the write-skew checker knows insert/);
    expect(check('0 invoke insert [1,2]\n0 ok insert [1,2]').valid).toBe('unknown');
    expect(check('0 invoke insert [1,[2],3]\n0 ok insert [1,[2],3]').valid).toBe('unknown');
    expect(check('0 invoke insert 7\n0 ok insert 7').reason).toBe('op 0 is an insert of 7; expected [key [a b]]');
  });

  const madeUp = fc.integer({ min: 0, max: 3 }).map((key): MadeUpOp => ({ f: 'insert', key, value: [1], result: [1] }));

  test('agrees with counting the inserts of each key', () => {
    fc.assert(
      fc.property(madeUpHistories(madeUp, 20), (history) => {
        const ops = plainOps(history);
        const counts = [0, 1, 2, 3].map((key) => ops.filter((op) => op.key === key && op.ends === 'ok').length);
        fc.pre(counts.some((count) => count > 0));
        expect(checkWriteSkew(history)).toMatchObject({
          valid: counts.every((count) => count < 2),
          legalCount: counts.filter((count) => count === 1).length,
          illegalCount: counts.filter((count) => count > 1).length,
        });
      }),
      { numRuns },
    );
  });

  test('never convicts a serializable table, and one that reads snapshots wherever that shows', () => {
    let convicted = 0;
    fc.assert(
      fc.property(
        playedHistories((draw) => new PlayedTable(draw, false), 20),
        playedHistories((draw) => new PlayedTable(draw, true), 20),
        (serializable, snapshots) => {
          expect(writeSkew.check(serializable.history).valid).not.toBe(false);
          const ok = plainOps(snapshots.history).filter(({ ends }) => ends === 'ok');
          const isSkewed = ok.some((one) => ok.some((other) => one !== other && one.key === other.key));
          if (isSkewed) convicted++;
          expect(writeSkew.check(snapshots.history).valid === false).toBe(isSkewed);
        },
      ),
      { numRuns },
    );
    expect(convicted).toBeGreaterThan(numRuns / 40);
  });
});

/** A table into which a row is inserted if there is none yet. One that reads a snapshot may not see the last row inserted. */
class PlayedTable implements PlayedObject {
  readonly #rows: number[] = [];
  readonly #asked: Asked[] = [];
  #fresh = 0;
  readonly #draw: Draw;
  readonly #snapshots: boolean;

  constructor(draw: Draw, snapshots: boolean) {
    this.#draw = draw;
    this.#snapshots = snapshots;
  }

  ask(): Asked {
    if (this.#asked.length === 0) {
      const key = this.#fresh++;
      this.#asked.push({ f: 'insert', key, value: [1, null] }, { f: 'insert', key, value: [null, 2] });
    }
    return this.#asked.pop()!;
  }

  apply({ key, value }: Asked): Value | undefined {
    const seen = this.#snapshots && this.#draw(2) === 0 ? this.#rows.slice(0, -1) : this.#rows;
    if (seen.includes(key as number)) return undefined;
    this.#rows.push(key as number);
    return value;
  }
}
