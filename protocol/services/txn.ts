/**
 * Transactions: Maelstrom's txn, as its workloads txn-list-append and txn-rw-register have it. A transaction is a list of
 * micro-ops: `["r", key, null]`, `["append", key, element]`, and `["w", key, value]`.
 *
 * @see https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-txn-list-append
 */
import type { Body, Json } from '../message.ts';
import type { Service } from '../service.ts';
import { failure } from './errors.ts';

export type MicroOp = readonly [f: string, key: Json, value: Json];

export interface TxnBody extends Body {
  readonly type: 'txn';
  readonly txn: readonly MicroOp[];
}

export interface TxnOkBody extends Body {
  readonly type: 'txn_ok';
  readonly txn: readonly MicroOp[];
}

export const txn: Service = {
  name: 'txn',
  summary: 'Transactions of reads, writes, and appends to lists, under keys.',
  rpcs: [
    {
      request: '{"type": "txn", "txn": [["r", k, null], ["append", k, v], ["w", k, v]]}',
      reply: '{"type": "txn_ok", "txn": [["r", k, [v]], ["append", k, v], ["w", k, v]]}',
      summary:
        'Carries the micro-ops out in order, all or none, and answers with what the reads found: null where nothing was written. Errors 14 and 30 where the transaction was aborted.',
    },
  ],
  isRead: () => false,
  request(op, msgId): TxnBody {
    if (op.f !== 'txn') throw new RangeError(`the txn service has txn, not ${op.f}`);
    return { type: 'txn', txn: op.value as readonly MicroOp[], msg_id: msgId };
  },
  outcome(op, reply) {
    const asked = op.value as readonly MicroOp[];
    if (reply.type === 'txn_ok') {
      const { txn: done } = reply as Partial<TxnOkBody>;
      if (Array.isArray(done) && done.length === asked.length && done.every(answers(asked))) {
        return { type: 'ok', value: done };
      }
    }
    const readOnly = asked.every(([f]) => f === 'r');
    return failure(op, reply, readOnly, 'txn_ok with the micro-ops that were asked for or an error');
  },
};

/** Whether a micro-op is what was asked for at its place, with a value. */
const answers =
  (asked: readonly MicroOp[]) =>
  (microOp: unknown, place: number): boolean =>
    Array.isArray(microOp) && microOp.length === 3 && microOp[0] === asked[place]?.[0];
