/**
 * Ids, none of which is given twice.
 *
 * @see https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-unique-ids
 */
import type { Json } from '../message.ts';
import type { Service } from '../service.ts';
import { failure } from './errors.ts';

export const uniqueIds: Service = {
  name: 'unique-ids',
  summary: 'Ids, none of which is given twice.',
  rpcs: [
    {
      request: '{"type": "generate"}',
      reply: '{"type": "generate_ok", "id": v}',
      summary: 'A new id, of any kind.',
    },
  ],
  isRead: () => false,
  request(op, msgId) {
    if (op.f !== 'generate') throw new RangeError(`the unique-ids service has generate, not ${op.f}`);
    return { type: 'generate', msg_id: msgId };
  },
  outcome(op, reply) {
    if (reply.type === 'generate_ok') {
      const { id } = reply as { readonly id?: Json };
      if (id !== undefined && id !== null) return { type: 'ok', value: id };
    }
    return failure(op, reply, false, 'generate_ok with an id or an error');
  },
};
