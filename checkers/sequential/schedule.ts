import { type Automaton, ILLEGAL } from '../linearizable/automaton.ts';
import { CRASHED } from '../linearizable/calls.ts';
import { Configurations } from './configurations.ts';
import { NO_VALUE, type Program } from './program.ts';

/** An op that may be next, and the state that it would leave. */
export interface Candidate {
  readonly op: number;
  readonly state: number;
}

/** Optional ops of one object that are equal. None of them has anything after it, so any can stand for any other. */
interface OptionalClass {
  readonly object: number;
  readonly members: readonly number[];
}

/**
 * An order of the ops of a program in the making: ops are taken one after the other, and taken back. It keeps to the chains and edges, and
 * each object behaves as its automaton says. Some ops happen without being asked for, and some are no candidates, where that loses no
 * order that explains the program. Why each rule is sound, always by exchange in such an order:
 * - Read-only ops at once: moving one forward to where it is legal changes no state, neither where it goes nor where it was.
 * - Unseen writes at once, where no op to come expects what the object holds: the next op on it can only be another write, so one whose
 *   value no op to come expects is seen neither there, nor where it was. So too just before another write.
 * - No value is lost: what an op to come expects, and none to come leaves, is not replaced.
 * - Optional ops on demand: of the orders that use the fewest of them, what one leaves is expected by the next op on its object. It
 *   may as well happen just before that one, which is the next of its chain already, or optional too.
 * Of registers with ops that were refused only the first and third hold, as those look at what is not there; of other objects the first.
 *
 * Taking an op costs what waits for its object; where that is little, constant time.
 */
export class Schedule {
  readonly program: Program;
  /** How far each chain has gone, and the state of each object. */
  readonly place: Configurations;
  /** How many of the optional ops of each class have happened. */
  readonly used: Int32Array;
  /** Of each op 1 where it has happened. */
  readonly happened: Uint8Array;
  /** The chain of each op; -1 of optional ones. */
  readonly chainOf: Int32Array;
  private readonly automata: readonly Automaton[];

  // Chains one after the other, each from firstOf on; `at` is the next op of each.
  private readonly chained: Int32Array;
  private readonly firstOf: Int32Array;
  private readonly at: Int32Array;
  private placedCount = 0;

  private readonly state: Int32Array;
  /** What each register holds; NO_VALUE where no op expects that. */
  private readonly held: Int32Array;
  private readonly isWatched: Uint8Array;

  // How many edges into each op are open; and the ops that edges lead to, from firstHead on for each op.
  private readonly open: Int32Array;
  private readonly heads: Int32Array;
  private readonly firstHead: Int32Array;

  // Of each value how many ops to come must happen and expect it, how many ops to come leave it, and whether an optional one expects it.
  private readonly expected: Int32Array;
  private readonly leaving: Int32Array;
  private readonly isOptionallyExpected: Uint8Array;

  private readonly classes: OptionalClass[] = [];
  private readonly classOf: Int32Array;
  private readonly after: Int32Array;

  // The chains whose next op is on an object, as a doubly linked list for each.
  private readonly firstWaiting: Int32Array;
  private readonly nextWaiting: Int32Array;
  private readonly previousWaiting: Int32Array;
  /** Chains whose next op may happen at once. */
  private readonly agenda: number[] = [];

  // What has happened, with the state and value that the object had before.
  private readonly doneOp: number[] = [];
  private readonly doneState: number[] = [];
  private readonly doneHeld: number[] = [];

