import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ValueSet } from '../../../history/value.ts';
import type { Calls } from '../calls.ts';
import { objectsOf } from '../objects.ts';
import { historyOf } from '../testing/history-of.ts';
import { decideGrowOnlySet } from './set.ts';
import { Tally } from './testing/agreement.ts';
import { recordedHistories } from './testing/recorded.ts';
import { playedSet, sequentialSet } from './testing/set-played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 10_000);

const callsOf = (text: string): Calls => objectsOf(historyOf(text)).calls[0]!;

describe('decideGrowOnlySet', () => {
  test('agrees with all orders', () => {
    const tally = new Tally();
    fc.assert(
      fc.property(recordedHistories(playedSet, 10), (calls) =>
        tally.expectRight(calls, decideGrowOnlySet(calls), sequentialSet, true),
      ),
      { numRuns },
    );
    tally.expectTelling(0);
  }, 3_600_000);

  test.each([
    ['a value that nobody added', '0 invoke read\n0 ok read [1]', [0]],
    ['a value read before it was added', '0 invoke read\n0 ok read [1]\n0 invoke add 1\n0 ok add 1', [0, 1]],
    ['a value missed', '0 invoke add 1\n0 ok add 1\n0 invoke read\n0 ok read []', [0, 1]],
    [
      'a value lost, with the adds of all that was read',
      `0 invoke add 1
       0 ok add 1
       1 invoke add 2
       1 ok add 2
       2 invoke add 3
       0 invoke read
       0 ok read [2,1]
       0 invoke read
       0 ok read [2]`,
      [0, 1, 3, 4],
    ],
    [
      'two values, of which one read has the one and another the other',
      `0 invoke add 1
       1 invoke add 2
       2 invoke read
       3 invoke read
       2 ok read [2]
       3 ok read [1]`,
      [0, 1, 2, 3],
    ],
    [
      'a value missed, though one was read that was added later',
      `1 invoke read
       0 invoke add 1
       0 ok add 1
       0 invoke add 2
       0 ok add 2
       1 ok read [2]`,
      [0, 1, 2],
    ],
  ])('shows %s', (_, text, core) => {
    const decision = decideGrowOnlySet(callsOf(text));
    expect(decision?.linearizable).toBe(false);
    expect(decision?.linearizable === false && [...decision.core].sort()).toEqual([...core].sort());
  });

  test('leaves the adds of large reads out of the core', () => {
    const adds = Array.from({ length: 100 }, (_, value) => `0 invoke add ${value}\n0 ok add ${value}`).join('\n');
    const most = JSON.stringify(Array.from({ length: 99 }, (_, value) => value));
    const calls = callsOf(`${adds}\n0 invoke read\n0 ok read ${most}`);
    expect(decideGrowOnlySet(calls)).toEqual({ linearizable: false, core: [99, 100] });
  });

  test('does not apply to other ops, to reads of anything but different values, nor to adds that say more', () => {
    expect(decideGrowOnlySet(callsOf('0 invoke remove 1\n0 ok remove 1'))).toBeUndefined();
    expect(decideGrowOnlySet(callsOf('0 invoke read\n0 ok read [1,1]'))).toBeUndefined();
    expect(decideGrowOnlySet(callsOf('0 invoke read\n0 ok read 1'))).toBeUndefined();
    expect(decideGrowOnlySet(callsOf('0 invoke add 1\n0 ok add false'))).toBeUndefined();
    expect(decideGrowOnlySet(callsOf('0 invoke add 1\n0 ok add [1,true]'))).toBeUndefined();
    const calls = callsOf('0 invoke read\n0 ok read 1');
    expect(decideGrowOnlySet({ ...calls, output: [new ValueSet([])] })).toEqual({ linearizable: true });
  });
});
