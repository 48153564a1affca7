import { type Automaton, ILLEGAL, type Problem, UNCONSTRAINED } from './automaton.ts';
import type { Rules } from './rules.ts';

export interface SearchOptions {
  /** Configurations to look at before giving up. */
  readonly budget: number;
  readonly rules: Rules;
  /** Once invoked, a crashed op may happen any number of times: then only `impossible` is a proof. */
  readonly crashedRepeat?: boolean;
  /** Keep no more than this many configurations after each return: then only `linearizable` is a proof. */
  readonly beam?: number;
  /** Remember how each configuration came about. */
  readonly trace?: boolean;
  /** Calls marked 1 may happen any number of times, or never, between their invocation and their return. */
  readonly optional?: Uint8Array;
  /** Ops that may have happened before, in any order, any number of times. */
  readonly before?: readonly number[];
}

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
  /** The call at whose return no configuration was left, or the budget spent; -1 where linearizable. */
  readonly call: number;
  readonly explored: number;
  /** How many calls were pending at the end; crashed ones are not counted. */
  readonly pending: number;
  /** The crashed calls that might still have mattered then. */
  readonly crashed: readonly number[];
  /** The configurations just before the return of `call` (or at the end), those that used the fewest crashed ops first. */
  configurations(limit: number): Configuration[];
}

const NEVER = 0x7fffffff;

/** What a return leaves. */
const DEAD = 0;
const ALIVE = 1;
const EXHAUSTED = 2;

/** Above the number of classes of crashed ops that any history has: lines are counted in 32 bits. */
const CLASSES_MAX = 2 ** 21;

/**
 * The configuration-set search for linearizability (Herlihy and Wing 1990), with just-in-time linearization as in
 * Lowe, "Testing for linearizability" (2017).
 *
 * It walks the events in order and keeps the set of configurations: which pending calls have happened, the state,
 * and which crashed ops have been used. A call happens no earlier than it must: when some call returns that has not
 * happened yet, all sequences of pending calls that end in it are tried. If no configuration is left, the history is
 * not linearizable.
 *
 * Why each rule is sound, always by exchange in a linearization that the rule would lose:
 * - Reads at once: moving a read-only op forward to where it is legal changes no state, neither where it goes nor where
 *   it was. (A write of the present value is not read-only: where it was, it may have changed the state.)
 * - Equal ops in order: swapping two equal pending ops changes no state, and the one that returns later may be later.
 *   A crashed one returns last of all.
 * - Dominance: whatever a configuration can do that has used more of each class of equal crashed ops, the one that has used
 *   fewer can do as well.
 *
 * Time and memory are proportional to the configurations looked at: exponential in the number of concurrent calls in
 * the worst case (the problem is NP-complete), and one per call where calls hardly overlap.
 *
 * Buffers are kept from one run to the next: use one Search for many objects.
 */
export class Search {
  // A configuration is `stride` integers: the mask of pending calls that have happened, the state, the crashed ops used, the node of its trace.
  private current = new Int32Array(1 << 12);
  private currentCount = 0;
  private work = new Int32Array(1 << 12);
  private workCount = 0;
  private spare = new Int32Array(1 << 12);
  private deferred = new Int32Array(1 << 12);
  private deferredCount = 0;
  private words = 1;
  private stride = 4;

  // Open addressing over `work`; an entry counts only if its stamp is of this epoch.
  private table = new Int32Array(1 << 8);
  private stamps = new Int32Array(1 << 8);
  private tableMask = (1 << 8) - 1;
  private epoch = 0;

  // Slots of pending calls that will return. Equal ones form a chain, the first to return at its head.
  private slotOp: number[] = [];
  private slotCall: number[] = [];
  private slotReturn: number[] = [];
  private slotPrevious: number[] = [];
  private slotNext: number[] = [];
  private chainEnd = new Int32Array(0);
  private movingSlots: number[] = [];
  private readingSlots: number[] = [];

  // Crashed ops by class of equal ones.
  private classOf = new Int32Array(0);
  private classOp: number[] = [];
  private classCalls: number[][] = [];
  private classOpen: number[] = [];
  private crashedRepeat = false;

  // Optional ops that are open, and how many calls of each.
  private optionalOps: number[] = [];
  private optionalOpen = new Int32Array(0);

  // Multisets of crashed ops used, interned: 0 is the empty one; each is a list of class and count, sorted by class.
  private usages: number[][] = [[]];
  private usageTotal: number[] = [0];
  private usageNext = new Map<number, number>();
  private usageByText = new Map<string, number>();

  private traceParent: number[] = [];
  private traceCall: number[] = [];

