/** A bank: money is transferred between accounts, and all balances are read at once, as Jepsen's tests/bank.clj has it. */
import type { Body, Json } from '../message.ts';
import type { Service } from '../service.ts';
import { failure } from './errors.ts';

/** The accounts there are, numbered from 0. */
export const bankAccounts = 8;

/** What all accounts together hold, at any time. At first it is spread evenly, the first accounts having what is left over. */
export const bankTotal = 100;

export type Transfer = { readonly from: Json; readonly to: Json; readonly amount: number };

export interface TransferBody extends Body, Transfer {
  readonly type: 'transfer';
}

export const bank: Service = {
  name: 'bank',
  summary: `Money on ${bankAccounts} accounts, transferred between them: in all always ${bankTotal}.`,
  rpcs: [
    {
      request: '{"type": "transfer", "from": a, "to": b, "amount": n}',
      reply: '{"type": "transfer_ok"}',
      summary: 'Moves money. Error 20 where there is no such account, 22 where the first has too little.',
    },
    {
      request: '{"type": "read"}',
      reply: '{"type": "read_ok", "value": {"0": n, "1": m}}',
      summary: 'The balances of all accounts.',
    },
  ],
  isRead: (f) => f === 'read',
  request(op, msgId) {
    if (op.f === 'read') return { type: 'read', msg_id: msgId };
    if (op.f !== 'transfer') throw new RangeError(`the bank service has transfer and read, not ${op.f}`);
    const { from, to, amount } = op.value as Transfer;
    const body: TransferBody = { type: 'transfer', from, to, amount, msg_id: msgId };
    return body;
  },
  outcome(op, reply) {
    if (op.f === 'transfer') {
      if (reply.type === 'transfer_ok') return { type: 'ok', value: op.value };
      return failure(op, reply, false, 'transfer_ok or an error');
    }
    if (reply.type === 'read_ok') {
      const { value } = reply as { readonly value?: Json };
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { type: 'ok', value };
    }
    return failure(op, reply, true, 'read_ok with the balances by account or an error');
  },
};
