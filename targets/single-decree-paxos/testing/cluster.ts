/**
 * A cluster of single-decree Paxos, each step of which is a test's decision. All is about the instance `x`, where
 * nothing else is said.
 */
import type { Body, Json, Message } from '../../../protocol/message.ts';
import { type Options, SteppedCluster } from '../../machines/testing/cluster.ts';
import type { SingleDecreeConfig } from '../config.ts';
import type { Instance } from '../instance.ts';
import type { Accept, Proposal, SingleDecreeBody } from '../messages.ts';
import type { SingleDecreeDescription, SingleDecreePaxos } from '../single-decree-paxos.ts';
import { singleDecreePaxos } from '../system.ts';

export class Cluster extends SteppedCluster<
  SingleDecreePaxos,
  SingleDecreeConfig,
  SingleDecreeBody,
  SingleDecreeDescription
> {
  constructor(options: Options<SingleDecreeConfig, SingleDecreeBody> = {}) {
    super({ ...singleDecreePaxos, configure: () => singleDecreePaxos.configure('consensus') }, options);
  }

  /** The ballot that a node has in a round. */
  ballot(round: number, id: string): number {
    return round * this.nodeIds.length + this.nodeIds.indexOf(id);
  }

  /** A client of a node proposes a value; returns the `msg_id`. */
  propose(id: string, value: Json, key = 'x'): number {
    return this.request(`c${id}`, id, { type: 'propose', key, value } as Body);
  }

  learn(id: string, key = 'x'): number {
    return this.request(`c${id}`, id, { type: 'learn', key } as Body);
  }

  /** What the client of a node was told: the value, null for nothing, undefined without an answer. */
  told(id: string, msgId: number): Json | undefined {
    return (this.reply(`c${id}`, msgId) as { readonly value?: Json } | undefined)?.value;
  }

  /** The instance `x` of a node, which must be there. */
  instance(id: string): Instance {
    const instance = this.state(id).instances.get('x');
    if (instance === undefined) throw new Error(`${id} has no instance x`);
    return instance;
  }

  /** Lets the timer of a node's instance fire: its proposer asks again, or tries a higher ballot. */
  timeout(id: string): void {
    this.fire(id, '"x"');
  }

  /** A message of a node that need not exist; the disk of who receives it is done at once. */
  say(src: string, dest: string, body: Record<string, Json>): void {
    const message = { src, dest, body: { instance: 'x', ...body } } as unknown as Message<SingleDecreeBody>;
    this.receive(message);
    while (this.sync(dest));
  }

  /** A promise of `ballot`, with what was accepted. */
  promise(src: string, dest: string, ballot: number, accepted: Proposal | null = null): void {
    this.say(src, dest, { type: 'promise', ballot, accepted });
  }

  /** What a node last sent another, or has waiting for its disk. */
  lastFrom<B extends SingleDecreeBody>(src: string, dest: string): B | undefined {
    const waiting = this.node(src).waiting.map(({ message }) => message);
    return [...this.network, ...waiting].findLast((message) => message.src === src && message.dest === dest)?.body as
      | B
      | undefined;
  }

  /** The proposals that a node has sent another. */
  proposals(src: string, dest: string): readonly Proposal[] {
    return this.network
      .filter((message) => message.src === src && message.dest === dest && message.body.type === 'accept')
      .map(({ body }) => ({ ballot: (body as Accept).ballot, value: (body as Accept).value }));
  }

  /** The oldest message from one node to another arrives. */
  pass(src: string, dest: string): void {
    const position = this.network.findIndex((message) => message.src === src && message.dest === dest);
    if (position < 0) throw new Error(`no message from ${src} to ${dest} is under way`);
    this.deliver(position);
  }

  /** Of the messages under way those that a test does not want are lost. */
  lose(isLost: (message: Message<SingleDecreeBody>) => boolean): void {
    const kept = this.network.filter((message) => !isLost(message));
    this.network.splice(0, this.network.length, ...kept);
  }
}
