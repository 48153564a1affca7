/**
 * Counters: numbers are added, and the sum is read. Maelstrom's g-counter and pn-counter, with a key where there are several.
 *
 * @see https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-pn-counter
 */
import type { Body, Json } from '../message.ts';
import type { Service } from '../service.ts';
import { failure } from './errors.ts';
import { onKey } from './keyed.ts';

export interface AddDeltaBody extends Body {
  readonly type: 'add';
  readonly key?: Json;
  readonly delta: Json;
}

export const counter: Service = {
  name: 'counter',
  summary: 'Counters to which numbers are added: one, or one under each key. Maelstrom calls it pn-counter.',
  rpcs: [
    {
      request: '{"type": "add", "delta": n}',
      reply: '{"type": "add_ok"}',
      summary: 'Adds a whole number, which may be negative. The key is optional.',
    },
    {
      request: '{"type": "read"}',
      reply: '{"type": "read_ok", "value": n}',
      summary: 'The sum: 0 where nothing was added. The key is optional.',
    },
  ],
  isRead: (f) => f === 'read',
  request(op, msgId) {
    if (op.f === 'read') return onKey(op, { type: 'read', msg_id: msgId });
    if (op.f !== 'add') throw new RangeError(`the counter service has add and read, not ${op.f}`);
    const body: AddDeltaBody = { type: 'add', delta: op.value as Json, msg_id: msgId };
    return onKey(op, body);
  },
  outcome(op, reply) {
    if (op.f === 'add') {
      if (reply.type === 'add_ok') return { type: 'ok', value: op.value };
      return failure(op, reply, false, 'add_ok or an error');
    }
    if (reply.type === 'read_ok') {
      const { value } = reply as { readonly value?: Json };
      if (Number.isInteger(value)) return { type: 'ok', value };
    }
    return failure(op, reply, true, 'read_ok with a whole number or an error');
  },
};
