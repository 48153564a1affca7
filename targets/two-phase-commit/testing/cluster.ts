/** A cluster of two-phase commit, each step of which is a test's decision. With three nodes, n1 owns the keys 0 and 3, n2 1 and 4, n3 2 and 5. */
import type { Body, Json, Message } from '../../../protocol/message.ts';
import type { ServiceName } from '../../../protocol/service.ts';
import { type Options, SteppedCluster } from '../../machines/testing/cluster.ts';
import type { CommitConfig } from '../config.ts';
import type { CommitBody } from '../messages.ts';
import type { Step } from '../steps.ts';
import { twoPhaseCommit } from '../system.ts';
import type { CommitDescription, TwoPhaseCommit } from '../two-phase-commit.ts';

export class Cluster extends SteppedCluster<TwoPhaseCommit, CommitConfig, CommitBody, CommitDescription> {
  constructor(options: Options<CommitConfig, CommitBody> = {}, service: ServiceName = 'txn') {
    super({ ...twoPhaseCommit, configure: () => twoPhaseCommit.configure(service) }, options);
  }

  /** The request `txn KEY STEPS` of a transcript is a transaction, whatever its key. */
  override request(client: string, id: string, body: Body, msgId?: number): number {
    const { value } = body as unknown as { readonly value: Json };
    const request = body.type === 'txn' && value !== undefined ? ({ type: 'txn', txn: value } as Body) : body;
    return msgId === undefined ? super.request(client, id, request) : super.request(client, id, request, msgId);
  }

  txn(client: string, id: string, steps: readonly Step[]): number {
    return this.request(client, id, { type: 'txn', txn: steps } as Body);
  }

  /** Lets time pass on one node, in ticks, as far as it has any use for it. What it sends stays under way. */
  wait(id: string, ticks: number): void {
    for (let i = 0; i < ticks && this.node(id).timers.has('tick'); i++) this.fire(id, 'tick');
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

  underWay(type: string): Message<CommitBody>[] {
    return this.network.filter(({ body }) => body.type === type);
  }

  /** What a key holds by commits, on the node that owns it. */
  held(id: string, key: number): Json | undefined {
    return this.state(id).held(key);
  }
}
