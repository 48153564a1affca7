import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Op } from '../history/op.ts';
import {
  any,
  clients,
  concurrent,
  delay,
  each,
  limit,
  log,
  nemesis,
  once,
  phase,
  phases,
  repeat,
  sequence,
  sleep,
  stagger,
  timeLimit,
} from './combinators.ts';
import type { Generator } from './generator.ts';
import { Interpreter, type InterpreterOptions } from './interpreter.ts';
import type { Completion, Decision } from './ports.ts';
import { simulate } from './testing/simulate.ts';

const ms = 1_000_000;
const write = { f: 'write', value: 1 };
const read = { f: 'read', value: null };
const cut = { f: 'partition', value: { f: 'partition' } };

const interpret = (generator: Generator, options: Partial<InterpreterOptions> = {}) =>
  new Interpreter({
    generator,
    concurrency: 2,
    nodeIds: ['n1', 'n2', 'n3'],
    opTimeoutMs: 1000,
    isRead: (f) => f === 'read',
    seed: 1,
    view: { nodeIds: [], primaries: () => [] },
    ...options,
  });

const ok = (op: Op | undefined, value = op?.value ?? null): Completion => ({
  process: op?.process ?? 0,
  type: 'ok',
  value,
});
const ended = (op: Op | undefined, type: 'fail' | 'info'): Completion => ({ ...ok(op), type });

describe('a rate', () => {
  const everyMs = clients(delay(1, repeat(write)));
  const invocations = ({ invoke }: Decision): number[] => invoke.map(({ time }) => time);

  test('is kept when the interpreter is woken late', () => {
    const interpreter = interpret(everyMs, { concurrency: 10 });
    expect(interpreter.next(0, [])).toMatchObject({ wakeAt: ms });
    const late = interpreter.next(3.5 * ms, []);
    expect(invocations(late)).toEqual([3.5 * ms, 3.5 * ms + 1, 3.5 * ms + 2]);
    expect(late.wakeAt).toBe(4 * ms);
  });

  test('is not made up for where ops had to wait for a thread', () => {
    const interpreter = interpret(everyMs, { concurrency: 1 });
    const [first] = interpreter.next(0, []).invoke;
    expect(interpreter.next(ms, [])).toMatchObject({ invoke: [] });
    const next = interpreter.next(10 * ms, [ok(first)]);
    expect(invocations(next)).toHaveLength(1);
    expect(interpreter.next(10.5 * ms, [ok(next.invoke[0])])).toMatchObject({ invoke: [], wakeAt: 11 * ms });
  });

  test('that was missed is made up for by free threads only', () => {
    const interpreter = interpret(everyMs, { concurrency: 3 });
    interpreter.next(0, []);
    const late = interpreter.next(100 * ms, []);
    expect(invocations(late)).toHaveLength(2);
    const [answered] = late.invoke;
    expect(interpreter.next(101 * ms, [ok(answered)])).toMatchObject({ invoke: [{}], wakeAt: 102 * ms });
  });
});

