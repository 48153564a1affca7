/** What Raft's nodes say to each other, and what they write down. Types, not interfaces: all of it must be JSON. */
import type { Body, Json } from '../../protocol/message.ts';
import type { Reply } from '../machines/machine.ts';
import type { Command } from '../machines/replicated.ts';

/** An entry without a command is a leader's first, the no-op. */
export type Entry = { readonly term: number; readonly command: Command | null };

/** currentTerm and votedFor (figure 3.1): durable before any message that depends on them. */
export type TermAndVote = { readonly term: number; readonly votedFor: string | null };

/** The state after the entry `index`, whose term was `term`. */
export type Snapshot = { readonly index: number; readonly term: number; readonly state: Json };

/** With `preVote`, `term` is the one that the sender would begin, and nobody's state changes. */
export type RequestVote = {
  readonly type: 'request-vote';
  readonly term: number;
  readonly preVote: boolean;
  readonly lastLogIndex: number;
  readonly lastLogTerm: number;
};

/** `term` is that of the request when the vote is granted, else the voter's own. */
export type RequestVoteReply = {
  readonly type: 'request-vote-reply';
  readonly term: number;
  readonly preVote: boolean;
  readonly voteGranted: boolean;
};

/** `round` counts up while a leader leads; the reply repeats it (§6.4). */
export type AppendEntries = {
  readonly type: 'append-entries';
  readonly term: number;
  readonly prevLogIndex: number;
  readonly prevLogTerm: number;
  readonly entries: readonly Entry[];
  readonly leaderCommit: number;
  readonly round: number;
};

export type InstallSnapshot = {
  readonly type: 'install-snapshot';
  readonly term: number;
  readonly snapshot: Snapshot;
  readonly round: number;
};

/**
 * The reply to AppendEntries and InstallSnapshot. Success: the logs agree up to `matchIndex`. Else `prevLogIndex` is
 * the request's, and the follower has there an entry of `conflictTerm`, the first of which is at `conflictIndex`, or
 * none (0), and its log ends before `conflictIndex`.
 */
export type AppendEntriesReply = {
  readonly type: 'append-entries-reply';
  readonly term: number;
  readonly success: boolean;
  readonly matchIndex: number;
  readonly prevLogIndex: number;
  readonly conflictTerm: number;
  readonly conflictIndex: number;
  readonly round: number;
};

/** A leader's message to itself, which waits for the sync of its own log: so it learns that entries are durable. */
export type LogDurable = {
  readonly type: 'log-durable';
  readonly term: number;
  readonly incarnation: number;
  readonly index: number;
};

/** A request that another node passes on to the leader. */
export type Forward = { readonly type: 'forward'; readonly isQuery: boolean; readonly command: Command };

/** The leader's answer for the client of the node that it is sent to. */
export type Answer = { readonly type: 'answer'; readonly client: string; readonly id: number; readonly reply: Reply };

export type RaftMessage =
  | RequestVote
  | RequestVoteReply
  | AppendEntries
  | AppendEntriesReply
  | InstallSnapshot
  | LogDurable
  | Forward
  | Answer;

/** Everything else comes from clients, or goes to them. */
export type RaftBody = RaftMessage | (Body & { readonly type: string });
