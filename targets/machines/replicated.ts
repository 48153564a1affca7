/**
 * What applying the log yields: the state machine, and for each client its last command with the reply (Ongaro 2014,
 * §6.3), so that a command which is in the log twice takes effect once. Sessions are bounded: when there are too many, the one
 * that was used longest ago is forgotten, by every node at the same entry.
 */
import type { Json } from '../../protocol/message.ts';
import type { Reply, Request, StateMachine } from './machine.ts';

/**
 * A client's request on its way through the cluster. `client` and `id` (the request's `msg_id`) identify it in every
 * log, however often it is sent again. `origin` is the node that the client asked, which gives the answer.
 */
export type Command = {
  readonly client: string;
  readonly id: number;
  readonly origin: string;
  /** How far the origin knew the log to be decided when the request came: whatever entry carries it comes later. */
  readonly bornAt: number;
  readonly request: Request;
};

/** A client's last command: its id, the index at which it was applied, and the reply. */
type Session = { readonly id: number; readonly index: number; readonly reply: Reply };

type State = {
  readonly machine: Json;
  readonly sessions: readonly (readonly [client: string, session: Session])[];
  readonly forgottenUpTo: number;
};

export class ReplicatedState {
  readonly #machine: StateMachine;
  readonly #sessionsMax: number;
  #state: unknown;
  #sessions = new Map<string, Session>();
  /** Of the sessions that were forgotten, the greatest index of a last command. */
  #forgottenUpTo = 0;

  constructor(machine: StateMachine, sessionsMax: number) {
    this.#machine = machine;
    this.#sessionsMax = sessionsMax;
    this.#state = machine.init();
  }

  /**
   * `applied`: it has been, and `remembered` has the reply. `superseded`: its client has sent a later one since.
   * `doubtful`: it may have been applied by a session that is forgotten. A command without a session that is younger
   * than every forgotten one cannot have been: its entry would be younger still, and so would its session.
   */
  status(command: Command): 'new' | 'applied' | 'superseded' | 'doubtful' {
    const session = this.#sessions.get(command.client);
    if (session === undefined) return command.bornAt >= this.#forgottenUpTo ? 'new' : 'doubtful';
    if (command.id > session.id) return 'new';
    return command.id === session.id ? 'applied' : 'superseded';
  }

  /** The reply to a client's last command. */
  remembered(client: string): Reply {
    const session = this.#sessions.get(client);
    if (session === undefined) throw new Error(`no command of ${client} has been applied`);
    return session.reply;
  }

  apply(command: Command, index: number): Reply {
    const reply = this.#machine.apply(this.#state, command.request);
    this.#sessions.set(command.client, { id: command.id, index, reply });
    if (this.#sessions.size > this.#sessionsMax) this.#forgetOldest();
    return reply;
  }

  query(request: Request): Reply {
    return this.#machine.query(this.#state, request);
  }

  snapshot(): Json {
    const state: State = {
      machine: this.#machine.snapshot(this.#state),
      sessions: [...this.#sessions],
      forgottenUpTo: this.#forgottenUpTo,
    };
    return state;
  }

  restore(snapshot: Json): void {
    const state = snapshot as State;
    this.#state = this.#machine.restore(state.machine);
    this.#sessions = new Map(state.sessions);
    this.#forgottenUpTo = state.forgottenUpTo;
  }

  /** O(sessions), but only for clients beyond the bound. */
  #forgetOldest(): void {
    let oldest = '';
    let index = Number.POSITIVE_INFINITY;
    for (const [client, session] of this.#sessions) {
      if (session.index >= index) continue;
      oldest = client;
      index = session.index;
    }
    this.#sessions.delete(oldest);
    this.#forgottenUpTo = Math.max(this.#forgottenUpTo, index);
  }
}
