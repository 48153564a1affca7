/** A cluster of Raft, each step of which is a test's decision. */
import { type Options, SteppedCluster } from '../../machines/testing/cluster.ts';
import type { RaftConfig } from '../config.ts';
import type { RaftBody } from '../messages.ts';
import type { Raft, RaftDescription } from '../raft.ts';
import { raft } from '../system.ts';

export class Cluster extends SteppedCluster<Raft, RaftConfig, RaftBody, RaftDescription> {
  constructor(options: Options<RaftConfig, RaftBody> = {}) {
    super(raft, options);
  }

  /** The node's state; it must be up. */
  raft(id: string): Raft {
    return this.state(id);
  }

  /** Lets the election timeout pass, both parts of it. */
  timeout(id: string): void {
    if (this.isSticky(id)) this.fire(id, 'election');
    this.fire(id, 'election');
  }

  /** Whether the minimum election timeout still runs, by the timer that is set. */
  isSticky(id: string): boolean {
    const timer = this.node(id).timers.get('election');
    return timer !== undefined && timer.minMs === timer.maxMs;
  }

  /** Makes a node the leader, with whoever is not cut off. */
  elect(id: string, cut: readonly string[] = []): void {
    // Their minimum election timeout must have passed as well, or they would not help.
    for (const other of this.nodeIds) {
      const { state } = this.node(other);
      if (other === id || cut.includes(other) || state === undefined) continue;
      if (state.role === 'leader') for (let i = 0; i < 2; i++) this.fire(other, 'check-quorum');
      else if (this.isSticky(other)) this.fire(other, 'election');
    }
    this.timeout(id);
    this.settle(cut);
    if (this.raft(id).role !== 'leader') throw new Error(`${id} was not elected`);
  }

  /** One heartbeat of a leader, and all that follows from it. */
  heartbeat(id: string, cut: readonly string[] = []): void {
    this.fire(id, 'heartbeat');
    this.settle(cut);
  }
}
