import { type Automaton, ILLEGAL, type Problem, UNCONSTRAINED } from './automaton.ts';
import { Retries, type Snapshot } from './retries.ts';
import type { Rules } from './rules.ts';
import { Usages } from './usages.ts';

export interface SearchOptions {
  /** Configurations to look at before giving up. */
  readonly budget: number;
  readonly rules: Rules;
  /** Once invoked, a crashed op may happen any number of times: then only `impossible` is a proof. */
  readonly crashedRepeat?: boolean;
  /** Configurations kept after each return. Default: all. */
  readonly width?: number;
  /**
   * What becomes of those above `width`. They are dropped: then only `linearizable` is a proof. Or those of one state are
   * joined to one that can do whatever any of them can: then only `impossible` is a proof.
   */
  readonly excess?: 'dropped' | 'joined';
  /** Where `dropped` leaves none, go back a little and keep more for a while: so often from one place. Default 0. */
  readonly retries?: number;
  /** Remember how each configuration came about. */
  readonly trace?: boolean;
  /** The states that the object may begin in. Default: the automaton's initial one. */
  readonly states?: readonly number[];
  /** Calls marked 1 may happen any number of times, or never, between their invocation and their return. */
  readonly optional?: Uint8Array;
  /** Ops that may have happened before, in any order, any number of times. */
  readonly before?: readonly number[];
  /** Told now and then how many events have been walked; the search gives up when it answers false. */
  readonly goOn?: (walked: number) => boolean;
}

export type Lacking = 'configurations' | 'memory' | 'time';

/** A state the object may be in, and how it came there. */
export interface Configuration {
  readonly state: number;
  /** Calls that are pending, will return, and have not happened yet. */
  readonly pending: readonly number[];
  /** The calls that have happened, in order. Empty without `trace`. */
  readonly order: readonly number[];
}

export interface SearchResult {
  readonly outcome: 'linearizable' | 'impossible' | 'exhausted';
  /** Where exhausted, of what: the budget, the memory for configurations at one moment, or the patience of `goOn`. */
  readonly lacking?: Lacking;
  /** The call at whose return no configuration was left, or the budget spent; -1 where linearizable. */
  readonly call: number;
  readonly explored: number;
  /** Whether configurations were dropped or joined on the way. Without, either outcome is a proof. */
  readonly narrowed: boolean;
  /** How many calls were pending at the end; crashed ones are not counted. */
  readonly pending: number;
  /** The crashed calls that might still have mattered then. */
  readonly crashed: readonly number[];
  /** The configurations just before the return of `call` (or at the end), those that used the fewest crashed ops first. */
  configurations(limit: number): Configuration[];
}

const NEVER = 0x7fffffff;

/** In the place of the state of a configuration that is to be taken out. */
const GONE = -2;

/** Above any score, and any count, of configurations; their product is exact. */
const SCORES = 2 ** 20;
const COUNTS = 2 ** 32;

/** Marks of a configuration: an overwrite led to it that nothing has read; it is to be kept if the call that returns is settled. */
const UNREAD = 1;
const WANTED = 2;

/** What a return leaves. */
const DEAD = 0;
const ALIVE = 1;
const EXHAUSTED = 2;

/** Configurations of one state compared with each other, at most; those beyond only with the first so many. */
const comparedMax = 48;

/** To look through so many classes of crashed ops takes as long as to look at a configuration. */
const classesPerConfiguration = 64;

/** To compare so many configurations takes as long as to look at one. */
const comparedPerConfiguration = 32;

/** Usages in the table, after which it is begun anew. */
const usagesMax = 1 << 12;

/** What the configurations of one moment may take, in integers: 256 MiB. */
const integersMax = 1 << 26;

/** Between two calls of `goOn` so many events or configurations pass, less one. */
const ticksMask = (1 << 14) - 1;

/**
 * The configuration-set search for linearizability (Herlihy and Wing 1990), with just-in-time linearization as in
 * Lowe, "Testing for linearizability" (2017).
 *
 * It walks the events in order and keeps the set of configurations. A call happens no earlier than it must: when some
 * call returns that has not happened yet, all sequences of pending calls that end in it are tried. If no configuration is
 * left, the history is not linearizable.
 *
 * A configuration is a state, and of each pending call whether it is *settled* (nothing need be done for it any more)
 * and whether it is *open* (it can still happen); and how many crashed ops of each class of equal ones it has used.
 * A call that is invoked is open and not settled; one that has happened is settled and not open. Both at once means that the
 * call may have happened or not, as one likes: it stands for two configurations of the plain search.
 *
 * Why each rule is sound, always by exchange in a linearization that the rule would lose:
 * - Reads at once: moving a read-only op forward to where it is legal changes no state, neither where it goes nor where
 *   it was. (A write of the present value is not read-only: where it was, it may have changed the state.)
 * - Unseen before an overwrite: total ops that are pending when another overwrites the state could have happened just
 *   before it without a trace, so from then on they are settled, and still open. And of two overwrites in a row the first has done
 *   nothing but that, unless something read it.
 * - Equal ops in order: swapping two equal pending ops changes no state, and the one that returns later may be later, unless the
 *   earlier one is settled and the later one is not. A crashed one returns last of all.
 * - Dominance: whatever a configuration can do, another of the same state can do as well for which as much is settled and as
 *   much is open, and which has used no more of any class of crashed ops.
 *
 * Time and memory are proportional to the configurations looked at: exponential in the number of concurrent calls in
 * the worst case (the problem is NP-complete), and one per call where calls hardly overlap.
 *
 * Buffers are kept from one run to the next: use one Search for many objects.
 */
