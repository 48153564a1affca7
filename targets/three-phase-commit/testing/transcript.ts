/** How transcripts show three-phase commit: the state of the first transaction of n1 on each node. */
import { rewrite as rewriteIn } from '../../machines/testing/transcript.ts';
import type { ThreePhaseCommit } from '../three-phase-commit.ts';
import { Cluster } from './cluster.ts';

/** Runs the commands of a transcript and gives it back with the answers that came. Comments and blank lines stay. */
export const rewrite = (transcript: string): string =>
  rewriteIn(transcript, {
    begin: (options) => new Cluster(options),
    timeout: (cluster, id) => (cluster as Cluster).waitUntilItActs(id),
    state,
    shown: () => undefined,
  });

const state = (node: ThreePhaseCommit): string =>
  `${node.role}: ${node.stateOf('n1.1.1')}${node.isRecovering('n1.1.1') ? ', recovering' : ''}`;
