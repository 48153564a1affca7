import type { History } from '../../history/history.ts';
import { formatValue, type Value } from '../../history/value.ts';
import type { Checker, Validity } from '../checker.ts';
import type { LinearizableVerdict, Linearization } from '../evidence.ts';
import { momentOf } from '../moments.ts';
import { type Calls, splitCalls } from './calls.ts';
import { explain } from './explain.ts';
import { type Judged, judge, judgeBySearch } from './judge.ts';
import { linearizationOf } from './linearization.ts';
import type { Decision, Model } from './models/model.ts';
import { objectsOf } from './objects.ts';
import { Search } from './search.ts';

export interface LinearizableOptions {
  /** What each object is. */
  readonly model: Model;
  /** A cas that failed with the error `precondition-failed` shows that the value was another one. Default: it shows nothing. */
  readonly observeFailedCas?: boolean;
  /**
   * Configurations that the searches may look at, for each object; a million takes about a quarter of a second. Default 4,000,000 and
   * 250 a call.
   */
  readonly budget?: number;
  /** For each object that is linearizable the verdict shows an order. It costs another search, and memory for all that it tries. */
  readonly linearization?: boolean;
  /** Told now and then how many of all events, invocations and returns, have been judged. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Asked now and then; once it is true, what is not decided stays undecided, for lack of time. */
  readonly isOverdue?: () => boolean;
}

/** Counted in configurations, so that the verdict does not depend on the machine. */
const leastBudget = 4_000_000;
const budgetPerCall = 250;

/** What finding the evidence for an object may cost. */
const evidenceBudget = 4_000_000;

/** Objects that failed are explained up to so many. */
const failuresMax = 10;

/** An object, or a part of one that can be judged apart. */
export interface Piece {
  readonly key: Value;
  readonly calls: Calls;
  /** What its model says of it, without a search. */
  readonly decision: Decision | undefined;
}

/**
 * Whether each object behaves as if one process at a time had used it, every op between its invocation and its
 * completion (Herlihy and Wing 1990). Op `f`s other than the model's are refused by a ModelMismatch. Linear in the history
 * where few calls overlap, and for objects that their models decide without a search; see Search for the rest.
 */
export function linearizable(options: LinearizableOptions): Checker {
  return { name: 'linearizable', check: (history) => checkLinearizable(history, options) };
}

/** As the checker does. */
export function checkLinearizable(history: History, options: LinearizableOptions): LinearizableVerdict {
  const { model, onProgress, isOverdue } = options;
  const objects = objectsOf(history, options.observeFailedCas);
  const pieces = piecesOf(objects, model);
  const search = new Search();
  const total = pieces.reduce((sum, { calls }) => sum + calls.events.length, 0);
  let done = 0;
  const judged = pieces.map((piece) => {
    const { calls } = piece;
    const goOn = (walked: number): boolean => {
      onProgress?.(done + walked, total);
      return isOverdue?.() !== true;
    };
    const one = judgePiece(search, model, piece, options.budget ?? budgetFor(calls), goOn);
    done += calls.events.length;
    return one;
  });
  return verdictOn(history, options, { keys: objects.keys.length, ops: objects.ops }, pieces, judged, search);
}

export const budgetFor = (calls: Calls): number => leastBudget + budgetPerCall * calls.length;

/** Objects that their model decides stay whole; of the others each part that can be judged apart is a piece. */
export function piecesOf({ keys, calls }: ReturnType<typeof objectsOf>, model: Model): Piece[] {
  return calls.flatMap((of, object): Piece[] => {
    const key = keys[object]!;
    const decision = model.decide?.(of);
    const parts = decision === undefined ? model.parts?.(of) : undefined;
    if (parts === undefined) return [{ key, calls: of, decision }];
    return splitCalls(of, parts).map((part) => ({ key, calls: part, decision: model.decide?.(part) }));
  });
}

