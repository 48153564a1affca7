/** How transcripts show Raft. */
import { rewrite as rewriteIn } from '../../machines/testing/transcript.ts';
import type { Entry, Snapshot } from '../messages.ts';
import type { Raft } from '../raft.ts';
import { Cluster } from './cluster.ts';

/** Runs the commands of a transcript and gives it back with the answers that came. Comments and blank lines stay. */
export const rewrite = (transcript: string): string =>
  rewriteIn(transcript, {
    begin: (options) => new Cluster(options),
    timeout: (cluster, id) => (cluster as Cluster).timeout(id),
    state,
    shown(name, value) {
      if (name === 'entries') return `[${(value as readonly Entry[]).map(entry).join(' ')}]`;
      if (name === 'snapshot') return `${(value as Snapshot).index}@${(value as Snapshot).term}`;
      return undefined;
    },
  });

function state(raft: Raft): string {
  const { role, term, commitIndex, snapshotIndex, firstIndex, lastIndex } = raft;
  const entries = Array.from({ length: lastIndex - firstIndex + 1 }, (_, i) => raft.termAt(firstIndex + i));
  const snapshot = snapshotIndex === 0 ? '' : ` snapshot ${snapshotIndex}`;
  return `${role} term ${term} commit ${commitIndex}${snapshot} terms from ${firstIndex}: [${entries.join(' ')}]`;
}

/** The term, and the client's request. */
const entry = ({ term, command }: Entry): string =>
  command === null ? `${term}:no-op` : `${term}:${command.client}#${command.id}`;
