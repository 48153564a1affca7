/**
 * What a client of a system of others says of an op, held to what its service has to say: a read must tell what it found, in
 * the shape in which the checkers take it. Of an op without a result, such as a write, the history keeps what was asked.
 */
import { inspect, isDeepStrictEqual } from 'node:util';
import { SpecError } from '../../harness/spec.ts';
import type { Outcome, ServiceName, ServiceOp } from '../../protocol/service.ts';
import { wordsOf } from './ask-system.ts';

/** What an op that is ok must have for a value. */
interface Result {
  /** As in "must resolve read with …". */
  readonly words: string;
  fits(value: unknown, op: ServiceOp): boolean;
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a history can hold. */
const isJson = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.every(isJson);
  if (typeof value === 'number') return Number.isFinite(value);
  if (!isMapping(value)) return value === null || typeof value === 'string' || typeof value === 'boolean';
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson);
};

const anything: Result = { words: 'what was read, or null', fits: (value) => value !== undefined };
const something: Result = { words: 'a value', fits: (value) => value !== undefined && value !== null };
const list: Result = { words: 'a list', fits: Array.isArray };
const mapping: Result = { words: 'a mapping', fits: isMapping };
const wholeNumber: Result = { words: 'a whole number', fits: Number.isInteger };
const token: Result = {
  words: '{ client, token } with a whole number for a token',
  fits: (value) => isMapping(value) && Number.isInteger(value.token),
};
const microOps: Result = {
  words: 'the micro-ops that were asked for, in order, each read with what it found',
  fits: (value, { value: asked }) => {
    const wanted = asked as readonly (readonly unknown[])[];
    return (
      Array.isArray(value) &&
      value.length === wanted.length &&
      value.every((microOp, place) => {
        const [f, key] = wanted[place] as readonly unknown[];
        return Array.isArray(microOp) && microOp.length === 3 && microOp[0] === f && isDeepStrictEqual(microOp[1], key);
      })
    );
  },
};
const foundRows: Result = {
  words: 'a list of rows, or [key, rows] with as many rows as were looked for',
  fits(value, { value: asked }) {
    if (!Array.isArray(value) || asked === null) return Array.isArray(value);
    const [, rows] = value as readonly unknown[];
    const [, wanted] = asked as readonly [unknown, readonly unknown[]];
    return value.length === 2 && Array.isArray(rows) && rows.length === wanted.length;
  },
};
const sent: Result = {
  words: "[['send', key, [offset, message]]]",
  fits: (value) =>
    Array.isArray(value) && value.length === 1 && isPair(value[0]?.[2]) && Number.isInteger(value[0][2][0]),
};
const polled: Result = {
  words: "[['poll', { key: [[offset, message], …] }]]",
  fits(value) {
    const messages = Array.isArray(value) && value.length === 1 ? value[0]?.[1] : undefined;
    return isMapping(messages) && Object.values(messages).every((each) => Array.isArray(each) && each.every(isPair));
  },
};
const decision: Result = {
  words: '{ proposed, decided }',
  fits: (value) => isMapping(value) && value.decided !== undefined && value.decided !== null,
};
const vote: Result = {
  words: '{ vote, decision }, each null where it is not known',
  fits: (value) => isMapping(value) && value.vote !== undefined && value.decision !== undefined,
};

const isPair = (value: unknown): boolean => Array.isArray(value) && value.length === 2;

/** By service, the ops that have a result. */
const results: Readonly<Record<ServiceName, Readonly<Record<string, Result>>>> = {
  register: { read: anything },
  txn: { txn: microOps },
  bank: { read: mapping },
  queue: { dequeue: anything },
  set: { read: list },
  counter: { read: wholeNumber },
  lock: { acquire: token },
  'unique-ids': { generate: something },
  rows: { add: mapping, read: foundRows },
  log: { send: sent, poll: polled },
  'atomic-commit': { inspect: vote },
  consensus: { propose: decision, learn: anything },
  echo: { echo: anything },
};

const types: readonly unknown[] = ['ok', 'fail', 'info'];

/**
 * The outcome that an answer stands for.
 *
 * @param name of the system
 * @throws SpecError, one sentence, for an answer that is none
 */
export function outcomeOf(name: string, service: ServiceName, op: ServiceOp, answer: unknown): Outcome {
  const wrong = (wanted: string): SpecError =>
    new SpecError(
      `a client of ${name} must resolve ${op.f} with ${wanted}, and gave ${inspect(answer, { breakLength: Infinity, compact: true })}`,
    );
  if (!isMapping(answer) || !types.includes(answer.type)) throw wrong("{ type: 'ok', 'fail', or 'info', value }");
  const { type, value, error } = answer as unknown as Outcome;
  if (type !== 'ok')
    return { type, value: op.value, ...(error === undefined ? {} : { error: isJson(error) ? error : wordsOf(error) }) };
  const result = results[service][op.f];
  if (result === undefined) return { type, value: op.value };
  if (isJson(value) && result.fits(value, op)) return { type, value };
  throw wrong(`{ type: 'ok', value } whose value, as JSON, is ${result.words}`);
}
