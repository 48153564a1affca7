/** What the load of a run was and cost: its time between the first phase and the second, the ops that ended in it, CPU time. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Journal } from '../harness/ports.ts';
import type { History } from '../history/history.ts';
import type { Op, Process } from '../history/op.ts';
import { machineNs } from '../runtime/observer.ts';

export interface Load {
  /** Ops that ended, and how many of them were not ok. */
  readonly ops: number;
  readonly notOk: number;
  readonly seconds: number;
  /** CPU seconds, by whose they are. */
  readonly cpu: Readonly<Record<string, number>>;
}

/** Of the times in /proc: USER_HZ. */
const ticksPerSecond = 100;

/** What the processes have used so far, in all their threads. */
export const cpuSecondsOf = (pids: readonly (number | string)[]): number =>
  pids.map(cpuSecondsOfOne).reduce((sum, seconds) => sum + seconds, 0);

function cpuSecondsOfOne(pid: number | string): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Processes with these words in their command lines. */
export function pidsWith(...words: readonly string[]): readonly string[] {
  return readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && words.every((word) => commandLine(name).includes(word)),
  );
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    // It has just ended.
    return '';
  }
}

export class LoadMeter implements Journal {
  readonly #journal: Required<Journal>;
  readonly #cpuSeconds: () => Readonly<Record<string, number>>;
  #on = false;
  #ops = 0;
  #notOk = 0;
  #beganNs = 0;
  #cpuBefore: Readonly<Record<string, number>> = {};
  #load: Load | undefined;

  /** @param cpuSeconds what was used so far, by whose it is. */
  constructor(journal: Required<Journal>, cpuSeconds: () => Readonly<Record<string, number>>) {
    this.#journal = journal;
    this.#cpuSeconds = cpuSeconds;
  }

  /** To be asked when the run is over. */
  get load(): Load {
    if (this.#load === undefined) throw new Error('the run had no load, or the load no end');
    return this.#load;
  }

  record(op: Op): void {
    this.#journal.record(op);
    if (op.f === 'phase') this.#turn(op);
    else if (this.#on && op.type !== 'invoke') this.#count(op);
  }

  log(node: string, time: number, text: string): void {
    this.#journal.log(node, time, text);
  }

  flush(): void {
    this.#journal.flush();
  }

  digest(): ReturnType<Required<Journal>['digest']> {
    return this.#journal.digest();
  }

  #count({ type }: Op): void {
    this.#ops++;
    if (type !== 'ok') this.#notOk++;
  }

  #turn({ value }: Op): void {
    // Each phase is two lines.
    if (value === 'faults') {
      if (this.#on) return;
      this.#on = true;
      this.#cpuBefore = this.#cpuSeconds();
      this.#beganNs = machineNs();
    } else if (this.#on) {
      this.#on = false;
      const seconds = (machineNs() - this.#beganNs) / 1e9;
      const used = Object.entries(this.#cpuSeconds()).map(([whose, after]) => [whose, after - this.#cpuBefore[whose]!]);
      this.#load = { ops: this.#ops, notOk: this.#notOk, seconds, cpu: Object.fromEntries(used) };
    }
  }
}

/** In this time the first leader is elected, and the nodes' code is compiled. */
const settlingNs = 5e9;

/** How long the ok ops took, in milliseconds, ascending: of those that were invoked while the load was on, but for its first five seconds. */
export function latenciesMs(history: History): readonly number[] {
  const latencies: number[] = [];
  const invokedNs = new Map<Process, number>();
  let settledNs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < history.length; i++) {
    const { process, type, f, value, time } = history.op(i);
    if (f === 'phase' && value !== 'faults') break;
    if (f === 'phase') settledNs = time + settlingNs;
    else if (type === 'invoke') invokedNs.set(process, time);
    else if (type === 'ok' && invokedNs.get(process)! >= settledNs)
      latencies.push((time - invokedNs.get(process)!) / 1e6);
  }
  return latencies.sort((a, b) => a - b);
}