export class Search {
  // A configuration is `stride` integers: the masks of settled and of open calls, the state, the crashed ops used, the node of its trace.
  private current = new Int32Array(1 << 12);
  private currentCount = 0;
  private work = new Int32Array(1 << 12);
  private workCount = 0;
  private spare = new Int32Array(1 << 12);
  private deferred = new Int32Array(1 << 12);
  private deferredCount = 0;
  private deferredMarks: number[] = [];
  /** Of each configuration in `work`: UNREAD, WANTED. */
  private marks = new Uint8Array(1 << 10);
  // The call that returns: where its bit is.
  private returning = 0;
  private returningBit = 0;
  private words = 1;
  private stride = 5;
  private stateAt = 2;
  private usageAt = 3;
  private nodeAt = 4;

  // Open addressing over `work`; an entry counts only if its stamp is of this epoch.
  private table = new Int32Array(1 << 8);
  private stamps = new Int32Array(1 << 8);
  private tableMask = (1 << 8) - 1;
  private epoch = 0;

  // Slots of pending calls that will return.
  private slots = 0;
  private freeSlots: number[] = [];
  private slotOp: number[] = [];
  private slotCall: number[] = [];
  private slotReturn: number[] = [];
  private movingSlots: number[] = [];
  private readingSlots: number[] = [];
  /** Of each slot the mask of equal ones that return earlier. */
  private earlierEqual = new Int32Array(64);
  /** Of each op the mask of its slots. */
  private slotsOfOp = new Int32Array(0);
  private totalMask = new Int32Array(2);

  // Which reading slots are legal in a state, found once for as long as they stay the same.
  private legalReads = new Int32Array(1 << 8);
  private legalReadsStamps = new Int32Array(1 << 8);
  private readsEpoch = 0;

  // The configurations of each state, while they are compared.
  private firstOfState = new Int32Array(1 << 8);
  private listsStamps = new Int32Array(1 << 8);
  private nextOfState = new Int32Array(1 << 8);
  private listsEpoch = 0;

  // Crashed ops by class of equal ones.
  private classOf = new Int32Array(0);
  private classOp: number[] = [];
  private classCalls: number[][] = [];
  private classOpen: number[] = [];
  private expireAt = 0;
  /** How many of each class all configurations have used: what they hold is beyond that. */
  private classBase: number[] = [];
  private crashedRepeat = false;
  private usages = new Usages();

  // Optional ops that are open, and how many calls of each.
  private optionalOps: number[] = [];
  private optionalOpen = new Int32Array(0);

  // How configurations came about: each node a call, and when it happened.
  private traceParent: number[] = [];
  private traceCall: number[] = [];
  private traceTime: number[] = [];
  private at = 0;

  private automaton!: Automaton;
  private dominance = true;
  private readsAtOnce = true;
  private equalInOrder = true;
  private unseen = true;
  private traced = false;
  private explored = 0;
  private lacking: Lacking | undefined;
  private goOn: SearchOptions['goOn'];
  private ticks = 0;
  private exploredWhenAsked = 0;
  private budget = 0;
  private width = NEVER;
  private excess: 'dropped' | 'joined' | undefined;
  private narrowed = false;
  private thrifty = false;
  private wantedCount = 0;
  private opOf: Int32Array = new Int32Array(0);
  private optional: Uint8Array | undefined;
  private invokedAt = new Int32Array(0);
  private returnedAt = new Int32Array(0);

  run(problem: Problem, options: SearchOptions): SearchResult {
    const { automaton, op: opOf, events } = problem;
    const { rules, budget, optional, goOn } = options;
    this.automaton = automaton;
    this.dominance = rules.dominance;
    this.readsAtOnce = rules.readsAtOnce;
    this.equalInOrder = rules.equalInOrder;
    this.unseen = rules.unseenBeforeOverwrite;
    this.traced = options.trace === true;
    this.crashedRepeat = options.crashedRepeat === true;
    this.width = options.width ?? NEVER;
    this.excess = options.excess;
    this.narrowed = false;
    this.thrifty = options.excess === 'dropped';
    this.explored = 0;
    this.exploredWhenAsked = 0;
    this.lacking = undefined;
    this.goOn = goOn;
    this.budget = budget;

    const invokedAt = new Int32Array(opOf.length);
    const returnOf = new Int32Array(opOf.length).fill(NEVER);
    for (let at = 0; at < events.length; at++) {
      const event = events[at]!;
      ((event & 1) === 1 ? returnOf : invokedAt)[event >>> 1] = at;
    }
    this.opOf = opOf;
    this.optional = optional;
    this.invokedAt = invokedAt;
    this.returnedAt = returnOf;
    this.prepare(problem, returnOf, options);
    if (options.before !== undefined) {
      for (const op of options.before) this.openOptional(op);
      if (!this.closeOver()) return this.result('exhausted', -1);
      for (const op of options.before) this.closeOptional(op);
    }

    const slotOf = new Int32Array(opOf.length);
    this.freeSlots.length = 0;
    this.slots = 0;
    const retries = (options.retries ?? 0) > 0 ? new Retries(this.width, options.retries!) : undefined;
    for (let at = 0; at < events.length; at++) {
      const event = events[at]!;
      const call = event >>> 1;
      const op = opOf[call]!;
      if ((++this.ticks & ticksMask) === 0 && goOn?.(at) === false) {
        this.lacks('time');
        return this.result('exhausted', call);
      }
      if (op === UNCONSTRAINED) continue;
      if (retries?.isDue(at, this.classOp.length) === true) {
        this.width = retries.widthAt(at);
        retries.push(this.snapshot(at));
      }
      this.at = at;
      if (this.usages.size > usagesMax) this.rebase();
      this.expireClasses(problem.matters, at);
      if (optional?.[call] === 1) {
        if (automaton.readOnly(op)) continue;
        if ((event & 1) === 0) this.openOptional(op);
        else if (!this.closeOver()) return this.result('exhausted', call);
        else this.closeOptional(op);
      } else if ((event & 1) === 1) {
        const slot = slotOf[call]!;
        const fate = this.returns(slot);
        if (fate === DEAD && this.narrowed) {
          const snapshot = retries?.after(at);
          if (snapshot !== undefined) {
            this.restore(snapshot);
            this.width = retries!.widthAt(snapshot.at);
            at = snapshot.at - 1;
            continue;
          }
        }
        if (fate !== ALIVE) return this.result(fate === DEAD ? 'impossible' : 'exhausted', call);
        this.releaseSlot(slot);
        this.freeSlots.push(slot);
        if (this.currentCount > this.width) this.narrow();
      } else if (returnOf[call] === NEVER) {
        this.addCrashed(call, op);
      } else {
        const slot = this.freeSlots.pop() ?? this.slots++;
        slotOf[call] = slot;
        this.takeSlot(slot, call, op, returnOf[call]!);
      }
    }
    this.at = events.length;
    return this.result('linearizable', -1);
  }

