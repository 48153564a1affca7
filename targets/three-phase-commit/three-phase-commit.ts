/**
 * Three-phase commit (Skeen, Nonblocking Commit Protocols, SIGMOD 1981), with the termination protocol of that paper as Bernstein, Hadzilacos, and
 * Goodman give it (Concurrency Control and Recovery in Database Systems, 1987, section 7.5). Between the votes and the commit every operational
 * site is brought to `precommit`, so that no site commits while another that is up could still abort: whoever is left can
 * decide alone.
 *
 * It rests on failures being told from slowness. A site that does not answer within a time is taken for failed; where that is wrong, because the
 * network is cut or a process stands still, two groups may decide differently.
 *
 * Every node is a site of every transaction; the node that a client asks coordinates it. The host holds every send behind the syncs queued
 * before it: so a vote and an acknowledgement follow their records by being queued behind them.
 */
import { isClientId, type Json, type Message } from '../../protocol/message.ts';
import type { Boot, Effect, Event, StartEvent } from '../../protocol/node.ts';
import { errorReply, inReplyTo, type Reply, type Request } from '../machines/machine.ts';
import type { Scalar } from '../machines/requests.ts';
import { type Deed, Deeds, type Doer } from '../two-phase-commit/deeds.ts';
import type { Decision } from '../two-phase-commit/messages.ts';
import { offers } from '../two-phase-commit/offers.ts';
import type { ThreePhaseConfig } from './config.ts';
import type {
  Checkpoint,
  DecisionRecord,
  LogRecord,
  MayForget,
  Numbers,
  StateRecord,
  ThreePhaseBody,
  ThreePhaseMessage,
  Undecided,
  VoteRequest,
} from './messages.ts';

/** The states of a site in a transaction (Skeen, figure of the nonblocking protocol). */
export type SiteState = 'initial' | Undecided | 'committed' | 'aborted';

/** What the outside sees of a node. `role` says what it is about with any transaction, the most unusual first. */
export interface ThreePhaseDescription extends Doer {
  readonly role: 'recovering' | 'terminating' | 'site';
  /** O(1). Of a transaction that is long over: initial. */
  stateOf(tx: string): SiteState;
  /** Whether the node has failed since it voted, and does not know the decision: it is no operational site of the transaction. O(1). */
  isRecovering(tx: string): boolean;
}

type ThreePhaseEffect = Effect<ThreePhaseBody>;

/** A transaction that this node leads: as its coordinator, or because the one before has failed. */
interface Led {
  readonly tx: string;
  /** Null of a termination: the client is that of the coordinator that failed. */
  readonly client: { readonly id: string; readonly msgId: number } | null;
  phase: 'voting' | 'polling' | 'precommitting';
  /** The sites that have voted yes, told their state, or acknowledged in this phase. */
  readonly answers: Map<string, Undecided>;
  /** Who is to acknowledge the precommit. */
  expected: readonly string[];
  /** Ticks since the phase began. */
  waited: number;
}

/** A transaction on which this site has voted yes, and of which it does not know the decision. */
interface Open {
  readonly tx: string;
  readonly name: Scalar | null;
  state: Undecided;
  readonly isRecovering: boolean;
  /** What other sites that have recovered said of themselves. */
  readonly standings: Map<string, Undecided>;
  /** Ticks until this site takes over, or asks again. */
  ticksLeft: number;
}

/** The oldest decisions of this site, while it asks whether any other site still has to learn one of them. */
interface Forgetting {
  readonly batch: string;
  readonly txs: readonly string[];
  readonly upTo: Numbers;
  /** The sites that need none of them any more. */
  readonly agreed: Set<string>;
}

const noEffects: readonly ThreePhaseEffect[] = [];
const logName = 'log';
const checkpointKey = 'checkpoint';

/** The requests are those that two-phase commit knows. */
const { classify } = offers.get('atomic-commit')!;

export class ThreePhaseCommit implements ThreePhaseDescription {
  readonly #id: string;
  readonly #self: number;
  readonly #nodeIds: readonly string[];
  readonly #others: readonly string[];
  readonly #config: ThreePhaseConfig;
  readonly #tick: ThreePhaseEffect;
  #incarnation = 0;
  #transactions = 0;

