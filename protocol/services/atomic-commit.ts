/**
 * Atomic commitment: a client asks for a transaction on which all nodes vote, and asks a node how it has voted and what was decided. The
 * transaction is the key of the op.
 */
import type { Body, Json } from '../message.ts';
import type { Service } from '../service.ts';
import { failure } from './errors.ts';

export interface TransactBody extends Body {
  readonly type: 'transact';
  readonly txn: Json;
  /** The nodes that are to vote no. */
  readonly against: readonly string[];
}

export interface InspectBody extends Body {
  readonly type: 'inspect';
  readonly txn: Json;
}

export const atomicCommit: Service = {
  name: 'atomic-commit',
  summary: 'Transactions on which all nodes vote: each is committed by all or by none.',
  rpcs: [
    {
      request: '{"type": "transact", "txn": t, "against": ["n2"]}',
      reply: '{"type": "transact_ok"}',
      summary:
        'Begins the transaction t, a number or a string that no other has. It is committed if all nodes vote yes; those in `against` vote no. Error 14 where it was aborted, 11 where it was aborted because a node did not answer.',
    },
    {
      request: '{"type": "inspect", "txn": t}',
      reply: '{"type": "inspect_ok", "vote": "yes", "decision": "commit"}',
      summary:
        'What this node knows of the transaction: its own vote, yes or no, and the decision, commit or abort; null for what is not known.',
    },
  ],
  isRead: (f) => f === 'inspect',
  request(op, msgId) {
    const txn = op.key as Json;
    if (op.f === 'inspect') {
      const body: InspectBody = { type: 'inspect', txn, msg_id: msgId };
      return body;
    }
    if (op.f !== 'transact') throw new RangeError(`the atomic-commit service has transact and inspect, not ${op.f}`);
    const body: TransactBody = { type: 'transact', txn, against: op.value as readonly string[], msg_id: msgId };
    return body;
  },
  outcome(op, reply) {
    if (op.f === 'transact') {
      if (reply.type === 'transact_ok') return { type: 'ok', value: op.value };
      return failure(op, reply, false, 'transact_ok or an error');
    }
    const { vote, decision } = reply as { readonly vote?: Json; readonly decision?: Json };
    if (reply.type === 'inspect_ok' && vote !== undefined && decision !== undefined) {
      return { type: 'ok', value: { vote, decision } };
    }
    return failure(op, reply, true, 'inspect_ok with vote and decision, or an error');
  },
};
