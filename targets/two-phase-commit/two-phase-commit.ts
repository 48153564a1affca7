/**
 * Two-phase commit with presumed abort over shards (Mohan, Lindsay, and Obermarck, Transaction Management in the R* Distributed Database
 * Management System, ACM TODS 1986; Gray, Notes on Data Base Operating Systems, 1978; the rules AC1 to AC5 and "uncertain" are those of
 * Bernstein, Hadzilacos, and Goodman, Concurrency Control and Recovery in Database Systems, 1987, chapter 7).
 *
 * Every node owns a part of the keys and is a participant; the node that a client asks coordinates its transaction. First the steps are carried
 * out where their keys live, under strict two-phase locking; then the coordinator asks for votes, decides, and tells. The host holds every
 * send behind the syncs queued before it: so a vote follows its `prepared` record, and the commit its `committing` record,
 * by being queued behind them.
 *
 * Locks are waited for by wound-wait (Rosenkrantz, Stearns, and Lewis, System Level Concurrency Control for Distributed Database Systems, ACM
 * TODS 1978): an older transaction takes the locks of a younger one, which is tried again with its old age. Whoever has voted yes can not
 * be wounded, and waits for no lock; so nobody waits in a circle.
 */
import { isClientId, type Json, type Message } from '../../protocol/message.ts';
import type { Boot, Effect, Event, StartEvent } from '../../protocol/node.ts';
import { errorReply, inReplyTo, type Reply, type Request } from '../machines/machine.ts';
import type { Scalar } from '../machines/requests.ts';
import type { CommitConfig } from './config.ts';
import { type Deed, Deeds, type Doer } from './deeds.ts';
import { Locks, wouldConflict } from './locks.ts';
import type {
  Age,
  Checkpoint,
  CommitBody,
  CommitMessage,
  Committing,
  Decision,
  Execute,
  Executed,
  LogRecord,
  Prepared,
  Verdict,
} from './messages.ts';
import { isInspection } from './offers.ts';
import { carryOut, type Step } from './steps.ts';

/** What the outside sees of a node. `role` is `blocked` while it has asked in vain what became of a transaction it has voted yes on. */
export interface CommitDescription extends Doer {
  readonly role: 'participant' | 'blocked';
  /** Transactions on which it has voted yes, without knowing the decision: those that block it, and the locks they hold. */
  readonly uncertain: readonly string[];
  /** Transactions it coordinates, the ones included whose commit has not been acknowledged everywhere. */
  readonly coordinating: number;
  /** Whether its log says that it has voted yes, or what was decided. O(1). */
  isLogged(tx: string): boolean;
}

type CommitEffect = Effect<CommitBody>;

/** One node's part in a transaction, as its coordinator sees it. */
interface Part {
  readonly node: string;
  readonly steps: Step[];
  /** Where among all steps these are. */
  readonly places: number[];
  /** Which execution of the steps gave the results; null before there are any. */
  execution: string | null;
  vote: 'yes' | 'read-only' | null;
  isAcknowledged: boolean;
}

interface Coordinated {
  readonly tx: string;
  readonly age: Age;
  readonly attempt: number;
  /** Null after a restart: its client has been told that the connection is lost. */
  readonly client: { readonly id: string; readonly msgId: number; readonly request: Request } | null;
  readonly parts: Part[];
  readonly results: Json[];
  phase: 'executing' | 'voting' | 'committing';
  /** Ticks since the phase began. */
  waited: number;
}

/** A transaction as a participant sees it. */
interface Cohort {
  readonly tx: string;
  readonly coordinator: string;
  readonly age: Age;
  readonly name: Scalar | null;
  readonly steps: readonly Step[];
  readonly isWhole: boolean;
  readonly reads: readonly Scalar[];
  readonly writes: readonly Scalar[];
  state: 'waiting' | 'executed' | 'prepared';
  /** Under what name the results were told; null before that, and after a restart. */
  execution: string | null;
  isAgainst: boolean;
  changes: readonly (readonly [key: Scalar, value: Json])[];
  /** Ticks since it came, or since the vote. */
  waited: number;
}

const noEffects: readonly CommitEffect[] = [];
const logName = 'log';
const checkpointKey = 'checkpoint';
const overtakenMax = 1000;

