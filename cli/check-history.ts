/** Reads one history for `ftest check` and holds it to what every checker relies on. */
import { getHeapStatistics } from 'node:v8';
import { inTimeOrder, type TimeOrder } from '../history/by-time.ts';
import { validateCompletions } from '../history/completions.ts';
import { type History, validatePairing } from '../history/history.ts';
import { isIndependent, splitIndependent } from '../history/independent.ts';
import { readHistory } from '../history/read.ts';
import type { Source } from './check-sources.ts';
import { BadInput } from './exit.ts';

/** Not decided for want of time or memory: the verdict is unknown, and the message says why. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

/** So much of the memory that Node allows may be taken by the history: checkers make of it what takes as much again, or more. */
const heapShareMax = 0.4;

export interface HistoryOptions {
  readonly order: 'line' | 'time';
  /** Told how many bytes have been read; what it throws ends the reading. */
  onProgress(bytes: number): void;
}

/**
 * The history, its tuples `[key value]` taken apart, in the order asked for. Throws MalformedHistory, HistoryError, BadInput for a
 * file that cannot be read, and GivenUp.
 */
export async function readChecked(source: Source, { order, onProgress }: HistoryOptions): Promise<TimeOrder> {
  const history = await read(source, onProgress);
  validatePairing(history, source.name);
  const objects = isIndependent(history) ? splitIndependent(history) : history;
  validateCompletions(objects, source.name);
  return order === 'time' ? inTimeOrder(objects, source.name) : { history: objects };
}

async function read(source: Source, onProgress: (bytes: number) => void): Promise<History> {
  try {
    return await readHistory(source.input, {
      file: source.name,
      tolerateTruncatedTail: source.run !== undefined,
      onProgress(bytes) {
        checkMemory();
        onProgress(bytes);
      },
    });
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new BadInput(`${source.name} should be a file that can be read, but is not (${code})`);
  }
}

function checkMemory(): void {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  if (used < limit * heapShareMax) return;
  const gigabytes = (limit / 1e9).toFixed(1);
  throw new GivenUp(
    `the history takes more than two fifths of the ${gigabytes} GB that Node allows: NODE_OPTIONS=--max-old-space-size=MB allows more`,
  );
}
