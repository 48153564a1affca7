/**
 * Nodes that send back what they are sent.
 *
 * @see https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-echo
 */
import type { Body, Json } from '../message.ts';
import type { Service } from '../service.ts';
import { failure } from './errors.ts';

export interface EchoBody extends Body {
  readonly type: 'echo';
  readonly echo: Json;
}

export interface EchoOkBody extends Body {
  readonly type: 'echo_ok';
  readonly echo: Json;
}

export const echo: Service = {
  name: 'echo',
  summary: 'A node sends back what it is sent.',
  rpcs: [
    {
      request: '{"type": "echo", "echo": v}',
      reply: '{"type": "echo_ok", "echo": v}',
      summary: 'The same value again.',
    },
  ],
  isRead: (f) => f === 'echo',
  request(op, msgId): EchoBody {
    if (op.f !== 'echo') throw new RangeError(`the echo service has echo, not ${op.f}`);
    return { type: 'echo', echo: op.value as Json, msg_id: msgId };
  },
  outcome(op, reply) {
    if (reply.type === 'echo_ok') {
      const { echo: value } = reply as Partial<EchoOkBody>;
      if (value !== undefined) return { type: 'ok', value };
    }
    return failure(op, reply, true, 'echo_ok with what was sent or an error');
  },
};
