/** Small histories of transactions on lists, for fast-check: executions one by one, some of them with reads changed. */
import fc from 'fast-check';
import { History } from '../../../history/history.ts';
import type { Op } from '../../../history/op.ts';
import type { Value } from '../../../history/value.ts';
import type { SmallMicroOp, SmallTransaction } from './brute-force.ts';

interface Plan {
  readonly process: number;
  readonly fate: 'ok' | 'info' | 'fail';
  /** Whether one that may have happened did. */
  readonly happens: boolean;
  readonly microOps: readonly { readonly key: string; readonly appends: boolean }[];
  /** How many lines of others come between the two of its own, at most. */
  readonly length: number;
  /** When it takes effect. */
  readonly rank: number;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  process: fc.nat(2),
  fate: fc.constantFrom('ok', 'ok', 'ok', 'ok', 'info', 'fail'),
  happens: fc.boolean(),
  microOps: fc.array(fc.record({ key: fc.constantFrom('x', 'x', 'y'), appends: fc.boolean() }), {
    minLength: 1,
    maxLength: 3,
  }),
  length: fc.nat(3),
  rank: fc.nat(100),
});

const change = fc.record({
  read: fc.nat(8),
  kind: fc.constantFrom('drop', 'drop', 'swap', 'add', 'take'),
  by: fc.nat(8),
});

/** At most so many transactions; see the brute force for what each costs. */
export const smallTransactions = (max: number): fc.Arbitrary<SmallTransaction[]> =>
  fc
    .tuple(fc.array(plan, { minLength: 1, maxLength: max }), fc.array(change, { maxLength: 2 }))
    .map(([plans, changes]) => mutated(executed(plans), changes));

function executed(plans: readonly Plan[]): SmallTransaction[] {
  const spans = spansOf(plans);
  let element = 0;
  const given = plans.map(({ microOps }) =>
    microOps.map(({ key, appends }) => ({ key, ...(appends && { element: ++element }) })),
  );
  const lists = new Map<string, number[]>();
  const results: SmallMicroOp[][] = given.map((microOps) => microOps);
  const order = plans.map((_, i) => i).sort((a, b) => plans[a]!.rank - plans[b]!.rank || a - b);
  for (const i of order) {
    const { fate, happens } = plans[i]!;
    if (fate === 'fail' || (fate === 'info' && !happens)) continue;
    results[i] = given[i]!.map(({ key, element: own }): SmallMicroOp => {
      const list = lists.get(key) ?? [];
      if (own === undefined) return { key, found: [...list] };
      lists.set(key, [...list, own]);
      return { key, element: own };
    });
  }
  return plans.map(({ fate }, i) => ({ fate, ...spans[i]!, microOps: results[i]! }));
}

/** Lines on which each begins and ends, each process doing one thing at a time. */
function spansOf(plans: readonly Plan[]): { process: number; invoked: number; completed: number }[] {
  const events: { plan: number; isEnd: boolean; at: number }[] = [];
  const busyUntil = new Map<number, number>();
  const incarnation = new Map<number, number>();
  const processes = plans.map(({ process, fate, length }, i) => {
    const from = Math.max(i * 2, busyUntil.get(process) ?? 0);
    events.push({ plan: i, isEnd: false, at: from }, { plan: i, isEnd: true, at: from + 1 + length * 2 });
    busyUntil.set(process, from + 2 + length * 2);
    const own = process + 3 * (incarnation.get(process) ?? 0);
    if (fate === 'info') incarnation.set(process, (incarnation.get(process) ?? 0) + 1);
    return own;
  });
  events.sort((a, b) => a.at - b.at || a.plan - b.plan);
  const spans = processes.map((process) => ({ process, invoked: 0, completed: 0 }));
  events.forEach(({ plan: which, isEnd }, line) => {
    spans[which]![isEnd ? 'completed' : 'invoked'] = line;
  });
  return spans;
}

interface Change {
  readonly read: number;
  readonly kind: string;
  readonly by: number;
}

function mutated(transactions: readonly SmallTransaction[], changes: readonly Change[]): SmallTransaction[] {
  let result = [...transactions];
  for (const { read, kind, by } of changes) {
    let seen = 0;
    result = result.map((one) => ({
      ...one,
      microOps: one.microOps.map((microOp) => {
        if (microOp.found === undefined || seen++ !== read) return microOp;
        return { ...microOp, found: changed(microOp.found, kind, by) };
      }),
    }));
  }
  return result;
}

function changed(found: readonly number[], kind: string, by: number): number[] {
  switch (kind) {
    case 'drop':
      return found.slice(0, -1);
    case 'swap':
      return [...found].reverse();
    case 'take':
      return found.filter((_, i) => i !== by % found.length);
    default:
      return [...found, by];
  }
}

/** As a history, in the order of their lines. */
export function historyOfTransactions(transactions: readonly SmallTransaction[]): History {
  const ops: Omit<Op, 'index'>[] = [];
  for (const { fate, process, invoked, completed, microOps } of transactions) {
    const asked = microOps.map(
      ({ key, element }): Value => (element === undefined ? ['r', key, null] : ['append', key, element]),
    );
    const done = microOps.map(({ key, element, found }): Value => {
      return element === undefined ? ['r', key, found ?? null] : ['append', key, element];
    });
    ops[invoked] = { time: invoked, process, type: 'invoke', f: 'txn', value: asked };
    ops[completed] = { time: completed, process, type: fate, f: 'txn', value: fate === 'ok' ? done : asked };
  }
  return History.from(ops.map((op, index) => ({ ...op, index })));
}
