/** Sets: a key of etcd for each element, under the name of the set. All elements are read in one range, at one revision of the store. */
import type { Outcome, ServiceOp } from '../../../protocol/service.ts';
import { type Call, clientThat, isSerializable, reading } from './client.ts';
import { afterAll, decode, encode, type RangeAnswer } from './gateway.ts';

const prefixOf = ({ key = null }: ServiceOp): string => `set/${JSON.stringify(key)}/`;

async function add(op: ServiceOp, { gateway, signal }: Call): Promise<Outcome> {
  const element = JSON.stringify(op.value);
  await gateway.call('kv/put', { key: encode(prefixOf(op) + element), value: encode(element) }, signal);
  return { type: 'ok', value: op.value };
}

/** In the order in which they came to be. */
async function read(op: ServiceOp, call: Call): Promise<Outcome> {
  const prefix = prefixOf(op);
  const argument = {
    key: encode(prefix),
    range_end: encode(afterAll(prefix)),
    serializable: isSerializable(call),
    sort_order: 'ASCEND',
    sort_target: 'CREATE',
  };
  const { kvs = [] } = await reading<RangeAnswer>(call.gateway.call('kv/range', argument, call.signal));
  return { type: 'ok', value: kvs.map(({ value = '' }) => JSON.parse(decode(value))) };
}

export const openSet = clientThat((op, call) => {
  switch (op.f) {
    case 'add':
    case 'write':
      return add(op, call);
    case 'read':
      return read(op, call);
    default:
      throw new RangeError(`the set service has add, write, and read, not ${op.f}`);
  }
});
