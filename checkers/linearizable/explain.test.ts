import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type History, HistoryBuilder } from '../../history/history.ts';
import type { Op } from '../../history/op.ts';
import { parseHistory } from '../../history/read.ts';
import { formatValue, type Value, valueKey } from '../../history/value.ts';
import type { KeyFailure, Path } from '../evidence.ts';
import { ALWAYS, ILLEGAL } from './automaton.ts';
import { type Calls, CRASHED, RETURNED, selectCalls } from './calls.ts';
import { conflictOf, Questions } from './contradiction.ts';
import { CallsUntil } from './excerpt.ts';
import { explain } from './explain.ts';
import { checkLinearizable } from './linearizable.ts';
import { counter } from './models/counter.ts';
import { fencedMutex } from './models/fenced-mutex.ts';
import { fifoQueue } from './models/fifo-queue.ts';
import { kv } from './models/kv.ts';
import type { Model } from './models/model.ts';
import { multiRegister } from './models/multi-register.ts';
import { mutex, ownerMutex } from './models/mutex.ts';
import { reentrantMutex } from './models/reentrant-mutex.ts';
import { casRegister } from './models/register.ts';
import { set } from './models/set.ts';
import { stack } from './models/stack.ts';
import { unorderedQueue } from './models/unordered-queue.ts';
import { objectsOf } from './objects.ts';
import { allRules } from './rules.ts';
import { Search } from './search.ts';
import { historyOf } from './testing/history-of.ts';
import { applyCall, isLinearizable, isLinearizableBy, type Specification } from './testing/permutations.ts';
import { type Player, playedHistories } from './testing/played-histories.ts';
import {
  bagPlayer,
  counterPlayer,
  fifoQueuePlayer,
  kvPlayer,
  lockPlayer,
  multiRegisterPlayer,
  setPlayer,
  stackPlayer,
} from './testing/players.ts';
import { anySmallHistory } from './testing/small-histories.ts';
import {
  bagSpecification,
  counterSpecification,
  fifoQueueSpecification,
  kvSpecification,
  lockSpecification,
  multiRegisterSpecification,
  setSpecification,
  stackSpecification,
} from './testing/specifications.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 1_500);
const search = new Search();
const budget = 1_000_000;

function explained(text: string, model: Model, core?: readonly number[]): KeyFailure {
  const history = historyOf(text);
  const calls = objectsOf(history).calls[0]!;
  const call = core === undefined ? search.run(model.compile(calls), { budget, rules: allRules }).call : undefined;
  return explain(search, { history, key: null, calls, model, call, core }, budget);
}

/** The calls with these invocation lines. */
function callsAt(calls: Calls, lines: readonly number[]): Calls {
  const numbers = lines.map((line) => calls.invocation.indexOf(line));
  expect(numbers).not.toContain(-1);
  return selectCalls(
    calls,
    numbers.sort((a, b) => a - b),
  );
}

function expectMinimal(calls: Calls, minimal: readonly number[], nilReadIsUnknown = false): void {
  expect(minimal.length).toBeGreaterThan(0);
  expect(isLinearizable(callsAt(calls, minimal), nilReadIsUnknown)).toBe(false);
  for (const line of minimal) {
    const rest = minimal.filter((other) => other !== line);
    expect(isLinearizable(callsAt(calls, rest), nilReadIsUnknown)).toBe(true);
  }
}

/** Follows a path on a plain register; each op no earlier than one before it was invoked, and no later than it returned. */
function expectPossible(
  calls: Calls,
  { start, steps }: Path,
  states: readonly Value[],
  nilReadIsUnknown = false,
): void {
  let state = states.find((one) => formatValue(one) === start);
  expect(state).toBeDefined();
  let invoked = -1;
  for (const { op, state: after } of steps) {
    const call = calls.invocation.indexOf(op);
    const next = applyCall(calls, call, state!, nilReadIsUnknown);
    expect(next).toBeDefined();
    state = next!;
    expect(formatValue(state)).toBe(after);
    if (calls.fate[call] !== CRASHED) expect(calls.completion[call]).toBeGreaterThan(invoked);
    invoked = Math.max(invoked, op);
  }
}

