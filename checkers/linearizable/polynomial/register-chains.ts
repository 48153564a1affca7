/**
 * Chains of calls on a register: a write, the reads of its value, the cas that expects it, the reads of what that left,
 * and so on.
 */
import { CAS, markNeeded, NOBODY, READ, type RegisterCalls, WRITE } from './register-calls.ts';
import { NEVER } from './spans.ts';

/**
 * Why the calls are linearizable just if nothing is found that `contradictionBefore` looks for (Gibbons and Korach,
 * "Testing shared memories", 1997, for reads and writes of which it is known what each read read; as zones in Anderson,
 * Li, Shah, Tucker, and Wylie, "What consistency does your key-value store actually provide?", 2010; here with cas and
 * with calls that crashed):
 *
 * The value that a call expects has one source. So in a linearization a cas follows its source with nothing but reads
 * between them, and no two cas have one source. The calls fall into *chains*, each of which begins with a write or with
 * the initial value and has levels that follow each other: the write, its reads, the cas, its reads, and so on. At any
 * time the value is one of one chain, which is left for good when another begins. So each chain is in one piece, and that
 * of the initial value comes first, as if it began with a write that returned before everything. And whatever the order
 * of the chains, each call finds what it expects. What remains is real time:
 *
 * - Within a chain no call may return before one of an earlier level is invoked.
 * - Let s be the latest invocation in a chain and f the earliest return. Chain A must come before chain B just if a call
 *   of A returns before one of B is invoked: f(A) < s(B). There is an order just if this relation has no cycle, and it
 *   has none if no two chains must each come before the other: in any cycle take the chain M with the earliest f. Every
 *   chain Y of the cycle comes after some X of it, f(M) <= f(X) < s(Y), so M must come before all others, and one of them
 *   before M.
 *
 * Typed arrays throughout, made once; everything is linear in the calls.
 */
export class RegisterChains {
  /** The number that stands for the initial value among the sources. */
  private readonly initial: number;
  private readonly calls: RegisterCalls;
  /** Calls count as returned if they did so before this. */
  private limit = NEVER;
  private readonly needed: Uint8Array;
  private readonly neededBy: Int32Array;
  /** Of a source the cas that expects what it left; -1 where there is none. */
  private readonly next: Int32Array;
  /** Of a source where its chain begins; -1 where it is in none. */
  private readonly root: Int32Array;
  /** Of a source the number of sources before it in its chain. */
  private readonly depth: Int32Array;
  /**
   * Of a source the latest invocation and the earliest return among the reads of what it left; -1 and NEVER where there
   * are none.
   */
  private readonly readInvoked: Int32Array;
  private readonly readReturned: Int32Array;
  /** Of the root of a chain: s and f. */
  private readonly lastInvoked: Int32Array;
  private readonly firstReturned: Int32Array;

  constructor(calls: RegisterCalls) {
    const size = calls.length + 1;
    this.calls = calls;
    this.initial = calls.length;
    this.needed = new Uint8Array(size);
    this.neededBy = new Int32Array(size);
    this.next = new Int32Array(size);
    this.root = new Int32Array(size);
    this.depth = new Int32Array(size);
    this.readInvoked = new Int32Array(size);
    this.readReturned = new Int32Array(size);
    this.lastInvoked = new Int32Array(size);
    this.firstReturned = new Int32Array(size);
  }

  /**
   * Calls that contradict each other if only what returned before the position `limit` is known; undefined where none do.
   * With what returned later they do so all the more.
   */
  contradictionBefore(limit: number): readonly number[] | undefined {
    this.limit = limit;
    markNeeded(this.calls, limit, this.needed, this.neededBy);
    return this.linkCalls() ?? this.followChains() ?? this.conflictOfChains();
  }

