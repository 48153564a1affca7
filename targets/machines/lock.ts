/**
 * Locks under keys: `acquire {key, client}` and `release {key, client}`. Every acquire that succeeds has a token, greater than all
 * those before it, whatever the lock.
 */
import type { Json } from '../../protocol/message.ts';
import { errorReply, type StateMachine } from './machine.ts';
import { classifierOf, isScalar, type Scalar } from './requests.ts';

interface Locks {
  readonly holders: Map<Scalar, Scalar>;
  lastToken: number;
}

type Snapshot = { readonly holders: readonly (readonly [Scalar, Scalar])[]; readonly lastToken: number };

const keyAndClient = {
  kind: 'command',
  fields: { key: isScalar, client: isScalar },
  needs: 'key and client, strings or numbers',
} as const;

export const lockMachine: StateMachine<Locks> = {
  name: 'lock',
  init: () => ({ holders: new Map(), lastToken: 0 }),
  classify: classifierOf({ acquire: keyAndClient, release: keyAndClient }),
  apply(locks, command) {
    const key = command.key as Scalar;
    const client = command.client as Scalar;
    const holder = locks.holders.get(key);
    if (command.type === 'release') {
      if (holder !== client) return errorReply('preconditionFailed', `client ${client} does not hold the lock ${key}`);
      locks.holders.delete(key);
      return { type: 'release_ok' };
    }
    if (holder === client) return errorReply('keyAlreadyExists', `client ${client} holds the lock ${key} already`);
    if (holder !== undefined) return errorReply('preconditionFailed', `client ${holder} holds the lock ${key}`);
    locks.holders.set(key, client);
    return { type: 'acquire_ok', token: ++locks.lastToken };
  },
  query: () => {
    throw new Error('a lock has no request that only reads');
  },
  snapshot: ({ holders, lastToken }): Json => ({ holders: [...holders], lastToken }),
  restore(snapshot) {
    const { holders, lastToken } = snapshot as Snapshot;
    return { holders: new Map(holders), lastToken };
  },
};