/** A history with the calls at their lines; what else there was is the nemesis's. */
function asHistory(calls: Calls): History {
  const ops = new Map<number, Omit<Op, 'index' | 'time'>>();
  for (let call = 0; call < calls.length; call++) {
    const common = { process: calls.process[call]!, f: calls.f[call]! };
    ops.set(calls.invocation[call]!, { ...common, type: 'invoke', value: calls.input[call]! });
    if (calls.fate[call] === CRASHED) continue;
    const type = calls.fate[call] === RETURNED ? 'ok' : 'fail';
    ops.set(calls.completion[call]!, { ...common, type, value: calls.output[call]! });
  }
  const builder = new HistoryBuilder();
  for (let line = 0; line <= Math.max(...ops.keys()); line++) {
    const op = ops.get(line) ?? { process: 'nemesis', type: 'info', f: 'nothing', value: null };
    builder.push({ ...op, time: line * 1e8 });
  }
  return builder.build();
}

const unbounded = Number.POSITIVE_INFINITY;

const objects: readonly (readonly [string, Model, Specification, Player])[] = [
  ['fifo-queue', fifoQueue(), fifoQueueSpecification, fifoQueuePlayer],
  ['unordered-queue', unorderedQueue(), bagSpecification, bagPlayer],
  ['stack', stack(), stackSpecification, stackPlayer],
  ['set', set(), setSpecification, setPlayer(true)],
  ['counter', counter(), counterSpecification, counterPlayer],
  ['kv', kv(), kvSpecification, kvPlayer],
  [
    'multi-register',
    multiRegister(),
    multiRegisterSpecification(undefined, false),
    multiRegisterPlayer({ x: 1, z: 3 }),
  ],
  ['mutex', mutex(), lockSpecification(false, false, 1), lockPlayer(false, 1, 'none')],
  ['owner-mutex', ownerMutex(), lockSpecification(true, false, 1), lockPlayer(false, 1, 'none')],
  ['fenced-mutex', fencedMutex(), lockSpecification(true, true, 1), lockPlayer(true, 1, 'none')],
  [
    'reentrant-mutex',
    reentrantMutex(),
    lockSpecification(true, false, unbounded),
    lockPlayer(false, unbounded, 'none'),
  ],
];

describe.each(objects)('of a %s', (_, model, specification, player) => {
  test('the evidence is right', () => {
    let failures = 0;
    fc.assert(
      fc.property(playedHistories(player), (calls) => {
        const { call, outcome } = search.run(model.compile(calls), { budget: 100_000, rules: allRules });
        if (outcome !== 'impossible') return;
        failures++;
        const core = model.decide?.(calls);
        const found = core?.linearizable === false ? { core: core.core } : { call };
        const failure = explain(search, { history: asHistory(calls), key: null, calls, model, ...found }, budget);
        const isPossible = (lines: readonly number[]): boolean =>
          isLinearizableBy(specification, callsAt(calls, lines));
        expect(failure.minimal.length).toBeGreaterThan(0);
        expect(isPossible(failure.minimal)).toBe(false);
        for (const line of failure.minimal) {
          expect(isPossible(failure.minimal.filter((other) => other !== line))).toBe(true);
        }
        if (failure.conflict !== undefined) expect(isPossible(failure.conflict)).toBe(false);
        expect(failure.story.at(-1)).toMatch(/^Process \d+ /);
        expect(failure.paths.length).toBeGreaterThan(0);
        expect(failure.window.from).toBeLessThanOrEqual(failure.window.to);
      }),
      { numRuns: numRuns / 10 },
    );
    expect(failures).toBeGreaterThan(numRuns / 200);
  }, 3_600_000);

  test('no conflict is found in a few of the last calls where there is none', () => {
    fc.assert(
      fc.property(playedHistories(player), fc.integer({ min: 1, max: 5 }), (calls, shortest) => {
        const found = conflictOf(new Questions(search, model, 50_000), new CallsUntil(model, calls), shortest);
        if (found !== undefined) expect(isLinearizableBy(specification, calls)).toBe(false);
      }),
      { numRuns: numRuns / 10 },
    );
  }, 3_600_000);

  test('no excerpt is impossible where the whole is not', () => {
    fc.assert(
      fc.property(playedHistories(player), fc.integer({ min: 1, max: 8 }), (calls, size) => {
        const until = new CallsUntil(model, calls);
        if (!until.canSumUp(model.compile(calls))) return;
        const excerpt = until.last(size);
        const begun = excerpt === undefined ? undefined : until.problemOf(excerpt);
        if (begun === undefined) return;
        const options = { budget: 20_000, rules: allRules, states: begun.states, crashedRepeat: true };
        if (search.run(begun.problem, options).outcome !== 'impossible') return;
        expect(isLinearizableBy(specification, calls)).toBe(false);
      }),
      { numRuns: numRuns / 10 },
    );
  }, 3_600_000);
});

