/**
 * Raft's classic mistakes. Where another safeguard would hide a mistake, or where it would hardly ever matter, its
 * configuration also takes that safeguard away or sets a parameter; the summary says so.
 */
import type { Bug } from '../../protocol/system.ts';
import type { RaftConfig } from './config.ts';

const thesis = 'Ongaro 2014';

/** Every timeout becomes an election, and several nodes stand at once. */
const contested = { preVote: false, leaderStickiness: false, electionTimeoutMaxMs: 160 };

export const bugs: readonly Bug<RaftConfig>[] = [
  {
    name: 'stale-read',
    summary: 'Whoever takes itself for the leader answers reads at once, from its own state; without check-quorum.',
    source: `${thesis}, §6.4`,
    config: { reads: 'leader-state', checkQuorum: false },
  },
  {
    name: 'no-log-check',
    summary: 'Votes are granted to candidates whose logs lack entries.',
    source: `${thesis}, §3.6.1`,
    config: { mistake: 'no-log-check' },
  },
  {
    name: 'commit-old-term',
    summary:
      'A leader commits entries of earlier terms by counting copies; without no-op, one entry with each heartbeat, contested elections (Figure 8 of the paper).',
    source: `${thesis}, §3.6.2 and figure 3.7`,
    config: {
      mistake: 'commit-old-term',
      noOp: false,
      maxEntriesPerMessage: 1,
      sendsAtOnce: false,
      checkQuorum: false,
      ...contested,
    },
  },
  {
    name: 'forgets-vote',
    summary: 'Term and vote are kept in memory only: a node that restarts knows neither, and votes again.',
    source: `${thesis}, §3.8`,
    config: { mistake: 'forgets-vote' },
  },
  {
    name: 'ack-before-sync',
    summary: 'Entries are acknowledged before they are on disk.',
    source: `${thesis}, §3.8 and §10.2.1`,
    config: { mistake: 'ack-before-sync' },
  },
  {
    name: 'split-vote-double',
    summary: 'A node votes for every candidate that asks, also twice in a term; contested elections.',
    source: `${thesis}, §3.4`,
    config: { mistake: 'split-vote-double', ...contested },
  },
  {
    name: 'no-truncate',
    summary: "A follower keeps entries that conflict with the leader's, and acknowledges them as if they were its.",
    source: `${thesis}, §3.5 (figure 3.1, AppendEntries, step 3)`,
    config: { mistake: 'no-truncate' },
  },
  {
    name: 'snapshot-loses-tail',
    summary: 'Whoever takes or installs a snapshot drops the entries after it as well; a snapshot every 10 entries.',
    source: `${thesis}, §5.1 and figure 5.3`,
    config: { mistake: 'snapshot-loses-tail', snapshotThreshold: 10 },
  },
  {
    name: 'read-index-before-noop',
    summary: 'A new leader serves reads before it has committed an entry of its own term.',
    source: `${thesis}, §6.4, step 1`,
    config: { mistake: 'read-index-before-noop' },
  },
  {
    name: 'duplicate-apply',
    summary: 'A command that was sent again is applied as often as it is in the log.',
    source: `${thesis}, §6.3`,
    config: { mistake: 'duplicate-apply' },
  },
  {
    name: 'lease-read-with-clock-skew',
    summary: 'Reads are answered under a lease that is measured on the wall clock; without check-quorum.',
    source: `${thesis}, §6.4.1`,
    config: { reads: 'lease', checkQuorum: false },
  },
  {
    name: 'reads-from-followers',
    summary: 'Every node answers reads from its own state.',
    source: `${thesis}, §6.4`,
    config: { reads: 'any-state' },
  },
  {
    name: 'minority-quorum',
    summary: 'A leader commits what half of the nodes have, less than a majority.',
    source: `${thesis}, §3.5`,
    config: { mistake: 'minority-quorum' },
  },
  {
    name: 'commit-beyond-match',
    summary: "A follower commits up to the leader's commit index, also entries that it has not compared yet.",
    source: `${thesis}, §3.5 (figure 3.1, AppendEntries, step 5)`,
    config: { mistake: 'commit-beyond-match' },
  },
  {
    name: 'truncate-without-conflict',
    summary:
      'A follower cuts its log to what each AppendEntries has, also an old one or a heartbeat that was overtaken.',
    source: `${thesis}, §3.5 (figure 3.1, AppendEntries, step 3)`,
    config: { mistake: 'truncate-without-conflict' },
  },
];