describe('processes', () => {
  const byOne = clients(repeat({ ...write }));

  test('after an info the thread goes on as process + concurrency, at the same node', () => {
    const interpreter = interpret(byOne, { concurrency: 4, nodeIds: ['n1', 'n2', 'n3'] });
    const first = interpreter.next(0, []).invoke;
    const last = first.find((op) => op.process === 3);
    expect(last?.node).toBe('n1');
    const [successor] = interpreter.next(5, [ended(last, 'info')]).invoke;
    expect(successor).toMatchObject({ process: 7, node: 'n1' });
    expect(interpreter.next(9, [ended(successor, 'info')]).invoke[0]).toMatchObject({ process: 11, node: 'n1' });
  });

  test('after ok and fail the process stays', () => {
    const interpreter = interpret(byOne, { concurrency: 1 });
    const [first] = interpreter.next(0, []).invoke;
    const [second] = interpreter.next(5, [ended(first, 'fail')]).invoke;
    const [third] = interpreter.next(9, [ok(second)]).invoke;
    expect([first, second, third].map((op) => op?.process)).toEqual([0, 0, 0]);
  });

  test('what comes for a dead process is ignored', () => {
    const interpreter = interpret(byOne, { concurrency: 1 });
    const [first] = interpreter.next(0, []).invoke;
    interpreter.next(5, [ended(first, 'info')]);
    expect(interpreter.next(6, [ok(first)]).record).toEqual([]);
  });

  test('what comes when nothing is outstanding is ignored', () => {
    const interpreter = interpret(clients(delay(10, repeat(write))), { concurrency: 1 });
    const [first] = interpreter.next(0, []).invoke;
    expect(interpreter.next(5, [ok(first), ok(first)]).record).toHaveLength(1);
    expect(interpreter.next(6, [ok(first), ok({ ...(first as Op), process: 5 })]).record).toEqual([]);
  });

  test('a late answer that names its invocation is not taken for that of the next op', () => {
    const interpreter = interpret(clients(repeat(read)), { concurrency: 1, opTimeoutMs: 1 });
    const [first] = interpreter.next(0, []).invoke;
    const [second] = interpreter.next(2 * ms, []).invoke;
    expect(second?.process).toBe(first?.process);
    const late = { ...ok(first, 7), invocation: first?.index as number };
    expect(interpreter.next(2 * ms + 10, [late]).record).toEqual([]);
    const answer = { ...ok(second, 8), invocation: second?.index as number };
    expect(interpreter.next(2 * ms + 20, [answer]).record[0]).toMatchObject({ type: 'ok', value: 8 });
  });
});

describe('timeouts', () => {
  test('an op that may have happened times out as info', () => {
    const interpreter = interpret(clients(limit(1, repeat(write))), { concurrency: 1 });
    const { wakeAt, invoke } = interpreter.next(0, []);
    expect(wakeAt).toBe(1000 * ms);
    const decision = interpreter.next(wakeAt, []);
    expect(decision.record).toEqual([
      { index: 1, time: 1000 * ms, process: 0, type: 'info', f: 'write', value: 1, error: 'timeout', node: 'n1' },
    ]);
    expect(decision.done).toBe(true);
    expect(interpreter.next(wakeAt + 1, [ok(invoke[0])]).record).toEqual([]);
  });

  test('an op that only reads times out as fail, and its process lives on', () => {
    const interpreter = interpret(clients(repeat(read)), { concurrency: 1 });
    interpreter.next(0, []);
    expect(interpreter.next(1000 * ms, []).record).toMatchObject([
      { process: 0, type: 'fail', error: 'timeout' },
      { process: 0, type: 'invoke' },
    ]);
  });

  test('an answer that arrives together with the deadline counts', () => {
    const interpreter = interpret(clients(once(write)), { concurrency: 1 });
    const [op] = interpreter.next(0, []).invoke;
    expect(interpreter.next(1000 * ms, [ok(op)]).record).toMatchObject([{ type: 'ok' }]);
  });

  test('nothing is asked for before the earliest deadline once ops have ended', () => {
    const interpreter = interpret(clients(phases(repeat(write, 2))), { concurrency: 2 });
    const first = interpreter.next(0, []).invoke;
    expect(first).toHaveLength(2);
    expect(interpreter.next(10, [ok(first[0])]).wakeAt).toBe((first[1]?.time as number) + 1000 * ms);
  });

  test('ops of the nemesis do not time out', () => {
    const interpreter = interpret(nemesis(once(cut)));
    expect(interpreter.next(0, []).wakeAt).toBe(Number.POSITIVE_INFINITY);
    expect(interpreter.next(1e15, []).done).toBe(false);
  });
});

describe('the order of lines', () => {
  test('completions come before invocations', () => {
    const interpreter = interpret(clients(repeat(write)));
    const { invoke } = interpreter.next(0, []);
    const types = interpreter
      .next(
        5,
        invoke.map((op) => ok(op)),
      )
      .record.map((op) => op.type);
    expect(types).toEqual(['ok', 'ok', 'invoke', 'invoke']);
  });

  test('time increases from line to line even where now does not', () => {
    const interpreter = interpret(clients(repeat(write)));
    const first = interpreter.next(7, []);
    const second = interpreter.next(
      7,
      first.invoke.map((op) => ok(op)),
    );
    expect([...first.record, ...second.record].map((op) => op.time)).toEqual([7, 8, 9, 10, 11, 12]);
    expect(interpreter.next(100, [ok(second.invoke[0])]).record.map((op) => op.time)).toEqual([100, 101]);
  });

  test('time may not go backwards', () => {
    const interpreter = interpret(clients(repeat(write)));
    interpreter.next(7, []);
    expect(() => interpreter.next(6, [])).toThrow('time went backwards: from 7 to 6');
  });
});

