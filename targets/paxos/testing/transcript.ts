/** How transcripts show Multi-Paxos: ballots as numbers, proposals as `slot@ballot:request`. */
import { rewrite as rewriteIn } from '../../machines/testing/transcript.ts';
import type { PValue, Snapshot } from '../messages.ts';
import type { Paxos } from '../paxos.ts';
import { Cluster } from './cluster.ts';

/** Runs the commands of a transcript and gives it back with the answers that came. Comments and blank lines stay. */
export const rewrite = (transcript: string): string =>
  rewriteIn(transcript, {
    begin: (options) => new Cluster(options),
    timeout: (cluster, id) => (cluster as Cluster).timeout(id),
    state,
    shown(name, value) {
      if (Array.isArray(value)) return `[${(value as readonly PValue[]).map(proposal).join(' ')}]`;
      if (name === 'snapshot' && value !== null) return `to ${(value as Snapshot).slot}`;
      return undefined;
    },
  });

function state(paxos: Paxos): string {
  const { role, promised, chosen, snapshotSlot } = paxos;
  const snapshot = snapshotSlot === 0 ? '' : ` snapshot ${snapshotSlot}`;
  return `${role} promised ${promised} chosen ${chosen}${snapshot} accepted: [${paxos.accepted.map(proposal).join(' ')}]`;
}

const proposal = ({ ballot, slot, command }: PValue): string =>
  `${slot}@${ballot}:${command === null ? 'no-op' : `${command.client}#${command.id}`}`;
