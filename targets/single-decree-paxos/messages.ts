/**
 * What the nodes of single-decree Paxos say to each other, and what they write down. Types, not interfaces: all must be
 * JSON.
 */
import type { Body, Json } from '../../protocol/message.ts';
import type { Scalar } from '../machines/requests.ts';

/**
 * A proposal: a number and a value (Paxos Made Simple, §2.2). The numbers are ballots, as Multi-Paxos has them: they
 * are ordered, no two nodes have one in common, and 0 is less than all of them.
 */
export type Proposal = { readonly ballot: number; readonly value: Json };

/** All that an acceptor must remember of an instance, whatever happens (§2.2). */
export type AcceptorRecord = { readonly promised: number; readonly accepted: Proposal | null };

/** Phase 1a. `instance` is the key under which clients propose: each is a decision of its own. */
export type Prepare = { readonly type: 'prepare'; readonly instance: Scalar; readonly ballot: number };

/** Phase 1b: nothing below `ballot` will be accepted any more; and the proposal with the highest ballot that was. */
export type PromiseReply = {
  readonly type: 'promise';
  readonly instance: Scalar;
  readonly ballot: number;
  readonly accepted: Proposal | null;
};

/** Phase 2a. */
export type Accept = {
  readonly type: 'accept';
  readonly instance: Scalar;
  readonly ballot: number;
  readonly value: Json;
};

/** Phase 2b, to the proposer, which is the distinguished learner of its own ballot (§2.3). */
export type Accepted = { readonly type: 'accepted'; readonly instance: Scalar; readonly ballot: number };

/** The answer to whoever comes with a lower ballot than was promised: that promise (§2.2). */
export type Preempted = { readonly type: 'preempted'; readonly instance: Scalar; readonly ballot: number };

/** A proposer tells the other learners what a quorum has accepted in its ballot (§2.3). */
export type Decided = {
  readonly type: 'decided';
  readonly instance: Scalar;
  readonly ballot: number;
  readonly value: Json;
};

type SingleDecreeMessage = Prepare | PromiseReply | Accept | Accepted | Preempted | Decided;

/** Everything else comes from clients, or goes to them. */
export type SingleDecreeBody = SingleDecreeMessage | (Body & { readonly type: string });