describe('the nemesis', () => {
  test('its ops are info both times and name no node', () => {
    const interpreter = interpret(nemesis(once(cut)));
    const { invoke, record } = interpreter.next(0, []);
    expect(record).toEqual([{ index: 0, time: 0, process: 'nemesis', type: 'info', ...cut }]);
    expect(interpreter.next(5, [ok(invoke[0], 'done')]).record).toEqual([
      { index: 1, time: 5, process: 'nemesis', type: 'info', f: 'partition', value: 'done' },
    ]);
  });

  test('at most one of its ops is outstanding', () => {
    expect(interpret(nemesis(repeat(cut))).next(0, []).invoke).toHaveLength(1);
  });

  test('phase is written at once and not invoked', () => {
    const decision = interpret(phase('heal')).next(3, []);
    expect(decision.record.map(({ time, type, f, value }) => [time, type, f, value])).toEqual([
      [3, 'info', 'phase', 'heal'],
      [4, 'info', 'phase', 'heal'],
    ]);
    expect(decision.invoke).toEqual([]);
    expect(decision.done).toBe(true);
  });
});

describe('waiting', () => {
  test('an op in the future is asked for again at its time', () => {
    const interpreter = interpret(clients(once({ ...write, time: 50 })));
    expect(interpreter.next(0, [])).toEqual({ record: [], invoke: [], wakeAt: 50, done: false });
    expect(interpreter.next(50, []).invoke).toHaveLength(1);
  });

  test('an op in the future is not taken: what completes before may change it', () => {
    const choose = (seen: string): Generator => ({
      op: (context) => [{ f: seen, value: null, time: seen === 'none' ? context.time : 100 }, choose('waiting')],
      update: (_context, event) => choose(event.type),
    });
    const interpreter = interpret(clients(limit(2, choose('none'))));
    const [op] = interpreter.next(0, []).invoke;
    interpreter.next(50, [ok(op)]);
    expect(interpreter.next(100, []).invoke).toMatchObject([{ f: 'ok' }]);
  });

  test('a sleeping thread wakes in time; no line tells of it', () => {
    const interpreter = interpret(clients(sequence(sleep(20), once(write))), { concurrency: 1 });
    expect(interpreter.next(0, [])).toEqual({ record: [], invoke: [], wakeAt: 20 * ms, done: false });
    expect(interpreter.next(20 * ms, []).invoke).toHaveLength(1);
  });

  test('a run is not done while a thread sleeps', () => {
    const interpreter = interpret(clients(sleep(20)));
    expect(interpreter.next(0, []).done).toBe(false);
    expect(interpreter.next(20 * ms, []).done).toBe(true);
  });

  test('logs reach the one who listens, with the time', () => {
    const lines: unknown[] = [];
    interpret(clients(log('hello')), { onLog: (time, text) => lines.push([time, text]) }).next(5, []);
    expect(lines).toEqual([[5, 'hello']]);
  });

  test('to wait for a completion when nothing is outstanding is an error, not a hang', () => {
    const stuck: Generator = { op: () => ['pending', stuck], update: () => stuck };
    expect(() => interpret(stuck).next(0, [])).toThrow('nothing is outstanding');
  });

  test('an op for a busy process is an error of the generator', () => {
    const rude: Generator = { op: () => [{ ...write, process: 0 }, rude], update: () => rude };
    expect(() => interpret(rude).next(0, [])).toThrow('(write) for process 0, which is not free');
  });

  test('done means that nothing is outstanding and nothing will come', () => {
    const interpreter = interpret(clients(once(write)));
    const first = interpreter.next(0, []);
    expect(first.done).toBe(false);
    expect(interpreter.next(1, [ok(first.invoke[0])]).done).toBe(true);
  });
});

