/**
 * Multi-Paxos: Paxos (Lamport, "Paxos Made Simple", 2001: PMS) for every slot of a log, with one phase 1 for all slots
 * (PMS §3), as in van Renesse and Altinbuken, "Paxos Made Moderately Complex", 2015 (PMMC), and Chandra, Griesemer, and
 * Redstone, "Paxos Made Live", 2007 (PML). Every node is proposer, acceptor, and learner.
 *
 * What must be durable before a message may leave: the host holds every send behind the syncs queued before it, so a
 * node writes, syncs, and sends, in this order, and never waits. The one thing that needs no waiting goes first: a
 * leader sends its proposals and accepts them itself afterwards. It then counts its own acceptance only when it is on
 * disk, which it learns from a message to itself that is queued behind that sync.
 */
import { isClientId, type Message } from '../../protocol/message.ts';
import type { Boot, Description, Effect, Event, StartEvent } from '../../protocol/node.ts';
import { ClientRequests } from '../machines/client-requests.ts';
import type { Reply, Request } from '../machines/machine.ts';
import { type Command, ReplicatedState } from '../machines/replicated.ts';
import { Acceptances } from './acceptances.ts';
import { ballotAbove, describedBallot } from './ballot.ts';
import type { PaxosConfig } from './config.ts';
import type {
  Accept,
  Accepted,
  Answer,
  Catchup,
  Forward,
  PaxosBody,
  Preempted,
  Prepare,
  PromiseReply,
  PValue,
  Snapshot,
} from './messages.ts';

/** A proposer is in phase 1; a leader has done it, and goes on with phase 2 for one slot after the other. */
export type Role = 'follower' | 'proposer' | 'leader';

/** What the outside sees of a node. Slots begin at 1. */
export interface PaxosDescription extends Description {
  readonly role: Role;
  /** Whom the node takes for the leader. */
  readonly leader: string | null;
  /** Nothing below this ballot will be accepted. It is the ballot of a proposer and of a leader too. */
  readonly promised: number;
  /** All slots up to this one are known to be chosen. */
  readonly chosen: number;
  readonly applied: number;
  readonly snapshotSlot: number;
  /** What was last accepted for a slot, if it is still kept. O(1). */
  at(slot: number): PValue | undefined;
  /** How many acceptances there have been, those of earlier lives that were on disk included. */
  readonly acceptances: number;
  /** An acceptance by its position, from 1, if it is still kept. O(1). */
  acceptance(position: number): PValue | undefined;
  /** By position in the cluster, 1 where a promise of `promised` came to this node as a proposer. */
  readonly promises: Readonly<Uint8Array>;
}

type PaxosEffect = Effect<PaxosBody>;

/** Who has accepted a proposal. */
interface Tally {
  readonly acceptors: Uint8Array;
  count: number;
}

const noEffects: readonly PaxosEffect[] = [];
const noPValues: readonly PValue[] = [];
const sync: PaxosEffect = { type: 'sync' };

/** Names on the disk. */
const promiseKey = 'promise';
const snapshotKey = 'snapshot';
const journalName = 'accepted';

export class Paxos implements PaxosDescription {
  readonly #id: string;
  readonly #nodeIds: readonly string[];
  readonly #self: number;
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #config: PaxosConfig;
  readonly #quorum: number;
  #nowMs = 0;

  // The acceptor (PMS §2.2): all of it is durable.
  promised = 0;
  readonly #accepted = new Acceptances();

  // The learner.
  chosen = 0;
  applied = 0;
  #snapshot: Snapshot | null = null;
  readonly #replicated: ReplicatedState;

  // Who leads.
  role: Role = 'follower';
  leader: string | null = null;
  /** The ballot in which `leader` was last heard. */
  #followed = 0;
  /** Within the minimum timeout of hearing from the leader. */
  #heardLeader = false;
  /** The greatest ballot that anybody has met this node with. */
  #highestSeen = 0;

  // The proposer, in phase 1.
  #ballot = 0;
  /** Who has promised. */
  readonly promises: Uint8Array;
  /** By slot: the value to propose, as far as acceptors have accepted one. */
  readonly #reported = new Map<number, PValue>();

