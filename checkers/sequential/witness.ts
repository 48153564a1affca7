import { DeadEnds } from './dead-ends.ts';
import { NO_VALUE, type Program } from './program.ts';
import { type Candidate, likelyTimes, returnLine, Schedule } from './schedule.ts';
import { askEvery, type GoOn } from './search.ts';

export interface WitnessOutcome {
  /** Configurations looked at. */
  readonly explored: number;
  /** All ops that must happen, and the optional ones that do, in an order that explains the program; absent where none was found. */
  readonly order?: readonly number[];
  /** The most ops that any attempt placed of those that must happen. */
  readonly placed: number;
}

/** Objects on whose decisions it depends that an attempt failed. */
type Conflict = Set<number>;

interface Decision {
  readonly done: number;
  /** How many of the ops that return first had happened before. */
  readonly due: number;
  /** Those that can help the op that is due; the others are added when these have failed. */
  readonly candidates: Candidate[];
  isWhole: boolean;
  next: number;
  /** What all attempts from here on failed by, so far. */
  readonly conflict: Conflict;
}

/** Of the budget so much is for the first attempt, where there are two. */
const narrowShare = 0.25;

/** Of the ops before one that is stuck so many may have happened too late for it. */
const tooLateMax = 2;

/**
 * Looks for an order that explains the program, supposing that no op changes anything before all that returned before its invocation
 * have happened: reads may be of the past, but none is of the future, and changes happen in their time. So it is in histories that were
 * recorded as they happened. What is found is a proof; that nothing was found is none.
 *
 * The op that returns first of those to come is due: what can help it is tried first. When it is stuck, the search goes
 * back to the last decision on an object that has to do with it (conflict-directed backjumping, Prosser 1993), so that wrong
 * decisions on one object do not multiply with those on others. Ops of unknown outcome happen only for an op that is due at
 * first, and in a second attempt whenever they are of use.
 */
export function findWitness(
  program: Program,
  edges: readonly (readonly [number, number])[],
  budget: number,
  goOn: GoOn = () => true,
): WitnessOutcome {
  const share = program.optional.length === 0 ? 1 : narrowShare;
  const narrow = new Witness(program, edges, false).find(Math.ceil(budget * share), goOn);
  if (narrow.order !== undefined || share === 1) return narrow;
  const wide = new Witness(program, edges, true).find(budget - narrow.explored, goOn);
  return { ...wide, explored: narrow.explored + wide.explored, placed: Math.max(narrow.placed, wide.placed) };
}

class Witness {
  private readonly program: Program;
  /** Whether optional ops may happen also when the op that is due does not need them. */
  private readonly isWide: boolean;
  private readonly schedule: Schedule;
  private readonly times: Float64Array;
  private readonly deadEnds: DeadEnds<Conflict>;
  private readonly decisions: Decision[] = [];

  /** The ops that must happen and return, in the order of their returns, and how many of the first have happened. */
  private readonly byReturn: readonly number[];
  private due = 0;
  private readonly returns: Int32Array;

  // Ops by the value that they expect or leave, and those that edges come from, for each that they lead to.
  private readonly expecting = new Map<number, number[]>();
  private readonly leaving = new Map<number, number[]>();
  private readonly tails = new Map<number, number[]>();

  constructor(program: Program, edges: readonly (readonly [number, number])[], isWide: boolean) {
    this.program = program;
    this.isWide = isWide;
    this.schedule = new Schedule(program, edges);
    this.times = likelyTimes(program);
    this.deadEnds = new DeadEnds(this.schedule);
    this.returns = Int32Array.from(program.line, (_, op) => returnLine(program, op));
    const ops = program.chains.flat();
    this.byReturn = ops.filter((op) => this.returns[op]! >= 0).sort((a, b) => this.returns[a]! - this.returns[b]!);
    for (const op of ops) {
      add(this.expecting, program.expects[op]!, op);
      add(this.leaving, program.leaves[op]!, op);
    }
    for (const [from, to] of [...program.edges, ...edges]) add(this.tails, to, from);
  }

  find(budget: number, goOn: GoOn): WitnessOutcome {
    const { schedule, decisions } = this;
    let placed = 0;
    for (let explored = 0; explored < budget; explored++) {
      placed = Math.max(placed, schedule.placed);
      if (schedule.isComplete) return { explored, order: [...schedule.order], placed };
      if (explored % askEvery === 0 && !goOn(placed)) return { explored, placed };
      this.findDue();
      const known = this.deadEnds.find()?.why;
      const decision = known === undefined ? this.decision() : undefined;
      if (decision?.candidates[0] !== undefined) {
        decisions.push(decision);
        schedule.take(decision.candidates[0]);
      } else if (!this.goBack(known ?? this.blame())) {
        return { explored, placed };
      }
    }
    return { explored: budget, placed };
  }

  private findDue(): void {
    const { happened } = this.schedule;
    while (this.due < this.byReturn.length && happened[this.byReturn[this.due]!] === 1) this.due++;
  }

