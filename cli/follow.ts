/** Shows on stderr how far a run is, while it goes on. */
import type { Journal } from '../harness/ports.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { Op } from '../history/op.ts';
import { type Progress, ProgressTracker, startProgress } from '../reports/progress.ts';

const lookEveryMs = 100;
/** Runs of the simulator are often over before the live view would be loaded: it is for those that last. */
const liveAfterMs = 500;

export interface Follower {
  /** The journal to give to the run: it passes everything on. */
  readonly journal: Journal;
  /** Takes the live view away. */
  stop(): Promise<void>;
}

/** Live on a terminal; plain lines where stdout or stderr is no terminal, or CI is set. */
export function follow(journal: Required<Journal>, spec: TestSpec): Follower {
  const stream = process.stderr;
  const interactive = stream.isTTY === true && process.stdout.isTTY === true && !process.env.CI;
  const tracker = new ProgressTracker(spec);
  const beganMs = performance.now();
  let starting: Promise<void> | undefined;
  let progress: Progress | undefined;
  const start = async (): Promise<void> => {
    progress = await startProgress({ stream, spec, interactive });
  };
  if (!interactive) starting = start();
  const timer = setInterval(() => {
    if (starting === undefined && performance.now() - beganMs >= liveAfterMs) starting = start();
    progress?.update(tracker.snapshot());
  }, lookEveryMs);
  return {
    journal: {
      record(op: Op): void {
        journal.record(op);
        tracker.onOp(op);
      },
      log: (node, time, text) => journal.log(node, time, text),
      flush: () => journal.flush(),
      digest: () => journal.digest(),
    },
    async stop() {
      clearInterval(timer);
      await starting;
      progress?.stop();
    },
  };
}
