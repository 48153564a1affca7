import { describe, expect, test } from 'vitest';
import { type Body, type ErrorName, errorBody, errorCodes } from '../message.ts';
import type { ServiceOp } from '../service.ts';
import { echo } from './echo.ts';
import { services } from './index.ts';
import { register } from './register.ts';

const read: ServiceOp = { f: 'read', key: 'x', value: null };
const write: ServiceOp = { f: 'write', key: 'x', value: 3 };
const cas: ServiceOp = { f: 'cas', key: 'x', value: [3, 4] };
const reply = (body: Record<string, unknown>): Body => body as unknown as Body;

describe('the register service', () => {
  test('asks with the bodies of lin-kv', () => {
    expect(register.request(read, 7)).toEqual({ type: 'read', key: 'x', msg_id: 7 });
    expect(register.request({ ...read, key: [1, { a: null }] }, 8)).toEqual({
      type: 'read',
      key: [1, { a: null }],
      msg_id: 8,
    });
    expect(register.request(write, 9)).toEqual({ type: 'write', key: 'x', value: 3, msg_id: 9 });
    expect(register.request(cas, 10)).toEqual({ type: 'cas', key: 'x', from: 3, to: 4, msg_id: 10 });
  });

  test('refuses an op it does not have', () => {
    expect(() => register.request({ f: 'append', key: 'x', value: 1 }, 1)).toThrow('not append');
  });

  test('a success carries the value read, or the value asked for', () => {
    expect(register.outcome(read, reply({ type: 'read_ok', value: 7 }))).toEqual({ type: 'ok', value: 7 });
    expect(register.outcome(read, reply({ type: 'read_ok', value: null }))).toEqual({ type: 'ok', value: null });
    expect(register.outcome(write, reply({ type: 'write_ok' }))).toEqual({ type: 'ok', value: 3 });
    expect(register.outcome(cas, reply({ type: 'cas_ok' }))).toEqual({ type: 'ok', value: [3, 4] });
  });

  test('a key that was never written reads as null and refuses cas', () => {
    const missing = errorBody(1, 'keyDoesNotExist', '');
    expect(register.outcome(read, missing)).toEqual({ type: 'ok', value: null });
    expect(register.outcome(cas, missing)).toEqual({ type: 'fail', value: [3, 4], error: 'key-does-not-exist' });
  });

  test('a cas that found another value failed for that reason', () => {
    const refused = errorBody(1, 'preconditionFailed', 'current value 9 is not 3');
    expect(register.outcome(cas, refused)).toEqual({ type: 'fail', value: [3, 4], error: 'precondition-failed' });
  });

  test('of a write only definite errors are fail', () => {
    for (const name of Object.keys(errorCodes) as ErrorName[]) {
      const type = errorCodes[name].definite ? 'fail' : 'info';
      expect(register.outcome(write, errorBody(1, name, ''))).toEqual({ type, value: 3, error: errorCodes[name].name });
    }
    expect(register.outcome(write, reply({ type: 'error', code: 1000, text: '' }))).toEqual({
      type: 'info',
      value: 3,
      error: 'error-1000',
    });
  });

  test('a read that was not answered changed nothing: its errors are fail', () => {
    expect(register.outcome(read, errorBody(1, 'crash', ''))).toEqual({ type: 'fail', value: null, error: 'crash' });
  });

  test('a reply that makes no sense is info and says what came', () => {
    const senseless = [{ type: 'read_ok' }, { type: 'write_ok' }, { type: 'error', code: 'twenty' }, { type: 'error' }];
    for (const body of senseless) {
      const outcome = register.outcome(read, reply(body));
      expect(outcome.type).toBe('info');
      expect(outcome.error).toContain(JSON.stringify(body));
    }
    expect(register.outcome(write, reply({ type: 'cas_ok' })).type).toBe('info');
  });

  test('only read reads', () => {
    expect(['read', 'write', 'cas'].filter((f) => register.isRead(f))).toEqual(['read']);
  });
});

describe('the echo service', () => {
  const op: ServiceOp = { f: 'echo', value: 'hello' };

  test('sends a value and takes what comes back, equal or not', () => {
    expect(echo.request(op, 7)).toEqual({ type: 'echo', echo: 'hello', msg_id: 7 });
    expect(echo.outcome(op, reply({ type: 'echo_ok', echo: 'hello' }))).toEqual({ type: 'ok', value: 'hello' });
    expect(echo.outcome(op, reply({ type: 'echo_ok', echo: 'olleh' }))).toEqual({ type: 'ok', value: 'olleh' });
  });

  test('errors are fail, nonsense is info', () => {
    expect(echo.outcome(op, errorBody(1, 'timeout', ''))).toEqual({ type: 'fail', value: 'hello', error: 'timeout' });
    expect(echo.outcome(op, reply({ type: 'echo_ok' })).type).toBe('info');
    expect(() => echo.request({ f: 'read', value: null }, 1)).toThrow('not read');
  });
});

test('every service is listed under its own name and documents each of its ops', () => {
  for (const [name, service] of services) {
    expect(service.name).toBe(name);
    for (const { request, reply: answer } of service.rpcs) {
      expect(answer).toContain(`${/"type": "(\w+)"/.exec(request)?.[1]}_ok`);
    }
  }
  expect([...services.keys()]).toEqual([
    'register',
    'txn',
    'bank',
    'queue',
    'set',
    'counter',
    'lock',
    'unique-ids',
    'rows',
    'log',
    'atomic-commit',
    'consensus',
    'echo',
  ]);
});
