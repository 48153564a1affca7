import type { History } from '../../history/history.ts';
import type { Verdict } from '../checker.ts';
import { type Judged, judge } from '../linearizable/judge.ts';
import type { Model } from '../linearizable/models/model.ts';
import { objectsOf } from '../linearizable/objects.ts';
import { Search } from '../linearizable/search.ts';
import { explain, type SequentialFailure } from './explain.ts';
import { type Program, partOf, programOf } from './program.ts';
import { prove, unwrittenOf } from './prove.ts';
import { saturate } from './saturation.ts';
import { statesAfter } from './schedule.ts';
import { type GoOn, search } from './search.ts';
import { settle } from './settle.ts';
import { findWitness } from './witness.ts';

export interface SequentialOptions {
  /** What each object is. */
  readonly model: Model;
  /** A cas that failed with the error `precondition-failed` shows that the value was another one. Default: it shows nothing. */
  readonly observeFailedCas?: boolean;
  /** Configurations to look at, in all searches together. Default 4,000,000; a million takes a few seconds. */
  readonly budget?: number;
  /** Whether to give the order that explains a valid history. Default: not. */
  readonly order?: boolean;
  /** Told now and then how many of all ops could be put in order. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Asked now and then; once it is true, what is not decided stays undecided, for lack of time. */
  readonly isOverdue?: () => boolean;
}

/** JSON. */
export interface SequentialVerdict extends Verdict {
  /** Objects checked. */
  readonly keys: number;
  readonly ops: number;
  /** Why the history is not sequentially consistent; present if it is not. */
  readonly failure?: SequentialFailure;
  /**
   * Invocation lines in an order that explains the history, of all ops that returned and constrain something, and of those of
   * unknown outcome that it needs. Absent unless asked for, and where it is only known that there is one.
   */
  readonly order?: readonly number[];
}

/** Counted in configurations, so that the verdict does not depend on the machine. */
const defaultBudget = 4_000_000;

/** Configurations for each object when it is asked whether it is linearizable, beside as many as it has calls. */
const linearizableBudget = 50_000;

/**
 * Whether there is one order of all ops, on all keys, that keeps the order of lines of each process and in which each object
 * behaves as its model says (Lamport 1979). Real time between processes does not count: a read may return what was overwritten
 * long before, as long as its process has seen nothing newer.
 *
 * An op of unknown outcome comes after the ops of its process that returned before it, if it happens, and before none. So what is
 * linearizable is sequentially consistent also where a process goes on after such an op.
 *
 * Unlike linearizability it is not local: keys cannot be checked apart. The problem is NP-complete (Gibbons and Korach 1997), also where every
 * value is written once. Cheap proofs come first: each object is linearizable, or the order that follows from single reads of
 * registers has a cycle. Else an order is looked for within the budget, which is unknown where it does not suffice. Op `f`s
 * other than the model's are refused by a ModelMismatch.
 */
export function checkSequential(history: History, options: SequentialOptions): SequentialVerdict {
  const { model, observeFailedCas = false } = options;
  const objects = objectsOf(history, observeFailedCas);
  const program = programOf(objects, model);
  const counts = { keys: objects.keys.length, ops: objects.ops };
  const answer = decide(program, options);
  switch (answer.valid) {
    case true:
      return {
        valid: true,
        ...counts,
        ...(options.order === true && answer.order !== undefined
          ? { order: answer.order.map((op) => program.line[op]!) }
          : {}),
      };
    case false: {
      const failure = explain(history, program, answer.core);
      return { valid: false, reason: `not sequentially consistent: ${failure.story.at(-1)!}`, ...counts, failure };
    }
    default:
      return { valid: 'unknown', reason: answer.reason, ...counts };
  }
}

type Answer =
  | { readonly valid: true; readonly order?: readonly number[] }
  /** `core`: ops that no order explains, even if each other op happens at any time, or never. */
  | { readonly valid: false; readonly core: readonly number[] }
  | { readonly valid: 'unknown'; readonly reason: string };

function decide(program: Program, options: SequentialOptions): Answer {
  const { model, budget = defaultBudget, order: wantsOrder = false, onProgress, isOverdue } = options;
  const settled = settle(program);
  const ops = settled.chains.reduce((sum, chain) => sum + chain.length, 0);
  let isLate = false;
  const goOn = (done: number): boolean => {
    onProgress?.(done, ops);
    isLate ||= isOverdue?.() === true;
    return !isLate;
  };
  const unwritten = unwrittenOf(settled);
  if (unwritten !== undefined) return { valid: false, core: [unwritten] };
  const linearizer = new Search();
  const judged = linearizations(program, model, linearizer, () => goOn(0));
  if (judged !== undefined) {
    const order = wantsOrder ? joined(program, judged, linearizer) : undefined;
    return { valid: true, ...(order === undefined ? {} : { order }) };
  }

  let left = budget;
  let placed = 0;
  const inTime = saturate(settled, true);
  if (inTime?.contradiction === undefined) {
    const witness = findWitness(settled, inTime?.edges ?? [], Math.ceil(budget / 2), goOn);
    if (witness.order !== undefined) return explained(settled, witness.order);
    left -= witness.explored;
    placed = witness.placed;
  }
  const saturation = saturate(settled);
  if (saturation?.contradiction !== undefined) {
    return { valid: false, core: smallestCore(program, saturation.contradiction.core()) };
  }
  const core = impossibleObject(program, Math.ceil(left / 2), () => goOn(placed));
  if (core !== undefined) return { valid: false, core };
  const found = search(settled, saturation?.edges ?? [], left, goOn);
  if (found.outcome === 'sequential') return explained(settled, found.order);
  if (found.outcome === 'impossible') {
    return { valid: false, core: Array.from({ length: program.length }, (_, op) => op) };
  }
  const far = `at most ${Math.max(placed, found.placed)} of ${ops} ops of ${settled.chains.length} processes could be put in order`;
  const limit = isLate ? 'there was no time left' : `the budget of ${budget} configurations is spent`;
  return { valid: 'unknown', reason: `undecided: ${far}; ${limit}` };
}

