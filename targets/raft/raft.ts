/**
 * Raft, as in Ongaro's dissertation ("Consensus: Bridging Theory and Practice", 2014), whose sections are cited.
 *
 * What must be durable before a message may leave: the host holds every send behind the syncs queued before it, so a
 * node writes, syncs, and sends, in this order, and never waits. The one thing that needs no waiting goes first: a
 * leader sends new entries and writes them to its own disk afterwards (§10.2.1). It then counts itself for commitment
 * only when its own sync is done, which it learns from a message to itself that is queued behind that sync.
 */
import { isClientId, type Message } from '../../protocol/message.ts';
import type { Boot, Description, Effect, Event, StartEvent } from '../../protocol/node.ts';
import { ClientRequests } from '../machines/client-requests.ts';
import type { Reply, Request } from '../machines/machine.ts';
import { type Command, ReplicatedState } from '../machines/replicated.ts';
import type { RaftConfig } from './config.ts';
import { RaftLog } from './log.ts';
import type {
  Answer,
  AppendEntries,
  AppendEntriesReply,
  Entry,
  Forward,
  InstallSnapshot,
  LogDurable,
  RaftBody,
  RequestVote,
  RequestVoteReply,
  Snapshot,
  TermAndVote,
} from './messages.ts';

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** What the outside sees of a node. Indexes begin at 1; 0 stands for the empty log. */
export interface RaftDescription extends Description {
  readonly role: Role;
  /** Whom the node takes for the leader of its term. */
  readonly leader: string | null;
  readonly commitIndex: number;
  readonly lastApplied: number;
  /** The first entry that is still in the log, or would be; `lastIndex` is less when there is none. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** The last entry that the node's snapshot covers. */
  readonly snapshotIndex: number;
  /** Changes whenever entries are removed from the end of the log: while it stays, the log only grows. */
  readonly revision: number;
  /** The term of an entry; undefined where the log does not reach. O(1). */
  termAt(index: number): number | undefined;
  /** An entry that is still in the log, or undefined. O(1). */
  entryAt(index: number): Entry | undefined;
}

type RaftEffect = Effect<RaftBody>;

const noEffects: readonly RaftEffect[] = [];
const noEntries: readonly Entry[] = [];
const sync: RaftEffect = { type: 'sync' };

/** Names on the disk. */
const termAndVoteKey = 'term-and-vote';
const snapshotKey = 'snapshot';
const logName = 'log';

export class Raft implements RaftDescription {
  readonly #id: string;
  readonly #nodeIds: readonly string[];
  readonly #self: number;
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #config: RaftConfig;
  readonly #quorum: number;
  #incarnation = 0;
  #nowMs = 0;

  // Persistent state (figure 3.1).
  term = 0;
  #votedFor: string | null = null;
  readonly #log = new RaftLog();
  #snapshot: Snapshot | null = null;

  // Volatile state of every server.
  role: Role = 'follower';
  leader: string | null = null;
  commitIndex = 0;
  lastApplied = 0;
  readonly #replicated: ReplicatedState;
  /** Within the minimum election timeout of hearing from a current leader (§4.2.3). */
  #heardLeader = false;
  /** Who has granted a vote or pre-vote to this candidate. */
  readonly #votes: Uint8Array;

  // Volatile state of a leader.
  readonly #nextIndex: Int32Array;
  readonly #matchIndex: Int32Array;
  /** Followers whose log is known to differ at nextIndex - 1: until they agree, they are sent no entries. */
  readonly #probing: Uint8Array;
  /** Followers that have answered since quorum was last checked. */
  readonly #answered: Uint8Array;
  readonly #ranked: Int32Array;
  /** Commands that have no index yet: they wait until the sync before them is done, and share the next. */
  #queue: Command[] = [];
  #awaitsLogDurable = false;
  /** The AppendEntries last made in this step: followers that are equally far get the same. */
  #lastAppend: AppendEntries | null = null;

  // Queries on a leader (§6.4).
  #round = 0;
  readonly #answeredRound: Int32Array;
  #waitingReads: Command[] = [];
  #confirmingReads: Command[] = [];
  #confirmingRound = 0;
  /** §6.4.1: until when no other leader can be, on this node's wall clock, and what the next confirmation is worth. */
  #leaseUntilMs = 0;
  #leaseRound = 0;
  #leaseRoundStartMs = 0;

