/**
 * The requests of a node's own clients, in a protocol with a leader. The node that a client asks sees to its request:
 * it hands it to the leader, again when no answer comes, and gives the answer. Whether a request took effect it may not
 * know; then it stays silent.
 */
import type { Body } from '../../protocol/message.ts';
import type { Effect } from '../../protocol/node.ts';
import { errorReply, inReplyTo, type Reply, type Request, type StateMachine } from './machine.ts';
import type { Command } from './replicated.ts';

export interface ClientRequestsConfig {
  readonly machine: StateMachine;
  readonly retryMs: number;
  readonly unavailableAfterRetries: number;
  readonly forgottenAfterRetries: number;
}

/** What the node does for its clients' requests. */
export interface ClientRequestsHost {
  emit(effect: Effect): void;
  send(to: string, body: Body): void;
  /** Whom the node takes for the leader. */
  leader(): string | null;
  /** How far the node knows the log to be decided. */
  decided(): number;
  /** Deals with a request as far as this node can, or passes it on to the leader; false when no leader is known. */
  submit(command: Command, isQuery: boolean): boolean;
}

/** A request that has not been answered. */
interface Outstanding {
  readonly command: Command;
  readonly isQuery: boolean;
  /** How often the timer has fired meanwhile. */
  age: number;
  /** Whether a leader may have it: then nobody knows whether it took effect. */
  submitted: boolean;
}

export class ClientRequests {
  readonly #id: string;
  readonly #config: ClientRequestsConfig;
  readonly #host: ClientRequestsHost;
  readonly #timer: Effect;
  /** By client: each has at most one request outstanding. */
  readonly #outstanding = new Map<string, Outstanding>();
  #timerSet = false;

  /** `timer` is the name of the timer whose firing the node reports to `timerFired`. */
  constructor(id: string, config: ClientRequestsConfig, host: ClientRequestsHost, timer: string) {
    this.#id = id;
    this.#config = config;
    this.#host = host;
    this.#timer = { type: 'set-timer', name: timer, minMs: config.retryMs, maxMs: config.retryMs };
  }

  receive(client: string, request: Request): void {
    const id = request.msg_id;
    if (typeof id !== 'number') return;
    const kind = this.#config.machine.classify(request);
    if (typeof kind === 'object') {
      this.#host.send(client, inReplyTo(id, kind));
      return;
    }
    const command: Command = { client, id, origin: this.#id, bornAt: this.#host.decided(), request };
    const outstanding: Outstanding = { command, isQuery: kind === 'query', age: 0, submitted: false };
    this.#outstanding.set(client, outstanding);
    if (!this.#timerSet) {
      this.#timerSet = true;
      this.#host.emit(this.#timer);
    }
    this.#submit(outstanding);
  }

  #submit(outstanding: Outstanding): void {
    if (this.#host.submit(outstanding.command, outstanding.isQuery)) outstanding.submitted = true;
  }

  /** There is a new leader. What the old one has done with a request does not matter: sessions see to that. */
  submitAll(): void {
    for (const outstanding of this.#outstanding.values()) this.#submit(outstanding);
  }

  timerFired(): void {
    for (const outstanding of this.#outstanding.values()) this.#lookAfter(outstanding);
    this.#timerSet = this.#outstanding.size > 0;
    if (this.#timerSet) this.#host.emit(this.#timer);
  }

  #lookAfter(outstanding: Outstanding): void {
    const { command, isQuery, submitted } = outstanding;
    const { unavailableAfterRetries, forgottenAfterRetries } = this.#config;
    const leader = this.#host.leader();
    outstanding.age++;
    // Only what changes nothing, or was never handed to anybody, has certainly not taken effect.
    if (outstanding.age >= unavailableAfterRetries && (isQuery || !submitted)) {
      this.#host.emit({ type: 'mark', name: 'unavailable' });
      const reply = errorReply('temporarilyUnavailable', leader === null ? 'no leader is known' : 'no answer');
      this.reply(command.client, command.id, reply);
    } else if (outstanding.age >= forgottenAfterRetries) {
      this.#outstanding.delete(command.client);
    } else if (outstanding.age > 1 && leader !== null && leader !== this.#id) {
      this.#host.emit({ type: 'mark', name: 'request-retried' });
      this.#submit(outstanding);
    }
  }

  /** Does nothing when the client has its answer already, or asked another life of this node. */
  reply(client: string, id: number, reply: Reply): void {
    if (this.#outstanding.get(client)?.command.id !== id) return;
    this.#outstanding.delete(client);
    this.#host.send(client, inReplyTo(id, reply));
  }
}