  /** What all configurations have used is used, whatever comes: a new table of usages, of what each has used beyond that. */
  private rebase(): void {
    const { current, stride, usageAt } = this;
    const old = this.usages;
    const end = this.currentCount * stride;
    let common = current[usageAt]!;
    for (let base = stride; base < end; base += stride) common = old.meet(common, current[base + usageAt]!);
    const shared = old.listOf(common);
    this.usages = new Usages();
    for (let i = 0; i < shared.length; i += 2) {
      const number = shared[i]!;
      this.classBase[number] = this.classBase[number]! + shared[i + 1]!;
    }
    for (let base = 0; base < end; base += stride) {
      current[base + usageAt] = this.usages.adopt(old.listOf(current[base + usageAt]!), shared);
    }
  }

  /** All that the walk has come to before the event at this position. */
  private snapshot(at: number): Snapshot {
    return {
      at,
      configurations: this.current.slice(0, this.currentCount * this.stride),
      slots: this.slots,
      freeSlots: this.freeSlots.slice(),
      slotOp: this.slotOp.slice(0, this.slots),
      slotCall: this.slotCall.slice(0, this.slots),
      slotReturn: this.slotReturn.slice(0, this.slots),
      movingSlots: this.movingSlots.slice(),
      readingSlots: this.readingSlots.slice(),
      classSizes: this.classCalls.map((calls) => calls.length),
      classBase: this.classBase.slice(),
      usages: this.usages,
      classOpen: this.classOpen.slice(),
    };
  }

  private restore(snapshot: Snapshot): void {
    this.clearSlotMasks();
    this.current.set(snapshot.configurations);
    this.currentCount = snapshot.configurations.length / this.stride;
    this.slots = snapshot.slots;
    this.freeSlots = snapshot.freeSlots.slice();
    this.slotOp = snapshot.slotOp.slice();
    this.slotCall = snapshot.slotCall.slice();
    this.slotReturn = snapshot.slotReturn.slice();
    this.readingSlots = snapshot.readingSlots.slice();
    this.readsEpoch++;
    this.movingSlots = [];
    for (const slot of snapshot.movingSlots) this.addMovingSlot(slot);
    const { classSizes } = snapshot;
    for (let number = classSizes.length; number < this.classOp.length; number++)
      this.classOf[this.classOp[number]!] = -1;
    this.classOp.length = classSizes.length;
    this.classCalls.length = classSizes.length;
    classSizes.forEach((size, number) => {
      this.classCalls[number]!.length = size;
    });
    this.classBase = snapshot.classBase.slice();
    this.classOpen = snapshot.classOpen.slice();
    this.expireAt = 0;
    this.usages = snapshot.usages;
  }

  /** Sizes everything for this problem, and leaves the configurations there may be at first. */
  private prepare({ op: opOf, events }: Problem, returnOf: Int32Array, options: SearchOptions): void {
    let pending = 0;
    let pendingMax = 1;
    for (const event of events) {
      const call = event >>> 1;
      if (opOf[call] === UNCONSTRAINED || returnOf[call] === NEVER || options.optional?.[call] === 1) continue;
      if ((event & 1) === 1) pending--;
      else if (++pending > pendingMax) pendingMax = pending;
    }
    const words = (pendingMax + 31) >>> 5;
    this.words = words;
    this.stateAt = words * 2;
    this.usageAt = words * 2 + 1;
    this.nodeAt = words * 2 + 2;
    this.stride = words * 2 + 3;

    const { ops, initial } = this.automaton;
    if (this.slotsOfOp.length < ops * words) this.slotsOfOp = new Int32Array(ops * words * 2);
    if (this.classOf.length < ops) {
      this.classOf = new Int32Array(ops * 2);
      this.optionalOpen = new Int32Array(ops * 2);
    }
    if (this.earlierEqual.length < pendingMax * words) this.earlierEqual = new Int32Array(pendingMax * words * 2);
    if (this.totalMask.length < words) this.totalMask = new Int32Array(words);
    this.slotsOfOp.fill(0, 0, ops * words);
    this.classOf.fill(-1, 0, ops);
    this.optionalOpen.fill(0, 0, ops);
    this.totalMask.fill(0);
    this.optionalOps.length = 0;
    this.movingSlots.length = 0;
    this.readingSlots.length = 0;
    this.classOp.length = 0;
    this.classCalls.length = 0;
    this.classBase.length = 0;
    this.classOpen.length = 0;
    this.expireAt = 0;
    this.readsEpoch++;
    this.usages = new Usages();
    this.traceParent = [];
    this.traceCall = [];
    this.traceTime = [];

    const states = options.states ?? [initial];
    if (this.current.length < this.stride * states.length)
      this.current = new Int32Array(this.stride * states.length * 2);
    this.current.fill(0, 0, this.stride * states.length);
    states.forEach((state, index) => {
      this.current[index * this.stride + this.stateAt] = state;
      this.current[index * this.stride + this.nodeAt] = -1;
    });
    this.currentCount = states.length;
  }