  // The leader, in phase 2.
  /** The last slot that something was proposed for. */
  #lastSlot = 0;
  /** The last slot that phase 1 gave something for: until it is chosen, the state may lack what earlier leaders did. */
  #recoveredSlot = 0;
  /** By slot: those proposed and not known to be chosen. */
  readonly #tallies = new Map<number, Tally>();
  /** By follower: the last slot it was sent. */
  readonly #sent: Int32Array;
  /** By follower: the slot from which it was sent all again since the last heartbeat. */
  readonly #resent: Int32Array;
  /** Followers that have answered since quorum was last checked. */
  readonly #answered: Uint8Array;
  /** Commands that have no slot yet: they wait until the sync before them is done, and share the next. */
  #queue: Command[] = [];
  #awaitsOwnDisk = false;
  /** The Accept last made in this step: followers that are equally far get the same. */
  #lastAccept: Accept | null = null;

  // Queries on a leader.
  #round = 0;
  readonly #answeredRound: Int32Array;
  #waitingReads: Command[] = [];
  #confirmingReads: Command[] = [];
  #confirmingRound = 0;
  /** Until when no other leader can be, were this node's wall clock right, and what the next confirmation is worth. */
  #leaseUntilMs = 0;
  #leaseRound = 0;
  #leaseRoundStartMs = 0;

  readonly #requests: ClientRequests;

  // Effects of the present step.
  #effects: PaxosEffect[] | null = null;
  #promiseUnsaved = false;
  #syncDue = false;

