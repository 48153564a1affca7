/**
 * Small histories of transactions on registers, for fast-check: executions one by one in any order, some reading an older state, some with
 * reads changed.
 */
import fc from 'fast-check';
import { History } from '../../../history/history.ts';
import type { Op } from '../../../history/op.ts';
import type { Value } from '../../../history/value.ts';
import type { SmallRegisterOp, SmallRegisterTransaction } from './register-brute-force.ts';

interface Plan {
  readonly process: number;
  readonly fate: 'ok' | 'info' | 'fail';
  /** Whether one that may have happened did. */
  readonly happens: boolean;
  readonly microOps: readonly { readonly key: string; readonly writes: boolean }[];
  /** How many lines of others come between the two of its own, at most. */
  readonly length: number;
  /** When it takes effect. */
  readonly rank: number;
  /** How many states before that it reads. */
  readonly age: number;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  process: fc.nat(2),
  fate: fc.constantFrom('ok', 'ok', 'ok', 'ok', 'ok', 'info', 'fail'),
  happens: fc.boolean(),
  microOps: fc.array(fc.record({ key: fc.constantFrom('x', 'x', 'y'), writes: fc.boolean() }), {
    minLength: 1,
    maxLength: 3,
  }),
  length: fc.nat(3),
  rank: fc.nat(100),
  age: fc.constantFrom(0, 0, 0, 1, 2),
});

/** Most of these may have happened. */
const crashed = plan.map((one): Plan => ({ ...one, fate: one.fate === 'ok' ? 'info' : 'ok' }));

const change = fc.record({ read: fc.nat(8), found: fc.constantFrom(null, 1, 2, 3, 4, 5) });

/** At most so many transactions; see the brute force for what each costs. */
export const smallRegisterTransactions = (max: number): fc.Arbitrary<SmallRegisterTransaction[]> =>
  fc
    .tuple(fc.array(plan, { minLength: 1, maxLength: max }), fc.array(change, { maxLength: 2 }), fc.boolean())
    .map(([plans, changes, isInTime]) => changed(executed(plans, isInTime), changes));

/**
 * Those whose reads tell the order of each key's writes: one transaction wrote it, or all that did had read it before, and it is known whether
 * they happened.
 */
export const registerTransactionsOfKnownOrders = (max: number): fc.Arbitrary<SmallRegisterTransaction[]> =>
  fc
    .tuple(
      fc.array(fc.oneof(plan, crashed), { minLength: 1, maxLength: max }),
      fc.array(change, { maxLength: 2 }),
      fc.subarray(['x', 'y']),
      fc.boolean(),
    )
    .map(([plans, changes, updated, isInTime]) =>
      changed(executed(withKnownOrders(plans, updated), isInTime), changes),
    );

/** Each key is written by one transaction, or by many of which each reads it before: those of `updated`. */
function withKnownOrders(plans: readonly Plan[], updated: readonly string[]): Plan[] {
  const writers = new Map<string, Plan>();
  return plans.map((one) => {
    const seen = new Set<string>();
    const microOps = one.microOps.flatMap(({ key, writes }): Plan['microOps'] => {
      const isFirst = !seen.has(key);
      seen.add(key);
      if (!writes || one.fate === 'fail') return [{ key, writes }];
      if (updated.includes(key)) {
        if (one.fate === 'info') return [{ key, writes: false }];
        return isFirst
          ? [
              { key, writes: false },
              { key, writes },
            ]
          : [{ key, writes }];
      }
      const writer = writers.get(key) ?? one;
      writers.set(key, writer);
      return [{ key, writes: writer === one }];
    });
    return { ...one, microOps };
  });
}

/** Serializable ones, the order of each process or real time broken now and then: reads are stale, but of one state. */
export const serializableRegisterTransactions = (max: number): fc.Arbitrary<SmallRegisterTransaction[]> =>
  fc.array(plan, { minLength: 1, maxLength: max }).map((plans) =>
    executed(
      plans.map((one) => ({ ...one, age: 0 })),
      false,
    ),
  );

