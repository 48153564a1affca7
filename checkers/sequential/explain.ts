/** The evidence that a history is not sequentially consistent. */
import type { History } from '../../history/history.ts';
import { formatValue } from '../../history/value.ts';
import { CRASHED, RETURNED } from '../linearizable/calls.ts';
import { momentOf } from '../moments.ts';
import { conflictOf, minimalOf, usefulTo } from './core.ts';
import { unlessFailed } from './failed-writes.ts';
import { NO_VALUE, type Part, type Program, partOf } from './program.ts';
import { prove } from './prove.ts';
import { GIVEN, IN_PROCESS, OVERWRITES_AFTER, OVERWRITTEN_BEFORE, READS_FROM, type Step } from './saturation.ts';

/** JSON, as in KeyFailure of the linearizability verdict. */
export interface SequentialFailure {
  /** Indexes of the invocation lines of a minimal sub-history that is not sequentially consistent either. */
  readonly minimal: readonly number[];
  /**
   * What to show to people: invocation lines, ascending, of the few ops that contradict each other even if each other op happened at
   * any time, or never; and of those that alone could have left the values that they saw.
   */
  readonly conflict: readonly number[];
  /** Sentences for people, the contradiction last. */
  readonly story: readonly string[];
}

/** Configurations that the proof for the story may cost. */
const storyBudget = 20_000;

/** Shrinks `candidates`, ops of the program that no order explains, and tells why. */
export function explain(history: History, program: Program, candidates: readonly number[]): SequentialFailure {
  const conflict = conflictOf(program, candidates);
  const told = withOrigins(program, conflict);
  const linesOf = (ops: readonly number[]): number[] => ops.map((op) => program.line[op]!);
  return {
    minimal: linesOf(minimalOf(program, conflict)),
    conflict: linesOf(told),
    story: new Story(history, program).tell(told),
  };
}

/** With the ops that alone leave what one of them looks at, and so on for these; ascending. */
function withOrigins(program: Program, ops: readonly number[]): number[] {
  const { expects, leaves, length } = program;
  const producers = new Map<number, number[]>();
  for (let op = 0; op < length; op++) {
    if (leaves[op] === NO_VALUE) continue;
    const list = producers.get(leaves[op]!);
    if (list === undefined) producers.set(leaves[op]!, [op]);
    else list.push(op);
  }
  const told = new Set(ops);
  for (const op of ops) {
    const [origin, ...others] = producers.get(expects[op]!) ?? [];
    if (origin !== undefined && others.length === 0) told.add(origin);
  }
  return [...told].sort((a, b) => a - b);
}

class Story {
  private readonly history: History;
  private readonly program: Program;
  private readonly hasKeys: boolean;

  constructor(history: History, program: Program) {
    this.history = history;
    this.program = program;
    this.hasKeys = program.objects.some(({ key }) => key !== null);
  }

  tell(ops: readonly number[]): string[] {
    const isTold = new Set(ops);
    const letOff = usefulTo(this.program, ops).filter((op) => !isTold.has(op));
    const part = partOf(this.program, ops, letOff);
    const proof = prove(part.program, storyBudget);
    switch (proof?.by) {
      case 'unwritten':
        return this.unwritten(part.whole[proof.op]!, ops);
      case 'cycle':
        return this.cycle(proof.contradiction.cycle(), part);
      default:
        return this.accounts(ops);
    }
  }

  /** That what the op looks at was never left; and why it must have happened, where its outcome is unknown. */
  private unwritten(op: number, ops: readonly number[]): string[] {
    const { calls, words } = this.object(op);
    const value = words.expects!(calls, this.program.call[op]!)!;
    const failed = unlessFailed(this.history, this.object(op).key, value);
    const sentence = `${this.did(op)}, but nothing ever wrote ${formatValue(value)}${failed}.`;
    const because: string[] = [];
    const left = new Set(ops);
    let one: number | undefined = op;
    while (one !== undefined && this.isCrashed(one)) {
      left.delete(one);
      const looker = this.lookerAt(this.program.leaves[one]!, left);
      if (looker !== undefined) because.unshift(this.readsFrom(one, looker));
      one = looker;
    }
    return [...because, sentence];
  }

  /** Of some ops one that looks at the value, if any does: one that returned, if any did. */
  private lookerAt(value: number, ops: Iterable<number>): number | undefined {
    const lookers = [...ops].filter((op) => this.program.expects[op] === value);
    return lookers.find((op) => !this.isCrashed(op)) ?? lookers[0];
  }

