/**
 * A service is what clients ask of a target: it names the ops and how they travel as RPCs. Nodes that speak
 * Maelstrom need no client of their own: the service's codec is the client.
 */
import type { Body } from './message.ts';

export type ServiceName =
  | 'echo'
  | 'register'
  | 'txn'
  | 'bank'
  | 'queue'
  | 'set'
  | 'counter'
  | 'lock'
  | 'unique-ids'
  | 'rows'
  | 'log'
  | 'atomic-commit'
  | 'consensus';

/** The part of an op that a request is made of. `key` names the independent object, where the service has several. */
export interface ServiceOp {
  readonly f: string;
  readonly key?: unknown;
  readonly value: unknown;
}

/** How an op ended. `value` is the op's value in the history: what was read, or what was asked for. */
export interface Outcome {
  readonly type: 'ok' | 'fail' | 'info';
  readonly value: unknown;
  readonly error?: unknown;
}

/** One RPC, for the generated docs. */
export interface Rpc {
  readonly request: string;
  readonly reply: string;
  readonly summary: string;
}

export interface Service {
  readonly name: ServiceName;
  readonly summary: string;
  readonly rpcs: readonly Rpc[];
  /** True of ops that change nothing: when one times out it may be recorded as `fail`. */
  isRead(f: string): boolean;
  /** The request for an op. `msgId` is what the answer will say it is in reply to. */
  request(op: ServiceOp, msgId: number): Body;
  /** The outcome a reply stands for, Maelstrom's errors included. A reply that makes no sense is `info`, and says so. */
  outcome(op: ServiceOp, reply: Body): Outcome;
}
