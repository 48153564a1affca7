/** Accounts with balances: `transfer {from, to, amount}` and `read` of all. No balance becomes negative. */
import type { Json } from '../../protocol/message.ts';
import { bankAccounts, bankTotal } from '../../protocol/services/bank.ts';
import { errorReply, type StateMachine } from './machine.ts';
import { classifierOf, isScalar, isWhole } from './requests.ts';

/** By account: JSON has no numbers as names, so that 0 and "0" are one account. */
type Balances = Map<string, number>;

function opened(): Balances {
  const each = Math.floor(bankTotal / bankAccounts);
  const extra = bankTotal % bankAccounts;
  return new Map(Array.from({ length: bankAccounts }, (_, i) => [String(i), i < extra ? each + 1 : each]));
}

export const bankMachine: StateMachine<Balances> = {
  name: 'bank',
  init: opened,
  classify: classifierOf({
    transfer: {
      kind: 'command',
      fields: { from: isScalar, to: isScalar, amount: (value) => isWhole(value) && value >= 0 },
      needs: 'from, to, and amount, a whole number from 0 up',
    },
    read: { kind: 'query', fields: {} },
  }),
  apply(balances, { from, to, amount }) {
    const [giver, taker] = [String(from), String(to)];
    const has = balances.get(giver);
    if (has === undefined || !balances.has(taker)) {
      return errorReply('keyDoesNotExist', `there is no account ${has === undefined ? giver : taker}`);
    }
    const moved = amount as number;
    if (has < moved) return errorReply('preconditionFailed', `account ${giver} has ${has}, less than ${moved}`);
    balances.set(giver, has - moved);
    balances.set(taker, balances.get(taker)! + moved);
    return { type: 'transfer_ok' };
  },
  query: (balances) => ({ type: 'read_ok', value: Object.fromEntries(balances) }),
  snapshot: (balances) => [...balances] as Json,
  restore: (snapshot) => new Map(snapshot as readonly (readonly [string, number])[]),
};
