/**
 * Raft, as Ongaro's dissertation has it ("Consensus: Bridging Theory and Practice", 2014; sections cited are its own):
 * elections (§3.4) with pre-vote (§9.6) and check-quorum (§6.2), replication (§3.5) with the conflict hint of §3.5's
 * end, commitment (§3.6.2), compaction with snapshots (§5), client sessions (§6.3), and reads by ReadIndex (§6.4).
 *
 * On disk: the value `vote` {term, votedFor}, the value `snapshot`, the log `log`. Whatever a message promises is
 * written and synced in front of it in the effect queue; the leader alone sends its entries before its own write
 * (§10.2.1), and counts itself once a message to itself, queued behind the sync, comes back.
 */
import { type Body, errorBody, isClientId, type Json, type Message } from '../../protocol/message.ts';
import type { Boot, Description, Durable, Effect, Event } from '../../protocol/node.ts';
import { createMachine, type Machine, type MachineName } from '../machines/machine.ts';
import { type Entry, RaftLog } from './log.ts';
import type {
  AppendEntries,
  AppendReply,
  Command,
  Forwarded,
  InstallSnapshot,
  Persisted,
  RaftBody,
  RequestVote,
  Snapshot,
  Vote,
} from './messages.ts';
import { type Mistakes, noMistakes } from './mistakes.ts';
import { Sessions } from './sessions.ts';

export interface RaftConfig {
  readonly machine: MachineName;
  /** A follower that hears of no leader for a time drawn between these stands for election. */
  readonly electionTimeoutMsMin: number;
  readonly electionTimeoutMsMax: number;
  readonly heartbeatMs: number;
  /** How many entries one message carries at the most. */
  readonly entriesPerMessageMax: number;
  /** How many entries are applied between two snapshots. */
  readonly snapshotEvery: number;
  /** How many applied entries the log keeps behind a snapshot, for followers that lag a little. */
  readonly snapshotTail: number;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
  readonly mistakes: Partial<Mistakes>;
}

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** What the outside sees of a node, live. */
export interface RaftDescription extends Description {
  readonly role: Role;
  readonly leader: string | null;
  readonly commitIndex: number;
  readonly lastApplied: number;
  /** Entries up to this one live in the snapshot alone. */
  readonly log: RaftLog;
}

/** A client's request in the care of the node that was asked, until it is answered. */
interface Request {
  readonly client: string;
  readonly id: number;
  readonly body: Body;
  /** Whom it was last passed on to; null while it has never left this node. */
  sentTo: string | null;
  sentTick: number;
  readonly bornTick: number;
}

interface Read {
  readonly origin: string;
  readonly client: string;
  readonly id: number;
  readonly request: Body;
}

/** A read that waits until its round is confirmed and its index applied. */
interface PendingRead extends Read {
  readonly readIndex: number;
  readonly round: number;
}

interface Waiting {
  readonly term: number;
  readonly origin: string;
}

const retryMs = 100;
/** A request is passed on again after this many retry ticks without an answer. */
const ticksPerTry = 3;
/** A request that never left this node fails after this many ticks without a leader. */
const ticksWithoutLeaderMax = 20;
/** Nobody waits for an answer any more after this many ticks. */
const ticksPerRequestMax = 100;

export class RaftNode implements RaftDescription {
  readonly id: string;
  readonly #nodeIds: readonly string[];
  readonly #self: number;
  readonly #config: RaftConfig;
  readonly #mistakes: Mistakes;
  readonly #quorum: number;
  #incarnation = 0;
  #nowMs = 0;
  #effects: Effect<RaftBody>[] = [];

  // Durable (§3.3).
  term = 0;
  #votedFor: string | null = null;
  readonly log = new RaftLog();
  #snapshot: Snapshot | null = null;

  // Volatile.
  role: Role = 'follower';
  leader: string | null = null;
  commitIndex = 0;
  lastApplied = 0;
  #machine: Machine;
  #sessions = new Sessions();
  readonly #requests = new Map<string, Request>();
  #tick = 0;
  #ticking = false;
  /** What was asked for by the entry at an index, and where the answer goes. */
  readonly #waiting = new Map<number, Waiting>();

  // Candidate.
  #votes = new Set<string>();

