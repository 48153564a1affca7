/** How replies that are no success become outcomes: the same for every service. */
import { type Body, describeErrorCode, type ErrorBody } from '../message.ts';
import type { Outcome, ServiceOp } from '../service.ts';

const isErrorBody = (reply: Body): reply is ErrorBody =>
  reply.type === 'error' && Number.isInteger((reply as Partial<ErrorBody>).code);

/** The code of Maelstrom's error reply, or undefined of any other reply. */
export const errorCode = (reply: Body): number | undefined => (isErrorBody(reply) ? reply.code : undefined);

/**
 * The outcome of an op that was answered by anything but success. A definite error is `fail`; an indefinite one is
 * `info`, except of an op that only reads: that changed nothing, whatever happened. A reply that makes no sense is
 * `info`, and says what was expected.
 */
export function failure(op: ServiceOp, reply: Body, readOnly: boolean, expected: string): Outcome {
  const code = errorCode(reply);
  if (code === undefined) {
    return { type: 'info', value: op.value, error: `expected ${expected}, got ${JSON.stringify(reply)}` };
  }
  const { definite, name } = describeErrorCode(code);
  return { type: definite || readOnly ? 'fail' : 'info', value: op.value, error: name };
}
