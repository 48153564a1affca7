/**
 * Paxos for a single value (Lamport, "Paxos Made Simple", 2001), one instance of it for each key, which is there as
 * soon as somebody names it. Every node is proposer, acceptor, and learner of every instance. Sections are those of the
 * paper.
 *
 * Nobody leads: the node that a client asks proposes. What keeps proposers from preempting each other for ever is
 * chance (§2.4 would have one elected, for which chance, or a timeout, is needed as well): who is preempted waits a
 * while, at random, and longer each time.
 *
 * What must be durable before a message may leave: the host holds every send behind the syncs queued before it, so a
 * node writes, syncs, and sends, in this order, and never waits. A proposer counts the promise and the acceptance of
 * its own acceptor like all others, when they are on disk, which it learns from a message to itself.
 */
import { isClientId, type Json, type Message } from '../../protocol/message.ts';
import type { Boot, Description, Effect, Event, StartEvent } from '../../protocol/node.ts';
import { consensusMachine } from '../machines/consensus.ts';
import { errorReply, inReplyTo, type Reply, type Request } from '../machines/machine.ts';
import type { Scalar } from '../machines/requests.ts';
import { ballotAbove, describedBallot } from '../paxos/ballot.ts';
import type { SingleDecreeConfig } from './config.ts';
import { Instance, type InstanceDescription } from './instance.ts';
import type {
  Accept,
  Accepted,
  AcceptorRecord,
  Decided,
  Preempted,
  Prepare,
  PromiseReply,
  Proposal,
  SingleDecreeBody,
} from './messages.ts';

/** What the outside sees of a node. */
export interface SingleDecreeDescription extends Description {
  /** A proposer is one that tries to have something decided at present. */
  readonly role: 'proposer' | 'acceptor';
  readonly instances: ReadonlyMap<Scalar, InstanceDescription>;
  /** The one that the last step was about; null after a step about none. */
  readonly touched: InstanceDescription | null;
}

type SingleDecreeEffect = Effect<SingleDecreeBody>;

const noEffects: readonly SingleDecreeEffect[] = [];
const sync: SingleDecreeEffect = { type: 'sync' };
const lookTimer = 'look';

export class SingleDecreePaxos implements SingleDecreeDescription {
  readonly #id: string;
  readonly #nodeIds: readonly string[];
  readonly #self: number;
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #config: SingleDecreeConfig;
  readonly #quorum: number;
  readonly instances = new Map<Scalar, Instance>();
  /** By the names of their timers: those that a client waits for. */
  readonly #awaited = new Map<string, Instance>();
  #isLooking = false;

  term = 0;
  touched: Instance | null = null;

  // Effects of the present step.
  #effects: SingleDecreeEffect[] | null = null;
  /** The instance of which the acceptor's record has changed in this step. */
  #unsaved: Instance | null = null;

  constructor({ id, nodeIds, config }: Boot<SingleDecreeConfig>) {
    this.#id = id;
    this.#nodeIds = nodeIds;
    this.#self = nodeIds.indexOf(id);
    this.#indexOf = new Map(nodeIds.map((nodeId, index) => [nodeId, index]));
    this.#config = config;
    const size = nodeIds.length;
    this.#quorum = config.mistake === 'minority-quorum' ? Math.max(1, size >>> 1) : (size >>> 1) + 1;
  }

  // What the outside sees.

  get role(): 'proposer' | 'acceptor' {
    return this.#awaited.size > 0 ? 'proposer' : 'acceptor';
  }
  get primary(): boolean {
    return this.#awaited.size > 0;
  }

  step(event: Event<SingleDecreeBody>): readonly SingleDecreeEffect[] {
    this.#effects = null;
    this.touched = null;
    switch (event.type) {
      case 'message':
        this.#receive(event.message);
        break;
      case 'timer':
        if (event.name === lookTimer) this.#look();
        else this.#timerFired(this.#awaited.get(event.name));
        break;
      case 'start':
        this.#start(event);
        break;
    }
    this.#save();
    return this.#effects ?? noEffects;
  }