  // Leader, one number a node, in the order of nodeIds.
  readonly #next: number[];
  readonly #match: number[];
  readonly #ackedRound: number[];
  readonly #heardFrom: boolean[];
  /** Where heldByQuorum sorts. */
  readonly #sorted: number[];
  #round = 0;
  #reads: PendingRead[] = [];
  /** Reads that wait for the no-op. */
  #earlyReads: Read[] = [];
  /** Own wall clock when each unconfirmed round began: only the mistake of a lease on it needs them. */
  #roundStartedMs: number[] = [];
  #leaseFromMs = Number.NEGATIVE_INFINITY;

  constructor(boot: Boot<RaftConfig>) {
    this.id = boot.id;
    this.#nodeIds = boot.nodeIds;
    this.#self = boot.nodeIds.indexOf(boot.id);
    this.#config = boot.config;
    this.#mistakes = { ...noMistakes, ...boot.config.mistakes };
    const majority = Math.floor(boot.nodeIds.length / 2) + 1;
    this.#quorum = this.#mistakes.minorityQuorum ? Math.max(1, majority - 1) : majority;
    this.#machine = createMachine(boot.config.machine);
    this.#next = boot.nodeIds.map(() => 1);
    this.#match = boot.nodeIds.map(() => 0);
    this.#ackedRound = boot.nodeIds.map(() => 0);
    this.#heardFrom = boot.nodeIds.map(() => false);
    this.#sorted = boot.nodeIds.map(() => 0);
  }

  get primary(): boolean {
    return this.role === 'leader';
  }

  step(event: Event): readonly Effect<RaftBody>[] {
    this.#effects = [];
    this.#nowMs = event.nowMs;
    switch (event.type) {
      case 'start':
        this.#restore(event.durable, event.incarnation);
        break;
      case 'timer':
        this.#onTimer(event.name);
        break;
      case 'message':
        this.#onMessage(event.message);
        break;
    }
    return this.#effects;
  }