describe('of histories small and random', () => {
  test('the evidence is right', () => {
    let failures = 0;
    fc.assert(
      fc.property(anySmallHistory, (calls) => {
        const model = casRegister();
        const { call } = search.run(model.compile(calls), { budget, rules: allRules });
        if (call < 0) return;
        failures++;
        const failure = explain(search, { history: asHistory(calls), key: null, calls, model, call }, budget);
        expect(failure.basis).toBe('history');
        expect(failure.completion).toBe(calls.completion[call]);
        expectMinimal(calls, failure.minimal);
        expect(isLinearizable(callsAt(calls, failure.conflict!))).toBe(false);
        expect(failure.conflict).toContain(calls.invocation[call]);
        expect(failure.window.to).toBeGreaterThanOrEqual(failure.completion);
        expect(failure.paths.length).toBeGreaterThan(0);
        expect(failure.configurations.length).toBeGreaterThan(0);
        for (const path of failure.paths) {
          expectPossible(calls, path, [null]);
          expect(path.dies.op).toBe(calls.invocation[call]);
          const placed = new Set(path.steps.map(({ op }) => op));
          for (let other = 0; other < calls.length; other++) {
            const isOver = calls.fate[other] !== CRASHED && calls.completion[other]! < failure.completion;
            if (isOver) expect(placed.has(calls.invocation[other]!)).toBe(true);
          }
        }
      }),
      { numRuns },
    );
    expect(failures).toBeGreaterThan(numRuns / 10);
  }, 3_600_000);
});

/** Three clients take turns on a register, each op overlapping the next; of every hundred ops one crashes. Then a read of an old value. */
function longHistory(ops: number, crashes: boolean): History {
  const builder = new HistoryBuilder();
  const open: { process: number; f: string; value: Value }[] = [];
  const processes = [0, 1, 2];
  let state: Value = null;
  let time = 0;
  const push = (op: Omit<Op, 'index' | 'time'>): void => builder.push({ ...op, time: time++ * 1e6 });
  for (let i = 0; i < ops; i++) {
    const process = processes[i % 3]!;
    const op = { process, f: i % 2 === 0 ? 'write' : 'read', value: i % 2 === 0 ? i : null };
    push({ ...op, type: 'invoke' });
    open.push(op);
    if (open.length < 3) continue;
    const over = open.shift()!;
    if (crashes && i % 100 === 0) {
      processes[over.process % 3] = over.process + 3;
      push({ ...over, type: 'info' });
      continue;
    }
    if (over.f === 'write') state = over.value;
    push({ ...over, type: 'ok', value: over.f === 'read' ? state : over.value });
  }
  push({ process: 1_000_000, type: 'invoke', f: 'read', value: null });
  push({ process: 1_000_000, type: 'ok', f: 'read', value: ops - 400 });
  return builder.build();
}

