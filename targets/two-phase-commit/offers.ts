/** The services that transactions over shards can offer: how a request becomes steps, and their results an answer. */
import type { Body, Json } from '../../protocol/message.ts';
import type { ServiceName } from '../../protocol/service.ts';
import { bankMachine } from '../machines/bank.ts';
import { errorReply, type Reply, type Request, type StateMachine } from '../machines/machine.ts';
import { registerMachine } from '../machines/register.ts';
import { classifierOf, isScalar, type Scalar } from '../machines/requests.ts';
import { txnMachine } from '../machines/txn.ts';
import type { Step } from './steps.ts';

export interface Offer {
  readonly service: ServiceName;
  /** What there is at first, of all shards. */
  contents(): ReadonlyMap<Scalar, Json>;
  readonly classify: StateMachine['classify'];
  /** What a request that `classify` has seen does, key by key. `nodeIds` are those of the cluster. */
  steps(request: Request, nodeIds: readonly string[]): readonly Step[];
  reply(request: Request, results: readonly Json[]): Reply;
  /** Where a key lives that does not go by its hash. */
  ownerOf?(key: Scalar): string;
  /** The name under which clients ask for a transaction later, where they can. */
  nameOf?(request: Request): Scalar;
}

const none: ReadonlyMap<Scalar, Json> = new Map();

const register: Offer = {
  service: 'register',
  contents: () => none,
  classify: registerMachine.classify,
  steps(request) {
    const key = request.key as Scalar;
    if (request.type === 'read') return [['r', key, null]];
    if (request.type === 'write') return [['w', key, request.value!]];
    return [['cas', key, [request.from!, request.to!]]];
  },
  reply({ type, key }, [value]) {
    if (type !== 'read') return { type: `${type}_ok` };
    if (value === null) return errorReply('keyDoesNotExist', `there is no key ${key}`);
    return { type: 'read_ok', value: value! };
  },
};

const txn: Offer = {
  service: 'txn',
  contents: () => none,
  classify: txnMachine.classify,
  steps: (request) => request.txn as unknown as readonly Step[],
  reply: (request, results) => ({
    type: 'txn_ok',
    txn: (request.txn as unknown as readonly Step[]).map(([f, key], place) => [f, key, results[place]!]),
  }),
};

const bank: Offer = {
  service: 'bank',
  contents: () => bankMachine.init() as ReadonlyMap<Scalar, Json>,
  classify: bankMachine.classify,
  steps(request) {
    if (request.type === 'read') return accounts.map((account) => ['r', account, null]);
    const { amount = 0 } = request;
    return [
      ['take', String(request.from), amount],
      ['give', String(request.to), amount],
    ];
  },
  reply({ type }, results) {
    if (type !== 'read') return { type: 'transfer_ok' };
    return { type: 'read_ok', value: Object.fromEntries(accounts.map((account, place) => [account, results[place]!])) };
  },
};

const accounts: readonly string[] = [...(bankMachine.init() as ReadonlyMap<string, number>).keys()];

const isListOfNames = (value: unknown): boolean =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');

/** Each node has one step of each transaction, under a key that no other transaction has: there is nothing to wait for. */
const atomicCommit: Offer = {
  service: 'atomic-commit',
  contents: () => none,
  classify: classifierOf({
    transact: {
      kind: 'command',
      fields: { txn: isScalar, against: isListOfNames },
      needs: 'txn, a string or a number, and against, the list of the nodes that vote no',
    },
    inspect: { kind: 'query', fields: { txn: isScalar }, needs: 'txn, a string or a number' },
  }),
  steps: ({ txn: name, against }, nodeIds) =>
    nodeIds.map((id) => ['vote', `${id} ${name}`, (against as readonly string[]).includes(id) ? 'no' : 'yes']),
  reply: () => ({ type: 'transact_ok' }),
  ownerOf: (key) => String(key).split(' ')[0]!,
  nameOf: ({ txn: name }) => name as Scalar,
};

export const offers: ReadonlyMap<ServiceName, Offer> = new Map(
  [txn, bank, register, atomicCommit].map((offer) => [offer.service, offer]),
);

/** True of the request that asks for what a node knows of a transaction. */
export const isInspection = (request: Body): boolean => request.type === 'inspect';