describe('interrupt', () => {
  const heal = nemesis(sequence(phase('heal'), once({ f: 'heal', value: { f: 'heal' } })));

  test('no client begins anything any more, and the heal is done', () => {
    const interpreter = interpret(clients(repeat(write)), { interrupted: heal });
    const { invoke } = interpreter.next(0, []);
    interpreter.interrupt();
    const healing = interpreter.next(5, []);
    expect(healing.invoke).toMatchObject([{ process: 'nemesis', f: 'heal' }]);
    const rest = interpreter.next(9, [...invoke.map((op) => ok(op)), ok(healing.invoke[0])]);
    expect(rest.record.map((op) => op.type)).toEqual(['ok', 'ok', 'info']);
    expect(rest).toMatchObject({ invoke: [], done: true });
  });

  test('a nemesis that sleeps does not delay the heal, one that acts is waited for', () => {
    const asleep = interpret(nemesis(sleep(1e6)), { interrupted: heal });
    asleep.next(0, []);
    asleep.interrupt();
    expect(asleep.next(1, []).invoke).toMatchObject([{ f: 'heal' }]);
    const acting = interpret(nemesis(repeat(cut)), { interrupted: heal });
    const [op] = acting.next(0, []).invoke;
    acting.interrupt();
    expect(acting.next(1, []).invoke).toEqual([]);
    expect(acting.next(2, [ok(op)]).invoke).toMatchObject([{ f: 'heal' }]);
  });

  test('outstanding ops still time out', () => {
    const interpreter = interpret(clients(repeat(write)));
    interpreter.next(0, []);
    interpreter.interrupt();
    expect(interpreter.next(1, []).done).toBe(false);
    const last = interpreter.next(1001 * ms, []);
    expect(last.record.map((op) => op.type)).toEqual(['info', 'info']);
    expect(last.done).toBe(true);
  });

  test('a second one changes nothing', () => {
    const interpreter = interpret(clients(repeat(write)), { interrupted: heal });
    interpreter.interrupt();
    const [op] = interpreter.next(0, []).invoke;
    interpreter.interrupt();
    expect(interpreter.next(5, [ok(op)])).toMatchObject({ invoke: [], done: true });
  });
});

/** The stack of a whole run, short. */
const wholeStack = (): Generator =>
  phases(
    phase('faults'),
    timeLimit(
      400,
      any(
        clients(
          stagger(
            3,
            concurrent({
              threadsPerKey: 2,
              keys: (i) => i,
              generator: () =>
                limit(
                  9,
                  each((context) => (context.stream('generator').chance(1, 2) ? read : write)),
                ),
            }),
          ),
        ),
        nemesis(stagger(40, repeat(cut), 'nemesis')),
      ),
    ),
    nemesis(sequence(phase('heal'), once({ f: 'heal', value: null }))),
    clients(repeat(read, 7)),
  );

/** What a schedule of answers does to a run: by turns a wait, and an outcome for some outstanding op. */
interface Answer {
  readonly waitMs: number;
  readonly which: number;
  readonly type: 'ok' | 'fail' | 'info' | 'late' | 'none';
}

const answers = fc.array(
  fc.record({
    waitMs: fc.integer({ min: 0, max: 12 }),
    which: fc.nat(20),
    type: fc.constantFrom(
      'ok' as const,
      'ok' as const,
      'fail' as const,
      'info' as const,
      'late' as const,
      'none' as const,
    ),
  }),
  { minLength: 1, maxLength: 30 },
);