  /**
   * All needed calls in an order that explains them. Of calls without contradiction, after `contradictionBefore(NEVER)`.
   */
  linearization(): Int32Array {
    const { length, kind, source } = this.calls;
    const firstRead = new Int32Array(length + 1).fill(-1);
    const nextRead = new Int32Array(length);
    let count = 0;
    for (let call = length - 1; call >= 0; call--) {
      if (this.needed[call] === 0) continue;
      count++;
      if (kind[call] !== READ) continue;
      const from = source[call]!;
      nextRead[call] = firstRead[from]!;
      firstRead[from] = call;
    }
    const order = new Int32Array(count);
    let at = 0;
    for (const root of this.rootsInOrder()) {
      for (let node = root; node >= 0; node = this.next[node]!) {
        if (node !== this.initial) order[at++] = node;
        for (let read = firstRead[node]!; read >= 0; read = nextRead[read]!) order[at++] = read;
      }
    }
    return order;
  }

  /**
   * In the order of the earlier of s and f. Where A must come before B and not B before A, that is f(A) < s(B) and s(A) <
   * f(B), the earlier one of A is before both of B.
   */
  private *rootsInOrder(): Generator<number> {
    yield this.initial;
    const { events } = this.calls;
    for (let position = 0; position < events.length; position++) {
      const root = this.rootOf(events[position]! >>> 1);
      if (root < 0 || root === this.initial) continue;
      if (position === Math.min(this.lastInvoked[root]!, this.firstReturned[root]!)) yield root;
    }
  }

  private linkCalls(): number[] | undefined {
    const { length, kind, source, invoked } = this.calls;
    this.next.fill(-1);
    this.readInvoked.fill(-1);
    this.readReturned.fill(NEVER);
    for (let call = 0; call < length; call++) {
      if (this.needed[call] === 0 || kind[call] === WRITE) continue;
      const from = source[call]!;
      if (from === NOBODY) return this.withWitness(call);
      if (kind[call] === READ) {
        this.readInvoked[from] = Math.max(this.readInvoked[from]!, invoked[call]!);
        this.readReturned[from] = Math.min(this.readReturned[from]!, this.returnOf(call));
        continue;
      }
      const other = this.next[from]!;
      if (other >= 0) return [...this.linksTo(other), ...this.withWitness(other), ...this.withWitness(call)];
      this.next[from] = call;
    }
    return undefined;
  }

  private followChains(): number[] | undefined {
    const { length, kind } = this.calls;
    this.root.fill(-1);
    const ofInitial = this.followChain(this.initial);
    if (ofInitial !== undefined) return ofInitial;
    for (let call = 0; call < length; call++) {
      if (this.needed[call] === 0 || kind[call] !== WRITE) continue;
      const contradiction = this.followChain(call);
      if (contradiction !== undefined) return contradiction;
    }
    for (let call = 0; call < length; call++) {
      if (this.needed[call] === 1 && kind[call] === CAS && this.root[call] === -1) {
        // A circle of cas, of which none can be the first.
        return [...this.linksTo(call), ...this.withWitness(call)];
      }
    }
    return undefined;
  }

  private followChain(root: number): number[] | undefined {
    const { invoked } = this.calls;
    let latest = -1;
    let earliest = root === this.initial ? -1 : NEVER;
    for (let node = root, depth = 0; node >= 0; node = this.next[node]!, depth++) {
      this.root[node] = root;
      this.depth[node] = depth;
      if (node !== this.initial) {
        const returned = this.returnOf(node);
        if (returned < latest) return this.returnedTooEarly(node);
        latest = Math.max(latest, invoked[node]!);
        earliest = Math.min(earliest, returned);
      }
      if (this.readReturned[node]! < latest) return this.returnedTooEarly(this.firstReadOf(node));
      latest = Math.max(latest, this.readInvoked[node]!);
      earliest = Math.min(earliest, this.readReturned[node]!);
    }
    this.lastInvoked[root] = latest;
    this.firstReturned[root] = earliest;
    return undefined;
  }

  /**
   * Of two chains that conflict, A is sought for the one with the earlier s, B: of all chains with f(A) < s(B) the one
   * with the latest s conflicts with B if any does.
   */
  private conflictOfChains(): number[] | undefined {
    const { invoked, returned, events } = this.calls;
    let latest = this.initial;
    for (const event of events) {
      const call = event >>> 1;
      const root = this.rootOf(call);
      if (root < 0) continue;
      if ((event & 1) === 1) {
        if (this.firstReturned[root] !== returned[call]) continue;
        if (this.lastInvoked[root]! > this.lastInvoked[latest]!) latest = root;
      } else if (this.lastInvoked[root] === invoked[call] && latest !== root) {
        if (this.lastInvoked[latest]! > this.firstReturned[root]!) return this.conflict(latest, root);
      }
    }
    return undefined;
  }

