/** What the nodes of Multi-Paxos say to each other, and what they write down. Types, not interfaces: all must be JSON. */
import type { Body, Json } from '../../protocol/message.ts';
import type { Reply } from '../machines/machine.ts';
import type { Command } from '../machines/replicated.ts';

/**
 * A proposal ⟨ballot, slot, command⟩, the pvalue of Paxos Made Moderately Complex (§2.2). A command of null is a no-op.
 * Whole numbers stand for ballots: the round times the size of the cluster plus the position of the node in it, so that
 * they are ordered by round, then by node, and no two nodes have one in common. 0 is less than every ballot.
 */
export type PValue = { readonly ballot: number; readonly slot: number; readonly command: Command | null };

/** The state after the slot `slot` and all those before it. */
export type Snapshot = { readonly slot: number; readonly state: Json };

/** Phase 1a, for all slots from `from` on at once. */
export type Prepare = { readonly type: 'prepare'; readonly ballot: number; readonly from: number };

/**
 * Phase 1b: nothing below `ballot` will be accepted any more. `accepted` is what was, from the slot asked for on; where
 * some of that has gone into a snapshot, the snapshot, and what comes after it.
 */
export type PromiseReply = {
  readonly type: 'promise';
  readonly ballot: number;
  readonly accepted: readonly PValue[];
  readonly snapshot: Snapshot | null;
};

/**
 * Phase 2a for consecutive slots from `first` on; without any it is a heartbeat. All slots up to `chosen` are chosen,
 * and the leader has sent this follower all up to `last`. `round` counts up while a leader leads; the reply repeats it.
 */
export type Accept = {
  readonly type: 'accept';
  readonly ballot: number;
  readonly first: number;
  readonly pvalues: readonly PValue[];
  readonly chosen: number;
  readonly last: number;
  readonly round: number;
};

/**
 * Phase 2b: all slots up to `through` are accepted in this ballot or known to be chosen, and so are those from `first`
 * to `last`, which the request had; none when `last` is less. The former says again what an earlier reply said, which
 * may have been lost. `lacks`: the slot after `through`, says the leader, was sent, and is not here.
 */
export type Accepted = {
  readonly type: 'accepted';
  readonly ballot: number;
  readonly first: number;
  readonly last: number;
  readonly through: number;
  readonly lacks: boolean;
  readonly round: number;
};

/** The answer to whoever comes with a lower ballot than was promised: that promise. */
export type Preempted = { readonly type: 'preempted'; readonly ballot: number };

/** A snapshot of what is chosen, for a follower that lacks slots which nobody keeps any more. Its reply is `accepted`. */
export type Catchup = {
  readonly type: 'catch-up';
  readonly ballot: number;
  readonly snapshot: Snapshot;
  readonly round: number;
};

/** A request that another node passes on to the leader. */
export type Forward = { readonly type: 'forward'; readonly isQuery: boolean; readonly command: Command };

/** The leader's answer for the client of the node that it is sent to. */
export type Answer = { readonly type: 'answer'; readonly client: string; readonly id: number; readonly reply: Reply };

type PaxosMessage = Prepare | PromiseReply | Accept | Accepted | Preempted | Catchup | Forward | Answer;

/** Everything else comes from clients, or goes to them. */
export type PaxosBody = PaxosMessage | (Body & { readonly type: string });
