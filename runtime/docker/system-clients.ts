/**
 * The clients of a system of others, one for each process: opened at its first op, closed when the process is dead. What
 * the author of the system wrote may throw, reject, or never answer.
 */
import type { ClientSetting, Endpoint, SystemClient } from '../../harness/container-system.ts';
import type { Completion } from '../../harness/ports.ts';
import { SpecError } from '../../harness/spec.ts';
import type { Op } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import type { Outcome } from '../../protocol/service.ts';
import { wordsOf } from './ask-system.ts';

export interface SystemClientsOptions {
  /** Of the system, for messages. */
  readonly name: string;
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

  /** Resolves when the op has ended, after the op timeout at the latest. Rejects with a SpecError for an answer that is none. */
  async ask(op: Op, endpoint: Endpoint): Promise<Completion> {
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
      outcome = this.#read(op, await Promise.race([opened.client.invoke(op, asking.signal), givenUp]));
    } catch (error) {
      if (error instanceof SpecError) throw error;
      outcome = this.#failed(op, error);
    } finally {
      clearTimeout(timer);
      if (opened !== undefined) opened.asking = undefined;
    }
    if (opened !== undefined && (outcome.type === 'info' || asking.signal.aborted)) this.#close(process, opened);
    const { type, value, error } = outcome;
    return {
      process,
      type,
      value: (value === undefined ? op.value : value) as Value,
      ...(error === undefined ? {} : { error: error as Value }),
    };
  }

  /** The run is over: nothing is said to the system any more, and nobody waits. */
  close(): void {
    for (const [process, opened] of this.#opened) this.#close(process, opened);
  }

  #open(process: number, endpoint: Endpoint): Opened {
    const there = this.#opened.get(process);
    if (there !== undefined) return there;
    const { open, targetOptions } = this.#options;
    const opened: Opened = { client: open({ endpoint, process, options: targetOptions }), asking: undefined };
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

  #read(op: Op, outcome: Outcome | null | undefined): Outcome {
    if (outcomeTypes.includes(outcome?.type)) return outcome as Outcome;
    const given = JSON.stringify(outcome) ?? String(outcome);
    throw new SpecError(
      `a client of ${this.#options.name} must resolve ${op.f} with { type: 'ok', 'fail', or 'info', value }, and gave ${given}`,
    );
  }

  /** Whatever went wrong, the op may have taken effect; not if it only reads, or never reached the node. */
  #failed({ f, value }: Op, error: unknown): Outcome {
    if (error === timedOut) return { type: this.#options.isRead(f) ? 'fail' : 'info', value, error: 'timeout' };
    if (isRefused(error)) return { type: 'fail', value, error: 'connection-refused' };
    return { type: this.#options.isRead(f) ? 'fail' : 'info', value, error: wordsOf(error) };
  }
}

const outcomeTypes: readonly unknown[] = ['ok', 'fail', 'info'];

const timedOut = new Error('timeout');

/** Nobody listened. */
function isRefused(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } };
  return code === 'ECONNREFUSED' || cause?.code === 'ECONNREFUSED';
}
