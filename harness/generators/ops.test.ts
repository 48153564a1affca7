import { expect, test } from 'vitest';
import {
  clients,
  cycle,
  each,
  filter,
  fMap,
  limit,
  log,
  map,
  mix,
  nothing,
  once,
  phase,
  processLimit,
  repeat,
  sequence,
  sleep,
  untilOk,
} from '../combinators.ts';
import { type Simulation, simulate, timetable } from '../testing/simulate.ts';

const write = { f: 'write', value: 1 };
const read = { f: 'read', value: null };
const alone = { concurrency: 1 };
const fs = (generator: Parameters<typeof simulate>[0], simulation: Simulation = alone) =>
  timetable(simulate(clients(generator), simulation)).map(([, , f, value]) => `${f} ${value}`);

test('once is one op', () => {
  expect(timetable(simulate(clients(once(write)), alone))).toEqual([[0, 0, 'write', 1]]);
});

test('an op without a process goes to any free thread, the nemesis included', () => {
  const history = simulate(repeat(write, 3), { concurrency: 2 });
  expect(new Set(timetable(history).map(([, process]) => process))).toEqual(new Set([0, 1, 'nemesis']));
});

test('an op for a process waits until that process is free', () => {
  const generator = repeat({ ...write, process: 1 }, 2);
  expect(timetable(simulate(generator))).toEqual([
    [0, 1, 'write', 1],
    [10, 1, 'write', 1],
  ]);
});

test('each calls its function anew for every op, until it gives null', () => {
  const generator = each((context) => (context.time < 25_000_000 ? { f: 'tick', value: context.time / 1e6 } : null));
  expect(fs(generator)).toEqual(['tick 0', 'tick 10', 'tick 20']);
});

test('repeat gives the first op of a generator each time, and does not advance it', () => {
  expect(fs(repeat(sequence(once(write), once(read)), 3))).toEqual(['write 1', 'write 1', 'write 1']);
});

test('repeat without a count has no end', () => {
  expect(fs(repeat(write), { ...alone, untilMs: 1000 })).toHaveLength(100);
});

test('sequence goes on to the next generator before the ops of the first have ended', () => {
  expect(timetable(simulate(clients(sequence(once(write), once(read)))))).toMatchObject([
    [0, expect.anything(), 'write', 1],
    [0, expect.anything(), 'read', null],
  ]);
});

test('sequence passes over exhausted generators', () => {
  expect(fs(sequence(nothing, once(write), nothing, nothing, once(read), nothing))).toEqual(['write 1', 'read null']);
});

test('cycle begins again when its generator is exhausted', () => {
  const generator = limit(5, cycle(sequence(once(write), once(read))));
  expect(fs(generator)).toEqual(['write 1', 'read null', 'write 1', 'read null', 'write 1']);
});

test('a cycle of nothing is nothing', () => {
  expect(fs(cycle(nothing))).toEqual([]);
});

test('limit counts the ops of all threads', () => {
  expect(timetable(simulate(limit(5, repeat(write)), { concurrency: 3 }))).toHaveLength(5 + 1);
  expect(fs(limit(5, repeat(write)), { concurrency: 3 })).toHaveLength(5);
});

test('filter drops what does not satisfy it, and lets sleeps pass', () => {
  const generator = filter((op) => op.f === 'read', sequence(once(write), sleep(50), once(read), once(write)));
  expect(timetable(simulate(clients(generator), alone))).toEqual([[50, 0, 'read', null]]);
});

test('map changes ops and leaves sleeps alone', () => {
  const generator = map((op) => ({ ...op, value: 7 }), sequence(sleep(20), once(write)));
  expect(timetable(simulate(clients(generator), alone))).toEqual([[20, 0, 'write', 7]]);
});

test('fMap renames the fs it knows', () => {
  expect(fs(fMap({ write: 'w' }, sequence(once(write), once(read))))).toEqual(['w 1', 'read null']);
});

test('untilOk ends with the first op that is ok', () => {
  let tries = 0;
  const respond = () => ({ type: ++tries === 3 ? ('ok' as const) : ('fail' as const) });
  expect(fs(untilOk(repeat(write)), { ...alone, respond })).toHaveLength(3);
});

test('untilOk takes no notice of ops that are not its own', () => {
  const others = limit(2, repeat({ ...read, process: 0 }));
  const stubborn = untilOk(limit(3, repeat({ ...write, process: 1 })));
  const respond = (op: { f: string }) => ({ type: op.f === 'read' ? ('ok' as const) : ('fail' as const) });
  const history = simulate(mix([others, stubborn]), { respond });
  expect(timetable(history).filter(([, , f]) => f === 'write')).toHaveLength(3);
});

test('processLimit ends when crashes have used up the processes', () => {
  const respond = () => ({ type: 'info' as const });
  const history = simulate(clients(processLimit(5, repeat(write))), { concurrency: 2, respond });
  const processes = timetable(history).map(([, process]) => process);
  expect(new Set(processes).size).toBeLessThanOrEqual(5);
  expect(processes).toHaveLength(4);
});

test('phase writes both its lines at once, and the runtime is not asked', () => {
  const history = simulate(sequence(phase('heal'), clients(once(write))), alone);
  expect(history.slice(0, 2)).toEqual([
    { index: 0, time: 0, process: 'nemesis', type: 'info', f: 'phase', value: 'heal' },
    { index: 1, time: 1, process: 'nemesis', type: 'info', f: 'phase', value: 'heal' },
  ]);
  expect(timetable(history).at(-1)).toEqual([0, 0, 'write', 1]);
});

test('sleeps and logs stay out of the history', () => {
  expect(timetable(simulate(clients(sequence(log('hello'), sleep(30), once(write))), alone))).toEqual([
    [30, 0, 'write', 1],
  ]);
});
