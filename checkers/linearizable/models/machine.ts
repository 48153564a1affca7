/** Objects whose states are values of some kind: each is numbered when it is met, and each step is computed once. */
import { type Automaton, ILLEGAL } from '../automaton.ts';
import { ABSENT, PairTable } from './pair-table.ts';

/** What an object may do, its ops being numbers. See Automaton for what may be said of ops. */
export interface Machine<State> {
  readonly initial: State;
  readonly ops: number;
  /** All states that the op may leave; none where it is illegal. At most one of ops that are not branching. */
  after(state: State, op: number): readonly State[];
  branching(op: number): boolean;
  readOnly(op: number): boolean;
  total(op: number): boolean;
  overwrites(op: number): boolean;
  describe(state: State): string;
}

/** Numbers of states, ascending from 0: equal ones have the same. */
export interface StateNumbers<State> {
  of(state: State): number;
  state(number: number): State;
}

/** States that are equal if their keys are. */
export class KeyedStates<State> implements StateNumbers<State> {
  private readonly keyOf: (state: State) => string | number | bigint;
  private readonly numbers = new Map<string | number | bigint, number>();
  private readonly states: State[] = [];

  constructor(keyOf: (state: State) => string | number | bigint) {
    this.keyOf = keyOf;
  }

  of(state: State): number {
    const key = this.keyOf(state);
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.states.push(state) - 1;
      this.numbers.set(key, number);
    }
    return number;
  }

  state(number: number): State {
    return this.states[number]!;
  }
}

/** States that `equal` says are equal; it is asked only of those with the same hash. */
export class HashedStates<State> implements StateNumbers<State> {
  private readonly hashOf: (state: State) => number;
  private readonly equal: (one: State, other: State) => boolean;
  private readonly alike = new Map<number, number[]>();
  private readonly states: State[] = [];

  constructor(hashOf: (state: State) => number, equal: (one: State, other: State) => boolean) {
    this.hashOf = hashOf;
    this.equal = equal;
  }

  of(state: State): number {
    const hash = this.hashOf(state);
    const alike = this.alike.get(hash);
    const known = alike?.find((number) => this.equal(this.states[number]!, state));
    if (known !== undefined) return known;
    const number = this.states.push(state) - 1;
    if (alike === undefined) this.alike.set(hash, [number]);
    else alike.push(number);
    return number;
  }

  state(number: number): State {
    return this.states[number]!;
  }
}

/** The machine with its states as numbers; memory for each state reached, and for each step tried. */
export class MachineAutomaton<State> implements Automaton {
  readonly initial: number;
  readonly ops: number;
  private readonly machine: Machine<State>;
  private readonly numbers: StateNumbers<State>;
  /** Of a state and an op what it leaves, or of branching ops the place in `lists`. */
  private readonly steps = new PairTable();
  private readonly lists: number[][] = [];

  constructor(machine: Machine<State>, numbers: StateNumbers<State>) {
    this.machine = machine;
    this.numbers = numbers;
    this.initial = numbers.of(machine.initial);
    this.ops = machine.ops;
  }

  step(state: number, op: number): number {
    const known = this.steps.get(state, op);
    if (known !== ABSENT) return known;
    const next = this.after(state, op)[0] ?? ILLEGAL;
    this.steps.set(state, op, next);
    return next;
  }

  branching(op: number): boolean {
    return this.machine.branching(op);
  }

  branches(state: number, op: number): readonly number[] {
    const known = this.steps.get(state, op);
    if (known !== ABSENT) return this.lists[known]!;
    const list = [...new Set(this.after(state, op))];
    this.steps.set(state, op, this.lists.push(list) - 1);
    return list;
  }

  readOnly(op: number): boolean {
    return this.machine.readOnly(op);
  }

  total(op: number): boolean {
    return this.machine.total(op);
  }

  overwrites(op: number): boolean {
    return this.machine.overwrites(op);
  }

  describe(state: number): string {
    return this.machine.describe(this.numbers.state(state));
  }

  private after(state: number, op: number): number[] {
    return this.machine.after(this.numbers.state(state), op).map((next) => this.numbers.of(next));
  }
}