describe.each([false, true])('of a long history, with crashed ops: %s', (crashes) => {
  const history = longHistory(20_000, crashes);
  const calls = objectsOf(history).calls[0]!;
  const call = calls.length - 1;
  const model = casRegister();
  const failure = explain(search, { history, key: null, calls, model, call }, budget);

  test('a window of the last calls shows it', () => {
    expect(failure.basis).toBe('window');
    expect(failure.window.to).toBe(history.length - 1);
    expect(failure.window.from).toBeGreaterThan(history.length - 40);
  });

  test('the conflict is a handful, with the write of the value that was read', () => {
    expect(failure.conflict!.length).toBeLessThan(6);
    expect(failure.conflict).toContain(calls.invocation[call]);
    const [origin] = failure.conflict!;
    expect(history.value(origin!)).toBe(19_600);
    expect(failure.story.at(-1)).toMatch(/read 19600 at .* s, but .* and no one wrote 19600 afterwards\.$/);
    expectMinimal(calls, failure.minimal);
  });

  test('the paths can be followed from some state that calls before the window left', () => {
    const values = calls.input.filter((value, number) => calls.f[number] === 'write' && value !== null);
    expect(failure.paths.length).toBeGreaterThan(0);
    for (const path of failure.paths) {
      const start = path.start === 'another value' ? values[0]! : path.start;
      expectPossible(calls, { ...path, start: formatValue(start) }, [...values, start]);
    }
  });

  test('it costs no more where the history is longer', () => {
    const longer = longHistory(200_000, crashes);
    const many = objectsOf(longer).calls[0]!;
    const before = process.cpuUsage();
    const { basis } = explain(
      search,
      { history: longer, key: null, calls: many, model, call: many.length - 1 },
      budget,
    );
    const { user, system } = process.cpuUsage(before);
    expect(basis).toBe('window');
    expect((user + system) / 1000).toBeLessThan(1_000);
  });
});

describe('of a core alone', () => {
  const text = `
    0 invoke write 4
    0 ok write 4
    1 invoke write 5
    1 ok write 5
    4 invoke write 6
    4 info write 6
    3 invoke read
    3 ok read 4
    3 invoke read
    3 ok read 5`;

  test('the call is found at which it cannot go on', () => {
    const failure = explained(text, casRegister(), [0, 1, 3]);
    expect(failure).toMatchObject({ completion: 7, conflict: [0, 2, 6], basis: 'history' });
  });
});

/** A queue, first in, first out. */
const fifo: Model = {
  name: 'fifo',
  summary: 'first in, first out',
  fs: ['put', 'take'],
  words: {
    noun: ({ f, input, output }, call) =>
      f[call] === 'put' ? `put of ${formatValue(input[call]!)}` : `take of ${formatValue(output[call]!)}`,
    past: ({ f, input, output }, call) =>
      f[call] === 'put' ? `put ${formatValue(input[call]!)}` : `took ${formatValue(output[call]!)}`,
    expects: ({ f, output, fate }, call) => (f[call] === 'take' && fate[call] === RETURNED ? output[call]! : undefined),
    leaves: ({ f, input }, call) => (f[call] === 'put' ? input[call]! : undefined),
  },
  compile({ f, input, output, fate, length, events }) {
    const states: (readonly Value[])[] = [[]];
    const numbers = new Map([['[]', 0]]);
    const numberOf = (state: readonly Value[]): number => {
      const number = numbers.get(valueKey(state)) ?? states.push(state) - 1;
      numbers.set(valueKey(state), number);
      return number;
    };
    const op = Int32Array.from({ length }, (_, call) => call);
    return {
      automaton: {
        initial: 0,
        ops: length,
        step(state, call) {
          if (f[call] === 'put') return numberOf([...states[state]!, input[call]!]);
          const [first, ...rest] = states[state]!;
          return fate[call] === RETURNED && first === output[call] ? numberOf(rest) : ILLEGAL;
        },
        readOnly: () => false,
        total: (call) => f[call] === 'put',
        overwrites: () => false,
        describe: (state) => formatValue(states[state]!),
      },
      op,
      matters: new Int32Array(length).fill(ALWAYS),
      events,
    };
  },
};

