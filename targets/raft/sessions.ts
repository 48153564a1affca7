import type { Body, Json } from '../../protocol/message.ts';

/** What a client was last told. */
interface Session {
  readonly id: number;
  readonly reply: Body;
}

/** Sessions kept at the most. Each is a client with at most one request under way; the ones longest silent go first. */
const sessionsMax = 10_000;

/**
 * Client sessions (§6.3): the last command of each client that was applied, with its answer, so that a retry is
 * answered and not applied again. Part of the replicated state: all nodes drop the same sessions at the same index.
 */
export class Sessions {
  #sessions = new Map<string, Session>();

  get(client: string): Session | undefined {
    return this.#sessions.get(client);
  }

  set(client: string, id: number, reply: Body): void {
    this.#sessions.delete(client);
    this.#sessions.set(client, { id, reply });
    if (this.#sessions.size > sessionsMax) {
      const [oldest] = this.#sessions.keys();
      this.#sessions.delete(oldest as string);
    }
  }

  /** In order of last use, which decides what is dropped next. */
  snapshot(): Json {
    return [...this.#sessions].map(([client, { id, reply }]) => [client, id, reply as unknown as Json]);
  }

  restore(snapshot: Json): void {
    const sessions = snapshot as unknown as readonly (readonly [string, number, Body])[];
    this.#sessions = new Map(sessions.map(([client, id, reply]) => [client, { id, reply }]));
  }
}