  readonly #led = new Map<string, Led>();
  readonly #open = new Map<string, Open>();
  /** Transactions that are over, in the order in which they ended; by transaction, and by the client's name for it. */
  readonly #decided = new Map<string, DecisionRecord>();
  readonly #named = new Map<Scalar, DecisionRecord | Open>();
  #forgetting: Forgetting | null = null;
  #forgettings = 0;
  /** By coordinator and its incarnation: the highest number among its transactions that were forgotten. */
  readonly #forgotten = new Map<string, number>();
  #nextRecord = 1;
  #recordsSinceCheckpoint = 0;

  // What the outside sees.
  role: ThreePhaseDescription['role'] = 'site';
  readonly #deeds = new Deeds();

  // Effects of the present step.
  #effects: ThreePhaseEffect[] | null = null;
  #syncDue = false;
  #tickSet = false;

  constructor({ id, nodeIds, config }: Boot<ThreePhaseConfig>) {
    this.#id = id;
    this.#self = nodeIds.indexOf(id);
    this.#nodeIds = nodeIds;
    this.#others = nodeIds.filter((other) => other !== id);
    this.#config = config;
    this.#tick = { type: 'set-timer', name: 'tick', minMs: config.tickMs, maxMs: config.tickMs };
  }

  // What the outside sees.

  get primary(): boolean {
    return this.#led.size > 0;
  }
  get term(): number {
    return this.#incarnation;
  }
  get deedCount(): number {
    return this.#deeds.count;
  }
  deedAt(number: number): Deed | undefined {
    return this.#deeds.at(number);
  }
  stateOf(tx: string): SiteState {
    const decision = this.#decided.get(tx)?.decision;
    if (decision !== undefined) return decision === 'commit' ? 'committed' : 'aborted';
    return this.#open.get(tx)?.state ?? 'initial';
  }
  isRecovering(tx: string): boolean {
    return this.#open.get(tx)?.isRecovering ?? false;
  }

  step(event: Event<ThreePhaseBody>): readonly ThreePhaseEffect[] {
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
    if (!this.#tickSet && (this.#led.size > 0 || this.#open.size > 0)) {
      this.#tickSet = true;
      this.#emit(this.#tick);
    }
    return this.#effects ?? noEffects;
  }