  private takeSlot(slot: number, call: number, op: number, returnAt: number): void {
    const { automaton, current, stride, words } = this;
    this.slotOp[slot] = op;
    this.slotCall[slot] = call;
    this.slotReturn[slot] = returnAt;
    const word = slot >>> 5;
    const bit = 1 << (slot & 31);
    const end = this.currentCount * stride;
    if (this.readsAtOnce && automaton.readOnly(op)) {
      this.readingSlots.push(slot);
      this.readsEpoch++;
      for (let base = 0; base < end; base += stride) {
        if (automaton.step(current[base + this.stateAt]!, op) === ILLEGAL) continue;
        current[base + word] = current[base + word]! | bit;
        if (this.traced) current[base + this.nodeAt] = this.traceNode(current[base + this.nodeAt]!, call);
      }
      return;
    }
    this.addMovingSlot(slot);
    for (let at = words + word; at < end; at += stride) current[at] = current[at]! | bit;
  }

  private addMovingSlot(slot: number): void {
    const { words, slotsOfOp, earlierEqual } = this;
    const op = this.slotOp[slot]!;
    const word = slot >>> 5;
    const bit = 1 << (slot & 31);
    for (let i = 0; i < words; i++) earlierEqual[slot * words + i] = 0;
    for (const other of this.movingSlots) {
      if (this.slotOp[other] !== op) continue;
      const [early, late] = this.slotReturn[other]! < this.slotReturn[slot]! ? [other, slot] : [slot, other];
      const at = late * words + (early >>> 5);
      earlierEqual[at] = earlierEqual[at]! | (1 << (early & 31));
    }
    this.movingSlots.push(slot);
    slotsOfOp[op * words + word] = slotsOfOp[op * words + word]! | bit;
    if (this.automaton.total(op)) this.totalMask[word] = this.totalMask[word]! | bit;
  }

  private clearSlotMasks(): void {
    const { words } = this;
    for (const slot of this.movingSlots)
      this.slotsOfOp.fill(0, this.slotOp[slot]! * words, (this.slotOp[slot]! + 1) * words);
    this.totalMask.fill(0);
  }

  private releaseSlot(slot: number): void {
    const { words } = this;
    const op = this.slotOp[slot]!;
    const word = slot >>> 5;
    const keep = ~(1 << (slot & 31));
    if (this.readsAtOnce && this.automaton.readOnly(op)) {
      this.readsEpoch++;
      removeFrom(this.readingSlots, slot);
      return;
    }
    removeFrom(this.movingSlots, slot);
    this.slotsOfOp[op * words + word] = this.slotsOfOp[op * words + word]! & keep;
    this.totalMask[word] = this.totalMask[word]! & keep;
    for (const other of this.movingSlots) {
      this.earlierEqual[other * words + word] = this.earlierEqual[other * words + word]! & keep;
    }
  }

  private addCrashed(call: number, op: number): void {
    if (this.automaton.readOnly(op)) return;
    let index = this.classOf[op]!;
    if (index < 0) {
      index = this.classOp.push(op) - 1;
      this.classOf[op] = index;
      this.classCalls.push([]);
      this.classBase.push(0);
      this.classOpen.push(index);
    }
    this.classCalls[index]!.push(call);
  }

  /** Crashed ops whose effect no one can look at any more are of no use. Not each time, so that it costs little. */
  private expireClasses(matters: Int32Array, at: number): void {
    const { classOpen, classOp } = this;
    if (at < this.expireAt) return;
    this.expireAt = at + classOpen.length;
    let kept = 0;
    for (let i = 0; i < classOpen.length; i++) {
      const index = classOpen[i]!;
      if (matters[classOp[index]!]! >= at) classOpen[kept++] = index;
    }
    classOpen.length = kept;
  }

  private openOptional(op: number): void {
    if (this.optionalOpen[op]!++ === 0) this.optionalOps.push(op);
  }

  private closeOptional(op: number): void {
    if (--this.optionalOpen[op]! === 0) this.optionalOps.splice(this.optionalOps.indexOf(op), 1);
  }

  /** Adds all configurations that may come about now; false when the budget is spent. */
  private closeOver(): boolean {
    if (!this.search(0, 0)) return false;
    [this.current, this.work] = [this.work, this.current];
    this.currentCount = this.workCount;
    return true;
  }

  /**
   * The call in `slot` returns. Where it is open it happens now, after whatever pending calls make it legal; where it is
   * settled it may also be left at that. DEAD and EXHAUSTED leave the configurations as they were before.
   */
  private returns(slot: number): typeof ALIVE | typeof DEAD | typeof EXHAUSTED {
    const { stride, current, words } = this;
    const word = slot >>> 5;
    const bit = 1 << (slot & 31);
    const end = this.currentCount * stride;
    for (let base = word; base < end; base += stride) {
      if ((current[base]! & bit) !== 0 && (current[base + words]! & bit) === 0) continue;
      if (!this.search(word, bit)) return EXHAUSTED;
      return this.keepWanted(word, bit) ? ALIVE : DEAD;
    }
    for (let base = word; base < end; base += stride) current[base] = current[base]! & ~bit;
    return ALIVE;
  }

