/** A cluster of Multi-Paxos, each step of which is a test's decision. */
import { type Options, SteppedCluster } from '../../machines/testing/cluster.ts';
import type { PaxosConfig } from '../config.ts';
import type { PaxosBody } from '../messages.ts';
import type { Paxos, PaxosDescription } from '../paxos.ts';
import { paxos } from '../system.ts';

export class Cluster extends SteppedCluster<Paxos, PaxosConfig, PaxosBody, PaxosDescription> {
  constructor(options: Options<PaxosConfig, PaxosBody> = {}) {
    super(paxos, options);
  }

  /** The ballot that a node has in a round. */
  ballot(round: number, id: string): number {
    return round * this.nodeIds.length + this.nodeIds.indexOf(id);
  }

  /** Whether the minimum leader timeout still runs, by the timer that is set. */
  isSticky(id: string): boolean {
    const timer = this.node(id).timers.get('leader');
    return timer !== undefined && timer.minMs === timer.maxMs;
  }

  /** Lets the leader timeout pass, both parts of it. */
  timeout(id: string): void {
    if (this.isSticky(id)) this.fire(id, 'leader');
    this.fire(id, 'leader');
  }

  /** Makes a node the leader, with whoever is not cut off. */
  elect(id: string, cut: readonly string[] = []): void {
    // Their minimum timeout must have passed as well, or they would not promise anything.
    for (const other of this.nodeIds) {
      const { state } = this.node(other);
      if (other === id || cut.includes(other) || state === undefined) continue;
      if (state.role === 'leader') for (let i = 0; i < 2; i++) this.fire(other, 'check-quorum');
      else if (this.isSticky(other)) this.fire(other, 'leader');
    }
    this.timeout(id);
    this.settle(cut);
    if (this.state(id).role !== 'leader') throw new Error(`${id} does not lead`);
  }

  /** One heartbeat of a leader, and all that follows from it. */
  heartbeat(id: string, cut: readonly string[] = []): void {
    this.fire(id, 'heartbeat');
    this.settle(cut);
  }
}
