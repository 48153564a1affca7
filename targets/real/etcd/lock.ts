/**
 * Locks by etcd's own lock service: who wants a lock puts a key under the lock's name, bound to a lease, and has the lock while no older
 * key is there. The fencing token is the revision at which that key came to be, which grows from holder to holder.
 *
 * The lease is a choice of the target's, `lease`:
 *
 * - `run`: an hour, longer than any run; nothing renews it. What is tested then is the lock itself: that it has one holder at a time, and
 *   tokens that grow. What a crashed client leaves behind is released in its name, as the workload does, and not by time.
 * - `2s`: the shortest that etcd grants, renewed three times within it for as long as the client's process lives, as etcd's own client
 *   library does. So a lock comes free by itself, and is lost where renewals do not get through: a client that is cut off
 *   goes on believing that it has the lock while another gets it. etcd's documents say so, and ask for a check of the token
 *   wherever it matters.
 *
 * Each try has a lease of its own, whose id begins with the client: so that a release in the client's name finds what it has, and
 * that a revoked lease stays revoked. A put that arrives after its lease was revoked is refused, so a revoke that succeeded is certain to
 * have ended the try.
 *
 * @see https://etcd.io/docs/v3.4/dev-guide/api_concurrency_reference_v3/
 * @see https://jepsen.io/analyses/etcd-3.4.3 on what its locks do not give
 */
import { createHash, randomInt } from 'node:crypto';
import { errorCodes } from '../../../protocol/message.ts';
import type { Outcome, ServiceOp } from '../../../protocol/service.ts';
import { type Call, clientThat, reading } from './client.ts';
import { afterAll, decode, EtcdFailure, encode, type KeyValue, type RangeAnswer } from './gateway.ts';

const isShort = ({ options }: Call): boolean => options.lease === '2s';
const shortTtlSeconds = 2;
const longTtlSeconds = 3600;
const renewEveryMs = 600;
/** So long a client waits for a lock that others have. */
const patienceMs = 500;
/** Of a lease's 63 bits, so many tell the try, the others the client. */
const tryBits = 31;

const nameOf = ({ key }: ServiceOp): string => `lock/${JSON.stringify(key)}`;
const clientOf = ({ value }: ServiceOp): unknown => (value as { readonly client: unknown }).client;

/** The upper bits of the leases of a client: 32 of its digest. */
const digestOf = (op: ServiceOp): bigint =>
  BigInt(
    createHash('sha256')
      .update(JSON.stringify(clientOf(op)))
      .digest()
      .readUInt32BE(),
  );

const refused = (op: ServiceOp, error: string): Outcome => ({ type: 'fail', value: op.value, error });

async function acquire(op: ServiceOp, call: Call): Promise<Outcome> {
  const lease = String((digestOf(op) << BigInt(tryBits)) | BigInt(randomInt(1, 2 ** tryBits)));
  const ttl = String(isShort(call) ? shortTtlSeconds : longTtlSeconds);
  // A lease without a key is nothing: if this fails, nothing has happened.
  await reading(call.gateway.call('lease/grant', { ID: lease, TTL: ttl }, call.signal));
  const patience = AbortSignal.timeout(patienceMs);
  const signal = AbortSignal.any([call.signal, patience]);
  try {
    await call.gateway.call('lock/lock', { name: encode(nameOf(op)), lease }, signal);
  } catch (error) {
    if (!(error instanceof EtcdFailure)) throw error;
    await revoke(lease, call);
    return refused(op, patience.aborted ? errorCodes.preconditionFailed.name : error.message);
  }
  const mine = (await keysOf(op, call)).find((kv) => leaseOf(kv) === lease);
  if (mine === undefined) return refused(op, 'the lease has ended');
  if (isShort(call)) keepAlive(lease, call);
  return { type: 'ok', value: { client: clientOf(op), token: Number(mine.create_revision) } };
}

async function release(op: ServiceOp, call: Call): Promise<Outcome> {
  const keys = await keysOf(op, call);
  const digest = digestOf(op);
  const isMine = (kv: KeyValue): boolean => BigInt(leaseOf(kv)) >> BigInt(tryBits) === digest;
  const holder = keys[0];
  // Those that wait come first, so that none of them has the lock in between.
  for (const kv of keys.toReversed().filter(isMine)) await revoke(leaseOf(kv), call);
  if (holder !== undefined && isMine(holder)) return { type: 'ok', value: op.value };
  return refused(op, errorCodes.preconditionFailed.name);
}

/** The keys of all who have a lock or wait for it, the holder's first. A failure is not certain: the op is half done. */
async function keysOf(op: ServiceOp, { gateway, signal }: Call): Promise<readonly KeyValue[]> {
  const prefix = `${nameOf(op)}/`;
  const argument = {
    key: encode(prefix),
    range_end: encode(afterAll(prefix)),
    sort_order: 'ASCEND',
    sort_target: 'CREATE',
  };
  try {
    const { kvs = [] } = (await gateway.call('kv/range', argument, signal)) as RangeAnswer;
    return kvs;
  } catch (error) {
    throw error instanceof EtcdFailure ? new EtcdFailure(error.message, false) : error;
  }
}

/** The lease that a key is bound to, by the name that the lock service gives it: the lock's, and the lease in hexadecimal. */
const leaseOf = ({ key }: KeyValue): string => String(BigInt(`0x${decode(key).replace(/^.*\//s, '')}`));

/** Renews a lease until it has ended or the client is closed; what does not get through is tried again. */
function keepAlive(lease: string, { gateway, closed }: Call): void {
  const renew = async (): Promise<void> => {
    const signal = AbortSignal.any([closed, AbortSignal.timeout(renewEveryMs)]);
    try {
      const { result } = (await gateway.call('lease/keepalive', { ID: lease }, signal)) as KeepAliveAnswer;
      if (result !== undefined && result.TTL === undefined) clearInterval(timer);
    } catch (error) {
      if (!(error instanceof EtcdFailure)) throw error;
    }
  };
  const timer = setInterval(() => void renew(), renewEveryMs);
  timer.unref();
  closed.addEventListener('abort', () => clearInterval(timer), { once: true });
}

interface KeepAliveAnswer {
  /** Left out for an error; without a TTL where the lease has ended. */
  readonly result?: { readonly TTL?: string };
}

/** Ends a try; that the lease has ended by itself is as good. Any other failure leaves it uncertain. */
async function revoke(lease: string, { gateway, signal }: Call): Promise<void> {
  try {
    await gateway.call('lease/revoke', { ID: lease }, signal);
  } catch (error) {
    if (!(error instanceof EtcdFailure)) throw error;
    if (!error.message.includes('lease not found')) throw new EtcdFailure(error.message, false);
  }
}

export const openLock = clientThat((op, call) => {
  switch (op.f) {
    case 'acquire':
      return acquire(op, call);
    case 'release':
      return release(op, call);
    default:
      throw new RangeError(`the lock service has acquire and release, not ${op.f}`);
  }
});
