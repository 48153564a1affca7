/**
 * Sets: elements are added, and all are read. Maelstrom's g-set, with a key where there are several sets.
 *
 * @see https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-g-set
 */
import type { Body, Json } from '../message.ts';
import type { Service } from '../service.ts';
import { failure } from './errors.ts';
import { onKey } from './keyed.ts';

export interface AddElementBody extends Body {
  readonly type: 'add';
  readonly key?: Json;
  readonly element: Json;
}

export const set: Service = {
  name: 'set',
  summary: 'Sets to which elements are added: one, or one under each key. Maelstrom calls it g-set.',
  rpcs: [
    {
      request: '{"type": "add", "element": v}',
      reply: '{"type": "add_ok"}',
      summary: 'Adds an element, a string or a number. The op that asks for it is add, or write. The key is optional.',
    },
    {
      request: '{"type": "read"}',
      reply: '{"type": "read_ok", "value": [v]}',
      summary: 'All elements. The key is optional.',
    },
  ],
  isRead: (f) => f === 'read',
  request(op, msgId) {
    if (op.f === 'read') return onKey(op, { type: 'read', msg_id: msgId });
    if (op.f !== 'add' && op.f !== 'write')
      throw new RangeError(`the set service has add, write, and read, not ${op.f}`);
    const body: AddElementBody = { type: 'add', element: op.value as Json, msg_id: msgId };
    return onKey(op, body);
  },
  outcome(op, reply) {
    if (op.f !== 'read') {
      if (reply.type === 'add_ok') return { type: 'ok', value: op.value };
      return failure(op, reply, false, 'add_ok or an error');
    }
    if (reply.type === 'read_ok') {
      const { value } = reply as { readonly value?: Json };
      if (Array.isArray(value)) return { type: 'ok', value };
    }
    return failure(op, reply, true, 'read_ok with a list of elements or an error');
  },
};
