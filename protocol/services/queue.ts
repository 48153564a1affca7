/** A queue: elements are enqueued, and dequeued in the same order. */
import type { Body, Json } from '../message.ts';
import type { Service } from '../service.ts';
import { failure } from './errors.ts';

export interface EnqueueBody extends Body {
  readonly type: 'enqueue';
  readonly value: Json;
}

export const queue: Service = {
  name: 'queue',
  summary: 'A queue: what was enqueued first is dequeued first.',
  rpcs: [
    {
      request: '{"type": "enqueue", "value": v}',
      reply: '{"type": "enqueue_ok"}',
      summary: 'Puts an element, anything but null, at the end.',
    },
    {
      request: '{"type": "dequeue"}',
      reply: '{"type": "dequeue_ok", "value": v}',
      summary: 'Takes the first element away; null where there is none.',
    },
  ],
  isRead: () => false,
  request(op, msgId) {
    if (op.f === 'dequeue') return { type: 'dequeue', msg_id: msgId };
    if (op.f !== 'enqueue') throw new RangeError(`the queue service has enqueue and dequeue, not ${op.f}`);
    const body: EnqueueBody = { type: 'enqueue', value: op.value as Json, msg_id: msgId };
    return body;
  },
  outcome(op, reply) {
    if (op.f === 'enqueue') {
      if (reply.type === 'enqueue_ok') return { type: 'ok', value: op.value };
      return failure(op, reply, false, 'enqueue_ok or an error');
    }
    if (reply.type === 'dequeue_ok') {
      const { value } = reply as { readonly value?: Json };
      if (value !== undefined) return { type: 'ok', value };
    }
    return failure(op, reply, false, 'dequeue_ok with an element or null, or an error');
  },
};
