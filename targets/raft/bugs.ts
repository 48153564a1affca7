/**
 * Raft's classic mistakes. Where a mistake alone would hide behind another safeguard, or would hardly ever matter, its
 * configuration takes the safeguard away or sets a parameter, and says so.
 */
import type { Bug } from '../../protocol/system.ts';
import type { RaftConfig } from './raft.ts';

/** Candidates meet more often: short, narrow timeouts, and no pre-vote that keeps the hopeless from standing. */
const contestedElections = { electionTimeoutMsMin: 150, electionTimeoutMsMax: 165, preVote: false } as const;

export const bugs: readonly Bug<RaftConfig>[] = [
  {
    name: 'stale-read',
    summary: 'A leader answers reads from its own state without asking whether it still leads; without check-quorum.',
    source: 'Ongaro 2014, §6.4',
    config: { mistakes: { staleReads: true }, checkQuorum: false },
  },
  {
    name: 'no-log-check',
    summary: 'Votes are given to candidates whose logs lack committed entries.',
    source: 'Ongaro 2014, §3.6.1',
    config: { mistakes: { noLogCheck: true } },
  },
  {
    name: 'commit-old-term',
    summary:
      'A leader commits entries of earlier terms by counting copies; no no-op, no pre-vote, one entry a message (Figure 8 of the paper).',
    source: 'Ongaro 2014, §3.6.2 and Figure 3.7',
    config: {
      mistakes: { commitsOldTerms: true, noNoOp: true },
      entriesPerMessageMax: 1,
      preVote: false,
      checkQuorum: false,
    },
  },
  {
    name: 'forgets-vote',
    summary:
      'Term and vote are not written to disk: a node that restarts may vote twice in a term; contested elections.',
    source: 'Ongaro 2014, §3.8',
    config: { mistakes: { forgetsVote: true }, ...contestedElections, checkQuorum: false },
  },
  {
    name: 'ack-before-sync',
    summary: 'Entries are acknowledged before they are on disk: a crash takes back what counted as replicated.',
    source: 'Ongaro 2014, §3.8 and §10.2.1',
    config: { mistakes: { acksBeforeSync: true } },
  },
  {
    name: 'split-vote-double',
    summary: 'A node votes for every candidate that asks in a term, not only the first; contested elections.',
    source: 'Ongaro 2014, §3.4',
    config: { mistakes: { votesTwice: true }, ...contestedElections, checkQuorum: false },
  },
  {
    name: 'no-truncate',
    summary: "A follower keeps entries that conflict with the leader's, and says that they match.",
    source: 'Ongaro 2014, §3.5',
    config: { mistakes: { noTruncate: true } },
  },
  {
    name: 'snapshot-loses-tail',
    summary: 'Entries behind a snapshot are dropped together with those in it; a snapshot every 10 entries.',
    source: 'Ongaro 2014, §5.1 and §5.3',
    config: { mistakes: { snapshotLosesTail: true }, snapshotEvery: 10, snapshotTail: 0 },
  },
  {
    name: 'read-index-before-noop',
    summary: 'A new leader serves reads before an entry of its own term is committed, and begins its term without one.',
    source: 'Ongaro 2014, §6.4 step 1',
    config: { mistakes: { readsBeforeNoOp: true, noNoOp: true } },
  },
  {
    name: 'duplicate-apply',
    summary: 'A command that was retried is applied as often as it is in the log.',
    source: 'Ongaro 2014, §6.3',
    config: { mistakes: { appliesTwice: true } },
  },
  {
    name: 'lease-read-with-clock-skew',
    summary: 'Reads are served on a lease measured by the wall clock, which may be set back; without check-quorum.',
    source: 'Ongaro 2014, §6.4.1',
    config: { mistakes: { leaseOnWallClock: true }, checkQuorum: false },
  },
  {
    name: 'reads-from-followers',
    summary: 'Any node answers reads from its own state.',
    source: 'Ongaro 2014, §6.4',
    config: { mistakes: { readsFromFollowers: true } },
  },
  {
    name: 'minority-quorum',
    summary: 'One node less than a majority elects leaders and commits entries.',
    source: 'Ongaro 2014, §3.4 and §3.6',
    config: { mistakes: { minorityQuorum: true } },
  },
];