function play(schedule: readonly Answer[], concurrency: number, seed: number): Decision[] {
  const interpreter = interpret(wholeStack(), { concurrency, seed, opTimeoutMs: 60 });
  const decisions: Decision[] = [];
  const outstanding: Op[] = [];
  const gone: Op[] = [];
  let now = 0;
  let completions: Completion[] = [];
  for (let turn = 0; ; turn++) {
    const decision = interpreter.next(now, completions);
    decisions.push(decision);
    if (decision.done) return decisions;
    outstanding.push(...decision.invoke);
    completions = [];
    const { waitMs, which, type } = schedule[turn % schedule.length] as Answer;
    if (outstanding.length > 0 && type !== 'none') {
      const op =
        type === 'late' && gone.length > 0
          ? gone[which % gone.length]
          : outstanding.splice(which % outstanding.length, 1)[0];
      if (op !== undefined) {
        if (type !== 'late') gone.push(op);
        const answer = type === 'late' ? 'ok' : type;
        completions = [{ process: op.process, type: answer, value: op.value, invocation: op.index }];
      }
    }
    const stuckNemesis = outstanding.find((op) => op.process === 'nemesis');
    if (completions.length === 0 && decision.wakeAt === Number.POSITIVE_INFINITY && stuckNemesis !== undefined) {
      completions = [ok(stuckNemesis)];
    }
    // Time passes even under a schedule that never waits.
    const restMs = turn % schedule.length === 0 ? 1 : 0;
    now = Math.min(now + (waitMs + restMs) * ms, Math.max(now, decision.wakeAt));
  }
}

/** What is wrong with a history that is over, a sentence each. */
function malformations(history: readonly Op[], concurrency: number): string[] {
  const wrong: string[] = [];
  const open = new Map<unknown, Op>();
  const dead = new Set<unknown>();
  let lastTime = -1;
  const threadOf = ({ process }: Op) => (process === 'nemesis' ? process : process % concurrency);
  history.forEach((op, index) => {
    const claim = (holds: boolean, what: string): void => {
      if (!holds) wrong.push(`line ${index}: ${what}`);
    };
    claim(op.index === index, 'index is not dense');
    claim(op.time > lastTime, 'time does not increase');
    lastTime = op.time;
    claim(!dead.has(op.process), 'the process is dead');
    const invocation = open.get(threadOf(op));
    if (invocation === undefined) {
      claim(op.type === (op.process === 'nemesis' ? 'info' : 'invoke'), 'completes nothing');
      open.set(threadOf(op), op);
      return;
    }
    claim(op.process === invocation.process, 'two processes of one thread at once');
    claim(op.type !== 'invoke', 'two ops of one process at once');
    claim(op.f === invocation.f && op.key === invocation.key && op.node === invocation.node, 'is not what was invoked');
    open.delete(threadOf(op));
    if (op.type === 'info' && op.process !== 'nemesis') dead.add(op.process);
  });
  if (open.size > 0) wrong.push(`${open.size} ops never end`);
  return wrong;
}

describe('any schedule of answers', () => {
  test('leads to a well-formed history', () => {
    fc.assert(
      fc.property(answers, fc.integer({ min: 1, max: 7 }), fc.nat(1000), (schedule, concurrency, seed) => {
        const decisions = play(schedule, concurrency, seed);
        const history = decisions.flatMap(({ record }) => record);
        expect(malformations(history, concurrency)).toEqual([]);
        const invoked = decisions.flatMap(({ invoke }) => invoke);
        const toInvoke = history.filter((op) => op.type === 'invoke' || (op.process === 'nemesis' && op.f !== 'phase'));
        expect(invoked.every((op) => toInvoke.includes(op))).toBe(true);
        expect(invoked.filter((op) => op.process !== 'nemesis')).toEqual(toInvoke.filter((op) => op.type === 'invoke'));
      }),
      { numRuns: 100 },
    );
  });

  test('leads to the same decisions when played again', () => {
    fc.assert(
      fc.property(answers, fc.nat(1000), (schedule, seed) => {
        expect(play(schedule, 4, seed)).toEqual(play(schedule, 4, seed));
      }),
      { numRuns: 40 },
    );
  });
});

test('a simulated whole run goes through its phases in order', () => {
  const history = simulate(wholeStack(), { concurrency: 4 });
  expect(malformations(history, 4)).toEqual([]);
  const at = (f: string, value: unknown) => history.findIndex((op) => op.f === f && op.value === value);
  expect(at('phase', 'faults')).toBe(0);
  expect(at('phase', 'heal')).toBeGreaterThan(100);
  expect(at('heal', null)).toBeGreaterThan(at('phase', 'heal'));
});