  readonly #requests: ClientRequests;

  // Effects of the present step.
  #effects: RaftEffect[] | null = null;
  #termOrVoteUnsaved = false;
  #syncDue = false;

  readonly #timers: {
    readonly electionQuiet: RaftEffect;
    readonly electionRest: RaftEffect;
    readonly election: RaftEffect;
    readonly heartbeat: RaftEffect;
    readonly checkQuorum: RaftEffect;
  };

  constructor({ id, nodeIds, config }: Boot<RaftConfig>) {
    this.#id = id;
    this.#nodeIds = nodeIds;
    this.#self = nodeIds.indexOf(id);
    this.#indexOf = new Map(nodeIds.map((nodeId, index) => [nodeId, index]));
    this.#config = config;
    this.#quorum = (nodeIds.length >>> 1) + 1;
    this.#replicated = new ReplicatedState(config.machine, config.sessionsMax);
    const size = nodeIds.length;
    this.#votes = new Uint8Array(size);
    this.#nextIndex = new Int32Array(size);
    this.#matchIndex = new Int32Array(size);
    this.#probing = new Uint8Array(size);
    this.#answered = new Uint8Array(size);
    this.#ranked = new Int32Array(size);
    this.#answeredRound = new Int32Array(size);
    this.#requests = new ClientRequests(
      id,
      config,
      {
        emit: (effect) => this.#emit(effect),
        send: (to, body) => this.#send(to, body),
        leader: () => this.leader,
        decided: () => this.commitIndex,
        submit: (command, isQuery) => this.#submit(command, isQuery),
      },
      'requests',
    );
    const { electionTimeoutMinMs: minMs, electionTimeoutMaxMs: maxMs, heartbeatMs } = config;
    this.#timers = {
      electionQuiet: { type: 'set-timer', name: 'election', minMs, maxMs: minMs },
      electionRest: { type: 'set-timer', name: 'election', minMs: 0, maxMs: maxMs - minMs },
      election: { type: 'set-timer', name: 'election', minMs, maxMs },
      heartbeat: { type: 'set-timer', name: 'heartbeat', minMs: heartbeatMs, maxMs: heartbeatMs },
      checkQuorum: { type: 'set-timer', name: 'check-quorum', minMs: maxMs, maxMs },
    };
  }

  // What the outside sees.

  get primary(): boolean {
    return this.role === 'leader';
  }
  get firstIndex(): number {
    return this.#log.firstIndex;
  }
  get lastIndex(): number {
    return this.#log.lastIndex;
  }
  get snapshotIndex(): number {
    return this.#log.snapshotIndex;
  }
  get revision(): number {
    return this.#log.revision;
  }
  termAt(index: number): number | undefined {
    return this.#log.termAt(index);
  }
  entryAt(index: number): Entry | undefined {
    return this.#log.entryAt(index);
  }

  step(event: Event<RaftBody>): readonly RaftEffect[] {
    this.#nowMs = event.nowMs;
    this.#effects = null;
    this.#lastAppend = null;
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

  #receive({ src, body }: Message<RaftBody>): void {
    if (isClientId(src)) {
      this.#requests.receive(src, body as Request);
      return;
    }
    switch (body.type) {
      case 'append-entries':
        this.#onAppendEntries(src, body as AppendEntries);
        break;
      case 'append-entries-reply':
        this.#onAppendEntriesReply(this.#indexOf.get(src) as number, body as AppendEntriesReply);
        break;
      case 'forward':
        this.#onForward(body as Forward);
        break;
      case 'answer':
        this.#onAnswer(body as Answer);
        break;
      case 'log-durable':
        this.#onLogDurable(body as LogDurable);
        break;
      case 'request-vote':
        this.#onRequestVote(src, body as RequestVote);
        break;
      case 'request-vote-reply':
        this.#onRequestVoteReply(this.#indexOf.get(src) as number, body as RequestVoteReply);
        break;
      case 'install-snapshot':
        this.#onInstallSnapshot(src, body as InstallSnapshot);
        break;
    }
  }

  #timerFired(name: string): void {
    switch (name) {
      case 'heartbeat':
        this.#onHeartbeat();
        break;
      case 'election':
        this.#onElectionTimeout();
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

  #emit(effect: RaftEffect): void {
    if (this.#effects === null) this.#effects = [effect];
    else this.#effects.push(effect);
  }

  /** Sends behind everything written so far. */
  #send(to: string, body: RaftBody): void {
    this.#save();
    this.#emit({ type: 'send', to, body });
  }

  /** Writes to the log, which the term of its entries must not overtake. */
  #write(effect: RaftEffect): void {
    this.#saveTermAndVote();
    this.#emit(effect);
    this.#syncDue = true;
  }

  #saveTermAndVote(): void {
    if (!this.#termOrVoteUnsaved) return;
    this.#termOrVoteUnsaved = false;
    if (this.#config.mistake === 'forgets-vote') return;
    const value: TermAndVote = { term: this.term, votedFor: this.#votedFor };
    this.#emit({ type: 'put', key: termAndVoteKey, value });
    this.#syncDue = true;
  }

  #save(): void {
    this.#saveTermAndVote();
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

  // §3.8: what was durable. Any prefix of the writes of the last life may be there.

  #start({ incarnation, durable }: StartEvent): void {
    this.#incarnation = incarnation;
    const saved = durable.values.get(termAndVoteKey) as TermAndVote | undefined;
    if (saved !== undefined) {
      this.term = saved.term;
      this.#votedFor = saved.votedFor;
    }
    const snapshot = (durable.values.get(snapshotKey) ?? null) as Snapshot | null;
    if (snapshot !== null) this.#restoreState(snapshot);
    const log = durable.logs.get(logName);
    const entries = (log?.entries ?? noEntries) as readonly Entry[];
    const first = log?.first ?? 1;
    const { index, term } = snapshot ?? { index: 0, term: 0 };
    if (!this.#log.restore(index, term, first, entries)) this.#discardLog(first, entries.length);
    this.#note(`starts in term ${this.term} with snapshot ${index} and entries to ${this.#log.lastIndex}`);
    // It may have promised a leader to be sticky in its last life. Nobody asks for votes earlier anyway.
    this.#heardLeader = true;
    this.#emit(this.#timers.electionQuiet);
  }

  #restoreState(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#replicated.restore(snapshot.state);
    this.commitIndex = snapshot.index;
    this.lastApplied = snapshot.index;
  }

  /** Empties the log on disk; it goes on after the snapshot, which must have been written before. */
  #discardLog(first: number, count: number): void {
    if (count > 0) this.#write({ type: 'truncate', log: logName, from: first });
    this.#write({ type: 'compact', log: logName, before: this.#log.snapshotIndex + 1 });
  }

  // §3.3, §3.4: terms and roles.

  #becomeFollower(term: number): void {
    const was = this.role;
    this.role = 'follower';
    if (term > this.term) {
      this.term = term;
      this.#votedFor = null;
      this.#termOrVoteUnsaved = true;
      this.leader = null;
    }
    if (was === 'follower') return;
    this.#note(`becomes follower in term ${this.term}, was ${was}`);
    if (was !== 'leader') return;
    this.leader = null;
    // What never had an index cannot take effect; whoever asked for it will ask the next leader.
    this.#queue = [];
    this.#waitingReads = [];
    this.#confirmingReads = [];
    this.#heardLeader = false;
    this.#emit({ type: 'clear-timer', name: 'heartbeat' });
    this.#emit({ type: 'clear-timer', name: 'check-quorum' });
    this.#emit(this.#timers.election);
  }

  /**
   * The election timeout runs in two parts, its minimum and the rest, because during the first this node also
   * refuses to help others to an election (§4.2.3).
   */
  #onElectionTimeout(): void {
    if (this.#heardLeader) {
      this.#heardLeader = false;
      this.#emit(this.#timers.electionRest);
      return;
    }
    if (this.role === 'candidate') this.#mark('split-vote');
    this.leader = null;
    if (this.#config.preVote) this.#askForPreVotes();
    else this.#startElection();
  }

  /** §9.6: the term stays what it is until a majority would vote for this node. */
  #askForPreVotes(): void {
    this.#becomeCandidate('pre-candidate');
    if (this.#quorum === 1) this.#startElection();
    else this.#requestVotes(true, this.term + 1);
  }

  #startElection(): void {
    this.term++;
    this.#votedFor = this.#id;
    this.#termOrVoteUnsaved = true;
    this.#becomeCandidate('candidate');
    if (this.#quorum === 1) this.#becomeLeader();
    else this.#requestVotes(false, this.term);
  }

  #becomeCandidate(role: 'pre-candidate' | 'candidate'): void {
    this.role = role;
    this.#note(`becomes ${role} in term ${this.term}`);
    this.#votes.fill(0);
    this.#votes[this.#self] = 1;
    this.#emit(this.#timers.election);
  }

  #requestVotes(preVote: boolean, term: number): void {
    const { lastIndex: lastLogIndex, lastTerm: lastLogTerm } = this.#log;
    const request: RequestVote = { type: 'request-vote', term, preVote, lastLogIndex, lastLogTerm };
    for (const id of this.#nodeIds) if (id !== this.#id) this.#send(id, request);
  }

  #onRequestVote(src: string, { term, preVote, lastLogIndex, lastLogTerm }: RequestVote): void {
    const { mistake, leaderStickiness } = this.#config;
    if (leaderStickiness && term > this.term && (this.#heardLeader || this.role === 'leader')) {
      // §4.2.3: neither vote nor term; nor a reply, whose term would make the sender go on with it.
      if (preVote) this.#mark('pre-vote-refused');
      return;
    }
    if (!preVote && term > this.term) this.#becomeFollower(term);
    const { lastIndex, lastTerm } = this.#log;
    // §3.6.1: the later last term, or with equal ones the longer log.
    const upToDate = lastLogTerm > lastTerm || (lastLogTerm === lastTerm && lastLogIndex >= lastIndex);
    const mayVote = this.#votedFor === null || this.#votedFor === src || mistake === 'split-vote-double';
    const voteGranted =
      (upToDate || mistake === 'no-log-check') && ((preVote && term > this.term) || (term === this.term && mayVote));
    if (preVote && !voteGranted) this.#mark('pre-vote-refused');
    if (voteGranted && !preVote) {
      this.#votedFor = src;
      this.#termOrVoteUnsaved = true;
      this.#heardLeader = false;
      this.#emit(this.#timers.election);
    }
    this.#send(src, { type: 'request-vote-reply', term: voteGranted ? term : this.term, preVote, voteGranted });
  }

  #onRequestVoteReply(from: number, { term, preVote, voteGranted }: RequestVoteReply): void {
    if (!voteGranted) {
      if (term > this.term) this.#becomeFollower(term);
      return;
    }
    const asked = preVote ? 'pre-candidate' : 'candidate';
    if (this.role !== asked || term !== (preVote ? this.term + 1 : this.term)) return;
    this.#votes[from] = 1;
    if (count(this.#votes) < this.#quorum) return;
    if (preVote) this.#startElection();
    else this.#becomeLeader();
  }

  #becomeLeader(): void {
    this.role = 'leader';
    this.leader = this.#id;
    this.#note(`becomes leader in term ${this.term} with entries to ${this.#log.lastIndex}`);
    this.#mark('election-won');
    this.#nextIndex.fill(this.#log.lastIndex + 1);
    this.#matchIndex.fill(0);
    this.#probing.fill(0);
    this.#answered.fill(0);
    this.#answeredRound.fill(0);
    this.#leaseUntilMs = 0;
    this.#emit({ type: 'clear-timer', name: 'election' });
    if (this.#config.checkQuorum) this.#emit(this.#timers.checkQuorum);
    this.#replicate(this.#config.noOp ? [{ term: this.term, command: null }] : noEntries);
    this.#requests.submitAll();
  }

  /** §6.2. Without it a leader that is cut off would take requests for ever, and answer none. */
  #onCheckQuorum(): void {
    this.#answered[this.#self] = 1;
    if (count(this.#answered) >= this.#quorum) {
      this.#answered.fill(0);
      this.#emit(this.#timers.checkQuorum);
    } else {
      this.#mark('stepped-down-check-quorum');
      this.#becomeFollower(this.term);
    }
  }

  // §3.5: log replication, the leader's side.

  /** Appends entries to the leader's own log and sends them to all. */
  #replicate(entries: readonly Entry[]): void {
    if (entries.length > 0) this.#log.append(entries);
    // §10.2.1: in parallel with the leader's own disk, so before the write in the queue of effects.
    this.#broadcast(this.#config.sendsAtOnce);
    const durable: LogDurable = {
      type: 'log-durable',
      term: this.term,
      incarnation: this.#incarnation,
      index: this.#log.lastIndex,
    };
    this.#awaitsLogDurable = true;
    if (this.#config.mistake === 'ack-before-sync') this.#send(this.#id, durable);
    if (entries.length > 0) this.#write({ type: 'append', log: logName, entries });
    if (this.#config.mistake !== 'ack-before-sync') this.#send(this.#id, durable);
  }

  /** The leader's own log is on disk up to `index`. */
  #onLogDurable({ term, incarnation, index }: LogDurable): void {
    // A leader's word to itself, from before it was deposed or died, says nothing of what its log has become.
    if (this.role !== 'leader' || term !== this.term || incarnation !== this.#incarnation) return;
    this.#awaitsLogDurable = false;
    this.#matchIndex[this.#self] = Math.max(index, this.#matchIndex[this.#self] as number);
    this.#advanceCommitIndex();
    if (this.#queue.length > 0) this.#replicateQueue();
  }

  #replicateQueue(): void {
    const { term } = this;
    const entries = this.#queue.map((command): Entry => ({ term, command }));
    this.#queue = [];
    this.#replicate(entries);
  }

  #broadcast(withEntries: boolean): void {
    const { length } = this.#nodeIds;
    for (let i = 0; i < length; i++) if (i !== this.#self) this.#sendAppendEntries(i, withEntries);
    this.#emit(this.#timers.heartbeat);
  }

  #onHeartbeat(): void {
    this.#round++;
    this.#startLeaseRound();
    this.#broadcast(true);
  }

  /**
   * Sends a follower what it lacks, as far as one message goes, and takes for granted that it arrives: what was lost
   * shows when the follower refuses the next message.
   */
  #sendAppendEntries(to: number, withEntries: boolean): void {
    const next = this.#nextIndex[to] as number;
    const prevLogIndex = next - 1;
    const prevLogTerm = this.#log.termAt(prevLogIndex);
    if (prevLogTerm === undefined) {
      this.#sendSnapshot(to);
      return;
    }
    const wanted =
      withEntries && this.#probing[to] === 0
        ? Math.min(this.#log.lastIndex - prevLogIndex, this.#config.maxEntriesPerMessage)
        : 0;
    let message = this.#lastAppend;
    if (message === null || message.prevLogIndex !== prevLogIndex || message.entries.length !== wanted) {
      message = {
        type: 'append-entries',
        term: this.term,
        prevLogIndex,
        prevLogTerm,
        entries: wanted === 0 ? noEntries : this.#log.entriesFrom(next, wanted),
        leaderCommit: this.commitIndex,
        round: this.#round,
      };
      this.#lastAppend = message;
    }
    this.#nextIndex[to] = next + wanted;
    this.#send(this.#nodeIds[to] as string, message);
  }

  /** §5.3: to a follower that needs entries which are no longer there. */
  #sendSnapshot(to: number): void {
    const snapshot = this.#snapshot as Snapshot;
    this.#nextIndex[to] = snapshot.index + 1;
    this.#probing[to] = 1;
    this.#note(`sends snapshot ${snapshot.index} to ${this.#nodeIds[to]}`);
    this.#send(this.#nodeIds[to] as string, {
      type: 'install-snapshot',
      term: this.term,
      snapshot,
      round: this.#round,
    });
  }

  #onAppendEntriesReply(from: number, reply: AppendEntriesReply): void {
    if (reply.term > this.term) {
      this.#becomeFollower(reply.term);
      return;
    }
    if (this.role !== 'leader' || reply.term < this.term) return;
    this.#answered[from] = 1;
    if (reply.success) this.#onMatch(from, reply.matchIndex);
    else this.#backUp(from, reply);
    // Also who refuses entries takes this node for the leader.
    if (reply.round > (this.#answeredRound[from] as number)) {
      this.#answeredRound[from] = reply.round;
      this.#finishRounds();
    }
  }

  #onMatch(from: number, matchIndex: number): void {
    if (matchIndex + 1 >= (this.#nextIndex[from] as number)) {
      this.#nextIndex[from] = matchIndex + 1;
      this.#probing[from] = 0;
    }
    if (matchIndex > (this.#matchIndex[from] as number)) {
      this.#matchIndex[from] = matchIndex;
      if (matchIndex > this.commitIndex) this.#advanceCommitIndex();
    }
    const isBehind = this.#probing[from] === 0 && (this.#nextIndex[from] as number) <= this.#log.lastIndex;
    if (isBehind && this.#config.sendsAtOnce) this.#sendAppendEntries(from, true);
  }

  /** §3.5, end: goes back by a whole term at a time. */
  #backUp(from: number, { prevLogIndex, conflictTerm, conflictIndex }: AppendEntriesReply): void {
    const next = this.#nextIndex[from] as number;
    // Old news: the follower has come further since, or the leader has gone back further already.
    if (prevLogIndex < (this.#matchIndex[from] as number) || prevLogIndex >= next) return;
    if (this.#probing[from] === 1 && prevLogIndex !== next - 1) return;
    const shared = conflictTerm === 0 ? undefined : this.#log.lastOfTerm(conflictTerm, prevLogIndex);
    this.#nextIndex[from] = Math.max(1, Math.min(prevLogIndex, shared === undefined ? conflictIndex : shared + 1));
    this.#probing[from] = 1;
    this.#mark('backed-up');
    this.#sendAppendEntries(from, false);
  }

  /** §3.6.2: what a majority has is committed, if it is of this leader's term, and so is all before it. */
  #advanceCommitIndex(): void {
    const { mistake } = this.#config;
    const needed = mistake === 'minority-quorum' ? this.#nodeIds.length >>> 1 : this.#quorum;
    const index = nthGreatest(this.#matchIndex, this.#ranked, Math.max(1, needed));
    if (index <= this.commitIndex) return;
    if (this.#log.termAt(index) !== this.term && mistake !== 'commit-old-term') return;
    this.commitIndex = index;
    this.#applyCommitted();
    this.#startReadRound();
  }

  // §3.5: log replication, the follower's side.

  /** A message from the leader of a term that is not behind. */
  #onLeaderContact(src: string, term: number): void {
    if (term > this.term || this.role !== 'follower') this.#becomeFollower(term);
    this.#heardLeader = true;
    this.#emit(this.#timers.electionQuiet);
    if (this.leader === src) return;
    this.leader = src;
    this.#requests.submitAll();
  }

  #onAppendEntries(src: string, message: AppendEntries): void {
    const { term, prevLogIndex, prevLogTerm, entries, leaderCommit, round } = message;
    if (term < this.term) {
      this.#refuse(src, message, 0, 0);
      return;
    }
    this.#onLeaderContact(src, term);
    // All that this node knows to be committed, the leader has too (§3.6.3): there the logs agree.
    if (prevLogIndex > this.commitIndex && this.#log.termAt(prevLogIndex) !== prevLogTerm) {
      this.#refuseConflict(src, message);
      return;
    }
    const { mistake } = this.#config;
    const lastNew = prevLogIndex + entries.length;
    const success: AppendEntriesReply = {
      type: 'append-entries-reply',
      term,
      success: true,
      matchIndex: lastNew,
      prevLogIndex,
      conflictTerm: 0,
      conflictIndex: 0,
      round,
    };
    if (mistake === 'ack-before-sync') this.#send(src, success);
    this.#takeEntries(prevLogIndex, entries);
    const known = mistake === 'commit-beyond-match' || mistake === 'no-truncate' ? this.#log.lastIndex : lastNew;
    const commitIndex = Math.min(leaderCommit, known);
    if (commitIndex > this.commitIndex) {
      this.commitIndex = commitIndex;
      this.#applyCommitted();
    }
    if (mistake !== 'ack-before-sync') this.#send(src, success);
  }

  /** Steps 3 and 4 of AppendEntries (figure 3.1). What is there already stays: the message may be an old one. */
  #takeEntries(prevLogIndex: number, entries: readonly Entry[]): void {
    const { mistake } = this.#config;
    const lastNew = prevLogIndex + entries.length;
    let index = Math.max(prevLogIndex, this.commitIndex) + 1;
    if (mistake === 'truncate-without-conflict') {
      this.#truncate(index);
    } else {
      while (index <= lastNew && this.#log.termAt(index) === entries[index - prevLogIndex - 1]?.term) index++;
      if (mistake === 'no-truncate') index = Math.max(index, this.#log.lastIndex + 1);
    }
    if (index > lastNew) return;
    this.#truncate(index);
    const fresh = index === prevLogIndex + 1 ? entries : entries.slice(index - prevLogIndex - 1);
    this.#log.append(fresh);
    this.#write({ type: 'append', log: logName, entries: fresh });
  }

  #truncate(index: number): void {
    if (index > this.#log.lastIndex) return;
    this.#mark('log-truncated');
    this.#note(`truncates entries ${index} to ${this.#log.lastIndex}`);
    this.#log.truncate(index);
    this.#write({ type: 'truncate', log: logName, from: index });
  }

  #refuseConflict(src: string, message: AppendEntries): void {
    const { prevLogIndex } = message;
    const conflictTerm = this.#log.termAt(prevLogIndex);
    if (conflictTerm === undefined) this.#refuse(src, message, 0, this.#log.lastIndex + 1);
    else this.#refuse(src, message, conflictTerm, this.#log.firstOfTerm(prevLogIndex, this.commitIndex));
  }

  #refuse(src: string, message: AppendEntries, conflictTerm: number, conflictIndex: number): void {
    this.#send(src, {
      type: 'append-entries-reply',
      term: this.term,
      success: false,
      matchIndex: 0,
      prevLogIndex: message.prevLogIndex,
      conflictTerm,
      conflictIndex,
      round: message.round,
    });
  }

  // §5: snapshots.

  #applyCommitted(): void {
    while (this.lastApplied < this.commitIndex) {
      const index = this.lastApplied + 1;
      const entry = this.#log.entryAt(index);
      if (entry === undefined) throw new Error(`${this.#id} has committed entry ${index}, which is not in its log`);
      this.lastApplied = index;
      if (entry.command !== null) this.#apply(entry.command, index);
    }
    if (this.lastApplied - this.#log.snapshotIndex >= this.#config.snapshotThreshold) this.#takeSnapshot();
  }

  /** §6.3: a command that is in the log twice takes effect once. */
  #apply(command: Command, index: number): void {
    const status = this.#statusOf(command);
    if (status === 'applied' || status === 'superseded') this.#mark('command-deduplicated');
    if (status === 'superseded' || status === 'doubtful') return;
    const reply =
      status === 'new' ? this.#replicated.apply(command, index) : this.#replicated.remembered(command.client);
    if (this.role === 'leader') this.#answer(command, reply);
    else this.#requests.reply(command.client, command.id, reply);
  }

  #statusOf(command: Command): ReturnType<ReplicatedState['status']> {
    return this.#config.mistake === 'duplicate-apply' ? 'new' : this.#replicated.status(command);
  }

  #takeSnapshot(): void {
    const index = this.lastApplied;
    const term = this.#log.termAt(index) as number;
    this.#snapshot = { index, term, state: this.#replicated.snapshot() };
    this.#mark('snapshot-taken');
    this.#note(`takes snapshot ${index}`);
    // In this order: any prefix of these writes is a snapshot with a log that continues it. No message depends on them.
    this.#emit({ type: 'put', key: snapshotKey, value: this.#snapshot });
    if (this.#config.mistake === 'snapshot-loses-tail') {
      this.#replaceLog(index, term);
    } else {
      this.#log.compact(index, term, this.#config.snapshotTail);
      this.#emit({ type: 'compact', log: logName, before: this.#log.firstIndex });
    }
  }

  #replaceLog(index: number, term: number): void {
    const { firstIndex, lastIndex } = this.#log;
    this.#log.reset(index, term);
    this.#discardLog(firstIndex, lastIndex + 1 - firstIndex);
  }

  #onInstallSnapshot(src: string, { term, snapshot, round }: InstallSnapshot): void {
    if (term < this.term) {
      this.#send(src, this.#snapshotReply(false, 0, round));
      return;
    }
    this.#onLeaderContact(src, term);
    if (snapshot.index > this.commitIndex) this.#installSnapshot(snapshot);
    this.#send(src, this.#snapshotReply(true, Math.max(snapshot.index, this.commitIndex), round));
  }

  #snapshotReply(success: boolean, matchIndex: number, round: number): AppendEntriesReply {
    return {
      type: 'append-entries-reply',
      term: this.term,
      success,
      matchIndex,
      prevLogIndex: 0,
      conflictTerm: 0,
      conflictIndex: 0,
      round,
    };
  }

  /** Figure 5.3: if the log has the last entry that the snapshot covers, what follows it stays. */
  #installSnapshot(snapshot: Snapshot): void {
    const { index, term } = snapshot;
    this.#mark('snapshot-installed');
    this.#note(`installs snapshot ${index}`);
    const continues = this.#log.termAt(index) === term;
    this.#restoreState(snapshot);
    this.#write({ type: 'put', key: snapshotKey, value: snapshot });
    if (continues && this.#config.mistake !== 'snapshot-loses-tail') {
      this.#log.compact(index, term, this.#config.snapshotTail);
      this.#write({ type: 'compact', log: logName, before: this.#log.firstIndex });
    } else {
      this.#replaceLog(index, term);
    }
  }

  // §6: clients.

  /** Hands a request to the leader, if one is known. */
  #submit(command: Command, isQuery: boolean): boolean {
    if (isQuery && this.#config.reads === 'any-state') {
      this.#requests.reply(command.client, command.id, this.#replicated.query(command.request));
      return true;
    }
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
    const status = this.#statusOf(command);
    if (status === 'applied') {
      this.#mark('command-deduplicated');
      this.#answer(command, this.#replicated.remembered(command.client));
    }
    if (status !== 'new') return;
    this.#queue.push(command);
    if (!this.#awaitsLogDurable) this.#replicateQueue();
  }

  #answer({ origin, client, id }: Command, reply: Reply): void {
    if (origin === this.#id) this.#requests.reply(client, id, reply);
    else this.#send(origin, { type: 'answer', client, id, reply });
  }

  #onAnswer({ client, id, reply }: Answer): void {
    this.#requests.reply(client, id, reply);
  }

  // §6.4: queries without the log.

  #onQuery(command: Command): void {
    const { reads } = this.#config;
    if (reads === 'leader-state' || (reads === 'lease' && this.#mayRead() && this.#nowMs < this.#leaseUntilMs)) {
      this.#answer(command, this.#replicated.query(command.request));
      return;
    }
    this.#waitingReads.push(command);
    this.#startReadRound();
  }

  /** §6.4, step 1: until it has committed an entry of its term, a leader does not know what is committed. */
  #mayRead(): boolean {
    return this.#log.termAt(this.commitIndex) === this.term || this.#config.mistake === 'read-index-before-noop';
  }

  /**
   * §6.4, steps 2 and 3: all reads that wait now share one round of heartbeats, sent after they came. Reads that come
   * while it is under way wait for the next. The read index needs no remembering: what is committed is applied in the
   * same step, so the state is never behind it.
   */
  #startReadRound(): void {
    if (this.#confirmingReads.length > 0 || this.#waitingReads.length === 0 || !this.#mayRead()) return;
    this.#confirmingReads = this.#waitingReads;
    this.#waitingReads = [];
    this.#confirmingRound = ++this.#round;
    this.#startLeaseRound();
    this.#mark('read-index');
    // Entries in flight carry an earlier round, and say nothing of who leads now.
    this.#lastAppend = null;
    this.#broadcast(this.#config.sendsAtOnce);
    if (this.#quorum === 1) this.#finishRounds();
  }

  /** §6.4, steps 4 and 5. */
  #finishRounds(): void {
    this.#answeredRound[this.#self] = this.#round;
    const confirmed = nthGreatest(this.#answeredRound, this.#ranked, this.#quorum);
    if (confirmed >= this.#leaseRound) {
      this.#leaseUntilMs = this.#leaseRoundStartMs + this.#config.electionTimeoutMinMs;
    }
    if (this.#confirmingReads.length === 0 || confirmed < this.#confirmingRound) return;
    const reads = this.#confirmingReads;
    this.#confirmingReads = [];
    for (const read of reads) this.#answer(read, this.#replicated.query(read.request));
    this.#startReadRound();
  }

  /** §6.4.1: a lease runs from when the round was sent, not from when it was answered. */
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

/** The n-th greatest of some numbers; n from 1. O(numbers²), for the few there are; `scratch` is overwritten. */
function nthGreatest(numbers: Int32Array, scratch: Int32Array, n: number): number {
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number;
    let at = i;
    while (at > 0 && (scratch[at - 1] as number) < number) {
      scratch[at] = scratch[at - 1] as number;
      at--;
    }
    scratch[at] = number;
  }
  return scratch[n - 1] as number;
}
