/** What the clients of all services share: one op at a time through one gateway, and what a failure makes of it. */
import type { ClientSetting, SystemClient } from '../../../harness/container-system.ts';
import type { Outcome, ServiceOp } from '../../../protocol/service.ts';
import { EtcdFailure, Gateway } from './gateway.ts';

/** What an op is carried out with. */
export interface Call {
  readonly gateway: Gateway;
  readonly options: Readonly<Record<string, string>>;
  /** Aborted when nobody waits for the op any more. */
  readonly signal: AbortSignal;
  /** Aborted when the client is closed. */
  readonly closed: AbortSignal;
}

/** Carries an op out. A rejection with an EtcdFailure is `fail` where that is certain, else `info`. */
export type CarryOut = (op: ServiceOp, call: Call) => Promise<Outcome>;

export const clientThat =
  (carryOut: CarryOut) =>
  ({ endpoint, options }: ClientSetting): SystemClient => {
    const gateway = new Gateway(endpoint);
    const closing = new AbortController();
    return {
      async invoke(op, signal) {
        try {
          return await carryOut(op, { gateway, options, signal, closed: closing.signal });
        } catch (error) {
          if (!(error instanceof EtcdFailure)) throw error;
          return { type: error.certain ? 'fail' : 'info', value: op.value, error: error.message };
        }
      },
      close() {
        closing.abort();
        gateway.close();
      },
    };
  };

/** A call that changes nothing: if it fails, nothing has happened. */
export async function reading<Answer>(answer: Promise<unknown>): Promise<Answer> {
  try {
    return (await answer) as Answer;
  } catch (error) {
    if (error instanceof EtcdFailure) throw new EtcdFailure(error.message, true);
    throw error;
  }
}

/** Whether reads are to be answered by the member that is asked, of what it knows, without asking the others. */
export const isSerializable = ({ options }: Call): boolean => options.reads === 'serializable';
