/**
 * Live progress of a run: on a terminal drawn by ink, elsewhere and under CI as a plain line every few seconds.
 * Writes to the stream it is given only; ink is loaded only when it is used, since that takes a quarter of a second.
 */
import { nodeIdsOf, type TestSpec } from '../harness/spec.ts';
import type { Op } from '../history/op.ts';
import { displayCount } from './display.ts';
import { FaultTracker } from './fault-windows.ts';

export interface NodeState {
  readonly node: string;
  readonly role: string;
  readonly term: number;
  readonly primary: boolean;
}

/** Where a run is now. */
export interface ProgressSnapshot {
  /** The run's own time, simulated or real. */
  readonly simulatedMs: number;
  /** Clients' ops. `pending` are invoked and not completed. */
  readonly counts: {
    readonly invoke: number;
    readonly ok: number;
    readonly fail: number;
    readonly info: number;
    readonly pending: number;
  };
  /** `partition majority`, `kill n1`: those that act now. */
  readonly activeFaults: readonly string[];
  /** `faults`, `heal`, `recovery`, `final-reads`; undefined before the first is marked. */
  readonly phase?: string;
  /** Ops that were ok in each second of the run so far, the second under way left out. */
  readonly throughputPerSecond: readonly number[];
  readonly nodes?: readonly NodeState[];
}

/** Counts ops as they happen. Pure: it knows no time but that of the ops. Constant work per op. */
export class ProgressTracker {
  readonly #faults: FaultTracker;
  readonly #perSecond: number[] = [];
  #invoke = 0;
  #ok = 0;
  #fail = 0;
  #info = 0;
  #timeNs = 0;

  constructor(spec: TestSpec) {
    this.#faults = new FaultTracker(nodeIdsOf(spec));
  }

  /** To be given every op of the run, in order. */
  onOp(op: Op): void {
    if (op.time > this.#timeNs) this.#timeNs = op.time;
    if (op.process === 'nemesis') {
      this.#faults.onOp(op);
      return;
    }
    if (op.type === 'invoke') this.#invoke++;
    else if (op.type === 'fail') this.#fail++;
    else if (op.type === 'info') this.#info++;
    else {
      this.#ok++;
      const second = Math.floor(op.time / 1e9);
      while (this.#perSecond.length <= second) this.#perSecond.push(0);
      this.#perSecond[second] = (this.#perSecond[second] ?? 0) + 1;
    }
  }

  snapshot(nodes?: readonly NodeState[]): ProgressSnapshot {
    const seconds = Math.floor(this.#timeNs / 1e9);
    const { phase } = this.#faults;
    return {
      simulatedMs: this.#timeNs / 1e6,
      counts: {
        invoke: this.#invoke,
        ok: this.#ok,
        fail: this.#fail,
        info: this.#info,
        pending: this.#invoke - this.#ok - this.#fail - this.#info,
      },
      activeFaults: this.#faults.active,
      throughputPerSecond: Array.from({ length: seconds }, (_, second) => this.#perSecond[second] ?? 0),
      ...(phase === undefined ? {} : { phase }),
      ...(nodes === undefined ? {} : { nodes }),
    };
  }
}

export interface Progress {
  update(snapshot: ProgressSnapshot): void;
  /** Takes the live view away, so that the summary can be written. */
  stop(): void;
}

export interface ProgressOptions {
  readonly stream: NodeJS.WriteStream;
  readonly spec: TestSpec;
  /** True: drawn with ink. False where the stream is no terminal or CI is set: plain lines. */
  readonly interactive: boolean;
}

const firstLineAfterMs = 2000;
const lineEveryMs = 5000;

/** `12 s of 60 s: 1,204 ok, 3 fail, 2 info; partition majority`. */
export function progressLine(snapshot: ProgressSnapshot, spec: TestSpec): string {
  const { ok, fail, info } = snapshot.counts;
  const doing = [
    ...(snapshot.phase === undefined || snapshot.phase === 'faults' ? [] : [snapshot.phase]),
    ...snapshot.activeFaults,
  ];
  const at = `${Math.floor(snapshot.simulatedMs / 1000)} s of ${Math.round(spec.timeLimitMs / 1000)} s`;
  return `${at}: ${displayCount(ok)} ok, ${displayCount(fail)} fail, ${displayCount(info)} info${doing.length === 0 ? '' : `; ${doing.join(', ')}`}`;
}

/** Plain lines: the first after two seconds, then one every five at most. `nowMs` is wall time. */
export function plainProgress(write: (text: string) => void, spec: TestSpec, nowMs: () => number): Progress {
  let dueMs = nowMs() + firstLineAfterMs;
  return {
    update(snapshot) {
      const now = nowMs();
      if (now < dueMs) return;
      dueMs = now + lineEveryMs;
      write(`${progressLine(snapshot, spec)}\n`);
    },
    stop() {},
  };
}

export async function startProgress({ stream, spec, interactive }: ProgressOptions): Promise<Progress> {
  if (!interactive)
    return plainProgress(
      (text) => stream.write(text),
      spec,
      () => performance.now(),
    );
  const { startLive } = await import('./live.tsx');
  return startLive(stream, spec);
}