  private automaton!: Automaton;
  private dominance = true;
  private readsAtOnce = true;
  private equalInOrder = true;
  private traced = false;
  private explored = 0;

  run(problem: Problem, options: SearchOptions): SearchResult {
    const { automaton, op: opOf, events } = problem;
    const { rules, budget, optional } = options;
    const beam = options.beam ?? NEVER;
    this.automaton = automaton;
    this.dominance = rules.dominance;
    this.readsAtOnce = rules.readsAtOnce;
    this.equalInOrder = rules.equalInOrder;
    this.traced = options.trace === true;
    this.crashedRepeat = options.crashedRepeat === true;
    this.explored = 0;

    const returnOf = new Int32Array(opOf.length).fill(NEVER);
    for (let at = 0; at < events.length; at++) {
      const event = events[at]!;
      if ((event & 1) === 1) returnOf[event >>> 1] = at;
    }
    this.prepare(problem, returnOf, optional);
    if (options.before !== undefined) {
      for (const op of options.before) this.openOptional(op);
      if (!this.closeOver(budget)) return this.result('exhausted', -1);
      for (const op of options.before) this.closeOptional(op);
    }

    const slotOf = new Int32Array(opOf.length);
    const freeSlots: number[] = [];
    let slots = 0;
    for (let at = 0; at < events.length; at++) {
      const event = events[at]!;
      const call = event >>> 1;
      const op = opOf[call]!;
      if (op === UNCONSTRAINED) continue;
      this.expireClasses(problem.matters, at);
      if (optional?.[call] === 1) {
        if (automaton.readOnly(op)) continue;
        if ((event & 1) === 0) this.openOptional(op);
        else if (!this.closeOver(budget)) return this.result('exhausted', call);
        else this.closeOptional(op);
      } else if ((event & 1) === 1) {
        const slot = slotOf[call]!;
        const fate = this.returns(slot, budget);
        if (fate !== ALIVE) return this.result(fate === DEAD ? 'impossible' : 'exhausted', call);
        if (this.currentCount > beam) this.currentCount = beam;
        this.releaseSlot(slot);
        freeSlots.push(slot);
      } else if (returnOf[call] === NEVER) {
        this.addCrashed(call, op);
      } else {
        const slot = freeSlots.pop() ?? slots++;
        slotOf[call] = slot;
        this.takeSlot(slot, call, op, returnOf[call]!);
      }
    }
    return this.result('linearizable', -1);
  }

  /** Sizes everything for this problem, and leaves one configuration: the initial state. */
  private prepare({ op: opOf, events }: Problem, returnOf: Int32Array, optional: Uint8Array | undefined): void {
    let pending = 0;
    let pendingMax = 1;
    for (const event of events) {
      const call = event >>> 1;
      if (opOf[call] === UNCONSTRAINED || returnOf[call] === NEVER || optional?.[call] === 1) continue;
      if ((event & 1) === 1) pending--;
      else if (++pending > pendingMax) pendingMax = pending;
    }
    const words = (pendingMax + 31) >>> 5;
    this.words = words;
    this.stride = words + 3;

    const { ops, initial } = this.automaton;
    if (this.chainEnd.length < ops) {
      this.chainEnd = new Int32Array(ops * 2);
      this.classOf = new Int32Array(ops * 2);
      this.optionalOpen = new Int32Array(ops * 2);
    }
    this.chainEnd.fill(-1, 0, ops);
    this.classOf.fill(-1, 0, ops);
    this.optionalOpen.fill(0, 0, ops);
    this.optionalOps.length = 0;
    this.movingSlots.length = 0;
    this.readingSlots.length = 0;
    this.classOp.length = 0;
    this.classCalls.length = 0;
    this.classOpen.length = 0;
    if (this.usages.length > 1) {
      this.usages = [[]];
      this.usageTotal = [0];
      this.usageNext = new Map();
      this.usageByText = new Map();
    }
    this.traceParent = [];
    this.traceCall = [];

    if (this.current.length < this.stride) this.current = new Int32Array(this.stride * 16);
    this.current.fill(0, 0, this.stride);
    this.current[words] = initial;
    this.current[words + 2] = -1;
    this.currentCount = 1;
  }

