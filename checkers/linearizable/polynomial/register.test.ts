import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { selectCalls } from '../calls.ts';
import { decideRegister, linearizationOfRegister } from './register.ts';
import { hasOrder, isOrder } from './testing/all-orders.ts';
import { recordedHistories } from './testing/recorded.ts';
import { playedRegister, sequentialRegister } from './testing/register-played.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 10_000);

const mixes = [
  ['read', 'write'],
  ['read', 'write', 'cas'],
  ['read', 'read', 'cas', 'cas', 'write'],
  ['read', 'cas'],
];

describe('decideRegister', () => {
  test.each([
    [null, false, 0],
    [null, false, 3],
    [7, false, 0],
    [null, true, 1],
  ])('agrees with all orders: initial value %s, nil unknown %s, repeated values %s of 32', (initial, nilReadIsUnknown, repeats) => {
    const histories = recordedHistories((draw) => playedRegister(mixes[draw(mixes.length)]!, initial, repeats), 10);
    const register = sequentialRegister(initial, nilReadIsUnknown);
    const options = { initial, nilReadIsUnknown };
    const tally = { true: 0, false: 0, undefined: 0 };
    const cores:number[] = [];
    fc.assert(
      fc.property(histories, (calls) => {
        const decision = decideRegister(calls, options);
        tally[`${decision?.linearizable}`]++;
        if (decision === undefined) return;
        expect(decision.linearizable).toBe(hasOrder(calls, register));
        if (decision.linearizable) {
          const order = linearizationOfRegister(calls, options)!;
          const saidNothing = [...calls.fate.keys()].filter((call) => nilReadIsUnknown && calls.f[call] === 'read' && calls.output[call] === null);
          const judged = selectCalls(calls, [...calls.fate.keys()].filter((call) => !saidNothing.includes(call)));
          const renumbered = new Map([...calls.fate.keys()].filter((call) => !saidNothing.includes(call)).map((call, index)=>[call,index]));
          expect(isOrder(judged, register, [...order].map((call) => renumbered.get(call)!))).toBe(true);
          return;
        }
        cores[decision.core.length] =(cores[decision.core.length] ??0)+ 1;
        expect(hasOrder(selectCalls(calls, decision.core), register)).toBe(false);
      }),
      { numRuns },
    );
    console.log(tally, cores);
  }, 3_600_000);
});
