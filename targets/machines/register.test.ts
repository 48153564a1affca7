import { describe, expect, test } from 'vitest';
import { inReplyTo } from './machine.ts';
import { registerMachine as register } from './register.ts';

describe('the register machine', () => {
  test('reads what was written, and knows no key that was not', () => {
    const state = register.init();
    expect(register.query(state, { type: 'read', key: 'x' })).toMatchObject({ type: 'error', code: 20 });
    expect(register.apply(state, { type: 'write', key: 'x', value: 3 })).toEqual({ type: 'write_ok' });
    expect(register.query(state, { type: 'read', key: 'x' })).toEqual({ type: 'read_ok', value: 3 });
  });

  test('null is a value like any other', () => {
    const state = register.init();
    register.apply(state, { type: 'write', key: 'x', value: null });
    expect(register.query(state, { type: 'read', key: 'x' })).toEqual({ type: 'read_ok', value: null });
    expect(register.apply(state, { type: 'cas', key: 'x', from: null, to: 1 })).toEqual({ type: 'cas_ok' });
  });

  test('1 and "1" are two keys', () => {
    const state = register.init();
    register.apply(state, { type: 'write', key: 1, value: 'number' });
    expect(register.query(state, { type: 'read', key: '1' })).toMatchObject({ code: 20 });
  });

  test('cas sets what is as expected, and says what it found instead', () => {
    const state = register.init();
    const cas = (from: number, to: number) => register.apply(state, { type: 'cas', key: 'x', from, to });
    expect(cas(1, 2)).toMatchObject({ code: 20 });
    register.apply(state, { type: 'write', key: 'x', value: 1 });
    expect(cas(1, 2)).toEqual({ type: 'cas_ok' });
    expect(cas(1, 3)).toEqual({ type: 'error', code: 22, text: 'expected 1, but had 2' });
  });

  test('values compare as JSON does, whatever the order of fields', () => {
    const state = register.init();
    register.apply(state, { type: 'write', key: 'x', value: { a: [1, { b: null }], c: 2 } });
    const cas = (from: object) =>
      register.apply(state, { type: 'cas', key: 'x', from: from as never, to: { a: [1, { b: null }], c: 2 } }).type;
    expect(cas({ c: 2, a: [1, { b: null }] })).toBe('cas_ok');
    expect(cas({ a: [1, { b: null }] })).toBe('error');
    expect(cas({ a: { 0: 1, 1: { b: null } }, c: 2 })).toBe('error');
  });

  test('a snapshot is the state at that moment', () => {
    const state = register.init();
    register.apply(state, { type: 'write', key: 'x', value: 1 });
    const snapshot = JSON.parse(JSON.stringify(register.snapshot(state)));
    register.apply(state, { type: 'write', key: 'x', value: 2 });
    expect(register.query(register.restore(snapshot), { type: 'read', key: 'x' })).toMatchObject({ value: 1 });
  });

  test('requests are told apart, and bad ones refused', () => {
    expect(register.classify({ type: 'read', key: 'x' } as never)).toBe('query');
    expect(register.classify({ type: 'cas', key: 1, from: 1, to: 2 } as never)).toBe('command');
    expect(register.classify({ type: 'txn' })).toMatchObject({ code: 10 });
    for (const bad of [{ type: 'read' }, { type: 'write', key: 'x' }, { type: 'read', key: [1] }]) {
      expect(register.classify(bad as never)).toMatchObject({ code: 12 });
    }
  });
});

test('a reply in answer to a request has its id and all its own fields', () => {
  expect(inReplyTo(7, { type: 'read_ok', value: 3 })).toEqual({ type: 'read_ok', value: 3, in_reply_to: 7 });
});
