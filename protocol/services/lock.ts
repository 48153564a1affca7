/** Locks under keys: one client at a time holds each, with a fencing token that is greater for each new holder. */
import type { Body, Json } from '../message.ts';
import type { Service, ServiceOp } from '../service.ts';
import { failure } from './errors.ts';

export interface LockBody extends Body {
  readonly type: 'acquire' | 'release';
  readonly key: Json;
  /** Who holds the lock, or is to hold it: connections come and go. */
  readonly client: Json;
}

const clientOf = ({ value }: ServiceOp): Json => (value as { readonly client: Json }).client;

export const lock: Service = {
  name: 'lock',
  summary: 'A lock per key, held by one client at a time, with fencing tokens.',
  rpcs: [
    {
      request: '{"type": "acquire", "key": k, "client": c}',
      reply: '{"type": "acquire_ok", "token": n}',
      summary:
        'Gives the client a lock that is free, with a token greater than all before. Error 22 where another client holds it, 21 where this one does.',
    },
    {
      request: '{"type": "release", "key": k, "client": c}',
      reply: '{"type": "release_ok"}',
      summary: 'Frees a lock. Error 22 where the client does not hold it.',
    },
  ],
  isRead: () => false,
  request(op, msgId): LockBody {
    const { f, key } = op;
    if (f !== 'acquire' && f !== 'release') {
      throw new RangeError(`the lock service has acquire and release, not ${f}`);
    }
    return { type: f, key: key as Json, client: clientOf(op), msg_id: msgId };
  },
  outcome(op, reply) {
    if (op.f === 'release') {
      if (reply.type === 'release_ok') return { type: 'ok', value: op.value };
      return failure(op, reply, false, 'release_ok or an error');
    }
    if (reply.type === 'acquire_ok') {
      const { token } = reply as { readonly token?: Json };
      if (Number.isInteger(token)) return { type: 'ok', value: { client: clientOf(op), token } };
    }
    return failure(op, reply, false, 'acquire_ok with a token, a whole number, or an error');
  },
};