export class TwoPhaseCommit implements CommitDescription {
  readonly #id: string;
  readonly #nodeIds: readonly string[];
  readonly #config: CommitConfig;
  readonly #tick: CommitEffect;
  #incarnation = 0;
  #transactions = 0;
  #executions = 0;
  /** Lamport's clock: ages are later than all that this node has heard of. */
  #clock = 0;

  // The coordinator.
  readonly #coordinated = new Map<string, Coordinated>();

  // The participant.
  #contents = new Map<Scalar, Json>();
  readonly #cohorts = new Map<string, Cohort>();
  readonly #locks = new Locks<Cohort>();
  /** Those that wait for locks, oldest first. */
  readonly #waiting: Cohort[] = [];
  /** Transactions that are over, in the order in which they ended; by transaction, and by the client's name for it. */
  readonly #verdicts = new Map<string, Verdict>();
  readonly #named = new Map<Scalar, Verdict>();

  /** Transactions whose abort came before anything else of them. */
  readonly #overtaken = new Set<string>();

  // What is on disk, or on its way there.
  readonly #logged = new Set<string>();
  #nextRecord = 1;
  #recordsSinceCheckpoint = 0;

  // What the outside sees.
  role: 'participant' | 'blocked' = 'participant';
  #blocking = 0;
  readonly #deeds = new Deeds();

  // Effects of the present step.
  #effects: CommitEffect[] | null = null;
  #syncDue = false;
  #tickSet = false;

  constructor({ id, nodeIds, config }: Boot<CommitConfig>) {
    this.#id = id;
    this.#nodeIds = nodeIds;
    this.#config = config;
    this.#tick = { type: 'set-timer', name: 'tick', minMs: config.tickMs, maxMs: config.tickMs };
  }

  // What the outside sees.

  get primary(): boolean {
    return this.#coordinated.size > 0;
  }
  get term(): number {
    return this.#incarnation;
  }
  get coordinating(): number {
    return this.#coordinated.size;
  }
  get uncertain(): readonly string[] {
    return [...this.#cohorts.values()].filter(({ state }) => state === 'prepared').map(({ tx }) => tx);
  }
  get deedCount(): number {
    return this.#deeds.count;
  }
  deedAt(number: number): Deed | undefined {
    return this.#deeds.at(number);
  }
  isLogged(tx: string): boolean {
    return this.#logged.has(tx);
  }
  /** What a key of this node's holds, by commits alone. */
  held(key: Scalar): Json | undefined {
    return this.#contents.get(key);
  }

  step(event: Event<CommitBody>): readonly CommitEffect[] {
    this.#effects = null;
    switch (event.type) {
      case 'message':
        this.#receive(event.message);
        break;
      case 'timer':
        this.#onTick();
        break;
      case 'start':
        this.#start(event);
        break;
    }
    this.#checkpointIfDue();
    this.#save();
    if (!this.#tickSet && (this.#coordinated.size > 0 || this.#cohorts.size > 0)) {
      this.#tickSet = true;
      this.#emit(this.#tick);
    }
    this.role = this.#blocking > 0 ? 'blocked' : 'participant';
    return this.#effects ?? noEffects;
  }

  #receive({ src, body }: Message<CommitBody>): void {
    if (isClientId(src)) {
      this.#onClientRequest(src, body as Request);
      return;
    }
    const message = body as CommitMessage;
    switch (message.type) {
      case 'execute':
        this.#onExecute(src, message);
        break;
      case 'executed':
        this.#onExecuted(src, message);
        break;
      case 'refused':
        this.#onRefused(message.tx, message.reply);
        break;
      case 'wounded':
        this.#onWounded(message.tx);
        break;
      case 'prepare':
        this.#onPrepare(src, message.tx, message.execution);
        break;
      case 'vote':
        this.#onVote(src, message.tx, message.vote);
        break;
      case 'decide':
        this.#onDecide(src, message.tx, message.decision);
        break;
      case 'acknowledge':
        this.#onAcknowledge(src, message.tx);
        break;
      case 'inquire':
        this.#onInquire(src, message.tx);
        break;
    }
  }

  // Effects, in the order in which they must reach the disk and the network.

