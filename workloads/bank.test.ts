import { expect, test } from 'vitest';
import type { Transfer } from '../protocol/services/bank.ts';
import { bankAccounts } from '../protocol/services/bank.ts';
import { ask, invocations, probed } from './testing/imagined.ts';

test('half are reads, half transfers of 1 to 5 between different accounts', () => {
  const load = invocations(ask('bank', { ops: 4000 }).load);
  const transfers = load.filter(({ f }) => f === 'transfer').map(({ value }) => value as unknown as Transfer);
  expect(transfers.length / load.length).toBeCloseTo(0.5, 1);
  expect(transfers.every(({ from, to }) => from !== to)).toBe(true);
  const all = (field: keyof Transfer) => [...new Set(transfers.map((each) => each[field] as number))].sort();
  const accounts = Array.from({ length: bankAccounts }, (_, account) => account);
  expect([all('from'), all('to'), all('amount')]).toEqual([accounts, accounts, [1, 2, 3, 4, 5]]);
});

test('at last every client reads', () => {
  expect(invocations(ask('bank').final).map(({ f, process }) => `${f} ${process}`)).toHaveLength(10);
});

test('the transfers of the probes move nothing', () => {
  const [transfers] = probed('bank', 5);
  expect(transfers!.map(({ value }) => (value as unknown as Transfer).amount)).toEqual([0, 0, 0, 0, 0]);
});
