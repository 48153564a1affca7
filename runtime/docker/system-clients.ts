/**
 * The clients of a system of others, one for each process: opened at its first op, closed when the process is dead. What
 * the author of the system wrote may throw, reject, or never answer.
 */
import type { ClientSetting, Endpoint, SystemClient } from '../../harness/container-system.ts';
import type { Completion } from '../../harness/ports.ts';
import { SpecError } from '../../harness/spec.ts';
import type { Op } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import type { Outcome, ServiceName } from '../../protocol/service.ts';
import { wordsOf } from './ask-system.ts';
import { outcomeOf } from './system-answers.ts';

export interface SystemClientsOptions {
  /** Of the system, for messages. */
  readonly name: string;
  readonly service: ServiceName;
  open(setting: ClientSetting): SystemClient;
  readonly targetOptions: Readonly<Record<string, string>>;
  readonly opTimeoutMs: number;
  /** True of ops that change nothing. */
  isRead(f: string): boolean;
}

interface Opened {
  readonly client: SystemClient;
  /** Of the op that is under way. */
  asking: AbortController | undefined;
}

export class SystemClients {
  readonly #options: SystemClientsOptions;
  readonly #opened = new Map<number, Opened>();

  constructor(options: SystemClientsOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the op has ended, after the op timeout at the latest. Rejects with a SpecError for an answer or a client that
   * is none.
   */
  async ask(op: Op, endpoint: Endpoint): Promise<Completion> {
    const { name, service } = this.#options;
    const process = op.process as number;
    // What was asked before, if it has no answer yet, has taken too long: nobody waits for it any more.
    const earlier = this.#opened.get(process);
    if (earlier?.asking !== undefined) this.#close(process, earlier);
    const asking = new AbortController();
    const timer = setTimeout(() => asking.abort(), this.#options.opTimeoutMs);
    const givenUp = new Promise<never>((_, reject) => {
      asking.signal.addEventListener('abort', () => reject(timedOut), { once: true });
    });
    givenUp.catch(() => {});
    let opened: Opened | undefined;
    let outcome: Outcome;
    try {
      opened = this.#open(process, endpoint);
      opened.asking = asking;
      const answer: unknown = await Promise.race([opened.client.invoke(op, asking.signal), givenUp]);
      outcome = outcomeOf(name, service, op, answer);
    } catch (error) {
      if (error instanceof SpecError) throw error;
      const changedNothing = opened === undefined || this.#options.isRead(op.f);
      const words = error === timedOut ? 'timeout' : wordsOf(error);
      outcome = { type: changedNothing ? 'fail' : 'info', value: op.value, error: words };
    } finally {
      clearTimeout(timer);
      if (opened !== undefined) opened.asking = undefined;
    }
    if (opened !== undefined && (outcome.type === 'info' || asking.signal.aborted)) this.#close(process, opened);
    const { type, value, error } = outcome;
    return { process, type, value: value as Value, ...(error === undefined ? {} : { error: error as Value }) };
  }

  /** The run is over: nothing is said to the system any more, and nobody waits. */
  close(): void {
    for (const [process, opened] of this.#opened) this.#close(process, opened);
  }

  #open(process: number, endpoint: Endpoint): Opened {
    const there = this.#opened.get(process);
    if (there !== undefined) return there;
    const { name, service, open, targetOptions } = this.#options;
    const client = open({ endpoint, process, options: targetOptions });
    checkClient(name, service, client);
    const opened: Opened = { client, asking: undefined };
    this.#opened.set(process, opened);
    return opened;
  }

  #close(process: number, opened: Opened): void {
    if (this.#opened.get(process) !== opened) return;
    this.#opened.delete(process);
    opened.asking?.abort();
    try {
      opened.client.close();
    } catch {
      // It is let go of in any case.
    }
  }
}

const timedOut = new Error('timeout');

function checkClient(name: string, service: ServiceName, client: unknown): void {
  const of = `clients.${service} of ${name}`;
  if (client instanceof Promise) {
    client.catch(() => {});
    throw new SpecError(
      `${of} must give the client at once, and gave a Promise: what has to be awaited belongs into invoke`,
    );
  }
  const { invoke, close } = (client ?? {}) as { readonly [Method in keyof SystemClient]?: unknown };
  const missing = typeof invoke !== 'function' ? 'invoke' : typeof close !== 'function' ? 'close' : undefined;
  if (missing !== undefined)
    throw new SpecError(`${of} must give an object with invoke and close, and ${missing} is no function`);
}
