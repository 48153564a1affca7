/** Histories of small simulated databases at an isolation level. */
import fc from 'fast-check';
import type { History } from '../history/history.ts';
import { Database, type Isolation } from './databases.ts';
import { manyOf } from './lists.ts';
import {
  delay,
  type Hears,
  happensIn,
  hearsBut,
  historyOf,
  inOrder,
  type Moment,
  type Stay,
  staysOf,
} from './timeline.ts';
import {
  type MicroOpShape,
  microOpsOf,
  numbered,
  type Transaction,
  type TransactionShape,
  transactionsMaxDefault,
} from './transactions.ts';

/** What else but the isolation a level promises: that transactions keep the order of each process, or real time. */
type KeptOrder = 'none' | 'process' | 'realtime';

const levels = {
  'read-uncommitted': ['dirty', 'none'],
  'strong-session-read-uncommitted': ['dirty', 'process'],
  'strong-read-uncommitted': ['dirty', 'realtime'],
  'read-committed': ['committed', 'none'],
  'strong-session-read-committed': ['committed', 'process'],
  'strong-read-committed': ['committed', 'realtime'],
  'snapshot-isolation': ['snapshot', 'none'],
  'strong-session-snapshot-isolation': ['snapshot', 'process'],
  'strong-snapshot-isolation': ['snapshot', 'realtime'],
  // Without predicates there is nothing that tells it from serializable.
  'repeatable-read': ['serial', 'none'],
  serializable: ['serial', 'none'],
  'strong-session-serializable': ['serial', 'process'],
  'strict-serializable': ['serial', 'realtime'],
} as const satisfies Readonly<Record<string, readonly [Isolation, KeptOrder]>>;

/** Named as the consistency models that they satisfy. */
export type IsolationLevel = keyof typeof levels;

export const isolationLevels = Object.keys(levels) as readonly IsolationLevel[];

type OutOfTime = 'all' | 'stale-reads' | 'none';

export interface DatabaseOptions extends TransactionShape {
  readonly level: IsolationLevel;
  /** Clients at a time. Default 4. */
  readonly clients?: number;
  /** How many of a hundred transactions abort for no reason of isolation. Default 10. */
  readonly abortPercent?: number;
  /** How many of a hundred have no answer; a quarter of those have no completion either. Default 10. */
  readonly crashPercent?: number;
  /**
   * Which transactions may take effect before they are invoked or after they are completed, where the level leaves that open: `all`; those
   * that only read, and these before, so that they read an old but consistent snapshot, and old committed states of single keys below
   * snapshot isolation; or `none`. Default `all`: the levels are as weak as they may be.
   */
  readonly outOfTime?: OutOfTime;
}

interface Plan {
  readonly client: number;
  readonly wait: number;
  readonly microOps: readonly (MicroOpShape & { readonly delay: number; readonly staleness: number })[];
  readonly commitDelay: number;
  readonly answerDelay: number;
  readonly aborts: boolean;
  readonly hears: Hears;
  /** After how long a client gives up that has no answer. */
  readonly patience: number;
  /** By how much a transaction without answer takes effect later. */
  readonly late: number;
  /** By how much any takes effect too early, below 0, or too late. */
  readonly shift: number;
}

const delayMax = 3;
const waitMax = 4;
const patienceMax = 8;
const lateMax = 40;
const shiftMax = 30;
const stalenessMax = 3;

/**
 * Executions of a small database at an isolation level, as clients see them: every line of a history that some client invokes (`f` is `txn`),
 * or completes as `ok`, `fail` (it aborted), or `info` (nobody knows; it may take effect at any later time, or never). Each
 * level shows every anomaly that it may have, and no other: a checker that says of a history that it is not of its level,
 * or of one below it, is wrong. See databases.ts for what each does.
 *
 * Shrinks to few short transactions that follow one another, without aborts, crashes, and old reads where these do not matter;
 * what is left is numbered anew, so that it is always an execution of the level. Each run costs the elements of all reads.
 */
export function databaseHistories(options: DatabaseOptions): fc.Arbitrary<History> {
  const clients = options.clients ?? 4;
  const { transactionsMax = transactionsMaxDefault } = options;
  return manyOf(plans(options, clients), transactionsMax).map((all) => execute(all, options, clients));
}

