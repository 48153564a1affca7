import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Value } from '../../history/value.ts';
import { type Calls, CRASHED } from './calls.ts';
import { judge } from './judge.ts';
import { casRegister } from './models/register.ts';
import { Search } from './search.ts';
import { applyCall, isLinearizable } from './testing/permutations.ts';
import { anySmallHistory } from './testing/small-histories.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 5_000);
const search = new Search();
const model = casRegister();
const bySearch = { ...model, decide: () => undefined };
const withoutOrder = { ...model, decide: (calls: Calls) => withoutItsOrder(model.decide?.(calls)) };

const withoutItsOrder = <D extends { readonly linearizable: boolean } | undefined>(decision: D) =>
  decision?.linearizable === true
    ? ({ linearizable: true } as const)
    : (decision as Exclude<D, { linearizable: true }>);

/** What is wrong with the order, or nothing. */
function flawOf(calls: Calls, order: readonly number[]): string | undefined {
  if (new Set(order).size !== order.length) return 'a call is there twice';
  const placeOf = new Map(order.map((call, place) => [call, place]));
  const at = (event: number): number => calls.events.indexOf(event);
  for (let call = 0; call < calls.length; call++) {
    if (calls.fate[call] !== CRASHED && !placeOf.has(call)) return `call ${call} is missing`;
  }
  for (const [place, call] of order.entries()) {
    const early = order.slice(place + 1).find((later) => at(later * 2 + 1) >= 0 && at(later * 2 + 1) < at(call * 2));
    if (early !== undefined) return `call ${early} comes after ${call}, which began when it was over`;
  }
  let state: Value = null;
  for (const call of order) {
    const next = applyCall(calls, call, state);
    if (next === undefined) return `call ${call} is not possible`;
    state = next;
  }
  return undefined;
}

test.each([
  ['by the chains of values', model],
  ['by search', bySearch],
  ['by search for what was decided without', withoutOrder],
])(
  'the order of a linearizable history is one, %s',
  (_, by) => {
    let shown = 0;
    fc.assert(
      fc.property(anySmallHistory, (calls) => {
        const judged = judge(search, by, calls, 1_000_000);
        expect(judged.outcome).toBe(isLinearizable(calls) ? 'linearizable' : 'impossible');
        if (judged.outcome !== 'linearizable') return;
        const order = judged.order?.(search);
        if (order === undefined) expect.fail('there is no order');
        shown++;
        expect(flawOf(calls, Array.from(order))).toBe(undefined);
      }),
      { numRuns },
    );
    expect(shown).toBeGreaterThan(numRuns / 10);
  },
  600_000,
);

test('what cannot be decided says what was lacking', () => {
  const reads = (values: readonly number[]): [number, string, Value, Value][] =>
    values.map((value, i) => [i, 'read', null, value]);
  const crashed = Array.from({ length: 12 }, (_, i): [number, string, Value, Value] => [
    i,
    'cas',
    [i % 3, (i + 1) % 3],
    null,
  ]);
  const columns = [...crashed, ...reads([0, 1, 2, 1, 0, 2, 1])];
  const events = columns.flatMap((_, call) => (call < crashed.length ? [call * 2] : [call * 2, call * 2 + 1]));
  const calls: Calls = {
    length: columns.length,
    invocation: Int32Array.from(columns.keys()),
    completion: Int32Array.from(columns.keys()),
    fate: Uint8Array.from(columns, (_, call) => (call < crashed.length ? CRASHED : 0)),
    process: Int32Array.from(columns.keys()),
    f: columns.map(([, f]) => f),
    input: columns.map(([, , input]) => input),
    output: columns.map(([, , , output]) => output),
    events: Int32Array.from(events),
  };
  const from0 = { ...casRegister({ initial: 0 }), decide: () => undefined };
  expect(judge(search, from0, calls, 2)).toMatchObject({
    outcome: 'undecided',
    limit: 'the budget of 2 configurations is spent',
  });
  expect(judge(search, from0, calls, 1_000_000).outcome).toBe('linearizable');
});
