/**
 * Registers by key: Maelstrom's lin-kv.
 *
 * @see https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-lin-kv
 */
import { type Body, errorCodes, type Json } from '../message.ts';
import type { Outcome, Service, ServiceOp } from '../service.ts';
import { errorCode, failure } from './errors.ts';

export interface ReadBody extends Body {
  readonly type: 'read';
  readonly key: Json;
}

export interface ReadOkBody extends Body {
  readonly type: 'read_ok';
  readonly value: Json;
}

export interface WriteBody extends Body {
  readonly type: 'write';
  readonly key: Json;
  readonly value: Json;
}

export interface CasBody extends Body {
  readonly type: 'cas';
  readonly key: Json;
  readonly from: Json;
  readonly to: Json;
}

export type RegisterRequest = ReadBody | WriteBody | CasBody;

function request(op: ServiceOp, msgId: number): RegisterRequest {
  const key = op.key as Json;
  switch (op.f) {
    case 'read':
      return { type: 'read', key, msg_id: msgId };
    case 'write':
      return { type: 'write', key, value: op.value as Json, msg_id: msgId };
    case 'cas': {
      const [from, to] = op.value as readonly [Json, Json];
      return { type: 'cas', key, from, to, msg_id: msgId };
    }
    default:
      throw new RangeError(`the register service has read, write, and cas, not ${op.f}`);
  }
}

function outcome(op: ServiceOp, reply: Body): Outcome {
  if (op.f === 'read') return readOutcome(op, reply);
  const success = `${op.f}_ok`;
  if (reply.type === success) return { type: 'ok', value: op.value };
  return failure(op, reply, false, `${success} or an error`);
}

function readOutcome(op: ServiceOp, reply: Body): Outcome {
  if (reply.type === 'read_ok') {
    const { value } = reply as Partial<ReadOkBody>;
    if (value !== undefined) return { type: 'ok', value };
  } else if (errorCode(reply) === errorCodes.keyDoesNotExist.code) {
    // A definite answer too: nobody has written the key yet.
    return { type: 'ok', value: null };
  }
  return failure(op, reply, true, 'read_ok with a value or an error');
}

export const register: Service = {
  name: 'register',
  summary: 'A register per key: read, write, and compare and set. Maelstrom calls it lin-kv.',
  rpcs: [
    {
      request: '{"type": "read", "key": k}',
      reply: '{"type": "read_ok", "value": v}',
      summary: 'The value of a key. Error 20 where it was never written, which counts as the value null.',
    },
    {
      request: '{"type": "write", "key": k, "value": v}',
      reply: '{"type": "write_ok"}',
      summary: 'Sets a key to a value.',
    },
    {
      request: '{"type": "cas", "key": k, "from": v1, "to": v2}',
      reply: '{"type": "cas_ok"}',
      summary:
        'Sets a key from one value to another. Error 20 where it was never written, 22 where it has another value.',
    },
  ],
  isRead: (f) => f === 'read',
  request,
  outcome,
};