  /**
   * Fills `work` with the current configurations and all that come about from them, going no further from one in which the
   * call with this bit of the word is settled and not open. False when the budget is spent.
   */
  private search(word: number, bit: number): boolean {
    const { stride, usageAt, current, usages } = this;
    const count = this.currentCount;
    this.beginTable(count);
    this.workCount = 0;
    this.deferredCount = 0;
    this.returning = word;
    this.returningBit = bit;
    let taken = 0;
    let expanded = 0;
    this.wantedCount = 0;
    // Level by level of crashed ops used, so that what dominates is there before what it dominates; `current` is in that order.
    while (taken < count || this.deferredCount > 0) {
      const lowest = this.deferredCount > 0 ? this.deferred[usageAt]! : current[taken * stride + usageAt]!;
      const level = usages.total(lowest);
      const levelBegin = this.workCount;
      while (taken < count && usages.total(current[taken * stride + usageAt]!) <= level) {
        this.admitCopy(current, taken++ * stride, WANTED);
      }
      const deferredCount = this.deferredCount;
      this.deferredCount = 0;
      for (let i = 0; i < deferredCount; i++) this.admitCopy(this.deferred, i * stride, this.deferredMarks[i]!);
      while (expanded < this.workCount) {
        if (!this.isDone(expanded)) this.expand(expanded);
        expanded++;
        if (!this.mayGoOn()) return false;
      }
      if (this.crashedRepeat || this.classOpen.length === 0) continue;
      if (this.thrifty && this.wantedCount > 0) {
        this.narrowed = true;
        continue;
      }
      for (let index = levelBegin; index < expanded; index++) {
        if (!this.isDone(index)) this.expandCrashed(index);
        if (!this.mayGoOn()) return false;
      }
    }
    return true;
  }

  /** Whether in this configuration of `work` the call that returns is settled and not open. */
  private isDone(index: number): boolean {
    const { work, words, returning, returningBit } = this;
    const at = index * this.stride + returning;
    return (work[at]! & ~work[at + words]! & returningBit) !== 0;
  }

  private mayGoOn(): boolean {
    if (this.explored + this.deferredCount > this.budget) return this.lacks('configurations');
    if ((++this.ticks & ticksMask) === 0 || this.explored - this.exploredWhenAsked > ticksMask) {
      this.exploredWhenAsked = this.explored;
      if (this.goOn?.(this.at) === false) return this.lacks('time');
    }
    if ((this.workCount + this.deferredCount) * this.stride > integersMax) return this.lacks('memory');
    return true;
  }

  private lacks(lacking: Lacking): false {
    this.lacking = lacking;
    return false;
  }

  /** Makes the wanted configurations of `work` in which this bit is settled the current ones, the bit cleared; false, and nothing, if there are none. */
  private keepWanted(word: number, bit: number): boolean {
    const { work, stride, words, workCount } = this;
    if (this.spare.length < workCount * stride) this.spare = new Int32Array(work.length);
    const kept = this.spare;
    let end = 0;
    for (let index = 0; index < workCount; index++) {
      const base = index * stride;
      if ((work[base + word]! & bit) === 0 || (this.marks[index]! & WANTED) === 0) continue;
      for (let i = 0; i < stride; i++) kept[end + i] = work[base + i]!;
      kept[end + word] = kept[end + word]! & ~bit;
      kept[end + words + word] = kept[end + words + word]! & ~bit;
      end += stride;
    }
    if (end === 0) return false;
    this.spare = this.current;
    this.current = kept;
    this.currentCount = end / stride;
    if (this.currentCount > 1) this.dropDominated();
    return true;
  }

  /** Adds to `work` what the configuration number `index` of it becomes by each one op that may happen now. */
  private expand(index: number): void {
    const { automaton, words, stride, stateAt, slotOp, classOp, movingSlots } = this;
    const base = index * stride;
    const state = this.work[base + stateAt]!;
    const unread = (this.marks[index]! & UNREAD) !== 0;
    for (let i = 0; i < movingSlots.length; i++) {
      const slot = movingSlots[i]!;
      const word = slot >>> 5;
      const bit = 1 << (slot & 31);
      if ((this.work[base + words + word]! & bit) === 0) continue;
      const op = slotOp[slot]!;
      if (unread && automaton.overwrites(op)) continue;
      const isSettled = (this.work[base + word]! & bit) !== 0;
      if (this.equalInOrder && this.earlierGoesFirst(base, slot, isSettled)) continue;
      if (automaton.branching?.(op) === true) {
        for (const next of automaton.branches!(state, op)) this.happen(index, next, op, slot);
        continue;
      }
      const next = automaton.step(state, op);
      if (next !== ILLEGAL) this.happen(index, next, op, slot);
    }
    for (let i = 0; i < this.optionalOps.length; i++) this.repeat(index, this.optionalOps[i]!, UNCONSTRAINED);
    if (!this.crashedRepeat) return;
    for (const number of this.classOpen) this.repeat(index, classOp[number]!, this.classCalls[number]![0]!);
  }

  /** Defers what the configuration number `index` of `work` becomes by each one crashed op. */
  private expandCrashed(index: number): void {
    const { automaton, classOp, classOpen } = this;
    const base = index * this.stride;
    const state = this.work[base + this.stateAt]!;
    const usage = this.work[base + this.usageAt]!;
    const unread = (this.marks[index]! & UNREAD) !== 0;
    this.explored += Math.floor(classOpen.length / classesPerConfiguration);
    for (let i = 0; i < classOpen.length; i++) {
      const number = classOpen[i]!;
      const op = classOp[number]!;
      if (unread && automaton.overwrites(op)) continue;
      const calls = this.classCalls[number]!;
      const used = this.classBase[number]! + this.usages.countOf(usage, number);
      if (used >= calls.length) continue;
      if (this.equalInOrder && this.equalIsOpen(base, op)) continue;
      if (automaton.branching?.(op) === true) {
        for (const next of automaton.branches!(state, op)) this.useCrashed(index, next, op, number, calls[used]!);
        continue;
      }
      const next = automaton.step(state, op);
      if (next !== ILLEGAL && (next !== state || this.settles(op)))
        this.useCrashed(index, next, op, number, calls[used]!);
    }
  }

  /** The call in the slot happens. */
  private happen(index: number, next: number, op: number, slot: number): void {
    const { words, stateAt } = this;
    const base = index * this.stride;
    const child = this.copyToEnd(base);
    const at = child + (slot >>> 5);
    const bit = 1 << (slot & 31);
    const { work } = this;
    work[at] = work[at]! | bit;
    work[at + words] = work[at + words]! & ~bit;
    work[child + stateAt] = next;
    const marks = this.settle(child, op) | this.wanted(base, child);
    if (this.admit(marks) && this.traced) this.traceChild(base, child, this.slotCall[slot]!, slot);
  }

