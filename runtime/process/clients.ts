/**
 * The clients of a run: each process is a Maelstrom client, process p the client c<p+1>, with one request outstanding
 * at most. A client's link to its node is never cut, and dies with the node.
 */
import type { Completion } from '../../harness/ports.ts';
import type { Op } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import { isClientId, type Message } from '../../protocol/message.ts';
import type { Service } from '../../protocol/service.ts';

interface Client {
  nextMsgId: number;
  outstanding: Request | undefined;
}

interface Request {
  readonly op: Op;
  readonly msgId: number;
  readonly node: string;
  resolve(completion: Completion): void;
  reject(error: Error): void;
}

export class Clients {
  readonly #service: Service;
  readonly #clients = new Map<number, Client>();

  constructor(service: Service) {
    this.#service = service;
  }

  /** Asks a node by `deliver`; resolves when the op has ended, which may be never. */
  ask(op: Op, node: string, deliver: (message: Message) => void): Promise<Completion> {
    const process = op.process as number;
    const client = this.#client(process);
    const msgId = client.nextMsgId++;
    deliver({ src: `c${process + 1}`, dest: node, body: this.#service.request(op, msgId) });
    return new Promise((resolve, reject) => {
      // What was asked before, if it has no answer yet, has taken too long: nobody waits for it any more.
      client.outstanding = { op, msgId, node, resolve, reject };
    });
  }

  /** A node answers a client. What nobody waits for is dropped. */
  reply(message: Message): void {
    const process = clientProcess(message.dest);
    const request = this.#clients.get(process)?.outstanding;
    if (request === undefined || request.msgId !== message.body.in_reply_to) return;
    const { type, value, error } = this.#service.outcome(request.op, message.body);
    this.#end(request, { type, value: value as Value, error: error as Value | undefined });
  }

  /** The node has died: what was asked of it may or may not have happened. Reads changed nothing in any case. */
  reset(node: string): void {
    for (const { outstanding } of this.#clients.values()) {
      if (outstanding?.node !== node) continue;
      const { f, value } = outstanding.op;
      this.#end(outstanding, { type: this.#service.isRead(f) ? 'fail' : 'info', value, error: 'connection-reset' });
    }
  }

  /** Rejects whatever is outstanding. */
  fail(error: Error): void {
    for (const { outstanding } of this.#clients.values()) outstanding?.reject(error);
  }

  #client(process: number): Client {
    let client = this.#clients.get(process);
    if (client === undefined) {
      client = { nextMsgId: 1, outstanding: undefined };
      this.#clients.set(process, client);
    }
    return client;
  }

  #end(
    { op, resolve }: Request,
    ending: Pick<Completion, 'type' | 'value'> & { readonly error: Value | undefined },
  ): void {
    const process = op.process as number;
    // After an `info` a process is dead, and its successor is another client.
    if (ending.type === 'info') this.#clients.delete(process);
    else this.#client(process).outstanding = undefined;
    const { type, value, error } = ending;
    resolve({ process, type, value, ...(error === undefined ? undefined : { error }) });
  }
}

/** The process that a client id belongs to; NaN when there is none. */
const clientProcess = (id: string): number => (isClientId(id) ? Number(id.slice(1)) - 1 : Number.NaN);
