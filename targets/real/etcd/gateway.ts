/**
 * etcd's v3 API as JSON over HTTP: each call of its gRPC services is a POST under /v3. Keys and values travel as base64, 64-bit integers as
 * strings of digits, and what is 0, false, or empty is left out of answers.
 *
 * @see https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/
 */
import { Agent, request } from 'node:http';
import type { Endpoint } from '../../../harness/container-system.ts';

export const clientPort = 2379;

/** A call that did not succeed. */
export class EtcdFailure extends Error {
  override readonly name = 'EtcdFailure';
  /** True if what was asked for has not happened and will not; false if nobody knows. */
  readonly certain: boolean;

  constructor(message: string, certain: boolean) {
    super(message);
    this.certain = certain;
  }
}

/** What etcd answers in the place of success, up to 3.5 with `error`, from 3.6 on with `message`. `code` is gRPC's. */
interface Refusal {
  readonly error?: string;
  readonly message?: string;
  readonly code?: number;
}

/** What etcd, or its gRPC, refuses by these codes it has not begun, or carried out to no effect. */
const certainCodes: ReadonlySet<number> = new Set([
  3, // invalid argument: an empty key, two puts of one key, too large a request
  5, // not found: a lease, which is looked for before anything is changed
  9, // failed precondition: a lease of this id exists
]);

/**
 * Other refusals that come before anything was proposed to Raft, or in which Raft took nothing into its log. Not among them: "request
 * timed out", after which the proposal is still on its way; "server stopped", which may come between a proposal and its end;
 * "context deadline exceeded", which does not tell how far it got; and "database space exceeded", which a member also answers after
 * it has carried out the write that went beyond the limit.
 */
const certainRefusals: ReadonlySet<string> = new Set([
  'etcdserver: too many requests',
  'etcdserver: not capable',
  'etcdserver: rpc not supported for learner',
  'raft proposal dropped',
]);

/** The connections of one client to one member. */
export class Gateway {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /**
   * Calls a method, such as `kv/range`, and resolves with its answer. Rejects with an EtcdFailure, also when the signal is
   * aborted. A call that no connection was made for is certain not to have happened; one whose answer did not come is not.
   */
  call(method: string, argument: object, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const content = Buffer.from(JSON.stringify(argument));
      let connected = false;
      const lost = (error: Error): void => reject(new EtcdFailure(error.message, !connected));
      const outgoing = request(
        {
          host: this.#endpoint.host,
          port: this.#endpoint.ports[clientPort],
          path: `/v3/${method}`,
          method: 'POST',
          headers: { 'content-type': 'application/json', 'content-length': content.length },
          agent: this.#agent,
          ...(signal === undefined ? {} : { signal }),
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('error', lost);
          response.on('end', () => {
            try {
              resolve(answerIn(text, response.statusCode ?? 0));
            } catch (error) {
              reject(error);
            }
          });
        },
      );
      outgoing.on('socket', (socket) => {
        if (!socket.connecting) connected = true;
        else socket.once('connect', () => (connected = true));
      });
      outgoing.on('error', lost);
      outgoing.end(content);
    });
  }

  /** Breaks its connections off; calls under way are lost. */
  close(): void {
    this.#agent.destroy();
  }
}

/** Throws an EtcdFailure for anything but success. */
function answerIn(text: string, status: number): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new EtcdFailure(`HTTP ${status}: ${text.slice(0, 200)}`, false);
  }
  if (status === 200) return answer;
  const { message, error = message ?? `HTTP ${status}`, code } = (answer ?? {}) as Refusal;
  throw new EtcdFailure(error, (code !== undefined && certainCodes.has(code)) || certainRefusals.has(error));
}

export const encode = (text: string): string => Buffer.from(text).toString('base64');
export const decode = (base64: string): string => Buffer.from(base64, 'base64').toString();

/** The first key after all that begin with a prefix, whose last character must be "/": the end of its range. */
export const afterAll = (prefix: string): string => `${prefix.slice(0, -1)}0`;

/** What etcd stores under a key. */
export interface KeyValue {
  readonly key: string;
  readonly value?: string;
  /** The revision of the store at which the key came to be, and at which it was last written. */
  readonly create_revision: string;
  readonly mod_revision: string;
}

export interface RangeAnswer {
  readonly kvs?: readonly KeyValue[];
}

export interface TxnAnswer {
  readonly succeeded?: boolean;
  readonly responses?: readonly { readonly response_range?: RangeAnswer }[];
}
