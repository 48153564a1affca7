/**
 * Registers: one key of etcd each, whose value is JSON. A write is a put, a read a range over one key, and a compare and set a
 * transaction that compares the stored value.
 */
import { errorCodes } from '../../../protocol/message.ts';
import type { Outcome, ServiceOp } from '../../../protocol/service.ts';
import { type Call, clientThat, isSerializable, reading } from './client.ts';
import { decode, encode, type RangeAnswer, type TxnAnswer } from './gateway.ts';

const keyOf = ({ key }: ServiceOp): string => encode(`register/${JSON.stringify(key)}`);
const asJson = (value: unknown): string => encode(JSON.stringify(value));

async function read(op: ServiceOp, call: Call): Promise<Outcome> {
  const argument = { key: keyOf(op), serializable: isSerializable(call) };
  const { kvs = [] } = await reading<RangeAnswer>(call.gateway.call('kv/range', argument, call.signal));
  const stored = kvs[0]?.value;
  return { type: 'ok', value: stored === undefined ? null : JSON.parse(decode(stored)) };
}

async function write(op: ServiceOp, { gateway, signal }: Call): Promise<Outcome> {
  await gateway.call('kv/put', { key: keyOf(op), value: asJson(op.value) }, signal);
  return { type: 'ok', value: op.value };
}

/** A key that nobody has written equals no value, null neither. */
async function cas(op: ServiceOp, { gateway, signal }: Call): Promise<Outcome> {
  const [from, to] = op.value as readonly [unknown, unknown];
  const key = keyOf(op);
  const argument = {
    compare: [{ key, target: 'VALUE', result: 'EQUAL', value: asJson(from) }],
    success: [{ request_put: { key, value: asJson(to) } }],
  };
  const { succeeded = false } = (await gateway.call('kv/txn', argument, signal)) as TxnAnswer;
  if (succeeded) return { type: 'ok', value: op.value };
  return { type: 'fail', value: op.value, error: errorCodes.preconditionFailed.name };
}

export const openRegister = clientThat((op, call) => {
  switch (op.f) {
    case 'read':
      return read(op, call);
    case 'write':
      return write(op, call);
    case 'cas':
      return cas(op, call);
    default:
      throw new RangeError(`the register service has read, write, and cas, not ${op.f}`);
  }
});
