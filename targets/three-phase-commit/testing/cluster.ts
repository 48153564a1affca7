/** A cluster of three-phase commit, each step of which is a test's decision. */
import type { Body, Json, Message } from '../../../protocol/message.ts';
import { type Options, SteppedCluster } from '../../machines/testing/cluster.ts';
import type { ThreePhaseConfig } from '../config.ts';
import type { ThreePhaseBody } from '../messages.ts';
import { threePhaseCommit } from '../system.ts';
import type { ThreePhaseCommit, ThreePhaseDescription } from '../three-phase-commit.ts';
import { noCommitBesideWait } from './no-commit-beside-wait.ts';

export class Cluster extends SteppedCluster<ThreePhaseCommit, ThreePhaseConfig, ThreePhaseBody, ThreePhaseDescription> {
  constructor(options: Options<ThreePhaseConfig, ThreePhaseBody> = {}) {
    const invariants = [...threePhaseCommit.invariants, noCommitBesideWait];
    super({ ...threePhaseCommit, invariants, configure: () => threePhaseCommit.configure('atomic-commit') }, options);
  }

  /** The requests `transact NAME AGAINST` and `inspect NAME` of a transcript, in the words of the service. */
  override request(client: string, id: string, body: Body, msgId?: number): number {
    const { type, key, value } = body as unknown as { type: string; key: Json; value?: Json };
    const question = { type, txn: key };
    const request: Body = type === 'transact' ? ({ ...question, against: value ?? [] } as Body) : question;
    return msgId === undefined ? super.request(client, id, request) : super.request(client, id, request, msgId);
  }

  transact(id: string, against: readonly string[] = []): number {
    return this.request('c1', id, { type: 'transact', key: 't', value: against } as Body);
  }

  inspect(id: string): Body | undefined {
    const msgId = this.request('c9', id, { type: 'inspect', key: 't' } as Body);
    while (this.sync(id));
    return this.reply('c9', msgId);
  }

  /** Lets time pass on one node, in ticks, as far as it has any use for it. What it sends stays under way. */
  wait(id: string, ticks: number): void {
    for (let i = 0; i < ticks && this.node(id).timers.has('tick'); i++) this.fire(id, 'tick');
  }

  /** Lets time pass on one node until it has lost its patience, and sends something. */
  waitUntilItActs(id: string): void {
    const node = this.node(id);
    const sent = (): number => this.network.length + node.waiting.length;
    const before = sent();
    for (let ticks = 0; sent() === before && ticks < 100; ticks++) this.wait(id, 1);
  }

  /** Delivers all messages between nodes of these types, and only these, with all syncs that are due, until none is left. */
  pass(...types: readonly string[]): void {
    for (let steps = 0; steps < 1000; steps++) {
      const synced = this.nodeIds.filter((id) => this.sync(id)).length;
      const place = this.network.findIndex(({ body }) => types.includes(body.type));
      if (place >= 0) this.deliver(place);
      else if (synced === 0) return;
    }
  }

  underWay(type: string): Message<ThreePhaseBody>[] {
    return this.network.filter(({ body }) => body.type === type);
  }

  /** The state of a transaction on each node, `down` where there is none. */
  states(tx = 'n1.1.1'): readonly string[] {
    return this.nodes.map(({ state }) => state?.stateOf(tx) ?? 'down');
  }
}
