/** How transcripts show two-phase commit: what a node holds, and what it is uncertain of. */
import { rewrite as rewriteIn } from '../../machines/testing/transcript.ts';
import type { TwoPhaseCommit } from '../two-phase-commit.ts';
import { Cluster } from './cluster.ts';

/** Runs the commands of a transcript and gives it back with the answers that came. Comments and blank lines stay. */
export const rewrite = (transcript: string): string =>
  rewriteIn(transcript, {
    begin: (options) => new Cluster(options),
    // There is no leader to stand for: half a second passes.
    timeout: (cluster, id) => (cluster as Cluster).wait(id, 5),
    state,
    shown: () => undefined,
  });

function state(node: TwoPhaseCommit): string {
  const held = [0, 1, 2, 3, 4, 5].filter((key) => node.held(key) !== undefined);
  const contents = held.map((key) => `${key}=${JSON.stringify(node.held(key))}`).join(' ');
  return `${node.role} coordinates ${node.coordinating} uncertain: [${node.uncertain.join(' ')}] holds: [${contents}]`;
}