  /** An op happens that may happen again. */
  private repeat(index: number, op: number, call: number): void {
    const { automaton, stateAt } = this;
    const state = this.work[index * this.stride + stateAt]!;
    if ((this.marks[index]! & UNREAD) !== 0 && automaton.overwrites(op)) return;
    const nexts = automaton.branching?.(op) === true ? automaton.branches!(state, op) : [automaton.step(state, op)];
    for (const next of nexts) {
      if (next === ILLEGAL || (next === state && !this.settles(op))) continue;
      const child = this.copyToEnd(index * this.stride);
      this.work[child + stateAt] = next;
      const marks = this.settle(child, op) | this.wanted(index * this.stride, child);
      if (this.admit(marks) && this.traced) this.traceChild(index * this.stride, child, call, -1);
    }
  }

  /** A crashed op of this class happens: not yet, but when all that needs fewer of them has been looked at. */
  private useCrashed(index: number, next: number, op: number, number: number, call: number): void {
    const { stride, stateAt, usageAt } = this;
    const child = this.copyToEnd(index * stride);
    this.work[child + stateAt] = next;
    const marks = this.settle(child, op) | this.wanted(index * stride, child);
    this.work[child + usageAt] = this.usages.withOne(this.work[child + usageAt]!, number);
    if (this.findPlace(child, marks) < 0) return;
    if (this.traced) this.traceChild(index * stride, child, call, -1);
    if (this.deferred.length < (this.deferredCount + 1) * stride) this.deferred = grown(this.deferred);
    this.deferred.set(this.work.subarray(child, child + stride), this.deferredCount * stride);
    this.deferredMarks[this.deferredCount++] = marks;
  }

  /** Whether the op does something even where it leaves the state as it is. */
  private settles(op: number): boolean {
    return this.unseen && this.automaton.overwrites(op);
  }

  /** Whether an equal call that returns earlier does as well in the place of this one. */
  private earlierGoesFirst(base: number, slot: number, isSettled: boolean): boolean {
    const { words, work, earlierEqual } = this;
    for (let i = 0; i < words; i++) {
      const open = work[base + words + i]! & earlierEqual[slot * words + i]!;
      if ((isSettled ? open : open & ~work[base + i]!) !== 0) return true;
    }
    return false;
  }

  private equalIsOpen(base: number, op: number): boolean {
    const { words, work, slotsOfOp } = this;
    for (let i = 0; i < words; i++) {
      if ((work[base + words + i]! & slotsOfOp[op * words + i]!) !== 0) return true;
    }
    return false;
  }

  /** WANTED where the step from `base` to `child` made the returning call happen, or settled it. */
  private wanted(base: number, child: number): number {
    const { work, words, returning, returningBit } = this;
    const settledNow = work[child + returning]! & ~work[base + returning]!;
    const happenedNow = work[base + words + returning]! & ~work[child + words + returning]!;
    return ((settledNow | happenedNow) & returningBit) === 0 ? 0 : WANTED;
  }

  /** What follows at once from the op that led to the configuration at `child`; UNREAD where it was an overwrite that nothing reads. */
  private settle(child: number, op: number): number {
    const { words, work, totalMask } = this;
    const overwrote = this.settles(op);
    if (overwrote) {
      for (let i = 0; i < words; i++) work[child + i] = work[child + i]! | (work[child + words + i]! & totalMask[i]!);
    }
    return !this.settleReads(child) && overwrote ? UNREAD : 0;
  }

  /** All pending read-only ops that are legal in the state at `base` of `work` happen; whether there were any. */
  private settleReads(base: number): boolean {
    if (this.readingSlots.length === 0) return false;
    const { work, words } = this;
    const from = this.legalReadsOf(work[base + this.stateAt]!);
    const { legalReads } = this;
    let any = 0;
    for (let i = 0; i < words; i++) {
      const settled = work[base + i]!;
      const added = legalReads[from + i]! & ~settled;
      work[base + i] = settled | added;
      any |= added;
    }
    return any !== 0;
  }

  /** Where in `legalReads` the mask of the reading slots stands that are legal in this state. */
  private legalReadsOf(state: number): number {
    const { words, readingSlots, slotOp, automaton } = this;
    const from = state * words;
    if (this.legalReads.length < from + words) this.legalReads = grownTo(this.legalReads, from + words);
    if (this.legalReadsStamps.length <= state) this.legalReadsStamps = grownTo(this.legalReadsStamps, state + 1);
    if (this.legalReadsStamps[state] === this.readsEpoch) return from;
    this.legalReadsStamps[state] = this.readsEpoch;
    const { legalReads } = this;
    for (let i = 0; i < words; i++) legalReads[from + i] = 0;
    for (let i = 0; i < readingSlots.length; i++) {
      const slot = readingSlots[i]!;
      if (automaton.step(state, slotOp[slot]!) === ILLEGAL) continue;
      const at = from + (slot >>> 5);
      legalReads[at] = legalReads[at]! | (1 << (slot & 31));
    }
    return from;
  }

  /** A copy past the end of `work`, not admitted yet; returns its base. */
  private copyToEnd(base: number): number {
    const { stride } = this;
    const end = this.workCount * stride;
    if (this.work.length < end + stride) this.work = grown(this.work);
    const { work } = this;
    for (let i = 0; i < stride; i++) work[end + i] = work[base + i]!;
    return end;
  }

  private admitCopy(source: Int32Array, base: number, marks: number): void {
    const { stride } = this;
    const end = this.workCount * stride;
    if (this.work.length < end + stride) this.work = grown(this.work);
    const { work } = this;
    for (let i = 0; i < stride; i++) work[end + i] = source[base + i]!;
    this.admit(marks);
  }