/** The piece as its model decided it, or by search. */
export const judgePiece = (
  search: Search,
  model: Model,
  { calls, decision }: Piece,
  budget: number,
  goOn: (walked: number) => boolean,
): Judged =>
  decision === undefined
    ? judgeBySearch(search, model, calls, budget, goOn)
    : judge(search, model, calls, budget, goOn, decision);

/** What was found of all pieces together. */
export function verdictOn(
  history: History,
  options: LinearizableOptions,
  counts: { readonly keys: number; readonly ops: number },
  pieces: readonly Piece[],
  judged: readonly Judged[],
  search: Search,
): LinearizableVerdict {
  const { model } = options;
  const failing: { piece: Piece; call?: number | undefined; core?: readonly number[] | undefined; at: number }[] = [];
  const undecided: { key: Value; reason: string }[] = [];
  pieces.forEach((piece, index) => {
    const { key, calls } = piece;
    const one = judged[index]!;
    if (one.outcome === 'impossible') failing.push({ piece, call: one.call, core: one.core, at: failedAt(calls, one) });
    if (one.outcome === 'undecided') undecided.push({ key, reason: whyUndecided(history, piece, one) });
  });
  failing.sort((a, b) => a.at - b.at);
  const failures = failing
    .slice(0, failuresMax)
    .map(({ piece, call, core }) => explain(search, { ...piece, history, model, call, core }, evidenceBudget));
  const valid: Validity = failing.length > 0 ? false : undecided.length > 0 ? 'unknown' : true;
  const shown =
    options.linearization === true ? { linearizations: linearizationsOf(search, model, pieces, judged) } : {};
  const verdict = { ...counts, failures, undecided, ...shown };
  if (valid === true) return { valid, ...verdict };
  return { valid, reason: reasonOf(failures, failing.length, undecided), ...verdict };
}

/** The line by which it was known. */
function failedAt(calls: Calls, { call, core }: Judged): number {
  if (call !== undefined) return calls.completion[call]!;
  return Math.max(...core!.map((one) => calls.completion[one]!));
}

function linearizationsOf(
  search: Search,
  model: Model,
  pieces: readonly Piece[],
  judged: readonly Judged[],
): Linearization[] {
  const found: Linearization[] = [];
  pieces.forEach(({ key, calls }, index) => {
    const order = judged[index]!.order?.(search);
    if (order !== undefined) found.push(linearizationOf(key, model, calls, order));
  });
  return found;
}

function reasonOf(
  failures: LinearizableVerdict['failures'],
  failed: number,
  undecided: readonly { reason: string }[],
): string {
  const [first] = failures;
  if (first === undefined) {
    const more = undecided.length > 1 ? `, and ${undecided.length - 1} more` : '';
    return `${undecided[0]!.reason}${more}`;
  }
  const others = failed > 1 ? ` (and ${failed - 1} more)` : '';
  return `${nameOf(first.key)}${others} is not linearizable: ${first.story.at(-1)!}`;
}

/** `key 7 undecided: 14 concurrent unknown writes at 12.4 s`: what made it hard, and when. */
function whyUndecided(history: History, { key, calls }: Piece, { at, pending, crashed, limit }: Judged): string {
  if (at === undefined) return `${nameOf(key)} undecided: ${limit!}`;
  const line = calls.completion[at]!;
  const when = momentOf(history, line);
  const fs = new Set(crashed!.map((call) => calls.f[call]!));
  const [f] = fs;
  const ops = fs.size === 1 ? (f === 'cas' ? 'cas ops' : `${f}s`) : 'ops';
  const unknown = crashed!.length > 0 ? ` and ${crashed!.length} unknown ${ops}` : '';
  const many =
    crashed!.length > pending!
      ? `${crashed!.length} concurrent unknown ${ops}`
      : `${pending!} concurrent ops${unknown}`;
  return `${nameOf(key)} undecided: ${many} ${when}; ${limit!}`;
}

const nameOf = (key: Value): string => (key === null ? 'the object' : `key ${formatValue(key)}`);
