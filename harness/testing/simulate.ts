/** Runs a generator against imagined clients: what a test of a generator needs in place of a cluster. */
import type { Op, Process } from '../../history/op.ts';
import type { Value } from '../../history/value.ts';
import type { ClusterView, Generator } from '../generator.ts';
import { Interpreter } from '../interpreter.ts';
import type { Completion } from '../ports.ts';

interface Response {
  readonly type: Completion['type'];
  readonly value?: Value;
}

export interface Simulation {
  readonly concurrency?: number;
  readonly nodeIds?: readonly string[];
  readonly seed?: number;
  /** How long each op takes. 0: done before the next is asked for. */
  readonly latencyMs?: number;
  readonly opTimeoutMs?: number;
  /** How an op ends: ok with its own value, where left out. `undefined`: never. */
  respond?(op: Op): Response | undefined;
  /** An end to generators without one: no op is asked for at this time or later. */
  readonly untilMs?: number;
}

const nsPerMs = 1_000_000;
const nobody: ClusterView = { nodeIds: [], primaries: () => [] };

/** The history that a generator leads to. */
export function simulate(generator: Generator, simulation: Simulation = {}): Op[] {
  const { concurrency = 2, nodeIds = ['n1', 'n2', 'n3'], seed = 1, latencyMs = 10, opTimeoutMs = 1000 } = simulation;
  const respond = simulation.respond ?? ((): Response => ({ type: 'ok' }));
  const end = (simulation.untilMs ?? Number.POSITIVE_INFINITY) * nsPerMs;
  const view = { ...nobody, nodeIds };
  const interpreter = new Interpreter({
    generator,
    concurrency,
    nodeIds,
    opTimeoutMs,
    isRead: (f) => f === 'read',
    seed,
    view,
  });
  const history: Op[] = [];
  const due: { readonly time: number; readonly completion: Completion }[] = [];
  let now = 0;
  while (now < end) {
    const ready = due.filter(({ time }) => time <= now);
    due.splice(0, due.length, ...due.filter(({ time }) => time > now));
    const decision = interpreter.next(
      now,
      ready.map(({ completion }) => completion),
    );
    history.push(...decision.record);
    if (decision.done) break;
    for (const op of decision.invoke) {
      const response = respond(op);
      if (response === undefined) continue;
      const { type, value = op.value } = response;
      due.push({
        time: now + latencyMs * nsPerMs,
        completion: { process: op.process, type, value, invocation: op.index },
      });
    }
    now = Math.min(decision.wakeAt, ...due.map(({ time }) => time));
  }
  return history;
}

/** The invocations of a history (of the nemesis: both its lines) as `[milliseconds, process, f, value]`. */
export function timetable(history: readonly Op[]): [ms: number, process: Process, f: string, value: Value][] {
  return history
    .filter((op) => op.type === 'invoke' || op.process === 'nemesis')
    .map((op) => [Math.floor(op.time / nsPerMs), op.process, op.f, op.value]);
}