  /** `edges`: pairs of ops that must happen, in addition to those of the program. */
  constructor(program: Program, edges: readonly (readonly [number, number])[]) {
    const { chains, objects, object, optional, length, expects, leaves, op, values } = program;
    this.program = program;
    this.automata = objects.map(({ automaton }) => automaton);
    this.chained = Int32Array.from(chains.flat());
    this.firstOf = new Int32Array(chains.length + 1);
    this.chainOf = new Int32Array(length).fill(-1);
    chains.forEach((chain, index) => {
      this.firstOf[index + 1] = this.firstOf[index]! + chain.length;
      for (const member of chain) this.chainOf[member] = index;
    });
    this.at = this.firstOf.slice(0, chains.length);
    this.happened = new Uint8Array(length);
    this.state = Int32Array.from(this.automata, ({ initial }) => initial);
    this.held = Int32Array.from(objects, ({ initial }) => initial);
    this.isWatched = Uint8Array.from(objects, ({ isWatched }) => (isWatched ? 1 : 0));

    const all = [...program.edges, ...edges];
    this.open = new Int32Array(length);
    this.firstHead = new Int32Array(length + 1);
    for (const [from, to] of all) {
      this.open[to]!++;
      this.firstHead[from + 1]!++;
    }
    for (let from = 0; from < length; from++) this.firstHead[from + 1]! += this.firstHead[from]!;
    this.heads = new Int32Array(all.length);
    const filled = this.firstHead.slice();
    for (const [from, to] of all) this.heads[filled[from]!++] = to;

    this.expected = new Int32Array(values);
    this.leaving = new Int32Array(values);
    this.isOptionallyExpected = new Uint8Array(values);
    for (const member of this.chained) {
      if (expects[member] !== NO_VALUE) this.expected[expects[member]!]!++;
      if (leaves[member] !== NO_VALUE) this.leaving[leaves[member]!]!++;
    }
    this.classOf = new Int32Array(length).fill(-1);
    this.after = new Int32Array(length).fill(-1);
    const classes = new Map<string, { readonly index: number; readonly members: number[] }>();
    for (const { op: member, after } of optional) {
      this.after[member] = after;
      if (expects[member] !== NO_VALUE) this.isOptionallyExpected[expects[member]!] = 1;
      if (leaves[member] !== NO_VALUE) this.leaving[leaves[member]!]!++;
      const name = `${object[member]} ${op[member]}`;
      let own = classes.get(name);
      if (own === undefined) {
        own = { index: this.classes.length, members: [] };
        classes.set(name, own);
        this.classes.push({ object: object[member]!, members: own.members });
      }
      own.members.push(member);
      this.classOf[member] = own.index;
    }
    this.used = new Int32Array(this.classes.length);

    this.firstWaiting = new Int32Array(objects.length).fill(-1);
    this.nextWaiting = new Int32Array(chains.length);
    this.previousWaiting = new Int32Array(chains.length);
    for (let chain = 0; chain < chains.length; chain++) {
      this.wait(chain);
      this.agenda.push(chain);
    }
    this.place = new Configurations(Int32Array.from([...this.at, ...this.state]));
    this.settle();
  }

  /** How many ops have happened of those that must. */
  get placed(): number {
    return this.placedCount;
  }

  get isComplete(): boolean {
    return this.placedCount === this.chained.length;
  }

  /** What has happened, in order. */
  get order(): readonly number[] {
    return this.doneOp;
  }

  /** The next op of the chain; -1 where there is none. */
  next(chain: number): number {
    const at = this.at[chain]!;
    return at === this.firstOf[chain + 1] ? -1 : this.chained[at]!;
  }

  /** The ops of the chain that happened last, the last first, no more than so many. */
  last(chain: number, count: number): Int32Array {
    const at = this.at[chain]!;
    return this.chained.slice(Math.max(this.firstOf[chain]!, at - count), at).reverse();
  }

  /** Whether edges keep the op from happening. */
  isHeldBack(op: number): boolean {
    return this.open[op]! > 0;
  }

  /** Whether what the object holds is expected by an op to come, and left by none. */
  mustStay(object: number): boolean {
    const held = this.held[object]!;
    return held !== NO_VALUE && this.leaving[held] === 0 && this.expected[held]! > 0;
  }

  /** What the register holds; NO_VALUE where no op expects that, or it is none. */
  heldBy(object: number): number {
    return this.held[object]!;
  }

  /** All ops of chains that may be next, and lead on. */
  candidates(): Candidate[] {
    const found: Candidate[] = [];
    for (let chain = 0; chain < this.at.length; chain++) {
      const op = this.next(chain);
      if (op >= 0 && this.open[op] === 0) this.consider(op, found);
    }
    return found;
  }

