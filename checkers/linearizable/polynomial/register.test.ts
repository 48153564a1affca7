import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Value } from '../../../history/value.ts';
import { type Calls, selectCalls } from '../calls.ts';
import { casRegister } from '../models/register.ts';
import { objectsOf } from '../objects.ts';
import { allRules } from '../rules.ts';
import { Search } from '../search.ts';
import { historyOf } from '../testing/history-of.ts';
import { decideRegister, linearizationOfRegister } from './register.ts';
import { Tally } from './testing/agreement.ts';
import { isOrder } from './testing/all-orders.ts';
import { recordedHistories } from './testing/recorded.ts';
import { playedRegister, sequentialRegister } from './testing/register-played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 10_000);

const mixes = [
  ['read', 'write'],
  ['read', 'write', 'cas'],
  ['read', 'read', 'cas', 'cas', 'write'],
  ['read', 'cas'],
];

/** `repeats` of 32 written values are not new. */
const histories = (initial: Value, repeats: number, callsMax = 10) =>
  recordedHistories((draw) => playedRegister(mixes[draw(mixes.length)]!, initial, repeats), callsMax);

const callsOf = (text: string): Calls => objectsOf(historyOf(text)).calls[0]!;

describe('decideRegister', () => {
  test.each([
    ['where all values are new', null, 0, false, 0],
    ['where some values repeat', null, 3, false, 0.25],
    ['where it held something before', 7, 0, false, 0],
    ['where a read of nil says nothing', null, 1, true, 0.1],
  ])(
    'agrees with all orders %s',
    (_, initial, repeats, nilReadIsUnknown, undecidedMax) => {
      const options = { initial, nilReadIsUnknown };
      const tally = new Tally();
      fc.assert(
        fc.property(histories(initial, repeats), (calls) => {
          tally.expectRight(calls, decideRegister(calls, options), sequentialRegister(initial, nilReadIsUnknown), true);
        }),
        { numRuns },
      );
      tally.expectTelling(undecidedMax);
    },
    3_600_000,
  );

  test('agrees with the search on histories of 500 to 1,000 calls', () => {
    const search = new Search();
    const outcomes = { linearizable: 0, impossible: 0, exhausted: 0 };
    fc.assert(
      fc.property(histories(null, 0, 1_000), (calls) => {
        const problem = casRegister().compile(calls);
        const { outcome } = search.run(problem, { budget: 200_000, rules: allRules });
        outcomes[outcome]++;
        if (outcome === 'exhausted') return;
        expect(decideRegister(calls)!.linearizable).toBe(outcome === 'linearizable');
      }),
      { numRuns: numRuns / 100 },
    );
    expect(outcomes.linearizable).toBeGreaterThan(numRuns / 1_000);
    expect(outcomes.impossible).toBeGreaterThan(numRuns / 1_000);
  }, 3_600_000);

  test.each([
    [
      'a value that nobody left',
      `0 invoke write 1
       0 ok write 1
       0 invoke read
       0 ok read 9`,
      [1],
    ],
    [
      'a value read before it was written',
      `0 invoke read
       0 ok read 1
       0 invoke write 1
       0 ok write 1`,
      [0, 1],
    ],
    [
      'two cas from one value, with what shows that the crashed one happened',
      `0 invoke write 1
       0 ok write 1
       1 invoke cas [1,2]
       2 invoke cas [1,3]
       2 ok cas [1,3]
       2 invoke read
       2 ok read 2
       2 invoke read
       2 ok read 2`,
      [0, 1, 2, 3],
    ],
    [
      'cas that each need the other first',
      `0 invoke cas [1,2]
       1 invoke cas [2,1]
       1 ok cas [2,1]
       1 invoke read
       1 ok read 1`,
      [0, 1],
    ],
    [
      'a read of what a cas had replaced',
      `0 invoke write 1
       0 ok write 1
       0 invoke cas [1,2]
       0 ok cas [1,2]
       0 invoke read
       0 ok read 1`,
      [0, 1, 2],
    ],
    [
      'a read of the initial value after a write',
      `0 invoke read
       0 ok read
       0 invoke write 1
       0 ok write 1
       0 invoke read
       0 ok read`,
      [1, 2],
    ],
    [
      'a cas from the initial value after a write, with what shows that it happened though it crashed',
      `0 invoke write 1
       0 ok write 1
       1 invoke cas [null,2]
       0 invoke read
       0 ok read 2`,
      [0, 1, 2],
    ],
    [
      'two writes of which each was read after the other',
      `0 invoke write 1
       1 invoke write 2
       2 invoke read
       2 ok read 1
       2 invoke read
       2 ok read 2
       2 invoke read
       2 ok read 1
       2 invoke read
       2 ok read 2`,
      [0, 1, 2, 3, 4],
    ],
  ])('shows %s', (_, text, core) => {
    expect(decideRegister(callsOf(text))).toEqual({ linearizable: false, core });
  });

  test('shows the contradiction that is known first', () => {
    const stale = (first: number) => `0 invoke write ${first}
      0 ok write ${first}
      0 invoke write ${first + 1}
      0 ok write ${first + 1}
      0 invoke read
      0 ok read ${first}`;
    const text = [stale(1), stale(3), stale(5)].join('\n');
    expect(decideRegister(callsOf(text))).toEqual({ linearizable: false, core: [0, 1, 2] });
  });

  test('a crashed write may happen after any other', () => {
    const text = `0 invoke write 1
      1 invoke write 2
      1 ok write 2
      1 invoke read
      1 ok read 2
      1 invoke read
      1 ok read 1`;
    expect(decideRegister(callsOf(text))).toEqual({ linearizable: true });
  });

  test('cas that crashed and need each other need not have happened', () => {
    const text = `0 invoke cas [1,2]
      1 invoke cas [2,1]
      2 invoke read
      2 ok read`;
    expect(decideRegister(callsOf(text))).toEqual({ linearizable: true });
  });

  test('does not apply to a value left twice that was read, nor to other ops, nor to refused ones', () => {
    const twice = `0 invoke write 1
      0 ok write 1
      0 invoke write 1
      0 ok write 1`;
    expect(decideRegister(callsOf(twice))).toEqual({ linearizable: true });
    expect(decideRegister(callsOf(`${twice}\n0 invoke read\n0 ok read 1`))).toBeUndefined();
    expect(decideRegister(callsOf('0 invoke add 1\n0 ok add 1'))).toBeUndefined();
    expect(decideRegister(callsOf('0 invoke cas 1\n0 ok cas 1'))).toBeUndefined();
    const cas = '0 invoke cas [1,2]\n0 fail cas [1,2]';
    expect(decideRegister(objectsOf(historyOf(cas), true).calls[0]!)).toBeUndefined();
    expect(decideRegister(callsOf('0 invoke cas [null,2]\n0 ok cas [null,2]'), {}, ['read', 'write'])).toBeUndefined();
  });
});

describe('linearizationOfRegister', () => {
  test.each([
    [null, false],
    [7, false],
    [null, true],
  ])(
    'is an order of all calls that say something: initial value %s, a read of nil says nothing: %s',
    (initial, nilReadIsUnknown) => {
      const options = { initial, nilReadIsUnknown };
      const isSilent = ({ f, output }: Calls, call: number): boolean =>
        nilReadIsUnknown && f[call] === 'read' && output[call] === null;
      fc.assert(
        fc.property(histories(initial, 2), (calls) => {
          const order = linearizationOfRegister(calls, options);
          expect(order !== undefined).toBe(decideRegister(calls, options)?.linearizable === true);
          if (order === undefined) return;
          const saying = [...calls.fate.keys()].filter((call) => !isSilent(calls, call));
          const numbers = Array.from(order, (call) => saying.indexOf(call));
          const register = sequentialRegister(initial, nilReadIsUnknown);
          expect(isOrder(selectCalls(calls, saying), register, numbers)).toBe(true);
        }),
        { numRuns: numRuns / 4 },
      );
    },
    3_600_000,
  );
});