  private cycle(steps: readonly Step[], { whole }: Part): string[] {
    const sentences = new Set<string>();
    const tell = (path: readonly Step[]): void => {
      for (const step of path) {
        tell(step.path);
        sentences.add(this.step(step, whole));
      }
    };
    tell(steps);
    const last = steps.at(-1)!;
    const [first, second] = [whole[last.from]!, whole[last.to]!];
    return [...sentences, `So ${this.possessive(first)} came both before and after ${this.possessive(second)}.`];
  }

  private step({ from, to, why, via }: Step, whole: readonly number[]): string {
    const [first, second] = [whole[from]!, whole[to]!];
    const between = via < 0 ? undefined : whole[via]!;
    switch (why) {
      case IN_PROCESS:
      case GIVEN:
        return this.inProcess(first, second);
      case READS_FROM:
        return this.readsFrom(first, second);
      case OVERWRITTEN_BEFORE: {
        const before = `${capital(this.possessive(first))} came before ${this.possessive(between!)}`;
        return `${before}, and so before ${this.possessive(second)}, which that ${this.f(between!)} found.`;
      }
      case OVERWRITES_AFTER: {
        if (between === undefined) {
          const found = `${capital(this.possessive(first))} found what was there at first`;
          return `${found}, and so came before ${this.possessive(second)}.`;
        }
        const after = `${capital(this.possessive(second))} came after ${this.possessive(between)}`;
        return `${after}, and so after ${this.possessive(first)}, which still found what that ${this.f(between)} left.`;
      }
      default:
        throw new Error(`step of unknown kind ${why}`);
    }
  }

  private readsFrom(writer: number, looker: number): string {
    return `${this.did(looker)}, which only ${this.possessive(writer)} left.`;
  }

  private inProcess(first: number, second: number): string {
    return this.isCrashed(second)
      ? `${this.did(first)}, and ${this.began(second)} after that.`
      : `${this.did(first)}, and after that ${this.past(second)} ${this.when(second)}.`;
  }

  /** What each process did, one sentence each; the contradiction last. */
  private accounts(ops: readonly number[]): string[] {
    const byProcess = new Map<number, string[]>();
    for (const op of ops) {
      const { calls } = this.object(op);
      const process = calls.process[this.program.call[op]!]!;
      const what = this.isCrashed(op) ? this.began(op) : `${this.past(op)} ${this.when(op)}`;
      const list = byProcess.get(process);
      if (list === undefined) byProcess.set(process, [what]);
      else list.push(what);
    }
    const sentences = [...byProcess].map(([process, whats]) => `Process ${process} ${whats.join(', then ')}.`);
    return [...sentences, 'No order of these ops that keeps the order within each process explains them.'];
  }

  private object(op: number) {
    return this.program.objects[this.program.object[op]!]!;
  }

  private isCrashed(op: number): boolean {
    return this.object(op).calls.fate[this.program.call[op]!] === CRASHED;
  }

  /** `Process 3 read 4 of key 1 at 12.4 s`. */
  private did(op: number): string {
    const process = `Process ${this.process(op)}`;
    return this.isCrashed(op) ? `${process} ${this.began(op)}` : `${process} ${this.past(op)} ${this.when(op)}`;
  }

  /** `began a write of 4 of key 1 at 12.4 s, of unknown outcome`. */
  private began(op: number): string {
    return `began a ${this.noun(op)} ${momentOf(this.history, this.program.line[op]!)}, of unknown outcome`;
  }

  private possessive(op: number): string {
    return `process ${this.process(op)}'s ${this.noun(op)}`;
  }

  private past(op: number): string {
    const { calls, words } = this.object(op);
    return `${words.past(calls, this.program.call[op]!)}${this.ofKey(op)}`;
  }

  private noun(op: number): string {
    const { calls, words } = this.object(op);
    return `${words.noun(calls, this.program.call[op]!)}${this.ofKey(op)}`;
  }

  private f(op: number): string {
    return this.object(op).calls.f[this.program.call[op]!]!;
  }

  private ofKey(op: number): string {
    return this.hasKeys ? ` (key ${formatValue(this.object(op).key)})` : '';
  }

  private process(op: number): string {
    return String(this.history.process(this.program.line[op]!));
  }

  private when(op: number): string {
    const { calls } = this.object(op);
    const call = this.program.call[op]!;
    return momentOf(this.history, calls.fate[call] === RETURNED ? calls.completion[call]! : this.program.line[op]!);
  }
}

const capital = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}`;