  /** Takes the configuration past the end of `work` in, unless another makes it needless. */
  private admit(marks: number): boolean {
    const entry = this.findPlace(this.workCount * this.stride, marks);
    if (entry < 0) return false;
    if (this.marks.length <= this.workCount) this.marks = grownBytes(this.marks);
    this.marks[this.workCount] = marks;
    if ((marks & WANTED) !== 0 && (this.work[this.workCount * this.stride + this.returning]! & this.returningBit) !== 0)
      this.wantedCount++;
    this.stamps[entry] = this.epoch;
    this.table[entry] = this.workCount++;
    this.explored++;
    if (this.workCount * 2 > this.tableMask) this.growTable();
    return true;
  }

  /** The free entry of the table for the configuration at `base` of `work`; -1 if one that is there makes it needless. */
  private findPlace(base: number, marks: number): number {
    const { work, stateAt, stride, table, stamps, tableMask, epoch } = this;
    let entry = this.hashAt(base) & tableMask;
    let compared = 0;
    while (stamps[entry] === epoch) {
      // Those that differ in the crashed ops used are all in one place.
      if (++compared === comparedPerConfiguration) {
        compared = 0;
        this.explored++;
      }
      const other = table[entry]! * stride;
      let i = 0;
      while (i <= stateAt && work[other + i] === work[base + i]) i++;
      if (i > stateAt && this.usesNoMore(work[other + i]!, work[base + i]!)) {
        this.marks[table[entry]!] = this.marks[table[entry]!]! | (marks & WANTED);
        return -1;
      }
      entry = (entry + 1) & tableMask;
    }
    return entry;
  }

  private usesNoMore(one: number, other: number): boolean {
    if (one === other || (this.dominance && this.usages.isWithin(one, other))) return true;
    if (this.thrifty) this.narrowed = true;
    return this.thrifty;
  }

  private hashAt(base: number): number {
    const { work, stateAt } = this;
    let hash = 0;
    for (let i = 0; i <= stateAt; i++) hash = Math.imul(hash ^ work[base + i]!, 0x9e3779b1) ^ (hash >>> 15);
    return hash ^ (hash >>> 16);
  }

  private beginTable(expected: number): void {
    let size = 64;
    while (size < expected * 4) size *= 2;
    this.resizeTable(size);
  }

  private growTable(): void {
    this.resizeTable((this.tableMask + 1) * 2);
    const { stride, table, stamps, tableMask, epoch } = this;
    for (let index = 0; index < this.workCount; index++) {
      let entry = this.hashAt(index * stride) & tableMask;
      while (stamps[entry] === epoch) entry = (entry + 1) & tableMask;
      stamps[entry] = epoch;
      table[entry] = index;
    }
  }

  private resizeTable(size: number): void {
    if (this.table.length < size) {
      this.table = new Int32Array(size);
      this.stamps = new Int32Array(size);
      this.epoch = 0;
    }
    this.tableMask = size - 1;
    this.epoch++;
  }

  /** Leaves out of the current configurations those that another of them makes needless; not all, where there are very many. */
  private dropDominated(): void {
    const { stride, stateAt } = this;
    const count = this.currentCount;
    if (this.nextOfState.length < count) this.nextOfState = new Int32Array(count * 2);
    const { current, nextOfState } = this;
    const epoch = ++this.listsEpoch;
    let dropped = 0;
    for (let index = 0; index < count; index++) {
      const base = index * stride;
      const state = current[base + stateAt]!;
      if (this.listsStamps.length <= state) {
        this.listsStamps = grownTo(this.listsStamps, state + 1);
        this.firstOfState = grownTo(this.firstOfState, state + 1);
      }
      if (this.listsStamps[state] !== epoch) {
        this.listsStamps[state] = epoch;
        this.firstOfState[state] = -1;
      }
      let previous = -1;
      let needless = false;
      let compared = 0;
      for (let other = this.firstOfState[state]!; other >= 0 && compared < comparedMax; compared++) {
        const next = nextOfState[other]!;
        if (this.dominates(other * stride, base)) {
          needless = true;
          break;
        }
        if (this.dominates(base, other * stride)) {
          current[other * stride + stateAt] = GONE;
          dropped++;
          if (previous < 0) this.firstOfState[state] = next;
          else nextOfState[previous] = next;
        } else previous = other;
        other = next;
      }
      if (needless) {
        current[base + stateAt] = GONE;
        dropped++;
        continue;
      }
      nextOfState[index] = this.firstOfState[state]!;
      this.firstOfState[state] = index;
    }
    if (dropped > 0) this.compact();
  }

  /** Takes out the configurations that are gone; the others keep their order. */
  private compact(): void {
    const { stride, stateAt, current } = this;
    let end = 0;
    for (let base = 0, currentEnd = this.currentCount * stride; base < currentEnd; base += stride) {
      if (current[base + stateAt] === GONE) continue;
      if (end !== base) for (let i = 0; i < stride; i++) current[end + i] = current[base + i]!;
      end += stride;
    }
    this.currentCount = end / stride;
  }

  /** Whether the configuration at `one` of the current ones can do whatever that of the same state at `other` can. */
  private dominates(one: number, other: number): boolean {
    const { current, stateAt, usageAt } = this;
    if (!this.dominance) {
      for (let i = 0; i <= usageAt; i++) if (current[one + i] !== current[other + i]) return false;
      return true;
    }
    for (let i = 0; i < stateAt; i++) if ((current[other + i]! & ~current[one + i]!) !== 0) return false;
    return this.usesNoMore(current[one + usageAt]!, current[other + usageAt]!);
  }

