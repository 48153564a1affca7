/**
 * Transactions of reads, writes, and appends. etcd's own transactions compare, then put: what is to be put must be known before. So a
 * transaction reads all its keys first, in one range transaction, works out what its micro-ops see and leave behind, and then puts that,
 * on the condition that no key of it has been written since. What it read is therefore the state in which its writes took place; where a
 * key has changed, nothing is written and the transaction fails. One that writes nothing is the first half alone, which is a
 * snapshot in itself.
 */
import { errorCodes, type Json } from '../../../protocol/message.ts';
import type { Outcome, ServiceOp } from '../../../protocol/service.ts';
import type { MicroOp } from '../../../protocol/services/txn.ts';
import { type Call, clientThat, isSerializable, reading } from './client.ts';
import { decode, encode, type TxnAnswer } from './gateway.ts';

/** A key as it was read. */
interface Version {
  /** null where nobody has written it. */
  readonly value: Json;
  /** 0 where nobody has written it. */
  readonly revision: string;
}

const nameOf = (key: Json): string => encode(`txn/${JSON.stringify(key)}`);

async function transact(op: ServiceOp, call: Call): Promise<Outcome> {
  if (op.f !== 'txn') throw new RangeError(`the txn service has txn, not ${op.f}`);
  const microOps = op.value as readonly MicroOp[];
  const versions = await readKeys([...new Set(microOps.map(([, key]) => nameOf(key)))], call);
  const { done, written } = play(microOps, versions);
  if (written.size === 0) return { type: 'ok', value: done };
  const argument = {
    compare: [...versions].map(([key, { revision }]) => ({
      key,
      target: 'MOD',
      result: 'EQUAL',
      mod_revision: revision,
    })),
    success: [...written].map(([key, value]) => ({ request_put: { key, value: encode(JSON.stringify(value)) } })),
  };
  const { succeeded = false } = (await call.gateway.call('kv/txn', argument, call.signal)) as TxnAnswer;
  if (succeeded) return { type: 'ok', value: done };
  return { type: 'fail', value: op.value, error: errorCodes.txnConflict.name };
}

/** All keys at one revision of the store. */
async function readKeys(keys: readonly string[], call: Call): Promise<ReadonlyMap<string, Version>> {
  const serializable = isSerializable(call);
  const argument = { success: keys.map((key) => ({ request_range: { key, serializable } })) };
  const { responses = [] } = await reading<TxnAnswer>(call.gateway.call('kv/txn', argument, call.signal));
  return new Map(
    keys.map((key, place) => {
      const stored = responses[place]?.response_range?.kvs?.[0];
      if (stored === undefined) return [key, { value: null, revision: '0' }];
      return [key, { value: JSON.parse(decode(stored.value ?? '')) as Json, revision: stored.mod_revision }];
    }),
  );
}

/** The micro-ops with what they read, their own writes included, and by name what each key holds in the end that was written. */
function play(
  microOps: readonly MicroOp[],
  versions: ReadonlyMap<string, Version>,
): { readonly done: readonly MicroOp[]; readonly written: ReadonlyMap<string, Json> } {
  const written = new Map<string, Json>();
  const done = microOps.map((microOp): MicroOp => {
    const [f, key, value] = microOp;
    const name = nameOf(key);
    const current = written.get(name) ?? versions.get(name)?.value ?? null;
    if (f === 'r') return [f, key, current];
    if (f === 'append') written.set(name, [...((current ?? []) as readonly Json[]), value]);
    else if (f === 'w') written.set(name, value);
    else throw new RangeError(`the txn service has the micro-ops r, append, and w, not ${f}`);
    return microOp;
  });
  return { done, written };
}

export const openTxn = clientThat(transact);
