/**
 * Maelstrom's wire protocol: newline-delimited JSON messages and its error codes.
 *
 * @see https://github.com/jepsen-io/maelstrom/blob/main/doc/protocol.md
 */

/** Anything JSON can carry. Messages and durable records consist of nothing else, so that every runtime can host them. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * The body of a message. `type` is mandatory; `msg_id` is unique per sender and incarnation where an answer is
 * expected; `in_reply_to` is the `msg_id` that is answered. A protocol adds fields of its own by extending this.
 */
export interface Body {
  readonly type: string;
  readonly msg_id?: number;
  readonly in_reply_to?: number;
}

/** A message on its way. `src` and `dest` are node ids (`n1`, `n2`, …) or client ids (`c1`, `c2`, …). */
export interface Message<B extends Body = Body> {
  readonly src: string;
  readonly dest: string;
  readonly body: B;
}

/** True of the ids of clients: they begin with `c`, as Maelstrom's do. */
export const isClientId = (id: string): boolean => id.charCodeAt(0) === 99;

/** Maelstrom's error codes. Definite: the request certainly did not take effect. */
export const errorCodes = {
  timeout: { code: 0, definite: false, name: 'timeout' },
  nodeNotFound: { code: 1, definite: true, name: 'node-not-found' },
  notSupported: { code: 10, definite: true, name: 'not-supported' },
  temporarilyUnavailable: { code: 11, definite: true, name: 'temporarily-unavailable' },
  malformedRequest: { code: 12, definite: true, name: 'malformed-request' },
  crash: { code: 13, definite: false, name: 'crash' },
  abort: { code: 14, definite: true, name: 'abort' },
  keyDoesNotExist: { code: 20, definite: true, name: 'key-does-not-exist' },
  keyAlreadyExists: { code: 21, definite: true, name: 'key-already-exists' },
  preconditionFailed: { code: 22, definite: true, name: 'precondition-failed' },
  txnConflict: { code: 30, definite: true, name: 'txn-conflict' },
} as const;

export type ErrorName = keyof typeof errorCodes;

/** The body by which a node says that a request failed. */
export interface ErrorBody extends Body {
  readonly type: 'error';
  readonly code: number;
  readonly text: string;
}

export function errorBody(inReplyTo: number, error: ErrorName, text: string): ErrorBody {
  return { type: 'error', in_reply_to: inReplyTo, code: errorCodes[error].code, text };
}

const byCode = new Map<number, { readonly definite: boolean; readonly name: string }>(
  Object.values(errorCodes).map((error) => [error.code, error]),
);

/** What an error code means. Codes that Maelstrom does not name are indefinite: the request may have taken effect. */
export function describeErrorCode(code: number): { readonly definite: boolean; readonly name: string } {
  return byCode.get(code) ?? { definite: false, name: `error-${code}` };
}