  /** Those on one object. */
  candidatesOn(object: number): Candidate[] {
    const found: Candidate[] = [];
    for (let chain = this.firstWaiting[object]!; chain >= 0; chain = this.nextWaiting[chain]!) {
      const op = this.next(chain);
      if (this.open[op] === 0) this.consider(op, found);
    }
    return found;
  }

  /** All optional ops that may be next, and are of use: one of each class. */
  optionalCandidates(): Candidate[] {
    const found: Candidate[] = [];
    this.classes.forEach(({ object, members }, index) => {
      if (this.used[index] === members.length) return;
      const member = members.find(
        (one) => this.happened[one] === 0 && (this.after[one] === -1 || this.happened[this.after[one]!] === 1),
      );
      if (member === undefined) return;
      if (this.isWatched[object] === 1 || this.isAwaited(object, member)) this.consider(member, found);
    });
    return found;
  }

  private consider(op: number, found: Candidate[]): void {
    const object = this.program.object[op]!;
    const automaton = this.automata[object]!;
    const number = this.program.op[op]!;
    if (automaton.readOnly(number) || this.loses(op, object)) return;
    for (const state of statesAfter(automaton, this.state[object]!, number)) found.push({ op, state });
  }

  /** Whether the op would replace a value that another op to come expects, and none to come leaves. */
  private loses(op: number, object: number): boolean {
    if (!this.mustStay(object)) return false;
    const held = this.held[object]!;
    const own = this.chainOf[op]! >= 0 && this.program.expects[op] === held ? 1 : 0;
    return this.expected[held]! > own;
  }

  /** Whether what the optional op leaves is expected by the next op of some chain, or by another optional one. */
  private isAwaited(object: number, op: number): boolean {
    const value = this.program.leaves[op]!;
    if (this.isOptionallyExpected[value] === 1) return true;
    for (let chain = this.firstWaiting[object]!; chain >= 0; chain = this.nextWaiting[chain]!) {
      if (this.program.expects[this.next(chain)] === value) return true;
    }
    return false;
  }

  /** Lets the candidate happen, and what may happen at once then. */
  take({ op, state }: Candidate): void {
    const object = this.program.object[op]!;
    if (this.isWatched[object] === 0 && this.overwrites(op) && !this.isUnseen(op)) this.settleUnseenBefore(op, object);
    this.perform(op, state);
    this.settle();
  }

  /** Of the writes to the object that are not seen one happens now; the others then happen at once. */
  private settleUnseenBefore(op: number, object: number): void {
    for (let chain = this.firstWaiting[object]!; chain >= 0; chain = this.nextWaiting[chain]!) {
      const other = this.next(chain);
      if (other === op || this.open[other]! > 0 || !this.overwrites(other) || !this.isUnseen(other)) continue;
      this.perform(other, this.automata[object]!.step(this.state[object]!, this.program.op[other]!));
      this.settle();
      return;
    }
  }

  private overwrites(op: number): boolean {
    return this.automata[this.program.object[op]!]!.overwrites(this.program.op[op]!);
  }

  /** Whether no op to come expects what the op leaves. */
  private isUnseen(op: number): boolean {
    return this.isUnexpected(this.program.leaves[op]!);
  }

  private isUnexpected(value: number): boolean {
    return value === NO_VALUE || (this.expected[value] === 0 && this.isOptionallyExpected[value] === 0);
  }

  /** Lets happen what may happen at once. */
  private settle(): void {
    const { agenda, program } = this;
    for (let chain = agenda.pop(); chain !== undefined; chain = agenda.pop()) {
      const op = this.next(chain);
      if (op < 0 || this.open[op]! > 0) continue;
      const object = program.object[op]!;
      const automaton = this.automata[object]!;
      const number = program.op[op]!;
      const isUnseenNow = (): boolean =>
        this.isWatched[object] === 0 &&
        this.isUnexpected(this.held[object]!) &&
        automaton.overwrites(number) &&
        this.isUnseen(op);
      if (!automaton.readOnly(number) && !isUnseenNow()) continue;
      const [state] = statesAfter(automaton, this.state[object]!, number);
      if (state !== undefined) this.perform(op, state);
    }
  }