  /** Leaves no more than `width` configurations, of each state as many of the best as of the others. */
  private narrow(): void {
    const { stride, stateAt, usageAt, current, width, usages } = this;
    const count = this.currentCount;
    const order = new Float64Array(count);
    const ranks = new Map<number, number>();
    for (let index = 0; index < count; index++) {
      const base = index * stride;
      let score = 0;
      for (let i = 0; i < this.words; i++)
        score += 3 * bits(current[base + i]!) + 2 * bits(current[base + this.words + i]!);
      score -= 2 * usages.total(current[base + usageAt]!);
      order[index] = (SCORES - score) * COUNTS + index;
    }
    order.sort();
    for (let i = 0; i < count; i++) {
      const index = order[i]! % COUNTS;
      const state = current[index * stride + stateAt]!;
      const rank = ranks.get(state) ?? 0;
      ranks.set(state, rank + 1);
      order[i] = rank * COUNTS + index;
    }
    order.sort();
    this.narrowed = true;
    const joinedOfState = new Map<number, number>();
    for (let i = width; i < count; i++) {
      const base = (order[i]! % COUNTS) * stride;
      const state = current[base + stateAt]!;
      const joined = this.excess === 'joined' ? joinedOfState.get(state) : undefined;
      if (this.excess === 'joined' && joined === undefined) {
        joinedOfState.set(state, base);
        continue;
      }
      if (joined !== undefined) {
        for (let i = 0; i < stateAt; i++) current[joined + i] = current[joined + i]! | current[base + i]!;
        current[joined + usageAt] = usages.meet(current[joined + usageAt]!, current[base + usageAt]!);
      }
      current[base + stateAt] = GONE;
    }
    this.compact();
    if (joinedOfState.size > 0) {
      this.sortByUsage();
      this.dropDominated();
    }
  }

  /** Those that used the fewest crashed ops first. */
  private sortByUsage(): void {
    const { stride, usageAt, current, usages } = this;
    const order = Array.from({ length: this.currentCount }, (_, index) => index);
    const totals = order.map((index) => usages.total(current[index * stride + usageAt]!));
    order.sort((a, b) => totals[a]! - totals[b]!);
    const sorted = new Int32Array(current.length);
    order.forEach((index, position) => {
      sorted.set(current.subarray(index * stride, (index + 1) * stride), position * stride);
    });
    this.current = sorted;
  }

  private traceNode(parent: number, call: number): number {
    this.traceParent.push(parent);
    this.traceCall.push(call);
    this.traceTime.push(this.at);
    return this.traceParent.length - 1;
  }

  /** The op that made the child of the configuration at `base`, then the reads that it made legal. */
  private traceChild(base: number, child: number, call: number, slot: number): void {
    const { work, nodeAt } = this;
    let node = work[base + nodeAt]!;
    if (call !== UNCONSTRAINED) node = this.traceNode(node, call);
    for (const reading of this.readingSlots) {
      if (reading !== slot && isSettled(work, child, reading) && !isSettled(work, base, reading)) {
        node = this.traceNode(node, this.slotCall[reading]!);
      }
    }
    work[child + nodeAt] = node;
  }

  private result(outcome: SearchResult['outcome'], call: number): SearchResult {
    const crashed = this.classOpen.flatMap((index) => this.classCalls[index]!);
    return {
      outcome,
      ...(this.lacking === undefined ? {} : { lacking: this.lacking }),
      call,
      explored: this.explored,
      narrowed: this.narrowed,
      pending: this.movingSlots.length + this.readingSlots.length,
      crashed,
      configurations: (limit) => this.configurations(limit),
    };
  }

  private configurations(limit: number): Configuration[] {
    const { current, stateAt, nodeAt, stride } = this;
    const slots = [...this.movingSlots, ...this.readingSlots].sort((a, b) => this.slotCall[a]! - this.slotCall[b]!);
    const found: Configuration[] = [];
    for (let base = 0; base < this.currentCount * stride && found.length < limit; base += stride) {
      found.push({
        state: current[base + stateAt]!,
        pending: slots.filter((slot) => !isSettled(current, base, slot)).map((slot) => this.slotCall[slot]!),
        order: this.traced ? this.orderOf(current[base + nodeAt]!) : [],
      });
    }
    return found;
  }

  /** The calls on the way to a node; those that happened unseen each just before the first overwrite that they could precede. */
  private orderOf(last: number): number[] {
    const { traceParent, traceCall, traceTime, invokedAt, returnedAt, opOf } = this;
    const nodes: number[] = [];
    for (let node = last; node >= 0; node = traceParent[node]!) nodes.push(node);
    nodes.reverse();
    const seen = new Set(nodes.map((node) => traceCall[node]!));
    const unseen: number[] = [];
    for (let call = 0; call < opOf.length; call++) {
      if (returnedAt[call]! >= this.at || opOf[call] === UNCONSTRAINED || this.optional?.[call] === 1) continue;
      if (!seen.has(call)) unseen.push(call);
    }
    unseen.sort((a, b) => invokedAt[a]! - invokedAt[b]!);
    const order: number[] = [];
    let next = 0;
    for (const node of nodes) {
      const call = traceCall[node]!;
      if (this.automaton.overwrites(opOf[call]!)) {
        while (next < unseen.length && invokedAt[unseen[next]!]! < traceTime[node]!) order.push(unseen[next++]!);
      }
      order.push(call);
    }
    return order;
  }
}

const isSettled = (configurations: Int32Array, base: number, slot: number): boolean =>
  (configurations[base + (slot >>> 5)]! & (1 << (slot & 31))) !== 0;

/** How many bits are set. */
function bits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function removeFrom(slots: number[], slot: number): void {
  slots[slots.indexOf(slot)] = slots[slots.length - 1]!;
  slots.length--;
}

const grown = (array: Int32Array): Int32Array<ArrayBuffer> => grownTo(array, array.length * 2);

function grownTo(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
}

function grownBytes(array: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(array.length * 2);
  larger.set(array);
  return larger;
}