function plans(options: DatabaseOptions, clients: number): fc.Arbitrary<Plan> {
  const { abortPercent = 10, crashPercent = 10 } = options;
  const pace = fc.record({ delay: delay(delayMax), staleness: delay(stalenessMax) });
  return fc
    .record({
      client: fc.nat({ max: clients - 1 }),
      wait: delay(waitMax),
      microOps: microOpsOf(options),
      paces: fc.array(pace, { minLength: 1, maxLength: 4, size: 'max' }),
      commitDelay: delay(delayMax),
      answerDelay: delay(delayMax),
      aborts: happensIn(abortPercent),
      hears: hearsBut(crashPercent),
      patience: fc.nat({ max: patienceMax }),
      late: delay(lateMax),
      shift: fc.tuple(delay(shiftMax), fc.boolean()).map(([by, isLater]) => (isLater ? by : -by)),
    })
    .map(({ microOps, paces, ...plan }) => ({
      ...plan,
      microOps: microOps.map((microOp, i) => ({ ...microOp, ...paces[i % paces.length]! })),
    }));
}

function execute(all: readonly Plan[], options: DatabaseOptions, clients: number): History {
  const [isolation, kept] = levels[options.level];
  const outOfTime = options.outOfTime ?? 'all';
  const asked = numbered(
    all.map(({ microOps }) => microOps),
    options,
  );
  const visits = all.map((plan) => ({ ...plan, stay: stayOf(plan) }));
  const stays = staysOf(visits, clients);
  const database = new Database(isolation, options.workload, asked);
  const outcomes: (Transaction | undefined)[] = [];
  for (const { plan, part } of inOrder(momentsOf(all, stays, kept, outOfTime))) {
    const { microOps, aborts } = all[plan]!;
    const microOp = microOps[part - 1];
    if (part === 0) database.begin(plan);
    else if (microOp === undefined) outcomes[plan] = database.end(plan, !aborts);
    else database.perform(plan, part - 1, outOfTime === 'none' ? 0 : microOp.staleness);
  }
  return historyOf(
    visits,
    stays,
    asked.map((transaction, plan) => {
      const outcome = outcomes[plan];
      const answer =
        outcome === undefined
          ? ({ type: 'fail', value: transaction } as const)
          : ({ type: 'ok', value: outcome } as const);
      return { f: 'txn', asked: transaction, answer };
    }),
  );
}

const lengthOf = ({ microOps, commitDelay }: Plan): number =>
  microOps.reduce((sum, microOp) => sum + microOp.delay, commitDelay);

const stayOf = (plan: Plan): number => (plan.hears === 'answer' ? lengthOf(plan) + plan.answerDelay : plan.patience);

/**
 * When the database does what: part 0 of each plan is its begin, the last its end. What happens on time happens between
 * invocation and completion, so that it keeps real time and with it the order of each process.
 */
function momentsOf(all: readonly Plan[], stays: readonly Stay[], kept: KeptOrder, outOfTime: OutOfTime): Moment[] {
  const sessionEnd = new Map<number, number>();
  return all.flatMap((plan, number) => {
    const { process, invoked } = stays[number]!;
    const late = plan.hears === 'answer' ? 0 : plan.late;
    const shift = kept === 'realtime' ? 0 : shiftOf(plan, outOfTime);
    const earliest =
      kept === 'process' ? (sessionEnd.get(process) ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY;
    let tick = Math.max(invoked + late + shift, earliest);
    const moments = [{ tick, plan: number, part: 0 }];
    for (const microOp of plan.microOps) {
      tick += microOp.delay;
      moments.push({ tick, plan: number, part: moments.length });
    }
    tick += plan.commitDelay;
    sessionEnd.set(process, tick);
    return [...moments, { tick, plan: number, part: moments.length }];
  });
}

function shiftOf({ shift, microOps }: Plan, outOfTime: OutOfTime): number {
  if (outOfTime === 'all') return shift;
  const onlyReads = microOps.every(({ writes }) => !writes);
  return outOfTime === 'stale-reads' && onlyReads ? -Math.abs(shift) : 0;
}