  private takeSlot(slot: number, call: number, op: number, returnAt: number): void {
    this.slotOp[slot] = op;
    this.slotCall[slot] = call;
    this.slotReturn[slot] = returnAt;
    let previous = this.chainEnd[op]!;
    let next = -1;
    while (previous >= 0 && this.slotReturn[previous]! > returnAt) {
      next = previous;
      previous = this.slotPrevious[previous]!;
    }
    this.slotPrevious[slot] = previous;
    this.slotNext[slot] = next;
    if (previous >= 0) this.slotNext[previous] = slot;
    if (next >= 0) this.slotPrevious[next] = slot;
    else this.chainEnd[op] = slot;

    if (!(this.readsAtOnce && this.automaton.readOnly(op))) {
      this.movingSlots.push(slot);
      return;
    }
    this.readingSlots.push(slot);
    const { automaton, current, stride, words } = this;
    const word = slot >>> 5;
    const bit = 1 << (slot & 31);
    for (let base = 0, end = this.currentCount * stride; base < end; base += stride) {
      if (automaton.step(current[base + words]!, op) === ILLEGAL) continue;
      current[base + word] = current[base + word]! | bit;
      if (this.traced) current[base + words + 2] = this.traceNode(current[base + words + 2]!, call);
    }
  }

  /** Only the slot that returns is released: the first of its chain. */
  private releaseSlot(slot: number): void {
    const next = this.slotNext[slot]!;
    if (next >= 0) this.slotPrevious[next] = -1;
    else this.chainEnd[this.slotOp[slot]!] = -1;
    const list = this.readsAtOnce && this.automaton.readOnly(this.slotOp[slot]!) ? this.readingSlots : this.movingSlots;
    list[list.indexOf(slot)] = list[list.length - 1]!;
    list.length--;
  }

  private addCrashed(call: number, op: number): void {
    if (this.automaton.readOnly(op)) return;
    let index = this.classOf[op]!;
    if (index < 0) {
      index = this.classOp.push(op) - 1;
      this.classOf[op] = index;
      this.classCalls.push([]);
      this.classOpen.push(index);
    }
    this.classCalls[index]!.push(call);
  }