function executed(plans: readonly Plan[], isInTime: boolean): SmallRegisterTransaction[] {
  const spans = spansOf(plans);
  let value = 0;
  const given = plans.map(({ microOps }) =>
    microOps.map(({ key, writes }): SmallRegisterOp => ({ key, ...(writes && { written: ++value }) })),
  );
  const results = [...given];
  const states: ReadonlyMap<string, number>[] = [new Map()];
  const rank = (i: number): number => (isInTime ? spans[i]!.invoked + (plans[i]!.rank % 2) : plans[i]!.rank);
  const order = plans.map((_, i) => i).sort((a, b) => rank(a) - rank(b) || a - b);
  for (const i of order) {
    const { fate, happens, age } = plans[i]!;
    if (fate === 'fail' || (fate === 'info' && !happens)) continue;
    const seen = new Map(states.at(-1 - Math.min(age, states.length - 1))!);
    const left = new Map(states.at(-1)!);
    results[i] = given[i]!.map(({ key, written }): SmallRegisterOp => {
      if (written === undefined) return { key, found: seen.get(key) ?? null };
      seen.set(key, written);
      left.set(key, written);
      return { key, written };
    });
    states.push(left);
  }
  return plans.map(({ fate }, i) => ({ fate, ...spans[i]!, microOps: results[i]! }));
}

/** Lines on which each begins and ends, each process doing one thing at a time. */
function spansOf(plans: readonly Plan[]): { process: number; invoked: number; completed: number }[] {
  const events: { plan: number; isEnd: boolean; at: number }[] = [];
  const busyUntil = new Map<number, number>();
  const lives = new Map<number, number>();
  const spans = plans.map(({ process, fate, length }, i) => {
    const from = Math.max(i * 2, busyUntil.get(process) ?? 0);
    const until = from + 1 + length * 2;
    events.push({ plan: i, isEnd: false, at: from }, { plan: i, isEnd: true, at: until });
    busyUntil.set(process, until + 1);
    const life = lives.get(process) ?? 0;
    if (fate === 'info') lives.set(process, life + 1);
    return { process: process + 3 * life, invoked: 0, completed: 0 };
  });
  events.sort((a, b) => a.at - b.at || a.plan - b.plan);
  events.forEach(({ plan: which, isEnd }, line) => {
    spans[which]![isEnd ? 'completed' : 'invoked'] = line;
  });
  return spans;
}

function changed(
  transactions: readonly SmallRegisterTransaction[],
  changes: readonly { readonly read: number; readonly found: number | null }[],
): SmallRegisterTransaction[] {
  return changes.reduce<SmallRegisterTransaction[]>(
    (some, { read, found }) => {
      let seen = 0;
      return some.map((one) => ({
        ...one,
        microOps: one.microOps.map((op) => (op.found === undefined || seen++ !== read ? op : { ...op, found })),
      }));
    },
    [...transactions],
  );
}

/** As a history, in the order of their lines. */
export function historyOfRegisters(transactions: readonly SmallRegisterTransaction[]): History {
  const ops: Omit<Op, 'index'>[] = [];
  for (const { fate, process, invoked, completed, microOps } of transactions) {
    const asked = microOps.map(
      ({ key, written }): Value => (written === undefined ? ['r', key, null] : ['w', key, written]),
    );
    const done = microOps.map(
      ({ key, written, found }): Value => (written === undefined ? ['r', key, found ?? null] : ['w', key, written]),
    );
    ops[invoked] = { time: invoked, process, type: 'invoke', f: 'txn', value: asked };
    ops[completed] = { time: completed, process, type: fate, f: 'txn', value: fate === 'ok' ? done : asked };
  }
  return History.from(ops.map((op, index) => ({ ...op, index })));
}