  #emit(effect: CommitEffect): void {
    if (this.#effects === null) this.#effects = [effect];
    else this.#effects.push(effect);
  }

  /** Sends behind everything written so far that must be durable first. */
  #send(to: string, body: CommitMessage): void {
    this.#save();
    this.#emit({ type: 'send', to, body });
  }

  #answer(client: string, msgId: number, reply: Reply): void {
    this.#save();
    this.#emit({ type: 'send', to: client, body: inReplyTo(msgId, reply) });
  }

  /** Writes a record that what follows depends on. */
  #force(record: LogRecord): void {
    this.#write(record);
    this.#syncDue = true;
  }

  /** Writes a record that may be lost: what follows from the others would be the same. */
  #write(record: LogRecord): void {
    this.#emit({ type: 'append', log: logName, entries: [record] });
    this.#nextRecord++;
    this.#recordsSinceCheckpoint++;
    if (record.type !== 'ended') this.#logged.add(record.tx);
  }

  #save(): void {
    if (!this.#syncDue) return;
    this.#syncDue = false;
    this.#emit({ type: 'sync' });
  }

  #mark(name: string): void {
    this.#emit({ type: 'mark', name });
  }

  #note(text: string): void {
    this.#emit({ type: 'log', text });
  }

  // Recovery: what the log says. Any prefix of what was written in the last life may be there.

  #start({ incarnation, durable }: StartEvent): void {
    this.#incarnation = incarnation;
    const checkpoint = durable.values.get(checkpointKey) as Checkpoint | undefined;
    if (checkpoint === undefined) {
      for (const [key, value] of this.#config.offer.contents()) {
        if (this.#ownerOf(key) === this.#id) this.#contents.set(key, value);
      }
    } else {
      this.#restore(checkpoint);
    }
    const log = durable.logs.get(logName);
    if (log !== undefined) {
      // The log may not have been cut to the checkpoint.
      const known = Math.max(0, this.#nextRecord - log.first);
      for (const record of log.entries.slice(known)) this.#replay(record as unknown as LogRecord);
      this.#nextRecord = Math.max(this.#nextRecord, log.first + log.entries.length);
      this.#recordsSinceCheckpoint = this.#nextRecord - log.first;
    }
    if (this.#config.mistake === 'forgets-prepared-on-restart') this.#cohorts.clear();
    for (const cohort of this.#cohorts.values()) {
      this.#locks.take(cohort);
      this.#mark('prepared-restored');
      this.#send(cohort.coordinator, { type: 'inquire', tx: cohort.tx });
    }
    for (const coordinated of this.#coordinated.values()) {
      this.#mark('commit-resumed');
      this.#tell(coordinated);
    }
    this.#note(
      `starts with ${this.#cohorts.size} prepared and ${this.#coordinated.size} committing transactions, ${this.#contents.size} keys`,
    );
  }

  #restore(checkpoint: Checkpoint): void {
    this.#nextRecord = checkpoint.next;
    this.#contents = new Map(checkpoint.contents);
    for (const verdict of checkpoint.verdicts) this.#remember(verdict);
    for (const record of checkpoint.prepared) this.#replay(record);
    for (const record of checkpoint.committing) this.#replay(record);
  }

  #replay(record: LogRecord): void {
    if (record.type !== 'ended') this.#logged.add(record.tx);
    switch (record.type) {
      case 'prepared':
        this.#cohorts.set(record.tx, restoredCohort(record));
        break;
      case 'decided': {
        const cohort = this.#cohorts.get(record.tx);
        if (cohort !== undefined) this.#conclude(cohort, record.decision);
        break;
      }
      case 'committing':
        this.#coordinated.set(record.tx, restoredCoordinated(record));
        break;
      case 'ended':
        this.#coordinated.delete(record.tx);
        break;
    }
  }

  /** A checkpoint costs as much as there are verdicts: so it waits for as many records, and the cost of a record does not grow. */
  #checkpointIfDue(): void {
    if (this.#recordsSinceCheckpoint < Math.max(this.#config.checkpointRecords, this.#verdicts.size)) return;
    this.#recordsSinceCheckpoint = 0;
    const cohorts = [...this.#cohorts.values()].filter(({ tx, state }) => state === 'prepared' && this.#logged.has(tx));
    const committing = [...this.#coordinated.values()].filter(({ phase }) => phase === 'committing');
    const checkpoint: Checkpoint = {
      next: this.#nextRecord,
      contents: [...this.#contents],
      prepared: cohorts.map(preparedRecord),
      committing: committing.map(committingRecord),
      verdicts: [...this.#verdicts.values()],
    };
    this.#emit({ type: 'put', key: checkpointKey, value: checkpoint as unknown as Json });
    this.#emit({ type: 'compact', log: logName, before: this.#nextRecord });
    this.#logged.clear();
    for (const { tx } of [...cohorts, ...committing, ...checkpoint.verdicts]) this.#logged.add(tx);
    this.#mark('checkpoint-taken');
  }

  /**
   * What is over is remembered for those who ask, and may be forgotten: a participant asks no more, for it has followed; and who has
   * a late copy of the steps carried out again is not asked to vote on that execution.
   */
  #remember(verdict: Verdict): void {
    this.#verdicts.set(verdict.tx, verdict);
    if (verdict.name !== null) this.#named.set(verdict.name, verdict);
    if (this.#verdicts.size <= this.#config.verdictsMax) return;
    const [[tx, { name }]] = this.#verdicts as unknown as [[string, Verdict]];
    this.#verdicts.delete(tx);
    if (name !== null && this.#named.get(name)?.tx === tx) this.#named.delete(name);
  }

  // The coordinator.

  #onClientRequest(client: string, body: Request): void {
    const { offer } = this.#config;
    const { msg_id: msgId, ...request } = body as Request & { readonly msg_id: number };
    const kind = offer.classify(body);
    if (typeof kind === 'object') this.#answer(client, msgId, kind);
    else if (isInspection(request)) this.#answer(client, msgId, this.#inspect(request));
    else this.#begin({ id: client, msgId, request }, 1);
  }

  /** Each attempt is a transaction of its own; what stays is its age. */
  #begin(client: NonNullable<Coordinated['client']>, attempt: number, oldAge?: Age): void {
    const { offer } = this.#config;
    const tx = `${this.#id}.${this.#incarnation}.${++this.#transactions}`;
    const age = oldAge ?? { clock: ++this.#clock, id: tx };
    const steps = offer.steps(client.request, this.#nodeIds);
    const parts = this.#partsOf(steps);
    const coordinated: Coordinated = {
      tx,
      age,
      attempt,
      client,
      parts,
      results: steps.map(() => null),
      phase: 'executing',
      waited: 0,
    };
    this.#coordinated.set(tx, coordinated);
    const isWhole = parts.length === 1 && steps.every(([f]) => f === 'r');
    const name = offer.nameOf?.(client.request) ?? null;
    for (const part of parts) {
      this.#send(part.node, { type: 'execute', tx, age, name, steps: part.steps, isWhole });
    }
    if (parts.length === 0) this.#finish(coordinated);
  }

  #partsOf(steps: readonly Step[]): Part[] {
    const parts = new Map<string, Part>();
    steps.forEach((step, place) => {
      const node = this.#ownerOf(step[1]);
      let part = parts.get(node);
      if (part === undefined) {
        part = { node, steps: [], places: [], execution: null, vote: null, isAcknowledged: false };
        parts.set(node, part);
      }
      part.steps.push(step);
      part.places.push(place);
    });
    return [...parts.values()];
  }

  #ownerOf(key: Scalar): string {
    const { offer } = this.#config;
    return offer.ownerOf?.(key) ?? this.#nodeIds[hash(key) % this.#nodeIds.length]!;
  }

  #onExecuted(src: string, { tx, execution, results }: Executed): void {
    const coordinated = this.#coordinated.get(tx);
    if (coordinated?.phase !== 'executing') return;
    const part = partOf(coordinated, src);
    // Where it comes twice, results and execution are those of the one that came last.
    part.execution = execution;
    part.places.forEach((place, i) => {
      coordinated.results[place] = results[i]!;
    });
    if (coordinated.parts.some((each) => each.execution === null)) return;
    if (coordinated.parts.length === 1 && part.steps.every(([f]) => f === 'r')) {
      this.#finish(coordinated);
      return;
    }
    coordinated.phase = 'voting';
    coordinated.waited = 0;
    for (const each of coordinated.parts) this.#send(each.node, { type: 'prepare', tx, execution: each.execution! });
  }

  #onVote(src: string, tx: string, vote: 'yes' | 'no' | 'read-only'): void {
    const coordinated = this.#coordinated.get(tx);
    if (coordinated?.phase !== 'voting') return;
    const { parts } = coordinated;
    if (vote !== 'no') partOf(coordinated, src).vote = vote;
    // Only when all have voted yes may it commit (AC3); one no is enough to abort.
    if (this.#config.mistake === 'commit-before-all-votes') {
      if (parts.filter((part) => part.vote !== null).length * 2 > parts.length) this.#commit(coordinated, parts);
    } else if (vote === 'no') {
      this.#mark('voted-no');
      this.#abort(coordinated, errorReply('abort', `${src} voted no`));
    } else if (parts.every((part) => part.vote !== null)) {
      this.#commit(
        coordinated,
        parts.filter((part) => part.vote === 'yes'),
      );
    }
  }

  #commit(coordinated: Coordinated, writers: readonly Part[]): void {
    const { tx } = coordinated;
    if (writers.length === 0) {
      this.#finish(coordinated);
      return;
    }
    coordinated.phase = 'committing';
    coordinated.waited = 0;
    coordinated.parts.splice(0, coordinated.parts.length, ...writers);
    if (this.#config.mistake !== 'decision-not-logged') this.#force(committingRecord(coordinated));
    this.#deeds.add(
      tx,
      'decided',
      'commit',
      writers.map(({ node }) => node),
    );
    this.#reply(coordinated, this.#successOf(coordinated));
    this.#tell(coordinated);
    if (this.#config.mistake === 'ends-before-acknowledged') this.#end(coordinated);
  }

  /** Until every participant has the commit on its disk, it may ask again: so this node must not forget it. */
  #tell({ tx, parts }: Coordinated): void {
    for (const { node, isAcknowledged } of parts) {
      if (!isAcknowledged) this.#send(node, { type: 'decide', tx, decision: 'commit' });
    }
  }

  #onAcknowledge(src: string, tx: string): void {
    const coordinated = this.#coordinated.get(tx);
    if (coordinated?.phase !== 'committing') return;
    partOf(coordinated, src).isAcknowledged = true;
    if (coordinated.parts.every(({ isAcknowledged }) => isAcknowledged)) this.#end(coordinated);
  }

  #end({ tx }: Coordinated): void {
    this.#coordinated.delete(tx);
    this.#write({ type: 'ended', tx });
  }

  /** Nothing is written: of a transaction that this node does not know, it says that it was aborted. */
  #abort(coordinated: Coordinated, reply: Reply): void {
    const { tx, parts } = coordinated;
    this.#coordinated.delete(tx);
    this.#deeds.add(tx, 'decided', 'abort');
    this.#reply(coordinated, reply);
    for (const { node, vote } of parts) {
      if (vote !== 'read-only') this.#send(node, { type: 'decide', tx, decision: 'abort' });
    }
  }

  #onRefused(tx: string, reply: Reply): void {
    const coordinated = this.#coordinated.get(tx);
    if (coordinated?.phase === 'executing') this.#abort(coordinated, reply);
  }

  /** Tried again at its old age: it is not wounded for ever, for it becomes the oldest. */
  #onWounded(tx: string): void {
    const coordinated = this.#coordinated.get(tx);
    if (coordinated === undefined || coordinated.phase === 'committing') return;
    const { client, attempt, age } = coordinated;
    if (client === null || attempt >= this.#config.attemptsMax) {
      this.#abort(coordinated, errorReply('txnConflict', `wounded ${attempt} times by older transactions`));
      return;
    }
    this.#abort({ ...coordinated, client: null }, errorReply('txnConflict', ''));
    this.#begin(client, attempt + 1, age);
  }

  /** Nobody has to be told: whatever it read was there at one time, and it has written nothing. */
  #finish(coordinated: Coordinated): void {
    this.#coordinated.delete(coordinated.tx);
    this.#reply(coordinated, this.#successOf(coordinated));
  }

  #successOf({ client, results }: Coordinated): Reply {
    return client === null ? { type: 'none' } : this.#config.offer.reply(client.request, results);
  }

  #reply({ client }: Coordinated, reply: Reply): void {
    if (client !== null) this.#answer(client.id, client.msgId, reply);
  }

  #onInquire(src: string, tx: string): void {
    const coordinated = this.#coordinated.get(tx);
    if (coordinated === undefined) {
      // Presumed abort: a commit would be on the log until this participant has acknowledged it.
      const decision = this.#config.mistake === 'lost-decision-presumed-commit' ? 'commit' : 'abort';
      this.#mark('abort-presumed');
      this.#send(src, { type: 'decide', tx, decision });
    } else if (coordinated.phase === 'committing') {
      this.#send(src, { type: 'decide', tx, decision: 'commit' });
    }
    // Else nothing is decided: the participant goes on waiting.
  }

  // The participant.

  #onExecute(src: string, { tx, age, name, steps, isWhole }: Execute): void {
    // It may come twice, and late: even after this node has dropped the transaction, or lost it in a crash. Then it is another execution.
    if (this.#cohorts.has(tx) || this.#verdicts.has(tx) || this.#overtaken.has(tx)) return;
    this.#clock = Math.max(this.#clock, age.clock);
    const writes = [...new Set(steps.filter(([f]) => f !== 'r').map(([, key]) => key))];
    const reads = [...new Set(steps.filter(([f, key]) => f === 'r' && !writes.includes(key)).map(([, key]) => key))];
    const cohort: Cohort = {
      tx,
      coordinator: src,
      age,
      name,
      steps,
      isWhole,
      reads: this.#config.mistake === 'no-read-locks' ? [] : reads,
      writes,
      state: 'waiting',
      execution: null,
      isAgainst: false,
      changes: [],
      waited: 0,
    };
    this.#cohorts.set(tx, cohort);
    let place = this.#waiting.length;
    while (place > 0 && isOlder(cohort, this.#waiting[place - 1]!)) place--;
    this.#waiting.splice(place, 0, cohort);
    this.#grant();
    if (cohort.state === 'waiting') this.#mark('waited-for-lock');
  }

  /** Gives locks to those that wait, oldest first, until nobody gets any. */
  #grant(): void {
    const waiting = this.#waiting;
    for (let i = 0; i < waiting.length; i++) {
      const cohort = waiting[i]!;
      // Whoever waits does not wait for younger ones to pass: else readers could keep a writer waiting for ever.
      if (waiting.slice(0, i).some((older) => wouldConflict(older, cohort))) continue;
      if (!this.#takeLocks(cohort)) continue;
      waiting.splice(i, 1);
      this.#execute(cohort);
      // Locks may have been released: begin again.
      i = -1;
    }
  }

  /** Wounds the younger that are in the way. False where somebody still is. */
  #takeLocks(cohort: Cohort): boolean {
    for (const holder of this.#locks.against(cohort)) {
      if (holder.state === 'prepared' || isOlder(holder, cohort)) continue;
      this.#mark('wounded');
      this.#drop(holder);
      this.#send(holder.coordinator, { type: 'wounded', tx: holder.tx });
    }
    if (this.#locks.against(cohort).length > 0) return false;
    this.#locks.take(cohort);
    return true;
  }

  #execute(cohort: Cohort): void {
    const { tx, coordinator, steps, isWhole } = cohort;
    cohort.state = 'executed';
    const done = carryOut(this.#contents, steps);
    if ('type' in done) {
      this.#drop(cohort);
      this.#send(coordinator, { type: 'refused', tx, reply: done });
      return;
    }
    cohort.changes = [...done.writes];
    cohort.isAgainst = done.isAgainst;
    cohort.execution = `${this.#incarnation}.${++this.#executions}`;
    if (isWhole) this.#drop(cohort);
    this.#send(coordinator, { type: 'executed', tx, execution: cohort.execution, results: done.results });
  }

  /** Ends a cohort that has not voted: this node may do so alone, at any time. */
  #drop(cohort: Cohort): void {
    this.#cohorts.delete(cohort.tx);
    if (cohort.state === 'waiting') this.#waiting.splice(this.#waiting.indexOf(cohort), 1);
    else this.#locks.release(cohort);
  }

  /**
   * The coordinator asks about one execution of the steps, whose results it has. It is tempting to vote yes on any; but between two of them the
   * locks were released, so that another transaction may have come in between, and the results are those of before.
   */
  #onPrepare(src: string, tx: string, execution: string): void {
    const cohort = this.#cohorts.get(tx);
    if (cohort?.state === 'prepared') {
      this.#send(src, { type: 'vote', tx, vote: 'yes' });
    } else if (cohort?.execution !== execution) {
      // That one was dropped: wounded, given up, or lost in a crash.
      if (this.#verdicts.has(tx)) return;
      const vote = this.#config.mistake === 'votes-yes-when-unknown' ? 'yes' : 'no';
      this.#deeds.add(tx, vote === 'no' ? 'voted-no' : 'voted-yes');
      this.#send(src, { type: 'vote', tx, vote });
      if (cohort === undefined) return;
      this.#drop(cohort);
      this.#grant();
    } else if (cohort.isAgainst) {
      this.#mark('voted-no-on-request');
      this.#voteNo(cohort);
    } else if (cohort.writes.length === 0) {
      // All locks were taken before the coordinator asked: they may go, and nothing is left to decide here.
      this.#drop(cohort);
      this.#mark('read-only-vote');
      this.#send(src, { type: 'vote', tx, vote: 'read-only' });
      this.#grant();
    } else {
      this.#voteYes(cohort);
    }
  }

  #voteNo(cohort: Cohort): void {
    const { tx, name, coordinator } = cohort;
    this.#drop(cohort);
    this.#deeds.add(tx, 'voted-no');
    this.#deeds.add(tx, 'followed', 'abort');
    this.#remember({ tx, name, vote: 'no', decision: 'abort' });
    this.#send(coordinator, { type: 'vote', tx, vote: 'no' });
    this.#grant();
  }

  /** From now on only the coordinator can say what becomes of it. */
  #voteYes(cohort: Cohort): void {
    cohort.state = 'prepared';
    cohort.waited = 0;
    if (this.#config.mistake !== 'prepare-not-durable') this.#force(preparedRecord(cohort));
    this.#deeds.add(cohort.tx, 'voted-yes');
    this.#send(cohort.coordinator, { type: 'vote', tx: cohort.tx, vote: 'yes' });
    if (this.#config.mistake !== 'early-lock-release') return;
    this.#locks.release(cohort);
    this.#grant();
  }

  #onDecide(src: string, tx: string, decision: Decision): void {
    const cohort = this.#cohorts.get(tx);
    if (cohort === undefined) {
      // It has followed already; or it has nothing to follow, and what it was to do may still be under way.
      if (decision === 'commit') this.#send(src, { type: 'acknowledge', tx });
      else this.#overtake(tx);
      return;
    }
    if (cohort.state === 'prepared') this.#follow(cohort, decision);
    else if (decision === 'abort') this.#drop(cohort);
    else return;
    if (decision === 'commit') this.#send(src, { type: 'acknowledge', tx });
    this.#grant();
  }

  /** An abort came before the steps: were they carried out when they come, their locks would be held for nobody. */
  #overtake(tx: string): void {
    if (this.#verdicts.has(tx)) return;
    this.#overtaken.add(tx);
    if (this.#overtaken.size <= overtakenMax) return;
    const [oldest] = this.#overtaken;
    this.#overtaken.delete(oldest!);
  }

  #follow(cohort: Cohort, decision: Decision): void {
    const { tx } = cohort;
    if (!this.#logged.has(tx)) this.#write(preparedRecord(cohort));
    // A commit must be on disk before the coordinator may forget it. An abort would be presumed again.
    if (decision === 'commit') this.#force({ type: 'decided', tx, decision });
    else this.#write({ type: 'decided', tx, decision });
    this.#deeds.add(tx, 'followed', decision);
    this.#locks.release(cohort);
    this.#conclude(cohort, decision);
  }

  #conclude({ tx, name, changes, waited }: Cohort, decision: Decision): void {
    this.#cohorts.delete(tx);
    if (waited >= this.#config.repeatTicks) this.#blocking--;
    if (decision === 'commit') for (const [key, value] of changes) this.#contents.set(key, value);
    this.#remember({ tx, name, vote: 'yes', decision });
  }

  #inspect(request: Request): Reply {
    const name = request.txn as Scalar;
    const verdict = this.#named.get(name);
    if (verdict !== undefined) return { type: 'inspect_ok', vote: verdict.vote, decision: verdict.decision };
    for (const cohort of this.#cohorts.values()) {
      if (cohort.name === name && cohort.state === 'prepared')
        return { type: 'inspect_ok', vote: 'yes', decision: null };
    }
    return { type: 'inspect_ok', vote: null, decision: null };
  }

  // Time.

  #onTick(): void {
    this.#tickSet = false;
    for (const coordinated of this.#coordinated.values()) this.#coordinatorWaits(coordinated);
    for (const cohort of this.#cohorts.values()) this.#participantWaits(cohort);
  }

  #coordinatorWaits(coordinated: Coordinated): void {
    const { executionTicks, votingTicks, repeatTicks } = this.#config;
    coordinated.waited++;
    if (coordinated.phase === 'committing') {
      if (coordinated.waited % repeatTicks !== 0) return;
      this.#mark('commit-repeated');
      this.#tell(coordinated);
    } else if (coordinated.waited >= (coordinated.phase === 'executing' ? executionTicks : votingTicks)) {
      // Until the decision is on the log, it may abort for any reason.
      this.#mark('coordinator-timed-out');
      const what = coordinated.phase === 'executing' ? 'the steps' : 'the votes';
      this.#abort(coordinated, errorReply('temporarilyUnavailable', `not all of ${what} came in time`));
    }
  }

  #participantWaits(cohort: Cohort): void {
    const { repeatTicks, unvotedTicks, mistake } = this.#config;
    cohort.waited++;
    if (cohort.state !== 'prepared') {
      if (cohort.waited < unvotedTicks) return;
      this.#mark('participant-timed-out');
      this.#drop(cohort);
      this.#grant();
      return;
    }
    if (cohort.waited === repeatTicks) this.#blocking++;
    if (cohort.waited % repeatTicks !== 0) return;
    if (mistake === 'unilateral-abort' || mistake === 'unilateral-commit') {
      this.#follow(cohort, mistake === 'unilateral-abort' ? 'abort' : 'commit');
      this.#grant();
      return;
    }
    this.#mark('decision-inquired');
    this.#send(cohort.coordinator, { type: 'inquire', tx: cohort.tx });
  }
}

