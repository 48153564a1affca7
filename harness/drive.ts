/** Drives a decider in real time: a tick whenever ops complete, when the decider asked for it, and on interrupt. */
import type { Op } from '../history/op.ts';
import type { Completion, Decider, Journal } from './ports.ts';

export interface RealTime {
  readonly decider: Decider;
  readonly journal: Journal;
  /** Nanoseconds on a clock that never goes back; from any origin. */
  clock(): number;
  /** Carries an op out. It may take longer than the op timeout, or for ever; a rejection ends the run. */
  invoke(op: Op): Promise<Completion>;
  /** Interrupts the decider. */
  readonly signal?: AbortSignal | undefined;
}

const nsPerMs = 1_000_000;
/** Longer waits overflow setTimeout, which then fires at once. */
const longestWaitMs = 2 ** 30;

/**
 * Resolves when the decider is done, with the nanoseconds that passed since the call; rejects when the decider, the
 * journal, or an invocation throws. Lines are flushed before what they say is carried out. Completions that arrive
 * together are taken in together.
 */
export function driveRealTime({ decider, journal, clock, invoke, signal }: RealTime): Promise<number> {
  return new Promise((resolve, reject) => {
    const begin = clock();
    let completions: Completion[] = [];
    let timer: NodeJS.Timeout | undefined;
    let tickIsDue = false;
    let settled = false;

    const settle = (finish: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', interrupt);
      finish();
    };
    const attempt = (act: () => void): void => {
      try {
        act();
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const tickSoon = (): void => {
      if (tickIsDue || settled) return;
      tickIsDue = true;
      setImmediate(() => attempt(tick));
    };
    const interrupt = (): void => {
      decider.interrupt();
      tickSoon();
    };
    const start = (op: Op): void => {
      invoke(op).then(
        (completion) => {
          completions.push({ ...completion, invocation: op.index });
          tickSoon();
        },
        (error: unknown) => settle(() => reject(error)),
      );
    };
    const tick = (): void => {
      tickIsDue = false;
      if (settled) return;
      clearTimeout(timer);
      const taken = completions;
      completions = [];
      const now = clock() - begin;
      const { record, invoke: invocations, wakeAt, done } = decider.next(now, taken);
      for (const op of record) journal.record(op);
      if (record.length > 0) journal.flush();
      for (const op of invocations) start(op);
      if (done) {
        settle(() => resolve(now));
      } else if (wakeAt !== Number.POSITIVE_INFINITY) {
        const waitMs = Math.ceil((wakeAt - (clock() - begin)) / nsPerMs);
        // A timer would wait for a millisecond.
        if (waitMs <= 0) tickSoon();
        else timer = setTimeout(tickSoon, Math.min(waitMs, longestWaitMs));
      }
    };

    signal?.addEventListener('abort', interrupt, { once: true });
    if (signal?.aborted) decider.interrupt();
    tickSoon();
  });
}
