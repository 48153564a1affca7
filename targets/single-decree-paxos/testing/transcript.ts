/** How transcripts show single-decree Paxos: the instance `x`, ballots as numbers, proposals as `value@ballot`. */
import { rewrite as rewriteIn } from '../../machines/testing/transcript.ts';
import type { AcceptorRecord, Proposal } from '../messages.ts';
import type { SingleDecreePaxos } from '../single-decree-paxos.ts';
import { Cluster } from './cluster.ts';

/** Runs the commands of a transcript and gives it back with the answers that came. Comments and blank lines stay. */
export const rewrite = (transcript: string): string =>
  rewriteIn(transcript, {
    begin: (options) => new Cluster(options),
    timeout: (cluster, id) => (cluster as Cluster).timeout(id),
    state,
    shown(name, value) {
      if (name === 'accepted') return proposal(value as Proposal | null);
      if (name === '"x"') return record(value as AcceptorRecord);
      return name === 'instance' ? String(value) : undefined;
    },
  });

function state(node: SingleDecreePaxos): string {
  const instance = node.instances.get('x');
  if (instance === undefined) return 'knows nothing';
  const { phase, decided } = instance;
  return `${phase} ${record(instance)} decided ${decided === null ? 'nothing' : JSON.stringify(decided.value)}`;
}

const record = ({ promised, accepted }: AcceptorRecord): string =>
  `promised ${promised} accepted ${proposal(accepted)}`;

const proposal = (of: Proposal | null): string =>
  of === null ? 'nothing' : `${JSON.stringify(of.value)}@${of.ballot}`;
