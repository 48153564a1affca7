/** The state machine that a protocol replicates: what its commands mean. Raft knows nothing of registers. */
import { type Body, type ErrorName, errorCodes, type Json } from '../../protocol/message.ts';

/** A client's request, as it came, and the answer to it but for `in_reply_to`. Plain JSON: both are stored in logs. */
export type Request = { readonly type: string; readonly [field: string]: Json };
export type Reply = { readonly type: string; readonly [field: string]: Json };

/** Deterministic: the same requests in the same order give the same replies and the same state, on every node. */
export interface StateMachine<State = unknown> {
  readonly name: string;
  init(): State;
  /** What a request is: a command may change the state, a query never does; else the error to answer with at once. */
  classify(request: Body): 'command' | 'query' | Reply;
  /** Carries out a command that `classify` has seen. Changes `state`. */
  apply(state: State, command: Request): Reply;
  query(state: State, query: Request): Reply;
  /** The whole state as JSON that later calls of `apply` do not change. */
  snapshot(state: State): Json;
  restore(snapshot: Json): State;
}

/** The reply as an answer to the request with this `msg_id`. Field by field, which is ten times faster than spreading. */
export function inReplyTo(id: number, reply: Reply): Reply {
  const answer: Record<string, Json> & { type: string } = { type: reply.type, in_reply_to: id };
  for (const field in reply) answer[field] = reply[field] as Json;
  return answer;
}

/** The reply that says that a request failed. */
export const errorReply = (error: ErrorName, text: string): Reply => ({
  type: 'error',
  code: errorCodes[error].code,
  text,
});