  #receive({ src, body }: Message<ThreePhaseBody>): void {
    if (isClientId(src)) {
      this.#onClientRequest(src, body as Request);
      return;
    }
    const message = body as ThreePhaseMessage;
    switch (message.type) {
      case 'vote-request':
        this.#onVoteRequest(src, message);
        break;
      case 'vote':
        this.#onVote(src, message.tx, message.vote);
        break;
      case 'precommit':
        this.#onPrecommit(src, message.tx);
        break;
      case 'acknowledge':
        this.#onAcknowledge(src, message.tx);
        break;
      case 'decide':
        this.#onDecide(src, message.tx, message.decision);
        break;
      case 'poll':
        this.#onPoll(src, message.tx);
        break;
      case 'state':
        this.#onState(src, message.tx, message.state);
        break;
      case 'inquire':
        this.#onInquire(src, message.tx);
        break;
      case 'decision-durable':
        this.#deeds.add(message.tx, 'followed', message.decision);
        break;
      case 'standing':
        this.#onStanding(src, message.tx, message.state);
        break;
      case 'may-forget':
        this.#onMayForget(src, message);
        break;
      case 'forgettable':
        this.#onForgettable(src, message.batch);
        break;
    }
  }

  // Effects, in the order in which they must reach the disk and the network.

  #emit(effect: ThreePhaseEffect): void {
    if (this.#effects === null) this.#effects = [effect];
    else this.#effects.push(effect);
  }

  #send(to: string, body: ThreePhaseMessage): void {
    this.#save();
    this.#emit({ type: 'send', to, body });
  }

  #sendAll(to: readonly string[], body: ThreePhaseMessage): void {
    for (const id of to) this.#send(id, body);
  }

  #answer(client: string, msgId: number, reply: Reply): void {
    this.#save();
    this.#emit({ type: 'send', to: client, body: inReplyTo(msgId, reply) });
  }

  #write(record: LogRecord): void {
    this.#emit({ type: 'append', log: logName, entries: [record] });
    this.#nextRecord++;
    this.#recordsSinceCheckpoint++;
    this.#syncDue = true;
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

  // The coordinator: three rounds of questions, each of which all operational sites answer.

  #onClientRequest(client: string, body: Request): void {
    const { msg_id: msgId, txn, against } = body as Request & { readonly msg_id: number };
    const kind = classify(body);
    if (typeof kind === 'object') this.#answer(client, msgId, kind);
    else if (kind === 'query') this.#answer(client, msgId, this.#inspect(txn as Scalar));
    else this.#begin({ id: client, msgId }, txn as Scalar, against as readonly string[]);
  }

  #begin(client: NonNullable<Led['client']>, name: Scalar, against: readonly string[]): void {
    const tx = `${this.#id}.${this.#incarnation}.${++this.#transactions}`;
    this.#led.set(tx, { tx, client, phase: 'voting', answers: new Map(), expected: this.#nodeIds, waited: 0 });
    this.#sendAll(this.#nodeIds, { type: 'vote-request', tx, name, against });
  }

  #onVote(src: string, tx: string, vote: 'yes' | 'no'): void {
    const led = this.#led.get(tx);
    if (led?.phase !== 'voting') return;
    if (vote === 'no') {
      this.#mark('voted-no');
      this.#decide(led, 'abort', errorReply('abort', `${src} voted no`));
      return;
    }
    led.answers.set(src, 'wait');
    if (led.answers.size < this.#nodeIds.length) return;
    if (this.#config.mistake === 'no-precommit') this.#decide(led, 'commit', { type: 'transact_ok' });
    else this.#precommitAll(led, this.#nodeIds);
  }

  #precommitAll(led: Led, operational: readonly string[]): void {
    led.phase = 'precommitting';
    led.waited = 0;
    led.answers.clear();
    led.expected = operational;
    this.#sendAll(operational, { type: 'precommit', tx: led.tx });
  }

  #onAcknowledge(src: string, tx: string): void {
    const led = this.#led.get(tx);
    if (led?.phase !== 'precommitting') return;
    led.answers.set(src, 'precommit');
    if (led.expected.every((id) => led.answers.has(id))) this.#decide(led, 'commit', { type: 'transact_ok' });
  }

  /** Its own decision comes first, and is on disk before anybody hears of it. */
  #decide(led: Led, decision: Decision, reply: Reply): void {
    const { tx, client } = led;
    this.#led.delete(tx);
    if (decision === 'commit') this.#deeds.add(tx, 'decided', decision, this.#nodeIds);
    this.#settle(tx, decision);
    this.#sendAll(this.#others, { type: 'decide', tx, decision });
    if (client !== null) this.#answer(client.id, client.msgId, reply);
  }

  // A site.

  #onVoteRequest(src: string, { tx, name, against }: VoteRequest): void {
    if (this.#open.has(tx)) return;
    if (this.#decided.has(tx) || this.#isForgotten(tx)) {
      this.#send(src, { type: 'vote', tx, vote: 'no' });
    } else if (against.includes(this.#id)) {
      this.#mark('voted-no-on-request');
      this.#deeds.add(tx, 'voted-no');
      this.#conclude({ tx, name, vote: 'no', decision: 'abort' });
      this.#send(src, { type: 'vote', tx, vote: 'no' });
    } else {
      this.#adopt({ tx, name, state: 'wait' }, false, this.#config.silenceTicks);
      if (this.#config.mistake !== 'wait-not-durable') this.#write({ tx, name, state: 'wait' });
      this.#deeds.add(tx, 'voted-yes');
      this.#send(src, { type: 'vote', tx, vote: 'yes' });
    }
  }

  #adopt({ tx, name, state }: StateRecord, isRecovering: boolean, ticksLeft: number): void {
    const open: Open = { tx, name, state, isRecovering, standings: new Map(), ticksLeft };
    this.#open.set(tx, open);
    if (name !== null) this.#named.set(name, open);
  }

  #onPrecommit(src: string, tx: string): void {
    const open = this.#open.get(tx);
    // Who has failed since its vote counts as failed: it takes no part until it knows the decision.
    if (open === undefined || open.isRecovering) return;
    open.ticksLeft = this.#config.silenceTicks;
    this.#becomePrecommitted(open);
    this.#send(src, { type: 'acknowledge', tx });
  }

  #becomePrecommitted(open: Open): void {
    if (open.state === 'precommit') return;
    open.state = 'precommit';
    this.#write({ tx: open.tx, name: open.name, state: 'precommit' });
  }

  #onDecide(src: string, tx: string, decision: Decision): void {
    const led = this.#led.get(tx);
    this.#led.delete(tx);
    if (!this.#decided.has(tx) && !this.#isForgotten(tx)) this.#settle(tx, decision);
    if (led === undefined) return;
    // Others may wait for whoever leads, and have asked nobody themselves.
    this.#sendAll(
      this.#others.filter((id) => id !== src),
      { type: 'decide', tx, decision },
    );
    if (led.client === null) return;
    // Only where failures were not told from slowness: somebody else has led in the meantime.
    const reply: Reply =
      decision === 'commit' ? { type: 'transact_ok' } : errorReply('abort', 'another site has decided');
    this.#answer(led.client.id, led.client.msgId, reply);
  }

  #settle(tx: string, decision: Decision): void {
    const open = this.#open.get(tx);
    if (open === undefined && this.#decided.has(tx)) return;
    this.#conclude({ tx, name: open?.name ?? null, vote: open === undefined ? null : 'yes', decision });
  }

  #conclude(record: DecisionRecord): void {
    const { tx, decision } = record;
    this.#write(record);
    // A crash may undo what is not on disk yet, and nobody can have heard of it: this comes when it is.
    this.#send(this.#id, { type: 'decision-durable', tx, decision });
    this.#open.delete(tx);
    this.#remember(record);
    this.#forgetIfDue();
    this.#nameRole();
  }

  #remember(record: DecisionRecord): void {
    this.#decided.set(record.tx, record);
    if (record.name !== null) this.#named.set(record.name, record);
  }

  #inspect(name: Scalar): Reply {
    const known = this.#named.get(name);
    if (known === undefined) return { type: 'inspect_ok', vote: null, decision: null };
    if ('decision' in known) return { type: 'inspect_ok', vote: known.vote, decision: known.decision };
    return { type: 'inspect_ok', vote: 'yes', decision: null };
  }

  // Forgetting: a site that is down may ask for any decision that it has voted on, however long ago that was.

  /**
   * Of a transaction that it knows nothing of a site says that it was aborted, for it has not voted. So a decision is forgotten only when every
   * other site has said that it is not about to ask for it. It is tempting to forget the oldest; but that may be a commit of which a
   * site that has failed does not know yet, and which it would then abort.
   */
  #forgetIfDue(): void {
    const excess = this.#decided.size - this.#config.decidedMax;
    if (excess > 0 && excess % this.#config.forgetAtOnce === 0) this.#askToForget();
  }

  /** Who has agreed is not asked again: it will never ask for what it has decided, or did not vote on. */
  #askToForget(): void {
    this.#forgetting ??= this.#oldestDecisions();
    const { batch, upTo, agreed } = this.#forgetting;
    if (this.#isOpenUpTo(upTo)) return;
    for (const id of this.#others) if (!agreed.has(id)) this.#send(id, { type: 'may-forget', batch, upTo });
    if (this.#others.length === 0) this.#forget(this.#forgetting);
  }

  #oldestDecisions(): Forgetting {
    const txs: string[] = [];
    const highest = new Map<string, number>();
    for (const tx of this.#decided.keys()) {
      if (txs.length === this.#config.forgetAtOnce) break;
      txs.push(tx);
      raise(highest, lifeAndNumber(tx));
    }
    return { batch: `${this.#incarnation}.${++this.#forgettings}`, txs, upTo: [...highest], agreed: new Set() };
  }

  #onMayForget(src: string, { batch, upTo }: MayForget): void {
    if (!this.#isOpenUpTo(upTo)) this.#send(src, { type: 'forgettable', batch });
  }

  #isOpenUpTo(upTo: Numbers): boolean {
    const highest = new Map(upTo);
    return [...this.#open.keys()].some((tx) => {
      const [life, number] = lifeAndNumber(tx);
      return number <= (highest.get(life) ?? 0);
    });
  }

  #onForgettable(src: string, batch: string): void {
    const forgetting = this.#forgetting;
    if (forgetting?.batch !== batch) return;
    forgetting.agreed.add(src);
    if (forgetting.agreed.size === this.#others.length) this.#forget(forgetting);
  }

  #forget({ txs, upTo }: Forgetting): void {
    this.#forgetting = null;
    this.#mark('forgotten');
    for (const each of upTo) raise(this.#forgotten, each);
    for (const tx of txs) {
      const record = this.#decided.get(tx)!;
      this.#decided.delete(tx);
      if (record.name !== null && this.#named.get(record.name) === record) this.#named.delete(record.name);
    }
    // While a site was down, more than these have come together.
    if (this.#decided.size >= this.#config.decidedMax + this.#config.forgetAtOnce) this.#askToForget();
  }

  /** Whether a transaction of which this site knows nothing is over for every site: a message of it can only be late. */
  #isForgotten(tx: string): boolean {
    if (this.#forgotten.size === 0) return false;
    const [life, number] = lifeAndNumber(tx);
    return number <= (this.#forgotten.get(life) ?? 0);
  }

  // Termination: who hears nothing takes over, unless a site that comes before it in the order of nodes is up.

  #takeOver(open: Open): void {
    const { tx } = open;
    this.#mark('took-over');
    this.#note(`takes over ${tx} in ${open.state}`);
    open.ticksLeft = this.#config.terminationTicks;
    const answers = new Map([[this.#id, open.state]]);
    this.#led.set(tx, { tx, client: null, phase: 'polling', answers, expected: [], waited: 0 });
    this.#sendAll(this.#others, { type: 'poll', tx });
    this.#nameRole();
    if (this.#others.length === 0) this.#terminate(this.#led.get(tx)!);
  }

  #onPoll(src: string, tx: string): void {
    const decided = this.#decided.get(tx);
    const open = this.#open.get(tx);
    if (decided !== undefined) {
      this.#send(src, { type: 'decide', tx, decision: decided.decision });
    } else if (open === undefined) {
      this.#abortUnvoted(src, tx);
    } else if (!open.isRecovering) {
      const isBefore = this.#nodeIds.indexOf(src) < this.#self;
      const led = this.#led.get(tx);
      // Two that lead would be one too many: the one that comes later in the order gives way.
      if (isBefore && led !== undefined && led.client === null) this.#led.delete(tx);
      open.ticksLeft = this.#config.terminationTicks;
      if (!isBefore && led === undefined) this.#takeOver(open);
      this.#send(src, { type: 'state', tx, state: open.state });
      this.#nameRole();
    }
  }

  /** It has not voted, and now will not: so nobody has committed, or ever will. */
  #abortUnvoted(src: string, tx: string): void {
    if (this.#isForgotten(tx)) return;
    this.#mark('aborted-before-vote');
    this.#settle(tx, 'abort');
    this.#send(src, { type: 'decide', tx, decision: 'abort' });
  }

  #onState(src: string, tx: string, state: Undecided): void {
    const led = this.#led.get(tx);
    if (led?.phase !== 'polling') return;
    led.answers.set(src, state);
    if (led.answers.size === this.#nodeIds.length) this.#terminate(led);
  }

  /**
   * Skeen's decision rule for the new coordinator: where an operational site is in precommit, all are brought there, and then commit; where all
   * are in wait, nobody has committed, and they abort. It is tempting to commit at once where one is in precommit; but if
   * the new coordinator fails in the middle of that, those left over may all be in wait.
   */
  #terminate(led: Led): void {
    const { mistake } = this.#config;
    const states = [...led.answers.values()];
    const commits = mistake === 'commits-from-wait' || states.includes('precommit');
    if (mistake === 'precommit-aborts' || !commits) {
      this.#decide(led, 'abort', errorReply('abort', 'the sites that are up have aborted'));
    } else {
      this.#mark('terminated-by-commit');
      this.#precommitAll(led, [...led.answers.keys()]);
    }
  }

  // Recovery: what the log says. Any prefix of what was written in the last life may be there.

  #start({ incarnation, durable }: StartEvent): void {
    this.#incarnation = incarnation;
    const checkpoint = durable.values.get(checkpointKey) as Checkpoint | undefined;
    if (checkpoint !== undefined) {
      this.#nextRecord = checkpoint.next;
      for (const [life, number] of checkpoint.forgotten) this.#forgotten.set(life, number);
      for (const record of checkpoint.decided) this.#remember(record);
      for (const record of checkpoint.undecided) this.#adopt(record, true, 0);
    }
    const log = durable.logs.get(logName);
    if (log !== undefined) {
      const known = Math.max(0, this.#nextRecord - log.first);
      for (const record of log.entries.slice(known)) this.#replay(record as unknown as LogRecord);
      this.#nextRecord = Math.max(this.#nextRecord, log.first + log.entries.length);
      this.#recordsSinceCheckpoint = this.#nextRecord - log.first;
    }
    this.#note(`starts with ${this.#open.size} undecided transactions`);
    this.#nameRole();
    for (const open of [...this.#open.values()]) {
      this.#mark('recovering');
      if (this.#config.mistake === 'recovers-by-abort') this.#settle(open.tx, 'abort');
      else this.#inquire(open);
    }
  }

  #replay(record: LogRecord): void {
    if ('decision' in record) {
      this.#open.delete(record.tx);
      this.#remember(record);
    } else {
      this.#adopt(record, true, 0);
    }
  }

  #inquire(open: Open): void {
    open.ticksLeft = this.#config.inquireTicks;
    this.#sendAll(this.#others, { type: 'inquire', tx: open.tx });
    this.#decideTogether(open);
  }

  #onInquire(src: string, tx: string): void {
    const decided = this.#decided.get(tx);
    const open = this.#open.get(tx);
    if (decided !== undefined) this.#send(src, { type: 'decide', tx, decision: decided.decision });
    else if (open === undefined) this.#abortUnvoted(src, tx);
    else if (open.isRecovering) this.#send(src, { type: 'standing', tx, state: open.state });
    // Else it will know before long, and is asked again.
  }

  #onStanding(src: string, tx: string, state: Undecided): void {
    const open = this.#open.get(tx);
    if (open === undefined || !open.isRecovering) return;
    open.standings.set(src, state);
    this.#decideTogether(open);
  }

  /**
   * Total failure: no site has stayed up, so that nobody may have decided without it being known. Only when every site is back and none
   * knows a decision, there is none. What they find in their logs no longer changes, and all decide alike by the same rule.
   */
  #decideTogether(open: Open): void {
    if (open.standings.size < this.#others.length) return;
    this.#mark('decided-after-total-failure');
    const states = [open.state, ...open.standings.values()];
    this.#settle(open.tx, states.includes('precommit') ? 'commit' : 'abort');
  }

  /** A checkpoint costs as much as there are decisions: so it waits for as many records, and the cost of a record does not grow. */
  #checkpointIfDue(): void {
    if (this.#recordsSinceCheckpoint < Math.max(this.#config.checkpointRecords, this.#decided.size)) return;
    this.#recordsSinceCheckpoint = 0;
    const checkpoint: Checkpoint = {
      next: this.#nextRecord,
      undecided: [...this.#open.values()].map(({ tx, name, state }) => ({ tx, name, state })),
      decided: [...this.#decided.values()],
      forgotten: [...this.#forgotten],
    };
    this.#emit({ type: 'put', key: checkpointKey, value: checkpoint as unknown as Json });
    this.#emit({ type: 'compact', log: logName, before: this.#nextRecord });
    this.#mark('checkpoint-taken');
  }

  // Time.

  #onTick(): void {
    this.#tickSet = false;
    for (const led of this.#led.values()) this.#leaderWaits(led);
    for (const open of this.#open.values()) {
      open.ticksLeft--;
      if (open.ticksLeft > 0) continue;
      if (open.isRecovering) this.#inquire(open);
      else if (!this.#led.has(open.tx)) this.#takeOver(open);
    }
  }

  /** Who has not answered by now has failed. */
  #leaderWaits(led: Led): void {
    led.waited++;
    if (led.waited < this.#config.answerTicks) return;
    switch (led.phase) {
      case 'voting':
        this.#mark('vote-missing');
        this.#decide(led, 'abort', errorReply('temporarilyUnavailable', 'not all votes came in time'));
        break;
      case 'polling':
        this.#terminate(led);
        break;
      case 'precommitting':
        this.#mark('acknowledgement-missing');
        this.#decide(led, 'commit', { type: 'transact_ok' });
        break;
    }
  }

  #nameRole(): void {
    const isTerminating = [...this.#led.values()].some(({ client }) => client === null);
    const isRecovering = [...this.#open.values()].some((open) => open.isRecovering);
    this.role = isRecovering ? 'recovering' : isTerminating ? 'terminating' : 'site';
  }
}

/** The coordinator and its incarnation that a transaction is called after, and its number among theirs. */
function lifeAndNumber(tx: string): readonly [life: string, number: number] {
  const place = tx.lastIndexOf('.');
  return [tx.slice(0, place), Number(tx.slice(place + 1))];
}

function raise(highest: Map<string, number>, [life, number]: Numbers[number]): void {
  if (number > (highest.get(life) ?? 0)) highest.set(life, number);
}