  private decision(): Decision {
    const { schedule, due } = this;
    const candidates = this.likelyCandidates();
    const decision = {
      done: schedule.order.length,
      due,
      candidates,
      isWhole: false,
      next: 1,
      conflict: new Set<number>(),
    };
    if (candidates.length === 0) this.addOthers(decision);
    return decision;
  }

  /** What is on the object of the op that is due and may happen before its return, and the optional ones that it waits for. */
  private likelyCandidates(): Candidate[] {
    const { program, schedule } = this;
    const due = this.byReturn[this.due];
    if (due === undefined) return [];
    const object = program.object[due]!;
    const optional = schedule
      .optionalCandidates()
      .filter(({ op }) => program.object[op] === object && this.isInTime(op));
    const wanted = new Set([program.expects[due]!]);
    for (const value of wanted) {
      for (const { op } of optional) if (program.leaves[op] === value) wanted.add(program.expects[op]!);
    }
    const useful = optional.filter(({ op }) => wanted.has(program.leaves[op]!));
    const found = schedule.candidatesOn(object).filter(({ op }) => this.isInTime(op));
    return [...this.byTime(found), ...this.byTime(useful)];
  }

  private addOthers(decision: Decision): void {
    const { schedule } = this;
    const due = this.byReturn[this.due];
    const known = new Set(decision.candidates.map(({ op }) => op));
    const isOther = ({ op }: Candidate): boolean => (due === undefined || this.isInTime(op)) && !known.has(op);
    const others = this.byTime(schedule.candidates().filter(isOther));
    const optional = this.isWide || due === undefined ? schedule.optionalCandidates().filter(isOther) : [];
    decision.candidates.push(...others, ...this.byTime(optional));
    decision.isWhole = true;
  }

  /** Whether the op may happen before the return of the one that is due. */
  private isInTime(op: number): boolean {
    return this.program.line[op]! < this.returns[this.byReturn[this.due]!]!;
  }

  private byTime(candidates: Candidate[]): Candidate[] {
    return candidates.sort((a, b) => this.times[a.op]! - this.times[b.op]!);
  }

  /** The objects that the op which is due may be stuck by. */
  private blame(): Conflict {
    const conflict: Conflict = new Set();
    const due = this.byReturn[this.due];
    if (due === undefined) for (let object = 0; object < this.program.objects.length; object++) conflict.add(object);
    else this.blameFor(due, conflict, new Set());
    return conflict;
  }

  private blameFor(op: number, conflict: Conflict, seen: Set<number>): void {
    const { program, schedule } = this;
    const chain = schedule.chainOf[op]!;
    if (schedule.happened[op] === 1 || seen.has(chain)) return;
    seen.add(chain);
    const head = schedule.next(chain);
    const object = program.object[head]!;
    conflict.add(object);
    for (const earlier of schedule.last(chain, tooLateMax)) conflict.add(program.object[earlier]!);
    if (schedule.isHeldBack(head)) for (const tail of this.tails.get(head) ?? []) this.blameFor(tail, conflict, seen);
    const held = schedule.heldBy(object);
    if (schedule.mustStay(object)) for (const other of this.expecting.get(held)!) this.blameFor(other, conflict, seen);
    const expects = program.expects[head]!;
    if (expects === NO_VALUE || expects === held) return;
    const limit = this.returns[this.byReturn[this.due]!]!;
    for (const other of this.leaving.get(expects) ?? []) {
      if (program.line[other]! < limit) this.blameFor(other, conflict, seen);
    }
  }

  /** To the last decision on one of the objects that has another candidate on one of them, and takes that. */
  private goBack(conflict: Conflict): boolean {
    const { program, schedule, decisions } = this;
    for (let decision = decisions.at(-1); decision !== undefined; decision = decisions.at(-1)) {
      schedule.undoTo(decision.done);
      const { candidates } = decision;
      if (conflict.has(program.object[candidates[decision.next - 1]!.op]!)) {
        for (const object of conflict) decision.conflict.add(object);
        this.due = decision.due;
        const candidate = this.nextCandidate(decision);
        if (candidate !== undefined) {
          schedule.take(candidate);
          return true;
        }
        if (candidates.length > 1) this.deadEnds.add(decision.conflict);
        conflict = decision.conflict;
      }
      decisions.pop();
    }
    return false;
  }

  /** The next that has to do with the conflict. */
  private nextCandidate(decision: Decision): Candidate | undefined {
    const { candidates, conflict } = decision;
    for (;;) {
      while (decision.next < candidates.length) {
        const candidate = candidates[decision.next++]!;
        if (conflict.has(this.program.object[candidate.op]!)) return candidate;
      }
      if (decision.isWhole) return undefined;
      this.addOthers(decision);
    }
  }
}

function add(lists: Map<number, number[]>, index: number, item: number): void {
  const list = lists.get(index);
  if (list === undefined) lists.set(index, [item]);
  else list.push(item);
}
