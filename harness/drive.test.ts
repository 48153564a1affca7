import { expect, test } from 'vitest';
import type { Op } from '../history/op.ts';
import { clients, delay, limit, nemesis, once, phases, repeat, sequence, sleep } from './combinators.ts';
import { driveRealTime } from './drive.ts';
import type { Generator } from './generator.ts';
import { Interpreter } from './interpreter.ts';
import type { Completion, Journal } from './ports.ts';

const write = { f: 'write', value: 1 };
const clock = (): number => Math.round(performance.now() * 1e6);

class Lines implements Journal {
  readonly ops: Op[] = [];
  flushed = 0;
  record(op: Op): void {
    this.ops.push(op);
  }
  log(): void {}
  flush(): void {
    this.flushed = this.ops.length;
  }
}

const interpret = (generator: Generator, opTimeoutMs = 1000): Interpreter =>
  new Interpreter({
    generator,
    interrupted: nemesis(once({ f: 'heal', value: null })),
    concurrency: 3,
    nodeIds: ['n1'],
    opTimeoutMs,
    isRead: () => false,
    seed: 1,
    view: { nodeIds: ['n1'], primaries: () => [] },
  });

const ok = ({ process, value }: Op): Completion => ({ process, type: 'ok', value });
const soon = (op: Op): Promise<Completion> => new Promise((resolve) => setTimeout(() => resolve(ok(op)), 1));
const never = (): Promise<Completion> => new Promise(() => {});

test('a run goes on until nothing is left to do', async () => {
  const journal = new Lines();
  const decider = interpret(
    phases(clients(delay(2, limit(10, repeat(write)))), clients(sleep(3)), clients(repeat(write, 5))),
  );
  const duration = await driveRealTime({ decider, journal, clock, invoke: soon });
  expect(journal.ops.filter((op) => op.type === 'ok')).toHaveLength(15);
  expect(journal.flushed).toBe(30);
  expect(duration).toBeGreaterThanOrEqual(journal.ops.at(-5)?.time as number);
});

test('lines are flushed before what they say is carried out', async () => {
  const journal = new Lines();
  const invoke = (op: Op): Promise<Completion> => {
    expect(journal.flushed).toBeGreaterThan(op.index);
    return soon(op);
  };
  await driveRealTime({ decider: interpret(clients(repeat(write, 20))), journal, clock, invoke });
  expect(journal.ops).toHaveLength(40);
});

test('completions that arrive together are taken in together', async () => {
  const journal = new Lines();
  const invoke = (op: Op): Promise<Completion> => Promise.resolve(ok(op));
  await driveRealTime({ decider: interpret(clients(repeat(write, 6))), journal, clock, invoke });
  const [i, o] = ['invoke', 'ok'];
  expect(journal.ops.map((op) => op.type)).toEqual([i, i, i, o, o, o, i, i, i, o, o, o]);
});

test('an op that never ends times out, and its late answer is not taken for another’s', async () => {
  const journal = new Lines();
  const late: (() => void)[] = [];
  const invoke = (op: Op): Promise<Completion> =>
    new Promise((resolve) => {
      if (op.index === 0) late.push(() => resolve(ok(op)));
      else setTimeout(() => resolve(ok(op)), 1);
      if (op.index > 0) for (const answer of late.splice(0)) answer();
    });
  const generator = clients(sequence(once({ ...write, process: 0 }), once({ ...write, process: 3 })));
  await driveRealTime({ decider: interpret(generator, 20), journal, clock, invoke });
  expect(journal.ops.map(({ process, type }) => [process, type])).toEqual([
    [0, 'invoke'],
    [0, 'info'],
    [3, 'invoke'],
    [3, 'ok'],
  ]);
});

test('an interrupt wakes a driver that waits, and the heal is still done', async () => {
  const journal = new Lines();
  const controller = new AbortController();
  const decider = interpret(clients(sequence(sleep(1e9), repeat(write))));
  const run = driveRealTime({ decider, journal, clock, invoke: soon, signal: controller.signal });
  setTimeout(() => controller.abort(), 5);
  await run;
  const types = journal.ops.map(({ f, type }) => `${f} ${type}`);
  expect(types.slice(-2)).toContain('heal info');
  expect(types.filter((type) => type === 'heal info')).toHaveLength(2);
});

test('a signal that was aborted before the start leaves only the heal', async () => {
  const journal = new Lines();
  const decider = interpret(clients(repeat(write)));
  await driveRealTime({ decider, journal, clock, invoke: soon, signal: AbortSignal.abort() });
  expect(journal.ops.map(({ f }) => f)).toEqual(['heal', 'heal']);
});

test('what the journal, an invocation, or the decider throws ends the run', async () => {
  const full: Journal = {
    record: () => {},
    log: () => {},
    flush: () => {
      throw new Error('disk full');
    },
  };
  const decider = () => interpret(clients(repeat(write)));
  await expect(driveRealTime({ decider: decider(), journal: full, clock, invoke: never })).rejects.toThrow('disk full');
  const broken = () => Promise.reject(new Error('no socket'));
  await expect(driveRealTime({ decider: decider(), journal: new Lines(), clock, invoke: broken })).rejects.toThrow(
    'no socket',
  );
  const stuck: Generator = { op: () => ['pending', stuck], update: () => stuck };
  await expect(
    driveRealTime({ decider: interpret(stuck), journal: new Lines(), clock, invoke: never }),
  ).rejects.toThrow('nothing is outstanding');
});
