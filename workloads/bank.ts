/**
 * Money transferred between accounts, and reads of all balances, as Jepsen's tests/bank.clj has them: half transfers of 1 to 5
 * between two different accounts, half reads.
 */
import { bank } from '../checkers/classic/bank.ts';
import { each, eachThread, once } from '../harness/combinators.ts';
import type { Context, OpDraft } from '../harness/generator.ts';
import type { Workload } from '../harness/test.ts';
import { bankAccounts, bankTotal } from '../protocol/services/bank.ts';
import { stream } from './run-memory.ts';

const amountMax = 5;

const read: OpDraft = { f: 'read', value: null };

function transfer(context: Context): OpDraft {
  const random = context.stream(stream);
  const from = random.below(bankAccounts);
  const to = (from + random.between(1, bankAccounts - 1)) % bankAccounts;
  return { f: 'transfer', value: { from, to, amount: random.between(1, amountMax) } };
}

const accounts = Array.from({ length: bankAccounts }, (_, account) => account);

export const bankWorkload: Workload = {
  name: 'bank',
  summary:
    'Transfers between accounts, and reads of all balances; the total must always be the same, and none negative.',
  service: 'bank',
  create() {
    return {
      generator: each((context) => (context.stream(stream).chance(1, 2) ? transfer(context) : read)),
      probes: [
        // Of nothing, so that it never fails for want of money.
        { f: 'transfer', generator: each(() => ({ f: 'transfer', value: { from: 0, to: 1, amount: 0 } })) },
        { f: 'read', generator: each(() => read) },
      ],
      finalReads: eachThread(once(read)),
      checkers: [bank({ accounts, total: bankTotal, negativeBalances: false })],
    };
  },
};