  #onTimer(name: string): void {
    switch (name) {
      case 'election':
        this.#onElectionTimeout();
        break;
      case 'heartbeat':
        if (this.role === 'leader') this.#broadcastAppendEntries();
        break;
      case 'check-quorum':
        if (this.role === 'leader') this.#checkQuorum();
        break;
      case 'retry':
        this.#retryRequests();
        break;
    }
  }

  #onMessage(message: Message): void {
    const { src } = message;
    if (isClientId(src)) {
      this.#onRequest(src, message.body);
      return;
    }
    const body = message.body as RaftBody;
    switch (body.type) {
      case 'request_vote':
        this.#onRequestVote(src, body);
        break;
      case 'vote':
        this.#onVote(src, body);
        break;
      case 'append_entries':
        this.#onAppendEntries(src, body);
        break;
      case 'append_reply':
        this.#onAppendReply(src, body);
        break;
      case 'install_snapshot':
        this.#onInstallSnapshot(src, body);
        break;
      case 'forward':
        if (this.role === 'leader') this.#serve(src, body.client, body.id, body.request);
        break;
      case 'forwarded':
        this.#onForwarded(body);
        break;
      case 'persisted':
        this.#onPersisted(body);
        break;
    }
  }

  // Start (§3.8): what was on disk comes back, everything else begins anew.

  #restore(durable: Durable, incarnation: number): void {
    this.#incarnation = incarnation;
    const vote = durable.values.get('vote') as { term: number; votedFor: string | null } | undefined;
    this.term = vote?.term ?? 0;
    this.#votedFor = vote?.votedFor ?? null;
    const snapshot = durable.values.get('snapshot') as Snapshot | undefined;
    if (snapshot !== undefined) this.#loadSnapshot(snapshot);
    this.#restoreLog(durable);
    this.#setElectionTimer();
  }

  /** A crash may have fallen between the snapshot and the change of the log that belongs to it. */
  #restoreLog(durable: Durable): void {
    const stored = durable.logs.get('log');
    const snapshotIndex = this.#snapshot?.index ?? 0;
    const snapshotTerm = this.#snapshot?.term ?? 0;
    const first = stored?.first ?? 1;
    if (first > snapshotIndex + 1) throw new Error(`the log begins at ${first}, the snapshot ends at ${snapshotIndex}`);
    const entries = (stored?.entries ?? []) as unknown as readonly Entry[];
    const last = first + entries.length - 1;
    const covered = entries[snapshotIndex - first];
    if (first === snapshotIndex + 1) {
      this.log.reset(snapshotIndex, snapshotTerm);
      for (const entry of entries) this.log.append(entry);
    } else if (covered?.term === snapshotTerm) {
      // The term before the first entry is not on disk: the first entry itself takes the place of it.
      this.log.reset(first, (entries[0] as Entry).term);
      for (let i = 1; i < entries.length; i++) this.log.append(entries[i] as Entry);
    } else {
      // The snapshot came from a leader, and the log did not get that far or said otherwise.
      this.log.reset(snapshotIndex, snapshotTerm);
      if (last >= first) this.#effects.push({ type: 'truncate', log: 'log', from: first });
      this.#effects.push({ type: 'compact', log: 'log', before: snapshotIndex + 1 }, { type: 'sync' });
    }
  }

  #loadSnapshot(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#machine.restore(snapshot.machine);
    this.#sessions.restore(snapshot.sessions);
    this.commitIndex = snapshot.index;
    this.lastApplied = snapshot.index;
  }

  // Elections (§3.4).

  #onElectionTimeout(): void {
    if (this.role === 'leader') return;
    this.leader = null;
    if (this.#config.preVote) this.#becomePreCandidate();
    else this.#becomeCandidate();
  }

  /** §9.6: asks whether an election could be won before it disturbs anybody with a new term. */
  #becomePreCandidate(): void {
    this.role = 'pre-candidate';
    this.#votes = new Set([this.id]);
    this.#setElectionTimer();
    if (this.#votes.size >= this.#quorum) {
      this.#becomeCandidate();
      return;
    }
    this.#requestVotes(this.term + 1, true);
  }

  #becomeCandidate(): void {
    this.role = 'candidate';
    this.term++;
    this.#votedFor = this.id;
    this.#votes = new Set();
    this.#persistVote();
    this.#setElectionTimer();
    // The own vote counts once it is on disk: this message waits for the sync.
    this.#send(this.id, { type: 'vote', term: this.term, granted: true, preVote: false });
    this.#requestVotes(this.term, false);
    this.#log(`stands for election in term ${this.term}`);
  }

  #requestVotes(term: number, preVote: boolean): void {
    const body: RequestVote = {
      type: 'request_vote',
      term,
      lastLogIndex: this.log.last,
      lastLogTerm: this.log.lastTerm,
      preVote,
    };
    for (const peer of this.#nodeIds) if (peer !== this.id) this.#send(peer, body);
  }

  #onRequestVote(candidate: string, request: RequestVote): void {
    // §4.2.3: who hears from a leader helps nobody to depose it.
    const loyal = this.leader !== null && (this.#config.preVote || this.#config.checkQuorum);
    if (request.preVote) {
      const granted = !loyal && request.term > this.term && this.#isUpToDate(request);
      if (!granted) this.#mark('pre-vote-refused');
      this.#send(candidate, { type: 'vote', term: granted ? request.term : this.term, granted, preVote: true });
      return;
    }
    if (loyal && request.term > this.term) return;
    if (request.term > this.term) this.#adoptTerm(request.term);
    const free = this.#votedFor === null || this.#votedFor === candidate || this.#mistakes.votesTwice;
    const granted = request.term === this.term && this.role !== 'leader' && free && this.#isUpToDate(request);
    if (granted) {
      this.#votedFor = candidate;
      this.#persistVote();
      this.#setElectionTimer();
    }
    this.#send(candidate, { type: 'vote', term: this.term, granted, preVote: false });
  }

  /** §3.6.1: only a log that is as up to date as one's own may lead. */
  #isUpToDate(request: RequestVote): boolean {
    if (this.#mistakes.noLogCheck) return true;
    const { lastTerm, last } = this.log;
    return request.lastLogTerm > lastTerm || (request.lastLogTerm === lastTerm && request.lastLogIndex >= last);
  }

  #onVote(voter: string, vote: Vote): void {
    if (vote.preVote) {
      if (!vote.granted) {
        if (vote.term > this.term) this.#adoptTerm(vote.term);
        return;
      }
      if (this.role !== 'pre-candidate' || vote.term !== this.term + 1) return;
      this.#votes.add(voter);
      if (this.#votes.size >= this.#quorum) this.#becomeCandidate();
      return;
    }
    if (vote.term > this.term) {
      this.#adoptTerm(vote.term);
      return;
    }
    if (this.role !== 'candidate' || vote.term !== this.term || !vote.granted) return;
    this.#votes.add(voter);
    if (this.#votes.size >= this.#quorum) this.#becomeLeader();
  }

  #becomeLeader(): void {
    this.role = 'leader';
    this.leader = this.id;
    this.#mark('election-won');
    this.#log(`leads in term ${this.term}, log up to ${this.log.last}`);
    this.#next.fill(this.log.last + 1);
    this.#match.fill(0);
    this.#ackedRound.fill(0);
    this.#heardFrom.fill(true);
    this.#reads = [];
    this.#earlyReads = [];
    this.#roundStartedMs = [];
    this.#round = 0;
    this.#leaseFromMs = Number.NEGATIVE_INFINITY;
    this.#effects.push({ type: 'clear-timer', name: 'election' });
    if (this.#config.checkQuorum) this.#setCheckQuorumTimer();
    // Whatever was on disk before this term is there now.
    this.#send(this.id, { type: 'persisted', term: this.term, index: this.log.last, incarnation: this.#incarnation });
    if (!this.#mistakes.noNoOp) this.#propose(null);
    else this.#broadcastAppendEntries();
    this.#passOnAll();
  }

  /** Sees that there is a later term, and follows whoever will lead in it. */
  #adoptTerm(term: number): void {
    this.term = term;
    this.#votedFor = null;
    this.#persistVote();
    this.#becomeFollower(null);
  }

  #becomeFollower(leader: string | null): void {
    const wasLeader = this.role === 'leader';
    this.role = 'follower';
    this.leader = leader;
    this.#reads = [];
    this.#earlyReads = [];
    if (wasLeader) {
      this.#effects.push({ type: 'clear-timer', name: 'heartbeat' }, { type: 'clear-timer', name: 'check-quorum' });
      this.#log(`no longer leads, term ${this.term}`);
    }
    this.#setElectionTimer();
  }

  /** §6.2: a leader that no majority has answered for an election timeout gives up. */
  #checkQuorum(): void {
    let heard = 1;
    for (let i = 0; i < this.#nodeIds.length; i++) if (i !== this.#self && this.#heardFrom[i]) heard++;
    if (heard < this.#quorum) {
      this.#mark('stepped-down-without-quorum');
      this.#becomeFollower(null);
      return;
    }
    this.#heardFrom.fill(false);
    this.#setCheckQuorumTimer();
  }

  // Replication (§3.5).

  #propose(command: Command | null): number {
    const entry: Entry = { term: this.term, command };
    this.log.append(entry);
    const index = this.log.last;
    // §10.2.1: followers write in parallel, so the messages go in front of the own write.
    this.#broadcastAppendEntries();
    this.#effects.push({ type: 'append', log: 'log', entries: [entry as unknown as Json] });
    if (!this.#mistakes.acksBeforeSync) this.#effects.push({ type: 'sync' });
    this.#send(this.id, { type: 'persisted', term: this.term, index, incarnation: this.#incarnation });
    if (this.#mistakes.acksBeforeSync) this.#effects.push({ type: 'sync' });
    return index;
  }

  #onPersisted({ term, index, incarnation }: Persisted): void {
    if (this.role !== 'leader' || term !== this.term || incarnation !== this.#incarnation) return;
    if (index > (this.#match[this.#self] as number)) {
      this.#match[this.#self] = index;
      this.#advanceCommitIndex();
    }
  }

  /** A round of messages to everybody: entries where there are any, heartbeats elsewhere. */
  #broadcastAppendEntries(): void {
    this.#round++;
    if (this.#mistakes.leaseOnWallClock) this.#roundStartedMs[this.#round] = this.#nowMs;
    for (let i = 0; i < this.#nodeIds.length; i++) if (i !== this.#self) this.#sendAppendEntries(i);
    this.#effects.push({
      type: 'set-timer',
      name: 'heartbeat',
      minMs: this.#config.heartbeatMs,
      maxMs: this.#config.heartbeatMs,
    });
    if (this.#quorum === 1) this.#confirmReads();
  }

  #sendAppendEntries(peer: number): void {
    const next = this.#next[peer] as number;
    const prevLogTerm = this.log.termAt(next - 1);
    if (prevLogTerm === undefined || next < this.log.first) {
      this.#sendSnapshot(peer);
      return;
    }
    const entries = next > this.log.last ? noEntries : this.log.slice(next, this.#config.entriesPerMessageMax);
    // Taken for delivered: a message that was lost shows when the follower refuses a later one.
    this.#next[peer] = next + entries.length;
    this.#send(this.#nodeIds[peer] as string, {
      type: 'append_entries',
      term: this.term,
      prevLogIndex: next - 1,
      prevLogTerm,
      entries,
      leaderCommit: this.commitIndex,
      round: this.#round,
    });
  }

  #onAppendEntries(leader: string, request: AppendEntries): void {
    if (request.term < this.term) {
      this.#refuse(leader, request, 0, 0);
      return;
    }
    this.#follow(leader, request.term);
    const { prevLogIndex } = request;
    const termHere = this.log.termAt(prevLogIndex);
    if (prevLogIndex < this.log.first - 1) {
      // Everything up to the snapshot is committed and matches: the leader may go on from there.
      this.#acceptFrom(leader, request, this.log.first - 1 - prevLogIndex);
    } else if (termHere === undefined) {
      this.#refuse(leader, request, this.log.last + 1, 0);
    } else if (termHere !== request.prevLogTerm && !this.#mistakes.noTruncate) {
      this.#refuse(leader, request, this.#firstIndexOfTerm(termHere, prevLogIndex), termHere);
    } else {
      this.#acceptFrom(leader, request, 0);
    }
  }

  /** The first index that has the same term as `index`, within the log that is kept. */
  #firstIndexOfTerm(term: number, index: number): number {
    let first = index;
    while (first > this.log.first && this.log.termAt(first - 1) === term) first--;
    return first;
  }

  #refuse(leader: string, request: AppendEntries, conflictIndex: number, conflictTerm: number): void {
    this.#send(leader, {
      type: 'append_reply',
      term: this.term,
      round: request.round,
      success: false,
      index: request.prevLogIndex,
      conflictIndex,
      conflictTerm,
    });
  }

  /** Takes the entries over, but for the first `skip`, which the snapshot holds. */
  #acceptFrom(leader: string, request: AppendEntries, skip: number): void {
    const matchIndex = Math.max(request.prevLogIndex + request.entries.length, this.log.first - 1);
    const mistaken = this.#mistakes.acksBeforeSync;
    if (mistaken) this.#acknowledge(leader, request.round, matchIndex);
    this.#appendMissing(request, skip);
    if (!mistaken) this.#acknowledge(leader, request.round, matchIndex);
    // No further than what is known to match: what follows in this log may be another leader's.
    this.#commitTo(Math.min(request.leaderCommit, matchIndex));
  }

  #appendMissing(request: AppendEntries, skip: number): void {
    const { entries } = request;
    let at = skip;
    // An entry that is here already is skipped, and what follows it stays: a late message must not cut the log short.
    while (at < entries.length) {
      const index = request.prevLogIndex + 1 + at;
      const term = this.log.termAt(index);
      if (term === undefined) break;
      if (term !== (entries[at] as Entry).term && !this.#mistakes.noTruncate) {
        this.#truncate(index);
        break;
      }
      at++;
    }
    if (at >= entries.length) return;
    const missing = at === 0 ? entries : entries.slice(at);
    for (const entry of missing) this.log.append(entry);
    this.#effects.push({ type: 'append', log: 'log', entries: missing as unknown as Json[] }, { type: 'sync' });
  }

  #truncate(from: number): void {
    if (from <= this.commitIndex) {
      this.#mark('truncated-committed');
      this.commitIndex = from - 1;
    }
    this.#mark('log-truncated');
    this.#log(`drops entries ${from} to ${this.log.last}`);
    this.log.truncate(from);
    this.#effects.push({ type: 'truncate', log: 'log', from });
    for (const index of this.#waiting.keys()) if (index >= from) this.#waiting.delete(index);
  }

  #acknowledge(leader: string, round: number, index: number): void {
    this.#send(leader, {
      type: 'append_reply',
      term: this.term,
      round,
      success: true,
      index,
      conflictIndex: 0,
      conflictTerm: 0,
    });
  }

  #onAppendReply(follower: string, reply: AppendReply): void {
    if (reply.term > this.term) {
      this.#adoptTerm(reply.term);
      return;
    }
    if (this.role !== 'leader' || reply.term !== this.term) return;
    const peer = this.#nodeIds.indexOf(follower);
    this.#heardFrom[peer] = true;
    if (reply.round > (this.#ackedRound[peer] as number)) {
      this.#ackedRound[peer] = reply.round;
      if (this.#reads.length > 0 || this.#mistakes.leaseOnWallClock) this.#confirmReads();
    }
    if (reply.success) this.#onMatch(peer, reply.index);
    else this.#onConflict(peer, reply);
  }

  #onMatch(peer: number, index: number): void {
    if (index > (this.#match[peer] as number)) {
      this.#match[peer] = index;
      if (index >= (this.#next[peer] as number)) this.#next[peer] = index + 1;
      this.#advanceCommitIndex();
    }
    if ((this.#next[peer] as number) <= this.log.last && this.role === 'leader') this.#sendAppendEntries(peer);
  }

  /** §3.5, at its end: goes back past a whole conflicting term at a time. */
  #onConflict(peer: number, { index, conflictIndex, conflictTerm }: AppendReply): void {
    const match = this.#match[peer] as number;
    // What is known to match cannot conflict: this answer is older than that knowledge.
    if (index <= match || index >= (this.#next[peer] as number)) return;
    let next = Math.min(conflictIndex, index);
    if (conflictTerm > 0) {
      // Where this log has entries of that term too, they may match up to its last one.
      let candidate = Math.min(index, this.log.last);
      while (candidate >= this.log.first && (this.log.termAt(candidate) as number) > conflictTerm) candidate--;
      if (this.log.termAt(candidate) === conflictTerm) next = Math.min(index, candidate + 1);
    }
    this.#next[peer] = Math.max(match + 1, next);
    this.#sendAppendEntries(peer);
  }

  /** §3.6.2: an entry of this term that a majority holds is committed, and with it everything before. */
  #advanceCommitIndex(): void {
    const held = this.#heldByQuorum(this.#match);
    if (held <= this.commitIndex) return;
    // Counting copies of an earlier term's entry commits what a later leader may still replace (Figure 3.7).
    if (this.log.termAt(held) !== this.term && !this.#mistakes.commitsOldTerms) return;
    this.#commitTo(held);
  }

  /** The highest number that a quorum has reached. */
  #heldByQuorum(numbers: readonly number[]): number {
    const sorted = this.#sorted;
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] as number;
      let at = i;
      while (at > 0 && (sorted[at - 1] as number) < number) {
        sorted[at] = sorted[at - 1] as number;
        at--;
      }
      sorted[at] = number;
    }
    return sorted[this.#quorum - 1] as number;
  }

  #commitTo(index: number): void {
    const target = Math.min(index, this.log.last);
    if (target <= this.commitIndex) return;
    this.commitIndex = target;
    while (this.lastApplied < this.commitIndex) this.#apply(this.lastApplied + 1);
    if (this.#earlyReads.length > 0 && this.log.termAt(this.commitIndex) === this.term) {
      for (const read of this.#earlyReads.splice(0)) this.#serveRead(read.origin, read.client, read.id, read.request);
    }
    if (this.#reads.length > 0) this.#confirmReads();
    const due = this.lastApplied - (this.#snapshot?.index ?? 0) >= this.#config.snapshotEvery;
    if (due && this.lastApplied <= this.log.last) this.#takeSnapshot();
  }

  #apply(index: number): void {
    const entry = this.log.entryAt(index) as Entry;
    this.lastApplied = index;
    const waiting = this.#waiting.get(index);
    if (waiting !== undefined) this.#waiting.delete(index);
    const { command } = entry;
    if (command === null) return;
    const reply = this.#applyOnce(command);
    if (waiting !== undefined && waiting.term === entry.term && reply !== undefined) {
      this.#answer(waiting.origin, command.client, command.id, reply);
    }
  }

  /** §6.3: a command that was applied before is answered as it was then. undefined: its client has moved on. */
  #applyOnce(command: Command): Body | undefined {
    const session = this.#sessions.get(command.client);
    if (!this.#mistakes.appliesTwice && session !== undefined && session.id >= command.id) {
      this.#mark('command-deduplicated');
      return session.id === command.id ? session.reply : undefined;
    }
    const reply = this.#machine.apply(command.request);
    this.#sessions.set(command.client, command.id, reply);
    return reply;
  }

  // Snapshots (§5).

  #takeSnapshot(): void {
    const index = this.lastApplied;
    const term = this.log.termAt(index) as number;
    this.#snapshot = { index, term, machine: this.#machine.snapshot(), sessions: this.#sessions.snapshot() };
    this.#mark('snapshot-taken');
    // In this order: a crash in between leaves a log that reaches further back than it must.
    this.#effects.push({ type: 'put', key: 'snapshot', value: this.#snapshot as unknown as Json });
    this.#compact(Math.max(this.log.first - 1, index - this.#config.snapshotTail));
    if (this.#mistakes.snapshotLosesTail && this.log.last > index) {
      this.#effects.push({ type: 'truncate', log: 'log', from: index + 1 });
      this.log.truncate(index + 1);
    }
  }

  #compact(index: number): void {
    if (index < this.log.first) return;
    this.log.compact(index, this.log.termAt(index) as number);
    this.#effects.push({ type: 'compact', log: 'log', before: index + 1 });
  }

  #sendSnapshot(peer: number): void {
    const snapshot = this.#snapshot;
    if (snapshot === null) throw new Error('a log that has been compacted has a snapshot');
    this.#mark('snapshot-sent');
    this.#next[peer] = snapshot.index + 1;
    this.#send(this.#nodeIds[peer] as string, {
      type: 'install_snapshot',
      term: this.term,
      snapshot,
      round: this.#round,
    });
  }

  #onInstallSnapshot(leader: string, { term, snapshot, round }: InstallSnapshot): void {
    if (term < this.term) {
      this.#acknowledge(leader, round, 0);
      return;
    }
    this.#follow(leader, term);
    if (snapshot.index > this.commitIndex) this.#install(snapshot);
    this.#acknowledge(leader, round, Math.max(snapshot.index, this.log.first - 1));
  }

  #install(snapshot: Snapshot): void {
    this.#mark('snapshot-installed');
    this.#log(`installs the snapshot up to ${snapshot.index}`);
    const { index, term } = snapshot;
    // §5.3: what follows the snapshot in a log that agrees with it stays.
    const agrees = this.log.termAt(index) === term && !this.#mistakes.snapshotLosesTail;
    this.#loadSnapshot(snapshot);
    this.#effects.push({ type: 'put', key: 'snapshot', value: snapshot as unknown as Json });
    if (agrees) {
      this.#compact(index);
    } else {
      this.#effects.push({ type: 'truncate', log: 'log', from: this.log.first });
      this.#effects.push({ type: 'compact', log: 'log', before: index + 1 });
      this.log.reset(index, term);
      this.#waiting.clear();
    }
    this.#effects.push({ type: 'sync' });
  }

  // Clients (§6).

  #onRequest(client: string, body: Body): void {
    const id = body.msg_id;
    if (id === undefined) return;
    const request: Request = { client, id, body, sentTo: null, sentTick: this.#tick, bornTick: this.#tick };
    this.#requests.set(client, request);
    this.#setRetryTimer();
    if (this.#mistakes.readsFromFollowers && this.#machine.isRead(body)) {
      this.#reply(client, id, this.#machine.query(body));
      return;
    }
    if (this.leader !== null) this.#passOn(request, this.leader);
  }

  #passOn(request: Request, leader: string): void {
    request.sentTick = this.#tick;
    request.sentTo = leader;
    const { client, id, body } = request;
    if (leader === this.id) this.#serve(this.id, client, id, body);
    else this.#send(leader, { type: 'forward', client, id, request: body });
  }

  /** A new leader is known: whatever waits for one, or was sent to another, goes to it. */
  #passOnAll(): void {
    const { leader } = this;
    if (leader === null) return;
    for (const request of [...this.#requests.values()]) if (request.sentTo !== leader) this.#passOn(request, leader);
  }

  #retryRequests(): void {
    this.#ticking = false;
    this.#tick++;
    for (const request of [...this.#requests.values()]) {
      const age = this.#tick - request.bornTick;
      if (request.sentTo === null && age >= ticksWithoutLeaderMax) {
        // It never left this node, so it has certainly not happened.
        this.#requests.delete(request.client);
        this.#effects.push({
          type: 'send',
          to: request.client,
          body: errorBody(request.id, 'temporarilyUnavailable', 'no leader is known') as Body as RaftBody,
        });
      } else if (age >= ticksPerRequestMax) {
        // It may happen yet. An answer would be a guess: the client's own timeout is the honest one.
        this.#requests.delete(request.client);
      } else if (this.leader !== null && this.#tick - request.sentTick >= ticksPerTry) {
        this.#passOn(request, this.leader);
      }
    }
    if (this.#requests.size > 0) this.#setRetryTimer();
  }

  /** The leader takes a request, its own client's or one passed on. */
  #serve(origin: string, client: string, id: number, request: Body): void {
    if (this.#machine.isRead(request)) {
      this.#serveRead(origin, client, id, request);
      return;
    }
    const session = this.#sessions.get(client);
    if (session !== undefined && session.id >= id && !this.#mistakes.appliesTwice) {
      this.#mark('command-deduplicated');
      if (session.id === id) this.#answer(origin, client, id, session.reply);
      return;
    }
    const index = this.#propose({ client, id, request });
    this.#waiting.set(index, { term: this.term, origin });
  }

  #serveRead(origin: string, client: string, id: number, request: Body): void {
    const mistakes = this.#mistakes;
    if (mistakes.staleReads || (mistakes.leaseOnWallClock && this.#holdsLease())) {
      this.#answer(origin, client, id, this.#machine.query(request));
      return;
    }
    // §6.4 step 1: before an entry of its own term is committed, a leader may not know of all that is.
    if (this.log.termAt(this.commitIndex) !== this.term && !mistakes.readsBeforeNoOp) {
      this.#earlyReads.push({ origin, client, id, request });
      return;
    }
    this.#mark('read-index');
    // Steps 2 and 3: whoever leads now can tell by a round of messages that begins after the read has arrived.
    this.#reads.push({ origin, client, id, request, readIndex: this.commitIndex, round: this.#round + 1 });
    this.#broadcastAppendEntries();
  }

  /** §6.4.1, on the wrong clock: a wall clock that is set back makes the lease last. */
  #holdsLease(): boolean {
    return this.#nowMs < this.#leaseFromMs + this.#config.electionTimeoutMsMin;
  }

  #confirmReads(): void {
    this.#ackedRound[this.#self] = this.#round;
    const confirmed = this.#heldByQuorum(this.#ackedRound);
    if (this.#mistakes.leaseOnWallClock && confirmed > 0) {
      this.#leaseFromMs = this.#roundStartedMs[confirmed] ?? this.#leaseFromMs;
    }
    if (this.#reads.length === 0) return;
    const open: PendingRead[] = [];
    for (const read of this.#reads) {
      if (read.round <= confirmed && read.readIndex <= this.lastApplied) {
        this.#answer(read.origin, read.client, read.id, this.#machine.query(read.request));
      } else {
        open.push(read);
      }
    }
    this.#reads = open;
  }

  /** The leader's answer, by way of the node that the client asked. */
  #answer(origin: string, client: string, id: number, reply: Body): void {
    if (origin === this.id) this.#reply(client, id, reply);
    else this.#send(origin, { type: 'forwarded', client, id, reply });
  }

  #onForwarded({ client, id, reply }: Forwarded): void {
    this.#reply(client, id, reply);
  }

  #reply(client: string, id: number, reply: Body): void {
    const request = this.#requests.get(client);
    if (request === undefined || request.id !== id) return;
    this.#requests.delete(client);
    this.#effects.push({ type: 'send', to: client, body: { ...reply, in_reply_to: id } as RaftBody });
  }

  // What the parts above have in common.

  /** Hears from the leader of a term that is not over. */
  #follow(leader: string, term: number): void {
    if (term > this.term) this.#adoptTerm(term);
    const isNews = this.leader !== leader;
    if (this.role !== 'follower') this.#becomeFollower(leader);
    else this.#setElectionTimer();
    if (isNews) {
      this.leader = leader;
      this.#passOnAll();
    }
  }

  #persistVote(): void {
    if (this.#mistakes.forgetsVote) return;
    this.#effects.push(
      { type: 'put', key: 'vote', value: { term: this.term, votedFor: this.#votedFor } },
      { type: 'sync' },
    );
  }

  #setElectionTimer(): void {
    const { electionTimeoutMsMin, electionTimeoutMsMax } = this.#config;
    this.#effects.push({
      type: 'set-timer',
      name: 'election',
      minMs: electionTimeoutMsMin,
      maxMs: electionTimeoutMsMax,
    });
  }

  #setCheckQuorumTimer(): void {
    const { electionTimeoutMsMax } = this.#config;
    this.#effects.push({
      type: 'set-timer',
      name: 'check-quorum',
      minMs: electionTimeoutMsMax,
      maxMs: electionTimeoutMsMax,
    });
  }

  #setRetryTimer(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    this.#effects.push({ type: 'set-timer', name: 'retry', minMs: retryMs, maxMs: retryMs });
  }

  #send(to: string, body: RaftBody): void {
    this.#effects.push({ type: 'send', to, body });
  }

  #mark(name: string): void {
    this.#effects.push({ type: 'mark', name });
  }

  #log(text: string): void {
    this.#effects.push({ type: 'log', text });
  }
}

const noEntries: readonly Entry[] = [];