const isOlder = ({ age: a }: Cohort, { age: b }: Cohort): boolean =>
  a.clock < b.clock || (a.clock === b.clock && a.id < b.id);

function partOf({ tx, parts }: Coordinated, node: string): Part {
  const part = parts.find((each) => each.node === node);
  if (part === undefined) throw new Error(`${node} takes no part in ${tx}`);
  return part;
}

/** Numbers go round; strings by the sum of their characters. */
function hash(key: Scalar): number {
  if (typeof key === 'number') return Math.abs(Math.trunc(key));
  let sum = 0;
  for (let i = 0; i < key.length; i++) sum += key.charCodeAt(i);
  return sum;
}

const preparedRecord = ({ tx, coordinator, age, name, reads, changes, writes }: Cohort): Prepared => ({
  type: 'prepared',
  tx,
  coordinator,
  age,
  name,
  reads,
  writes: changes,
  locked: writes,
});

const restoredCohort = ({ tx, coordinator, age, name, reads, writes, locked }: Prepared): Cohort => ({
  tx,
  coordinator,
  age,
  name,
  steps: [],
  isWhole: false,
  reads,
  writes: locked,
  state: 'prepared',
  execution: null,
  isAgainst: false,
  changes: writes,
  waited: 0,
});

const committingRecord = ({ tx, parts }: Coordinated): Committing => ({
  type: 'committing',
  tx,
  participants: parts.map(({ node }) => node),
});

const restoredCoordinated = ({ tx, participants }: Committing): Coordinated => ({
  tx,
  age: { clock: 0, id: tx },
  attempt: 1,
  client: null,
  parts: participants.map((node) => ({
    node,
    steps: [],
    places: [],
    execution: null,
    vote: 'yes',
    isAcknowledged: false,
  })),
  results: [],
  phase: 'committing',
  waited: 0,
});
