/**
 * Consensus: under each key is an object for which values are proposed, of which it decides one, for good. Who proposes
 * learns what is decided, its own value or another; who only wants to learn it proposes nothing.
 */
import type { Body, Json } from '../message.ts';
import type { Service } from '../service.ts';
import { failure } from './errors.ts';

interface ProposeBody extends Body {
  readonly type: 'propose';
  readonly key: Json;
  readonly value: Json;
}

interface LearnBody extends Body {
  readonly type: 'learn';
  readonly key: Json;
}

export const consensus: Service = {
  name: 'consensus',
  summary: 'One decision per key, on one of the values that are proposed.',
  rpcs: [
    {
      request: '{"type": "propose", "key": k, "value": v}',
      reply: '{"type": "propose_ok", "value": w}',
      summary:
        'Proposes a value, anything but null, and gives the one that is decided: this one, or another that was proposed. An error that is definite says that this value is not decided, and will not be.',
    },
    {
      request: '{"type": "learn", "key": k}',
      reply: '{"type": "learn_ok", "value": w}',
      summary: 'The value that is decided; null where none was when the request was sent.',
    },
  ],
  isRead: (f) => f === 'learn',
  request(op, msgId) {
    const key = op.key as Json;
    if (op.f === 'learn') {
      const body: LearnBody = { type: 'learn', key, msg_id: msgId };
      return body;
    }
    if (op.f !== 'propose') throw new RangeError(`the consensus service has propose and learn, not ${op.f}`);
    const body: ProposeBody = { type: 'propose', key, value: op.value as Json, msg_id: msgId };
    return body;
  },
  outcome(op, reply) {
    const { value } = reply as { readonly value?: Json };
    if (op.f === 'propose') {
      if (reply.type === 'propose_ok' && value !== undefined && value !== null) {
        return { type: 'ok', value: { proposed: op.value, decided: value } };
      }
      return failure(op, reply, false, 'propose_ok with a value or an error');
    }
    if (reply.type === 'learn_ok' && value !== undefined) return { type: 'ok', value };
    return failure(op, reply, true, 'learn_ok with a value or null, or an error');
  },
};