  private perform(op: number, state: number): void {
    const { program } = this;
    const object = program.object[op]!;
    const expects = program.expects[op]!;
    const leaves = program.leaves[op]!;
    const chain = this.chainOf[op]!;
    this.doneOp.push(op);
    this.doneState.push(this.state[object]!);
    this.doneHeld.push(this.held[object]!);
    this.happened[op] = 1;
    let isNews = false;
    if (chain >= 0) {
      this.placedCount++;
      if (expects !== NO_VALUE) isNews = --this.expected[expects]! === 0;
      this.advance(chain, 1);
      this.agenda.push(chain);
      for (let at = this.firstHead[op]!; at < this.firstHead[op + 1]!; at++) {
        const head = this.heads[at]!;
        if (--this.open[head]! === 0) this.agenda.push(this.chainOf[head]!);
      }
    } else {
      this.used[this.classOf[op]!]!++;
    }
    if (leaves !== NO_VALUE) this.leaving[leaves]!--;
    if (!this.automata[object]!.readOnly(program.op[op]!)) {
      this.held[object] = leaves;
      this.state[object] = state;
      this.place.set(this.at.length + object, state);
      isNews = true;
    }
    if (!isNews) return;
    for (let other = this.firstWaiting[object]!; other >= 0; other = this.nextWaiting[other]!) this.agenda.push(other);
  }

  /** Takes back all but the first so many of what has happened. */
  undoTo(done: number): void {
    const { program } = this;
    while (this.doneOp.length > done) {
      const op = this.doneOp.pop()!;
      const object = program.object[op]!;
      const expects = program.expects[op]!;
      const leaves = program.leaves[op]!;
      const chain = this.chainOf[op]!;
      this.state[object] = this.doneState.pop()!;
      this.held[object] = this.doneHeld.pop()!;
      this.place.set(this.at.length + object, this.state[object]!);
      this.happened[op] = 0;
      if (leaves !== NO_VALUE) this.leaving[leaves]!++;
      if (chain < 0) {
        this.used[this.classOf[op]!]!--;
        continue;
      }
      this.placedCount--;
      if (expects !== NO_VALUE) this.expected[expects]!++;
      this.advance(chain, -1);
      for (let at = this.firstHead[op]!; at < this.firstHead[op + 1]!; at++) this.open[this.heads[at]!]!++;
    }
  }

  private advance(chain: number, by: number): void {
    this.leaveWaiting(chain);
    this.at[chain]! += by;
    this.place.set(chain, this.at[chain]!);
    this.wait(chain);
  }

  /** Enters the chain in the list of the object of its next op. */
  private wait(chain: number): void {
    const op = this.next(chain);
    if (op < 0) return;
    const object = this.program.object[op]!;
    const first = this.firstWaiting[object]!;
    this.nextWaiting[chain] = first;
    this.previousWaiting[chain] = -1;
    if (first >= 0) this.previousWaiting[first] = chain;
    this.firstWaiting[object] = chain;
  }

  private leaveWaiting(chain: number): void {
    const op = this.next(chain);
    if (op < 0) return;
    const next = this.nextWaiting[chain]!;
    const previous = this.previousWaiting[chain]!;
    if (next >= 0) this.previousWaiting[next] = previous;
    if (previous >= 0) this.nextWaiting[previous] = next;
    else this.firstWaiting[this.program.object[op]!] = next;
  }
}

/** What the op may leave; nothing where it is illegal. */
export function statesAfter(automaton: Automaton, state: number, op: number): readonly number[] {
  if (automaton.branching?.(op) === true) return automaton.branches!(state, op);
  const next = automaton.step(state, op);
  return next === ILLEGAL ? [] : [next];
}

/** When each op is thought to have happened, as a line: half way through, and of one that crashed at its invocation. */
export function likelyTimes(program: Program): Float64Array {
  return Float64Array.from(program.line, (line, op) => {
    const returned = returnLine(program, op);
    return returned < 0 ? line : (line + returned) / 2;
  });
}

/** The line on which the op returned; -1 where it did not. */
export function returnLine(program: Program, op: number): number {
  const { calls } = program.objects[program.object[op]!]!;
  const call = program.call[op]!;
  return calls.fate[call] === CRASHED ? -1 : calls.completion[call]!;
}