  private returnOf(call: number): number {
    const returned = this.calls.returned[call]!;
    return returned < this.limit ? returned : NEVER;
  }

  /** Where the chain of a call begins; -1 where it is in none. */
  private rootOf(call: number): number {
    if (this.needed[call] === 0) return -1;
    return this.root[this.calls.kind[call] === READ ? this.calls.source[call]! : call]!;
  }

  /** Calls of one chain with a greater level come later. */
  private levelOf(call: number): number {
    const isRead = this.calls.kind[call] === READ;
    return 2 * this.depth[isRead ? this.calls.source[call]! : call]! + (isRead ? 1 : 0);
  }

  private firstReadOf(node: number): number {
    const { kind, source } = this.calls;
    return kind.findIndex(
      (of, call) => of === READ && source[call] === node && this.returnOf(call) === this.readReturned[node],
    );
  }

  /** The call returned before one of an earlier level was invoked. */
  private returnedTooEarly(call: number): number[] {
    const { length, invoked } = this.calls;
    const root = this.rootOf(call);
    const level = this.levelOf(call);
    const returned = this.returnOf(call);
    for (let earlier = 0; earlier < length; earlier++) {
      if (invoked[earlier]! <= returned || this.rootOf(earlier) !== root || this.levelOf(earlier) >= level) continue;
      return [...this.linksTo(call), earlier];
    }
    throw new Error('expected a call of an earlier level');
  }

  /** Each of the chains must come before the other. Keeps the calls that show it at the lowest levels where any do. */
  private conflict(a: number, b: number): number[] {
    if (b === this.initial) [a, b] = [b, a];
    const { invoked, returned } = this.calls;
    const returnedBefore = (chain: number, position: number): number =>
      this.lowest(chain, (call) => this.returnOf(call) < position);
    const invokedAfter = (chain: number, position: number): number =>
      this.lowest(chain, (call) => invoked[call]! > position);

    const overInB = returnedBefore(b, this.lastInvoked[a]!);
    const openInA = invokedAfter(a, returned[overInB]!);
    if (a === this.initial) return [...this.explained([openInA]), ...this.explained([overInB])];
    const overInA = returnedBefore(a, this.lastInvoked[b]!);
    const openInB = invokedAfter(b, returned[overInA]!);
    return [...this.explained([openInA, overInA]), ...this.explained([openInB, overInB])];
  }

  /** The call at the lowest level of a chain of which `test` holds. */
  private lowest(chain: number, test: (call: number) => boolean): number {
    let lowest = -1;
    for (let call = 0; call < this.calls.length; call++) {
      if (this.rootOf(call) !== chain || !test(call)) continue;
      if (lowest < 0 || this.levelOf(call) < this.levelOf(lowest)) lowest = call;
    }
    return lowest;
  }

  /** Calls of one chain, with all that makes them one, and shows that they happened. */
  private explained(calls: readonly number[]): number[] {
    const last = calls.reduce((a, b) => (this.levelOf(a) >= this.levelOf(b) ? a : b));
    return [...calls, ...this.linksTo(last), ...this.withWitness(last)];
  }

  /** The call, its source, the source of that, and so on. */
  private linksTo(call: number): number[] {
    const links = new Set<number>();
    for (let link = call; link >= 0 && link !== this.initial && !links.has(link); link = this.calls.source[link]!) {
      links.add(link);
    }
    return [...links];
  }

  /** The call, and where it did not return, the one that expects what it left, and so on to one that did. */
  private withWitness(call: number): number[] {
    const witnesses = [call];
    for (let at = call; this.returnOf(at) === NEVER; witnesses.push(at)) at = this.neededBy[at]!;
    return witnesses;
  }
}
