/**
 * Small simulated databases, one for each way to isolate transactions. What they do is what the definitions allow, and no more
 * (Adya 1999, chapters 3 and 4; snapshot isolation also Berenson and others, A Critique of ANSI SQL Isolation Levels, SIGMOD 1995).
 *
 * | isolation   | reads                                                        | writes                                          |
 * |-------------|--------------------------------------------------------------|-------------------------------------------------|
 * | dirty       | any state that the key ever was in, committed or not         | at once, under a lock held until the end        |
 * | committed   | any state that was committed, never one within a transaction | take effect at the commit, under the same locks |
 * | snapshot    | what was committed when the transaction began                | the first that commits wins, the other aborts   |
 * | serial      | as snapshot, but all of a transaction happens at one moment  | as snapshot, so that none aborts                |
 *
 * Reads of a key that the transaction itself wrote see its own writes. Whoever would have to wait for a lock aborts, so that there are
 * no deadlocks. A lock is taken by the first write to a key: what its holder reads from then on is what it leaves behind.
 */
import type { Value } from '../history/value.ts';
import type { MicroOp, Transaction, TransactionWorkload } from './transactions.ts';

export type Isolation = 'dirty' | 'committed' | 'snapshot' | 'serial';

/** What a key holds: a list or the value of a register. */
type State = Value;

type States = ReadonlyMap<string, State>;

/** How transactions, told apart by number, get at the states of keys. */
interface Store {
  begin(transaction: number): void;
  /** A key that the transaction did not write. `staleness`: how many states ago, where old ones may be read. */
  read(transaction: number, key: string, staleness: number): State;
  /** What its first write to the key finds there; undefined where it has to abort. */
  beforeWrite(transaction: number, key: string): State | undefined;
  wrote(key: string, state: State): void;
  /** False where it has to abort. */
  commit(transaction: number, own: States): boolean;
  abort(transaction: number, own: States): void;
}

interface Running {
  readonly results: MicroOp[];
  /** The keys that it wrote, as it left them. */
  readonly own: Map<string, State>;
  fate: 'running' | 'committed' | 'aborted';
}

export class Database {
  readonly #isolation: Isolation;
  readonly #isLists: boolean;
  readonly #asked: readonly Transaction[];
  readonly #running: readonly Running[];
  readonly #store: Store;

  constructor(isolation: Isolation, workload: TransactionWorkload, asked: readonly Transaction[]) {
    this.#isolation = isolation;
    this.#isLists = workload === 'list-append';
    this.#asked = asked;
    this.#running = asked.map(() => ({ results: [], own: new Map(), fate: 'running' }));
    const initial = this.#isLists ? [] : null;
    const locks = isolation === 'dirty' || isolation === 'committed';
    this.#store = locks ? new LockingStore(initial, isolation === 'dirty') : new SnapshotStore(initial);
  }

