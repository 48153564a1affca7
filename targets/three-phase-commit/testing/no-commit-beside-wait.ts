/**
 * What makes three-phase commit nonblocking, as long as failures are told from slowness. No invariant of the target: a partition breaks it
 * long before, and more often than, it leads to half a commit, and that is what is to be shown.
 */
import type { Invariant, InvariantMonitor } from '../../../protocol/system.ts';
import { watching } from '../../two-phase-commit/deeds.ts';
import type { ThreePhaseDescription } from '../three-phase-commit.ts';

/** A commit costs a look at each node. */
const monitor = (nodeIds: readonly string[]): InvariantMonitor<ThreePhaseDescription> =>
  watching(nodeIds, ({ tx, deed, decision }, changed, descriptions) => {
    if (deed !== 'followed' || decision !== 'commit') return undefined;
    for (let i = 0; i < descriptions.length; i++) {
      const site = descriptions[i];
      if (site?.stateOf(tx) !== 'wait' || site.isRecovering(tx)) continue;
      return `${nodeIds[changed]} has committed ${tx}, while ${nodeIds[i]} is up and still in wait`;
    }
    return undefined;
  });

export const noCommitBesideWait: Invariant<ThreePhaseDescription> = {
  name: 'no-commit-beside-wait',
  summary: 'No site commits while another that has stayed up could still abort.',
  source: 'Skeen 1981, the fundamental nonblocking theorem',
  monitor,
};
