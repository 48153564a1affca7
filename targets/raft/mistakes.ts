/** The switches by which Raft's classic mistakes are made. All are off in the correct protocol. */
export interface Mistakes {
  /** A leader answers reads from its own state without asking whether it still leads. */
  readonly staleReads: boolean;
  /** Votes for a candidate whose log lacks entries. */
  readonly noLogCheck: boolean;
  /** Commits entries of earlier terms by counting their copies. */
  readonly commitsOldTerms: boolean;
  /** A leader begins its term without an entry of its own. */
  readonly noNoOp: boolean;
  /** Neither term nor vote reach the disk. */
  readonly forgetsVote: boolean;
  /** Acknowledges entries before they are on disk. */
  readonly acksBeforeSync: boolean;
  /** Votes again, for another candidate, in a term in which it has voted. */
  readonly votesTwice: boolean;
  /** Keeps entries that conflict with the leader's. */
  readonly noTruncate: boolean;
  /** Drops the entries behind a snapshot together with those in it. */
  readonly snapshotLosesTail: boolean;
  /** Serves reads before an entry of its own term is committed. */
  readonly readsBeforeNoOp: boolean;
  /** Applies a retried command as often as it is in the log. */
  readonly appliesTwice: boolean;
  /** Serves reads on a lease measured by the wall clock. */
  readonly leaseOnWallClock: boolean;
  /** Any node answers reads from its own state. */
  readonly readsFromFollowers: boolean;
  /** Takes half of the nodes for a majority. */
  readonly minorityQuorum: boolean;
}

export const noMistakes: Mistakes = {
  staleReads: false,
  noLogCheck: false,
  commitsOldTerms: false,
  noNoOp: false,
  forgetsVote: false,
  acksBeforeSync: false,
  votesTwice: false,
  noTruncate: false,
  snapshotLosesTail: false,
  readsBeforeNoOp: false,
  appliesTwice: false,
  leaseOnWallClock: false,
  readsFromFollowers: false,
  minorityQuorum: false,
};
