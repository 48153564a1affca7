/** Linearizability of many objects over all cores: what is quickly decided stays on this thread, the rest goes to workers. */
import type { LinearizableVerdict } from '../checkers/evidence.ts';
import { type Judged, judgeBySearch } from '../checkers/linearizable/judge.ts';
import {
  budgetFor,
  checkLinearizable,
  judgePiece,
  type LinearizableOptions,
  type Piece,
  piecesOf,
  verdictOn,
} from '../checkers/linearizable/linearizable.ts';
import { createModel } from '../checkers/linearizable/models/index.ts';
import type { ModelOptions } from '../checkers/linearizable/models/model.ts';
import { objectsOf } from '../checkers/linearizable/objects.ts';
import { Search } from '../checkers/linearizable/search.ts';
import type { History } from '../history/history.ts';
import { type PackedCalls, packCalls } from './packed-calls.ts';
import { startPool } from './pool.ts';

export interface CheckJob {
  readonly model: string;
  readonly options: ModelOptions;
  readonly calls: PackedCalls;
  readonly budget: number;
}

export type CheckAnswer = Omit<Judged, 'order'>;

/** Configurations looked at on this thread before workers pay: they take about a tenth of a second to start. */
const aloneMax = 1_000_000;

/** How often it is asked whether the time is up. */
const overdueEveryMs = 50;

/** As checkLinearizable, with the same verdict. A model of the user's own, which cannot be sent, is checked on this thread. */
export async function checkLinearizableInParallel(
  history: History,
  options: LinearizableOptions & { readonly workers: number },
): Promise<LinearizableVerdict> {
  const { model, workers } = options;
  if (workers < 2 || createModel(model.name, model.options ?? {}) === undefined)
    return checkLinearizable(history, options);
  const objects = objectsOf(history, options.observeFailedCas);
  const pieces = piecesOf(objects, model);
  const judged: (Judged | undefined)[] = pieces.map(() => undefined);
  const search = new Search();
  const progress = new Progress(pieces, options);
  let explored = 0;
  for (let index = 0; index < pieces.length; index++) {
    const { calls, decision } = pieces[index]!;
    // What its model has decided needs no search, here or elsewhere.
    if (decision === undefined && explored > aloneMax) continue;
    const budget = options.budget ?? budgetFor(calls);
    const few = pieces.length === 1 ? budget : Math.min(budget, aloneMax);
    const one = judgePiece(search, model, pieces[index]!, few, progress.goOn);
    explored += one.explored;
    if (one.outcome === 'undecided' && few < budget && !progress.isOver()) continue;
    judged[index] = one;
    progress.finished(calls.events.length);
  }
  await judgeByWorkers(pieces, judged, options, progress);
  const counts = { keys: objects.keys.length, ops: objects.ops };
  return verdictOn(history, options, counts, pieces, judged as readonly Judged[], search);
}

async function judgeByWorkers(
  pieces: readonly Piece[],
  judged: (Judged | undefined)[],
  { model, budget, workers }: LinearizableOptions & { readonly workers: number },
  progress: Progress,
): Promise<void> {
  const rest = [...judged.keys()].filter((index) => judged[index] === undefined);
  if (rest.length === 0) return;
  // The largest first, so that none is left over at the end.
  rest.sort((a, b) => pieces[b]!.calls.length - pieces[a]!.calls.length);
  const pool = startPool<CheckJob, CheckAnswer>(
    new URL('./check-worker.js', import.meta.url),
    Math.min(workers, rest.length),
  );
  let timer: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<void>((resolve) => {
    timer = setInterval(() => progress.isOver() && resolve(), overdueEveryMs);
  });
  const one = async (index: number): Promise<void> => {
    const { calls } = pieces[index]!;
    const answer = await pool.run({
      model: model.name,
      options: model.options ?? {},
      calls: packCalls(calls),
      budget: budget ?? budgetFor(calls),
    });
    const order = (search: Search) => judgeBySearch(search, model, calls, budget ?? budgetFor(calls)).order?.(search);
    judged[index] = { ...answer, order };
    progress.finished(calls.events.length);
  };
  try {
    await Promise.race([Promise.all(rest.map(one)), timeIsUp]);
  } finally {
    clearInterval(timer);
    await pool.close();
  }
  for (const index of rest) judged[index] ??= { outcome: 'undecided', limit: 'there was no time left', explored: 0 };
}

/** Events judged, of all. */
class Progress {
  private readonly total: number;
  private readonly options: LinearizableOptions;
  private done = 0;

  constructor(pieces: readonly Piece[], options: LinearizableOptions) {
    this.total = pieces.reduce((sum, { calls }) => sum + calls.events.length, 0);
    this.options = options;
  }

  readonly goOn = (walked: number): boolean => {
    this.options.onProgress?.(this.done + walked, this.total);
    return !this.isOver();
  };

  isOver(): boolean {
    return this.options.isOverdue?.() === true;
  }

  finished(events: number): void {
    this.done += events;
    this.options.onProgress?.(this.done, this.total);
  }
}