  /** Crashed ops whose effect no one can look at any more are of no use. */
  private expireClasses(matters: Int32Array, at: number): void {
    const { classOpen, classOp } = this;
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
  private closeOver(budget: number): boolean {
    if (!this.search(0, 0, budget)) return false;
    [this.current, this.work] = [this.work, this.current];
    this.currentCount = this.workCount;
    return true;
  }

  /**
   * The call in `slot` returns: where it has not happened yet, it happens now, after whatever pending calls make it legal.
   * DEAD and EXHAUSTED leave the configurations as they were before.
   */
  private returns(slot: number, budget: number): typeof ALIVE | typeof DEAD | typeof EXHAUSTED {
    const { stride, current } = this;
    const word = slot >>> 5;
    const bit = 1 << (slot & 31);
    const count = this.currentCount;

    let happened = 0;
    for (let base = word, end = count * stride; base < end; base += stride) {
      if ((current[base]! & bit) !== 0) happened++;
    }
    if (happened === count) {
      for (let base = word, end = count * stride; base < end; base += stride) current[base] = current[base]! & ~bit;
      return ALIVE;
    }
    if (!this.search(word, bit, budget)) return EXHAUSTED;
    return this.keepHappened(word, bit) ? ALIVE : DEAD;
  }

  /**
   * Fills `work` with the current configurations and all that come about from them, going no further from one that has the bit of
   * the word. False when the budget is spent.
   */
  private search(word: number, bit: number, budget: number): boolean {
    const { stride, words, current, usageTotal } = this;
    const count = this.currentCount;
    this.beginTable(count);
    this.workCount = 0;
    this.deferredCount = 0;
    let taken = 0;
    let expanded = 0;
    // Level by level of crashed ops used, so that what dominates is there before what it dominates.
    while (taken < count || this.deferredCount > 0) {
      const lowest = this.deferredCount > 0 ? this.deferred[words + 1]! : current[taken * stride + words + 1]!;
      const level = usageTotal[lowest]!;
      while (taken < count && usageTotal[current[taken * stride + words + 1]!]! <= level) {
        this.admitCopy(current, taken++ * stride);
      }
      const deferredCount = this.deferredCount;
      this.deferredCount = 0;
      for (let i = 0; i < deferredCount; i++) this.admitCopy(this.deferred, i * stride);
      while (expanded < this.workCount) {
        if ((this.work[expanded * stride + word]! & bit) === 0) this.expand(expanded * stride);
        expanded++;
        if (this.explored + this.deferredCount > budget) return false;
      }
    }
    return true;
  }

  /** Makes the configurations of `work` with this bit the current ones, the bit cleared; false, and nothing, if there are none. */
  private keepHappened(word: number, bit: number): boolean {
    const { work, stride, workCount } = this;
    if (this.spare.length < workCount * stride) this.spare = new Int32Array(work.length);
    const kept = this.spare;
    let end = 0;
    for (let base = 0, workEnd = workCount * stride; base < workEnd; base += stride) {
      if ((work[base + word]! & bit) === 0) continue;
      for (let i = 0; i < stride; i++) kept[end + i] = work[base + i]!;
      kept[end + word] = kept[end + word]! & ~bit;
      end += stride;
    }
    if (end === 0) return false;
    this.spare = this.current;
    this.current = kept;
    this.currentCount = end / stride;
    return true;
  }

  /** Adds to `work` what the configuration at `base` of it becomes by each one op that may happen now. */
  private expand(base: number): void {
    const { automaton, words, stride, movingSlots, slotOp, classOp } = this;
    const state = this.work[base + words]!;
    const usage = this.work[base + words + 1]!;
    for (let i = 0; i < movingSlots.length; i++) {
      const slot = movingSlots[i]!;
      if (this.hasHappened(base, slot)) continue;
      if (this.equalInOrder && this.earlierIsPending(base, this.slotPrevious[slot]!)) continue;
      const next = automaton.step(state, slotOp[slot]!);
      if (next === ILLEGAL) continue;
      const child = this.copyToEnd(base);
      const at = child + (slot >>> 5);
      this.work[at] = this.work[at]! | (1 << (slot & 31));
      this.work[child + words] = next;
      this.settleReads(child);
      if (this.admit() && this.traced) this.traceChild(base, child, this.slotCall[slot]!, slot);
    }
    for (let i = 0; i < this.optionalOps.length; i++) {
      const next = automaton.step(state, this.optionalOps[i]!);
      if (next === ILLEGAL || next === state) continue;
      const child = this.copyToEnd(base);
      this.work[child + words] = next;
      this.settleReads(child);
      if (this.admit() && this.traced) this.traceChild(base, child, UNCONSTRAINED, -1);
    }
    for (let i = 0; i < this.classOpen.length; i++) {
      const index = this.classOpen[i]!;
      const op = classOp[index]!;
      const calls = this.classCalls[index]!;
      const used = this.crashedRepeat ? 0 : this.usedOf(usage, index);
      if (used >= calls.length) continue;
      const next = automaton.step(state, op);
      if (next === ILLEGAL || next === state) continue;
      if (this.equalInOrder && this.earlierIsPending(base, this.chainEnd[op]!)) continue;
      const child = this.copyToEnd(base);
      this.work[child + words] = next;
      this.settleReads(child);
      if (this.crashedRepeat) {
        if (this.admit() && this.traced) this.traceChild(base, child, calls[0]!, -1);
        continue;
      }
      this.work[child + words + 1] = this.usageWith(usage, index);
      if (this.isDominated(child)) continue;
      if (this.traced) this.traceChild(base, child, calls[used]!, -1);
      if (this.deferred.length < (this.deferredCount + 1) * stride) this.deferred = grown(this.deferred);
      this.deferred.set(this.work.subarray(child, child + stride), this.deferredCount * stride);
      this.deferredCount++;
    }
  }

  private hasHappened(base: number, slot: number): boolean {
    return (this.work[base + (slot >>> 5)]! & (1 << (slot & 31))) !== 0;
  }

  /** Whether some call of the chain up to `slot` has not happened. */
  private earlierIsPending(base: number, slot: number): boolean {
    while (slot >= 0) {
      if (!this.hasHappened(base, slot)) return true;
      slot = this.slotPrevious[slot]!;
    }
    return false;
  }

  /** All pending read-only ops that are legal in the state at `base` of `work` happen. */
  private settleReads(base: number): void {
    const { readingSlots, slotOp, automaton, work } = this;
    const state = work[base + this.words]!;
    for (let i = 0; i < readingSlots.length; i++) {
      const slot = readingSlots[i]!;
      const at = base + (slot >>> 5);
      const bit = 1 << (slot & 31);
      if ((work[at]! & bit) === 0 && automaton.step(state, slotOp[slot]!) !== ILLEGAL) work[at] = work[at]! | bit;
    }
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

  private admitCopy(source: Int32Array, base: number): void {
    const { stride } = this;
    const end = this.workCount * stride;
    if (this.work.length < end + stride) this.work = grown(this.work);
    const { work } = this;
    for (let i = 0; i < stride; i++) work[end + i] = source[base + i]!;
    this.admit();
  }

  /** Takes the configuration past the end of `work` in, unless another makes it needless. */
  private admit(): boolean {
    const base = this.workCount * this.stride;
    const entry = this.findPlace(base);
    if (entry < 0) return false;
    this.stamps[entry] = this.epoch;
    this.table[entry] = this.workCount++;
    this.explored++;
    if (this.workCount * 2 > this.tableMask) this.growTable();
    return true;
  }

  private isDominated(base: number): boolean {
    return this.findPlace(base) < 0;
  }

  /** The free entry of the table for the configuration at `base` of `work`; -1 if one that is there makes it needless. */
  private findPlace(base: number): number {
    const { work, words, stride, table, stamps, tableMask, epoch } = this;
    let entry = this.hashAt(base) & tableMask;
    while (stamps[entry] === epoch) {
      const other = table[entry]! * stride;
      let i = 0;
      while (i <= words && work[other + i] === work[base + i]) i++;
      if (i > words && this.makesNeedless(work[other + i]!, work[base + i]!)) return -1;
      entry = (entry + 1) & tableMask;
    }
    return entry;
  }

  private hashAt(base: number): number {
    const { work, words } = this;
    let hash = 0;
    for (let i = 0; i <= words; i++) hash = Math.imul(hash ^ work[base + i]!, 0x9e3779b1) ^ (hash >>> 15);
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

  /** Whether the usage `one` is no more than the usage `other` in every class. */
  private makesNeedless(one: number, other: number): boolean {
    if (one === other) return true;
    if (!this.dominance) return false;
    if (one === 0) return true;
    if (this.usageTotal[one]! >= this.usageTotal[other]!) return false;
    const less = this.usages[one]!;
    const more = this.usages[other]!;
    let at = 0;
    for (let i = 0; i < less.length; i += 2) {
      while (at < more.length && more[at]! < less[i]!) at += 2;
      if (at >= more.length || more[at] !== less[i] || more[at + 1]! < less[i + 1]!) return false;
    }
    return true;
  }

  private usedOf(usage: number, index: number): number {
    const list = this.usages[usage]!;
    for (let i = 0; i < list.length; i += 2) if (list[i] === index) return list[i + 1]!;
    return 0;
  }

  private usageWith(usage: number, index: number): number {
    const key = usage * CLASSES_MAX + index;
    const known = this.usageNext.get(key);
    if (known !== undefined) return known;
    const list = this.usages[usage]!.slice();
    let at = 0;
    while (at < list.length && list[at]! < index) at += 2;
    if (list[at] === index) list[at + 1]!++;
    else list.splice(at, 0, index, 1);
    const text = list.join();
    let id = this.usageByText.get(text);
    if (id === undefined) {
      id = this.usages.length;
      this.usages.push(list);
      this.usageTotal.push(this.usageTotal[usage]! + 1);
      this.usageByText.set(text, id);
    }
    this.usageNext.set(key, id);
    return id;
  }

  private traceNode(parent: number, call: number): number {
    this.traceParent.push(parent);
    this.traceCall.push(call);
    return this.traceParent.length - 1;
  }

  /** The op that made the child of the configuration at `base`, then the reads that it made legal. */
  private traceChild(base: number, child: number, call: number, slot: number): void {
    const { work, words } = this;
    let node = work[base + words + 2]!;
    if (call !== UNCONSTRAINED) node = this.traceNode(node, call);
    for (const reading of this.readingSlots) {
      if (reading !== slot && this.hasHappened(child, reading) && !this.hasHappened(base, reading)) {
        node = this.traceNode(node, this.slotCall[reading]!);
      }
    }
    work[child + words + 2] = node;
  }

  private result(outcome: SearchResult['outcome'], call: number): SearchResult {
    const crashed = this.classOpen.flatMap((index) => this.classCalls[index]!);
    return {
      outcome,
      call,
      explored: this.explored,
      pending: this.movingSlots.length + this.readingSlots.length,
      crashed,
      configurations: (limit) => this.configurations(limit),
    };
  }

  private configurations(limit: number): Configuration[] {
    const { current, words, stride } = this;
    const slots = [...this.movingSlots, ...this.readingSlots].sort((a, b) => this.slotCall[a]! - this.slotCall[b]!);
    const found: Configuration[] = [];
    for (let base = 0; base < this.currentCount * stride && found.length < limit; base += stride) {
      const pending = slots.filter((slot) => (current[base + (slot >>> 5)]! & (1 << (slot & 31))) === 0);
      const order: number[] = [];
      for (let node = this.traced ? current[base + words + 2]! : -1; node >= 0; node = this.traceParent[node]!) {
        order.push(this.traceCall[node]!);
      }
      found.push({
        state: current[base + words]!,
        pending: pending.map((slot) => this.slotCall[slot]!),
        order: order.reverse(),
      });
    }
    return found;
  }
}

const grown = (array: Int32Array): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
};