  readonly #timers: {
    readonly leaderQuiet: PaxosEffect;
    readonly leaderRest: PaxosEffect;
    readonly leader: PaxosEffect;
    readonly backoff: PaxosEffect;
    readonly heartbeat: PaxosEffect;
    readonly checkQuorum: PaxosEffect;
  };

  constructor({ id, nodeIds, config }: Boot<PaxosConfig>) {
    this.#id = id;
    this.#nodeIds = nodeIds;
    this.#self = nodeIds.indexOf(id);
    this.#indexOf = new Map(nodeIds.map((nodeId, index) => [nodeId, index]));
    this.#config = config;
    const size = nodeIds.length;
    this.#quorum = config.mistake === 'minority-quorum' ? Math.max(1, size >>> 1) : (size >>> 1) + 1;
    this.#replicated = new ReplicatedState(config.machine, config.sessionsMax);
    this.promises = new Uint8Array(size);
    this.#sent = new Int32Array(size);
    this.#resent = new Int32Array(size);
    this.#answered = new Uint8Array(size);
    this.#answeredRound = new Int32Array(size);
    this.#requests = new ClientRequests(
      id,
      config,
      {
        emit: (effect) => this.#emit(effect),
        send: (to, body) => this.#send(to, body),
        leader: () => this.leader,
        decided: () => this.chosen,
        submit: (command, isQuery) => this.#submit(command, isQuery),
      },
      'requests',
    );
    const { leaderTimeoutMinMs: minMs, leaderTimeoutMaxMs: maxMs, heartbeatMs } = config;
    const { backoffMinMs, backoffMaxMs } = config;
    this.#timers = {
      leaderQuiet: { type: 'set-timer', name: 'leader', minMs, maxMs: minMs },
      leaderRest: { type: 'set-timer', name: 'leader', minMs: 0, maxMs: maxMs - minMs },
      leader: { type: 'set-timer', name: 'leader', minMs, maxMs },
      backoff: { type: 'set-timer', name: 'leader', minMs: backoffMinMs, maxMs: backoffMaxMs },
      heartbeat: { type: 'set-timer', name: 'heartbeat', minMs: heartbeatMs, maxMs: heartbeatMs },
      checkQuorum: { type: 'set-timer', name: 'check-quorum', minMs: maxMs, maxMs },
    };
  }

  // What the outside sees.

  get primary(): boolean {
    return this.role === 'leader';
  }
  get term(): number {
    return this.promised;
  }
  get snapshotSlot(): number {
    return this.#snapshot?.slot ?? 0;
  }
  at(slot: number): PValue | undefined {
    return this.#accepted.at(slot);
  }
  /** What was last accepted for each slot that is kept, in the order of slots. */
  get accepted(): readonly PValue[] {
    return this.#accepted.from(1);
  }
  get acceptances(): number {
    return this.#accepted.count;
  }
  acceptance(position: number): PValue | undefined {
    return this.#accepted.accepted(position);
  }

  step(event: Event<PaxosBody>): readonly PaxosEffect[] {
    this.#nowMs = event.nowMs;
    this.#effects = null;
    this.#lastAccept = null;
    switch (event.type) {
      case 'message':
        this.#receive(event.message);
        break;
      case 'timer':
        this.#timerFired(event.name);
        break;
      case 'start':
        this.#start(event);
        break;
    }
    this.#save();
    return this.#effects ?? noEffects;
  }

  #receive({ src, body }: Message<PaxosBody>): void {
    if (isClientId(src)) {
      this.#requests.receive(src, body as Request);
      return;
    }
    switch (body.type) {
      case 'accept':
        this.#onAccept(src, body as Accept);
        break;
      case 'accepted':
        this.#onAccepted(this.#indexOf.get(src) as number, body as Accepted);
        break;
      case 'forward':
        this.#onForward(body as Forward);
        break;
      case 'answer':
        this.#onAnswer(body as Answer);
        break;
      case 'prepare':
        this.#onPrepare(src, body as Prepare);
        break;
      case 'promise':
        this.#onPromise(this.#indexOf.get(src) as number, body as PromiseReply);
        break;
      case 'preempted':
        this.#onPreempted(body as Preempted);
        break;
      case 'catch-up':
        this.#onCatchup(src, body as Catchup);
        break;
    }
  }

  #timerFired(name: string): void {
    switch (name) {
      case 'heartbeat':
        this.#onHeartbeat();
        break;
      case 'leader':
        this.#onLeaderTimeout();
        break;
      case 'check-quorum':
        this.#onCheckQuorum();
        break;
      case 'requests':
        this.#requests.timerFired();
        break;
    }
  }

  // Effects, in the order in which they must reach the disk and the network.

  #emit(effect: PaxosEffect): void {
    if (this.#effects === null) this.#effects = [effect];
    else this.#effects.push(effect);
  }

  /** Sends behind everything written so far. */
  #send(to: string, body: PaxosBody): void {
    this.#save();
    this.#emit({ type: 'send', to, body });
  }

  /** Writes behind the promise, which no acceptance must overtake. */
  #write(effect: PaxosEffect): void {
    this.#savePromise();
    this.#emit(effect);
    this.#syncDue = true;
  }

  #savePromise(): void {
    if (!this.#promiseUnsaved) return;
    this.#promiseUnsaved = false;
    if (this.#config.mistake === 'forgets-promise') return;
    this.#emit({ type: 'put', key: promiseKey, value: this.promised });
    this.#syncDue = true;
  }

  #save(): void {
    this.#savePromise();
    if (!this.#syncDue) return;
    this.#syncDue = false;
    this.#emit(sync);
  }

  #mark(name: string): void {
    this.#emit({ type: 'mark', name });
  }

  #note(text: string): void {
    this.#emit({ type: 'log', text });
  }

  #described(ballot: number): string {
    return describedBallot(ballot, this.#nodeIds);
  }

  // What was durable. Any prefix of the writes of the last life may be there.

  #start({ durable }: StartEvent): void {
    const snapshot = (durable.values.get(snapshotKey) ?? null) as Snapshot | null;
    if (snapshot !== null) this.#restoreState(snapshot);
    const journal = durable.logs.get(journalName);
    const pvalues = (journal?.entries ?? noPValues) as readonly PValue[];
    this.#accepted.restore(this.chosen + 1, journal?.first ?? 1, pvalues);
    const saved = durable.values.get(promiseKey) as number | undefined;
    // Who has lost the promise still knows that it cannot have been less than what was accepted.
    this.promised = saved ?? pvalues.reduce((greatest, { ballot }) => Math.max(greatest, ballot), 0);
    this.#note(`starts with promise ${this.#described(this.promised)}, snapshot ${this.chosen}`);
    // It may have heard a leader in its last life. Nobody stands for leader earlier anyway.
    this.#heardLeader = true;
    this.#emit(this.#timers.leaderQuiet);
  }

  #restoreState(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#replicated.restore(snapshot.state);
    this.chosen = snapshot.slot;
    this.applied = snapshot.slot;
  }

  // Who leads. A node that hears from no leader in time begins phase 1. The timeout runs in two parts, its minimum and
  // the rest, because during the first this node also ignores whoever else would lead (the lease of PML §5.2, which
  // here costs nothing but time when clocks are wrong).

  #onLeaderTimeout(): void {
    if (this.#heardLeader) {
      this.#heardLeader = false;
      this.#emit(this.#timers.leaderRest);
    } else if (this.role === 'proposer') {
      this.#mark('prepare-repeated');
      this.#sendPrepare();
    } else {
      this.#beginPhase1();
    }
  }

  /** Whatever is proposed and not chosen, the next leader finds in phase 1, or nobody ever will. */
  #stepDown(): void {
    const was = this.role;
    this.role = 'follower';
    this.#reported.clear();
    if (was === 'leader') {
      this.#tallies.clear();
      // What never had a slot cannot take effect; whoever asked for it will ask the next leader.
      this.#queue = [];
      this.#waitingReads = [];
      this.#confirmingReads = [];
      this.#awaitsOwnDisk = false;
      this.#emit({ type: 'clear-timer', name: 'heartbeat' });
      this.#emit({ type: 'clear-timer', name: 'check-quorum' });
    }
    if (was === 'follower') return;
    this.leader = null;
    this.#heardLeader = false;
    this.#note(`becomes follower, was ${was}`);
    this.#emit(this.#timers.leader);
  }

  /** Without this a leader that is cut off would take requests for ever, and answer none. */
  #onCheckQuorum(): void {
    this.#answered[this.#self] = 1;
    if (count(this.#answered) >= this.#quorum) {
      this.#answered.fill(0);
      this.#emit(this.#timers.checkQuorum);
    } else {
      this.#mark('stepped-down');
      this.#stepDown();
    }
  }

  /** A message from a leader whose ballot is not below what was promised. */
  #onLeaderContact(src: string, ballot: number): void {
    if (this.role !== 'follower') this.#stepDown();
    if (ballot > this.promised) this.#promise(ballot);
    this.#heardLeader = true;
    this.#emit(this.#timers.leaderQuiet);
    if (this.leader === src && this.#followed === ballot) return;
    this.leader = src;
    this.#followed = ballot;
    this.#requests.submitAll();
  }

  /** PMMC §3: who is preempted waits a while, at random, lest two proposers preempt each other for ever. */
  #onPreempted({ ballot }: Preempted): void {
    this.#highestSeen = Math.max(this.#highestSeen, ballot);
    if (this.role === 'follower' || ballot <= this.#ballot) return;
    this.#mark('preempted');
    this.#note(`is preempted by ballot ${this.#described(ballot)}`);
    this.#stepDown();
    this.#emit(this.#timers.backoff);
  }

  // Phase 1 (PMS §2.2), for all slots at once (PMS §3).

  #promise(ballot: number): void {
    this.promised = ballot;
    this.#promiseUnsaved = true;
  }

  #beginPhase1(): void {
    const above = Math.max(this.promised, this.#highestSeen);
    const node = this.#config.mistake === 'reused-ballot' ? 0 : this.#self;
    this.#ballot = ballotAbove(above, node, this.#nodeIds.length);
    this.role = 'proposer';
    this.leader = null;
    this.#note(`begins phase 1 of ballot ${this.#described(this.#ballot)} from slot ${this.chosen + 1}`);
    this.#promise(this.#ballot);
    this.#reported.clear();
    for (const pvalue of this.#accepted.from(this.chosen + 1)) this.#report(pvalue);
    this.promises.fill(0);
    this.#sendPrepare();
    // Its own promise counts as any other does, once it is on disk: else one node alone might use a ballot twice.
    this.#send(this.#id, { type: 'promise', ballot: this.#ballot, accepted: noPValues, snapshot: null });
  }

  #sendPrepare(): void {
    const prepare: Prepare = { type: 'prepare', ballot: this.#ballot, from: this.chosen + 1 };
    for (const id of this.#nodeIds) if (id !== this.#id) this.#send(id, prepare);
    this.#emit(this.#timers.leader);
  }

  /** Phase 1b. The ballot of an earlier promise is the same proposer's, which asks again. */
  #onPrepare(src: string, { ballot, from }: Prepare): void {
    const isBound = this.role === 'leader' || (this.#heardLeader && src !== this.leader);
    if (this.#config.leaderStickiness && ballot > this.promised && isBound) {
      this.#mark('prepare-ignored');
      return;
    }
    if (ballot < this.promised) {
      this.#send(src, { type: 'preempted', ballot: this.promised });
      return;
    }
    if (ballot > this.promised) {
      this.#stepDown();
      this.#promise(ballot);
      this.leader = null;
    }
    this.#heardLeader = false;
    this.#emit(this.#timers.leader);
    const snapshot = from < this.#accepted.firstSlot ? this.#snapshot : null;
    this.#send(src, { type: 'promise', ballot, accepted: this.#accepted.from(from), snapshot });
  }

  #onPromise(from: number, { ballot, accepted, snapshot }: PromiseReply): void {
    if (this.role !== 'proposer' || ballot !== this.#ballot) return;
    this.promises[from] = 1;
    if (snapshot !== null && snapshot.slot > this.chosen) this.#installSnapshot(snapshot);
    for (const pvalue of accepted) this.#report(pvalue);
    if (count(this.promises) >= this.#quorum) this.#lead();
  }

  /** PMS §2.2, phase 2a: of what acceptors report for a slot, the value with the highest number counts. */
  #report(pvalue: PValue): void {
    const known = this.#reported.get(pvalue.slot);
    const { mistake } = this.#config;
    if (mistake === 'ignores-accepted-value') return;
    if (known === undefined || pvalue.ballot > known.ballot || mistake === 'highest-by-arrival') {
      this.#reported.set(pvalue.slot, pvalue);
    }
  }

  /** PMS §3: proposes what phase 1 found, and no-ops for the slots in between for which it found nothing. */
  #lead(): void {
    this.role = 'leader';
    this.leader = this.#id;
    this.#mark('leader-elected');
    let last = this.chosen;
    for (const slot of this.#reported.keys()) last = Math.max(last, slot);
    const pvalues: PValue[] = [];
    for (let slot = this.chosen + 1; slot <= last; slot++) {
      const found = this.#reported.get(slot);
      if (found === undefined && this.#config.mistake === 'gap-skipped') continue;
      this.#mark(found === undefined ? 'gap-filled' : 'value-adopted');
      pvalues.push({ ballot: this.#ballot, slot, command: found?.command ?? null });
    }
    this.#note(`leads in ballot ${this.#described(this.#ballot)} with slots to ${last}`);
    this.#reported.clear();
    this.#lastSlot = last;
    this.#recoveredSlot = last;
    this.#sent.fill(this.chosen);
    this.#resent.fill(0);
    this.#answered.fill(0);
    this.#answeredRound.fill(0);
    this.#leaseUntilMs = 0;
    this.#emit({ type: 'clear-timer', name: 'leader' });
    if (this.#config.checkQuorum) this.#emit(this.#timers.checkQuorum);
    this.#propose(pvalues);
    this.#requests.submitAll();
  }

  // Phase 2, the leader's side.

  /** Phase 2a. To the others first, in parallel with the leader's own disk. */
  #propose(pvalues: readonly PValue[]): void {
    for (const pvalue of pvalues) {
      this.#accepted.add(pvalue);
      this.#tallies.set(pvalue.slot, { acceptors: new Uint8Array(this.#nodeIds.length), count: 0 });
      this.#lastSlot = pvalue.slot;
    }
    this.#broadcast();
    if (pvalues.length === 0) return;
    this.#write({ type: 'append', log: journalName, entries: pvalues });
    this.#awaitsOwnDisk = true;
    const first = (pvalues[0] as PValue).slot;
    const last = this.#lastSlot;
    const message = {
      type: 'accepted',
      ballot: this.#ballot,
      first,
      last,
      through: last,
      lacks: false,
      round: 0,
    } as const;
    this.#send(this.#id, message);
  }

  #proposeQueue(): void {
    const { length } = this.#queue;
    const pvalues = new Array<PValue>(length);
    for (let i = 0; i < length; i++) {
      const command = this.#queue[i] as Command;
      pvalues[i] = { ballot: this.#ballot, slot: this.#lastSlot + 1 + i, command };
    }
    this.#queue = [];
    this.#propose(pvalues);
  }

  #broadcast(): void {
    const { length } = this.#nodeIds;
    for (let i = 0; i < length; i++) if (i !== this.#self) this.#sendAccept(i);
    this.#emit(this.#timers.heartbeat);
  }

  #onHeartbeat(): void {
    this.#round++;
    this.#startLeaseRound();
    this.#resent.fill(0);
    this.#broadcast();
  }

  /** Sends a follower what it has not been sent, as far as one message goes. What was lost shows in its answers. */
  #sendAccept(to: number): void {
    const sent = this.#sent[to] as number;
    if (sent + 1 < this.#accepted.firstSlot) {
      this.#sendSnapshot(to);
      return;
    }
    const wanted = Math.min(this.#lastSlot - sent, this.#config.maxPValuesPerMessage);
    let message = this.#lastAccept;
    if (
      message === null ||
      message.first !== sent + 1 ||
      message.last !== sent + wanted ||
      message.round !== this.#round
    ) {
      const pvalues = wanted === 0 ? noPValues : this.#ownProposals(sent + 1, sent + wanted);
      message = {
        type: 'accept',
        ballot: this.#ballot,
        first: sent + 1,
        pvalues,
        chosen: this.chosen,
        last: sent + wanted,
        round: this.#round,
      };
      this.#lastAccept = message;
    }
    this.#sent[to] = sent + wanted;
    this.#send(this.#nodeIds[to] as string, message);
  }

  /**
   * What is chosen may be proposed again in this ballot, being the only value that may (PMS §2.2, P2b): so those who
   * missed it learn it by accepting it.
   */
  #ownProposals(first: number, last: number): readonly PValue[] {
    const pvalues: PValue[] = [];
    for (let slot = first; slot <= last; slot++) {
      const pvalue = this.#accepted.at(slot);
      if (pvalue === undefined) continue;
      pvalues.push(pvalue.ballot === this.#ballot ? pvalue : { ...pvalue, ballot: this.#ballot });
    }
    return pvalues;
  }

  /** To a follower that lacks slots which are no longer kept (PML §5.5). */
  #sendSnapshot(to: number): void {
    const snapshot = this.#snapshot as Snapshot;
    this.#sent[to] = snapshot.slot;
    this.#note(`sends snapshot ${snapshot.slot} to ${this.#nodeIds[to]}`);
    this.#send(this.#nodeIds[to] as string, { type: 'catch-up', ballot: this.#ballot, snapshot, round: this.#round });
  }

  #onAccepted(from: number, { ballot, first, last, through, lacks, round }: Accepted): void {
    if (this.role !== 'leader' || ballot !== this.#ballot) return;
    for (let slot = this.chosen + 1; slot <= through; slot++) this.#count(slot, from);
    for (let slot = Math.max(first, through + 1); slot <= last; slot++) this.#count(slot, from);
    this.#advanceChosen();
    if (from === this.#self) {
      this.#awaitsOwnDisk = false;
      if (this.#queue.length > 0) this.#proposeQueue();
      return;
    }
    this.#answered[from] = 1;
    if (lacks && through < (this.#sent[from] as number)) this.#sendAgain(from, through + 1);
    else if ((this.#sent[from] as number) < this.#lastSlot) this.#sendAccept(from);
    if (round > (this.#answeredRound[from] as number)) {
      this.#answeredRound[from] = round;
      this.#finishRounds();
    }
  }

  #count(slot: number, from: number): void {
    const tally = this.#tallies.get(slot);
    if (tally === undefined || tally.acceptors[from] === 1) return;
    tally.acceptors[from] = 1;
    tally.count++;
  }

  /** Several answers may tell of the same loss. */
  #sendAgain(to: number, slot: number): void {
    if (this.#resent[to] === slot) return;
    this.#resent[to] = slot;
    this.#sent[to] = slot - 1;
    this.#mark('slots-resent');
    this.#sendAccept(to);
  }

  /** PMS §2.3: what a majority has accepted is chosen. It is applied in order, so a slot waits for those before it. */
  #advanceChosen(): void {
    const { mistake } = this.#config;
    const needed = mistake === 'learns-from-one' ? 1 : this.#quorum;
    let slot = this.chosen + 1;
    for (; slot <= this.#lastSlot; slot++) {
      const tally = this.#tallies.get(slot);
      if (tally === undefined ? mistake !== 'gap-skipped' : tally.count < needed) break;
      this.#tallies.delete(slot);
    }
    if (slot === this.chosen + 1) return;
    this.chosen = slot - 1;
    this.#applyChosen();
    this.#startReadRound();
  }

  // Phase 2, the acceptor's side.

  #onAccept(src: string, message: Accept): void {
    const { ballot, first, pvalues, round } = message;
    if (ballot < this.promised && this.#config.mistake !== 'accepts-below-promise') {
      this.#send(src, { type: 'preempted', ballot: this.promised });
      return;
    }
    if (ballot >= this.promised) this.#onLeaderContact(src, ballot);
    if (pvalues.length > 0) this.#acceptAll(pvalues);
    this.#learn(ballot, message.chosen);
    const last = pvalues.length === 0 ? first - 1 : (pvalues[pvalues.length - 1] as PValue).slot;
    const through = this.#acceptedThrough(ballot, message.last);
    this.#send(src, { type: 'accepted', ballot, first, last, through, lacks: through < message.last, round });
  }

  /** Phase 2b. What is known to be chosen needs no accepting. */
  #acceptAll(pvalues: readonly PValue[]): void {
    let fresh = pvalues;
    for (let i = 0; i < pvalues.length; i++) {
      const pvalue = pvalues[i] as PValue;
      const isKnown = pvalue.slot <= this.chosen || this.#accepted.at(pvalue.slot)?.ballot === pvalue.ballot;
      if (isKnown && fresh === pvalues) fresh = pvalues.slice(0, i);
      if (isKnown) continue;
      if (fresh !== pvalues) (fresh as PValue[]).push(pvalue);
      this.#accepted.add(pvalue);
    }
    if (fresh.length > 0) this.#write({ type: 'append', log: journalName, entries: fresh });
  }

  /**
   * All slots up to `chosen` are chosen, says the leader of `ballot`. The value of a slot is known to be that one only
   * where it was accepted in this ballot: an earlier leader may have proposed another.
   */
  #learn(ballot: number, chosen: number): void {
    let slot = this.chosen + 1;
    for (; slot <= chosen; slot++) {
      const pvalue = this.#accepted.at(slot);
      if (pvalue === undefined ? this.#config.mistake !== 'gap-skipped' : pvalue.ballot !== ballot) break;
    }
    if (slot === this.chosen + 1) return;
    this.chosen = slot - 1;
    this.#applyChosen();
  }

  /** The slot, `last` at most, up to which all are known to be chosen or accepted in this ballot. */
  #acceptedThrough(ballot: number, last: number): number {
    let slot = this.chosen;
    while (slot < last && this.#accepted.at(slot + 1)?.ballot === ballot) slot++;
    return slot;
  }

  // The learner: the state machine, and snapshots (PML §5.5).

  #applyChosen(): void {
    while (this.applied < this.chosen) {
      const slot = this.applied + 1;
      const pvalue = this.#accepted.at(slot);
      if (pvalue === undefined && this.#config.mistake !== 'gap-skipped') {
        throw new Error(`${this.#id} takes slot ${slot} for chosen, and has accepted nothing there`);
      }
      this.applied = slot;
      if (pvalue !== undefined && pvalue.command !== null) this.#apply(pvalue.command, slot);
    }
    if (this.applied - this.snapshotSlot >= this.#config.snapshotThreshold) this.#takeSnapshot();
  }

  /** PMMC §2.1: a command that is chosen for two slots takes effect once. */
  #apply(command: Command, slot: number): void {
    const status = this.#replicated.status(command);
    if (status === 'applied' || status === 'superseded') this.#mark('command-deduplicated');
    if (status === 'superseded' || status === 'doubtful') return;
    const reply =
      status === 'new' ? this.#replicated.apply(command, slot) : this.#replicated.remembered(command.client);
    if (this.role === 'leader') this.#answer(command, reply);
    else this.#requests.reply(command.client, command.id, reply);
  }

  #takeSnapshot(): void {
    const slot = this.applied;
    this.#snapshot = { slot, state: this.#replicated.snapshot() };
    this.#mark('snapshot-taken');
    this.#note(`takes snapshot ${slot}`);
    // In this order: any prefix of these writes is a snapshot with what was accepted after it. No message waits for it.
    this.#emit({ type: 'put', key: snapshotKey, value: this.#snapshot });
    const before = this.#accepted.forgetBefore(slot + 1 - this.#config.snapshotTail);
    this.#emit({ type: 'compact', log: journalName, before });
  }

  #onCatchup(src: string, { ballot, snapshot, round }: Catchup): void {
    if (ballot < this.promised) {
      this.#send(src, { type: 'preempted', ballot: this.promised });
      return;
    }
    this.#onLeaderContact(src, ballot);
    if (snapshot.slot > this.chosen) this.#installSnapshot(snapshot);
    const { slot } = snapshot;
    this.#send(src, { type: 'accepted', ballot, first: slot + 1, last: slot, through: slot, lacks: false, round });
  }

  /** What was accepted for later slots stays. */
  #installSnapshot(snapshot: Snapshot): void {
    this.#mark('snapshot-installed');
    this.#note(`installs snapshot ${snapshot.slot}`);
    this.#restoreState(snapshot);
    this.#write({ type: 'put', key: snapshotKey, value: snapshot });
    const before = this.#accepted.forgetBefore(snapshot.slot + 1);
    this.#write({ type: 'compact', log: journalName, before });
  }

  // Clients.

  #submit(command: Command, isQuery: boolean): boolean {
    if (this.leader === null) return false;
    if (this.role !== 'leader') this.#send(this.leader, { type: 'forward', isQuery, command });
    else if (isQuery) this.#onQuery(command);
    else this.#onCommand(command);
    return true;
  }

  #onForward({ isQuery, command }: Forward): void {
    // Its sender will find the leader, and try again.
    if (this.role !== 'leader') return;
    if (isQuery) this.#onQuery(command);
    else this.#onCommand(command);
  }

  #onCommand(command: Command): void {
    const status = this.#replicated.status(command);
    if (status === 'applied') {
      this.#mark('command-deduplicated');
      this.#answer(command, this.#replicated.remembered(command.client));
    }
    if (status !== 'new') return;
    this.#queue.push(command);
    if (!this.#awaitsOwnDisk) this.#proposeQueue();
  }

  #answer({ origin, client, id }: Command, reply: Reply): void {
    if (origin === this.#id) this.#requests.reply(client, id, reply);
    else this.#send(origin, { type: 'answer', client, id, reply });
  }

  #onAnswer({ client, id, reply }: Answer): void {
    this.#requests.reply(client, id, reply);
  }

  // Queries without a slot (PML §5.2 on why the leader's own state is not enough).

  #onQuery(command: Command): void {
    const { reads } = this.#config;
    const holdsLease = reads === 'lease' && this.#isRecovered() && this.#nowMs < this.#leaseUntilMs;
    if (reads === 'leader-state' || holdsLease) {
      this.#answer(command, this.#replicated.query(command.request));
      return;
    }
    this.#waitingReads.push(command);
    this.#startReadRound();
  }

  /** Whether all is applied that may have been chosen in earlier ballots. What is not in phase 1 was not. */
  #isRecovered(): boolean {
    return this.chosen >= this.#recoveredSlot;
  }

  /**
   * All reads that wait now share one round of messages, sent after they came. A majority that answers in this ballot
   * had promised no higher one by then, so that nothing can have been chosen in any. Reads that come while the round is
   * under way wait for the next.
   */
  #startReadRound(): void {
    if (this.#confirmingReads.length > 0 || this.#waitingReads.length === 0 || !this.#isRecovered()) return;
    this.#confirmingReads = this.#waitingReads;
    this.#waitingReads = [];
    this.#confirmingRound = ++this.#round;
    this.#startLeaseRound();
    this.#mark('ballot-confirmed');
    this.#broadcast();
    if (this.#quorum === 1) this.#finishRounds();
  }

  #finishRounds(): void {
    this.#answeredRound[this.#self] = this.#round;
    if (this.#hasAnswered(this.#leaseRound)) {
      this.#leaseUntilMs = this.#leaseRoundStartMs + this.#config.leaderTimeoutMinMs;
    }
    if (this.#confirmingReads.length === 0 || !this.#hasAnswered(this.#confirmingRound)) return;
    const reads = this.#confirmingReads;
    this.#confirmingReads = [];
    for (const read of reads) this.#answer(read, this.#replicated.query(read.request));
    this.#startReadRound();
  }

  /** Whether a quorum has answered this round or a later one. */
  #hasAnswered(round: number): boolean {
    let answers = 0;
    for (let i = 0; i < this.#answeredRound.length; i++) if ((this.#answeredRound[i] as number) >= round) answers++;
    return answers >= this.#quorum;
  }

  /** A lease runs from when the round was sent, not from when it was answered. */
  #startLeaseRound(): void {
    this.#leaseRound = this.#round;
    this.#leaseRoundStartMs = this.#nowMs;
  }
}

function count(flags: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < flags.length; i++) sum += flags[i] as number;
  return sum;
}
