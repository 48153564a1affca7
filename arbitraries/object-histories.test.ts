/** Objects against the checkers, and one by one against every order. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkLinearizable } from '../checkers/linearizable/linearizable.ts';
import { models } from '../checkers/linearizable/models/index.ts';
import { validateCompletions } from '../history/completions.ts';
import { type History, validatePairing } from '../history/history.ts';
import { isArray, type Value, valueKey } from '../history/value.ts';
import { type Mutation, mutated } from './mutated.ts';
import { objectHistories } from './object-histories.ts';
import { type ObjectName, type SequentialObject, sequentialObjects } from './objects.ts';
import { textOf } from './readable.ts';

const numRuns = Number(process.env.FTEST_NUM_RUNS ?? 80);

const names = Object.keys(sequentialObjects) as ObjectName[];

/** Queues of equal elements are hard to judge; what is not decided soon is left undecided. */
const budget = 100_000;

const verdictOn = (name: ObjectName, history: History, observeFailedCas = true) =>
  checkLinearizable(history, { model: models.get(name)!, observeFailedCas, budget }).valid;

interface Call {
  readonly f: string;
  readonly value: Value;
  /** What came of it; undefined where nobody knows. */
  readonly answer: Value | undefined;
  readonly process: number;
  readonly invoked: number;
  readonly completed: number;
}

/** A set may be read in any order. */
function isSame(one: Value, other: Value): boolean {
  if (!isArray(one) || !isArray(other)) return valueKey(one) === valueKey(other);
  return one.map(valueKey).sort().join() === other.map(valueKey).sort().join();
}

/** Whether some order of the ops that may have happened explains it, by the specification itself. Ops that failed are left out. */
function isExplained(history: History, object: SequentialObject<unknown>): boolean {
  const calls = [...history.clientInvocations()].flatMap((invoked): Call[] => {
    const completed = history.completionOf(invoked);
    const type = completed < 0 ? 'info' : history.type(completed);
    if (type === 'fail') return [];
    const isOk = type === 'ok';
    const [f, value, process] = [history.f(invoked), history.value(invoked), history.processes[invoked]!];
    const answer = isOk ? history.value(completed) : undefined;
    return [{ f, value, answer, process, invoked, completed: isOk ? completed : Number.POSITIVE_INFINITY }];
  });
  const search = (left: readonly Call[], state: unknown): boolean => {
    if (left.every(({ answer }) => answer === undefined)) return true;
    const firstEnd = Math.min(...left.map(({ completed }) => completed));
    return left.some((call) => {
      if (call.invoked > firstEnd) return false;
      const done = object.apply(state, call, call.process);
      if (call.answer !== undefined && (done === undefined || !isSame(done.value, call.answer))) return false;
      return search(
        left.filter((other) => other !== call),
        done === undefined ? state : done.state,
      );
    });
  };
  return search(calls, object.initial);
}

/** The model allows more than the object does: any element of a bag may be taken, and tokens need not be in sequence. */
const mayDoOtherwise: readonly ObjectName[] = ['unordered-queue', 'fenced-mutex'];

/** Models of locks do not look at what their ops return, but for tokens. */
const mutationsOf = (name: ObjectName): readonly Mutation[] =>
  name.endsWith('mutex') ? ['drops', 'fates', 'moves'] : ['reads', 'swaps', 'drops', 'fates', 'moves'];

describe.each(names)('%s', (name) => {
  test('every history is linearizable', () => {
    let decided = 0;
    for (const options of [{}, { opsMax: 24, clients: 6 }, { crashPercent: 40 }, { keyCount: 3, opsMax: 24 }]) {
      fc.assert(
        fc.property(objectHistories(name, options), (history) => {
          validatePairing(history);
          validateCompletions(history);
          const verdict = verdictOn(name, history);
          expect(verdict).not.toBe(false);
          if (verdict === true) decided++;
        }),
        { numRuns },
      );
    }
    expect(decided).toBeGreaterThan(numRuns * 3.5);
  });

  test('small histories have an order that explains them', () => {
    const object = sequentialObjects[name] as SequentialObject<unknown>;
    fc.assert(
      fc.property(objectHistories(name, { opsMax: 6 }), (history) => {
        expect(isExplained(history, object)).toBe(true);
      }),
      { numRuns },
    );
  });

  test('mutated, some are not, and then no order explains them', () => {
    const object = sequentialObjects[name] as SequentialObject<unknown>;
    let wrong = 0;
    fc.assert(
      fc.property(mutated(objectHistories(name, { opsMax: 6 }), { mutations: mutationsOf(name) }), (history) => {
        validatePairing(history);
        validateCompletions(history);
        const explained = isExplained(history, object);
        if (!explained) wrong++;
        if (explained || !mayDoOtherwise.includes(name)) expect(verdictOn(name, history, false)).toBe(explained);
      }),
      { numRuns: numRuns * 2, seed: 1 },
    );
    expect(wrong).toBeGreaterThan(0);
  });
});

test('histories have crashes that happen and that do not, failures, refusals, and overlapping ops', () => {
  const counts = { info: 0, open: 0, fail: 0, refused: 0, overlapping: 0 };
  for (const history of fc.sample(objectHistories('cas-register'), { numRuns: 500, seed: 1 })) {
    for (const i of history.clientInvocations()) {
      const completion = history.completionOf(i);
      if (completion < 0) counts.open++;
      else if (history.type(completion) === 'info') counts.info++;
      else if (history.error(completion) === 'precondition-failed') counts.refused++;
      else if (history.type(completion) === 'fail') counts.fail++;
      if (completion > i + 1) counts.overlapping++;
    }
  }
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(50);
});

test('keys are objects of their own', () => {
  const [history] = fc.sample(objectHistories('counter', { keyCount: 3, opsMax: 100 }), { numRuns: 1, seed: 5 });
  expect([...history!.keys].sort()).toEqual([0, 1, 2]);
});

test('an object of one’s own', () => {
  const toggle: SequentialObject<boolean> = {
    initial: false,
    asks: fc.constant({ f: 'toggle', value: null }),
    apply: (state) => ({ state: !state, value: !state }),
  };
  fc.assert(
    fc.property(objectHistories(toggle, { opsMax: 5 }), (history) => {
      expect(isExplained(history, toggle)).toBe(true);
    }),
    { numRuns },
  );
});

describe('a checker that is wrong', () => {
  test('shrinks to the few ops that show it: one that takes crashed writes for ones that did not happen', () => {
    const ignoresCrashes = (history: History): boolean => {
      const written = new Set<Value>([null]);
      for (let i = 0; i < history.length; i++) {
        if (history.type(i) === 'ok' && history.f(i) === 'write') written.add(history.value(i));
        if (history.type(i) === 'ok' && history.f(i) === 'read' && !written.has(history.value(i))) return false;
      }
      return true;
    };
    const result = fc.check(fc.property(objectHistories('register'), ignoresCrashes), { numRuns: 2000, seed: 1 });
    const [history] = result.counterexample!;
    expect(history.clientInvocations().length).toBe(2);
    expect([...history.fNames].sort()).toEqual(['read', 'write']);
    expect(fc.defaultReportMessage(result)).toContain(textOf(history));
  });

  test('shrinks a mutated history to one op', () => {
    const histories = mutated(objectHistories('register'), { mutations: ['reads'] });
    const result = fc.check(
      fc.property(histories, (history) => verdictOn('register', history) === true),
      { numRuns: 500, seed: 1 },
    );
    expect(textOf(result.counterexample![0])).toBe('0 invoke read nil\n0 ok read 1');
  });
});