  #receive({ src, body }: Message<SingleDecreeBody>): void {
    if (isClientId(src)) {
      this.#onRequest(src, body as Request);
      return;
    }
    const instance = this.#instance((body as Prepare).instance);
    switch (body.type) {
      case 'prepare':
        this.#onPrepare(src, instance, body as Prepare);
        break;
      case 'promise':
        this.#onPromise(this.#indexOf.get(src) as number, instance, body as PromiseReply);
        break;
      case 'accept':
        this.#onAccept(src, instance, body as Accept);
        break;
      case 'accepted':
        this.#onAccepted(this.#indexOf.get(src) as number, instance, body as Accepted);
        break;
      case 'preempted':
        this.#onPreempted(instance, body as Preempted);
        break;
      case 'decided':
        this.#onDecided(instance, body as Decided);
        break;
    }
  }

  #instance(key: Scalar): Instance {
    let instance = this.instances.get(key);
    if (instance === undefined) {
      instance = new Instance(key, this.#nodeIds.length);
      this.instances.set(key, instance);
    }
    this.touched = instance;
    return instance;
  }

  // Effects, in the order in which they must reach the disk and the network.

  #emit(effect: SingleDecreeEffect): void {
    if (this.#effects === null) this.#effects = [effect];
    else this.#effects.push(effect);
  }

  /** §2.5: an acceptor records its intended response in stable storage before actually sending the response. */
  #send(to: string, body: SingleDecreeBody): void {
    if (this.#config.mistake !== 'replies-before-sync') this.#save();
    this.#emit({ type: 'send', to, body });
  }

  #sendToOthers(body: SingleDecreeBody, answered: Readonly<Uint8Array> | null = null): void {
    for (let i = 0; i < this.#nodeIds.length; i++) {
      if (i !== this.#self && answered?.[i] !== 1) this.#send(this.#nodeIds[i] as string, body);
    }
  }

  #save(): void {
    const instance = this.#unsaved;
    if (instance === null) return;
    this.#unsaved = null;
    const { mistake } = this.#config;
    const accepted = mistake === 'forgets-acceptance' ? null : instance.accepted;
    // Who has lost the promise still knows that it cannot have been less than what was accepted.
    const promised = mistake === 'forgets-promise' ? (accepted?.ballot ?? 0) : instance.promised;
    const record: AcceptorRecord = { promised, accepted };
    this.#emit({ type: 'put', key: instance.name, value: record });
    this.#emit(sync);
  }

  #mark(name: string): void {
    this.#emit({ type: 'mark', name });
  }

  #note(instance: Instance, text: string): void {
    this.#emit({ type: 'log', text: `${instance.name}: ${text}` });
  }

  #described(ballot: number): string {
    return describedBallot(ballot, this.#nodeIds);
  }

  #start({ durable }: StartEvent): void {
    for (const [name, value] of durable.values) {
      const { promised, accepted } = value as AcceptorRecord;
      const instance = this.#instance(JSON.parse(name) as Scalar);
      instance.promised = promised;
      instance.accepted = accepted;
      this.term = Math.max(this.term, promised);
    }
    if (this.instances.size > 0) this.#mark('acceptor-restored');
    // What was decided is on no disk: who wants to know it has it decided again, which gives the same.
    this.touched = null;
  }

  // Phase 1 (§2.2).

  /** §2.5: with a number above all that this proposer has used, which its own promise has kept on disk. */
  #beginPhase1(instance: Instance): void {
    const ballot = this.#ballotAbove(instance);
    this.#note(instance, `begins phase 1 of ballot ${this.#described(ballot)}`);
    instance.phase = 'prepare';
    instance.ballot = ballot;
    instance.promises.fill(0);
    instance.acceptors.fill(0);
    instance.reported = null;
    instance.proposal = null;
    for (const waiting of instance.waiting) waiting.isAsked = true;
    this.#promise(instance, ballot);
    if (this.#config.mistake === 'forgets-ballot') this.#unsaved = null;
    this.#sendToOthers({ type: 'prepare', instance: instance.key, ballot });
    this.#send(this.#id, { type: 'promise', instance: instance.key, ballot, accepted: instance.accepted });
    this.#setRepeatTimer(instance);
  }

  #ballotAbove({ promised, highestSeen }: Instance): number {
    const node = this.#config.mistake === 'reused-ballot' ? 0 : this.#self;
    return ballotAbove(Math.max(promised, highestSeen), node, this.#nodeIds.length);
  }

  #setRepeatTimer({ name }: Instance): void {
    const { repeatMinMs, repeatMaxMs } = this.#config;
    this.#emit({ type: 'set-timer', name, minMs: repeatMinMs, maxMs: repeatMaxMs });
  }

  #promise(instance: Instance, ballot: number): void {
    instance.promised = ballot;
    this.#unsaved = instance;
    this.term = Math.max(this.term, ballot);
  }

  /**
   * Phase 1b. The ballot of an earlier promise is the same proposer's, which asks again, or whose message came twice.
   */
  #onPrepare(src: string, instance: Instance, { ballot }: Prepare): void {
    if (ballot < instance.promised) {
      this.#refuse(src, instance);
      return;
    }
    if (ballot > instance.promised) {
      this.#promise(instance, ballot);
      this.#meet(instance, ballot);
    }
    this.#send(src, { type: 'promise', instance: instance.key, ballot, accepted: instance.accepted });
  }

  /**
   * §2.2: who ignores a request because of a higher number should inform the proposer, which should then abandon its
   * proposal.
   */
  #refuse(src: string, { key, promised }: Instance): void {
    this.#send(src, { type: 'preempted', instance: key, ballot: promised });
  }

  #onPromise(from: number, instance: Instance, { ballot, accepted }: PromiseReply): void {
    if (instance.phase !== 'prepare' || ballot !== instance.ballot) return;
    instance.promises[from] = 1;
    if (accepted !== null) this.#report(instance, accepted);
    if (count(instance.promises) >= this.#quorum) this.#endPhase1(instance);
  }

  /** P2c: of what a majority reports, the value of the proposal with the highest number. */
  #report(instance: Instance, accepted: Proposal): void {
    const { reported } = instance;
    const { mistake } = this.#config;
    if (mistake === 'ignores-accepted-value') return;
    if (reported === null || accepted.ballot > reported.ballot || mistake === 'highest-by-arrival') {
      instance.reported = accepted;
    }
  }

  #endPhase1(instance: Instance): void {
    const { reported, waiting } = instance;
    if (reported !== null) {
      this.#mark(waiting.some(({ value }) => value !== null) ? 'value-adopted' : 'learned-by-proposing');
      if (this.#config.mistake === 'learns-from-report') this.#decide(instance, reported);
      else this.#propose(instance, reported.value);
      return;
    }
    const own = waiting.find(({ value }) => value !== null);
    if (own === undefined) {
      this.#answerNothing(instance);
    } else {
      own.isProposed = true;
      this.#propose(instance, own.value);
    }
  }

  /**
   * No majority had accepted anything when this phase 1 began, so nothing was chosen then. Who asked later needs an
   * answer of its own: something may have been chosen meanwhile, in a higher ballot.
   */
  #answerNothing(instance: Instance): void {
    this.#mark('nothing-chosen');
    const { waiting } = instance;
    instance.waiting = waiting.filter(({ isAsked }) => !isAsked);
    for (const { client, id, isAsked } of waiting) {
      if (isAsked) this.#reply(client, id, { type: 'learn_ok', value: null });
    }
    if (instance.waiting.length > 0) this.#beginPhase1(instance);
    else this.#rest(instance);
  }

  // Phase 2 (§2.2).

  /** Phase 2a. To the others first, in parallel with the disk of this node's own acceptor. */
  #propose(instance: Instance, value: Json): void {
    const { key, ballot } = instance;
    const proposal: Proposal = { ballot, value };
    this.#note(instance, `proposes ${JSON.stringify(value)} in ballot ${this.#described(ballot)}`);
    instance.phase = 'accept';
    instance.proposal = proposal;
    this.#sendToOthers({ type: 'accept', instance: key, ballot, value });
    instance.accepted = proposal;
    this.#unsaved = instance;
    this.#send(this.#id, { type: 'accepted', instance: key, ballot });
    this.#setRepeatTimer(instance);
  }

  /** Phase 2b. P1a: it has not responded to a prepare request having a greater number. */
  #onAccept(src: string, instance: Instance, { ballot, value }: Accept): void {
    const isBelow = ballot < instance.promised;
    if (isBelow && this.#config.mistake !== 'accepts-below-promise') {
      this.#refuse(src, instance);
      return;
    }
    if (instance.accepted?.ballot !== ballot) {
      if (!isBelow && ballot > instance.promised) {
        this.#promise(instance, ballot);
        this.#meet(instance, ballot);
      }
      instance.accepted = { ballot, value };
      this.#unsaved = instance;
    }
    this.#send(src, { type: 'accepted', instance: instance.key, ballot });
  }

  // Learning (§2.3).

  /** A learner must find out that a proposal has been accepted by a majority of acceptors. */
  #onAccepted(from: number, instance: Instance, { ballot }: Accepted): void {
    if (instance.phase !== 'accept' || ballot !== instance.ballot) return;
    instance.acceptors[from] = 1;
    const needed = this.#config.mistake === 'learns-from-one' ? 1 : this.#quorum;
    if (count(instance.acceptors) < needed) return;
    const { key, proposal } = instance;
    const { value } = proposal as Proposal;
    this.#sendToOthers({ type: 'decided', instance: key, ballot, value });
    this.#decide(instance, proposal as Proposal);
  }

  #onDecided(instance: Instance, { ballot, value }: Decided): void {
    if (instance.decided === null) this.#decide(instance, { ballot, value });
  }

  #decide(instance: Instance, decided: Proposal): void {
    const { value } = decided;
    this.#note(
      instance,
      `learns that ${JSON.stringify(value)} is chosen, in ballot ${this.#described(decided.ballot)}`,
    );
    instance.decided = decided;
    const { waiting } = instance;
    instance.waiting = [];
    for (const request of waiting) this.#reply(request.client, request.id, answer(request.value, value));
    this.#rest(instance);
  }

  // Proposers that meet each other (§2.4).

  #onPreempted(instance: Instance, { ballot }: Preempted): void {
    instance.highestSeen = Math.max(instance.highestSeen, ballot);
    this.#meet(instance, ballot);
  }

  /**
   * There is a higher ballot than this proposer's, if it has one: it abandons its own, and tries again when it has
   * waited.
   */
  #meet(instance: Instance, ballot: number): void {
    if ((instance.phase !== 'prepare' && instance.phase !== 'accept') || ballot <= instance.ballot) return;
    this.#mark('preempted');
    this.#note(instance, `is preempted by ballot ${this.#described(ballot)}`);
    instance.phase = 'backoff';
    const { backoffMinMs: minMs, backoffMaxMs, backoffDoublingsMax } = this.#config;
    const maxMs = backoffMaxMs * 2 ** Math.min(instance.preemptions, backoffDoublingsMax);
    instance.preemptions++;
    this.#emit({ type: 'set-timer', name: instance.name, minMs, maxMs });
  }

  #timerFired(instance: Instance | undefined): void {
    // Nobody waits any more: a timer of an instance that was decided may have been on its way.
    if (instance === undefined) return;
    this.touched = instance;
    const { key, ballot } = instance;
    switch (instance.phase) {
      case 'prepare':
        this.#mark('prepare-repeated');
        this.#sendToOthers({ type: 'prepare', instance: key, ballot }, instance.promises);
        this.#setRepeatTimer(instance);
        break;
      case 'accept': {
        this.#mark('accept-repeated');
        const { value } = instance.proposal as Proposal;
        this.#sendToOthers({ type: 'accept', instance: key, ballot, value }, instance.acceptors);
        this.#setRepeatTimer(instance);
        break;
      }
      case 'backoff':
        if (this.#config.mistake === 'skips-phase-1' && instance.proposal !== null) this.#proposeAnew(instance);
        else this.#beginPhase1(instance);
        break;
    }
  }

  /** The mistake skips-phase-1: the same value under a higher number, as if nobody could have accepted another. */
  #proposeAnew(instance: Instance): void {
    const { value } = instance.proposal as Proposal;
    instance.ballot = this.#ballotAbove(instance);
    instance.promises.fill(0);
    instance.acceptors.fill(0);
    this.#promise(instance, instance.ballot);
    this.#propose(instance, value);
  }

  /** Nothing is left to do for clients. Whatever is under way may go on without a proposer. */
  #rest(instance: Instance): void {
    instance.phase = 'idle';
    instance.preemptions = 0;
    if (this.#awaited.delete(instance.name)) this.#emit({ type: 'clear-timer', name: instance.name });
  }

  // Clients.

  #onRequest(client: string, request: Request): void {
    const id = request.msg_id;
    if (typeof id !== 'number') return;
    const kind = consensusMachine.classify(request);
    if (typeof kind === 'object') {
      this.#reply(client, id, kind);
      return;
    }
    const instance = this.#instance(request.key as Scalar);
    const value = kind === 'query' ? null : (request.value as Json);
    const knows = instance.decided !== null;
    if (knows || (value === null && this.#config.mistake === 'learns-alone')) {
      this.#reply(client, id, answer(value, instance.decided?.value ?? null));
      return;
    }
    instance.waiting.push({ client, id, value, age: 0, isProposed: false, isAsked: false });
    this.#awaited.set(instance.name, instance);
    if (instance.phase === 'idle') this.#beginPhase1(instance);
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#setLookTimer();
  }

  #setLookTimer(): void {
    const { lookMs } = this.#config;
    this.#emit({ type: 'set-timer', name: lookTimer, minMs: lookMs, maxMs: lookMs });
  }

  #look(): void {
    for (const instance of this.#awaited.values()) this.#lookAfter(instance);
    this.#isLooking = this.#awaited.size > 0;
    if (this.#isLooking) this.#setLookTimer();
  }

  /**
   * A value that was in no proposal of this node, its only proposer, can be decided no more once its request is gone.
   */
  #lookAfter(instance: Instance): void {
    const { unavailableAfterLooks, forgottenAfterLooks } = this.#config;
    let isOver = false;
    for (const { client, id, isProposed, age } of instance.waiting) {
      if (age + 1 < (isProposed ? forgottenAfterLooks : unavailableAfterLooks)) continue;
      isOver = true;
      if (isProposed) continue;
      this.#mark('unavailable');
      this.#reply(client, id, errorReply('temporarilyUnavailable', 'no quorum has answered'));
    }
    if (isOver) {
      instance.waiting = instance.waiting.filter(
        ({ isProposed, age }) => age + 1 < (isProposed ? forgottenAfterLooks : unavailableAfterLooks),
      );
      if (instance.waiting.length === 0) this.#rest(instance);
    }
    for (const waiting of instance.waiting) waiting.age++;
  }

  #reply(client: string, id: number, reply: Reply): void {
    this.#send(client, inReplyTo(id, reply));
  }
}

/** Who proposed `value`, or nothing, is told of the decision. */
const answer = (value: Json, decided: Json): Reply => ({
  type: value === null ? 'learn_ok' : 'propose_ok',
  value: decided,
});

function count(flags: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < flags.length; i++) sum += flags[i] as number;
  return sum;
}