  begin(transaction: number): void {
    if (this.#isolation !== 'serial') this.#store.begin(transaction);
  }

  /** One micro-op, in the order of the transaction. */
  perform(transaction: number, microOp: number, staleness: number): void {
    if (this.#isolation !== 'serial') this.#perform(transaction, microOp, staleness);
  }

  /** The transaction is to commit, or to abort; undefined where it aborted, else its micro-ops with what was read. */
  end(transaction: number, commits: boolean): Transaction | undefined {
    if (this.#isolation === 'serial') {
      this.#store.begin(transaction);
      for (let microOp = 0; microOp < this.#asked[transaction]!.length; microOp++)
        this.#perform(transaction, microOp, 0);
    }
    const running = this.#running[transaction]!;
    const { own, results } = running;
    if (running.fate === 'running' && commits && this.#store.commit(transaction, own)) running.fate = 'committed';
    if (running.fate === 'running') this.#abort(transaction);
    return running.fate === 'committed' ? results : undefined;
  }

  #perform(transaction: number, microOp: number, staleness: number): void {
    const { own, results, fate } = this.#running[transaction]!;
    if (fate !== 'running') return;
    const [f, key, value] = this.#asked[transaction]![microOp]!;
    if (f === 'r') {
      results.push([f, key, own.has(key) ? own.get(key)! : this.#store.read(transaction, key, staleness)]);
      return;
    }
    const before = own.has(key) ? own.get(key)! : this.#store.beforeWrite(transaction, key);
    if (before === undefined) {
      this.#abort(transaction);
      return;
    }
    const state = this.#isLists ? [...(before as readonly Value[]), value] : value;
    own.set(key, state);
    results.push([f, key, value]);
    this.#store.wrote(key, state);
  }

  #abort(transaction: number): void {
    const running = this.#running[transaction]!;
    running.fate = 'aborted';
    this.#store.abort(transaction, running.own);
  }
}

/** Writers lock, readers do not. */
class LockingStore implements Store {
  readonly #isDirty: boolean;
  readonly #initial: State;
  /** All states that may be read, the latest last. */
  readonly #states = new Map<string, State[]>();
  /** The last committed ones. */
  readonly #committed = new Map<string, State>();
  readonly #owner = new Map<string, number>();

  constructor(initial: State, isDirty: boolean) {
    this.#initial = initial;
    this.#isDirty = isDirty;
  }

  begin(): void {}

  read(_transaction: number, key: string, staleness: number): State {
    const states = this.#statesOf(key);
    return states[Math.max(0, states.length - 1 - staleness)]!;
  }

  beforeWrite(transaction: number, key: string): State | undefined {
    if (this.#owner.has(key)) return undefined;
    this.#owner.set(key, transaction);
    return this.#committedAt(key);
  }

  wrote(key: string, state: State): void {
    if (this.#isDirty) this.#statesOf(key).push(state);
  }

  commit(_transaction: number, own: States): boolean {
    for (const [key, state] of own) {
      this.#committed.set(key, state);
      if (!this.#isDirty) this.#statesOf(key).push(state);
      this.#owner.delete(key);
    }
    return true;
  }

  abort(transaction: number, own: States): void {
    for (const key of own.keys()) {
      if (this.#isDirty) this.#statesOf(key).push(this.#committedAt(key));
    }
    for (const [key, owner] of this.#owner) if (owner === transaction) this.#owner.delete(key);
  }

  #committedAt(key: string): State {
    return this.#committed.has(key) ? this.#committed.get(key)! : this.#initial;
  }

  #statesOf(key: string): State[] {
    let states = this.#states.get(key);
    if (states === undefined) {
      states = [this.#initial];
      this.#states.set(key, states);
    }
    return states;
  }
}

interface Version {
  readonly state: State;
  /** How many transactions had committed with it. */
  readonly commit: number;
}

/** Several versions of each key. */
class SnapshotStore implements Store {
  readonly #initial: Version;
  #latest: ReadonlyMap<string, Version> = new Map();
  #commits = 0;
  readonly #snapshots = new Map<
    number,
    { readonly versions: ReadonlyMap<string, Version>; readonly commits: number }
  >();

  constructor(initial: State) {
    this.#initial = { state: initial, commit: 0 };
  }

  begin(transaction: number): void {
    this.#snapshots.set(transaction, { versions: this.#latest, commits: this.#commits });
  }

  read(transaction: number, key: string): State {
    return (this.#snapshots.get(transaction)!.versions.get(key) ?? this.#initial).state;
  }

  beforeWrite(transaction: number, key: string): State {
    return this.read(transaction, key);
  }

  wrote(): void {}

  commit(transaction: number, own: States): boolean {
    const { commits } = this.#snapshots.get(transaction)!;
    const isOvertaken = [...own.keys()].some((key) => (this.#latest.get(key) ?? this.#initial).commit > commits);
    if (isOvertaken) return false;
    const commit = ++this.#commits;
    this.#latest = new Map([...this.#latest, ...[...own].map(([key, state]) => [key, { state, commit }] as const)]);
    return true;
  }

  abort(): void {}
}
