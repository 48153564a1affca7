import { expect, test } from 'vitest';
import type { Op } from '../history/op.ts';
import type { Value } from '../history/value.ts';
import { ask, invocations, probed } from './testing/imagined.ts';

const clientOf = ({ value }: Op): string => (value as { readonly client: string }).client;

/**
 * Locks as they should be. Every `crashEvery`-th op crashes: it takes effect `lateness` ops later, or at once, if it can.
 */
function locks(crashEvery: number, lateness: number) {
  const holders = new Map<Value, string>();
  const late: { readonly op: Op; readonly due: number }[] = [];
  let count = 0;
  let token = 0;
  const take = (op: Op): boolean => {
    const key = op.key ?? null;
    const holder = holders.get(key);
    if (op.f === 'acquire' ? holder !== undefined : holder !== clientOf(op)) return false;
    if (op.f === 'acquire') holders.set(key, clientOf(op));
    else holders.delete(key);
    return true;
  };
  return (op: Op) => {
    count++;
    for (const each of late.filter(({ due }) => due === count)) take(each.op);
    if (count % crashEvery === 0) {
      late.push({ op, due: count + lateness });
      return { type: 'info' } as const;
    }
    if (!take(op)) return { type: 'fail' } as const;
    return { type: 'ok', value: { client: clientOf(op), token: ++token } } as const;
  };
}

test('each client acquires and releases in turn', () => {
  const { load } = ask('lock', { respond: locks(Number.POSITIVE_INFINITY, 0) });
  const holds = new Map<string, boolean>();
  for (const op of load) {
    const who = `${op.key} ${clientOf(op)}`;
    if (op.type === 'invoke') expect(op.f).toBe(holds.get(who) === true ? 'release' : 'acquire');
    if (op.type === 'ok') holds.set(who, op.f === 'acquire');
  }
  expect(load.filter(({ type, f }) => type === 'ok' && f === 'release').length).toBeGreaterThan(100);
});

test('after a crash the client lets go until it is known to hold nothing, and never acquires again', () => {
  for (const lateness of [1, 7, 40]) {
    const { load } = ask('lock', { respond: locks(9, lateness) });
    const crashed = new Set<string>();
    const threads = new Map<string, number>();
    for (const op of load) {
      const who = `${op.key} ${clientOf(op)}`;
      const thread = (op.process as number) % 10;
      expect(threads.get(who) ?? thread).toBe(thread);
      threads.set(who, thread);
      if (op.type === 'invoke' && op.f === 'acquire') expect(crashed).not.toContain(who);
      if (op.type === 'info') crashed.add(who);
    }
    expect(crashed.size).toBeGreaterThan(20);
  }
});

test('a lock that a crashed acquire took late is rescued', () => {
  const { load } = ask('lock', { respond: locks(23, 7), ops: 4000 });
  const acquired = new Map<Value, number>();
  for (const { key = null } of load) acquired.set(key, acquired.get(key) ?? 0);
  for (const { key = null, f, type } of load) {
    if (f === 'acquire' && type === 'ok') acquired.set(key, acquired.get(key)! + 1);
  }
  // The last keys have only begun.
  for (const count of [...acquired.values()].slice(0, -2)) expect(count).toBeGreaterThan(10);
});

test('each probe acquires a lock of its own', () => {
  const [ops] = probed('lock', 20);
  expect(new Set(ops!.map(({ key }) => key)).size).toBe(20);
  expect(ops!.every(({ f }) => f === 'acquire')).toBe(true);
  const { load } = ask('lock');
  expect(invocations(load).some(({ key }) => typeof key === 'string')).toBe(false);
});
