/**
 * Ballots as whole numbers: the round times the size of the cluster plus the position of the node in it. So they are
 * ordered by round, then by node, and no two nodes have one in common (Paxos Made Simple, §2.2).
 */

/** The least ballot of a node that is greater than another. */
export function ballotAbove(ballot: number, node: number, size: number): number {
  const round = Math.floor(ballot / size);
  const sameRound = round * size + node;
  return sameRound > ballot && round > 0 ? sameRound : sameRound + size;
}

/** `round.node`, and `no ballot` for the one below all others. */
export function describedBallot(ballot: number, nodeIds: readonly string[]): string {
  const size = nodeIds.length;
  return ballot === 0 ? 'no ballot' : `${Math.floor(ballot / size)}.${nodeIds[ballot % size]}`;
}
