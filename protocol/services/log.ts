/**
 * Append-only logs: messages are sent to them, and polled from an offset on, as in Maelstrom's kafka.
 *
 * @see https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-kafka
 */
import type { Body, Json } from '../message.ts';
import type { Outcome, Service, ServiceOp } from '../service.ts';
import { failure } from './errors.ts';

export interface SendBody extends Body {
  readonly type: 'send';
  readonly key: string;
  readonly msg: Json;
}

export interface PollBody extends Body {
  readonly type: 'poll';
  /** From where on, by key. */
  readonly offsets: Readonly<Record<string, number>>;
}

type SendValue = readonly [readonly ['send', string, Json]];
type PollValue = readonly [readonly ['poll', null, PollBody['offsets']]];

export const log: Service = {
  name: 'log',
  summary: 'Append-only logs under keys, polled from an offset on. Maelstrom calls it kafka.',
  rpcs: [
    {
      request: '{"type": "send", "key": k, "msg": v}',
      reply: '{"type": "send_ok", "offset": n}',
      summary: 'Appends a message to a log, and says where it stands. Keys are strings.',
    },
    {
      request: '{"type": "poll", "offsets": {k: n}}',
      reply: '{"type": "poll_ok", "msgs": {k: [[n, v]]}}',
      summary:
        'Some messages of each log from an offset on, in order; nothing of a log that has none. The op assign, which changes only what the client itself knows, asks for none.',
    },
  ],
  isRead: (f) => f !== 'send',
  request(op, msgId) {
    if (op.f === 'send') {
      const [[, key, msg]] = op.value as SendValue;
      const body: SendBody = { type: 'send', key, msg, msg_id: msgId };
      return body;
    }
    if (op.f === 'assign') return { type: 'poll', offsets: {}, msg_id: msgId } as PollBody;
    if (op.f !== 'poll') throw new RangeError(`the log service has send, poll, and assign, not ${op.f}`);
    const [[, , offsets]] = op.value as PollValue;
    const body: PollBody = { type: 'poll', offsets, msg_id: msgId };
    return body;
  },
  outcome: (op, reply) => (op.f === 'send' ? sendOutcome(op, reply) : pollOutcome(op, reply)),
};

function sendOutcome(op: ServiceOp, reply: Body): Outcome {
  const { offset } = reply as { readonly offset?: Json };
  if (reply.type === 'send_ok' && Number.isInteger(offset)) {
    const [[, key, msg]] = op.value as SendValue;
    return { type: 'ok', value: [['send', key, [offset, msg]]] };
  }
  return failure(op, reply, false, 'send_ok with an offset or an error');
}

function pollOutcome(op: ServiceOp, reply: Body): Outcome {
  const { msgs } = reply as { readonly msgs?: Json };
  if (reply.type === 'poll_ok' && typeof msgs === 'object' && msgs !== null && Object.values(msgs).every(arePairs)) {
    return { type: 'ok', value: op.f === 'assign' ? op.value : [['poll', msgs]] };
  }
  return failure(op, reply, true, 'poll_ok with pairs of offset and message by key, or an error');
}

const arePairs = (messages: unknown): boolean =>
  Array.isArray(messages) && messages.every((pair) => Array.isArray(pair) && pair.length === 2);