/** An order that was found is tried before it is believed. */
function explained(program: Program, order: readonly number[]): Answer {
  if (!explains(program, order)) throw new Error('the order that was found does not explain the history');
  return { valid: true, order };
}

/** Of each object how it is judged for linearizability; undefined where one is not shown to have it. */
function linearizations({ objects }: Program, model: Model, search: Search, goOn: () => boolean): Judged[] | undefined {
  const judged: Judged[] = [];
  for (const { calls } of objects) {
    const one = judge(search, model, calls, linearizableBudget + calls.length, goOn);
    if (one.outcome !== 'linearizable') return undefined;
    judged.push(one);
  }
  return judged;
}

/**
 * The linearizations of all objects as one order that keeps that of each process. There is one, for linearizability is local (Herlihy
 * and Wing 1990, section 3.1). Undefined where an object's is not to be had.
 */
function joined(program: Program, judged: readonly Judged[], search: Search): number[] | undefined {
  const opOfCall = program.objects.map(() => new Map<number, number>());
  for (let op = 0; op < program.length; op++) opOfCall[program.object[op]!]!.set(program.call[op]!, op);
  const lists: (readonly number[])[] = [...program.chains];
  for (const [object, { order }] of judged.entries()) {
    const calls = order?.(search);
    if (calls === undefined) return undefined;
    const ops = Array.from(calls, (call) => opOfCall[object]!.get(call));
    lists.push(ops.filter((op) => op !== undefined));
  }
  const happened = new Set(lists.flat());
  for (const { op, after } of program.optional) if (after >= 0 && happened.has(op)) lists.push([after, op]);
  const order = merged(lists, program.length);
  return explains(program, order) ? order : undefined;
}

/** All that stands in some list, in an order that keeps that of each list. */
function merged(lists: readonly (readonly number[])[], length: number): number[] {
  const waiting = new Int32Array(length);
  const followers: number[][] = Array.from({ length }, () => []);
  for (const list of lists) {
    list.forEach((one, at) => {
      if (at === 0) return;
      waiting[one]!++;
      followers[list[at - 1]!]!.push(one);
    });
  }
  const order = [...new Set(lists.flat())].filter((one) => waiting[one] === 0);
  for (const one of order) for (const next of followers[one]!) if (--waiting[next]! === 0) order.push(next);
  return order;
}

/** Whether all ops that must happen are in the order, each chain in its own, and each does what it did. */
function explains({ objects, object, op, chains, optional, length }: Program, order: readonly number[]): boolean {
  const states: (readonly number[])[] = objects.map(({ automaton }) => [automaton.initial]);
  const placeOf = new Int32Array(length).fill(-1);
  for (const [place, one] of order.entries()) {
    const { automaton } = objects[object[one]!]!;
    const before = states[object[one]!]!;
    states[object[one]!] = [...new Set(before.flatMap((state) => statesAfter(automaton, state, op[one]!)))];
    placeOf[one] = place;
  }
  const isInOrder = (chain: readonly number[]): boolean =>
    chain.every((one, at) => placeOf[one]! > (at === 0 ? -1 : placeOf[chain[at - 1]!]!));
  const isAfter = (first: number, second: number): boolean =>
    first < 0 || placeOf[second] === -1 || placeOf[second]! > placeOf[first]!;
  return (
    states.every((some) => some.length > 0) &&
    chains.every(isInOrder) &&
    optional.every((one) => isAfter(one.after, one.op))
  );
}

/** The core, or one of a single object that the core concerns, if that is smaller. */
function smallestCore(program: Program, core: readonly number[]): readonly number[] {
  const concerned = new Set(core.map((op) => program.object[op]!));
  if (concerned.size === 1) return core;
  const ops = Array.from(program.object.keys());
  let smallest = core;
  for (const object of concerned) {
    const part = partOf(
      program,
      ops.filter((op) => program.object[op] === object),
    );
    const own = saturate(settle(part.program))?.contradiction?.core();
    if (own !== undefined && own.length < smallest.length) smallest = own.map((op) => part.whole[op]!);
  }
  return smallest;
}

/** The ops of an object that no order explains, whatever the others did; undefined where no such object was found. */
function impossibleObject(program: Program, budget: number, goOn: GoOn): number[] | undefined {
  const count = program.objects.length;
  if (count === 1) return undefined;
  const opsOf: number[][] = program.objects.map(() => []);
  for (let op = 0; op < program.length; op++) opsOf[program.object[op]!]!.push(op);
  return opsOf.find((ops) => prove(partOf(program, ops).program, Math.ceil(budget / count), goOn) !== undefined);
}