describe('of a queue', () => {
  const swapped = `
    0 invoke put 1
    0 ok put 1
    0 invoke put 7
    0 ok put 7
    1 invoke put 2
    1 ok put 2
    2 invoke take
    2 ok take 2
    3 invoke take
    3 ok take 1`;

  test('the story is told in its words', () => {
    const failure = explained(swapped, fifo);
    expect(failure.conflict).toEqual([2, 4, 6]);
    expect(failure.story).toEqual([
      'Process 0 put 7 from 0.2 s to 0.3 s.',
      'Process 1 put 2 from 0.4 s to 0.5 s.',
      'Process 2 took 2 at 0.7 s, but no order of these ops makes that possible; without any further op it could only hold [1 7 2].',
    ]);
    expect(failure.configurations).toEqual([
      {
        state: '[1 7 2]',
        pending: [6],
        whyDead: "it held [1 7 2], where process 2's take of 2 is not possible, and nothing else was pending",
      },
    ]);
    expect(failure.paths).toEqual([
      {
        skipped: 0,
        start: '[]',
        steps: [
          { op: 0, state: '[1]' },
          { op: 2, state: '[1 7]' },
          { op: 4, state: '[1 7 2]' },
        ],
        dies: {
          op: 6,
          why: "it held [1 7 2], where process 2's take of 2 is not possible, and nothing else was pending",
        },
      },
    ]);
  });

  test('what no one put is said to be so, and which op failed that would have', () => {
    expect(explained('0 invoke put 1\n0 fail put 1\n1 invoke take\n1 ok take 1', fifo).story).toEqual([
      'Process 1 took 1 at 0.3 s, but no op had left 1 there but process 0, whose put failed at 0.1 s.',
    ]);
  });

  test('of a core, only what the core leads to is said to have been possible', () => {
    const calls = Array.from({ length: 1_200 }, (_, i) => `9 invoke put ${i + 10}\n9 ok put ${i + 10}`).join('\n');
    const failure = explained(`${swapped}\n${calls}`, fifo, [0, 2, 3]);
    expect(failure).toMatchObject({ conflict: [0, 4, 6], completion: 7 });
    const late = explained(`${calls}\n${swapped}`, fifo, [1200, 1202, 1203]);
    expect(late.basis).toBe('core');
    expect(late.story.at(-1)).toContain('; of these alone, without any further op, it could only hold [1 2].');
  });
});

const recorded = join(dirname(fileURLToPath(import.meta.url)), '../../../shared/histories');
const whyNot = existsSync(recorded) ? undefined : 'the recorded histories are not there: ../shared/histories';

describe.each([
  ['etcd', false],
  ['knossos', true],
] as const)('of the recorded histories of %s that are invalid', (folder, nilReadIsUnknown) => {
  test.skipIf(whyNot !== undefined)(`a handful shows it${whyNot === undefined ? '' : `: skipped, ${whyNot}`}`, () => {
    const verdicts = readFileSync(join(recorded, folder, 'verdicts.jsonl'), 'utf8')
      .trim()
      .split('\n');
    let invalid = 0;
    for (const { file, workload, ...said } of verdicts.map((line) => JSON.parse(line) as Record<string, unknown>)) {
      if (workload !== 'cas-register' || said['valid?'] !== false) continue;
      invalid++;
      const history = parseHistory(readFileSync(join(recorded, folder, file as string)));
      const [failure] = checkLinearizable(history, { model: casRegister({ nilReadIsUnknown }) }).failures;
      const calls = objectsOf(history).calls[0]!;
      expectMinimal(calls, failure!.minimal, nilReadIsUnknown);
      expect(failure!.minimal.length, file as string).toBeLessThan(5);
      expect(failure!.conflict!.length, file as string).toBeLessThan(10);
      expect(failure!.story.length).toBe(failure!.conflict!.length);
      for (const path of failure!.paths) {
        expectPossible(calls, path, path.skipped === 0 ? [null] : [0, 1, 2, 3, 4, 5], nilReadIsUnknown);
      }
    }
    expect(invalid).toBeGreaterThan(4);
  });
});

test.skipIf(whyNot !== undefined)('of the recorded history of a mutex two ops show it', () => {
  const history = parseHistory(readFileSync(join(recorded, 'knossos/etcd.edn')));
  const [failure] = checkLinearizable(history, { model: mutex() }).failures;
  const calls = callsAt(objectsOf(history).calls[0]!, failure!.minimal);
  expect(calls.length).toBe(2);
  expect(isLinearizableBy(lockSpecification(false, false, 1), calls)).toBe(false);
  expect(calls.completion).toContain(failure!.completion);
  expect(failure!.paths.length).toBeGreaterThan(0);
  expect(failure!.story).toEqual([
    'By then 131 acquires of a lock that one holds once had returned, and only 129 releases had begun.',
    'Process 0 acquired the lock at 32.085 s, but no order of these ops makes that possible; without any further op there could only be a lock held.',
  ]);
});
