/** Random schedules of Multi-Paxos. */
import type { Options } from '../../machines/testing/cluster.ts';
import { runSchedule as runOn, type ScheduleOutcome } from '../../machines/testing/schedule.ts';
import type { PaxosConfig } from '../config.ts';
import type { PaxosBody } from '../messages.ts';
import { Cluster } from './cluster.ts';

const timerChances = { leader: 12, heartbeat: 40, requests: 6, 'check-quorum': 3 };

/** Carries out `steps` random steps, then lets everybody come back and settle. The same seed does the same. */
export function runSchedule(
  seed: number,
  steps: number,
  options: Options<PaxosConfig, PaxosBody>,
): ScheduleOutcome & { readonly cluster: Cluster } {
  const cluster = new Cluster(options);
  const outcome = runOn(cluster, { timerChances, settle: () => settle(cluster) }, seed, steps);
  return { ...outcome, cluster };
}

function settle(cluster: Cluster): void {
  for (let round = 0; round < 20; round++) {
    const leader = cluster.nodes.find(({ state }) => state?.role === 'leader');
    if (leader === undefined) {
      for (const { id } of cluster.nodes) if (cluster.isSticky(id)) cluster.fire(id, 'leader');
      cluster.timeout(cluster.nodeIds[round % cluster.nodeIds.length] as string);
    } else {
      cluster.fire(leader.id, 'heartbeat');
    }
    cluster.settle();
  }
}
