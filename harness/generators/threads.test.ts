import { expect, test } from 'vitest';
import {
  andThen,
  any,
  clients,
  eachThread,
  limit,
  nemesis,
  once,
  onThreads,
  phases,
  repeat,
  reserve,
  sequence,
  synchronize,
  untilOk,
} from '../combinators.ts';
import type { Emission, Generator } from '../generator.ts';
import { simulate, timetable } from '../testing/simulate.ts';

const write = { f: 'write', value: 1 };
const op = (f: string) => ({ f, value: null });

test('clients never use the nemesis, and the nemesis is no client', () => {
  expect(timetable(simulate(clients(repeat(write, 50)))).some(([, process]) => process === 'nemesis')).toBe(false);
  const faults = timetable(simulate(nemesis(repeat(op('cut'), 3))));
  expect(faults.every(([, process]) => process === 'nemesis')).toBe(true);
  expect(faults.map(([ms]) => ms)).toEqual([0, 10, 10, 20, 20, 30]);
});

test('onThreads holds for threads, whatever process they play', () => {
  const generator = onThreads((thread) => thread === 1, repeat(write, 3));
  const history = simulate(generator, { concurrency: 3, respond: () => ({ type: 'info' }) });
  expect(timetable(history).map(([, process]) => process)).toEqual([1, 4, 7]);
});

test('on no thread at all a generator is exhausted', () => {
  expect(simulate(onThreads(() => false, repeat(write)))).toEqual([]);
});

test('a narrowed generator is told of the events of its threads alone', () => {
  const seen: string[] = [];
  const watched = (generator: Generator): Generator => ({
    op(context) {
      const emission = generator.op(context);
      return emission === null ? null : ([emission[0], watched(emission[1])] as Emission);
    },
    update(_context, event) {
      seen.push(`${event.process} ${event.type}`);
      return this;
    },
  });
  const generator = any(
    onThreads((thread) => thread === 1, watched(repeat(write, 2))),
    onThreads((thread) => thread === 0, repeat(write, 5)),
    nemesis(repeat(op('cut'), 5)),
  );
  simulate(generator, { concurrency: 2 });
  expect(seen).toEqual(['1 invoke', '1 ok', '1 invoke', '1 ok']);
});

test('eachThread gives every thread a copy', () => {
  const generator = clients(eachThread(sequence(once(op('a')), once(op('b')))));
  const byProcess = timetable(simulate(generator, { concurrency: 3 })).sort((x, y) => Number(x[1]) - Number(y[1]));
  expect(byProcess.map(([ms, process, f]) => [ms, process, f])).toEqual([
    [0, 0, 'a'],
    [10, 0, 'b'],
    [0, 1, 'a'],
    [10, 1, 'b'],
    [0, 2, 'a'],
    [10, 2, 'b'],
  ]);
});

test('eachThread with untilOk retries for each thread by itself', () => {
  const tries = new Map<unknown, number>();
  const respond = ({ process }: { process: unknown }) => {
    const count = (tries.get(process) ?? 0) + 1;
    tries.set(process, count);
    return { type: count > Number(process) ? ('ok' as const) : ('fail' as const) };
  };
  simulate(clients(eachThread(untilOk(repeat(write)))), { concurrency: 4, respond });
  expect([...tries].sort()).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 4],
  ]);
});

test('reserve sets threads aside, in order, and gives the rest to the last', () => {
  const generator = clients(limit(60, reserve([1, repeat(op('a'))], [2, repeat(op('b'))], repeat(op('c')))));
  const pairs = timetable(simulate(generator, { concurrency: 5 })).map(([, process, f]) => `${process}${f}`);
  expect([...new Set(pairs)].sort()).toEqual(['0a', '1b', '2b', '3c', '4c']);
});

test('reserve without enough threads leaves the later lanes empty', () => {
  const generator = clients(limit(10, reserve([2, repeat(op('a'))], [2, repeat(op('b'))], repeat(op('c')))));
  const drawn = timetable(simulate(generator, { concurrency: 2 })).map(([, , f]) => f);
  expect([...new Set(drawn)]).toEqual(['a']);
});

test('synchronize waits until every thread is free', () => {
  const slow = once({ ...write, process: 0 });
  const generator = sequence(slow, synchronize(once({ ...op('after'), process: 1 })));
  expect(timetable(simulate(generator))).toEqual([
    [0, 0, 'write', 1],
    [10, 1, 'after', null],
  ]);
});

test('phases wait for the ops of the one before, those of the nemesis included', () => {
  const generator = phases(clients(repeat(op('a'), 3)), nemesis(once(op('cut'))), clients(repeat(op('b'), 2)));
  const drawn = timetable(simulate(generator, { concurrency: 2 })).map(([ms, , f]) => `${ms} ${f}`);
  expect(drawn).toEqual(['0 a', '0 a', '10 a', '20 cut', '30 cut', '30 b', '30 b']);
});

test('andThen is the one, and when its ops have ended the other', () => {
  const drawn = timetable(simulate(clients(andThen(repeat(op('a'), 2), once(op('b'))))));
  expect(drawn.map(([ms, , f]) => `${ms} ${f}`)).toEqual(['0 a', '0 a', '10 b']);
});
