/** Linearizable histories of any object. */
import fc from 'fast-check';
import type { History } from '../history/history.ts';
import type { Value } from '../history/value.ts';
import { manyOf } from './lists.ts';
import { type Asked, type ObjectName, type SequentialObject, sequentialObjects } from './objects.ts';
import { delay, type Hears, happensIn, hearsBut, historyOf, inOrder, staysOf, type Told } from './timeline.ts';

export interface ObjectOptions {
  /** Default 12. */
  readonly opsMax?: number;
  /** Clients at a time. Default 4. */
  readonly clients?: number;
  /** Objects of the kind, each under a key of its own from 0 up. Default: one without key. */
  readonly keyCount?: number;
  /** How many of a hundred ops fail although the object would not refuse them. Default 5. */
  readonly failPercent?: number;
  /** How many of a hundred ops have no answer; a quarter of those have no completion either. Default 10. */
  readonly crashPercent?: number;
}

interface Plan {
  readonly client: number;
  readonly wait: number;
  readonly key: number;
  readonly asked: Asked;
  readonly effectDelay: number;
  readonly answerDelay: number;
  readonly fails: boolean;
  readonly hears: Hears;
  readonly patience: number;
  /** By how much an op without answer takes effect later. */
  readonly late: number;
}

const opsMaxDefault = 12;
const delayMax = 6;
const waitMax = 4;
const patienceMax = 8;
const lateMax = 40;

/**
 * Histories that are linearizable (Herlihy and Wing 1990): each op takes effect on the object at one moment between its
 * invocation and its completion; one that crashed (`info`, or without completion) at any later moment, or never. A refused op is a
 * `fail` with the error `precondition-failed`, one that failed otherwise a `fail` without error. `object` is a name, the same as
 * that of the model which judges it, or a specification of one's own.
 *
 * Shrinks to few ops that follow one another, without crashes and failures where these do not matter, and always to a linearizable
 * history. Linear in the ops, but for what the object costs.
 */
export function objectHistories<State>(
  object: ObjectName | SequentialObject<State>,
  options: ObjectOptions = {},
): fc.Arbitrary<History> {
  const specification = (typeof object === 'string' ? sequentialObjects[object] : object) as SequentialObject<unknown>;
  const clients = options.clients ?? 4;
  return manyOf(plans(specification, options, clients), options.opsMax ?? opsMaxDefault).map((all) =>
    execute(all, specification, options, clients),
  );
}

function plans(
  { asks }: SequentialObject<unknown>,
  { keyCount = 1, failPercent = 5, crashPercent = 10 }: ObjectOptions,
  clients: number,
): fc.Arbitrary<Plan> {
  return fc.record({
    client: fc.nat({ max: clients - 1 }),
    wait: delay(waitMax),
    key: fc.nat({ max: keyCount - 1 }),
    asked: asks,
    effectDelay: delay(delayMax),
    answerDelay: delay(delayMax),
    fails: happensIn(failPercent),
    hears: hearsBut(crashPercent),
    patience: fc.nat({ max: patienceMax }),
    late: delay(lateMax),
  });
}

type Answer = Told['answer'];

function execute(
  all: readonly Plan[],
  object: SequentialObject<unknown>,
  { keyCount }: ObjectOptions,
  clients: number,
): History {
  const visits = all.map((plan) => {
    const { hears, effectDelay, answerDelay, patience } = plan;
    return { ...plan, stay: hears === 'answer' ? effectDelay + answerDelay : patience };
  });
  const stays = staysOf(visits, clients);
  const effects = all.map(({ hears, effectDelay, late }, plan) => {
    return { tick: stays[plan]!.invoked + effectDelay + (hears === 'answer' ? 0 : late), plan, part: 0 };
  });
  const states = new Map<number, unknown>();
  const answers: Answer[] = [];
  for (const { plan } of inOrder(effects)) {
    const { asked, key, fails } = all[plan]!;
    const state = states.has(key) ? states.get(key) : object.initial;
    const done = fails ? undefined : object.apply(state, asked, stays[plan]!.process);
    if (done !== undefined) states.set(key, done.state);
    answers[plan] = done === undefined ? refusal(asked.value, fails) : { type: 'ok', value: done.value };
  }
  return historyOf(
    visits,
    stays,
    all.map(({ asked, key }, plan): Told => {
      const told = { f: asked.f, asked: asked.value, answer: answers[plan]! };
      return keyCount === undefined ? told : { ...told, key };
    }),
  );
}

const refusal = (value: Value, fails: boolean): Answer =>
  fails ? { type: 'fail', value } : { type: 'fail', value, error: 'precondition-failed' };
