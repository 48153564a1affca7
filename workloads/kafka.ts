/**
 * Messages sent to logs and polled from them, as Jepsen's tests/kafka.clj has them, without groups of consumers and without transactions:
 * each process polls every log that is in use from where it stands, and a new process begins at the beginning. A log that has
 * had enough messages is followed by another; at last some clients poll those that came last from beginning to end.
 */
import { kafka } from '../checkers/classic/kafka/kafka.ts';
import { each, eachThread } from '../harness/combinators.ts';
import type { Context, Generator, OpDraft } from '../harness/generator.ts';
import type { TestSpec } from '../harness/spec.ts';
import type { Workload } from '../harness/test.ts';
import type { Op, Process } from '../history/op.ts';
import { entriesOf, isArray, type Value } from '../history/value.ts';
import { freshNumbers, runMemory, stream } from './run-memory.ts';

/** Logs in use at once. */
const logsInUse = 4;
const messagesPerLog = 100;

/** Logs that are polled after the heal, the last ones, by so many clients each. */
const finalLogsMax = 32;
const finalReadersMax = 3;

interface Consumed {
  /** Logs begun so far: they are numbered from 0. */
  logs: number;
  /** By process the next offset of each log. */
  readonly positions: Map<Process, Map<string, number>>;
}

const consumed = runMemory((): Consumed => ({ logs: 0, positions: new Map() }));

const message = freshNumbers();

const sending = (key: string, context: Context): OpDraft => ({ f: 'send', value: [['send', key, message(context)]] });

/** A poll of some logs by a process, from where it stands. */
function polling(first: number, end: number, context: Context, process: Process): OpDraft {
  const position = consumed(context).positions.get(process);
  const offsets: Record<string, Value> = {};
  for (let log = first; log < end; log++) offsets[log] = position?.get(`${log}`) ?? 0;
  return { f: 'poll', value: [['poll', null, offsets]], process };
}

/** By log the messages that an ok poll returned. */
const polledBy = ({ value }: Op): readonly (readonly [Value, Value])[] =>
  entriesOf((value as readonly (readonly Value[])[])[0]![1]!) ?? [];

/** Notes how far a process has come. Once it is dead nobody asks. */
function note(context: Context, event: Op): void {
  if (event.f !== 'poll' || event.type !== 'ok') return;
  const { positions } = consumed(context);
  let position = positions.get(event.process);
  if (position === undefined) {
    position = new Map();
    positions.set(event.process, position);
  }
  for (const [key, messages] of polledBy(event)) {
    const last = isArray(messages) ? messages.at(-1) : undefined;
    if (isArray(last)) position.set(key as string, (last[0] as number) + 1);
  }
}

/** @param sent by log in use how many messages */
function ops(firstLog: number, sent: readonly number[]): Generator {
  return {
    op(context) {
      if (context.free.length === 0) return ['pending', this];
      const random = context.stream(stream);
      const memory = consumed(context);
      memory.logs = Math.max(memory.logs, firstLog + sent.length);
      if (random.chance(1, 2)) {
        const process = context.process(random.pick(context.free));
        return [polling(firstLog, firstLog + sent.length, context, process), this];
      }
      const place = random.below(sent.length);
      const counted = sent.with(place, sent[place]! + 1);
      const op = sending(`${firstLog + place}`, context);
      return [op, counted[0]! < messagesPerLog ? ops(firstLog, counted) : ops(firstLog + 1, [...counted.slice(1), 0])];
    },
    update(context, event) {
      note(context, event);
      return this;
    },
  };
}

/**
 * Polls by the one thread in reach. First it gives up its place in every log, since polls may have ended of which these generators were
 * not told any more, and begins at the beginning.
 */
function finalPolls(readers: number): Generator {
  return {
    op(context) {
      const thread = context.threads[0];
      const { logs } = consumed(context);
      if (typeof thread !== 'number' || thread >= readers || logs === 0) return null;
      return [{ f: 'assign', value: [] }, this];
    },
    update(context, { f, type, process }) {
      if (f !== 'assign' || type !== 'ok') return this;
      const { logs, positions } = consumed(context);
      positions.delete(process);
      return pollsFrom(Math.max(0, logs - finalLogsMax));
    },
  };
}

/** Polls of some logs until nothing is left, then of the next. */
function pollsFrom(first: number): Generator {
  return {
    op(context) {
      const [thread] = context.free;
      const { logs } = consumed(context);
      if (first >= logs) return null;
      if (thread === undefined) return ['pending', this];
      return [polling(first, Math.min(first + logsInUse, logs), context, context.process(thread)), this];
    },
    update(context, event) {
      note(context, event);
      const isDone = event.f === 'poll' && event.type === 'ok' && polledBy(event).length === 0;
      return isDone ? pollsFrom(first + logsInUse) : this;
    },
  };
}

const readersOf = ({ concurrency, nodes }: TestSpec): number => Math.min(finalReadersMax, concurrency, nodes);

/** A log that only the probes use. */
const probeKey = 'recovery';

export const kafkaWorkload: Workload = {
  name: 'kafka',
  summary: 'Messages sent to logs and polled from them in order; none may be lost, moved, doubled, or left out.',
  service: 'log',
  create: ({ spec }) => ({
    generator: ops(0, Array<number>(logsInUse).fill(0)),
    probes: [
      { f: 'send', generator: each((context) => sending(probeKey, context)) },
      // Of nothing: what it found would count as what this process has seen.
      { f: 'poll', generator: each(() => ({ f: 'poll', value: [['poll', null, {}]] })) },
    ],
    finalReads: eachThread(finalPolls(readersOf(spec))),
    checkers: [kafka()],
  }),
};
